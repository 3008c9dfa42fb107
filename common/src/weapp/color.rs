//! Stroke and fill styles: the colours that `setStrokeStyle` and `setFillStyle` take.

mod css;
mod names;

use super::parse::Data;
use crate::drawing::Color;

/// The style that strokes and fills are painted in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    /// The colour without its opacity.
    pub(super) color: Color,
    /// The opacity, from 0 (invisible) to 1.
    pub(super) alpha: f64,
}

impl Ink {
    /// The style of a new canvas.
    pub(super) const BLACK: Self = Self { color: Color::BLACK, alpha: 1.0 };

    /// Reads a style's data: a CSS colour as in `["#ff0000"]`, or channels of 0 to 255 as in
    /// `["normal",[255,0,0,255]]`. `None` for data that holds no colour, which leaves a canvas's style unchanged.
    pub(super) fn parse(data: &Data<'_>) -> Option<Self> {
        match data.text.as_deref()? {
            "normal" => {
                let list = data.list?;
                let [r, g, b] = list.first()?;
                let alpha = list.first::<4>().map_or(255.0, |[.., alpha]| alpha);
                Some(Self::new([r, g, b], alpha / 255.0))
            }
            text => css::parse(text),
        }
    }

    /// Rounds channels to 0..=255 and clamps the opacity to 0..=1; a NaN counts as 0.
    fn new(rgb: [f64; 3], alpha: f64) -> Self {
        // The cast saturates, and takes NaN to 0.
        let channel = |value: f64| value.round() as u8;
        let alpha = if alpha.is_nan() { 0.0 } else { alpha.clamp(0.0, 1.0) };
        Self { color: Color(rgb.map(channel)), alpha }
    }
}
