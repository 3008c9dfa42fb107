//! Renders a drawing as a PNG.

use yibi_common::drawing::{Paper, Tool};
use yibi_common::picture::Picture;

use super::layer::Layer;
use super::{Budget, Frame, RenderError, encode, traces};

/// Renders a picture as a PNG whose longer side has `size` pixels ([`SIZE_RANGE`](super::SIZE_RANGE)); the
/// other side keeps the paper's proportions and has at least one pixel.
///
/// # Errors
/// [`RenderError`].
pub fn png(picture: &Picture<'_>, paper: Paper, size: u32, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let frame = Frame::new(paper, size)?;
    let strokes = traces(picture, paper)?;
    // Without erasers, the strokes can be drawn directly on the paper.
    let erased = strokes.iter().any(|stroke| stroke.tool == Tool::Eraser);
    let ground = if erased { None } else { Some(picture.background) };
    let mut layer = Layer::new(frame, ground).ok_or(RenderError::TooLarge)?;
    for stroke in strokes {
        layer.draw(stroke, budget)?;
    }
    encode::png(layer.pixels(), frame, picture.background)
}
