//! The API's description against the API.
