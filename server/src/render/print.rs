//! Renders a print as a PNG at the printer's resolution, with bleed and without crop marks.

use ::png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};
use yibi_common::drawing::{Color, Paper, Tool};
use yibi_common::picture::Picture;

use super::layer::Layer;
use super::page::Page;
use super::{Budget, Frame, RenderError, encode, traces};

/// Dots in a millimetre at 300 dpi.
const DOTS: f64 = 300.0 / 25.4;
/// The same in a metre, as PNG names it.
const DOTS_PER_METRE: u32 = 11_811;

/// Renders a picture on a page at 300 dpi.
///
/// # Errors
/// [`RenderError`].
pub fn print_png(
    picture: &Picture<'_>,
    paper: Paper,
    page: Page,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    let dots = |millimetres: f64| (millimetres * DOTS).round() as u32;
    let scale = page.scale * DOTS;
    let side = |units: u32| ((f64::from(units) * scale).round() as u32).max(1);
    let frame = Frame { width: side(paper.width), height: side(paper.height), scale, unit: paper.unit() };
    let strokes = traces(picture, paper)?;
    let erased = strokes.iter().any(|stroke| stroke.tool == Tool::Eraser);
    let ground = if erased { None } else { Some(picture.background) };
    let mut layer = Layer::new(frame, ground).ok_or(RenderError::TooLarge)?;
    for stroke in strokes {
        layer.draw(stroke, budget)?;
    }
    let (width, height) = (dots(page.width + 2.0 * page.bleed), dots(page.height + 2.0 * page.bleed));
    let (left, top) = (dots(page.bleed + page.left) as usize, dots(page.bleed + page.top) as usize);
    let Color(background) = picture.background;
    let mut rgb = background.repeat(width as usize * height as usize);
    let rows = rgb.chunks_exact_mut(width as usize * 3).skip(top);
    for (row, pixels) in rows.zip(layer.pixels().chunks_exact(frame.width as usize)) {
        for (dot, pixel) in row.chunks_exact_mut(3).skip(left).zip(pixels) {
            dot.copy_from_slice(&encode::over(*pixel, picture.background));
        }
    }
    drop(layer);
    budget.check()?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(ColorType::Rgb);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let dimensions = PixelDimensions { xppu: DOTS_PER_METRE, yppu: DOTS_PER_METRE, unit: Unit::Meter };
    encoder.set_pixel_dims(Some(dimensions));
    encoder.write_header()?.write_image_data(&rgb)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use yibi_common::drawing::{Point, Stroke};
    use yibi_common::shop::PrintPaper;

    use super::*;

    #[test]
    fn a_print_has_300_dpi_and_its_background_reaches_into_the_bleed() {
        let paper = Paper { width: 2048, height: 2048 };
        let stroke = Stroke {
            tool: Tool::Pen,
            color: Color([255, 0, 0]),
            alpha: Stroke::OPAQUE,
            width: 512,
            points: vec![Point { x: 0, y: 1_024, dt: 0 }, Point { x: 2_048, y: 1_024, dt: 16 }],
        };
        let picture =
            Picture { background: Color([0, 0, 255]), strokes: vec![Cow::Owned(stroke)], weapp: None };
        let page = Page::print(paper, PrintPaper::A4);
        let file = print_png(&picture, paper, page, &Budget::unlimited()).unwrap();
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let info = reader.info();
        // 216 × 303 mm.
        assert_eq!((info.width, info.height), (2_551, 3_579));
        assert_eq!(info.pixel_dims.unwrap().xppu, 11_811);
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgb).unwrap();
        let at = |x: usize, y: usize| rgb[3 * (y * 2_551 + x)..][..3].to_vec();
        assert_eq!(at(0, 0), [0, 0, 255]);
        assert_eq!(at(1_275, 1_790), [255, 0, 0]);
        assert_eq!(at(10, 1_790), [0, 0, 255], "the stroke ends with the drawing");
        assert_eq!(at(1_275, 500), [0, 0, 255]);
    }
}
