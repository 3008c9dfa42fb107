//! The server of yibi.

pub mod clock;
pub mod store;
pub mod user;
