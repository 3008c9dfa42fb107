//! Chunks: the part of a list before the tail in its header.

use futures_util::TryStreamExt;
use mongodb::bson::{Binary, doc};

use super::schema::{ChunkDoc, Collections, DrawingDoc, MAX_TIME, chunk_key, chunk_keys};
use super::{StoreResult, error};

impl Collections {
    /// Writes the tail as a chunk. Concurrent and repeated calls are harmless: the key names the actions and
    /// the incarnation, whose content never changes.
    pub(super) async fn seal(&self, drawing: &DrawingDoc) -> StoreResult<()> {
        let chunk = ChunkDoc {
            key: chunk_key(&drawing.key, drawing.inc, drawing.tail_from, drawing.seq),
            u: drawing.u.clone(),
            created_at: drawing.created_at,
            first: drawing.tail_from,
            end: drawing.seq,
            blobs: drawing.tail.clone(),
        };
        match self.chunks.insert_one(&chunk).await {
            Err(error) if !error::is_duplicate(&error) => Err(error.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The actions from number `since` up to the start of the drawing's tail; `None` when one is missing.
    pub(super) async fn sealed(&self, drawing: &DrawingDoc, since: u32) -> StoreResult<Option<Vec<Vec<u8>>>> {
        let keys = chunk_keys(&drawing.key, drawing.inc, Some(drawing.tail_from));
        let cursor = self
            .chunks
            .find(doc! {"_id": keys, "u": &drawing.u, "end": {"$gt": i64::from(since)}})
            .sort(doc! {"_id": 1})
            .batch_size(1_000)
            .max_time(MAX_TIME)
            .await?;
        let chunks: Vec<ChunkDoc> = cursor.try_collect().await?;
        Ok(stitch(chunks, since, drawing.tail_from))
    }

    /// Removes all chunks of a drawing.
    pub(super) async fn delete_chunks(&self, drawing: &DrawingDoc) -> StoreResult<()> {
        let keys = chunk_keys(&drawing.key, drawing.inc, None);
        self.chunks.delete_many(doc! {"_id": keys, "u": &drawing.u}).await?;
        Ok(())
    }
}

/// Extracts the actions `since` to `end` from chunks, which are sorted by their first numbers and may
/// overlap.
fn stitch(chunks: Vec<ChunkDoc>, since: u32, end: u32) -> Option<Vec<Vec<u8>>> {
    let mut actions = Vec::new();
    let mut next = since;
    for chunk in chunks {
        if chunk.first > next {
            return None;
        }
        let skip = (next - chunk.first) as usize;
        let wanted = end.saturating_sub(next) as usize;
        actions.extend(chunk.blobs.into_iter().skip(skip).take(wanted).map(bytes));
        next = since.saturating_add(u32::try_from(actions.len()).ok()?);
    }
    (next == end).then_some(actions)
}

pub(super) fn bytes(blob: Binary) -> Vec<u8> {
    blob.bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Micros;
    use crate::store::mongo::schema::binary;

    fn chunks(ranges: &[(u32, u32)]) -> Vec<ChunkDoc> {
        let chunk = |&(first, end): &(u32, u32)| ChunkDoc {
            key: String::new(),
            u: String::new(),
            created_at: Micros(0),
            first,
            end,
            blobs: (first..end).map(|number| binary(&number.to_le_bytes())).collect(),
        };
        ranges.iter().map(chunk).collect()
    }

    fn stitched(ranges: &[(u32, u32)], since: u32, end: u32) -> Option<Vec<u32>> {
        let actions = stitch(chunks(ranges), since, end)?;
        Some(actions.into_iter().map(|blob| u32::from_le_bytes(blob.try_into().unwrap())).collect())
    }

    #[test]
    fn overlapping_chunks_give_each_action_once() {
        let all = |from, to| Some((from..to).collect::<Vec<u32>>());
        assert_eq!(stitched(&[(0, 4), (4, 9)], 0, 9), all(0, 9));
        assert_eq!(stitched(&[(0, 4), (0, 6), (4, 9), (6, 7), (6, 9)], 0, 9), all(0, 9));
        assert_eq!(stitched(&[(0, 4), (4, 9)], 3, 9), all(3, 9));
        assert_eq!(stitched(&[(4, 9), (6, 12)], 5, 9), all(5, 9));
        assert_eq!(stitched(&[(2, 9)], 5, 7), all(5, 7));
        assert_eq!(stitched(&[], 5, 5), all(5, 5));
    }

    #[test]
    fn a_gap_is_no_list() {
        assert_eq!(stitched(&[(0, 4), (5, 9)], 0, 9), None);
        assert_eq!(stitched(&[(1, 9)], 0, 9), None);
        assert_eq!(stitched(&[(0, 8)], 0, 9), None);
        assert_eq!(stitched(&[], 0, 1), None);
    }
}
