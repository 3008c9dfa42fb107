//! One session, user or failed request.

use yibi_common::admin::{RequestDetail, SessionDetail, UserDetail};

use super::{Page, columns, list};
use crate::model::Model;
use crate::model::detail::Detail;
use crate::moment;
use crate::request::Kind;
use crate::row::{Row, name};
use crate::text;
use crate::theme::Tone;

/// Columns of the names before values.
const LABEL: u16 = 14;

/// Draws what is open.
pub fn draw(model: &Model, detail: &Detail, page: &mut Page<'_>) {
    match detail {
        Detail::Session { data: Some(data), selected, .. } => session(model, data, *selected, page),
        Detail::User { data: Some(data), selected, .. } => user(model, data, *selected, page),
        Detail::Request { data: Some(data), selected, .. } => request(data, *selected, page),
        Detail::Session { id, .. } | Detail::User { id, .. } | Detail::Request { id, .. } => {
            page.line(2, 1, &[(id, Tone::Accent), ("  ⋯", Tone::Dim)]);
        }
        Detail::Drawing(_) => {}
    }
}

fn field(page: &mut Page<'_>, y: u16, label: &str, pieces: &[(&str, Tone)]) {
    page.text(2, y, LABEL, label, Tone::Dim);
    page.line(2 + LABEL, y, pieces);
}

fn session(model: &Model, data: &SessionDetail, selected: usize, page: &mut Page<'_>) {
    let row = &data.session;
    let now = model.server_now();
    page.line(1, 0, &[("session ", Tone::Accent), (&row.id, Tone::Text)]);
    let who = name(&row.user.nickname, &row.user.id);
    field(page, 2, "user", &[(who, Tone::Text), ("  ", Tone::Dim), (&row.user.id, Tone::Dim)]);
    field(
        page,
        3,
        "openid",
        &[(&row.user.openid, Tone::Text), ("  of ", Tone::Dim), (&row.user.app_id, Tone::Dim)],
    );
    field(page, 4, "dialect", &[(&row.dialect, Tone::Text)]);
    field(page, 5, "device", &[(&row.device, Tone::Text)]);
    field(page, 6, "address", &[(&row.address, Tone::Text)]);
    moment_field(page, 7, "signed in", &row.created_at, now);
    moment_field(page, 8, "last seen", &row.last_seen, now);
    countdown(page, 9, "ends in", &row.expires_at, now, "unless it is used");
    countdown(page, 10, "at most in", &row.ends_at, now, "however much it is used");
    let y = rows(
        model,
        page,
        12,
        "OTHER SESSIONS",
        Kind::Sessions,
        data.others.iter().cloned().map(Row::Session),
        0,
        selected,
    );
    let first = data.others.len();
    rows(
        model,
        page,
        y,
        "LATEST DRAWINGS",
        Kind::Drawings,
        data.drawings.iter().cloned().map(Row::Drawing),
        first,
        selected,
    );
}

fn user(model: &Model, data: &UserDetail, selected: usize, page: &mut Page<'_>) {
    let row = &data.user;
    let now = model.server_now();
    let nickname = name(&row.user.nickname, &row.user.id);
    page.line(1, 0, &[("user ", Tone::Accent), (nickname, Tone::Text)]);
    field(page, 2, "id", &[(&row.user.id, Tone::Text)]);
    field(
        page,
        3,
        "openid",
        &[(&row.user.openid, Tone::Text), ("  of ", Tone::Dim), (&row.user.app_id, Tone::Dim)],
    );
    moment_field(page, 4, "since", &row.created_at, now);
    let kept = format!("{} drawings, {}", text::count(u64::from(data.drawings)), text::bytes(data.bytes));
    field(page, 5, "keeps", &[(&kept, Tone::Text)]);
    match (&row.blocked_at, &row.erase_at) {
        (Some(at), _) => field(page, 6, "state", &[("blocked since ", Tone::Bad), (at, Tone::Bad)]),
        (None, Some(at)) => {
            field(page, 6, "state", &[("has left; erased at ", Tone::Warn), (at, Tone::Warn)])
        }
        (None, None) => field(page, 6, "state", &[("may sign in", Tone::Good)]),
    }
    let y = rows(
        model,
        page,
        8,
        "SESSIONS",
        Kind::Sessions,
        data.sessions.iter().cloned().map(Row::Session),
        0,
        selected,
    );
    let first = data.sessions.len();
    rows(
        model,
        page,
        y,
        "LATEST DRAWINGS",
        Kind::Drawings,
        data.latest.iter().cloned().map(Row::Drawing),
        first,
        selected,
    );
}

