//! Everything said to WeChat, and what WeChat's cryptography asks of a server.
//!
//! [`crypto`] checks and opens what the phone hands over under WeChat's signature.

pub mod crypto;

pub use crypto::{
    OpenData, OpenDataError, decrypt_open_data, raw_data_signature, session_signature, verify_raw_data,
};
