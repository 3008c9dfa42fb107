//! Renders drawings: the strokes' [shapes](yibi_common::geometry), as pixels, as vectors, as a page for a printer or as
//! an [animation](gif).
//!
//! The pixels of the strokes are drawn on a transparent layer, from which an eraser removes what lies below
//! it, and the layer is laid on the paper's colour; an SVG draws erasers in that colour, with the same
//! result. `size` is the only number chosen by a user that determines an allocation.

mod budget;
mod card;
mod encode;
pub mod gif;
mod layer;
mod page;
mod pdf;
mod png;
mod print;
mod region;
mod sheet;
mod svg;
#[cfg(test)]
mod testing;
mod timetable;

use std::ops::RangeInclusive;

use yibi_common::drawing::{Paper, Point, Stroke, Tool};
use yibi_common::geometry;
use yibi_common::picture::Picture;

pub use self::budget::{Budget, BudgetGuard};
pub use self::card::{CardShape, card};
pub use self::page::Page;
pub use self::pdf::pdf;
pub use self::png::png;
pub use self::print::print_png;
pub use self::sheet::contact_sheet;
pub use self::svg::svg;

/// The longer side of a picture, in pixels.
pub const SIZE_RANGE: RangeInclusive<u32> = 64..=2048;
/// Maximum number of rendered points, about five hours of a finger at 60 Hz: a stored drawing is small, but a
/// crafted one may expand to many more points than a hand draws.
const MOST_POINTS: usize = 1_000_000;
/// Maximum size of an SVG in bytes.
const MOST_TEXT: usize = 16 << 20;

/// Reason why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The size is outside [`SIZE_RANGE`].
    #[error("the longer side of a picture is between {least} and {most} pixels, not {size}", least = SIZE_RANGE.start(), most = SIZE_RANGE.end())]
    Size {
        /// The requested size in pixels.
        size: u32,
    },
    /// The drawing has too many points, or its strokes take too long.
    #[error("the drawing is too large for a picture")]
    TooLarge,
    /// The task that awaited the picture is gone.
    #[error("the rendering was abandoned")]
    Abandoned,
    /// Encoding the pixels failed.
    #[error("encoding the PNG")]
    Encode(#[from] ::png::EncodingError),
    /// Writing the frames of an animation failed.
    #[error("encoding the GIF")]
    EncodeGif(#[from] ::gif::EncodingError),
}

/// The size of a picture and its scale.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    /// Pixels from left to right, at least 1.
    width: u32,
    /// Pixels from top to bottom, at least 1.
    height: u32,
    /// Pixels per grid unit, the same in both directions.
    scale: f64,
    /// Grid units per unit of the default grid.
    unit: f64,
}

impl Frame {
    fn new(paper: Paper, size: u32) -> Result<Self, RenderError> {
        if !SIZE_RANGE.contains(&size) {
            return Err(RenderError::Size { size });
        }
        let longer = paper.width.max(paper.height).max(1);
        let pixels = |side: u32| {
            let rounded = (u64::from(side) * u64::from(size) + u64::from(longer) / 2) / u64::from(longer);
            u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
        };
        let scale = f64::from(size) / f64::from(longer);
        Ok(Self { width: pixels(paper.width), height: pixels(paper.height), scale, unit: paper.unit() })
    }
}

/// The strokes that change a pixel, the lowest first: those that touch the paper, without erasers below all
/// other strokes.
fn traces<'a>(picture: &'a Picture<'_>, paper: Paper) -> Result<Vec<&'a Stroke>, RenderError> {
    Ok(numbered_traces(picture, paper)?.into_iter().map(|(_, stroke)| stroke).collect())
}

/// The strokes that change a pixel, each with its index in the picture.
fn numbered_traces<'a>(
    picture: &'a Picture<'_>,
    paper: Paper,
) -> Result<Vec<(usize, &'a Stroke)>, RenderError> {
    let mut traces: Vec<(usize, &Stroke)> = Vec::new();
    let mut points = 0;
    for (index, stroke) in picture.strokes.iter().enumerate() {
        if touches(stroke, paper) && (stroke.tool != Tool::Eraser || !traces.is_empty()) {
            points += stroke.points.len();
            if points > MOST_POINTS {
                return Err(RenderError::TooLarge);
            }
            traces.push((index, stroke));
        }
    }
    Ok(traces)
}

/// Whether a part of the stroke may lie on the paper: its curve stays within the bounding box of its points.
fn touches(stroke: &Stroke, paper: Paper) -> bool {
    let reach = f64::from(stroke.width) * geometry::REACH + 1.0;
    let within = |coordinate: fn(&Point) -> i32, side: u32| {
        let least = stroke.points.iter().map(coordinate).min();
        let most = stroke.points.iter().map(coordinate).max();
        least.is_some_and(|least| f64::from(least) - reach <= f64::from(side))
            && most.is_some_and(|most| f64::from(most) + reach >= 0.0)
    };
    within(|point| point.x, paper.width) && within(|point| point.y, paper.height)
}

#[cfg(test)]
mod tests;
