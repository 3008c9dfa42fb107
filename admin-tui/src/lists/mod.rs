//! The list views. Each is one file, which holds everything that is particular to it: how its rows are read,
//! shown, filtered, sorted, and which changes they allow. A new list is a new file, its variant of [`Kind`] and
//! its place in [`crate::views::View::ALL`].

mod audit;
pub mod columns;
mod drawings;
mod errors;
mod events;
mod requests;
mod reviews;
mod sessions;
mod users;

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use yibi_common::admin::{Count, DrawingRow, ReviewRow, UserRef};

use crate::act::Act;
use crate::filter::{self, Field, Parameter};
use crate::subject::Subject;
use crate::theme::Tone;
use crate::time::{self, Clock, Millis};
use columns::Column;
pub use events::EventRow;
pub use requests::{FailedRequest, NEIGHBOURS, Neighbour};
pub use reviews::{age, claimed_until, label, opener_words, reason_words, share_state_name, short_operator};

/// The lists of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Sessions,
    Users,
    Drawings,
    Errors,
    Audit,
    Reviews,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::Users, Self::Drawings, Self::Errors, Self::Audit, Self::Reviews];
}

impl Deref for Kind {
    type Target = dyn ListView;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Sessions => &sessions::Sessions,
            Self::Users => &users::Users,
            Self::Drawings => &drawings::Drawings,
            Self::Errors => &errors::Errors,
            Self::Audit => &audit::Audit,
            Self::Reviews => &reviews::Reviews,
        }
    }
}

/// An order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The value of the API's parameter `order`.
    pub name: &'static str,
    /// Its name in the title.
    pub words: &'static str,
    /// Whether the smallest value comes first, unless the order is reversed.
    pub ascends: bool,
}

/// Everything that is particular to one list.
pub trait ListView: Sync {
    /// The path below the API's root, which is the name of the view too.
    fn name(&self) -> &'static str;
    /// The name in a narrow tab bar.
    fn short_name(&self) -> &'static str;
    fn keys(&self) -> &'static [&'static str];
    fn help(&self) -> &'static str;
    /// The text in place of rows where there are none.
    fn when_empty(&self) -> &'static str;
    fn columns(&self) -> &'static [Column];
    /// All orders; the first one is the default.
    fn orders(&self) -> &'static [Order];
    fn fields(&self) -> &'static [Field];

    /// The heads of the batch command's columns, [`Record::plain`].
    fn plain_heads(&self) -> &'static [&'static str] {
        &[]
    }

    /// The query parameter that asks for an order; the first order is the default.
    fn order_parameter(&self, order: usize, _filter: &[Parameter]) -> Option<Parameter> {
        let order = self.orders().get(order).filter(|_| order > 0)?;
        Some(("order", order.name.to_owned()))
    }

    /// The filter that is in force until another one is typed, and what is sent for it.
    fn initial_filter(&self) -> Option<(&'static str, Parameter)> {
        None
    }

    /// The order that the server uses, an index of [`ListView::orders`].
    fn order_in_force(&self, selected: usize, _filter: &[Parameter]) -> usize {
        selected
    }

    /// Whether the server counts the rows of a filter, and sorts in reverse.
    fn counts_and_reverses(&self) -> bool {
        true
    }

    /// Whether the server sends the list in pages.
    fn has_pages(&self) -> bool {
        true
    }

    /// Whether the drawing under the cursor is shown beside the list.
    fn has_preview(&self) -> bool {
        false
    }

    /// Reads a reply of the API.
    ///
    /// # Errors
    /// The reply has another form.
    fn read(&self, reply: Value) -> serde_json::Result<Page>;

    /// The column that an order sorts by.
    fn column(&self, order: usize) -> Option<usize> {
        self.columns().iter().position(|column| column.order == Some(order))
    }

    /// The columns that a screen has room for and that the server sorts by.
    fn sortable(&self, screen: u16) -> Vec<usize> {
        let columns = self.columns().iter().zip(columns::widths(self.columns(), screen)).enumerate();
        let able = |(_, (column, width)): &(usize, (&Column, u16))| *width > 0 && column.order.is_some();
        columns.filter(able).map(|(index, _)| index).collect()
    }

    /// Whether a row passes a filter, as far as this can be told without the server: words that are incomplete
    /// or that only the server can evaluate keep the row.
    fn keeps(&self, text: &str, row: &Row) -> bool {
        text.split_whitespace().all(|word| match filter::find(word, self.fields()) {
            Ok((field, value)) => row.passes(field.name, value.trim_matches('"')),
            Err(_) => true,
        })
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
    /// The number of all rows of the list, whatever the filter.
    pub total: Option<Count>,
    /// The server's clock in RFC 3339; empty where the reply has none.
    pub now: String,
}

