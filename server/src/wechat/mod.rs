//! Calls to WeChat's API, message pushes from WeChat, and WeChat's cryptography.
//!
//! [`Wechat`] is the entry point: [`api`] lists the APIs, [`client`] calls them, and [`token`] caches the
//! access token that most of them require. [`content`] has texts and images checked, `miniprogram_code` has
//! codes made, and [`push`] verifies and decrypts WeChat's pushes. [`crypto`] verifies and decrypts the data that
//! phones forward from WeChat. [`pay`] is WeChat Pay, which has a host, keys and rules of its own.

pub mod api;
pub mod client;
pub mod content;
pub mod crypto;
pub(crate) mod lenient;
mod miniprogram_code;
pub mod pay;
pub mod push;
mod service;
mod shipping;
pub mod token;

pub use api::Api;
pub use client::{Cause, Class, Detail, Exchange, InvalidClient, WechatApp, WechatClient, WechatError};
pub use crypto::{
    OpenData, OpenDataError, decrypt_open_data, raw_data_signature, session_signature, verify_raw_data,
};
pub use service::Wechat;
pub use shipping::{Shipment, ShippingUpload};
pub use token::AccessToken;

#[cfg(test)]
pub(crate) mod testing;
