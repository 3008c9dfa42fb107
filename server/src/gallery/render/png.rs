//! A drawing as a PNG.

use yibi_common::drawing::{Paper, Tool};
use yibi_common::picture::Picture;

use super::layer::Layer;
use super::{Frame, RenderError, SIZE_RANGE, encode, traces};

/// A picture's PNG, whose longer side has `size` pixels (one of [`SIZE_RANGE`]); the other keeps the paper's
/// proportions and has at least one.
///
/// # Errors
/// When the size is out of range.
pub fn png(picture: &Picture<'_>, paper: Paper, size: u32) -> Result<Vec<u8>, RenderError> {
    if !SIZE_RANGE.contains(&size) {
        return Err(RenderError::Size { size });
    }
    let frame = Frame::new(paper, size);
    // Without erasers there is nothing to see through, and the paper can be drawn on.
    let erased = traces(picture, paper).any(|stroke| stroke.tool == Tool::Eraser);
    let ground = if erased { None } else { Some(picture.background) };
    let mut layer = Layer::new(frame, ground).ok_or(RenderError::Size { size })?;
    for stroke in traces(picture, paper) {
        layer.draw(stroke);
    }
    encode::png(layer.pixels(), frame, picture.background)
}
