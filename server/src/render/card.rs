//! Renders the pictures of cards: a drawing as a sheet of paper on a table.

use tiny_skia::PremultipliedColorU8;
use yibi_common::drawing::{Color, Paper, Tool};
use yibi_common::picture::Picture;

use super::encode::{self, over};
use super::layer::Layer;
use super::{Budget, Frame, RenderError, traces};

/// Radius of the sheet's corners in pixels.
const RADIUS: f64 = 12.0;
/// Shortest distance of the sheet from the card's edge, in pixels.
const MARGIN: u32 = 56;
/// Distance over which the sheet's shadow fades, in pixels.
const FADE: f64 = 36.0;
/// How far the shadow lies below the sheet, in pixels.
const DROP: f64 = 10.0;
/// Opacity of the shadow beside the sheet.
const SHADE: f64 = 0.22;

/// The shape of a card's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardShape {
    /// 1000 x 800 pixels: the picture of a card in a chat.
    FiveByFour,
    /// 800 x 800 pixels: the picture in the timeline.
    Square,
}

impl CardShape {
    /// Parses the name of a shape in the API: `5x4` or `1x1`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "5x4" => Some(Self::FiveByFour),
            "1x1" => Some(Self::Square),
            _ => None,
        }
    }

    /// Width and height in pixels.
    fn size(self) -> [u32; 2] {
        match self {
            Self::FiveByFour => [1_000, 800],
            Self::Square => [800, 800],
        }
    }
}

/// Renders the picture of a card as a PNG: the whole drawing as a sheet with a soft shadow, centred on a tint of the
/// paper's colour.
///
/// # Errors
/// [`RenderError::TooLarge`], [`RenderError::Abandoned`], [`RenderError::Encode`].
pub fn card(
    picture: &Picture<'_>,
    paper: Paper,
    shape: CardShape,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    let [width, height] = shape.size();
    let sheet = fitted(paper, [width - 2 * MARGIN, height - 2 * MARGIN])?;
    let strokes = traces(picture, paper)?;
    let erased = strokes.iter().any(|stroke| stroke.tool == Tool::Eraser);
    let ground = if erased { None } else { Some(picture.background) };
    let mut layer = Layer::new(sheet, ground).ok_or(RenderError::TooLarge)?;
    for stroke in strokes {
        layer.draw(stroke, budget)?;
    }
    let table = Table { color: tint(picture.background), card: [width, height], sheet };
    let [left, top] = table.origin();
    let mut pixels = table.pixels();
    let rows = pixels.chunks_mut(width as usize).skip(top as usize);
    for (y, (to, from)) in rows.zip(layer.pixels().chunks(sheet.width as usize)).enumerate() {
        for (x, (to, from)) in to.iter_mut().skip(left as usize).zip(from).enumerate() {
            let covered = (0.5 - table.distance([x as f64 + 0.5, y as f64 + 0.5])).clamp(0.0, 1.0);
            *to = mix(*to, over(*from, picture.background), covered);
        }
    }
    let pixels: Option<Vec<_>> =
        pixels.into_iter().map(|[r, g, b]| PremultipliedColorU8::from_rgba(r, g, b, u8::MAX)).collect();
    let frame = Frame { width, height, ..sheet };
    encode::png(&pixels.ok_or(RenderError::TooLarge)?, frame, picture.background)
}

/// The largest frame of the paper's proportions within a size.
fn fitted(paper: Paper, [width, height]: [u32; 2]) -> Result<Frame, RenderError> {
    let high = u64::from(paper.height) * u64::from(width) > u64::from(paper.width) * u64::from(height);
    let longer = |side: u32, other: u32, pixels: u32| {
        let scaled = u64::from(pixels) * u64::from(side.max(other)) / u64::from(side.max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX)
    };
    let size = if high {
        longer(paper.height, paper.width, height)
    } else {
        longer(paper.width, paper.height, width)
    };
    Frame::new(paper, size)
}

