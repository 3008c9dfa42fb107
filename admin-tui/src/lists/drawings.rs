//! The drawings, the bin included.

use serde_json::Value;
use yibi_common::admin::{Change, DrawingPage, DrawingRow};
use yibi_common::drawing::Mode;

use super::columns::{Column, fixed, number, share, sorted_by, wide};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, is_flag, to_json};
use crate::act::Act;
use crate::filter::{Field, Form, field};
use crate::subject::Subject;
use crate::text;
use crate::theme::Tone;
use crate::time::Clock;

pub struct Drawings;

static COLUMNS: &[Column] = &[
    share(0, "DRAWING", 12, 3),
    share(1, "BY", 10, 2),
    wide(100, fixed(5, "MODE", 10)),
    number(3, "STROKES", 7),
    wide(110, number(6, "POINTS", 8)),
    sorted_by(2, number(4, "SIZE", 9)),
    wide(130, sorted_by(1, number(7, "CREATED", 12))),
    sorted_by(0, number(2, "CHANGED", 11)),
];

static ORDERS: &[Order] = &[
    Order { name: "updated", words: "changed last", ascends: false },
    Order { name: "created", words: "newest", ascends: false },
    Order { name: "size", words: "largest", ascends: false },
];

static FIELDS: &[Field] = &[
    field("user", ':', Form::Id, "user", "user:ID"),
    field("mode", ':', Form::OneOf(&["free", "one_stroke"]), "mode", "mode:one_stroke"),
    field("deleted", ':', Form::Flag, "deleted", "deleted:yes"),
    field("since", ':', Form::Moment, "since", "since:2d"),
    field("until", ':', Form::Moment, "until", "until:21:00"),
];

impl ListView for Drawings {
    fn name(&self) -> &'static str {
        "drawings"
    }

    fn short_name(&self) -> &'static str {
        "draw"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["4"]
    }

    fn help(&self) -> &'static str {
        "Drawings"
    }

    fn when_empty(&self) -> &'static str {
        "nothing was drawn yet"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["USER", "DRAWING", "TITLE", "NICKNAME", "CREATED", "CHANGED"]
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn has_preview(&self) -> bool {
        true
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let page: DrawingPage = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(page.drawings), next: page.next, total: Some(page.total), now: page.now })
    }
}

fn act(row: &DrawingRow, change: Change) -> Act {
    let name = if row.title.is_empty() { &row.id } else { &row.title };
    Act {
        change,
        user: row.user.id.clone(),
        target: Some(row.id.clone()),
        body: None,
        label: format!("drawing {name} by {}", Owner::of(&row.user).name()),
    }
}

impl Record for DrawingRow {
    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self) -> String {
        format!("{}/{}", self.user.id, self.id)
    }

    fn owner(&self) -> Option<Owner<'_>> {
        Some(Owner::of(&self.user))
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Drawing { user: self.user.id.clone(), id: self.id.clone() })
    }

    fn describe(&self) -> String {
        let title = if self.title.is_empty() { "untitled" } else { &self.title };
        let by = Owner::of(&self.user).name();
        format!("{title} by {by}, strokes: {}, id {}", self.stroke_count, self.id)
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        let title =
            if self.title.is_empty() { self.id.clone() } else { format!("{}  {}", self.title, self.id) };
        let (title, tone) = match self.deleted_at {
            Some(_) => (format!("(bin) {title}"), Tone::Warn),
            None => (title, Tone::Text),
        };
        let mode = match self.mode {
            Mode::Free => "free",
            Mode::OneStroke => "one stroke",
        };
        vec![
            (title, tone),
            (Owner::of(&self.user).name().to_owned(), Tone::Dim),
            (mode.to_owned(), Tone::Dim),
            (text::count(u64::from(self.stroke_count)), Tone::Text),
            (text::count(u64::from(self.point_count)), Tone::Dim),
            (text::bytes(self.bytes), Tone::Text),
            (clock.ago(&self.created_at), Tone::Dim),
            (clock.ago(&self.updated_at), Tone::Text),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        vec![&self.user.id, &self.id, &self.title, &self.user.nickname, &self.created_at, &self.updated_at]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        match field {
            "user" => self.user.id == value,
            "mode" => match self.mode {
                Mode::Free => "free".starts_with(value),
                Mode::OneStroke => "one_stroke".starts_with(value),
            },
            "deleted" => is_flag(value, self.deleted_at.is_some()),
            _ => true,
        }
    }

    fn deletion(&self) -> Option<Act> {
        self.deleted_at.is_none().then(|| act(self, Change::DeleteDrawing))
    }

    fn restoration(&self) -> Option<Act> {
        self.deleted_at.is_some().then(|| act(self, Change::RestoreDrawing))
    }

    fn drawing(&self) -> Option<&DrawingRow> {
        Some(self)
    }
}
