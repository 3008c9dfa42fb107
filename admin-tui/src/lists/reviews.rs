//! The review queue: content on which an operator decides.

use serde_json::Value;
use yibi_common::admin::{CaseKind, ReviewPage, ReviewRow};
use yibi_common::sharing::{CaseOpener, CaseState, Reason, ShareState};

use super::columns::{Column, fixed, number, share, sorted_by};
use super::{Cell, ListView, Order, Owner, Page, Record, Row, to_json};
use crate::filter::{Field, Form, Parameter, field};
use crate::subject::Subject;
use crate::theme::Tone;
use crate::time::{self, Clock, Millis};

pub struct Reviews;

/// Ages of a waiting case from which it is shown in amber and in red.
const LATE: Millis = 6 * 3_600_000;
const OVERDUE: Millis = 12 * 3_600_000;

static COLUMNS: &[Column] = &[
    sorted_by(0, number(0, "AGE", 7)),
    share(0, "REASON", 10, 1),
    number(1, "REPORTS", 7),
    share(0, "AUTHOR", 10, 2),
    fixed(2, "CODE", 12),
    share(3, "STATE", 12, 2),
];

static ORDERS: &[Order] = &[Order { name: "", words: "most urgent first", ascends: false }];

static FIELDS: &[Field] = &[
    field("state", ':', Form::OneOf(&["held", "passed", "removed", "closed"]), "state", "state:held"),
    field("reason", ':', Form::OneOf(&["1", "2", "3", "4", "5", "6"]), "reason", "reason:4"),
    field("by", ':', Form::OneOf(&["wechat", "reports", "operator"]), "by", "by:reports"),
    field("age", '>', Form::Seconds, "older", "age>6h"),
    field("author", ':', Form::Id, "author", "author:ID"),
];

impl ListView for Reviews {
    fn name(&self) -> &'static str {
        "reviews"
    }

    fn short_name(&self) -> &'static str {
        "review"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["8"]
    }

    fn help(&self) -> &'static str {
        "The review queue"
    }

    fn when_empty(&self) -> &'static str {
        "✓ nothing waits for a decision"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn orders(&self) -> &'static [Order] {
        ORDERS
    }

    fn plain_heads(&self) -> &'static [&'static str] {
        &["CASE", "STATE", "BY", "REASON", "USER", "NICKNAME", "CODE", "OPENED", "CLAIMED"]
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn counts_and_reverses(&self) -> bool {
        false
    }

    /// The queue.
    fn initial_filter(&self) -> Option<(&'static str, Parameter)> {
        Some(("state:held", ("state", "held".to_owned())))
    }

    fn read(&self, reply: Value) -> serde_json::Result<Page> {
        let page: ReviewPage = serde_json::from_value(reply)?;
        Ok(Page { rows: Row::all(page.reviews), next: page.next, total: None, now: page.now })
    }
}

/// A reason in a word, with its number.
pub fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Sexual => "1 sexual",
        Reason::Unlawful => "2 unlawful",
        Reason::Abuse => "3 abuse",
        Reason::Advertising => "4 ads",
        Reason::Infringement => "5 rights",
        Reason::Other => "6 other",
    }
}

/// The event that opened a case, in a word.
pub fn opener_words(opener: CaseOpener) -> &'static str {
    match opener {
        CaseOpener::Wechat => "WeChat",
        CaseOpener::Reports => "reports",
        CaseOpener::Operator => "operator",
    }
}

pub fn share_state_name(state: ShareState) -> &'static str {
    match state {
        ShareState::Checking => "checking",
        ShareState::Shown => "shown",
        ShareState::Held => "held",
        ShareState::Removed => "removed",
        ShareState::Revoked => "revoked",
    }
}

/// An operator's name without the way in which the operator came.
pub fn short_operator(name: &str) -> &str {
    name.strip_prefix("token:").unwrap_or(name)
}

/// The number of reports, those without an account behind a plus sign.
fn reports(row: &ReviewRow) -> String {
    match (row.reports, row.web_reports) {
        (0, 0) => "—".to_owned(),
        (users, 0) => users.to_string(),
        (users, web) => format!("{users}+{web}"),
    }
}

