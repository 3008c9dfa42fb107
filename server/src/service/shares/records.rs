//! The records of shares, and what verdicts and decisions do to them.
//!
//! Every change is a comparison with the stored version and applies once, so that verdicts may arrive twice,
//! late or out of order. A case is stored before the share changes: after a crash in between, the queue
//! holds the case, and the event that opened it repeats.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use yibi_common::sharing::{CaseOpener, CaseState, Reason, ShareState};

use super::{ShareError, ShareResult};
use crate::domain::clock::Micros;
use crate::domain::review::{Case, CaseDecision, CaseSubject};
use crate::domain::share::{Code, Share, copy_name};
use crate::domain::user::UserKey;
use crate::keys::LazyKeyring;
use crate::settings::{Reviewer, Sharing};
use crate::store::{GalleryStore, Shares, StoreError, StoreResult};

/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 16;

/// The records of all shares. Cheap to clone.
#[derive(Clone)]
pub struct ShareRecords {
    pub(super) store: GalleryStore,
    pub(super) keys: Arc<LazyKeyring>,
    /// Public URL of the server, without a slash at the end.
    pub(super) public_url: String,
    sharing: Sharing,
}

impl ShareRecords {
    #[must_use]
    pub fn new(store: GalleryStore, keys: Arc<LazyKeyring>, public_url: &str, sharing: Sharing) -> Self {
        Self { store, keys, public_url: public_url.trim_end_matches('/').to_owned(), sharing }
    }

    /// Whether operators work through a review queue, so that doubtful content may wait for them.
    #[must_use]
    pub fn has_operators(&self) -> bool {
        self.sharing.is_open()
    }

    /// The share of a code with the copy that an operator looks at: the one that the public sees, or else the
    /// newest one.
    ///
    /// # Errors
    /// [`ShareError::NotFound`] for an unknown code, [`ShareError::Gone`] for an ended share,
    /// [`ShareError::Store`].
    pub async fn reviewable(&self, code: &str) -> ShareResult<(Share, u32)> {
        let code = Code::parse(code).ok_or(ShareError::NotFound)?;
        let target = self.store.code(&code).await?.ok_or(ShareError::NotFound)?;
        let share = self.store.share(&target.owner, &target.drawing).await?.ok_or(ShareError::NotFound)?;
        let is_current = share.code == code && share.state != ShareState::Revoked;
        let seq = share.shown_seq.filter(|_| share.is_shown()).or(share.newest_seq());
        seq.filter(|_| is_current).map(|seq| (share, seq)).ok_or(ShareError::Gone)
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
        if self.sharing.review == Reviewer::Operator {
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

    /// Opens a case of the copy that is shown, because of a report, unless a person passed the copy; with
    /// `hides`, the share is hidden too.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn reported(&self, share: &Share, reason: Reason, hides: bool) -> StoreResult<()> {
        // Read again: an update may have passed since the report began.
        let known = self.share_of_code(&share.owner, &share.drawing, &share.code).await?;
        let Some(share) = known else { return Ok(()) };
        let Some(seq) = share.shown_seq.filter(|_| share.clone().hide_reported()) else { return Ok(()) };
        self.open_case(&share, seq, CaseOpener::Reports, CaseState::Held, Some(reason)).await?;
        if !hides {
            return Ok(());
        }
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

    /// Whether the copy of a case is still one that a decision can be about: its author has neither ended the
    /// share nor been erased, and no later copy has taken its place.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn is_decidable(&self, case: &Case) -> StoreResult<bool> {
        let CaseSubject::Share { code, drawing, seq } = &case.subject else { return Ok(false) };
        let share = self.share_of_code(&case.owner, drawing, code).await?;
        Ok(share.is_some_and(|share| share.knows(*seq)))
    }

    /// Applies an operator's decision on the copy of a case. A decision that the share already shows changes
    /// nothing. Returns whether the copy is still one that a decision can be about.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn decide(&self, case: &Case, decision: CaseDecision) -> StoreResult<bool> {
        let CaseSubject::Share { code, drawing, seq } = &case.subject else { return Ok(false) };
        let changed = match decision {
            CaseDecision::Pass => {
                // No copy of an ended share may come back.
                if !self.is_decidable(case).await? {
                    return Ok(false);
                }
                // The copy itself outlives its evidence.
                let kept = self.copy_evidence(case).await?;
                let (copy, names) = match kept {
                    Some(kept) => (Some(kept.copy), Some(kept.names)),
                    None => (self.store.copy(&case.owner, code, *seq).await?, None),
                };
                let Some(copy) = copy else { return Ok(false) };
                // An earlier decision may have removed the copy.
                self.store.put_copy(&copy).await?;
                let pass = |share: &mut Share| share.pass_by_person(*seq, names.clone());
                let passed = self.change(&case.owner, drawing, code, pass).await?;
                if passed.is_none() {
                    self.store.remove_copy(&case.owner, code, *seq).await?;
                }
                passed
            }
            CaseDecision::Remove(reason) => {
                let remove = |share: &mut Share| share.remove_by_person(*seq, reason);
                return Ok(self.change(&case.owner, drawing, code, remove).await?.is_some());
            }
            CaseDecision::Hold => {
                self.change(&case.owner, drawing, code, |share| share.hold_by_person(*seq)).await?
            }
        };
        let applied = changed.is_some();
        self.open_case_beside(changed, *seq).await?;
        Ok(applied)
    }

    /// Keeps a title that passed before the check of the drawing's next title takes its place: the share's
    /// copy still has it.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn keep_title(&self, user: &UserKey, drawing: &str, title: &str) -> StoreResult<()> {
        let Some(share) = self.store.share(user, drawing).await?.filter(Share::is_shown) else {
            return Ok(());
        };
        let Some(seq) = share.shown_seq else { return Ok(()) };
        let copy = self.store.copy(user, &share.code, seq).await?;
        if copy.is_some_and(|copy| copy.title == title) {
            let keep = |share: &mut Share| {
                let applies = share.shown_seq == Some(seq) && share.passed_title.as_deref() != Some(title);
                if applies {
                    share.passed_title = Some(title.to_owned());
                }
                applies
            };
            self.change(user, drawing, &share.code, keep).await?;
        }
        Ok(())
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

    /// Removes the copies that the share no longer needs, and closes their cases. Evidence is kept apart.
    pub(super) async fn drop_copies(&self, share: &Share) -> StoreResult<()> {
        for seq in self.store.copies(&share.owner, &share.code).await? {
            // A later copy belongs to a share again that is about to be stored.
            let is_old = share.state == ShareState::Revoked || Some(seq) < share.newest_seq();
            if !share.needs_copy(seq) && is_old {
                if !share.knows(seq) {
                    self.close_case(&copy_name(&share.code, seq)).await?;
                }
                self.store.remove_copy(&share.owner, &share.code, seq).await?;
            }
        }
        Ok(())
    }
}
