//! Pictures of 2016 clients, and the rules by which a drawing takes or refuses one.

use yibi_common::drawing::{Mode, Paper};

use super::batch::Obstacle;
use super::drawing::Header;

/// Picture that a 2016 client saves.
#[derive(Debug, Clone)]
pub struct WeappSave<'a> {
    /// Id in the v1 API.
    pub id: &'a str,
    /// Id that the client chose, where it differs. A drawing without one takes it over.
    pub weapp_id: Option<&'a str>,
    /// Paper, if the drawing is new.
    pub paper: Paper,
    /// Stored form of the action.
    pub blob: &'a [u8],
    /// Strokes of the picture.
    pub stroke_count: u32,
    /// Points of the strokes.
    pub point_count: u32,
    /// As in [`Batch`](super::batch::Batch).
    pub max_actions: u32,
    /// As in [`Batch`](super::batch::Batch).
    pub max_bytes: u64,
    /// As in [`Batch`](super::batch::Batch).
    pub max_points: u32,
}

impl WeappSave<'_> {
    /// The rule that refuses this picture for that drawing, in the bin or not. Every store decides by this function,
    /// or by an equivalent filter. A drawing in mode `one_stroke` refuses all pictures: they are not a single
    /// stroke.
    #[must_use]
    pub fn obstacle(&self, header: &Header) -> Option<Obstacle> {
        let (actions, bytes, points) = if header.all_weapp {
            (0, 0, 0)
        } else {
            (header.seq - header.base, header.bytes, header.point_count)
        };
        if header.is_drawn_by_several() {
            Some(Obstacle::Several)
        } else if header.mode == Mode::OneStroke {
            Some(Obstacle::OneStroke)
        } else if actions >= self.max_actions {
            Some(Obstacle::Actions)
        } else if bytes.saturating_add(self.blob.len() as u64) > self.max_bytes {
            Some(Obstacle::Bytes)
        } else if self.point_count > 0 && points.saturating_add(self.point_count) > self.max_points {
            Some(Obstacle::Points)
        } else {
            None
        }
    }
}

/// Outcome of a 2016 save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeappSaved {
    /// The picture is stored durably.
    Done {
        /// Change of the user's bytes.
        bytes: i64,
        /// Whether the drawing is new.
        created: bool,
    },
    Refused(Obstacle),
}

/// Entry of the 2016 list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeappHead {
    pub header: Header,
    /// Stored form of the last action, if it is a 2016 save, which is then the whole visible picture.
    pub last: Option<Vec<u8>>,
}

/// Takes heads as long as they fit, see [`Drawings::weapp_heads`](crate::store::Drawings::weapp_heads).
#[derive(Debug)]
pub(crate) struct Heads {
    taken: Vec<WeappHead>,
    left: u64,
}

impl Heads {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self { taken: Vec::new(), left: max_bytes }
    }

    /// Takes an entry if it fits. After the first that does not fit, the list is complete.
    pub(crate) fn take(&mut self, head: WeappHead) -> bool {
        let bytes = head.last.as_ref().map_or(0, |last| last.len() as u64);
        let left = self.left.checked_sub(bytes);
        if left.is_none() && !self.taken.is_empty() {
            return false;
        }
        self.left = left.unwrap_or(0);
        self.taken.push(head);
        true
    }

    pub(crate) fn into_vec(self) -> Vec<WeappHead> {
        self.taken
    }
}
