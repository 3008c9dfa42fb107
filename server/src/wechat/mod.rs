//! Everything said to WeChat, and what WeChat's cryptography asks of a server.
//!
//! [`client`] speaks to WeChat's server API, one `impl` of [`WechatClient`] for each of its APIs.
//! [`push`] opens what WeChat says to the server.
//! [`crypto`] checks and opens what the phone hands over under WeChat's signature.
//! [`simulator`] is a WeChat of our own, for development and for tests.

pub mod client;
pub mod crypto;
pub mod push;
pub mod simulator;

pub use client::{Cause, Class, Detail, Exchange, ExchangeError, InvalidClient, WechatApp, WechatClient};
pub use crypto::{
    OpenData, OpenDataError, decrypt_open_data, raw_data_signature, session_signature, verify_raw_data,
};
pub use simulator::Simulator;

#[cfg(test)]
pub(crate) mod testing;
