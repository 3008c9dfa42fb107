//! Requests and replies of the public API.
