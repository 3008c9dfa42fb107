//! The stored form of actions: one blob per action, each readable by itself.
//!
//! # Format
//!
//! All actions of a drawing's owner are of version 1, but for removals. Servers that know version 1 alone therefore
//! read every drawing of one author.
//!
//! A varint is LEB128: seven bits a byte, the lowest first, the high bit set on all bytes but the last. A signed
//! number is zigzagged first (0, -1, 1, -2, … become 0, 1, 2, 3, …).
//!
//! | bytes | every action |
//! |---|---|
//! | 1 | tag: bits 7–5 version (1 or 2), bit 4 flag, bits 3–0 kind |
//! | varint, of version 2 only | the author: 0 for kind 14, 1 to [`MAX_AUTHORS`] - 1 for all others |
//!
//! | kind | action | flag | the bytes after tag and author |
//! |---|---|---|---|
//! | 0, 1, 2 | opaque stroke by pen, ink, eraser | the columns are Rice-coded | see below |
//! | 3 | translucent stroke by pen | the columns are Rice-coded | see below |
//! | 8 | background | `at` is present | `at` if present, then red, green, blue: a byte each |
//! | 9, 10, 11 | undo, redo, clear | `at` is present | `at` if present |
//! | 12 | 2016 picture, its text as it is | the text is deflated | see below |
//! | 13 | 2016 picture, ready to be sent | never | see below |
//! | 14 | removal | `at` is present | `at` if present, then a varint of ≤ 32 bits: the number of the stroke's action |
//!
//! Version 2 has the kinds 0 to 3, 9, 10 and 14, version 1 all but 14.
//!
//! | bytes | stroke |
//! |---|---|
//! | varint, ≤ 64 bits | `at` |
//! | 3 | red, green, blue |
//! | 1, of kind 3 only | the opacity, 1 to 254 |
//! | varint | width, 1 to [`MAX_WIDTH`] |
//! | varint | *n*, the number of points, 1 to [`MAX_POINTS`] |
//! | 2 signed varints | x and y of the first point; its `dt` is 0 in every valid stroke |
//! | all others | three columns of *n* - 1 numbers of 32 bits, one after the other |
//!
//! | column | of each point after the first |
//! |---|---|
//! | x | the step from the point before, less the step that led there (0 to the first point) |
//! | y | likewise |
//! | `dt` | less the `dt` three points before (17 where there is none): at 60 Hz, three samples take 50 ms exactly, so what rounding does to their times repeats |
//!
//! All numbers are computed modulo 2³² and zigzagged, so any columns of the right length make a stroke. They are
//! written as varints or, with the flag, where that is shorter, as one stream of bits, the highest of a byte first,
//! padded with zeros to a full byte.
//!
//! | bits | a number *v* in the stream |
//! |---|---|
//! | *q* + 1 | *q* = *v* >> *k* in unary: *q* ones and a zero |
//! | *k* | the lowest bits of *v* |
//! | or 24 + 32 | where *q* is 24 or more: 24 ones, then *v* itself |
//!
//! This is Golomb–Rice coding with the adaptation of JPEG-LS (ITU-T T.87, A.5): *k*, at most 31, is the least with
//! *count* 2^*k* ≥ *sum*. A column begins with *count* 1 and *sum* 16 (x and y) or 1 (`dt`). After each number, *sum*
//! grows by it and *count* by 1; when *count* is 8, both are halved. Strokes are too short for a general compressor:
//! deflate's tables cost more than they save, and its set-up takes longer than all the rest.
//!
//! | bytes | 2016 picture, ready to be sent |
//! |---|---|
//! | varint | the text's length in bytes, at most [`weapp::MAX_TEXT`](crate::weapp::MAX_TEXT) |
//! | varint | the length of the text as escaped in a JSON string |
//! | 4 | the CRC-32 of the escaped text, the lowest byte first |
//! | all others | the escaped text, as a [part of a gzip member](crate::gzip::Part) |
//!
//! | bytes | 2016 picture, its text as it is |
//! |---|---|
//! | varint | the text's length in bytes, at most [`weapp::MAX_TEXT`](crate::weapp::MAX_TEXT) |
//! | all others | the text in UTF-8; with the flag, which is read but no longer written, its raw deflate stream (RFC 1951) |
//!
//! The reply to a 2016 list consists mostly of such texts in JSON strings, so the reply to a client that accepts gzip
//! is composed of the stored bytes ([`weapp_text`]). A text that deflate does not shorten is stored as it is. Deflate
//! streams differ between libraries and their versions: compare texts, not blobs. Of every other action [`encode`]
//! always writes the same blob.

