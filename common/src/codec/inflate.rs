//! Raw deflate streams (RFC 1951) of bounded size.

use flate2::{Decompress, FlushDecompress, Status};

use super::Malformed;
use crate::gzip::MAX_RATIO;

/// Inflates a stream that ends where `stream` does, to at most `limit` bytes.
pub(super) fn inflate(stream: &[u8], limit: usize) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    let mut room = stream.len().saturating_mul(3).max(64).min(stream.len().saturating_mul(MAX_RATIO));
    let mut state = Decompress::new(false);
    loop {
        // One byte beyond the limit, so that a stream of exactly `limit` bytes can still signal its end.
        bytes.reserve_exact(room.min((limit + 1).saturating_sub(bytes.len())));
        let before = (state.total_in(), bytes.len());
        let left = stream.get(usize::try_from(before.0).unwrap_or(usize::MAX)..).unwrap_or_default();
        let status =
            state.decompress_vec(left, &mut bytes, FlushDecompress::None).or(Err(Malformed::Deflate))?;
        if bytes.len() > limit {
            return Err(Malformed::Deflate);
        }
        match status {
            Status::StreamEnd if state.total_in() == stream.len() as u64 => return Ok(bytes),
            Status::StreamEnd => return Err(Malformed::Trailing),
            Status::Ok | Status::BufError if bytes.len() == bytes.capacity() => room = bytes.len().max(64),
            // There is room left, so the stream lacks input.
            Status::Ok | Status::BufError if before == (state.total_in(), bytes.len()) => {
                return Err(Malformed::Truncated);
            }
            Status::Ok | Status::BufError => room = 0,
        }
    }
}
