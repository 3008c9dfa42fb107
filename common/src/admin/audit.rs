//! What operators changed.

use serde::{Deserialize, Serialize};

/// The parameters of `GET /audit`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Rows at most, 1 to 500; 200 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /audit`, the latest first.
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
    /// When.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// Who: `token:NAME`, or `uid:NUMBER` through the socket.
    pub who: String,
    /// From where: an address, or `socket`.
    pub from: String,
    /// What was done.
    pub change: Change,
    /// The public id of the user whom it was done to.
    pub user: String,
    /// The session's or drawing's id; absent where it is the user as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The request by which it was done.
    pub request_id: String,
}

/// What an operator can do to things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// End a session.
    RevokeSession,
    /// End all sessions of a user.
    RevokeSessions,
    /// Keep a user out.
    BlockUser,
    /// Let a user in again.
    UnblockUser,
    /// Have WeChat replace a session's session_key.
    ResetSessionKey,
    /// Put a drawing in the bin.
    DeleteDrawing,
    /// Take a drawing out of the bin.
    RestoreDrawing,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 7] = [
        Self::RevokeSession,
        Self::RevokeSessions,
        Self::BlockUser,
        Self::UnblockUser,
        Self::ResetSessionKey,
        Self::DeleteDrawing,
        Self::RestoreDrawing,
    ];

    /// The name, as JSON has it.
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
        }
    }

    /// Whether it is done to a drawing.
    #[must_use]
    pub fn is_of_drawing(self) -> bool {
        match self {
            Self::DeleteDrawing | Self::RestoreDrawing => true,
            Self::RevokeSession
            | Self::RevokeSessions
            | Self::BlockUser
            | Self::UnblockUser
            | Self::ResetSessionKey => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named_as_in_json() {
        for change in Change::ALL {
            assert_eq!(serde_json::to_value(change).unwrap(), change.name());
        }
    }
}
