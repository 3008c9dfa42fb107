//! Listeners to events.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};
use yibi_common::admin::{Change, Event, EventQuery, Happening};

use super::EventBus;
use crate::domain::clock::Micros;

/// Limit of an event's length in bytes.
const LONGEST: usize = 64 << 10;

/// An encoded event, and the attributes that listeners filter by.
#[derive(Debug)]
pub(super) struct EncodedEvent {
    pub(super) text: String,
    about: About,
}

/// Attributes of an event that listeners filter by.
#[derive(Debug, Deserialize)]
struct About {
    server: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user: Option<Id>,
    #[serde(default)]
    drawing: Option<String>,
    #[serde(default)]
    entry: Option<Entry>,
    #[serde(default)]
    failure: Option<Failed>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Entry {
    user: String,
    change: Change,
    #[serde(default)]
    target: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    #[serde(default)]
    user: Option<String>,
}

impl About {
    fn user(&self) -> Option<&str> {
        let of_entry = || self.entry.as_ref().map(|entry| entry.user.as_str());
        let of_failure = || self.failure.as_ref().and_then(|failure| failure.user.as_deref());
        self.user.as_ref().map(|user| user.id.as_str()).or_else(of_entry).or_else(of_failure)
    }

    fn drawing(&self) -> Option<&str> {
        let entry = self.entry.as_ref().filter(|entry| entry.change.is_of_drawing());
        self.drawing.as_deref().or_else(|| entry.and_then(|entry| entry.target.as_deref()))
    }
}

impl EncodedEvent {
    /// Encodes an event of this server; `None` when it exceeds the limit even without its payload.
    pub(super) fn of(mut event: Event) -> Option<Self> {
        let mut text = serde_json::to_string(&event).ok()?;
        if text.len() > LONGEST {
            if let Happening::Save { actions, .. } = &mut event.what {
                *actions = None;
            }
            text = serde_json::to_string(&event).ok()?;
        }
        Self::read(text)
    }

    /// Reads an encoded event of any server.
    pub(super) fn read(text: String) -> Option<Self> {
        let about = serde_json::from_str(&text).ok()?;
        (text.len() <= LONGEST).then_some(Self { text, about })
    }

    /// Name of the server that published the event.
    pub(super) fn server(&self) -> &str {
        &self.about.server
    }
}

/// Filter of a listener.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    kinds: Option<Vec<String>>,
    user: Option<String>,
    drawing: Option<String>,
}

impl Wanted {
    /// All event types that a query may name.
    const KINDS: [&str; 5] = ["sign_in", "save", "revoked", "changed", "failed"];

    /// Parses the filter of a query.
    ///
    /// # Errors
    /// A message that names the invalid part of the query.
    pub fn of(query: EventQuery) -> Result<Self, &'static str> {
        let EventQuery { kinds, user, drawing } = query;
        let kinds = kinds.map(|kinds| kinds.split(',').map(str::to_owned).collect::<Vec<_>>());
        if kinds.iter().flatten().any(|kind| !Self::KINDS.contains(&kind.as_str())) {
            return Err("kinds are of sign_in, save, revoked, changed and failed");
        }
        if drawing.is_some() && user.is_none() {
            return Err("a drawing's id is a user's own: user has to be given, too");
        }
        Ok(Self { kinds, user, drawing })
    }

    fn takes(&self, about: &About) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&about.kind))
            && self.user.as_ref().is_none_or(|user| about.user() == Some(user))
            && self.drawing.as_ref().is_none_or(|drawing| about.drawing() == Some(drawing))
    }
}

/// A subscription to events.
#[derive(Debug)]
pub struct Listener {
    pub(super) watch: EventBus,
    pub(super) events: Receiver<Arc<EncodedEvent>>,
    pub(super) wanted: Wanted,
}

impl Listener {
    /// The next matching event as JSON, or the number of missed events when the listener was too slow; `None`
    /// after `patience`.
    pub async fn next(&mut self, patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        loop {
            match timeout_at(end, self.events.recv()).await {
                Ok(Ok(told)) if self.wanted.takes(&told.about) => return Some(told.text.clone()),
                Ok(Ok(_unwanted)) => {}
                Ok(Err(RecvError::Lagged(events))) => {
                    let server = self.watch.server().to_owned();
                    let what = Happening::Missed { events };
                    let event = Event { server, at: Micros::now().to_string(), what };
                    return serde_json::to_string(&event).ok();
                }
                // The bus that this listener holds keeps the sender alive.
                Ok(Err(RecvError::Closed)) | Err(_) => return None,
            }
        }
    }

