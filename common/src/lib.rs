//! The types that the server and the console of yibi share: [drawings](drawing), their [stored form](codec), the
//! [shapes of strokes](geometry), the [canvas lists of 2016](weapp), and the requests and replies of the public
//! [API](api) and of the [operators' API](admin).
//!
//! The crate performs no I/O and has no asynchronous code.

#![warn(missing_docs)]

pub mod admin;
pub mod api;
pub mod codec;
pub mod drawing;
pub mod geometry;
pub mod gzip;
pub mod json_text;
pub mod limits;
pub mod object;
pub mod picture;
pub mod rooms;
pub mod sharing;
pub mod shop;
pub mod weapp;
