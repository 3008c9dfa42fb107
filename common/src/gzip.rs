//! Composes gzip members (RFC 1952) of parts that were deflated earlier.
//!
//! A [`Part`] is a deflate stream (RFC 1951) without a last block that ends on a byte boundary and refers to no bytes
//! before itself, so parts can follow each other with stored blocks between them. The checksum of the member is computed
//! from the checksums of the parts; no part is inflated.

use std::borrow::Cow;

use crc32fast::Hasher;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The highest ratio of deflate, RFC 1951: 258 bytes in two bits.
pub(crate) const MAX_RATIO: usize = 1032;
/// The longest stored block.
const MAX_BLOCK: usize = 0xffff;
/// The header of a member: magic number, deflate, no flags, time, hints or system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A deflated piece of a member, which other pieces can precede and follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// The deflate blocks.
    pub stream: Cow<'a, [u8]>,
    /// The number of bytes that they inflate to.
    pub len: usize,
    /// The CRC-32 of the inflated bytes.
    pub crc: u32,
}

impl Part<'static> {
    /// Deflates bytes at a level as zlib counts them, 0 to 9; `None` if the part is not shorter than the bytes.
    #[must_use]
    pub fn deflate(bytes: &[u8], level: u32) -> Option<Self> {
        // A stream that fills this room saves nothing, and may be incomplete.
        let mut stream = Vec::with_capacity(bytes.len());
        let mut state = Compress::new(Compression::new(level), false);
        let status = state.compress_vec(bytes, &mut stream, FlushCompress::Sync).ok()?;
        let whole = status == Status::Ok && state.total_in() == bytes.len() as u64;
        (whole && stream.len() < bytes.len()).then(|| {
            stream.shrink_to_fit();
            Self { stream: stream.into(), len: bytes.len(), crc: crc32fast::hash(bytes) }
        })
    }
}

impl Part<'_> {
    /// Copies a borrowed stream.
    #[must_use]
    pub fn into_owned(self) -> Part<'static> {
        Part { stream: self.stream.into_owned().into(), len: self.len, crc: self.crc }
    }

    /// Appends the inflated bytes to `out`. `None` if the stream is damaged or its length or checksum is wrong; `out` may
    /// then have a part of the bytes appended.
    #[must_use]
    pub fn inflate(&self, out: &mut Vec<u8>) -> Option<()> {
        if self.len > self.stream.len().saturating_mul(MAX_RATIO) {
            return None;
        }
        let begin = out.len();
        // One byte more, so that a stream of too many bytes is noticed.
        out.reserve_exact(self.len + 1);
        let mut state = Decompress::new(false);
        let status = state.decompress_vec(&self.stream, out, FlushDecompress::Sync);
        let bytes = out.get(begin..)?;
        let whole = matches!(status, Ok(Status::Ok | Status::BufError))
            && state.total_in() == self.stream.len() as u64
            && self.stream.ends_with(&[0, 0, 0xff, 0xff])
            && bytes.len() == self.len;
        (whole && crc32fast::hash(bytes) == self.crc).then_some(())
    }
}

/// Writes a gzip member piece by piece. Each method appends to the given vector, so a member can be sent before it is
/// complete.
#[derive(Debug, Default)]
pub struct Gzip {
    sum: Hasher,
    len: u32,
}

impl Gzip {
    /// Starts a member: appends its header to `out`.
    #[must_use]
    pub fn begin(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&HEAD);
        Self::default()
    }

    /// Appends bytes as stored blocks.
    pub fn bytes(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        for block in bytes.chunks(MAX_BLOCK) {
            let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
            out.push(0);
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(&(!len).to_le_bytes());
            out.extend_from_slice(block);
        }
        self.sum.update(bytes);
        self.grow(bytes.len());
    }

    /// Appends a deflated part.
    pub fn part(&mut self, out: &mut Vec<u8>, part: &Part<'_>) {
        out.extend_from_slice(&part.stream);
        self.sum.combine(&Hasher::new_with_initial_len(part.crc, part.len as u64));
        self.grow(part.len);
    }

    /// Appends the last block, the checksum and the length.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&LAST_BLOCK);
        out.extend_from_slice(&self.sum.finalize().to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
    }

    /// Counts the length modulo 2³², as the format requires.
    fn grow(&mut self, bytes: usize) {
        self.len = self.len.wrapping_add(bytes as u32);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    /// Bytes with and without repetitions.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(0..4_u8, 0..5_000),
            (0..80_000_usize).prop_map(|len| vec![b'a'; len]),
        ]
    }

    fn unpacked(member: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        GzDecoder::new(member).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn an_empty_member_is_valid() {
        let mut out = Vec::new();
        Gzip::begin(&mut out).end(&mut out);
        assert_eq!(unpacked(&out), b"");
        assert_eq!(Part::deflate(b"", 6), None);
        assert_eq!(Part::deflate(b"short", 6), None);
    }

    proptest! {
        #[test]
        fn a_member_contains_its_parts_in_order(pieces in prop::collection::vec((bytes(), 0..=9_u32), 0..8)) {
            let (mut out, mut whole) = (Vec::new(), Vec::<u8>::new());
            let mut gzip = Gzip::begin(&mut out);
            for (piece, level) in &pieces {
                whole.extend(piece);
                match Part::deflate(piece, *level).filter(|_| *level > 0) {
                    Some(part) => {
                        prop_assert!(part.stream.len() < piece.len());
                        let mut back = b"before".to_vec();
                        prop_assert_eq!(part.inflate(&mut back), Some(()));
                        prop_assert_eq!(&back[6..], &piece[..]);
                        gzip.part(&mut out, &part);
                    }
                    None => gzip.bytes(&mut out, piece),
                }
            }
            gzip.end(&mut out);
            prop_assert_eq!(unpacked(&out), whole);
        }

        #[test]
        fn a_damaged_part_is_detected(place: prop::sample::Index, bit in 0..8_u32, wrong in 0..4) {
            let text = r#"{\"method\":\"lineTo\",\"data\":[12.5,40]},"#.repeat(30);
            let mut part = Part::deflate(text.as_bytes(), 6).unwrap();
            match wrong {
                0 => part.len += 1,
                1 => part.len -= 1,
                2 => part.crc ^= 1 << bit,
                _ => {
                    let mut stream = part.stream.to_vec();
                    let place = place.index(stream.len());
                    stream[place] ^= 1 << bit;
                    part.stream = stream.into();
                }
            }
            let mut out = Vec::new();
            let found = part.inflate(&mut out);
            // Padding bits at a block's end have no meaning; then the text is intact.
            prop_assert!(found.is_none() || (wrong == 3 && out == text.as_bytes()));
            prop_assert!(out.len() <= text.len() + 2);
        }
    }
}
