//! Drawings as the stores keep them.

use yibi_common::drawing::{Mode, Paper};
use yibi_common::rooms::RoomState;

use super::batch::Obstacle;
use super::clock::Micros;
use super::room::Room;

/// A drawing without its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Id in the v1 API.
    pub id: String,
    /// Id that a 2016 client chose, where it differs from `id`.
    pub weapp_id: Option<String>,
    /// Title, empty by default.
    pub title: String,
    pub paper: Paper,
    pub mode: Mode,
    /// Number of the first action that is kept.
    pub base: u32,
    /// Number that the next action gets; `seq - base` actions are kept.
    pub seq: u32,
    /// Whether all kept actions are 2016 saves; true without actions.
    pub all_weapp: bool,
    /// Strokes among the kept actions, undone ones included.
    pub stroke_count: u32,
    /// Points of the strokes.
    pub point_count: u32,
    /// Bytes of the actions' stored forms.
    pub bytes: u64,
    pub created_at: Micros,
    /// When an action was last added. A new title, deleting and restoring leave it as it is, so that a drawing keeps
    /// its place in the lists.
    pub updated_at: Micros,
    /// Position in the 2016 list: the time of creation, or of the last 2016 save that took the drawing out of the
    /// bin.
    pub first_saved_at: Micros,
    /// Time of deletion, while the drawing is in the bin.
    pub deleted_at: Option<Micros>,
    /// Public ids of the people who drew, in the order of the actions' `by`, the owner first; empty while the owner
    /// alone has drawn.
    pub authors: Vec<String>,
    /// The room in which others draw, or drew.
    pub room: Option<Box<Room>>,
}

impl Header {
    /// Header of a new drawing without actions.
    #[must_use]
    pub fn fresh(id: &str, new: &NewDrawing, now: Micros) -> Self {
        Self {
            id: id.to_owned(),
            weapp_id: None,
            title: new.title.clone(),
            paper: new.paper,
            mode: new.mode,
            base: 0,
            seq: 0,
            all_weapp: true,
            stroke_count: 0,
            point_count: 0,
            bytes: 0,
            created_at: now,
            updated_at: now,
            first_saved_at: now,
            deleted_at: None,
            authors: Vec::new(),
            room: None,
        }
    }

    /// Whether others than the owner drew, or may.
    #[must_use]
    pub fn is_drawn_by_several(&self) -> bool {
        self.authors.len() > 1 || self.room.as_ref().is_some_and(|room| room.state != RoomState::Closed)
    }

    /// The rule by which the drawing's room refuses actions of the owner that come past it.
    #[must_use]
    pub fn room_obstacle(&self) -> Option<Obstacle> {
        let room = self.room.as_ref().filter(|room| room.refuses_owner())?;
        Some(if room.state == RoomState::Frozen { Obstacle::Frozen } else { Obstacle::InRelay })
    }
}

/// A drawing with actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub header: Header,
    /// Number of the first action in `actions`: the requested one, bounded by `base` and `seq`.
    pub since: u32,
    /// Stored forms of the actions from `since` to `seq`.
    pub actions: Vec<Vec<u8>>,
}

/// Properties of a drawing that an append at 0 creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDrawing {
    pub title: String,
    pub paper: Paper,
    pub mode: Mode,
    /// Whether the client named any of these: then an existing drawing must have the same paper and mode.
    pub explicit: bool,
}

impl NewDrawing {
    /// Whether the client described a drawing with other properties.
    #[must_use]
    pub fn is_another_than(&self, header: &Header) -> bool {
        self.explicit && (self.paper != header.paper || self.mode != header.mode)
    }
}

/// The drawing behind which a page of drawings begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// Its [`Header::updated_at`], in the bin its [`Header::deleted_at`].
    pub moment: Micros,
    /// Its id; equal times are ordered by id, descending like the times.
    pub id: String,
}

impl After {
    /// The place behind a drawing, in the list that it is in.
    #[must_use]
    pub fn drawing(header: &Header) -> Self {
        Self { moment: header.deleted_at.unwrap_or(header.updated_at), id: header.id.clone() }
    }
}

/// Storage that a user takes up, the bin included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub drawings: u32,
    /// Bytes of all stored forms.
    pub bytes: u64,
}
