//! A drawing as a PNG.

use std::time::{Duration, Instant};

use yibi_common::drawing::{Paper, Tool};
use yibi_common::picture::Picture;

use super::layer::Layer;
use super::{Frame, RenderError, encode, traces};

/// How long a picture's strokes may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A picture's PNG, whose longer side has `size` pixels ([`SIZE_RANGE`](super::SIZE_RANGE)); the other keeps
/// the paper's proportions and has at least one.
///
/// # Errors
/// When the size is out of range, or the drawing too large.
pub fn png(picture: &Picture<'_>, paper: Paper, size: u32) -> Result<Vec<u8>, RenderError> {
    let frame = Frame::new(paper, size)?;
    let strokes = traces(picture, paper)?;
    // Without erasers there is nothing to see through, and the strokes can be drawn on the paper.
    let erased = strokes.iter().any(|stroke| stroke.tool == Tool::Eraser);
    let ground = if erased { None } else { Some(picture.background) };
    let mut layer = Layer::new(frame, ground).ok_or(RenderError::TooLarge)?;
    let began = Instant::now();
    for stroke in strokes {
        // Few points can cover much paper. A person's drawing takes milliseconds, whatever its size.
        if began.elapsed() > PATIENCE {
            return Err(RenderError::TooLarge);
        }
        layer.draw(stroke);
    }
    encode::png(layer.pixels(), frame, picture.background)
}
