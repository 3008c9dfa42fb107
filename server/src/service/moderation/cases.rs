//! Nicknames, avatars and titles that WeChat leaves to a person: their cases, and the decisions on them.
//!
//! A case is stored before the check that it is about, so that a crash in between leaves a check that is due
//! again, and the case stays the same.

use yibi_common::sharing::CaseState;

use super::shares::reason_of;
use super::{Moderation, ROUNDS};
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::review::{Case, CaseDecision, CaseSubject};
use crate::domain::user::UserKey;
use crate::settings::ModerationMode;
use crate::store::{Avatars, Checks, StoreError, StoreResult, Users};

impl Moderation {
    /// The status of a content that WeChat leaves to a person. A person's decision on the same content counts
    /// again. Without operators who work through a queue, the content is rejected.
    pub(super) async fn status_of_doubtful(
        &self,
        check: &ModerationCheck,
        label: Option<u32>,
    ) -> StoreResult<ModerationStatus> {
        if self.0.settings.mode != ModerationMode::Enforce || !self.0.shares.has_operators() {
            return Ok(ModerationStatus::Rejected);
        }
        let state = self.0.shares.open_content_case(check, label.map(reason_of)).await?;
        Ok(match state {
            CaseState::Held => ModerationStatus::Held,
            CaseState::Passed => ModerationStatus::Passed,
            CaseState::Removed | CaseState::Closed => ModerationStatus::Rejected,
        })
    }

    /// Closes the case of a check that another one replaced.
    pub(super) async fn close_case_of(&self, former: Option<&ModerationCheck>) -> StoreResult<()> {
        match former {
            Some(former) if former.standing == ModerationStatus::Held => {
                self.0.shares.close_content_case(former).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the content of a case is still one that a decision can be about.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn is_decidable(&self, case: &Case) -> StoreResult<bool> {
        Ok(self.check_of_case(case).await?.is_some())
    }

    /// The check of the content that a case is about, unless another content has taken its place.
    async fn check_of_case(&self, case: &Case) -> StoreResult<Option<ModerationCheck>> {
        let CaseSubject::Content { subject, content } = &case.subject else { return Ok(None) };
        let Some(subject) = Subject::parse(subject).filter(|_| !case.owner.as_str().is_empty()) else {
            return Ok(None);
        };
        let check = self.0.store.check(&case.owner, &subject).await?;
        Ok(check.filter(|check| check.content == *content))
    }

    /// Applies an operator's decision on a nickname, an avatar or a title. Returns whether the content is still
    /// one that a decision can be about.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn decide(&self, case: &Case, decision: CaseDecision) -> StoreResult<bool> {
        for _ in 0..ROUNDS {
            let Some(check) = self.check_of_case(case).await? else { return Ok(false) };
            let standing = match decision {
                CaseDecision::Pass => ModerationStatus::Passed,
                CaseDecision::Remove(_) => ModerationStatus::Rejected,
                CaseDecision::Hold => ModerationStatus::Held,
            };
            if standing == ModerationStatus::Rejected {
                self.remove_content(&check).await?;
            }
            // A decision that is taken back leaves no content that others see.
            let passed = check.passed.clone().filter(|passed| *passed != check.content);
            let decided = ModerationCheck { standing, due_at: None, trace_id: None, passed, ..check.clone() };
            if !self.0.store.change_check(&decided).await? {
                continue;
            }
            self.0.metrics.checked(check.subject.kind(), standing.name());
            if standing != ModerationStatus::Rejected {
                self.bring_back(case, &check).await?;
            }
            return Ok(true);
        }
        Err(StoreError::Busy)
    }

    /// Gives a user the nickname or the avatar back that an earlier decision removed, unless the user has
    /// another one.
    async fn bring_back(&self, case: &Case, check: &ModerationCheck) -> StoreResult<()> {
        let user: &UserKey = &check.user;
        match &check.subject {
            Subject::Nickname => {
                self.0.store.fill_nickname(user, &check.content).await?;
            }
            Subject::Avatar => {
                let has_none = self.0.store.user(user).await?.is_some_and(|user| user.avatar.is_none());
                let kept = if has_none { self.0.shares.content_evidence(case).await? } else { None };
                if let Some(image) = kept.and_then(|kept| kept.avatar) {
                    self.0.store.set_avatar(user, &check.content, &image, Micros::now()).await?;
                }
            }
            Subject::Title(_)
            | Subject::SharePicture(_)
            | Subject::ShareSheet(_)
            | Subject::RoomPicture(_)
            | Subject::OrderPicture(_) => {}
        }
        Ok(())
    }
}
