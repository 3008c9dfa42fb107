//! The records of shares, and what verdicts and decisions do to them.
//!
//! Every change is a comparison with the stored version and applies once, so that verdicts may arrive twice,
//! late or out of order. A case is stored before the share changes: after a crash in between, the queue
//! holds the case, and the event that opened it repeats.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use yibi_common::sharing::{CaseOpener, CaseState, Reason, ShareState};

use super::evidence;
use crate::domain::clock::Micros;
use crate::domain::review::{Case, CaseDecision, CaseSubject, Evidence};
use crate::domain::share::{Code, PassedNames, Share, ShareCopy, copy_name};
use crate::domain::user::UserKey;
use crate::keys::LazyKeyring;
use crate::settings::Reviewer;
use crate::store::{GalleryStore, Reviews, Shares, StoreError, StoreResult, Users};

/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 16;
/// How much earlier a case comes in the queue for each report, and for how many reports.
const PER_REPORT: Duration = Duration::from_secs(3_600);
const COUNTED_REPORTS: u32 = 24;
/// How long evidence is kept.
const EVIDENCE_KEPT: Duration = Duration::from_secs(180 * 86_400);

/// The records of all shares. Cheap to clone.
#[derive(Clone)]
pub struct ShareRecords {
    pub(super) store: GalleryStore,
    pub(super) keys: Arc<LazyKeyring>,
    /// Public URL of the server, without a slash at the end.
    pub(super) public_url: String,
    reviewer: Reviewer,
}

impl ShareRecords {
    #[must_use]
    pub fn new(store: GalleryStore, keys: Arc<LazyKeyring>, public_url: &str, reviewer: Reviewer) -> Self {
        Self { store, keys, public_url: public_url.trim_end_matches('/').to_owned(), reviewer }
    }

