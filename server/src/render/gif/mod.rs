//! Renders the replay of a drawing as an animated GIF.
//!
//! The visible strokes appear in the order and rhythm of the `timetable`, faster where that
//! would take more than `LONGEST`. The first frame is the finished picture: viewers that do not play a GIF,
//! and WeChat's check of contents, see only that one. A frame holds the rectangle that changes, transparent where
//! it does not, in one palette. An animation that is too large is made again with fewer frames and pixels.

mod palette;
mod replay;
mod screen;

#[cfg(test)]
mod tests;

use ::gif::{Encoder, Repeat};
use yibi_common::drawing::Paper;
use yibi_common::picture::TimedPicture;

use self::replay::Replay;
use self::screen::Screen;
use super::{Budget, Frame, RenderError};

/// The size of an animation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GifSize {
    /// A square of 240 pixels that the paper is fitted into, of at most 500 kB: WeChat's format of stickers.
    Sticker,
    /// At most 480 pixels on the longer side and 900 kB.
    Medium,
    /// At most 720 pixels on the longer side and 900 kB.
    Large,
}

impl GifSize {
    /// Parses the name of a size in the API: `sticker`, `480` or `720`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sticker" => Some(Self::Sticker),
            "480" => Some(Self::Medium),
            "720" => Some(Self::Large),
            _ => None,
        }
    }

    /// The largest file in bytes.
    fn limit(self) -> usize {
        match self {
            Self::Sticker => 500_000,
            Self::Medium | Self::Large => 900_000,
        }
    }

    /// The attempts in turn, until one is within the limit.
    fn attempts(self) -> &'static [Attempt] {
        const fn attempt(size: u32, step: u16) -> Attempt {
            Attempt { size, step }
        }
        const LARGE: [Attempt; 5] =
            [attempt(720, 6), attempt(480, 10), attempt(320, 10), attempt(320, 30), attempt(240, 60)];
        const STICKER: [Attempt; 3] = [attempt(240, 10), attempt(240, 30), attempt(240, 60)];
        match self {
            Self::Sticker => &STICKER,
            Self::Medium => LARGE.get(1..).unwrap_or_default(),
            Self::Large => &LARGE,
        }
    }
}

/// Resolution of an animation in space and time.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    /// Longer side in pixels.
    size: u32,
    /// Duration of a frame in hundredths of a second. Browsers slow down frames of less than 2, some viewers
    /// those of less than 5.
    step: u16,
}

/// The longest replay in hundredths of a second, the first frame included.
const LONGEST: u16 = 600;
/// How long the first frame shows the finished picture, in hundredths of a second.
const COVER: u16 = 5;
/// How long the finished picture stays before the replay begins again, in hundredths of a second.
const HOLD: u16 = 150;

/// Largest size of the file's head with its palette, in bytes.
const HEAD_BYTES: usize = 1_000;

/// Renders the replay of a picture as an endless animation.
///
/// # Errors
/// [`RenderError::TooLarge`], [`RenderError::Abandoned`], [`RenderError::EncodeGif`].
pub fn animation(
    timed: &TimedPicture<'_>,
    paper: Paper,
    size: GifSize,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    fit(&Replay::new(timed, paper)?, paper, size, size.limit(), budget)
}

/// Makes the first attempt that has at most `limit` bytes.
fn fit(
    replay: &Replay<'_>,
    paper: Paper,
    size: GifSize,
    limit: usize,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    let mut last = None;
    for attempt in size.attempts() {
        let frame = Frame::new(paper, attempt.size)?;
        let canvas = match size {
            GifSize::Sticker => [attempt.size; 2],
            GifSize::Medium | GifSize::Large => [frame.width, frame.height],
        };
        let limit = limit.saturating_sub(HEAD_BYTES);
        let screen = replay.play(frame, canvas, attempt.step, limit, budget)?;
        if screen.bytes() <= limit {
            return file(&screen, canvas);
        }
        last = Some((frame, canvas));
    }
    // A drawing that no rate of frames makes small enough does not move.
    let (frame, canvas) = last.ok_or(RenderError::TooLarge)?;
    file(&replay.still(frame, canvas, budget)?, canvas)
}

fn file(screen: &Screen, canvas: [u32; 2]) -> Result<Vec<u8>, RenderError> {
    let [width, height] = canvas.map(|side| u16::try_from(side).unwrap_or(u16::MAX));
    let mut bytes = Vec::with_capacity(screen.bytes() + HEAD_BYTES);
    let mut encoder = Encoder::new(&mut bytes, width, height, &screen.palette.bytes())?;
    encoder.set_repeat(Repeat::Infinite)?;
    for frame in screen.frames() {
        encoder.write_lzw_pre_encoded_frame(frame)?;
    }
    drop(encoder);
    Ok(bytes)
}
