//! The frames of an animation, as changes of what a viewer shows.

use ::gif::{DisposalMethod, Frame as GifFrame};
use tiny_skia::PremultipliedColorU8;
use yibi_common::drawing::Color;

use super::palette::{PAPER, Palette, TRANSPARENT};
use crate::render::Frame;
use crate::render::encode::over;
use crate::render::region::{Region, join};

/// Bytes that a frame has beside its compressed pixels: its control block, its descriptor and the lengths of its
/// data blocks.
const FRAME_BYTES: usize = 24;

/// The picture that a viewer shows, and the frames that lead to it.
pub(super) struct Screen {
    /// Size of the picture in pixels.
    frame: Frame,
    /// Place of the picture on the animation's canvas.
    offset: [u32; 2],
    ground: Color,
    pub(super) palette: Palette,
    /// Pixels as drawn, before they are laid on the paper.
    pixels: Vec<PremultipliedColorU8>,
    indices: Vec<u8>,
    frames: Vec<GifFrame<'static>>,
    /// Size of the frames in bytes.
    bytes: usize,
}

impl Screen {
    /// Begins with a frame of the whole canvas: a picture, and the paper's colour around it.
    pub(super) fn new(
        pixels: &[PremultipliedColorU8],
        frame: Frame,
        canvas: [u32; 2],
        ground: Color,
        mut palette: Palette,
        delay: u16,
    ) -> Self {
        let offset = [(canvas[0] - frame.width) / 2, (canvas[1] - frame.height) / 2];
        let indices: Vec<u8> = pixels.iter().map(|pixel| palette.index(over(*pixel, ground))).collect();
        let mut whole = vec![PAPER; canvas[0] as usize * canvas[1] as usize];
        let rows = whole.chunks_mut(canvas[0] as usize).skip(offset[1] as usize);
        for (to, from) in rows.zip(indices.chunks(frame.width as usize)) {
            for (to, from) in to.iter_mut().skip(offset[0] as usize).zip(from) {
                *to = *from;
            }
        }
        let mut screen = Self {
            frame,
            offset,
            ground,
            palette,
            pixels: pixels.to_vec(),
            indices,
            frames: Vec::new(),
            bytes: 0,
        };
        let [width, height] = canvas;
        screen.push(Region { left: 0, top: 0, right: width, bottom: height }, whole, None, delay);
        screen
    }

    /// Adds a frame that shows the empty paper; `blank` is its pixel as drawn.
    pub(super) fn clear(&mut self, blank: PremultipliedColorU8, delay: u16) {
        let width = self.frame.width;
        let drawn = self.indices.iter().zip(0..).filter(|(index, _)| **index != PAPER);
        let dirty = drawn.fold(None, |dirty, (_, at)| join(dirty, Some(pixel(at % width, at / width))));
        self.pixels.fill(blank);
        self.indices.fill(PAPER);
        match dirty {
            Some(region) => {
                let paper = vec![PAPER; region.width() as usize * region.height() as usize];
                self.push(self.on_canvas(region), paper, None, delay);
            }
            None => self.hold(delay),
        }
    }

    /// Adds a frame that shows new pixels in a region, unless nothing changes.
    pub(super) fn update(&mut self, region: Region, pixels: &[PremultipliedColorU8], delay: u16) {
        let (width, stride) = (region.width() as usize, self.frame.width as usize);
        let mut patch = vec![TRANSPARENT; pixels.len()];
        let mut dirty = None;
        let rows = pixels.chunks(width).zip(patch.chunks_mut(width)).zip(0..);
        let olds = self.pixels.chunks_mut(stride).zip(self.indices.chunks_mut(stride));
        for (((new, patch), y), (old, index)) in rows.zip(olds.skip(region.top as usize)) {
            let cells = new.iter().zip(patch).zip(0..);
            let olds = old.iter_mut().zip(index).skip(region.left as usize);
            for (((new, patch), x), (old, index)) in cells.zip(olds) {
                if new == old {
                    continue;
                }
                *old = *new;
                let color = over(*new, self.ground);
                // An edge whose level changes a little stays as it is.
                if !self.palette.is_near(*index, color) {
                    let color = self.palette.index(color);
                    (*index, *patch) = (color, color);
                    dirty = join(dirty, Some(pixel(x, y)));
                }
            }
        }
        let Some(changed) = dirty else { return self.hold(delay) };
        let rows = patch.chunks(width).skip(changed.top as usize).take(changed.height() as usize);
        let row = changed.left as usize..changed.right as usize;
        let buffer = rows.flat_map(|cells| cells.get(row.clone()).unwrap_or_default()).copied().collect();
        let changed = Region {
            left: changed.left + region.left,
            top: changed.top + region.top,
            right: changed.right + region.left,
            bottom: changed.bottom + region.top,
        };
        self.push(self.on_canvas(changed), buffer, Some(TRANSPARENT), delay);
    }

    /// Shows the last frame for longer, by hundredths of a second.
    pub(super) fn hold(&mut self, delay: u16) {
        if let Some(frame) = self.frames.last_mut() {
            frame.delay = frame.delay.saturating_add(delay);
        }
    }

    /// Size of the frames in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn frames(&self) -> &[GifFrame<'static>] {
        &self.frames
    }

    fn on_canvas(&self, region: Region) -> Region {
        let [x, y] = self.offset;
        Region {
            left: region.left + x,
            top: region.top + y,
            right: region.right + x,
            bottom: region.bottom + y,
        }
    }

    /// Adds a frame; its pixels are compressed at once, so that little is held in memory.
    fn push(&mut self, region: Region, indices: Vec<u8>, transparent: Option<u8>, delay: u16) {
        let short = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        let mut frame = GifFrame {
            delay,
            dispose: DisposalMethod::Keep,
            transparent,
            left: short(region.left),
            top: short(region.top),
            width: short(region.width()),
            height: short(region.height()),
            buffer: indices.into(),
            ..GifFrame::default()
        };
        frame.make_lzw_pre_encoded();
        self.bytes += frame.buffer.len() + frame.buffer.len() / 255 + FRAME_BYTES;
        self.frames.push(frame);
    }
}

/// The region of one pixel.
fn pixel(x: u32, y: u32) -> Region {
    Region { left: x, top: y, right: x + 1, bottom: y + 1 }
}
