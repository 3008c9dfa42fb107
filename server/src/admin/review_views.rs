//! Cases and shares in the form of the operators' API.

use std::collections::HashMap;

use yibi_common::admin::{
    CaseKind, ReviewClaim, ReviewDecision, ReviewDetail, ReviewNote, ReviewReport, ReviewRow, ShareRow,
    UserRef,
};

use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::review::{Case, CaseSubject, Note, Reporter, ShareReport};
use crate::domain::share::Share;
use crate::domain::user::{UserKey, UserRecord};
use crate::service::operator::CaseOverview;

/// The users of some cases, and the present moment.
pub(super) struct Cases {
    users: HashMap<UserKey, UserRef>,
    now: Micros,
}

impl Cases {
    pub(super) fn new(users: &[UserRecord], now: Micros) -> Self {
        Self { users: users.iter().map(|user| (user.key.clone(), UserRef::from(user))).collect(), now }
    }

    /// The author. Of an erased user, the public id alone is shown.
    fn author(&self, case: &Case) -> UserRef {
        self.users.get(&case.owner).cloned().unwrap_or_else(|| UserRef {
            id: case.author.clone(),
            app_id: case.owner.app_id().to_owned(),
            openid: String::new(),
            nickname: String::new(),
        })
    }

    pub(super) fn row(&self, case: &Case) -> ReviewRow {
        let (kind, drawing, content) = match &case.subject {
            CaseSubject::Share { drawing, .. } => (CaseKind::Share, Some(drawing.clone()), None),
            CaseSubject::Room { drawing, .. } => (CaseKind::Room, Some(drawing.clone()), None),
            CaseSubject::Content { subject, content } => {
                let (kind, drawing) = match Subject::parse(subject) {
                    Some(Subject::Avatar) => (CaseKind::Avatar, None),
                    Some(Subject::Title(drawing)) => (CaseKind::Title, Some(drawing)),
                    Some(
                        Subject::Nickname
                        | Subject::SharePicture(_)
                        | Subject::ShareSheet(_)
                        | Subject::RoomPicture(_)
                        | Subject::OrderPicture(_),
                    )
                    | None => (CaseKind::Nickname, None),
                };
                (kind, drawing, Some(content.clone()))
            }
        };
        let (code, seq) = match &case.subject {
            CaseSubject::Share { code, seq, .. } | CaseSubject::Room { code, seq, .. } => {
                (Some(code.to_string()), Some(*seq))
            }
            CaseSubject::Content { .. } => (None, None),
        };
        let claim = case.claim.as_ref().filter(|claim| claim.until > self.now);
        ReviewRow {
            id: case.id.clone(),
            kind,
            code,
            drawing,
            seq,
            content,
            author: self.author(case),
            state: case.state,
            opened_by: case.opened_by,
            reason: case.reason,
            reports: case.reports,
            web_reports: case.web_reports,
            claim: claim.map(|claim| ReviewClaim {
                operator: claim.operator.clone(),
                until: claim.until.to_string(),
            }),
            decision: case.decision.as_ref().map(|decision| ReviewDecision {
                operator: decision.operator.clone(),
                at: decision.at.to_string(),
            }),
            opened_at: case.opened_at.to_string(),
        }
    }

    pub(super) fn detail(&self, overview: &CaseOverview) -> ReviewDetail {
        ReviewDetail {
            case: self.row(&overview.case),
            title: overview.title.clone(),
            nickname: overview.nickname.clone(),
            has_avatar: overview.has_avatar,
            share: overview.share.as_ref().map(share_row),
            reported: overview.reports.iter().map(|report| self.report(report)).collect(),
            notes: overview.case.notes.iter().map(note).collect(),
            others: overview.others.iter().map(|other| self.row(other)).collect(),
            now: self.now.to_string(),
        }
    }

    fn report(&self, report: &ShareReport) -> ReviewReport {
        let reporter = match &report.reporter {
            Reporter::User(key) => self.users.get(key).cloned(),
            Reporter::Visitor(_) => None,
        };
        ReviewReport {
            reporter,
            seq: report.seq,
            reason: report.reason,
            note: report.note.clone(),
            at: report.at.to_string(),
        }
    }
}

fn note(note: &Note) -> ReviewNote {
    ReviewNote { at: note.at.to_string(), operator: note.operator.clone(), text: note.text.clone() }
}

pub(super) fn share_row(share: &Share) -> ShareRow {
    ShareRow {
        code: share.code.to_string(),
        drawing: share.drawing.clone(),
        state: share.state,
        shown_seq: share.shown_seq,
        checking_seq: share.checking_seq,
        reason: share.reason,
        audience: share.audience,
        created_at: share.created_at.to_string(),
        updated_at: share.updated_at.to_string(),
    }
}
