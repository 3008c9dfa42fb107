//! What users drew.

pub mod render;
