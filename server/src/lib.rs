//! The server of yibi.

pub mod clock;
pub mod settings;
pub mod store;
pub mod user;
