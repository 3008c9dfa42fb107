//! The use cases. Faces call services; services alone call the store.

pub mod drawings;
pub mod moderation;
pub(crate) mod per_user;
pub mod pushes;
pub(crate) mod render_pool;
pub mod sessions;
