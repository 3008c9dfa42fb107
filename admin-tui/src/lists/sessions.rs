//! The sessions.

use serde_json::Value;
use yibi_common::admin::{Change, SessionPage, SessionRow};

use super::columns::{Column, fixed, number, share, sorted_by, wide};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, time_left, to_json};
use crate::act::Act;
use crate::filter::{Field, Form, field};
use crate::subject::Subject;
use crate::theme::Tone;
use crate::time::Clock;

pub struct Sessions;

static COLUMNS: &[Column] = &[
    share(0, "USER", 12, 3),
    fixed(3, "DIALECT", 7),
    share(2, "DEVICE", 12, 3),
    wide(100, fixed(4, "ADDRESS", 16)),
    wide(120, fixed(5, "SESSION", 14)),
    wide(150, sorted_by(2, fixed(6, "OPENID", 28))),
    sorted_by(1, number(1, "SEEN", 10)),
    sorted_by(0, number(0, "ENDS IN", 9)),
];

static ORDERS: &[Order] = &[
    Order { name: "expiry", words: "ends first", ascends: true },
    Order { name: "last_seen", words: "seen last", ascends: false },
    Order { name: "openid", words: "openid", ascends: true },
];

static FIELDS: &[Field] = &[
    field("openid", ':', Form::Text, "openid", "openid:oX"),
    field("user", ':', Form::Id, "user", "user:ID"),
    field("dialect", ':', Form::OneOf(&["yibi", "weapp", "wafer"]), "dialect", "dialect:weapp"),
    field("online", ':', Form::Seconds, "online", "online:5m"),
    field("ttl", '<', Form::Seconds, "ttl", "ttl<5m"),
];

impl ListView for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn short_name(&self) -> &'static str {
        "sess"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["2"]
    }

    fn help(&self) -> &'static str {
        "Sessions"
    }

    fn when_empty(&self) -> &'static str {
        "nobody is signed in"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["SESSION", "USER", "NICKNAME", "DIALECT", "DEVICE", "ADDRESS", "SEEN", "ENDS"]
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let page: SessionPage = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(page.sessions), next: page.next, total: Some(page.total), now: page.now })
    }
}

impl Record for SessionRow {
    fn id(&self) -> &str {
        &self.id
    }

    fn owner(&self) -> Option<Owner<'_>> {
        Some(Owner::of(&self.user))
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Session(self.id.clone()))
    }

    fn describe(&self) -> String {
        let who = Owner::of(&self.user).name();
        format!("{who} on {}, {} session {}", self.device, self.dialect, self.id)
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        vec![
            (Owner::of(&self.user).name().to_owned(), Tone::Text),
            (self.dialect.clone(), Tone::Dim),
            (self.device.clone(), Tone::Dim),
            (self.address.clone(), Tone::Dim),
            (self.id.clone(), Tone::Dim),
            (self.user.openid.clone(), Tone::Dim),
            (clock.ago(&self.last_seen), Tone::Text),
            time_left(&self.expires_at, clock.now),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        vec![
            &self.id,
            &self.user.id,
            &self.user.nickname,
            &self.dialect,
            &self.device,
            &self.address,
            &self.last_seen,
            &self.expires_at,
        ]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        match field {
            "openid" => self.user.openid.starts_with(value),
            "user" => self.user.id == value,
            "dialect" => self.dialect.starts_with(value),
            _ => true,
        }
    }

    fn deletion(&self) -> Option<Act> {
        let who = Owner::of(&self.user).name();
        Some(Act {
            change: Change::RevokeSession,
            user: self.user.id.clone(),
            target: Some(self.id.clone()),
            body: None,
            label: format!("{who}'s session on {}", self.device),
        })
    }
}
