//! x
pub mod gallery;
