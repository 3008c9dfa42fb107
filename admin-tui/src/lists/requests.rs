//! Requests: a failed one, and those of the same user before and after it. They are rows of a request's page.

use serde_json::Value;
use yibi_common::admin::{RequestDetail, RequestRow};

use super::columns::{Column, fixed, number, share};
use super::{Cell, Owner, Record, to_json};
use crate::subject::Subject;
use crate::theme::Tone;
use crate::time::Clock;

/// The columns of [`Neighbour`].
pub static NEIGHBOURS: &[Column] =
    &[fixed(2, "WHEN", 8), fixed(1, "STATUS", 6), share(0, "REQUEST", 20, 1), number(3, "TOOK", 10)];

/// The failed request of a page.
#[derive(Debug)]
pub struct FailedRequest(pub RequestDetail);

/// A request of the same user.
#[derive(Debug)]
pub struct Neighbour {
    pub row: RequestRow,
    pub user: Option<String>,
    /// Whether this is the request of the page.
    pub is_subject: bool,
}

impl Record for FailedRequest {
    fn id(&self) -> &str {
        &self.0.failure.request_id
    }

    fn owner(&self) -> Option<Owner<'_>> {
        self.0.failure.user.as_deref().map(|id| Owner { id, nickname: "" })
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Request(self.id().to_owned()))
    }

    fn describe(&self) -> String {
        format!("request {}", self.id())
    }

    fn cells(&self, _clock: &Clock) -> Vec<Cell> {
        Vec::new()
    }

    fn plain(&self) -> Vec<&str> {
        Vec::new()
    }

    fn json(&self) -> Value {
        to_json(&self.0)
    }
}

impl Record for Neighbour {
    fn id(&self) -> &str {
        &self.row.request_id
    }

    fn owner(&self) -> Option<Owner<'_>> {
        self.user.as_deref().map(|id| Owner { id, nickname: "" })
    }

    /// Servers keep the details of failed requests only.
    fn subject(&self) -> Option<Subject> {
        let failed = self.row.status >= 400 && !self.is_subject;
        failed.then(|| Subject::Request(self.row.request_id.clone()))
    }

    fn describe(&self) -> String {
        format!("request {}", self.row.request_id)
    }

    fn cells(&self, clock: &Clock) -> Vec<Cell> {
        let row = &self.row;
        let tone = if row.status >= 400 { Tone::Bad } else { Tone::Good };
        vec![
            (clock.time_of_day(&row.at), Tone::Dim),
            (row.status.to_string(), tone),
            (
                format!("{} {}", row.method, row.route),
                if self.is_subject { Tone::Accent } else { Tone::Text },
            ),
            (format!("{}.{} ms", row.duration_us / 1000, row.duration_us / 100 % 10), Tone::Dim),
        ]
    }

    fn plain(&self) -> Vec<&str> {
        Vec::new()
    }

    fn json(&self) -> Value {
        to_json(&self.row)
    }
}