mod inflate;
mod rice;
mod text;
mod varint;

#[cfg(test)]
mod tests;

use crate::drawing::{Action, Color, MAX_AUTHORS, MAX_POINTS, MAX_WIDTH, OWNER, Point, Stroke, Tool};
pub use text::{StoredText, escape_json};
use varint::{Reader, put, unzigzag, zigzag};

const VERSION: u8 = 1;
const AUTHORED: u8 = 2;
const FLAG: u8 = 1 << 4;

const PEN: u8 = 0;
const INK: u8 = 1;
const ERASER: u8 = 2;
const TRANSLUCENT_PEN: u8 = 3;
const BACKGROUND: u8 = 8;
const UNDO: u8 = 9;
const REDO: u8 = 10;
const CLEAR: u8 = 11;
const WEAPP: u8 = 12;
const WEAPP_READY: u8 = 13;
const REMOVE: u8 = 14;

/// Milliseconds between two samples of a phone at 60 Hz, rounded up.
const FRAME: u32 = 17;
/// The expected means of the three columns' numbers.
const MEANS: [u32; 3] = [16, 16, 1];

/// The reason why bytes are not the stored form of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes end before the action does.
    #[error("an encoded action ends too early")]
    Truncated,
    /// Bytes follow the end of the action.
    #[error("bytes follow an encoded action")]
    Trailing,
    /// The tag names a version of the format that this program does not know.
    #[error("an encoded action of unknown version {0}")]
    Version(u8),
    /// The tag names an unknown kind of action.
    #[error("an encoded action of unknown kind {0}")]
    Kind(u8),
    /// A number is outside the range of its field.
    #[error("a number of an encoded action is out of range")]
    Number,
    /// The compressed part is not a deflate stream, or inflates to more bytes than the action may have.
    #[error("the compressed part of an encoded action is damaged")]
    Deflate,
    /// A 2016 text is not UTF-8 or not the content of a JSON string.
    #[error("the text of an encoded action is not UTF-8")]
    Text,
}

/// Encodes an action as its stored form, a blob.
///
/// [`decode`] returns an equal action for every valid action; `encode` does not check validity. The opacity of ink and
/// erasers, which always are opaque, is not stored.
#[must_use]
pub fn encode(action: &Action) -> Vec<u8> {
    write(action, true)
}

/// Encodes an action like [`encode`], but without compression. [`decode`] reads both forms.
#[must_use]
pub fn encode_uncompressed(action: &Action) -> Vec<u8> {
    write(action, false)
}

fn write(action: &Action, compress: bool) -> Vec<u8> {
    match action {
        Action::Stroke { by, at, stroke } => write_stroke(*by, *at, stroke, compress),
        Action::Background { color, at } => {
            let mut blob = write_moment(BACKGROUND, OWNER, *at);
            blob.extend(color.0);
            blob
        }
        Action::Undo { by, at } => write_moment(UNDO, *by, *at),
        Action::Redo { by, at } => write_moment(REDO, *by, *at),
        Action::Clear { at } => write_moment(CLEAR, OWNER, *at),
        Action::Remove { seq, at } => {
            let mut blob = write_moment(REMOVE, OWNER, *at);
            put(&mut blob, u64::from(*seq));
            blob
        }
        Action::Weapp { text } => text::write(text, compress),
    }
}

/// Decodes the stored form of an action.
///
/// Allocates no more than the action needs, whatever lengths the bytes claim.
///
/// # Errors
/// [`Malformed`] when the bytes are not the stored form of an action.
pub fn decode(blob: &[u8]) -> Result<Action, Malformed> {
    let mut reader = Reader::new(blob);
    let Tag { kind, flag, by } = read_tag(&mut reader)?;
    match kind {
        PEN | TRANSLUCENT_PEN | INK | ERASER => read_stroke(reader, kind, by, flag),
        BACKGROUND => {
            let at = read_moment(&mut reader, flag)?;
            let color = Color(reader.array()?);
            reader.end().map(|()| Action::Background { color, at })
        }
        UNDO | REDO | CLEAR => {
            let at = read_moment(&mut reader, flag)?;
            reader.end()?;
            Ok(match kind {
                UNDO => Action::Undo { by, at },
                REDO => Action::Redo { by, at },
                _ => Action::Clear { at },
            })
        }
        WEAPP | WEAPP_READY => {
            let text = text::read(reader, kind == WEAPP_READY, flag)?.text()?;
            Ok(Action::Weapp { text: text.into_owned() })
        }
        REMOVE => {
            let at = read_moment(&mut reader, flag)?;
            let seq = reader.u32()?;
            reader.end().map(|()| Action::Remove { seq, at })
        }
        unknown => Err(Malformed::Kind(unknown)),
    }
}

