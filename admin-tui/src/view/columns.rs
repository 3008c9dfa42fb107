//! The columns of each list.

use yibi_common::admin::Count;
use yibi_common::drawing::Mode;

use crate::model::Model;
use crate::model::list::List;
use crate::moment::{self, Millis};
use crate::request::Kind;
use crate::row::{Row, name};
use crate::text;
use crate::theme::Tone;

/// A column.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Columns of the screen, or, for those that share the rest, their share.
    pub width: Width,
    /// Whether it is aligned to the right.
    pub right: bool,
    /// The narrowest screen that has room for it.
    pub from: u16,
    /// The order that sorts by it, an index of [`Kind::orders`].
    pub order: Option<usize>,
}

/// How wide a column is.
#[derive(Clone, Copy)]
pub enum Width {
    /// So wide.
    Fixed(u16),
    /// A share of what is left.
    Share(u16),
}

const fn fixed(title: &'static str, width: u16) -> Column {
    Column { title, width: Width::Fixed(width), right: false, from: 0, order: None }
}

const fn number(title: &'static str, width: u16) -> Column {
    Column { title, width: Width::Fixed(width), right: true, from: 0, order: None }
}

const fn share(title: &'static str, share: u16) -> Column {
    Column { title, width: Width::Share(share), right: false, from: 0, order: None }
}

const fn wide(from: u16, column: Column) -> Column {
    Column { from, ..column }
}

const fn by(order: usize, column: Column) -> Column {
    Column { order: Some(order), ..column }
}

static SESSIONS: &[Column] = &[
    share("USER", 3),
    fixed("DIALECT", 7),
    share("DEVICE", 3),
    wide(100, fixed("ADDRESS", 16)),
    wide(120, fixed("SESSION", 14)),
    wide(150, by(2, fixed("OPENID", 28))),
    by(1, number("SEEN", 10)),
    by(0, number("ENDS IN", 9)),
];
static USERS: &[Column] = &[
    share("NICKNAME", 3),
    fixed("ID", 16),
    wide(100, share("OPENID", 3)),
    by(0, fixed("SINCE", 14)),
    fixed("STATE", 8),
];
static DRAWINGS: &[Column] = &[
    share("DRAWING", 3),
    share("BY", 2),
    wide(100, fixed("MODE", 10)),
    number("STROKES", 7),
    wide(110, number("POINTS", 8)),
    by(2, number("SIZE", 9)),
    wide(130, by(1, number("CREATED", 12))),
    by(0, number("CHANGED", 12)),
    fixed("STATE", 6),
];
static ERRORS: &[Column] = &[
    number("COUNT", 7),
    fixed("CODE", 20),
    share("CAUSE", 3),
    wide(100, share("ROUTE", 2)),
    by(0, number("LAST", 10)),
];
static AUDIT: &[Column] = &[
    by(0, fixed("WHEN (UTC)", 14)),
    fixed("WHO", 16),
    fixed("CHANGE", 15),
    share("USER", 1),
    share("WHAT", 2),
    wide(100, fixed("FROM", 16)),
];

/// A list's columns.
pub fn of(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Sessions => SESSIONS,
        Kind::Users => USERS,
        Kind::Drawings => DRAWINGS,
        Kind::Errors => ERRORS,
        Kind::Audit => AUDIT,
    }
}

/// The columns that a screen has room for and that the server sorts by.
pub fn sortable(kind: Kind, screen: u16) -> Vec<usize> {
    let able = |(_, column): &(usize, &Column)| column.order.is_some() && column.from <= screen;
    of(kind).iter().enumerate().filter(able).map(|(index, _)| index).collect()
}

/// The order that sorts by a column.
pub fn order_of(kind: Kind, column: usize) -> Option<usize> {
    of(kind).get(column)?.order
}

/// The column that a list is sorted by.
pub fn sorted(list: &List) -> Option<usize> {
    of(list.kind).iter().position(|column| column.order == Some(list.order))
}

