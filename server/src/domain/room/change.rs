//! Changes of rooms in the form in which a store writes them.

use super::Room;
use crate::domain::batch::{Batch, Obstacle};
use crate::domain::drawing::Header;

/// A change of a room in the form in which a store writes it, with the strokes that it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomChange {
    /// Version of the room that was read; `None` where the drawing had no room.
    pub known: Option<u32>,
    /// The room after the change.
    pub room: Room,
    /// `seq` of the drawing on which the change relies.
    pub seq: Option<u32>,
    /// The drawing's authors after the change; `None` where they stay.
    pub authors: Option<Vec<String>>,
    /// Actions to append.
    pub batch: Option<Batch>,
}

impl RoomChange {
    /// The change of a room that was read as `known`. The new room has the next version.
    #[must_use]
    pub fn of(known: &Room, room: Room) -> Self {
        let version = known.version.saturating_add(1);
        Self {
            known: Some(known.version),
            room: Room { version, ..room },
            seq: None,
            authors: None,
            batch: None,
        }
    }

    /// Whether the change applies to a drawing as it is stored. Every store decides by this function, or by an
    /// equivalent filter.
    #[must_use]
    pub fn outcome(&self, header: &Header) -> RoomWritten {
        let version = header.room.as_ref().map(|room| room.version);
        if header.deleted_at.is_some()
            || version != self.known
            || self.seq.is_some_and(|seq| seq != header.seq)
        {
            return RoomWritten::Moved;
        }
        match self.batch.as_ref().and_then(|batch| batch.obstacle(header, None)) {
            Some(Obstacle::Moved | Obstacle::Deleted) => RoomWritten::Moved,
            Some(obstacle) => RoomWritten::Refused(obstacle),
            None => RoomWritten::Done,
        }
    }
}

/// Outcome of the change of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomWritten {
    /// The room and its strokes are stored durably.
    Done,
    /// Another change was stored first, or the drawing is gone.
    Moved,
    /// The drawing refuses the strokes.
    Refused(Obstacle),
}
