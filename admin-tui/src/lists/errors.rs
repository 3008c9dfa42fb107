//! The failures of all servers, grouped by code and cause.

use serde_json::Value;
use yibi_common::admin::{ErrorGroup, ErrorsReply};

use super::columns::{Column, number, share, sorted_by, wide};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, to_json};
use crate::filter::{Field, LOCAL};
use crate::subject::Subject;
use crate::text;
use crate::theme::Tone;
use crate::time::Clock;

pub struct Errors;

static COLUMNS: &[Column] = &[
    number(1, "COUNT", 7),
    share(0, "CODE", 14, 1),
    share(2, "CAUSE", 16, 3),
    wide(100, share(4, "ROUTE", 24, 2)),
    sorted_by(0, number(3, "LAST", 10)),
];

static ORDERS: &[Order] = &[Order { name: "", words: "grew last", ascends: false }];

impl ListView for Errors {
    fn name(&self) -> &'static str {
        "errors"
    }

    fn short_name(&self) -> &'static str {
        "err"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["6"]
    }

    fn help(&self) -> &'static str {
        "Failed requests, grouped by cause"
    }

    fn when_empty(&self) -> &'static str {
        "nothing failed"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["CODE", "CAUSE", "LAST"]
    }

    fn fields(&self) -> &'static [Field] {
        LOCAL
    }

    fn counts_and_reverses(&self) -> bool {
        false
    }

    fn has_pages(&self) -> bool {
        false
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let reply: ErrorsReply = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(reply.groups), next: None, total: None, now: reply.now })
    }
}

/// The detail of the latest reply: it says why, where there is no cause.
fn detail(group: &ErrorGroup) -> Option<String> {
    group.latest.first().and_then(|latest| latest.detail.clone())
}

impl Record for ErrorGroup {
    /// The latest request, which is what a complaint or a log line is matched with.
    fn id(&self) -> &str {
        self.latest.first().map_or(self.code.as_str(), |latest| &latest.request_id)
    }

    fn key(&self) -> String {
        format!("{} {}", self.code, self.cause.as_deref().unwrap_or_default())
    }

    fn owner(&self) -> Option<Owner<'_>> {
        self.users.first().map(|share| Owner { id: &share.name, nickname: "" })
    }

    fn subject(&self) -> Option<Subject> {
        self.latest.first().map(|latest| Subject::Request(latest.request_id.clone()))
    }

    fn describe(&self) -> String {
        self.code.clone()
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        vec![
            (text::count(self.count), Tone::Bad),
            (self.code.clone(), Tone::Text),
            (self.cause.clone().or_else(|| detail(self)).unwrap_or_default(), Tone::Dim),
            (self.routes.first().map(|share| share.name.clone()).unwrap_or_default(), Tone::Dim),
            (clock.ago(&self.last_at), Tone::Text),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        vec![&self.code, self.cause.as_deref().unwrap_or_default(), &self.last_at]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        let shares = self.routes.iter().chain(&self.users).chain(&self.servers);
        let cause = self.cause.as_deref().unwrap_or_default();
        let mut texts = shares.map(|share| share.name.as_str()).chain([self.code.as_str(), cause]);
        field != "text" || texts.any(|text| text::contains(text, value))
    }
}
