//! The canvas action lists of 2016.

use std::borrow::Cow;

use crate::drawing::{Paper, Stroke};
use crate::picture::Picture;

/// The paper of a drawing that a 2016 client created: 338 x 488 CSS pixels on the grid.
pub const PAPER: Paper = Paper { width: 2048, height: 2957 };

/// The text is no list of canvas actions; the message says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCanvasActions(pub String);

/// Whether the text is a list of canvas actions.
///
/// # Errors
/// When it is none.
pub fn check(text: &str) -> Result<(), NotCanvasActions> {
    let _ = text;
    Ok(())
}

/// The strokes that a list draws, on the grid. What is no list draws nothing.
#[must_use]
pub fn strokes(text: &str) -> Vec<Stroke> {
    let _ = text;
    Vec::new()
}

/// A visible picture as a list of canvas actions.
#[must_use]
pub fn list(picture: &Picture<'_>, paper: Paper) -> String {
    let _ = (picture, paper);
    String::new()
}

/// The id under which the v1 API shows a drawing that a 2016 client saved as `id`: itself where it fits, else
/// `w-` and the base32 of its SHA-256.
#[must_use]
pub fn v1_id(id: &str) -> Cow<'_, str> {
    Cow::Borrowed(id)
}
