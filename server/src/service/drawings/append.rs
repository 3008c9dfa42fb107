//! Appending actions, idempotently.

use bytes::Bytes;
use yibi_common::api::CreateDrawing;
use yibi_common::codec;
use yibi_common::drawing::{
    Action, DEFAULT_HEIGHT, DEFAULT_WIDTH, Invalid, Mode, Paper, SIDE_RANGE, Stroke, WIDTH_RANGE,
};
use yibi_common::geometry;
use yibi_common::limits::Limits;

use super::quota::Need;
use super::{DrawingError, DrawingResult, DrawingService, check_id, decode};
use crate::domain::batch::{Appended, Batch, Obstacle};
use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, NewDrawing};
use crate::domain::user::UserKey;
use crate::store::Drawings;

/// Attempts to append the rest of a batch while other devices append to the same drawing.
const TRIES: usize = 8;

/// The largest paper: an action that it refuses is refused on every paper. The store checks against the
/// drawing's own paper.
pub(super) const ANY_PAPER: Paper = Paper { width: *SIDE_RANGE.end(), height: *SIDE_RANGE.end() };

/// Content of an append request.
#[derive(Debug)]
pub struct Append {
    /// Number of the first action in the drawing's list.
    pub from_seq: u32,
    pub actions: Vec<Action>,
    /// Properties of a new drawing, if the client sends them.
    pub drawing: Option<CreateDrawing>,
}

impl DrawingService {
    /// Appends actions to a drawing's list and returns the list's new end. The append at 0 creates the
    /// drawing. Appends are idempotent: actions that are stored already from `from_seq` on are not stored
    /// again.
    ///
    /// # Errors
    /// [`DrawingError::Conflict`] when the stored list differs from the one that the caller continues, and
    /// most other errors.
    pub async fn append(&self, user: &UserKey, id: &str, append: Append) -> DrawingResult<u32> {
        check_id(id)?;
        let limits = &self.0.limits;
        if append.actions.len() > limits.actions_per_drawing as usize {
            return Err(DrawingError::DrawingFull);
        }
        for (index, action) in append.actions.iter().enumerate() {
            let valid = action.validate(ANY_PAPER, Mode::Free, limits);
            valid.map_err(|rule| DrawingError::Invalid { index: Some(index), rule })?;
        }
        let points: u64 = append.actions.iter().map(|action| u64::from(action.point_count())).sum();
        if points > u64::from(limits.points_per_drawing) {
            return Err(DrawingError::DrawingFull);
        }
        let create = creation(&append, limits)?;
        let actions = &append.actions;
        let blobs: Vec<Bytes> = actions.iter().map(codec::encode).map(Bytes::from).collect();
        let count = u32::try_from(actions.len()).unwrap_or(u32::MAX);
        let end = append.from_seq.checked_add(count).ok_or(DrawingError::DrawingFull)?;

        let mut from = append.from_seq;
        for _ in 0..TRIES {
            let skip = (from - append.from_seq) as usize;
            let (rest, rest_blobs) = (actions.get(skip..), blobs.get(skip..));
            let batch = batch(from, rest.unwrap_or_default(), rest_blobs.unwrap_or_default(), limits);
            let need = Need { id, drawing: create.is_some(), bytes: batch.bytes(), empties_bin: true };
            let refused = |header: Option<&Header>| match (header, &create) {
                (Some(header), create) => batch.obstacle(header, create.as_ref()).is_some(),
                (None, Some(new)) => {
                    batch.obstacle(&Header::fresh(id, new, Micros::now()), Some(new)).is_some()
                }
                (None, None) => true,
            };
            let room = self.room_for(user, need, refused, |_| 0).await?;
            match self.0.store.append(user, id, &batch, create.as_ref(), Micros::now()).await? {
                Appended::Done { seq, created } => {
                    let bytes = i64::try_from(batch.bytes()).unwrap_or(i64::MAX);
                    room.settle(i64::from(created), bytes);
                    self.0.metrics.appended(batch.len());
                    self.tell_saved(user, id, Some(batch.from_seq), created).await;
                    return Ok(seq);
                }
                Appended::Missing => {
                    room.release();
                    return Err(DrawingError::NotFound);
                }
                Appended::Refused(Obstacle::Moved, header) => {
                    room.release();
                    match self.continuation(user, id, &append, create.as_ref(), &header).await? {
                        Some(next) if next < end => from = next,
                        Some(_) => return Ok(end),
                        None => return Err(DrawingError::Conflict { base: header.base, seq: header.seq }),
                    }
                }
                Appended::Refused(Obstacle::InRelay, header) if self.settle_room(user, &header).await? => {
                    room.release();
                }
                Appended::Refused(obstacle, header) => {
                    room.release();
                    return Err(refusal(obstacle, &header, rest.unwrap_or_default(), skip, limits));
                }
            }
        }
        Err(DrawingError::Busy)
    }

    /// Where the append continues if its first actions equal the stored ones from `from_seq` on: the list's
    /// end, or the append's own end if all of it is stored. `None` if the lists differ.
    async fn continuation(
        &self,
        user: &UserKey,
        id: &str,
        append: &Append,
        create: Option<&NewDrawing>,
        header: &Header,
    ) -> DrawingResult<Option<u32>> {
        let another = create.is_some_and(|new| new.is_another_than(header));
        if another || append.from_seq < header.base || append.from_seq > header.seq {
            return Ok(None);
        }
        let Some(stored) = self.0.store.read(user, id, append.from_seq).await? else { return Ok(None) };
        if stored.since != append.from_seq {
            return Ok(None);
        }
        for (blob, action) in stored.actions.iter().zip(&append.actions) {
            // Decoded before the comparison: another version may encode the same action in other bytes.
            if decode(blob)? != *action {
                return Ok(None);
            }
        }
        Ok(Some(stored.header.seq))
    }
}

