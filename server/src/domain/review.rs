//! Review cases: content on which an operator decides.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use yibi_common::sharing::{CaseOpener, CaseState, Reason};

use super::clock::Micros;
use super::share::Code;
use super::user::UserKey;

/// Content that a case is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseSubject {
    /// A copy of a share.
    Share {
        code: Code,
        /// Id of the drawing.
        drawing: String,
        /// `seq` of the copy.
        seq: u32,
    },
    /// The drawing of a room, as it was when the room was frozen.
    Room {
        code: Code,
        /// Id of the drawing.
        drawing: String,
        /// `seq` of the drawing.
        seq: u32,
    },
    /// A nickname, an avatar or a title; see [`Subject`](super::moderation::Subject).
    Content {
        /// Written form of the subject.
        subject: String,
        content: String,
    },
}

/// Id of the case of a nickname, an avatar or a title. It is a hash, so that it names nobody.
#[must_use]
pub fn content_case_id(author: &str, subject: &str, content: &str) -> String {
    let mut hash = Sha256::new();
    for part in [author, subject, content] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(hash.finalize().get(..12).unwrap_or_default())
}

/// Case under review. Its id follows from its subject, so that the same content opens one case only, and holds
/// no openid: a case outlives its author, whose erasure empties `owner`, `author` and the subject's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: String,
    pub subject: CaseSubject,
    /// Key of the author.
    pub owner: UserKey,
    /// Public id of the author.
    pub author: String,
    pub state: CaseState,
    pub opened_by: CaseOpener,
    /// Reason that WeChat, a reporter or the operator gave.
    pub reason: Option<Reason>,
    /// Users who reported the share.
    #[serde(default)]
    pub reports: u32,
    /// Reports of the share without an account.
    #[serde(default)]
    pub web_reports: u32,
    #[serde(default)]
    pub notes: Vec<Note>,
    pub claim: Option<Claim>,
    pub decision: Option<Decision>,
    pub opened_at: Micros,
    /// Place in the queue: `opened_at`, and earlier for reported content.
    pub rank_at: Micros,
    /// Number of changes.
    pub version: u32,
}

/// Remark of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: Micros,
    pub operator: String,
    pub text: String,
}

/// Lease of a case by an operator who looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub operator: String,
    pub until: Micros,
}

/// The last decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub operator: String,
    pub at: Micros,
}

/// Selection of cases. Absent members select all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    pub state: Option<CaseState>,
    pub reason: Option<Reason>,
    pub opened_by: Option<CaseOpener>,
    /// Cases that were opened before this moment.
    pub opened_before: Option<Micros>,
    /// Cases of this author.
    pub owner: Option<UserKey>,
}

/// The case behind which a page begins, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterCase {
    pub rank_at: Micros,
    pub id: String,
}

/// Report of a share by a user, or by a visitor of its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareReport {
    pub code: Code,
    pub reporter: Reporter,
    /// `seq` of the copy that was shown.
    pub seq: u32,
    pub reason: Reason,
    pub note: String,
    pub at: Micros,
}

/// Sender of a report. A share has one report of each at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reporter {
    User(UserKey),
    /// A keyed hash of the address, by which a visitor's second report is known.
    Visitor(String),
}

impl Reporter {
    /// The user who reports.
    #[must_use]
    pub fn user(&self) -> Option<&UserKey> {
        match self {
            Self::User(user) => Some(user),
            Self::Visitor(_) => None,
        }
    }
}

impl fmt::Display for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user/{user}"),
            Self::Visitor(hash) => write!(f, "visitor/{hash}"),
        }
    }
}

/// Numbers of the reporters of a share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReporterCount {
    pub users: u32,
    pub visitors: u32,
}

/// Sealed content of a case, kept for a time beyond the content's own deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the case.
    pub case: String,
    /// Sealed text; the context of the seal is the case's id.
    pub sealed: String,
    pub expires_at: Micros,
}

/// Decision of an operator on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseDecision {
    /// The content may be shown.
    Pass,
    /// The content is removed.
    Remove(Reason),
    /// The content is hidden until a later decision; this also takes back a decision.
    Hold,
}
