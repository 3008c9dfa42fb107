//! A change that an operator makes.

use serde_json::{Value, json};
use yibi_common::admin::Change;
use yibi_common::sharing::Reason;
use yibi_common::shop::Parcel;

/// A change, and a name for what it affects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub change: Change,
    /// The public id of the affected user.
    pub user: String,
    /// The id of the session, drawing or case; `None` where the change affects the user as a whole.
    pub target: Option<String>,
    /// The content of the request, where the change has one.
    pub body: Option<Body>,
    /// The affected thing in words, for outcomes: `小明's session on iPhone 15`.
    pub label: String,
}

/// The content of a change's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The reason of a removal.
    Reason(Reason),
    /// A remark.
    Text(String),
    /// The code of a share.
    Code(String),
    /// The number of a stroke's action.
    Seq(u32),
    /// A parcel on its way.
    Parcel(Parcel),
}

impl Body {
    pub fn json(&self) -> Value {
        match self {
            Self::Reason(reason) => json!({"reason": reason}),
            Self::Text(text) => json!({"text": text}),
            Self::Code(code) => json!({"code": code}),
            Self::Seq(seq) => json!({"seq": seq}),
            Self::Parcel(parcel) => json!(parcel),
        }
    }
}

impl Act {
    /// The change that undoes this one. A revoked session cannot be restored. A decision is taken back by holding
    /// the case, which then waits for another one.
    pub fn inverse(&self) -> Option<Self> {
        let change = match self.change {
            Change::DeleteDrawing => Change::RestoreDrawing,
            Change::RestoreDrawing => Change::DeleteDrawing,
            Change::BlockUser => Change::UnblockUser,
            Change::UnblockUser => Change::BlockUser,
            Change::PassCase | Change::RemoveCase => Change::HoldCase,
            Change::FreezeRoom => Change::ThawRoom,
            Change::ThawRoom => Change::FreezeRoom,
            Change::RevokeSession
            | Change::RevokeSessions
            | Change::ResetSessionKey
            | Change::GiveAccessToken
            | Change::HoldCase
            | Change::NoteCase
            | Change::OpenCase
            | Change::CloseRoom
            | Change::RemoveStroke
            | Change::PassOrder
            | Change::RejectOrder
            | Change::PrintOrder
            | Change::ShipOrder
            | Change::RefundOrder
            | Change::ReleaseOrder
            | Change::ReadAddress => return None,
        };
        Some(Self { change, body: self.body.clone().filter(|_| change != Change::HoldCase), ..self.clone() })
    }

    /// Whether the change takes effect only after a time in which it can still be cancelled.
    pub fn has_grace(&self) -> bool {
        self.inverse().is_none() && !self.change.is_of_case()
    }

    /// The id of the affected thing.
    pub fn id(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.user)
    }
}

/// The words of each kind of change: the button, the work in progress, and the outcome.
pub struct Words {
    pub button: &'static str,
    pub doing: &'static str,
    pub noun: (&'static str, &'static str),
    pub done: &'static str,
}

pub fn words(change: Change) -> Words {
    let (button, doing, noun, done) = match change {
        Change::RevokeSession => ("Revoke", "revoking", ("session", "sessions"), "revoked"),
        Change::RevokeSessions => {
            ("Revoke all", "revoking all sessions of", ("user", "users"), "signed out everywhere")
        }
        Change::BlockUser => ("Block", "blocking", ("user", "users"), "blocked"),
        Change::UnblockUser => ("Unblock", "unblocking", ("user", "users"), "unblocked"),
        Change::ResetSessionKey => {
            ("Reset", "resetting", ("session_key", "session_keys"), "given a new session_key")
        }
        Change::DeleteDrawing => ("Move to bin", "binning", ("drawing", "drawings"), "moved to the bin"),
        Change::RestoreDrawing => ("Restore", "restoring", ("drawing", "drawings"), "restored"),
        Change::GiveAccessToken => ("Give", "giving", ("access token", "access tokens"), "given"),
        Change::PassCase => ("Pass", "passing", ("case", "cases"), "passed"),
        Change::RemoveCase => ("Remove", "removing", ("case", "cases"), "removed"),
        Change::HoldCase => ("Hold", "holding", ("case", "cases"), "held"),
        Change::NoteCase => ("Note", "noting", ("note", "notes"), "noted"),
        Change::OpenCase => ("Open", "opening", ("case", "cases"), "opened a case of"),
        Change::FreezeRoom => ("Freeze", "freezing", ("room", "rooms"), "frozen"),
        Change::ThawRoom => ("Thaw", "thawing", ("room", "rooms"), "thawed"),
        Change::CloseRoom => ("Close", "closing", ("room", "rooms"), "closed"),
        Change::RemoveStroke => ("Remove", "removing", ("stroke", "strokes"), "removed"),
        Change::PassOrder => ("Pass", "passing", ("print", "prints"), "passed"),
        Change::RejectOrder => ("Reject", "rejecting", ("print", "prints"), "rejected"),
        Change::PrintOrder => ("Print", "printing", ("order", "orders"), "printing"),
        Change::ShipOrder => ("Ship", "shipping", ("order", "orders"), "shipped"),
        Change::RefundOrder => ("Refund", "refunding", ("order", "orders"), "refunding"),
        Change::ReleaseOrder => ("Release", "releasing", ("order", "orders"), "released"),
        Change::ReadAddress => ("Read", "reading", ("address", "addresses"), "read"),
    };
    Words { button, doing, noun, done }
}

/// `1 session`, `3 drawings`.
pub fn counted(change: Change, count: usize) -> String {
    let (one, many) = words(change).noun;
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The outcome in words: `小明's session on iPhone 15 revoked`, `3 drawings moved to the bin`.
pub fn outcome(acts: &[Act]) -> String {
    match acts {
        [] => String::new(),
        [one] => format!("{} {}", one.label, words(one.change).done),
        [first, ..] => format!("{} {}", counted(first.change, acts.len()), words(first.change).done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_undo_can_be_undone() {
        for change in Change::ALL {
            let act =
                Act { change, user: "u".into(), target: Some("t".into()), body: None, label: "it".into() };
            if let Some(inverse) = act.inverse() {
                assert_ne!(inverse.change, change);
                // A held case waits for a decision of any kind.
                if change.is_of_case() {
                    assert_eq!(inverse.change, Change::HoldCase);
                    continue;
                }
                assert_eq!(inverse.inverse(), Some(act));
            }
        }
    }
}
