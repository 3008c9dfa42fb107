//! The page of a session, a user or a failed request: fields, and lists below them. The page scrolls with the
//! cursor; its first row is the subject itself.

use yibi_common::admin::{RequestDetail, SessionDetail, UserDetail};

use super::{Page, list, placeholder};
use crate::lists::columns::Column;
use crate::lists::{Cell, Owner, Row, time_left};
use crate::model::Model;
use crate::model::detail::{self, Data};
use crate::subject::Subject;
use crate::text;
use crate::theme::Tone;
use crate::time::Clock;

/// Columns of the names before values.
const LABEL: u16 = 12;
/// Causes of a failure that are shown.
const CAUSES: usize = 6;

/// A line of the page.
enum Line {
    /// The subject of the page, which is its first row.
    Title {
        what: &'static str,
        name: String,
    },
    Blank,
    Field {
        label: &'static str,
        pieces: Vec<Cell>,
    },
    Heading {
        text: &'static str,
        count: usize,
    },
    Row {
        index: usize,
        row: Row,
        columns: &'static [Column],
    },
}

pub fn draw(model: &Model, open: &detail::Page, page: &mut Page<'_>) {
    let Some(data) = &open.data else {
        let (Subject::Session(id)
        | Subject::User(id)
        | Subject::Request(id)
        | Subject::Review(id)
        | Subject::Drawing { id, .. }) = &open.subject;
        page.line(2, 0, &[(id, Tone::Accent)]);
        page.text(2, 2, page.width(), placeholder(model), Tone::Dim);
        return;
    };
    let clock = model.clock();
    let mut lines = match data {
        Data::Session(data) => session(data, &clock),
        Data::User(data) => user(data, &clock),
        Data::Request(data) => request(data, &clock),
    };
    let mut index = 0;
    for section in data.sections() {
        lines.push(Line::Blank);
        lines.push(Line::Heading { text: section.heading, count: section.rows.len() });
        for row in section.rows {
            index += 1;
            lines.push(Line::Row { index, row, columns: section.columns });
        }
    }
    let height = usize::from(page.height());
    let here =
        lines.iter().position(|line| matches!(line, Line::Row { index, .. } if *index == open.selected));
    let last = lines.len().saturating_sub(height);
    let top = here.map_or(0, |here| (here + 2).saturating_sub(height)).min(last);
    for (y, line) in (0..page.height()).zip(lines.iter().skip(top)) {
        draw_line(&clock, line, open.selected, y, page);
    }
}

fn draw_line(clock: &Clock, line: &Line, selected: usize, y: u16, page: &mut Page<'_>) {
    match line {
        Line::Title { what, name } => {
            page.line(2, y, &[(what, Tone::Accent), ("  ", Tone::Dim), (name, Tone::Text)]);
            if selected == 0 {
                page.text(0, y, 1, "▸", Tone::Accent);
                page.wash(y, Tone::Selected);
            }
        }
        Line::Blank => {}
        Line::Field { label, pieces } => {
            page.text(2, y, LABEL, label, Tone::Dim);
            let pieces: Vec<(&str, Tone)> =
                pieces.iter().map(|(text, tone)| (text.as_str(), *tone)).collect();
            page.line(2 + LABEL, y, &pieces);
        }
        Line::Heading { text, count } => {
            page.line(2, y, &[(text, Tone::Heading), (&format!("  {count}"), Tone::Dim)]);
        }
        Line::Row { index, row, columns } => {
            let looks = list::Looks { selected: *index == selected, marked: false };
            list::draw_row(clock, columns, row, y, looks, page);
        }
    }
}

fn field(label: &'static str, pieces: &[(&str, Tone)]) -> Line {
    Line::Field { label, pieces: pieces.iter().map(|(text, tone)| ((*text).to_owned(), *tone)).collect() }
}

fn at(label: &'static str, at: &str, clock: &Clock) -> Line {
    let ago = format!("  {}", clock.ago(at));
    field(label, &[(&clock.date_time(at), Tone::Text), (&ago, Tone::Dim)])
}