    /// Name of the copy of the drawing's share that WeChat checks, if any.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn copy_under_check(&self, user: &UserKey, drawing: &str) -> StoreResult<Option<String>> {
        let share = self.store.share(user, drawing).await?.filter(|share| !share.needs_person);
        Ok(share.and_then(|share| share.checking_seq.map(|seq| copy_name(&share.code, seq))))
    }

    /// WeChat passes a copy.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn pass(&self, user: &UserKey, drawing: &str, code: &Code, seq: u32) -> StoreResult<()> {
        if self.reviewer == Reviewer::Operator {
            // WeChat was asked before the operators took over.
            return self.hold(user, drawing, (code, seq), None).await;
        }
        self.change(user, drawing, code, |share| share.pass(seq)).await?;
        Ok(())
    }

    /// WeChat leaves a copy to a person, or gives no verdict.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn hold(
        &self,
        user: &UserKey,
        drawing: &str,
        (code, seq): (&Code, u32),
        reason: Option<Reason>,
    ) -> StoreResult<()> {
        let Some(share) = self.share_of_code(user, drawing, code).await? else { return Ok(()) };
        if share.clone().hold_new(seq) {
            self.open_case(&share, seq, CaseOpener::Wechat, CaseState::Held, reason).await?;
            self.change(user, drawing, code, |share| share.hold_new(seq)).await?;
        }
        Ok(())
    }

    /// WeChat rejects a copy. The case keeps the evidence.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn reject(
        &self,
        user: &UserKey,
        drawing: &str,
        (code, seq): (&Code, u32),
        reason: Reason,
    ) -> StoreResult<()> {
        let Some(share) = self.share_of_code(user, drawing, code).await? else { return Ok(()) };
        if share.clone().reject(seq, reason) {
            self.open_case(&share, seq, CaseOpener::Wechat, CaseState::Removed, Some(reason)).await?;
            self.change(user, drawing, code, |share| share.reject(seq, reason)).await?;
        }
        Ok(())
    }

    /// Hides the share because of its reports, unless a person passed the copy that is shown.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn hide_reported(&self, share: &Share, reason: Reason) -> StoreResult<()> {
        // Read again: an update may have passed since the report began.
        let known = self.share_of_code(&share.owner, &share.drawing, &share.code).await?;
        let Some(share) = known else { return Ok(()) };
        let Some(seq) = share.shown_seq.filter(|_| share.clone().hide_reported()) else { return Ok(()) };
        self.open_case(&share, seq, CaseOpener::Reports, CaseState::Held, Some(reason)).await?;
        let applies = |share: &mut Share| share.shown_seq == Some(seq) && share.hide_reported();
        let hidden = self.change(&share.owner, &share.drawing, &share.code, applies).await?;
        self.open_case_beside(hidden, seq).await
    }

    /// Opens a case of the copy that waits for a person beside the copy `decided`.
    async fn open_case_beside(&self, changed: Option<Share>, decided: u32) -> StoreResult<()> {
        let Some(share) = changed else { return Ok(()) };
        match share.waiting_seq(decided) {
            Some(seq) => self.open_case(&share, seq, CaseOpener::Operator, CaseState::Held, None).await,
            None => Ok(()),
        }
    }

    /// Applies an operator's decision on the copy of a case. A decision that the share already shows changes
    /// nothing; a share that its author ended stays so.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn decide(&self, case: &Case, decision: CaseDecision) -> StoreResult<()> {
        let CaseSubject::Share { code, drawing, seq } = &case.subject else { return Ok(()) };
        match decision {
            CaseDecision::Pass => {
                // The author of the case was erased, or ended the share: no copy may come back.
                let share = self.share_of_code(&case.owner, drawing, code).await?;
                if share.is_none_or(|share| share.state == ShareState::Revoked) {
                    return Ok(());
                }
                // The copy itself outlives its evidence.
                let kept = self.case_evidence(case).await?;
                let (copy, names) = match kept {
                    Some((copy, names)) => (Some(copy), Some(names)),
                    None => (self.store.copy(&case.owner, code, *seq).await?, None),
                };
                let Some(copy) = copy else { return Ok(()) };
                // An earlier decision may have removed the copy.
                self.store.put_copy(&copy).await?;
                let pass = |share: &mut Share| share.pass_by_person(*seq, names.clone());
                let passed = self.change(&case.owner, drawing, code, pass).await?;
                if passed.is_none() {
                    self.store.remove_copy(&case.owner, code, *seq).await?;
                }
                self.open_case_beside(passed, *seq).await?;
            }
            CaseDecision::Remove(reason) => {
                let remove = |share: &mut Share| share.remove_by_person(reason);
                self.change(&case.owner, drawing, code, remove).await?;
            }
            CaseDecision::Hold => {
                let hold = |share: &mut Share| share.hold_by_person(*seq);
                let held = self.change(&case.owner, drawing, code, hold).await?;
                self.open_case_beside(held, *seq).await?;
            }
        }
        Ok(())
    }

    /// Copy that a case is about, from its evidence; `None` for another subject, or when the evidence is no
    /// longer kept.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn case_copy(&self, case: &Case) -> StoreResult<Option<ShareCopy>> {
        Ok(self.case_evidence(case).await?.map(|(copy, _)| copy))
    }

    /// The evidence of a case: the copy, and the names that stood beside it.
    async fn case_evidence(&self, case: &Case) -> StoreResult<Option<(ShareCopy, PassedNames)>> {
        let CaseSubject::Share { .. } = &case.subject else { return Ok(None) };
        let Some(evidence) = self.store.evidence(&case.id).await? else { return Ok(None) };
        let sealer = &self.keys.get().await?.sealer;
        let opened = sealer.open(&evidence.sealed, &case.id);
        let opened = opened.ok_or_else(|| StoreError::Damaged("evidence can't be opened".to_owned()))?;
        evidence::read(&opened).map(Some)
    }

    /// Opens a case of a copy, with its evidence. An open case stays as it is; one that was decided is
    /// opened again.
    ///
    /// # Errors
    /// The errors of the store.
    pub(super) async fn open_case(
        &self,
        share: &Share,
        seq: u32,
        opened_by: CaseOpener,
        state: CaseState,
        reason: Option<Reason>,
    ) -> StoreResult<()> {
        let id = copy_name(&share.code, seq);
        let Some(copy) = self.store.copy(&share.owner, &share.code, seq).await? else {
            return Err(StoreError::Damaged(format!("the copy {id} of a share is missing")));
        };
        let author = self.store.user(&share.owner).await?;
        let Some(author) = author else { return Ok(()) };
        let now = Micros::now();
        let names = PassedNames { nickname: author.nickname, title: copy.title.clone() };
        let sealed = self.keys.get().await?.sealer.seal(&evidence::write(&copy, &names), &id);
        let expires_at = now.plus(EVIDENCE_KEPT);
        self.store.put_evidence(&Evidence { case: id.clone(), sealed, expires_at }).await?;
        let (reports, web_reports) = self.report_counts(share).await?;
        let subject = CaseSubject::Share { code: share.code.clone(), drawing: share.drawing.clone(), seq };
        let case = Case {
            id,
            subject,
            owner: share.owner.clone(),
            author: author.public_id,
            state,
            opened_by,
            reason,
            reports,
            web_reports,
            notes: Vec::new(),
            claim: None,
            decision: None,
            opened_at: now,
            rank_at: rank(now, reports, web_reports),
            version: 0,
        };
        if self.store.add_case(&case).await? {
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

    /// Counts the share's reports again in its open cases.
    pub(super) async fn count_reports(&self, share: &Share) -> StoreResult<()> {
        let (reports, web_reports) = self.report_counts(share).await?;
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
    async fn report_counts(&self, share: &Share) -> StoreResult<(u32, u32)> {
        let reporters = self.store.reporters(&share.code, share.cleared_seq).await?;
        Ok((reporters.users, reporters.visitors))
    }

    pub(super) async fn share_of_code(
        &self,
        user: &UserKey,
        drawing: &str,
        code: &Code,
    ) -> StoreResult<Option<Share>> {
        Ok(self.store.share(user, drawing).await?.filter(|share| share.code == *code))
    }

    /// Changes the share of that code. Returns the share when the change applied, `None` when it did not.
    pub(super) async fn change(
        &self,
        user: &UserKey,
        drawing: &str,
        code: &Code,
        change: impl Fn(&mut Share) -> bool,
    ) -> StoreResult<Option<Share>> {
        for _ in 0..ROUNDS {
            let Some(mut share) = self.share_of_code(user, drawing, code).await? else { return Ok(None) };
            if !change(&mut share) {
                return Ok(None);
            }
            share.updated_at = Micros::now();
            if self.store.change_share(&share).await? {
                share.version = share.version.saturating_add(1);
                self.drop_copies(&share).await?;
                return Ok(Some(share));
            }
        }
        Err(StoreError::Busy)
    }

    /// Removes the copies that the share no longer needs. Evidence of cases is kept apart.
    pub(super) async fn drop_copies(&self, share: &Share) -> StoreResult<()> {
        for seq in self.store.copies(&share.owner, &share.code).await? {
            // A later copy belongs to a share again that is about to be stored.
            let is_old = share.state == ShareState::Revoked || Some(seq) < share.newest_seq();
            if !share.needs_copy(seq) && is_old {
                self.store.remove_copy(&share.owner, &share.code, seq).await?;
            }
        }
        Ok(())
    }

    async fn change_case(&self, id: &str, change: impl Fn(&mut Case) -> bool) -> StoreResult<()> {
        for _ in 0..ROUNDS {
            let Some(mut case) = self.store.case(id).await? else { return Ok(()) };
            if !change(&mut case) || self.store.change_case(&case).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }
}

fn rank(opened_at: Micros, reports: u32, web_reports: u32) -> Micros {
    let counted = reports.saturating_add(web_reports).min(COUNTED_REPORTS);
    opened_at.minus(PER_REPORT.saturating_mul(counted))
}
