//! Decoding of pictures in tests.

use std::io::Cursor;

/// A decoded PNG.
pub(super) struct Decoded {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) color: ::png::ColorType,
    pub(super) rgb: Vec<[u8; 3]>,
}

impl Decoded {
    pub(super) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        self.rgb[(y * self.width + x) as usize]
    }
}

pub(super) fn decode(file: &[u8]) -> Decoded {
    let header = ::png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let color = header.info().color_type;
    let mut decoder = ::png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(::png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    assert_eq!(info.color_type, ::png::ColorType::Rgb);
    let rgb = data.chunks(3).map(|pixel| pixel.try_into().unwrap()).collect();
    Decoded { width: info.width, height: info.height, color, rgb }
}
