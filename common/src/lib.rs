//! What the server and the console of yibi both speak: [drawings](drawing), the compact form they are
//! [stored](codec) in, [how a stroke looks](geometry), the [canvas lists of 2016](weapp), and the requests
//! and replies of the public [API](api) and the [operator's](admin).
//!
//! Nothing in this crate does I/O, and nothing waits.

#![warn(missing_docs)]

pub mod admin;
pub mod api;
pub mod codec;
pub mod drawing;
pub mod geometry;
pub mod gzip;
pub mod limits;
pub mod object;
pub mod picture;
pub mod weapp;
