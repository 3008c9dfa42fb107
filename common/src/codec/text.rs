//! The text of a 2016 picture in its blob.

use std::borrow::Cow;

use super::inflate::inflate;
use super::varint::{Reader, put};
use super::{Malformed, VERSION, WEAPP, WEAPP_READY, tag};
use crate::gzip::Part;
use crate::weapp;

/// The most bytes that a deflated text's head takes beyond a plain text's.
const READY_HEAD: usize = 8;
/// zlib's level. Texts deflate to about a tenth; each is written once and read often.
const LEVEL: u32 = 6;
/// The longest escape of one byte in a JSON string, `\u0000`.
const MAX_ESCAPE: usize = 6;

/// The text of a 2016 picture as stored in its blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredText<'a> {
    /// The text's length in bytes.
    pub len: usize,
    form: Form<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form<'a> {
    Plain(&'a [u8]),
    /// The deflate stream of the text.
    Deflated(&'a [u8]),
    /// The text as escaped in a JSON string.
    Ready(Part<'a>),
}

pub(super) fn write(text: &str, compress: bool) -> Vec<u8> {
    let part = if compress { Part::deflate(&escape_json(text), LEVEL) } else { None };
    let part = part.filter(|part| part.stream.len() + READY_HEAD < text.len());
    let stored = part.as_ref().map_or(text.as_bytes(), |part| &part.stream);
    let mut blob = Vec::with_capacity(stored.len() + 16);
    blob.push(tag(VERSION, if part.is_some() { WEAPP_READY } else { WEAPP }, false));
    put(&mut blob, text.len() as u64);
    if let Some(part) = &part {
        put(&mut blob, part.len as u64);
        blob.extend(part.crc.to_le_bytes());
    }
    blob.extend(stored);
    blob
}

pub(super) fn read(mut reader: Reader<'_>, ready: bool, flag: bool) -> Result<StoredText<'_>, Malformed> {
    let bounded = |number: u64, most: usize| {
        usize::try_from(number).ok().filter(|number| *number <= most).ok_or(Malformed::Number)
    };
    let len = bounded(reader.u64()?, weapp::MAX_TEXT)?;
    let form = match (ready, flag) {
        (true, false) => {
            let escaped = bounded(reader.u64()?, len * MAX_ESCAPE)?;
            let crc = u32::from_le_bytes(reader.array()?);
            Form::Ready(Part { stream: reader.rest().into(), len: escaped, crc })
        }
        (true, true) => return Err(Malformed::Kind(WEAPP_READY)),
        (false, true) => Form::Deflated(reader.rest()),
        (false, false) => Form::Plain(reader.rest()),
    };
    Ok(StoredText { len, form })
}

impl<'a> StoredText<'a> {
    /// Decompresses the text.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are damaged.
    pub fn text(&self) -> Result<Cow<'a, str>, Malformed> {
        let text = match &self.form {
            Form::Plain(bytes) => str::from_utf8(bytes).or(Err(Malformed::Text))?.into(),
            Form::Deflated(stream) => {
                String::from_utf8(inflate(stream, self.len)?).or(Err(Malformed::Text))?.into()
            }
            Form::Ready(part) => {
                let mut json = vec![b'"'];
                part.inflate(&mut json).ok_or(Malformed::Deflate)?;
                json.push(b'"');
                Cow::Owned(serde_json::from_slice(&json).or(Err(Malformed::Text))?)
            }
        };
        if text.len() == self.len { Ok(text) } else { Err(Malformed::Number) }
    }

    /// Appends the text as escaped in a JSON string, without the quotes.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are damaged.
    pub fn escape(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match &self.form {
            Form::Ready(part) => part.inflate(out).ok_or(Malformed::Deflate),
            Form::Plain(_) | Form::Deflated(_) => {
                out.extend(escape_json(&self.text()?));
                Ok(())
            }
        }
    }

    /// The escaped text as a part of a gzip member, if it is stored as one. The stream is not checked for damage.
    #[must_use]
    pub fn part(&self) -> Option<&Part<'a>> {
        match &self.form {
            Form::Ready(part) => Some(part),
            Form::Plain(_) | Form::Deflated(_) => None,
        }
    }
}

/// Escapes a text as in a JSON string, without the quotes.
#[must_use]
pub fn escape_json(text: &str) -> Vec<u8> {
    let mut json = serde_json::to_vec(text).unwrap_or_default();
    json.pop();
    json.drain(..json.len().min(1));
    json
}
