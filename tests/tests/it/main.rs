//! All black-box tests, in one binary.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a broken expectation is what is to be told"
)]

mod admin;
mod first_steps;