/// The cells of a row, one for each column.
pub fn cells(model: &Model, row: &Row) -> Vec<(String, Tone)> {
    let now = model.server_now();
    let ago = |at: &str| moment::parse(at).map_or_else(String::new, |at| moment::ago(at, now));
    let short = |at: &str| moment::parse(at).map_or_else(String::new, moment::short);
    match row {
        Row::Session(row) => {
            let (left, tone) = time_left(&row.expires_at, now);
            vec![
                (name(&row.user.nickname, &row.user.id).to_owned(), Tone::Text),
                (row.dialect.clone(), Tone::Dim),
                (row.device.clone(), Tone::Dim),
                (row.address.clone(), Tone::Dim),
                (row.id.clone(), Tone::Dim),
                (row.user.openid.clone(), Tone::Dim),
                (ago(&row.last_seen), Tone::Text),
                (left, tone),
            ]
        }
        Row::User(row) => {
            let (state, tone) = match (&row.blocked_at, &row.erase_at) {
                (Some(_), _) => ("blocked", Tone::Bad),
                (None, Some(_)) => ("leaving", Tone::Warn),
                (None, None) => ("", Tone::Dim),
            };
            let (nickname, nick_tone) = if row.user.nickname.is_empty() {
                ("—", Tone::Dim)
            } else {
                (row.user.nickname.as_str(), Tone::Text)
            };
            vec![
                (nickname.to_owned(), nick_tone),
                (row.user.id.clone(), Tone::Dim),
                (row.user.openid.clone(), Tone::Dim),
                (short(&row.created_at), Tone::Text),
                (state.to_owned(), tone),
            ]
        }
        Row::Drawing(row) => {
            let title =
                if row.title.is_empty() { row.id.clone() } else { format!("{}  {}", row.title, row.id) };
            let mode = match row.mode {
                Mode::Free => "free",
                Mode::OneStroke => "one stroke",
            };
            let deleted = if row.deleted_at.is_some() { ("in bin", Tone::Warn) } else { ("", Tone::Dim) };
            vec![
                (title, Tone::Text),
                (name(&row.user.nickname, &row.user.id).to_owned(), Tone::Dim),
                (mode.to_owned(), Tone::Dim),
                (text::count(u64::from(row.stroke_count)), Tone::Text),
                (text::count(u64::from(row.point_count)), Tone::Dim),
                (text::bytes(row.bytes), Tone::Text),
                (ago(&row.created_at), Tone::Dim),
                (ago(&row.updated_at), Tone::Text),
                (deleted.0.to_owned(), deleted.1),
            ]
        }
        Row::Error(row) => vec![
            (text::count(row.count), Tone::Bad),
            (row.code.clone(), Tone::Text),
            (row.cause.clone().unwrap_or_default(), Tone::Dim),
            (row.routes.first().map(|share| share.name.clone()).unwrap_or_default(), Tone::Dim),
            (ago(&row.last_at), Tone::Text),
        ],
        Row::Audit(row) => vec![
            (short(&row.at), Tone::Text),
            (row.who.clone(), Tone::Text),
            (row.change.name().replace('_', " "), Tone::Accent),
            (row.user.clone(), Tone::Dim),
            (row.target.clone().unwrap_or_default(), Tone::Dim),
            (row.from.clone(), Tone::Dim),
        ],
    }
}

/// The time that is left: amber under five minutes, red under one.
pub fn time_left(ends: &str, now: Millis) -> (String, Tone) {
    let Some(ends) = moment::parse(ends) else { return (String::new(), Tone::Dim) };
    let left = ends - now;
    let tone = match left {
        left if left <= 0 => return ("ended".into(), Tone::Bad),
        left if left < 60_000 => Tone::Bad,
        left if left < 300_000 => Tone::Warn,
        _ => Tone::Good,
    };
    (moment::span(left), tone)
}

/// A count, with a sign where it is an estimate.
pub fn about(count: Count) -> String {
    if count.exact { text::count(count.value) } else { format!("≈{}", text::count(count.value)) }
}

/// The widths of the columns that a screen has room for, in order; 0 for one that is left out.
pub fn widths(columns: &[Column], screen: u16) -> Vec<u16> {
    let shown = |column: &&Column| column.from <= screen;
    let count = u16::try_from(columns.iter().filter(shown).count()).unwrap_or(0);
    let (mut taken, mut shares) = (count.saturating_sub(1) * 2 + 2, 0);
    for column in columns.iter().filter(shown) {
        match column.width {
            Width::Fixed(width) => taken += width,
            Width::Share(share) => shares += share,
        }
    }
    let mut rest = screen.saturating_sub(taken);
    let mut left = shares;
    columns
        .iter()
        .map(|column| match column.width {
            _ if column.from > screen => 0,
            Width::Fixed(width) => width,
            Width::Share(share) => {
                let width = rest * share / left.max(1);
                rest -= width;
                left -= share;
                width
            }
        })
        .collect()
}
