//! Cases of the [`Gallery`](yibi_server::store::Users).

pub mod admin;
pub mod append;
pub mod avatars;
pub mod checks;
pub mod lists;
pub mod miniprogram_codes;
pub mod orders;
pub mod reviews;
pub mod rooms;
pub mod shares;
pub mod users;
pub mod weapp;
