//! The audit log: the changes that operators made.

use serde_json::Value;
use yibi_common::admin::{AuditEntry, AuditPage};

use super::columns::{Column, fixed, share, sorted_by, wide};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, to_json};
use crate::filter::{Field, LOCAL};
use crate::subject::Subject;
use crate::text;
use crate::theme::Tone;
use crate::time::Clock;

pub struct Audit;

static COLUMNS: &[Column] = &[
    sorted_by(0, fixed(2, "WHEN", 14)),
    share(1, "WHO", 10, 1),
    fixed(0, "CHANGE", 15),
    fixed(1, "USER", 16),
    share(3, "WHAT", 12, 2),
    wide(100, fixed(4, "FROM", 16)),
];

static ORDERS: &[Order] = &[Order { name: "", words: "latest", ascends: false }];

impl ListView for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn short_name(&self) -> &'static str {
        "audit"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["7"]
    }

    fn help(&self) -> &'static str {
        "Changes that operators made"
    }

    fn when_empty(&self) -> &'static str {
        "no operator has changed anything yet"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["WHEN", "WHO", "FROM", "CHANGE", "USER", "WHAT", "REQUEST"]
    }

    fn fields(&self) -> &'static [Field] {
        LOCAL
    }

    fn counts_and_reverses(&self) -> bool {
        false
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let page: AuditPage = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(page.entries), next: page.next, total: None, now: String::new() })
    }
}

impl Record for AuditEntry {
    /// The id of the changed thing: the session or drawing, or else the user.
    fn id(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.user)
    }

    fn key(&self) -> String {
        self.request_id.clone()
    }

    fn owner(&self) -> Option<Owner<'_>> {
        Some(Owner { id: &self.user, nickname: "" })
    }

    fn subject(&self) -> Option<Subject> {
        Some(match &self.target {
            Some(id) if self.change.is_of_drawing() => {
                Subject::Drawing { user: self.user.clone(), id: id.clone() }
            }
            Some(id) if self.change.is_of_case() => Subject::Review(id.clone()),
            Some(_) | None => Subject::User(self.user.clone()),
        })
    }

    fn describe(&self) -> String {
        self.change.name().to_owned()
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        vec![
            (clock.date_time(&self.at), Tone::Text),
            (self.who.clone(), Tone::Text),
            (self.change.name().replace('_', " "), Tone::Accent),
            (self.user.clone(), Tone::Dim),
            (self.target.clone().unwrap_or_default(), Tone::Dim),
            (self.from.clone(), Tone::Dim),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        let target = self.target.as_deref().unwrap_or_default();
        vec![&self.at, &self.who, &self.from, self.change.name(), &self.user, target, &self.request_id]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        let texts = self.plain();
        field != "text" || texts.iter().skip(1).any(|text| text::contains(text, value))
    }
}
