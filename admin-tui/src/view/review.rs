//! A review case: its picture, covered at first, and what is known about it.

use ratatui::layout::Rect;
use yibi_common::admin::{CaseKind, ReviewDetail, ReviewRow};
use yibi_common::sharing::{CaseOpener, CaseState, Reason};

use super::{Page, picture, placeholder, replay};
use crate::lists::{Owner, age, claimed_until, opener_words, reason_words, share_state_name, short_operator};
use crate::model::Model;
use crate::model::review::Review;
use crate::msg::Avatar;
use crate::text;
use crate::theme::Tone;
use crate::time::{self, Clock};

/// Columns of the names before values.
const LABEL: u16 = 11;
/// Columns of an operator's or reporter's name.
const NAME: usize = 12;

/// A line of the text beside the picture.
type Line = Vec<(String, Tone)>;

pub fn draw(model: &Model, review: &Review, page: &mut Page<'_>) {
    let Some(data) = &review.data else {
        page.line(1, 0, &[("case ", Tone::Accent), (&review.id, Tone::Text)]);
        page.text(2, 2, page.width(), placeholder(model), Tone::Dim);
        return;
    };
    title(model, data, page);
    let last = page.height().saturating_sub(1);
    let columns = if review.is_picture() { model.screen().review_cells().0 } else { 0 };
    if columns > 0 {
        let area = Rect { y: page.area.y + 2, width: columns, height: last.saturating_sub(3), ..page.area };
        let place = Rect { x: page.area.x + 1, ..area };
        cover(model, review, &mut page.part(place));
        match &review.drawing.player {
            Some(player) if !review.covered => replay::scrubber(player, page),
            Some(_) | None => {}
        }
    }
    let left = if columns > 0 { columns + 4 } else { 2 };
    let beside = Rect {
        x: page.area.x + left,
        y: page.area.y + 2,
        width: page.width().saturating_sub(left + 1),
        height: last.saturating_sub(2),
    };
    let lines = lines(model, data, usize::from(beside.width));
    let beside = match &review.avatar {
        Some(avatar) if review.is_drawing() && !review.covered => beside_avatar(avatar, beside, page),
        Some(_) | None => beside,
    };
    let top = review.top.min(lines.len().saturating_sub(usize::from(beside.height)));
    let mut beside = page.part(beside);
    for (y, line) in (0..beside.height()).zip(lines.iter().skip(top)) {
        let pieces: Vec<(&str, Tone)> = line.iter().map(|(text, tone)| (text.as_str(), *tone)).collect();
        beside.line(0, y, &pieces);
    }
}

/// Columns and rows of an avatar beside a drawing.
const AVATAR: (u16, u16) = (12, 6);

/// Draws the author's avatar below the text, where there is room. Returns the rest of the place.
fn beside_avatar(avatar: &Avatar, beside: Rect, page: &mut Page<'_>) -> Rect {
    let (width, height) = AVATAR;
    if beside.width < width || beside.height < height * 3 {
        return beside;
    }
    let rest = Rect { height: beside.height - height - 1, ..beside };
    let place = Rect { y: beside.y + rest.height + 1, width, height, ..beside };
    picture::image(avatar, 1, &mut page.part(place));
    rest
}

/// The avatar, or the mosaic that covers it.
fn cover_avatar(review: &Review, page: &mut Page<'_>) {
    match &review.avatar {
        None => {
            let words = if review.has_avatar() { "⋯" } else { "the picture is gone" };
            page.text(1, 1, page.width(), words, Tone::Dim);
        }
        Some(avatar) if review.covered => {
            picture::image(avatar, picture::TILE, page);
            covered(page);
        }
        Some(avatar) => picture::image(avatar, 1, page),
    }
}

/// Says that the picture is covered.
fn covered(page: &mut Page<'_>) {
    let middle = page.height() / 2;
    for (y, words) in [(middle.saturating_sub(1), " covered "), (middle, " Space uncovers it ")] {
        let width = u16::try_from(text::width(words)).unwrap_or(0);
        page.text(page.width().saturating_sub(width) / 2, y, width, words, Tone::Selected);
    }
}

/// The picture, or the mosaic that covers it.
fn cover(model: &Model, review: &Review, page: &mut Page<'_>) {
    if !review.is_drawing() {
        return cover_avatar(review, page);
    }
    let braille = model.theme.braille();
    let Some(player) = &review.drawing.player else {
        let words = if review.lost { "the copy is gone" } else { "⋯" };
        page.text(1, 1, page.width(), words, Tone::Dim);
        return;
    };
    if !review.covered {
        return picture::draw(player, review.drawing.braille || braille, review.drawing.offset, page);
    }
    picture::mosaic(player, review.drawing.braille || braille, page);
    covered(page);
}

