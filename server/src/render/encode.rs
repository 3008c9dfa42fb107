//! Pixels as a PNG file.

use ::png::{BitDepth, ColorType, Compression, Encoder, Filter};
use tiny_skia::PremultipliedColorU8;
use yibi_common::drawing::Color;

use super::{Frame, RenderError};

/// Number of hash slots: several times the 256 colours of a palette, so that probes stay short; a power of
/// two.
const SLOTS: usize = 1024;

/// Encodes a layer on a background of one colour: with a palette if there are few colours, as in most
/// drawings (which halves the file), otherwise in true colour.
pub(super) fn png(
    pixels: &[PremultipliedColorU8],
    frame: Frame,
    ground: Color,
) -> Result<Vec<u8>, RenderError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, frame.width, frame.height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    if let Some((indices, colors)) = indexed(pixels, ground) {
        encoder.set_color(ColorType::Indexed);
        encoder.set_palette(colors);
        encoder.set_filter(Filter::Up);
        encoder.write_header()?.write_image_data(&indices)?;
    } else {
        let rgb: Vec<u8> = pixels.iter().flat_map(|pixel| over(*pixel, ground)).collect();
        encoder.set_color(ColorType::Rgb);
        encoder.set_filter(Filter::Up);
        encoder.write_header()?.write_image_data(&rgb)?;
    }
    Ok(file)
}

/// Blends a pixel with the background.
pub(super) fn over(pixel: PremultipliedColorU8, ground: Color) -> [u8; 3] {
    let rest = u32::from(u8::MAX - pixel.alpha());
    let Color([r, g, b]) = ground;
    // x / 255, rounded; exact for all products of two bytes.
    let part = |value: u8| ((u32::from(value) * rest + 128) * 257) >> 16;
    let sum = |above: u8, below: u8| u8::try_from(u32::from(above) + part(below)).unwrap_or(u8::MAX);
    [sum(pixel.red(), r), sum(pixel.green(), g), sum(pixel.blue(), b)]
}

/// Each pixel as an index into a palette, and the palette as r, g, b, r, …; `None` where 256 colours are not
/// enough.
fn indexed(pixels: &[PremultipliedColorU8], ground: Color) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut palette = Palette { slots: [None; SLOTS], colors: Vec::new(), ground };
    let mut indices = Vec::with_capacity(pixels.len());
    let mut before: Option<(PremultipliedColorU8, u8)> = None;
    for pixel in pixels {
        let index = match before {
            Some((color, index)) if color == *pixel => index,
            _ => palette.index(*pixel)?,
        };
        before = Some((*pixel, index));
        indices.push(index);
    }
    Some((indices, palette.colors))
}

/// Hash table of the colours found so far.
struct Palette {
    slots: [Option<(PremultipliedColorU8, u8)>; SLOTS],
    colors: Vec<u8>,
    ground: Color,
}

impl Palette {
    fn index(&mut self, pixel: PremultipliedColorU8) -> Option<u8> {
        let key = u32::from_ne_bytes([pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]);
        // Fibonacci hashing: the product's upper bits depend on all of the key's.
        let hash = key.wrapping_mul(0x9e37_79b9) >> (u32::BITS - SLOTS.trailing_zeros());
        let (head, tail) = self.slots.split_at_mut(hash as usize);
        for slot in tail.iter_mut().chain(head) {
            match slot {
                Some((color, index)) if *color == pixel => return Some(*index),
                Some(_) => {}
                None => {
                    let index = u8::try_from(self.colors.len() / 3).ok()?;
                    self.colors.extend(over(pixel, self.ground));
                    *slot = Some((pixel, index));
                    return Some(index);
                }
            }
        }
        None
    }
}
