use image::{Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

/// An image whose left half is red and whose right half is blue, with a green strip on top, in that format.
fn sample(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        if y < height / 4 {
            Rgb([0, 200, 0])
        } else if x < width / 2 {
            Rgb([200, 0, 0])
        } else {
            Rgb([0, 0, 200])
        }
    });
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A JPEG with an EXIF segment that holds an orientation and a location.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"taken at home");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// Header of a PNG of that size and depth, without the pixels.
fn png_head(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::from_u8(depth).unwrap());
    drop(encoder.write_header().unwrap());
    // Signature and IHDR, and the beginning of a missing IDAT.
    file.truncate(33);
    file.extend(b"\0\0\xff\xffIDAT\x78\x01");
    file
}

fn pixel(jpeg: &[u8], x: u32, y: u32) -> char {
    let image = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (SIDE, SIDE));
    match image.get_pixel(x, y).0.map(|channel| channel / 64) {
        [2 | 3, 0, 0] => 'r',
        [0, 2 | 3, 0] => 'g',
        [0, 0, 2 | 3] => 'b',
        [3, 3, 3] => 'w',
        _ => '?',
    }
}

/// The colours at the middle of the left, top, right and bottom edge.
fn edges(jpeg: &[u8]) -> String {
    [(12, 160), (128, 8), (244, 160), (128, 248)].map(|(x, y)| pixel(jpeg, x, y)).iter().collect()
}

#[test]
fn each_format_becomes_a_square_jpeg_of_its_middle() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        for (width, height) in [(400, 300), (32, 32), (1, 1), (1_000, 1_000)] {
            let made = square(&sample(width, height, format)).unwrap();
            assert_eq!(image::guess_format(&made).unwrap(), ImageFormat::Jpeg);
            pixel(&made, 0, 0);
        }
        let wide = square(&sample(900, 300, format)).unwrap();
        assert_eq!((pixel(&wide, 20, 200), pixel(&wide, 236, 200)), ('r', 'b'));
    }
}

#[test]
fn all_orientations_are_turned_upright_and_nothing_but_pixels_is_kept() {
    let jpeg = sample(256, 256, ImageFormat::Jpeg);
    assert!(edges(&square(&jpeg).unwrap()).starts_with("rgb"));
    // Edge of the displayed image at which the stored green strip appears: left, top, right or bottom.
    for (orientation, strip) in [(1, 1), (2, 1), (3, 3), (4, 3), (5, 0), (6, 2), (7, 2), (8, 0)] {
        let turned = square(&with_orientation(&jpeg, orientation)).unwrap();
        let at = [(8, 128), (128, 8), (248, 128), (128, 248)].map(|(x, y)| pixel(&turned, x, y));
        assert_eq!(at.iter().position(|&colour| colour == 'g'), Some(strip), "{orientation}: {at:?}");
        assert!(!turned.windows(4).any(|bytes| bytes == b"Exif"));
        assert!(!turned.windows(4).any(|bytes| bytes == b"home"));
    }
}

#[test]
fn what_is_transparent_is_white() {
    let clear = RgbaImage::from_pixel(10, 10, Rgba([0, 0, 0, 0]));
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(clear).write_to(&mut file, ImageFormat::Png).unwrap();
    assert_eq!(edges(&square(&file.into_inner()).unwrap()), "wwww");
}

#[test]
fn the_size_is_looked_at_before_anything_is_decoded() {
    for (width, height) in [(4_097, 1), (1, 4_097), (65_000, 65_000)] {
        assert!(
            matches!(square(&png_head(width, height, 8)), Err(DrawingError::Image(Flaw::Side))),
            "{width} x {height}"
        );
    }
    // 128 MiB of pixels.
    assert!(matches!(square(&png_head(4_096, 4_096, 16)), Err(DrawingError::Image(Flaw::Memory))));
    assert!(matches!(square(&png_head(4_096, 4_096, 8)), Err(DrawingError::Image(Flaw::Damaged))));
}