/// The user whom a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    pub id: &'a str,
    /// Empty where it is unknown or none was chosen.
    pub nickname: &'a str,
}

impl<'a> Owner<'a> {
    pub fn of(user: &'a UserRef) -> Self {
        Self { id: &user.id, nickname: &user.nickname }
    }

    /// The nickname, or the public id where there is none.
    pub fn name(self) -> &'a str {
        if self.nickname.is_empty() { self.id } else { self.nickname }
    }
}

/// The text of a cell, and its tone.
pub type Cell = (String, Tone);

/// The interface of a row to the rest of the console.
pub trait Record: Debug + Send + Sync {
    /// The id that is copied.
    fn id(&self) -> &str;

    /// The identity of the row among all rows of its list.
    fn key(&self) -> String {
        self.id().to_owned()
    }

    fn owner(&self) -> Option<Owner<'_>>;

    /// The page that Enter opens.
    fn subject(&self) -> Option<Subject>;

    /// The row in one line, for questions.
    fn describe(&self) -> String;

    fn cells(&self, clock: &Clock) -> Vec<Cell>;

    /// The columns of the batch command, separated by tabs.
    fn plain(&self) -> Vec<&str>;

    /// The row as the server sent it.
    fn json(&self) -> Value;

    /// Whether a filter's field has this value here, by the server's rules. Fields that only the server can
    /// evaluate pass.
    fn passes(&self, _field: &str, _value: &str) -> bool {
        true
    }

    /// The change that `D` makes.
    fn deletion(&self) -> Option<Act> {
        None
    }

    /// The change that takes the row out of the bin.
    fn restoration(&self) -> Option<Act> {
        None
    }

    fn drawing(&self) -> Option<&DrawingRow> {
        None
    }

    fn case(&self) -> Option<&ReviewRow> {
        None
    }

    /// Whether the user is blocked, where the row tells.
    fn blocked(&self) -> Option<bool> {
        None
    }
}

/// A row of any list.
#[derive(Debug, Clone)]
pub struct Row(Arc<dyn Record>);

impl Row {
    pub fn new(record: impl Record + 'static) -> Self {
        Self(Arc::new(record))
    }

    fn all<T: Record + 'static>(records: Vec<T>) -> Vec<Self> {
        records.into_iter().map(Self::new).collect()
    }
}

impl Deref for Row {
    type Target = dyn Record;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.key() == other.key() && self.json() == other.json())
    }
}

fn to_json(row: &impl Serialize) -> Value {
    serde_json::to_value(row).unwrap_or_default()
}

/// The value of a flag in a filter: `yes` or `no`, or a beginning of it while it is typed.
fn is_flag(value: &str, is: bool) -> bool {
    if is { "yes".starts_with(value) } else { "no".starts_with(value) }
}

/// The time that is left: amber under five minutes, red under one.
pub fn time_left(ends: &str, now: Millis) -> Cell {
    let Some(ends) = time::parse(ends) else { return (String::new(), Tone::Dim) };
    let left = ends - now;
    let tone = match left {
        left if left <= 0 => return ("ended".into(), Tone::Bad),
        left if left < 60_000 => Tone::Bad,
        left if left < 300_000 => Tone::Warn,
        _ => Tone::Good,
    };
    (time::span(left), tone)
}