/// Finds the stored text of a blob that is a 2016 picture, without decompressing it; `None` for every other blob.
#[must_use]
pub fn weapp_text(blob: &[u8]) -> Option<StoredText<'_>> {
    let mut reader = Reader::new(blob);
    let Tag { kind, flag, .. } = read_tag(&mut reader).ok()?;
    if matches!(kind, WEAPP | WEAPP_READY) {
        text::read(reader, kind == WEAPP_READY, flag).ok()
    } else {
        None
    }
}

/// Tells from its first byte whether a blob is a 2016 picture.
#[must_use]
pub fn is_weapp(blob: &[u8]) -> bool {
    read_tag(&mut Reader::new(blob)).is_ok_and(|tag| matches!(tag.kind, WEAPP | WEAPP_READY))
}

/// The beginning of a blob.
struct Tag {
    kind: u8,
    flag: bool,
    by: u16,
}

/// The author of a blob's action, read from its first bytes; the owner where they are malformed.
#[must_use]
pub fn author(blob: &[u8]) -> u16 {
    read_tag(&mut Reader::new(blob)).map_or(OWNER, |tag| tag.by)
}

/// Tells from its first byte whether a blob is an action that only rooms write, which older clients do not read.
#[must_use]
pub fn is_of_room(blob: &[u8]) -> bool {
    blob.first().is_some_and(|tag| tag >> 5 == AUTHORED)
}

fn tag(version: u8, kind: u8, flag: bool) -> u8 {
    version << 5 | if flag { FLAG } else { 0 } | kind
}

fn write_tag(kind: u8, flag: bool, by: u16) -> Vec<u8> {
    let authored = kind == REMOVE || by != OWNER;
    let mut blob = vec![tag(if authored { AUTHORED } else { VERSION }, kind, flag)];
    if authored {
        put(&mut blob, u64::from(by));
    }
    blob
}

fn read_tag(reader: &mut Reader<'_>) -> Result<Tag, Malformed> {
    let [tag] = reader.array()?;
    let (kind, flag) = (tag & 0x0f, tag & FLAG != 0);
    match tag >> 5 {
        VERSION if kind == REMOVE => Err(Malformed::Kind(kind)),
        VERSION => Ok(Tag { kind, flag, by: OWNER }),
        AUTHORED => match kind {
            PEN | INK | ERASER | TRANSLUCENT_PEN | UNDO | REDO | REMOVE => {
                let by = u16::try_from(reader.u64()?).or(Err(Malformed::Number))?;
                if (kind == REMOVE) == (by == OWNER) && by < MAX_AUTHORS {
                    Ok(Tag { kind, flag, by })
                } else {
                    Err(Malformed::Number)
                }
            }
            unknown => Err(Malformed::Kind(unknown)),
        },
        unknown => Err(Malformed::Version(unknown)),
    }
}

fn write_moment(kind: u8, by: u16, at: Option<u64>) -> Vec<u8> {
    let mut blob = write_tag(kind, at.is_some(), by);
    if let Some(at) = at {
        put(&mut blob, at);
    }
    blob
}

fn read_moment(reader: &mut Reader<'_>, present: bool) -> Result<Option<u64>, Malformed> {
    if present { reader.u64().map(Some) } else { Ok(None) }
}

fn write_stroke(by: u16, at: u64, stroke: &Stroke, compress: bool) -> Vec<u8> {
    let points = &stroke.points;
    let first = points.first().copied().unwrap_or_default();
    let columns = [
        steps_of_steps(points.iter().map(|point| point.x)),
        steps_of_steps(points.iter().map(|point| point.y)),
        changes_of_time(points),
    ];
    let mut stored = Vec::with_capacity(points.len() * 4);
    columns.iter().flatten().for_each(|number| put(&mut stored, u64::from(*number)));
    let coded = if compress { rice_code(&columns) } else { Vec::new() };
    let shorter = compress && coded.len() < stored.len();
    if shorter {
        stored = coded;
    }

    let translucent = stroke.tool == Tool::Pen && stroke.alpha != Stroke::OPAQUE;
    let kind = match stroke.tool {
        Tool::Pen if translucent => TRANSLUCENT_PEN,
        Tool::Pen => PEN,
        Tool::Ink => INK,
        Tool::Eraser => ERASER,
    };
    let mut blob = write_tag(kind, shorter, by);
    blob.reserve(stored.len() + 32);
    put(&mut blob, at);
    blob.extend(stroke.color.0);
    if translucent {
        blob.push(stroke.alpha);
    }
    put(&mut blob, u64::from(stroke.width));
    put(&mut blob, points.len() as u64);
    put(&mut blob, u64::from(zigzag(first.x)));
    put(&mut blob, u64::from(zigzag(first.y)));
    blob.extend(stored);
    blob
}