/// The colour around a paper: a little darker than a light paper, a little lighter than a dark one.
fn tint(Color(paper): Color) -> [u8; 3] {
    let sum: u32 = paper.iter().map(|channel| u32::from(*channel)).sum();
    if sum > 3 * 70 { mix(paper, [84, 72, 60], 0.14) } else { mix(paper, [255, 250, 244], 0.16) }
}

fn mix(a: [u8; 3], b: [u8; 3], share: f64) -> [u8; 3] {
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    [channel(a[0], b[0]), channel(a[1], b[1]), channel(a[2], b[2])]
}

/// The ground of a card.
struct Table {
    color: [u8; 3],
    /// Width and height of the card in pixels.
    card: [u32; 2],
    sheet: Frame,
}

impl Table {
    /// The place of the sheet's upper left corner on the card.
    fn origin(&self) -> [u32; 2] {
        [(self.card[0] - self.sheet.width) / 2, (self.card[1] - self.sheet.height) / 2]
    }

    /// The distance of a position from the sheet with its round corners, negative within; positions count from
    /// the sheet's upper left corner.
    fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        let half = [f64::from(self.sheet.width) / 2.0, f64::from(self.sheet.height) / 2.0];
        let radius = RADIUS.min(half[0]).min(half[1]);
        let beyond = [(x - half[0]).abs() - half[0] + radius, (y - half[1]).abs() - half[1] + radius];
        let outside = beyond[0].max(0.0).hypot(beyond[1].max(0.0));
        outside + beyond[0].max(beyond[1]).min(0.0) - radius
    }

    /// The table with the sheet's shadow.
    fn pixels(&self) -> Vec<[u8; 3]> {
        let [width, height] = self.card;
        let [left, top] = self.origin().map(f64::from);
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let shaded = places.map(|(x, y)| {
            let place = [f64::from(x) + 0.5 - left, f64::from(y) + 0.5 - top - DROP];
            let fade = (1.0 - self.distance(place).max(0.0) / FADE).max(0.0);
            mix(self.color, [0; 3], SHADE * fade * fade)
        });
        shaded.collect()
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Action;
    use yibi_common::picture::fold;

    use super::*;
    use crate::render::testing::decode;

    const PAPER: Paper = Paper { width: 2048, height: 2731 };

    fn actions(background: &str) -> Vec<Action> {
        let json = format!(
            r##"[{{"type":"background","color":"{background}"}},
                {{"type":"stroke","color":"#c0392b","width":400,"at":0,"points":[1024,1365,0]}}]"##
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_card_shows_the_drawing_in_its_middle() {
        for (shape, width) in [(CardShape::FiveByFour, 1_000), (CardShape::Square, 800)] {
            for background in ["#fff8e7", "#ffffff", "#101820", "#2d6cdf"] {
                let actions = actions(background);
                let picture = decode(&card(&fold(0, &actions), PAPER, shape, &Budget::unlimited()).unwrap());
                assert_eq!((picture.width, picture.height), (width, 800));
                assert_eq!(picture.at(width / 2, 400), [0xc0, 0x39, 0x2b]);
                let Color(paper) = Color::parse(background).unwrap();
                for (x, y) in [(width / 2, 100), (width / 2 - 200, 400), (width / 2 + 200, 700)] {
                    assert_eq!(picture.at(x, y), paper, "{x}, {y}");
                }
                let corners =
                    [(0, 0), (width - 1, 0), (0, 799), (width - 1, 799)].map(|(x, y)| picture.at(x, y));
                assert!(
                    corners.iter().all(|corner| *corner != paper && *corner == corners[0]),
                    "{corners:?}"
                );
            }
        }
    }

    #[test]
    fn papers_of_any_proportions_fit() {
        for (width, height) in [(8192, 64), (64, 8192), (64, 64), (2731, 2048)] {
            for shape in [CardShape::FiveByFour, CardShape::Square] {
                let actions = actions("#ffffff");
                let file =
                    card(&fold(0, &actions), Paper { width, height }, shape, &Budget::unlimited()).unwrap();
                assert_eq!(decode(&file).height, 800);
            }
        }
    }
}
