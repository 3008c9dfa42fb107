//! All black-box tests, in one binary.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation in a test is reported by its panic"
)]

mod admin;
mod console;
mod deploy;
mod doctor;
mod documents;
mod first_steps;
mod internal;
mod layers;
mod orders;
mod outages;
mod rooms;
mod shares;
mod stores;
mod v1;
mod wafer;
mod weapp;