#[test]
fn the_memory_of_a_progressive_jpeg_counts_its_coefficients() {
    let file = sample(16, 16, ImageFormat::Jpeg);
    assert_eq!(jpeg::Frame::of(&file), Some(jpeg::Frame { is_progressive: false, components: 3 }));
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let mut progressive = file;
    progressive[frame + 1] = 0xc2;
    assert!(jpeg::Frame::of(&progressive).unwrap().is_progressive);
    // Height and width follow the marker, the length and the depth.
    progressive[frame + 5..frame + 9].copy_from_slice(&[0x10, 0, 0x10, 0]);
    assert!(matches!(square(&progressive), Err(DrawingError::Image(Flaw::Memory))));
}

#[test]
fn a_truncated_jpeg_is_damaged_wherever_it_ends() {
    let file = sample(300, 200, ImageFormat::Jpeg);
    for part in [2, 3, 10] {
        let cut = &file[..file.len() - file.len() / part];
        assert!(matches!(square(cut), Err(DrawingError::Image(Flaw::Damaged))), "{part}");
    }
    let with_rest = [&file[..], b"\0\0and what a phone appends"].concat();
    square(&with_rest).unwrap();
}

#[test]
fn a_jpeg_in_cmyk_is_refused_with_the_reason() {
    let file = sample(32, 32, ImageFormat::Jpeg);
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let mut cmyk = file;
    cmyk[frame + 9] = 4;
    assert!(matches!(square(&cmyk), Err(DrawingError::Image(Flaw::Cmyk))));
}

#[test]
fn the_colour_of_transparent_pixels_does_not_show() {
    let disc = RgbaImage::from_fn(400, 400, |x, y| {
        let (x, y) = (i64::from(x) - 200, i64::from(y) - 200);
        if x * x + y * y < 150 * 150 { Rgba([255; 4]) } else { Rgba([0; 4]) }
    });
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(disc).write_to(&mut file, ImageFormat::Png).unwrap();
    let made = image::load_from_memory(&square(&file.into_inner()).unwrap()).unwrap().to_rgb8();
    assert!(made.pixels().all(|pixel| pixel.0.iter().all(|channel| *channel >= 253)));
}

#[test]
fn colours_of_a_wide_profile_become_those_of_srgb() {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::set_icc_profile(&mut encoder, ColorProfile::new_display_p3().encode().unwrap())
        .unwrap();
    let image = RgbImage::from_pixel(64, 64, Rgb([200, 100, 50]));
    image.write_with_encoder(encoder).unwrap();
    let made = image::load_from_memory(&square(&file.into_inner()).unwrap()).unwrap().to_rgb8();
    let Rgb([r, g, b]) = *made.get_pixel(128, 128);
    // Display P3 (200, 100, 50) is sRGB (215, 95, 33).
    assert!(r.abs_diff(215) < 5 && g.abs_diff(95) < 5 && b.abs_diff(33) < 8, "{r} {g} {b}");
}

#[test]
fn the_content_tells_the_kind() {
    for other in [&b"GIF89a\x01\0\x01\0\0\0\0;"[..], b"<svg/>", b"BM", b"", b"\x89PNG", b"II*\0"] {
        assert!(matches!(square(other), Err(DrawingError::Image(Flaw::Kind | Flaw::Damaged))), "{other:?}");
    }
    let file = sample(64, 64, ImageFormat::Jpeg);
    assert!(matches!(square(&file[..40]), Err(DrawingError::Image(Flaw::Damaged))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_file_is_an_image_or_a_refusal(
        format in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = sample(40, 30, format);
        for (place, byte) in damage {
            let place = place.index(file.len());
            file[place] = byte;
        }
        file.truncate(end.index(file.len()) + 1);
        match square(&file) {
            Ok(jpeg) => prop_assert_eq!(image::guess_format(&jpeg).unwrap(), ImageFormat::Jpeg),
            Err(error) => prop_assert!(matches!(error, DrawingError::Image(_)), "{error}"),
        }
    }
}
