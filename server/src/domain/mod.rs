//! Types of the domain: no I/O, no driver.

pub mod batch;
pub mod clock;
pub mod drawing;
pub mod miniprogram_code;
pub mod moderation;
pub mod order;
pub mod phone;
pub mod report;
pub mod review;
pub mod room;
pub mod session;
pub mod share;
pub(crate) mod text;
pub mod user;
pub mod weapp;
