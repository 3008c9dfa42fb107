//! Everything said to WeChat, and what WeChat's cryptography asks of a server.
//!
//! [`Wechat`] is the door: [`api`] lists the APIs, [`client`] speaks to them, and [`token`] keeps the access
//! token that most of them ask for.
//! [`content`] has texts and images looked at, and [`push`] opens what WeChat says to the server.
//! [`crypto`] checks and opens what the phone hands over under WeChat's signature.

pub mod api;
pub mod client;
pub mod content;
pub mod crypto;
pub(crate) mod lenient;
pub mod push;
mod service;
pub mod token;

pub use api::Api;
pub use client::{Cause, Class, Detail, Exchange, InvalidClient, WechatApp, WechatClient, WechatError};
pub use crypto::{
    OpenData, OpenDataError, decrypt_open_data, raw_data_signature, session_signature, verify_raw_data,
};
pub use service::Wechat;
pub use token::AccessToken;

#[cfg(test)]
pub(crate) mod testing;
