//! An action's compact stored bytes.

use crate::drawing::Action;

/// The bytes are no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded action: {0}")]
pub struct Malformed(pub &'static str);

/// The stored form of an action.
#[must_use]
pub fn encode(action: &Action) -> Vec<u8> {
    let _ = action;
    Vec::new()
}

/// The action of a stored form.
///
/// # Errors
/// When the bytes are no stored form of any action.
pub fn decode(bytes: &[u8]) -> Result<Action, Malformed> {
    let _ = bytes;
    Err(Malformed("stub"))
}
