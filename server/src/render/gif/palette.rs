//! The one palette of an animation.

use yibi_common::drawing::{Color, Stroke};

/// Index of unchanged pixels.
pub(super) const TRANSPARENT: u8 = 0;
/// Index of the paper's colour.
pub(super) const PAPER: u8 = 1;
/// Number of entries, the transparent one included.
const ENTRIES: usize = 256;
/// Number of entries for the colours of strokes and their blends with the paper. The rest is for blends of
/// strokes with each other, which are found while frames are drawn.
const PLANNED: usize = 208;
/// Number of entries for pure colours of strokes.
const PURE: usize = 128;
/// Number of blends between the paper and a stroke's colour. An edge has five levels, since more of them are hardly
/// visible and make the file larger by a tenth.
const BLENDS: usize = 4;
/// A colour whose channels differ from an entry's by at most so much is shown as that entry: half the distance
/// of two levels between black and white.
const TOLERANCE: u8 = 26;
/// Slots of the cache of indices, a power of two.
const SLOTS: usize = 1 << 12;

type Rgb = [u8; 3];

/// Colours by index. Indices never change their colour; until the palette is full, a colour that is far from
/// all entries becomes a new one.
pub(super) struct Palette {
    colors: Vec<Rgb>,
    /// Colours with their index, by the hash of the colour.
    cache: Vec<Option<(Rgb, u8)>>,
}

impl Palette {
    /// Plans a palette for strokes on a paper: their colours exactly, as long as they are few, and blends with
    /// the paper for the edges.
    pub(super) fn new<'a>(paper: Color, strokes: impl Iterator<Item = &'a Stroke>) -> Self {
        let Color(paper) = paper;
        // Viewers without transparency show the paper where nothing changes.
        let mut palette = Self { colors: vec![paper; 2], cache: vec![None; SLOTS] };
        let pure = pure_colors(paper, strokes);
        let blends = (PLANNED / pure.len().max(1)).saturating_sub(1).min(BLENDS);
        palette.colors.extend(&pure);
        for color in &pure {
            for step in 1..=blends {
                palette.colors.push(blend(paper, *color, step * 255 / (blends + 1)));
            }
        }
        palette
    }

    /// The palette as the file holds it: r, g, b, r, …
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.colors.concat()
    }

    /// The index of a colour: of the same or the nearest entry, or of a new one.
    pub(super) fn index(&mut self, color: Rgb) -> u8 {
        let [r, g, b] = color.map(u32::from);
        // Fibonacci hashing: the product's upper bits depend on all of the key's.
        let hash = (r << 16 | g << 8 | b).wrapping_mul(0x9e37_79b9) >> (u32::BITS - SLOTS.trailing_zeros());
        if let Some(Some((known, index))) = self.cache.get(hash as usize)
            && *known == color
        {
            return *index;
        }
        let index = self.find(color);
        if let Some(slot) = self.cache.get_mut(hash as usize) {
            *slot = Some((color, index));
        }
        index
    }

    /// Whether an entry may stand for a colour.
    pub(super) fn is_near(&self, index: u8, color: Rgb) -> bool {
        self.colors.get(usize::from(index)).is_some_and(|entry| is_close(*entry, color, TOLERANCE))
    }

    fn find(&mut self, color: Rgb) -> u8 {
        let entries = self.colors.iter().zip(0_u8..=u8::MAX).skip(usize::from(PAPER));
        let nearest = entries.min_by_key(|(entry, _)| distance(**entry, color));
        match nearest {
            Some((entry, index)) if is_close(*entry, color, TOLERANCE) || self.colors.len() == ENTRIES => {
                index
            }
            _ => {
                self.colors.push(color);
                u8::try_from(self.colors.len() - 1).unwrap_or(PAPER)
            }
        }
    }
}