/// The time since a case was opened.
pub fn age(row: &ReviewRow, now: Millis) -> Cell {
    let Some(opened) = time::parse(&row.opened_at) else { return (String::new(), Tone::Dim) };
    let age = (now - opened).max(0);
    let tone = match age {
        _ if row.state != CaseState::Held => Tone::Dim,
        age if age > OVERDUE => Tone::Bad,
        age if age > LATE => Tone::Warn,
        _ => Tone::Text,
    };
    (time::span(age), tone)
}

/// The end of a claim that is still in force.
pub fn claimed_until(row: &ReviewRow, now: Millis) -> Option<(&str, Millis)> {
    let claim = row.claim.as_ref()?;
    let until = time::parse(&claim.until).filter(|until| *until > now)?;
    Some((claim.operator.as_str(), until))
}

/// The thing under review in words.
pub fn label(row: &ReviewRow) -> String {
    let author = Owner::of(&row.author).name();
    let content = row.content.as_deref().unwrap_or_default();
    match row.kind {
        CaseKind::Share => format!("share {} by {author}", row.code.as_deref().unwrap_or_default()),
        CaseKind::Room => format!("room {} of {author}", row.code.as_deref().unwrap_or_default()),
        CaseKind::Nickname => format!("nickname “{content}”"),
        CaseKind::Avatar => format!("avatar of {author}"),
        CaseKind::Title => format!("title “{content}” by {author}"),
    }
}

fn state(row: &ReviewRow, now: Millis) -> Cell {
    let decided = row.decision.as_ref().map(|decision| short_operator(&decision.operator));
    match (row.state, claimed_until(row, now), decided) {
        (CaseState::Held, Some((operator, _)), _) => {
            (format!("{} has it", short_operator(operator)), Tone::Marked)
        }
        (CaseState::Held, None, _) => ("held".to_owned(), Tone::Warn),
        (CaseState::Closed, ..) => ("closed".to_owned(), Tone::Dim),
        (state, _, None) => (state.name().to_owned(), Tone::Dim),
        (CaseState::Passed, _, Some(who)) => (format!("passed by {who}"), Tone::Good),
        (CaseState::Removed, _, Some(who)) => (format!("removed by {who}"), Tone::Bad),
    }
}

impl Record for ReviewRow {
    fn id(&self) -> &str {
        &self.id
    }

    fn owner(&self) -> Option<Owner<'_>> {
        Some(Owner::of(&self.author))
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Review(self.id.clone()))
    }

    fn describe(&self) -> String {
        label(self)
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        let reason = match self.reason {
            Some(reason) => (reason_words(reason).to_owned(), Tone::Text),
            None => (opener_words(self.opened_by).to_owned(), Tone::Dim),
        };
        let content = match self.kind {
            CaseKind::Share => self.code.clone().unwrap_or_default(),
            CaseKind::Room => format!("room {}", self.code.as_deref().unwrap_or_default()),
            CaseKind::Nickname => "nickname".to_owned(),
            CaseKind::Avatar => "avatar".to_owned(),
            CaseKind::Title => "title".to_owned(),
        };
        let anonymous = self.author.nickname.is_empty();
        vec![
            age(self, clock.now),
            reason,
            (reports(self), if self.reports == 0 { Tone::Dim } else { Tone::Text }),
            (Owner::of(&self.author).name().to_owned(), if anonymous { Tone::Dim } else { Tone::Text }),
            (content, Tone::Accent),
            state(self, clock.now),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        let code = self.code.as_deref().unwrap_or_default();
        let reason = self.reason.map(reason_words).unwrap_or_default();
        let claim = self.claim.as_ref().map(|claim| claim.operator.as_str()).unwrap_or_default();
        let (state, by) = (self.state.name(), opener_words(self.opened_by));
        vec![
            &self.id,
            state,
            by,
            reason,
            &self.author.id,
            &self.author.nickname,
            code,
            &self.opened_at,
            claim,
        ]
    }

    fn json(&self) -> Value {
        to_json(self)
    }

    fn passes(&self, field: &str, value: &str) -> bool {
        match field {
            "state" => self.state.name().starts_with(value),
            "reason" => self.reason.is_some_and(|reason| reason.number().to_string() == value),
            "by" => opener_words(self.opened_by).to_lowercase().starts_with(value),
            "author" => self.author.id == value,
            _ => true,
        }
    }

    fn case(&self) -> Option<&ReviewRow> {
        Some(self)
    }
}