fn title(model: &Model, data: &ReviewDetail, page: &mut Page<'_>) {
    let case = &data.case;
    let what = match case.kind {
        CaseKind::Share | CaseKind::Room if data.title.is_empty() => "untitled".to_owned(),
        CaseKind::Share | CaseKind::Room => data.title.clone(),
        CaseKind::Nickname => "nickname".to_owned(),
        CaseKind::Avatar => "avatar".to_owned(),
        CaseKind::Title => "title".to_owned(),
    };
    let (state, tone) = state(model, case);
    let room = usize::from(page.width()).saturating_sub(text::width(&state) + 4);
    let author = Owner::of(&case.author).name();
    // The author's name stays readable beside a long title.
    let name = text::cut(author, room / 3).into_owned();
    let rest = room.saturating_sub(text::width(&name) + 12);
    let what = text::cut(&what, rest).into_owned();
    page.line(
        1,
        0,
        &[("case  ", Tone::Accent), (&what, Tone::Text), ("  by ", Tone::Dim), (&name, Tone::Text)],
    );
    page.right(0, &format!("{state} "), tone);
}

/// The state of the case, and the operator who looks at it.
fn state(model: &Model, case: &ReviewRow) -> (String, Tone) {
    let now = model.server_now();
    match (case.state, claimed_until(case, now)) {
        (CaseState::Held, Some((operator, until))) => {
            let left = time::countdown(until, now);
            if model.is_me(operator) {
                (format!("held · yours for {left}"), Tone::Warn)
            } else {
                (format!("{} looks at it for {left}", text::cut(short_operator(operator), 20)), Tone::Marked)
            }
        }
        (CaseState::Held, None) => ("held".to_owned(), Tone::Warn),
        (CaseState::Passed, _) => ("passed".to_owned(), Tone::Good),
        (CaseState::Removed, _) => ("removed".to_owned(), Tone::Bad),
        (CaseState::Closed, _) => ("closed: nothing is left to decide".to_owned(), Tone::Dim),
    }
}

fn field(label: &str, value: Line) -> Line {
    let mut line = vec![(text::fit(label, usize::from(LABEL), false), Tone::Dim)];
    line.extend(value);
    line
}

fn heading(words: &str, count: usize) -> [Line; 2] {
    [Vec::new(), vec![(words.to_owned(), Tone::Heading), (format!("  {count}"), Tone::Dim)]]
}

fn lines(model: &Model, data: &ReviewDetail, width: usize) -> Vec<Line> {
    let (case, clock) = (&data.case, model.clock());
    let mut lines = about(case, &clock);
    lines.extend(share(data));
    let author = Owner::of(&case.author);
    if let Some(nickname) = data.nickname.as_ref().filter(|nickname| !nickname.is_empty()) {
        lines.push(field("nickname", vec![(nickname.clone(), Tone::Marked)]));
    }
    lines.push(field("author", vec![(author.name().to_owned(), Tone::Text)]));
    lines.push(field("", vec![(author.id.to_owned(), Tone::Dim)]));
    if let Some(decision) = &case.decision {
        let who = format!(" by {}", short_operator(&decision.operator));
        let when = format!("  {}", clock.date_time(&decision.at));
        let line = vec![(case.state.name().to_owned(), Tone::Text), (who, Tone::Text), (when, Tone::Dim)];
        lines.push(field("decided", line));
    }
    if !data.reported.is_empty() {
        lines.extend(heading("REPORTS", data.reported.len()));
        for report in &data.reported {
            let name =
                text::fit(report.reporter.as_ref().map_or("—", |user| Owner::of(user).name()), NAME, false);
            let reason = text::fit(reason_words(report.reason), 11, false);
            lines.push(vec![(format!("{name}  "), Tone::Text), (reason, Tone::Warn)]);
            extend_wrapped(&mut lines, &report.note, width);
        }
    }
    if !data.notes.is_empty() {
        lines.extend(heading("NOTES", data.notes.len()));
        for note in &data.notes {
            let name = text::cut(short_operator(&note.operator), NAME).into_owned();
            let when = format!("  {}", clock.date_time(&note.at));
            lines.push(vec![(name, Tone::Text), (when, Tone::Dim)]);
            extend_wrapped(&mut lines, &note.text, width);
        }
    }
    others(data, &clock, &mut lines);
    lines
}

