//! The audit log: the changes that operators made.

use serde::{Deserialize, Serialize};

use crate::sharing::Reason;

/// The parameters of `GET /audit`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of `GET /audit`, the latest entry first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// One change that an operator made. It names things by their ids, never a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The time of the change.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The operator: `token:NAME`, or `uid:NUMBER` through the socket.
    pub who: String,
    /// The operator's address, or `socket`.
    pub from: String,
    /// The kind of change.
    pub change: Change,
    /// The public id of the user that the change concerns.
    pub user: String,
    /// The id of the session, drawing, case or order, or the code of the room; absent where the change concerns the user as
    /// a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The reason of a removal, from 1 to 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u8>, minimum = 1, maximum = 6))]
    pub reason: Option<Reason>,
    /// The id of the request that made the change.
    pub request_id: String,
}

/// A kind of change that an operator can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// End a session.
    RevokeSession,
    /// End all sessions of a user.
    RevokeSessions,
    /// Block a user.
    BlockUser,
    /// Unblock a user.
    UnblockUser,
    /// Make WeChat replace a session's session_key.
    ResetSessionKey,
    /// Put a drawing in the bin.
    DeleteDrawing,
    /// Restore a drawing from the bin.
    RestoreDrawing,
    /// Give WeChat's access token to another backend.
    GiveAccessToken,
    /// Pass the content of a review case.
    PassCase,
    /// Remove the content of a review case.
    RemoveCase,
    /// Hold the content of a review case, which also takes back a decision.
    HoldCase,
    /// Add a remark to a review case.
    NoteCase,
    /// Open a review case of a share.
    OpenCase,
    /// Stop a room until a decision.
    FreezeRoom,
    /// Let a frozen room go on.
    ThawRoom,
    /// End a room.
    CloseRoom,
    /// Remove a stroke from the drawing of a room.
    RemoveStroke,
    /// Pass the picture of an order.
    PassOrder,
    /// Refuse to print the picture of an order.
    RejectOrder,
    /// Begin the print of an order.
    PrintOrder,
    /// Send the print of an order.
    ShipOrder,
    /// Give the money of an order back.
    RefundOrder,
    /// Take the money of a held order as its payment.
    ReleaseOrder,
    /// Read the address of an order.
    ReadAddress,
}

impl Change {
    /// All kinds of change.
    pub const ALL: [Self; 24] = [
        Self::RevokeSession,
        Self::RevokeSessions,
        Self::BlockUser,
        Self::UnblockUser,
        Self::ResetSessionKey,
        Self::DeleteDrawing,
        Self::RestoreDrawing,
        Self::GiveAccessToken,
        Self::PassCase,
        Self::RemoveCase,
        Self::HoldCase,
        Self::NoteCase,
        Self::OpenCase,
        Self::FreezeRoom,
        Self::ThawRoom,
        Self::CloseRoom,
        Self::RemoveStroke,
        Self::PassOrder,
        Self::RejectOrder,
        Self::PrintOrder,
        Self::ShipOrder,
        Self::RefundOrder,
        Self::ReleaseOrder,
        Self::ReadAddress,
    ];

    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RevokeSession => "revoke_session",
            Self::RevokeSessions => "revoke_sessions",
            Self::BlockUser => "block_user",
            Self::UnblockUser => "unblock_user",
            Self::ResetSessionKey => "reset_session_key",
            Self::DeleteDrawing => "delete_drawing",
            Self::RestoreDrawing => "restore_drawing",
            Self::GiveAccessToken => "give_access_token",
            Self::PassCase => "pass_case",
            Self::RemoveCase => "remove_case",
            Self::HoldCase => "hold_case",
            Self::NoteCase => "note_case",
            Self::OpenCase => "open_case",
            Self::FreezeRoom => "freeze_room",
            Self::ThawRoom => "thaw_room",
            Self::CloseRoom => "close_room",
            Self::RemoveStroke => "remove_stroke",
            Self::PassOrder => "pass_order",
            Self::RejectOrder => "reject_order",
            Self::PrintOrder => "print_order",
            Self::ShipOrder => "ship_order",
            Self::RefundOrder => "refund_order",
            Self::ReleaseOrder => "release_order",
            Self::ReadAddress => "read_address",
        }
    }

    /// Tells whether the change concerns a drawing, whose id is then the entry's `target`.
    #[must_use]
    pub fn is_of_drawing(self) -> bool {
        matches!(self, Self::DeleteDrawing | Self::RestoreDrawing)
    }

    /// Tells whether the change concerns a review case, whose id is then the entry's `target`.
    #[must_use]
    pub fn is_of_case(self) -> bool {
        matches!(self, Self::PassCase | Self::RemoveCase | Self::HoldCase | Self::NoteCase | Self::OpenCase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_changes_are_those_of_json() {
        for change in Change::ALL {
            assert_eq!(serde_json::to_value(change).unwrap(), change.name());
        }
    }
}
