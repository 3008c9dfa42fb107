//! Rectangles of pixels.

use yibi_common::drawing::Stroke;
use yibi_common::geometry::REACH;

use super::Frame;

/// A rectangle of pixels that is not empty; `right` and `bottom` are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

impl Region {
    /// Distance from a stroke's edge within which anti-aliasing may colour a pixel, in pixels.
    pub(super) const MARGIN: f64 = 2.0;

    /// The whole of a picture.
    pub(super) fn whole(frame: Frame) -> Self {
        Self { left: 0, top: 0, right: frame.width, bottom: frame.height }
    }

    /// The pixels of `bounds` within `reach` pixels of the bounding box of some positions, which are in pixels.
    pub(super) fn around(
        positions: impl IntoIterator<Item = [f64; 2]>,
        reach: f64,
        bounds: Self,
    ) -> Option<Self> {
        let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for [x, y] in positions {
            least = [least[0].min(x), least[1].min(y)];
            most = [most[0].max(x), most[1].max(y)];
        }
        // A conversion from a float saturates.
        let from = |value: f64, bound: u32| ((value - reach).floor() as u32).max(bound);
        let to = |value: f64, bound: u32| ((value + reach).ceil() as u32).min(bound);
        let region = Self {
            left: from(least[0], bounds.left),
            top: from(least[1], bounds.top),
            right: to(most[0], bounds.right),
            bottom: to(most[1], bounds.bottom),
        };
        (region.left < region.right && region.top < region.bottom).then_some(region)
    }

    /// The pixels of a picture that a stroke's points from number `from` on may colour.
    pub(super) fn of_stroke(stroke: &Stroke, from: usize, frame: Frame) -> Option<Self> {
        let points = stroke.points.iter().skip(from);
        let pixels = points.map(|point| [point.x, point.y].map(|units| f64::from(units) * frame.scale));
        let reach = f64::from(stroke.width) * REACH * frame.scale + Self::MARGIN;
        Self::around(pixels, reach, Self::whole(frame))
    }

    /// The smallest region that holds both.
    pub(super) fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(super) fn width(self) -> u32 {
        self.right - self.left
    }

    pub(super) fn height(self) -> u32 {
        self.bottom - self.top
    }
}

/// The smallest region that holds both of two regions that may be absent.
pub(super) fn join(a: Option<Region>, b: Option<Region>) -> Option<Region> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.union(b)),
        (one, other) => one.or(other),
    }
}