    /// Whether the server is draining.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.watch.is_draining()
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::{AuditEntry, Failure, UserRef};
    use yibi_common::drawing::Action;

    use super::*;

    fn deliver(what: Happening) -> EncodedEvent {
        EncodedEvent::of(Event { server: "s".to_owned(), at: String::new(), what }).unwrap()
    }

    fn user(id: &str) -> UserRef {
        let text = String::new;
        UserRef { id: id.to_owned(), app_id: text(), openid: text(), nickname: text() }
    }

    fn save(of: &str, id: &str, actions: usize) -> Happening {
        Happening::Save {
            user: user(of),
            drawing: id.to_owned(),
            created: false,
            base: 0,
            from_seq: 0,
            seq: 1,
            actions: Some(vec![Action::Clear { at: None }; actions]),
        }
    }

    fn changed(of: &str, change: Change, target: &str) -> Happening {
        let text = String::new;
        let (user, target) = (of.to_owned(), Some(target.to_owned()));
        let entry = AuditEntry {
            at: text(),
            who: text(),
            from: text(),
            change,
            user,
            target,
            reason: None,
            request_id: text(),
        };
        Happening::Changed { entry }
    }

    fn failed(of: Option<&str>) -> Happening {
        let text = String::new;
        let failure = Failure {
            request_id: text(),
            server: text(),
            at: text(),
            method: text(),
            route: text(),
            status: 500,
            code: text(),
            cause: None,
            user: of.map(str::to_owned),
            ..Failure::default()
        };
        Happening::Failed { failure }
    }

    fn wanted(
        kinds: Option<&str>,
        user: Option<&str>,
        drawing: Option<&str>,
    ) -> Result<Wanted, &'static str> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Wanted::of(EventQuery { kinds: text(kinds), user: text(user), drawing: text(drawing) })
    }

    #[test]
    fn a_listener_gets_what_it_asked_for() {
        let events = [
            save("ann", "d", 1),
            save("ann", "e", 1),
            save("ben", "d", 1),
            changed("ann", Change::DeleteDrawing, "d"),
            changed("ann", Change::RevokeSession, "d"),
            failed(Some("ann")),
            failed(None),
            Happening::Revoked { user: user("ann"), session: None },
        ];
        for (wanted, expected) in [
            (wanted(None, None, None), vec![0, 1, 2, 3, 4, 5, 6, 7]),
            (wanted(Some("save"), None, None), vec![0, 1, 2]),
            (wanted(Some("failed,revoked"), None, None), vec![5, 6, 7]),
            (wanted(None, Some("ann"), None), vec![0, 1, 3, 4, 5, 7]),
            (wanted(None, Some("ann"), Some("d")), vec![0, 3]),
            (wanted(Some("save"), Some("ben"), Some("d")), vec![2]),
            (wanted(Some("sign_in"), None, None), vec![]),
        ] {
            let wanted = wanted.unwrap();
            let taken: Vec<usize> =
                (0..events.len()).filter(|&n| wanted.takes(&deliver(events[n].clone()).about)).collect();
            assert_eq!(taken, expected, "{wanted:?}");
        }
    }

    #[test]
    fn a_wish_that_means_nothing_is_refused() {
        for (kinds, drawing) in
            [(Some("saves"), None), (Some(""), None), (Some("save,"), None), (None, Some("d"))]
        {
            assert!(wanted(kinds, None, drawing).is_err(), "{kinds:?} {drawing:?}");
        }
    }

    #[test]
    fn what_is_too_long_goes_without_its_actions() {
        let actions = |told: &EncodedEvent| {
            serde_json::from_str::<serde_json::Value>(&told.text).unwrap()["actions"].clone()
        };
        assert!(actions(&deliver(save("ann", "d", 100))).is_array());
        let long = deliver(save("ann", "d", 10_000));
        assert!(long.text.len() < 1_000 && actions(&long).is_null());
        assert!(EncodedEvent::read("x".repeat(LONGEST + 1)).is_none());
    }
}
