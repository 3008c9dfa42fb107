//! What happens, as it happens.

use serde::{Deserialize, Serialize};

use super::{AuditEntry, Failure, UserRef};
use crate::drawing::Action;

/// The parameters of `GET /events`: what is wanted, all by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct EventQuery {
    /// Those of these types, with commas between: `sign_in`, `save`, `revoked`, `changed`, `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Those about the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Those about this drawing of that user; not without `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
}

/// Something that happened on some server, as `GET /events` tells it: the `data` of a server-sent event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The server on which it happened.
    pub server: String,
    /// When.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What an [`Event`] tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// A user signed in.
    SignIn {
        /// Who.
        user: UserRef,
        /// The session.
        session: String,
        /// How: `yibi`, `weapp`, `wafer`.
        dialect: String,
        /// Whether it is this user's first one.
        new: bool,
    },
    /// A drawing was saved.
    Save {
        /// Whose.
        user: UserRef,
        /// Its id.
        drawing: String,
        /// Whether it was made by this save.
        created: bool,
        /// The number of the first action that is still there.
        base: u32,
        /// The number of the first new action.
        from_seq: u32,
        /// The number that the next action gets.
        seq: u32,
        /// The new actions; absent where they are more than an event carries (64 KiB): who follows the drawing
        /// then loads it from `from_seq` on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::api::schema::Action>>))]
        actions: Option<Vec<Action>>,
    },
    /// Sessions were ended by their user or an operator.
    Revoked {
        /// Whose.
        user: UserRef,
        /// Which one; absent when all of that user were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// An operator changed something; the audit log has it too.
    Changed {
        /// What.
        entry: AuditEntry,
    },
    /// A request failed by the server's fault, or for a cause that the log tells.
    Failed {
        /// The failure.
        failure: Failure,
    },
    /// The listener was too slow: this many events were left out for it, also of those that it had not asked for.
    Missed {
        /// How many.
        events: u64,
    },
}

impl Happening {
    /// The name of its type, as JSON has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "sign_in",
            Self::Save { .. } => "save",
            Self::Revoked { .. } => "revoked",
            Self::Changed { .. } => "changed",
            Self::Failed { .. } => "failed",
            Self::Missed { .. } => "missed",
        }
    }

    /// The public id of the user whom it is about, where it is about one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::SignIn { user, .. } | Self::Save { user, .. } | Self::Revoked { user, .. } => Some(&user.id),
            Self::Changed { entry } => Some(&entry.user),
            Self::Failed { failure } => failure.user.as_deref(),
            Self::Missed { .. } => None,
        }
    }

    /// The id of the drawing that it is about, where it is about one.
    #[must_use]
    pub fn drawing(&self) -> Option<&str> {
        match self {
            Self::Save { drawing, .. } => Some(drawing),
            Self::Changed { entry } if entry.change.is_of_drawing() => entry.target.as_deref(),
            Self::Changed { .. }
            | Self::SignIn { .. }
            | Self::Revoked { .. }
            | Self::Failed { .. }
            | Self::Missed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let user = UserRef {
            id: "k3v".to_owned(),
            app_id: "wx1".to_owned(),
            openid: "o1".to_owned(),
            nickname: "小明".to_owned(),
        };
        let event = Event {
            server: "a-1".to_owned(),
            at: "2027-01-15T08:00:00.123Z".to_owned(),
            what: Happening::Save {
                user,
                drawing: "d".to_owned(),
                created: true,
                base: 0,
                from_seq: 0,
                seq: 1,
                actions: Some(vec![Action::Clear { at: None }]),
            },
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.what.kind());
        assert_eq!((event.what.user(), event.what.drawing()), (Some("k3v"), Some("d")));
        assert_eq!(json["actions"][0]["type"], "clear");
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}