/// The reason of the case, its age and its content.
fn about(case: &ReviewRow, clock: &Clock) -> Vec<Line> {
    let opened = match case.opened_by {
        CaseOpener::Wechat => "WeChat did not pass it",
        CaseOpener::Reports => "users reported it",
        CaseOpener::Operator => "an operator",
    };
    let (waited, tone) = age(case, clock.now);
    let since = format!("  since {}", clock.date_time(&case.opened_at));
    let mut lines = vec![field("opened by", vec![(opened.to_owned(), Tone::Text)])];
    if let Some(reason) = case.reason {
        lines.push(field("reason", vec![(reason_words(reason).to_owned(), Tone::Warn)]));
    }
    if case.reports + case.web_reports > 0 {
        let web = match case.web_reports {
            0 => String::new(),
            count => format!("  and {count} without an account"),
        };
        lines.push(field("reports", vec![(case.reports.to_string(), Tone::Text), (web, Tone::Dim)]));
    }
    lines.push(field("age", vec![(waited, tone), (since, Tone::Dim)]));
    if let Some(content) = case.content.as_ref().filter(|_| case.kind != CaseKind::Avatar) {
        lines.push(field("content", vec![(content.clone(), Tone::Marked)]));
    }
    if let Some(code) = &case.code {
        let seq = case.seq.map(|seq| format!("  seq {seq}")).unwrap_or_default();
        lines.push(field("code", vec![(code.clone(), Tone::Accent), (seq, Tone::Dim)]));
    }
    lines
}

/// The share as it is now.
fn share(data: &ReviewDetail) -> Option<Line> {
    let share = data.share.as_ref()?;
    let shown = share.shown_seq.map(|seq| format!("  shown seq {seq}")).unwrap_or_default();
    Some(field("share", vec![(share_state_name(share.state).to_owned(), Tone::Text), (shown, Tone::Dim)]))
}

/// The author's other cases, and after a removal the offer to remove them too.
fn others(data: &ReviewDetail, clock: &Clock, lines: &mut Vec<Line>) {
    let count = data.others.len();
    if count == 0 {
        return;
    }
    lines.push(Vec::new());
    let words = if count == 1 { "OTHER CASE OF THIS AUTHOR" } else { "OTHER CASES OF THIS AUTHOR" };
    lines.push(vec![(words.to_owned(), Tone::Heading), (format!("  {count}"), Tone::Dim)]);
    if let (CaseState::Removed, Some(reason)) = (data.case.state, data.case.reason) {
        let offer = format!(" also the other {count} of this author ({})", reason_words(reason));
        lines.push(vec![("A".to_owned(), Tone::Key), (offer, Tone::Marked)]);
    }
    for case in &data.others {
        let (waited, tone) = age(case, clock.now);
        let reason = case.reason.map_or(opener_words(case.opened_by), reason_words);
        let code = match case.kind {
            CaseKind::Share | CaseKind::Room => case.code.clone().unwrap_or_default(),
            CaseKind::Nickname => "nickname".to_owned(),
            CaseKind::Avatar => "avatar".to_owned(),
            CaseKind::Title => "title".to_owned(),
        };
        lines.push(vec![
            (text::fit(&waited, 8, false), tone),
            (text::fit(reason, 12, false), Tone::Text),
            (code, Tone::Accent),
        ]);
    }
}

fn extend_wrapped(lines: &mut Vec<Line>, words: &str, width: usize) {
    if words.is_empty() {
        return;
    }
    let wrapped = text::wrap(words, width.saturating_sub(2).max(8));
    lines.extend(wrapped.into_iter().map(|line| vec![("  ".to_owned(), Tone::Dim), (line, Tone::Marked)]));
}

/// The question for the reason of a removal.
pub fn ask_reason(model: &Model, case: &ReviewRow, page: &mut Page<'_>) {
    let (tone, title) = if model.server.production {
        (Tone::Danger, " PRODUCTION · Remove this? ")
    } else {
        (Tone::Warn, " Remove this? ")
    };
    let mut inner = super::overlay::frame(page, 60, 12, title, tone);
    let width = inner.width().saturating_sub(4);
    inner.text(2, 1, width, &crate::lists::label(case), Tone::Text);
    for (y, reason) in (3..).zip(Reason::ALL) {
        let (number, word) = reason_words(reason).split_once(' ').unwrap_or_default();
        inner.line(
            2,
            y,
            &[
                (number, Tone::Key),
                ("  ", Tone::Dim),
                (&text::fit(word, 10, false), Tone::Text),
                ("  ", Tone::Dim),
                (author_words(reason), Tone::Dim),
            ],
        );
    }
}

/// A reason as the author reads it.
fn author_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Sexual => "色情低俗",
        Reason::Unlawful => "违法",
        Reason::Abuse => "辱骂",
        Reason::Advertising => "广告",
        Reason::Infringement => "侵权",
        Reason::Other => "其他",
    }
}

/// The prompt for a remark.
pub fn ask_note(case: &ReviewRow, typed: &str, page: &mut Page<'_>) {
    let mut inner = super::overlay::frame(page, 72, 8, " Note for operators ", Tone::Accent);
    let width = inner.width().saturating_sub(4);
    inner.text(2, 1, width, &crate::lists::label(case), Tone::Dim);
    let wrapped = text::wrap(&format!("{typed}▏"), usize::from(width));
    let room = usize::from(inner.height().saturating_sub(4));
    let skipped = wrapped.len().saturating_sub(room);
    for (y, line) in (3..).zip(wrapped.iter().skip(skipped)) {
        inner.text(2, y, width, line, Tone::Text);
    }
}
