//! The canvas action lists of 2016, which `wx.createContext().getActions()` returned and `wx.drawCanvas` drew.
//!
//! A list is a JSON array of entries `{"method": "strokePath", "data": [ … ]}`. Methods set a state, as on an HTML
//! canvas; the `data` of an entry that draws a path contains the path, as entries of the same shape. Base libraries
//! differ in the details and unknown methods occur, so a client gets its list back byte for byte.

mod canvas;
mod color;
mod list;
mod parse;
mod path;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::drawing::Paper;

pub use canvas::{read, strokes};
pub use list::{list, list_len_bound};

/// The paper of a drawing that a 2016 client created: 338 x 488 CSS pixels on the grid.
pub const PAPER: Paper = Paper { width: 2048, height: 2957 };
/// The longest list that is accepted, in bytes.
pub const MAX_TEXT: usize = 4 << 20;
/// The deepest nesting of arrays and objects that is accepted. A list needs five levels, with gradients seven.
pub const MAX_DEPTH: usize = 32;

/// The width of [`PAPER`] in CSS pixels, the unit of a list's numbers.
const CSS_WIDTH: u32 = 338;

/// The error for a text that is not a list of canvas actions. The message names the fault and the entry, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCanvasActions(pub String);

/// The id under which the v1 API shows a drawing that a 2016 client saved as `id`: the same if it is a valid v1 id, else
/// `w-` and the base32 of its SHA-256.
#[must_use]
pub fn v1_id(id: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) {
        return Cow::Borrowed(id);
    }
    let hash = data_encoding::BASE32_NOPAD.encode(&Sha256::digest(id.as_bytes()));
    Cow::Owned(format!("w-{}", hash.to_ascii_lowercase()))
}
