//! Events of the live view as rows, so that the keys for rows work on them.

use serde_json::Value;
use yibi_common::admin::{Change, Event, Happening};

use super::{Cell, Owner, Record, to_json};
use crate::act::Act;
use crate::subject::Subject;
use crate::time::Clock;

#[derive(Debug)]
pub struct EventRow(pub Event);

impl Record for EventRow {
    fn id(&self) -> &str {
        match &self.0.what {
            Happening::SignIn { session, .. } => session,
            Happening::Save { drawing, .. } => drawing,
            Happening::Revoked { user, session } => session.as_deref().unwrap_or(&user.id),
            Happening::Changed { entry } => entry.id(),
            Happening::Failed { failure } => &failure.request_id,
            Happening::Missed { .. } => "",
        }
    }

    fn owner(&self) -> Option<Owner<'_>> {
        match &self.0.what {
            Happening::SignIn { user, .. }
            | Happening::Save { user, .. }
            | Happening::Revoked { user, .. } => Some(Owner::of(user)),
            Happening::Changed { entry } => entry.owner(),
            Happening::Failed { failure } => failure.user.as_deref().map(|id| Owner { id, nickname: "" }),
            Happening::Missed { .. } => None,
        }
    }

    fn subject(&self) -> Option<Subject> {
        match &self.0.what {
            Happening::SignIn { session, .. } => Some(Subject::Session(session.clone())),
            Happening::Save { user, drawing, .. } => {
                Some(Subject::Drawing { user: user.id.clone(), id: drawing.clone() })
            }
            Happening::Revoked { user, .. } => Some(Subject::User(user.id.clone())),
            Happening::Changed { entry } => entry.subject(),
            Happening::Failed { failure } => Some(Subject::Request(failure.request_id.clone())),
            Happening::Missed { .. } => None,
        }
    }

    fn describe(&self) -> String {
        let who = self.owner().map(Owner::name).unwrap_or_default();
        match &self.0.what {
            Happening::SignIn { session, dialect, .. } => format!("{who}, {dialect} session {session}"),
            Happening::Save { drawing, .. } => format!("drawing {drawing} by {who}"),
            Happening::Revoked { .. }
            | Happening::Changed { .. }
            | Happening::Failed { .. }
            | Happening::Missed { .. } => self.0.what.kind().to_owned(),
        }
    }

    fn cells(&self, _clock: &Clock) -> Vec<Cell> {
        Vec::new()
    }

    fn plain(&self) -> Vec<&str> {
        Vec::new()
    }

    fn json(&self) -> Value {
        to_json(&self.0)
    }

    fn deletion(&self) -> Option<Act> {
        let (change, user, target, what) = match &self.0.what {
            Happening::SignIn { user, session, .. } => {
                (Change::RevokeSession, user, session, format!("{}'s session", Owner::of(user).name()))
            }
            Happening::Save { user, drawing, .. } => {
                let by = Owner::of(user).name();
                (Change::DeleteDrawing, user, drawing, format!("drawing {drawing} by {by}"))
            }
            Happening::Revoked { .. }
            | Happening::Changed { .. }
            | Happening::Failed { .. }
            | Happening::Missed { .. } => return None,
        };
        Some(Act { change, user: user.id.clone(), target: Some(target.clone()), body: None, label: what })
    }
}