/// The colours of strokes on the paper. Where there are too many, a colour near an earlier one is left out.
fn pure_colors<'a>(paper: Rgb, strokes: impl Iterator<Item = &'a Stroke>) -> Vec<Rgb> {
    let mut all: Vec<Rgb> = Vec::new();
    let mut last = None;
    for stroke in strokes {
        let Color(color) = stroke.color;
        if last != Some((color, stroke.alpha)) {
            last = Some((color, stroke.alpha));
            let color = blend(paper, color, usize::from(stroke.alpha));
            if color != paper && !all.contains(&color) {
                all.push(color);
            }
        }
    }
    let mut tolerance = 2;
    while all.len() > PURE {
        let mut kept: Vec<Rgb> = Vec::new();
        for color in &all {
            if !kept.iter().any(|other| is_close(*other, *color, tolerance)) {
                kept.push(*color);
            }
        }
        all = kept;
        tolerance += 2;
    }
    all
}

/// Mixes two colours, `share` of 255 from the second.
fn blend(a: Rgb, b: Rgb, share: usize) -> Rgb {
    let mix = |a: u8, b: u8| {
        let sum = usize::from(a) * (255 - share) + usize::from(b) * share;
        u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
    };
    [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])]
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(a[0], b[0]) + square(a[1], b[1]) + square(a[2], b[2])
}

fn is_close(a: Rgb, b: Rgb, tolerance: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= tolerance)
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Tool;

    use super::*;

    fn strokes(colors: impl IntoIterator<Item = Rgb>) -> Vec<Stroke> {
        let stroke = |color| Stroke {
            tool: Tool::Pen,
            color: Color(color),
            alpha: Stroke::OPAQUE,
            width: 9,
            points: Vec::new(),
        };
        colors.into_iter().map(stroke).collect()
    }

    fn shown(palette: &mut Palette, color: Rgb) -> Rgb {
        let index = palette.index(color);
        palette.colors[usize::from(index)]
    }

    #[test]
    fn few_colours_are_exact_and_their_edges_have_five_levels() {
        let strokes = strokes([[0; 3], [200, 30, 60], [0; 3]]);
        let mut palette = Palette::new(Color::WHITE, strokes.iter());
        assert_eq!(palette.colors.len(), 2 + 2 + 2 * BLENDS);
        for exact in [[255; 3], [0; 3], [200, 30, 60]] {
            assert_eq!(shown(&mut palette, exact), exact);
        }
        assert_eq!(palette.index([255; 3]), PAPER);
        for grey in 0..=255 {
            assert!(is_close(shown(&mut palette, [grey; 3]), [grey; 3], TOLERANCE), "{grey}");
        }
        assert_eq!(palette.colors.len(), 2 + 2 + 2 * BLENDS, "no level needs an entry of its own");
        assert_eq!(shown(&mut palette, [0, 255, 0]), [0, 255, 0], "another colour becomes an entry");
    }

    #[test]
    fn more_colours_than_entries_are_merged_with_the_nearest() {
        let all: Vec<Rgb> =
            (0..2_000_u32).map(|i| [(i % 50) as u8 * 5, (i / 50) as u8 * 6, (i % 7) as u8]).collect();
        let strokes = strokes(all.iter().copied());
        let mut palette = Palette::new(Color::WHITE, strokes.iter());
        for color in &all {
            let index = palette.index(*color);
            assert_ne!(index, TRANSPARENT);
            assert!(is_close(palette.colors[usize::from(index)], *color, 40), "{color:?}");
        }
        assert!(palette.colors.len() <= ENTRIES);
    }

    #[test]
    fn a_colour_keeps_its_index_when_others_come() {
        let strokes = strokes([[0; 3]]);
        let mut palette = Palette::new(Color::WHITE, strokes.iter());
        let before: Vec<u8> = (0..=255).map(|grey| palette.index([grey; 3])).collect();
        for red in 0..=255 {
            palette.index([red, 0, 128]);
        }
        let colors = palette.colors.clone();
        assert_eq!((0..=255).map(|grey| palette.index([grey; 3])).collect::<Vec<u8>>(), before);
        assert_eq!(palette.colors, colors);
    }
}
