//! Batches of actions, and the rules by which a drawing takes or refuses one.

use bytes::Bytes;
use yibi_common::drawing::{Mode, Paper};

use super::drawing::{Header, NewDrawing};

/// Actions to append to a drawing, in their stored forms, with the sums by which a store accepts or refuses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of the first action in the drawing's list.
    pub from_seq: u32,
    /// Stored forms of the actions.
    pub blobs: Vec<Bytes>,
    /// Strokes among the actions.
    pub stroke_count: u32,
    /// Points of these strokes.
    pub point_count: u32,
    /// The narrowest and lowest paper that allows all widths and holds all points within the allowed distance.
    pub min_paper: Paper,
    /// The narrowest paper of a drawing in mode `one_stroke` that may take the batch, as far as the batch alone
    /// tells; `None` where no paper may.
    pub one_stroke_width: Option<u32>,
    /// Limit of actions in one drawing.
    pub max_actions: u32,
    /// Limit of bytes in one drawing.
    pub max_bytes: u64,
    /// Limit of points in one drawing.
    pub max_points: u32,
    /// Whether the batch comes through the drawing's room, which admitted it.
    pub in_room: bool,
}

impl Batch {
    /// Sum of the bytes of all stored forms.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.len() as u64).sum()
    }

    /// The number of actions.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.blobs.len()).unwrap_or(u32::MAX)
    }

    /// Whether the batch has no actions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    /// The rule that refuses this batch for that drawing. Every store decides by this function, or by an equivalent
    /// filter.
    #[must_use]
    pub fn obstacle(&self, header: &Header, create: Option<&NewDrawing>) -> Option<Obstacle> {
        if header.deleted_at.is_some() {
            Some(Obstacle::Deleted)
        } else if header.seq != self.from_seq || create.is_some_and(|new| new.is_another_than(header)) {
            Some(Obstacle::Moved)
        } else if let Some(obstacle) = header.room_obstacle().filter(|_| !self.in_room) {
            Some(obstacle)
        } else if header.mode == Mode::OneStroke
            && (self.one_stroke_width.is_none_or(|width| header.paper.width < width)
                || header.stroke_count.saturating_add(self.stroke_count) > 1)
        {
            Some(Obstacle::OneStroke)
        } else if header.paper.width < self.min_paper.width || header.paper.height < self.min_paper.height {
            Some(Obstacle::OffPaper)
        } else if (header.seq - header.base).saturating_add(self.len()) > self.max_actions {
            Some(Obstacle::Actions)
        } else if header.bytes.saturating_add(self.bytes()) > self.max_bytes {
            Some(Obstacle::Bytes)
        } else if self.point_count > 0
            && header.point_count.saturating_add(self.point_count) > self.max_points
        {
            Some(Obstacle::Points)
        } else {
            None
        }
    }
}

/// Rule that refuses a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The drawing is in the bin.
    Deleted,
    /// The list does not end where the batch begins, or the drawing is of another paper or mode.
    Moved,
    /// The drawing is a relay, which takes strokes in turns.
    InRelay,
    /// The drawing's room waits for an operator.
    Frozen,
    /// Several people draw, and a 2016 picture would replace their strokes.
    Several,
    /// The drawing's mode forbids the batch.
    OneStroke,
    /// A point lies too far outside the paper.
    OffPaper,
    /// The drawing would have too many actions.
    Actions,
    /// The drawing would have too many bytes.
    Bytes,
    /// The drawing would have too many points.
    Points,
}

/// Outcome of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The batch is stored durably.
    Done {
        /// Number that the next action gets.
        seq: u32,
        /// Whether the drawing is new.
        created: bool,
    },
    /// The drawing does not exist, and the append does not create one.
    Missing,
    /// Nothing is stored. The header is the drawing's, or the one that a new drawing would have.
    Refused(Obstacle, Box<Header>),
}