fn creation(append: &Append, limits: &Limits) -> DrawingResult<Option<NewDrawing>> {
    let explicit = append.drawing.is_some();
    if append.from_seq != 0 {
        let reason = "a drawing is described by the append at 0 only";
        return if explicit { Err(DrawingError::Value(reason)) } else { Ok(None) };
    }
    let asked = append.drawing.clone().unwrap_or_default();
    let paper =
        Paper { width: asked.width.unwrap_or(DEFAULT_WIDTH), height: asked.height.unwrap_or(DEFAULT_HEIGHT) };
    if !SIDE_RANGE.contains(&paper.width) || !SIDE_RANGE.contains(&paper.height) {
        return Err(DrawingError::Value("width and height are between 64 and 8192"));
    }
    let title = asked.title.unwrap_or_default();
    super::listing::check_title(&title, limits)?;
    Ok(Some(NewDrawing { title, paper, mode: asked.mode.unwrap_or_default(), explicit }))
}

pub(super) fn batch(from_seq: u32, actions: &[Action], blobs: &[Bytes], limits: &Limits) -> Batch {
    let mut widths = actions.iter().map(|action| one_stroke_width(action, limits));
    Batch {
        from_seq,
        blobs: blobs.to_vec(),
        stroke_count: actions.iter().map(Action::stroke_count).sum(),
        point_count: actions.iter().map(Action::point_count).sum(),
        min_paper: min_paper(actions, limits),
        one_stroke_width: widths.try_fold(1, |most, width| Some(width?.max(most))),
        max_actions: limits.actions_per_drawing,
        max_bytes: u64::from(limits.bytes_per_drawing),
        max_points: limits.points_per_drawing,
        in_room: false,
    }
}

/// The narrowest paper in mode `one_stroke` that accepts this action; `None` if none does.
fn one_stroke_width(action: &Action, limits: &Limits) -> Option<u32> {
    action.validate(ANY_PAPER, Mode::OneStroke, limits).ok()?;
    let Action::Stroke { stroke, .. } = action else { return Some(1) };
    let limit = f64::from(limits.one_stroke_length.max(1));
    let least = (geometry::path_length(&stroke.points) * f64::from(DEFAULT_WIDTH) / limit).ceil() as u32;
    // The computed width may be off by one because of rounding: the rule itself decides among its neighbours.
    (least.saturating_sub(1)..=least.saturating_add(1)).find(|&width| {
        let paper = Paper { width, height: ANY_PAPER.height };
        geometry::path_length(&stroke.points) <= paper.one_stroke_length(limits.one_stroke_length)
    })
}

/// The smallest paper that accepts all widths and on which all points are within the allowed distance.
fn min_paper(actions: &[Action], limits: &Limits) -> Paper {
    let strokes = actions.iter().filter_map(|action| match action {
        Action::Stroke { stroke, .. } => Some(stroke),
        Action::Background { .. }
        | Action::Undo { .. }
        | Action::Redo { .. }
        | Action::Clear { .. }
        | Action::Remove { .. }
        | Action::Weapp { .. } => None,
    });
    let farthest = |stroke: &Stroke| {
        let far = |most: (u32, u32), point: &yibi_common::drawing::Point| {
            (most.0.max(point.x.unsigned_abs()), most.1.max(point.y.unsigned_abs()))
        };
        stroke.points.iter().fold((0, 0), far)
    };
    let (x, y) = strokes.clone().map(farthest).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
    let factor = limits.coordinate_factor.max(1);
    let thickest = strokes.map(|stroke| stroke.width).max().unwrap_or_default();
    let for_width = match thickest.checked_sub(*WIDTH_RANGE.end()) {
        Some(1..) => (u32::from(thickest) * DEFAULT_WIDTH).div_ceil(u32::from(*WIDTH_RANGE.end())),
        Some(0) | None => 0,
    };
    Paper { width: x.div_ceil(factor).max(for_width), height: y.div_ceil(factor) }
}

/// Error for an obstacle, with the index of the action that breaks the rule.
pub(super) fn refusal(
    obstacle: Obstacle,
    header: &Header,
    actions: &[Action],
    skipped: usize,
    limits: &Limits,
) -> DrawingError {
    match obstacle {
        Obstacle::Deleted => DrawingError::Deleted,
        Obstacle::InRelay => DrawingError::InRelay,
        Obstacle::Frozen => DrawingError::RoomFrozen,
        Obstacle::Moved => DrawingError::Conflict { base: header.base, seq: header.seq },
        Obstacle::Actions | Obstacle::Bytes | Obstacle::Points => DrawingError::DrawingFull,
        // No append meets the last one, which is of 2016 saves.
        Obstacle::OneStroke | Obstacle::OffPaper | Obstacle::Several => {
            let broken = actions.iter().enumerate().find_map(|(index, action)| {
                let rule = action.validate(header.paper, header.mode, limits).err()?;
                Some(DrawingError::Invalid { index: Some(index + skipped), rule })
            });
            let mut strokes = (skipped..).zip(actions).filter(|(_, action)| action.stroke_count() > 0);
            let second = strokes.nth(usize::from(header.stroke_count == 0)).map(|(index, _)| index);
            broken.unwrap_or(DrawingError::Invalid { index: second, rule: Invalid::SecondStroke })
        }
    }
}
