//! Cases: opened with their evidence, counted, and closed.

use std::time::Duration;

use yibi_common::sharing::{CaseOpener, CaseState, Reason};

use super::ShareRecords;
use super::evidence::{self, ContentEvidence, CopyEvidence};
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, Subject};
use crate::domain::review::{Case, CaseSubject, Evidence, content_case_id};
use crate::domain::share::{Code, PassedNames, Share, ShareCopy, copy_name};
use crate::domain::user::UserRecord;
use crate::store::{Avatars, Reviews, Shares, StoreError, StoreResult, Users};

/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 16;
/// How much earlier a case comes in the queue for each report, and for how many reports.
const PER_REPORT: Duration = Duration::from_secs(3_600);
const COUNTED_REPORTS: u32 = 24;
/// How long evidence is kept.
const EVIDENCE_KEPT: Duration = Duration::from_secs(180 * 86_400);

/// A case that is about to be opened.
pub(crate) struct Opening {
    pub(crate) subject: CaseSubject,
    pub(crate) opened_by: CaseOpener,
    pub(crate) state: CaseState,
    pub(crate) reason: Option<Reason>,
    /// Reports up to this seq do not count.
    pub(crate) cleared_seq: Option<u32>,
}

impl ShareRecords {
    /// Copy that a case is about, from its evidence; `None` for another subject, or when the evidence is no
    /// longer kept.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn case_copy(&self, case: &Case) -> StoreResult<Option<ShareCopy>> {
        Ok(self.copy_evidence(case).await?.map(|kept| kept.copy))
    }

    /// The copy that a case is about, with the names and the avatar that stood beside it; `None` for another
    /// subject, or when the evidence is no longer kept.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn copy_evidence(&self, case: &Case) -> StoreResult<Option<CopyEvidence>> {
        let (CaseSubject::Share { .. } | CaseSubject::Room { .. }) = &case.subject else { return Ok(None) };
        let Some(sealed) = self.store.evidence(&case.id).await? else { return Ok(None) };
        evidence::read_copy(&self.opened(&sealed).await?).map(Some)
    }

    /// The nickname, avatar or title that a case is about; `None` for a share, or when the evidence is no
    /// longer kept.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn content_evidence(&self, case: &Case) -> StoreResult<Option<ContentEvidence>> {
        let CaseSubject::Content { .. } = &case.subject else { return Ok(None) };
        let Some(sealed) = self.store.evidence(&case.id).await? else { return Ok(None) };
        evidence::read_content(&self.opened(&sealed).await?).map(Some)
    }

    async fn opened(&self, evidence: &Evidence) -> StoreResult<secrecy::SecretString> {
        let sealer = &self.keys.get().await?.sealer;
        let opened = sealer.open(&evidence.sealed, &evidence.case);
        opened.ok_or_else(|| StoreError::Damaged("evidence can't be opened".to_owned()))
    }

    async fn seal(&self, case: &str, content: &str, now: Micros) -> StoreResult<()> {
        let sealed = self.keys.get().await?.sealer.seal(content, case);
        let expires_at = now.plus(EVIDENCE_KEPT);
        self.store.put_evidence(&Evidence { case: case.to_owned(), sealed, expires_at }).await
    }

    /// Opens a case of a copy, with its evidence. An open case stays as it is; one that was decided is
    /// opened again.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn open_case(
        &self,
        share: &Share,
        seq: u32,
        opened_by: CaseOpener,
        state: CaseState,
        reason: Option<Reason>,
    ) -> StoreResult<()> {
        let id = copy_name(&share.code, seq);
        let known = self.store.case(&id).await?;
        if known.is_some_and(|known| known.state == CaseState::Held && state == CaseState::Held) {
            return Ok(());
        }
        let Some(copy) = self.store.copy(&share.owner, &share.code, seq).await? else {
            let share = self.share_of_code(&share.owner, &share.drawing, &share.code).await?;
            return match share {
                Some(share) if share.needs_copy(seq) => {
                    Err(StoreError::Damaged(format!("the copy {id} of a share is missing")))
                }
                // A change of the share came first.
                Some(_) | None => Ok(()),
            };
        };
        let subject = CaseSubject::Share { code: share.code.clone(), drawing: share.drawing.clone(), seq };
        let opening = Opening { subject, opened_by, state, reason, cleared_seq: share.cleared_seq };
        self.open_case_of(copy, opening).await
    }

    /// Opens a case of a copy, as [`open_case`](Self::open_case) does.
    ///
    /// # Errors
    /// The errors of the store.
    pub(crate) async fn open_case_of(&self, copy: ShareCopy, opening: Opening) -> StoreResult<()> {
        let Opening { subject, opened_by, state, reason, cleared_seq } = opening;
        let id = copy_name(&copy.code, copy.seq);
        let Some(author) = self.store.user(&copy.owner).await? else { return Ok(()) };
        let now = Micros::now();
        let (reports, web_reports) = self.report_counts(&copy.code, cleared_seq).await?;
        let avatar = match &author.avatar {
            Some(avatar) => self.store.avatar(&author.key, avatar).await?,
            None => None,
        };
        let names = PassedNames {
            nickname: author.nickname.clone(),
            title: copy.title.clone(),
            avatar: author.avatar.clone().filter(|_| avatar.is_some()),
        };
        self.seal(&id, &evidence::write_copy(&CopyEvidence { copy, names, avatar }), now).await?;
        let case = Case {
            state,
            reason,
            reports,
            web_reports,
            rank_at: rank(now, reports, web_reports),
            ..new_case(id, subject, &author, opened_by, now)
        };
        self.put_case(&case).await
    }

    /// Opens a case of a nickname, an avatar or a title that WeChat leaves to a person. Returns the state of
    /// the case: a person's decision on the same content stays.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn open_content_case(
        &self,
        check: &ModerationCheck,
        reason: Option<Reason>,
    ) -> StoreResult<CaseState> {
        let Some(author) = self.store.user(&check.user).await? else { return Ok(CaseState::Closed) };
        let subject = check.subject.to_string();
        let id = content_case_id(&author.public_id, &subject, &check.content);
        if let Some(known) = self.store.case(&id).await?
            && known.state != CaseState::Closed
        {
            return Ok(known.state);
        }
        let now = Micros::now();
        let avatar = if check.subject == Subject::Avatar {
            self.store.avatar(&author.key, &check.content).await?
        } else {
            None
        };
        let kept = ContentEvidence { content: check.content.clone(), avatar };
        self.seal(&id, &evidence::write_content(&kept), now).await?;
        let subject = CaseSubject::Content { subject, content: check.content.clone() };
        let case = Case { reason, ..new_case(id, subject, &author, CaseOpener::Wechat, now) };
        self.put_case(&case).await?;
        Ok(CaseState::Held)
    }

    /// Stores a case, over one that waits for no decision.
    async fn put_case(&self, case: &Case) -> StoreResult<()> {
        if self.store.add_case(case).await? {
            return Ok(());
        }
        self.change_case(&case.id, |known| {
            if known.state == CaseState::Held {
                return false;
            }
            *known = Case { notes: known.notes.clone(), version: known.version, ..case.clone() };
            true
        })
        .await
    }

    /// Closes the case of a content that another one replaced, or that its user removed.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn close_content_case(&self, check: &ModerationCheck) -> StoreResult<()> {
        let Some(author) = self.store.user(&check.user).await? else { return Ok(()) };
        let id = content_case_id(&author.public_id, &check.subject.to_string(), &check.content);
        self.close_case(&id).await
    }

    /// Closes a case that still waits for a decision.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn close_case(&self, id: &str) -> StoreResult<()> {
        self.change_case(id, |case| {
            let waits = case.state == CaseState::Held;
            if waits {
                (case.state, case.claim) = (CaseState::Closed, None);
            }
            waits
        })
        .await
    }

    /// Counts the share's reports again in its open cases.
    pub(super) async fn count_reports(&self, share: &Share) -> StoreResult<()> {
        let (reports, web_reports) = self.report_counts(&share.code, share.cleared_seq).await?;
        for seq in [share.shown_seq, share.checking_seq].into_iter().flatten() {
            self.change_case(&copy_name(&share.code, seq), |case| {
                let rank_at = rank(case.opened_at, reports, web_reports);
                let changed = (case.reports, case.web_reports) != (reports, web_reports);
                (case.reports, case.web_reports, case.rank_at) = (reports, web_reports, rank_at);
                changed
            })
            .await?;
        }
        Ok(())
    }

    /// Users and web visitors who reported a copy that no person passed.
    async fn report_counts(&self, code: &Code, cleared_seq: Option<u32>) -> StoreResult<(u32, u32)> {
        let reporters = self.store.reporters(code, cleared_seq).await?;
        Ok((reporters.users, reporters.visitors))
    }

    /// Changes a case, unless it is gone or the change does not apply.
    pub(crate) async fn change_case(&self, id: &str, change: impl Fn(&mut Case) -> bool) -> StoreResult<()> {
        for _ in 0..ROUNDS {
            let Some(mut case) = self.store.case(id).await? else { return Ok(()) };
            if !change(&mut case) || self.store.change_case(&case).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }
}

fn new_case(
    id: String,
    subject: CaseSubject,
    author: &UserRecord,
    opened_by: CaseOpener,
    now: Micros,
) -> Case {
    Case {
        id,
        subject,
        owner: author.key.clone(),
        author: author.public_id.clone(),
        state: CaseState::Held,
        opened_by,
        reason: None,
        reports: 0,
        web_reports: 0,
        notes: Vec::new(),
        claim: None,
        decision: None,
        opened_at: now,
        rank_at: now,
        version: 0,
    }
}

fn rank(opened_at: Micros, reports: u32, web_reports: u32) -> Micros {
    let counted = reports.saturating_add(web_reports).min(COUNTED_REPORTS);
    opened_at.minus(PER_REPORT.saturating_mul(counted))
}
