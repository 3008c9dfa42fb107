//! Rooms: people draw in one drawing, all at the same time or in turns.
//!
//! A room is a part of its drawing's header, so that every change is one write, which names the version that was read.
//! Deadlines are compared when the room is read: no timer runs, and nothing is resumed after a restart.

mod change;
mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use yibi_common::rooms::{FrozenBy, RoomKind, RoomState};

use super::clock::Micros;
use super::share::Code;
use super::user::UserKey;

pub use change::{RoomChange, RoomWritten};

/// Room of a drawing. People stand in it by their public ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub code: Code,
    pub kind: RoomKind,
    /// The stored state; [`state_at`](Self::state_at) takes the time into account.
    pub state: RoomState,
    /// Number of changes.
    pub version: u32,
    /// Whether only the owner draws.
    #[serde(default)]
    pub locked: bool,
    /// Strokes at which a relay is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<u32>,
    /// Strokes of a relay that are in effect.
    #[serde(default)]
    pub strokes: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Author of the last stroke of a relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_author: Option<String>,
    /// Time of the last stroke, at first of the opening.
    pub last_at: Micros,
    #[serde(default)]
    pub recent: Vec<RecentStroke>,
    #[serde(default)]
    pub banned: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_by: Option<FrozenBy>,
    /// `seq` of the drawing when the room was last frozen; the room's case is of that copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_seq: Option<u32>,
    /// `seq` of the drawing when an operator last thawed the room. Earlier reports no longer freeze it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_seq: Option<u32>,
    /// `seq` of the drawing when an operator closed the room. Another room needs strokes beyond it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_seq: Option<u32>,
    /// Time at which a relay was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Micros>,
    pub created_at: Micros,
    /// Time at which the room ends unless a stroke is drawn before.
    pub ends_at: Micros,
}

/// Turn of a person in a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub user: String,
    pub until: Micros,
    #[serde(default)]
    pub extended: bool,
}

/// Stroke that a room remembers, so that the same stroke sent again has its first reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentStroke {
    /// Id that the client chose.
    pub stroke_id: String,
    /// Number of the author among the drawing's authors.
    pub by: u16,
    /// Number of the first action.
    pub from: u32,
    /// `seq` of the drawing behind the stroke.
    pub seq: u32,
    pub at: Micros,
}

/// Pointer from a person to a room, for the list of a person's rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Key of the person.
    pub user: UserKey,
    pub code: Code,
    pub joined_at: Micros,
}

/// The member behind which a page of a person's rooms begins, in descending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterMember {
    pub joined_at: Micros,
    pub code: Code,
}

/// Person who acts in a room.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Public id of the user.
    pub id: &'a str,
    pub is_owner: bool,
}

/// Limits of the settings.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// People who draw within a minute.
    pub drawing: u32,
    /// People who draw in all.
    pub authors: u32,
}

/// A stroke, as far as its room is concerned.
#[derive(Debug, Clone, Copy)]
pub struct NewStroke<'a> {
    pub stroke_id: &'a str,
    /// Number of the author among the drawing's authors.
    pub by: u16,
    /// Number of the first action.
    pub from: u32,
    /// `seq` of the drawing behind the stroke.
    pub seq: u32,
}

/// Rule by which a room refuses a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomRefusal {
    /// The owner banned the person.
    Banned,
    /// The room waits for an operator.
    Frozen,
    /// The room is done or closed.
    Ended,
    /// Only the owner may do this.
    OwnerOnly,
    /// Another person has the turn until that time, or the person has none.
    NotYourTurn(Option<Hold>),
    /// Too many people draw.
    Full,
    /// The text is for the client.
    Rule(&'static str),
}
