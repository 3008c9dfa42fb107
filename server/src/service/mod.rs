//! Use cases. The HTTP and admin interfaces call services; only services call the store.

pub mod auth;
pub mod drawings;
pub mod evidence;
pub mod miniprogram_codes;
pub mod moderation;
pub mod operator;
pub mod orders;
pub(crate) mod per_user;
pub mod pushes;
pub mod rate_limits;
pub(crate) mod render_pool;
pub mod rooms;
pub mod sessions;
pub mod shares;
pub mod titles;
pub mod users;