fn session(data: &SessionDetail, clock: &Clock) -> Vec<Line> {
    let row = &data.session;
    let owner = Owner::of(&row.user);
    let (left, tone) = time_left(&row.expires_at, clock.now);
    let (limit, limit_tone) = time_left(&row.ends_at, clock.now);
    vec![
        Line::Title { what: "session", name: row.id.clone() },
        Line::Blank,
        field("user", &[(owner.name(), Tone::Text), ("  ", Tone::Dim), (owner.id, Tone::Dim)]),
        field(
            "openid",
            &[(&row.user.openid, Tone::Text), ("  app ", Tone::Dim), (&row.user.app_id, Tone::Dim)],
        ),
        field("dialect", &[(&row.dialect, Tone::Text)]),
        field("device", &[(&row.device, Tone::Text)]),
        field("address", &[(&row.address, Tone::Text)]),
        at("signed in", &row.created_at, clock),
        at("last seen", &row.last_seen, clock),
        field("expires", &[("in ", Tone::Dim), (&left, tone), (" if unused", Tone::Dim)]),
        field("limit", &[("in ", Tone::Dim), (&limit, limit_tone)]),
    ]
}

fn user(data: &UserDetail, clock: &Clock) -> Vec<Line> {
    let row = &data.user;
    let bytes = format!("{}, {}", text::count(u64::from(data.drawings)), text::bytes(data.bytes));
    let state = match (&row.blocked_at, &row.erase_at) {
        (Some(at), _) => field("state", &[("blocked since ", Tone::Bad), (&clock.date_time(at), Tone::Bad)]),
        (None, Some(at)) => {
            field("state", &[("has left; erased at ", Tone::Warn), (&clock.date_time(at), Tone::Warn)])
        }
        (None, None) => field("state", &[("active", Tone::Good)]),
    };
    vec![
        Line::Title { what: "user", name: Owner::of(&row.user).name().to_owned() },
        Line::Blank,
        field("id", &[(&row.user.id, Tone::Text)]),
        field(
            "openid",
            &[(&row.user.openid, Tone::Text), ("  app ", Tone::Dim), (&row.user.app_id, Tone::Dim)],
        ),
        at("since", &row.created_at, clock),
        field("drawings", &[(&bytes, Tone::Text), ("  with the bin", Tone::Dim)]),
        state,
    ]
}

fn request(data: &RequestDetail, clock: &Clock) -> Vec<Line> {
    let failure = &data.failure;
    let status = failure.status.to_string();
    let mut lines = vec![
        Line::Title { what: "request", name: failure.request_id.clone() },
        Line::Blank,
        field(
            "asked",
            &[
                (&failure.method, Tone::Text),
                (" ", Tone::Text),
                (&failure.route, Tone::Text),
                ("  ", Tone::Dim),
                (failure.drawing.as_deref().unwrap_or_default(), Tone::Accent),
            ],
        ),
        field("answered", &[(&status, Tone::Bad), (" ", Tone::Text), (&failure.code, Tone::Bad)]),
        field(
            "when",
            &[
                (&clock.date_time(&failure.at), Tone::Text),
                (&format!(" {}  on ", clock.zone_name()), Tone::Dim),
                (&failure.server, Tone::Text),
            ],
        ),
        field("user", &[(failure.user.as_deref().unwrap_or("not known"), Tone::Text)]),
    ];
    if let Some(detail) = &failure.detail {
        lines.push(field("detail", &[(detail, Tone::Warn)]));
    }
    // The chain of causes, one below the other.
    let causes = failure.cause.as_deref().into_iter().flat_map(|cause| cause.split(": "));
    for (index, cause) in causes.take(CAUSES).enumerate() {
        let label = if index == 0 { "cause" } else { "" };
        lines.push(field(label, &[(&"  ".repeat(index), Tone::Dim), (cause, Tone::Warn)]));
    }
    lines
}
