//! The contract of the stores: the same cases against each backend, through the traits alone.
//!
//! A case is an async function over `impl GalleryUnderTest` or `impl SessionsUnderTest`, listed in
//! `gallery_cases!` or `sessions_cases!`. A backend is a module with a function that opens an empty store, and
//! one line for each list.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the cases are tests, though the attribute stands on what the macros make of them"
)]

#[macro_use]
mod cases;
mod gallery;
mod given;
mod restore;
mod sessions;
mod sessions_admin;
mod shared;
mod sqlite;