fn moment_field(page: &mut Page<'_>, y: u16, label: &str, at: &str, now: moment::Millis) {
    let (short, ago) = moment::parse(at)
        .map(|at| (format!("{} UTC", moment::short(at)), format!("  {}", moment::ago(at, now))))
        .unwrap_or_default();
    field(page, y, label, &[(&short, Tone::Text), (&ago, Tone::Dim)]);
}

fn countdown(page: &mut Page<'_>, y: u16, label: &str, at: &str, now: moment::Millis, note: &str) {
    let (left, tone) = columns::time_left(at, now);
    field(page, y, label, &[(&left, tone), ("  ", Tone::Dim), (note, Tone::Dim)]);
}

/// Rows under a heading; where the next heading goes.
#[expect(clippy::too_many_arguments, reason = "a heading, its rows and where they stand belong together")]
fn rows(
    model: &Model,
    page: &mut Page<'_>,
    y: u16,
    heading: &str,
    kind: Kind,
    rows: impl ExactSizeIterator<Item = Row>,
    first: usize,
    selected: usize,
) -> u16 {
    let count = rows.len();
    page.line(2, y, &[(heading, Tone::Heading), (&format!("  {count}"), Tone::Dim)]);
    // Where not all fit, the one under the cursor does, and the other block keeps a few lines.
    let room = usize::from(page.height().saturating_sub(y + 1));
    let room = if first == 0 { (room.saturating_sub(3) * 2 / 3).max(1) } else { room };
    let skip = if selected >= first { (selected - first + 1).saturating_sub(room).min(count) } else { 0 };
    let mut y = y + 1;
    for (index, row) in rows.enumerate().skip(skip).take(room) {
        list::draw_row(model, kind, &row, y, first + index == selected, false, page);
        y += 1;
    }
    y + 1
}

fn request(data: &RequestDetail, top: usize, page: &mut Page<'_>) {
    let failure = &data.failure;
    page.line(1, 0, &[("request ", Tone::Accent), (&failure.request_id, Tone::Text)]);
    let status = failure.status.to_string();
    field(
        page,
        2,
        "asked",
        &[(&failure.method, Tone::Text), (" ", Tone::Text), (&failure.route, Tone::Text)],
    );
    field(page, 3, "answered", &[(&status, Tone::Bad), (" ", Tone::Text), (&failure.code, Tone::Bad)]);
    field(page, 4, "when", &[(&failure.at, Tone::Text), ("  on ", Tone::Dim), (&failure.server, Tone::Text)]);
    field(page, 5, "user", &[(failure.user.as_deref().unwrap_or("not known"), Tone::Text)]);
    // The chain of causes, one below the other.
    let mut y = 6;
    for (index, cause) in
        failure.cause.as_deref().unwrap_or("the code says all").split(": ").take(6).enumerate()
    {
        let indent = "  ".repeat(index);
        field(page, y, if index == 0 { "cause" } else { "" }, &[(&indent, Tone::Dim), (cause, Tone::Warn)]);
        y += 1;
    }
    y += 1;
    page.text(2, y, page.width(), "THE SAME USER BEFORE AND AFTER", Tone::Heading);
    let rows = data.neighbours.iter().skip(top);
    for (y, row) in (y + 1..).zip(rows) {
        let here = row.request_id == failure.request_id;
        let clock = moment::parse(&row.at).map(moment::clock).unwrap_or_default();
        let took = format!("{}.{} ms", row.duration_us / 1000, row.duration_us / 100 % 10);
        let tone = if row.status >= 400 { Tone::Bad } else { Tone::Good };
        let status = format!("  {}  ", row.status);
        let pieces = [
            (if here { "▸ " } else { "  " }, Tone::Accent),
            (clock.as_str(), Tone::Dim),
            (status.as_str(), tone),
            (row.method.as_str(), Tone::Text),
            (" ", Tone::Text),
            (row.route.as_str(), if here { Tone::Accent } else { Tone::Text }),
        ];
        page.line(0, y, &pieces);
        page.right(y, &format!("{took} "), Tone::Dim);
    }
}
