//! Benchmarks and fault injection against real servers and databases. The binaries beside this library run them.
//!
//! The databases are those of the `tests/services` script.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation ends a tool with its message"
)]

pub mod bench;
pub mod chaos;
