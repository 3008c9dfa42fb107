//! Live events.

use serde::{Deserialize, Serialize};

use super::{AuditEntry, Failure, UserRef};
use crate::drawing::Action;

/// The parameters of `GET /events`; each narrows the selection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct EventQuery {
    /// Only events of these types, separated by commas: `sign_in`, `save`, `revoked`, `changed`, `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Only events about the user with this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only events about this drawing of that user; requires `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
}

/// An event on one of the servers: the `data` of a server-sent event of `GET /events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The server on which the event happened.
    pub server: String,
    /// The time of the event.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The content of the event.
    #[serde(flatten)]
    pub what: Happening,
}

/// The content of an [`Event`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// A user signed in.
    SignIn {
        /// The user who signed in.
        user: UserRef,
        /// The id of the new session.
        session: String,
        /// The dialect: `yibi`, `weapp` or `wafer`.
        dialect: String,
        /// Whether it is the user's first sign-in.
        new: bool,
    },
    /// A drawing was saved.
    Save {
        /// The user who owns the drawing.
        user: UserRef,
        /// The drawing's id.
        drawing: String,
        /// Whether the save created the drawing.
        created: bool,
        /// The number of the first action that is still stored.
        base: u32,
        /// The number of the first new action.
        from_seq: u32,
        /// The number of the next action to be appended.
        seq: u32,
        /// The new actions; absent if their stored form exceeds 64 KiB, the limit of an event. A client that follows the
        /// drawing then loads it from `from_seq` on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::api::schema::StoredAction>>))]
        actions: Option<Vec<Action>>,
    },
    /// Sessions were ended by their user or an operator.
    Revoked {
        /// The user whose sessions ended.
        user: UserRef,
        /// The id of the session; absent when all sessions of the user ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// An operator made a change, which the audit log also contains.
    Changed {
        /// The entry of the audit log.
        entry: AuditEntry,
    },
    /// A request failed with a 5xx status, or with a cause that is in the log.
    Failed {
        /// The failed request.
        failure: Failure,
    },
    /// The client read too slowly, so events were dropped.
    Missed {
        /// The number of dropped events, including types that the client did not ask for.
        events: u64,
    },
}

impl Happening {
    /// The name of the type in JSON.
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

    /// The public id of the user that the event concerns, if any.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::SignIn { user, .. } | Self::Save { user, .. } | Self::Revoked { user, .. } => {
                Some(&user.id)
            }
            Self::Changed { entry } => Some(&entry.user),
            Self::Failed { failure } => failure.user.as_deref(),
            Self::Missed { .. } => None,
        }
    }

    /// The id of the drawing that the event concerns, if any.
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
