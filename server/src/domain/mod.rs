//! Types of the domain: no I/O, no driver.

pub mod clock;
pub(crate) mod json_text;
pub mod phone;
pub(crate) mod text;
pub mod user;
