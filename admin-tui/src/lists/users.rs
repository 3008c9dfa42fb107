//! The users.

use serde_json::Value;
use yibi_common::admin::{UserPage, UserRow};

use super::columns::{Column, fixed, share, sorted_by};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, is_flag, to_json};
use crate::filter::{Field, Form, Parameter, field};
use crate::subject::Subject;
use crate::theme::Tone;
use crate::time::Clock;

pub struct Users;

static COLUMNS: &[Column] = &[
    sorted_by(1, share(0, "NICKNAME", 12, 3)),
    fixed(1, "ID", 16),
    sorted_by(2, share(3, "OPENID", 28, 2)),
    sorted_by(0, fixed(2, "SINCE", 14)),
];

static ORDERS: &[Order] = &[
    Order { name: "created", words: "newest", ascends: false },
    Order { name: "nickname", words: "by nickname", ascends: true },
    Order { name: "openid", words: "by openid", ascends: true },
];

static FIELDS: &[Field] = &[
    field("nick", ':', Form::Text, "nickname", "nick:小"),
    field("openid", ':', Form::Text, "openid", "openid:oX"),
    field("blocked", ':', Form::Flag, "blocked", "blocked:yes"),
];

impl ListView for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn short_name(&self) -> &'static str {
        "users"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["3"]
    }

    fn help(&self) -> &'static str {
        "Users"
    }

    fn when_empty(&self) -> &'static str {
        "nobody has signed in yet"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["USER", "OPENID", "NICKNAME", "SINCE", "STATE"]
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    /// A filter by a beginning is answered in the order of that field.
    fn order_in_force(&self, selected: usize, filter: &[Parameter]) -> usize {
        let has = |name: &str| filter.iter().any(|(parameter, _)| *parameter == name);
        match (has("nickname"), has("openid")) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => selected,
        }
    }

    /// The API sorts by a field that is filtered by its beginning; the empty one is the beginning of all.
    fn order_parameter(&self, order: usize, filter: &[Parameter]) -> Option<Parameter> {
        let field = ["", "nickname", "openid"].get(order).copied()?;
        let filtered = filter.iter().any(|(parameter, _)| ["nickname", "openid"].contains(parameter));
        (order > 0 && !filtered).then(|| (field, String::new()))
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let page: UserPage = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(page.users), next: page.next, total: Some(page.total), now: page.now })
    }
}

impl Record for UserRow {
    fn id(&self) -> &str {
        &self.user.id
    }

    fn owner(&self) -> Option<Owner<'_>> {
        Some(Owner::of(&self.user))
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::User(self.user.id.clone()))
    }

    fn describe(&self) -> String {
        format!("user {} ({})", Owner::of(&self.user).name(), self.user.id)
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        let nickname = if self.user.nickname.is_empty() { "—" } else { &self.user.nickname };
        let (name, tone) = match (&self.blocked_at, &self.erase_at) {
            (Some(_), _) => (format!("(blocked) {nickname}"), Tone::Bad),
            (None, Some(_)) => (format!("(leaving) {nickname}"), Tone::Warn),
            (None, None) if self.user.nickname.is_empty() => (nickname.to_owned(), Tone::Dim),
            (None, None) => (nickname.to_owned(), Tone::Text),
        };
        vec![
            (name, tone),
            (self.user.id.clone(), Tone::Dim),
            (self.user.openid.clone(), Tone::Dim),
            (clock.date_time(&self.created_at), Tone::Text),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        let state = if self.blocked_at.is_some() { "blocked" } else { "" };
        vec![&self.user.id, &self.user.openid, &self.user.nickname, &self.created_at, state]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        match field {
            "nick" => self.user.nickname.starts_with(value),
            "openid" => self.user.openid.starts_with(value),
            "blocked" => is_flag(value, self.blocked_at.is_some()),
            _ => true,
        }
    }

    fn blocked(&self) -> Option<bool> {
        Some(self.blocked_at.is_some())
    }
}