fn read_stroke(mut reader: Reader<'_>, kind: u8, by: u16, coded: bool) -> Result<Action, Malformed> {
    let tool = match kind {
        INK => Tool::Ink,
        ERASER => Tool::Eraser,
        _ => Tool::Pen,
    };
    let translucent = kind == TRANSLUCENT_PEN;
    let at = reader.u64()?;
    let color = Color(reader.array()?);
    let alpha = if translucent { read_alpha(&mut reader)? } else { Stroke::OPAQUE };
    let width = u16::try_from(reader.u64()?).ok().filter(|width| (1..=MAX_WIDTH).contains(width));
    let width = width.ok_or(Malformed::Number)?;
    let count = usize::try_from(reader.u64()?).ok().filter(|count| (1..=MAX_POINTS).contains(count));
    let count = count.ok_or(Malformed::Number)?;
    let first = Point { x: unzigzag(reader.u32()?), y: unzigzag(reader.u32()?), dt: 0 };

    // A number takes at least a bit, or a byte, so the allocation is in proportion to the bytes present.
    let least = if coded { (3 * (count - 1)).div_ceil(8) } else { 3 * (count - 1) };
    if reader.rest().len() < least {
        return Err(Malformed::Truncated);
    }
    let mut points = vec![first; count];
    if coded {
        let mut bits = rice::Reader::new(reader.rest());
        read_columns(&mut points, |column, mean| bits.column(column, mean))?;
        bits.end()?;
    } else {
        read_columns(&mut points, |column, _| {
            column.iter_mut().try_for_each(|number| reader.u32().map(|read| *number = read))
        })?;
        reader.end()?;
    }
    Ok(Action::Stroke { by, at, stroke: Stroke { tool, color, alpha, width, points } })
}

fn read_alpha(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    let [alpha] = reader.array()?;
    if matches!(alpha, 0 | Stroke::OPAQUE) { Err(Malformed::Number) } else { Ok(alpha) }
}

/// The column of a coordinate.
fn steps_of_steps(mut values: impl Iterator<Item = i32>) -> Vec<u32> {
    let mut value = values.next().unwrap_or_default();
    let mut step = 0_i32;
    let change = |next: i32| {
        let last = std::mem::replace(&mut step, next.wrapping_sub(value));
        value = next;
        zigzag(step.wrapping_sub(last))
    };
    values.map(change).collect()
}

/// The column of `dt`.
fn changes_of_time(points: &[Point]) -> Vec<u32> {
    let times = points.iter().skip(1).map(|point| point.dt);
    let before = [FRAME; 3].into_iter().chain(times.clone());
    times.zip(before).map(|(dt, before)| zigzag(dt.wrapping_sub(before).cast_signed())).collect()
}

fn rice_code(columns: &[Vec<u32>; 3]) -> Vec<u8> {
    let mut bits = rice::Writer::default();
    for (column, mean) in columns.iter().zip(MEANS) {
        bits.column(column, mean);
    }
    bits.finish()
}

/// Sets all points after the first from the three columns; `read` fills in one column at a time.
fn read_columns(
    points: &mut [Point],
    mut read: impl FnMut(&mut [u32], u32) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let [x_mean, y_mean, dt_mean] = MEANS;
    let Some((first, points)) = points.split_first_mut() else { return Ok(()) };
    let mut column = vec![0; points.len()];
    let walk = |start: i32, column: &[u32], set: fn(&mut Point, i32), points: &mut [Point]| {
        let (mut value, mut step) = (start, 0_i32);
        for (point, number) in points.iter_mut().zip(column) {
            step = step.wrapping_add(unzigzag(*number));
            value = value.wrapping_add(step);
            set(point, value);
        }
    };
    read(&mut column, x_mean)?;
    walk(first.x, &column, |point, x| point.x = x, points);
    read(&mut column, y_mean)?;
    walk(first.y, &column, |point, y| point.y = y, points);
    read(&mut column, dt_mean)?;
    let mut before = [FRAME; 3];
    for (point, number) in points.iter_mut().zip(&column) {
        let [third, second, last] = before;
        point.dt = third.wrapping_add_signed(unzigzag(*number));
        before = [second, last, point.dt];
    }
    Ok(())
}
