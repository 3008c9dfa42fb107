//! Checks of copies of drawings. A share has two pictures under check, the finished one and a contact sheet; the worst
//! verdict counts. An order has the picture that is printed.
//!
//! A verdict is stored first and remains due until its outcome is applied to the share or order, so that a crash in
//! between only delays the outcome.

use yibi_common::sharing::Reason;
use yibi_common::shop::PrintCheck;

use super::Moderation;
use super::asking::CLAIM;
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::share::{Code, parse_copy_name};
use crate::domain::user::UserKey;
use crate::store::{Checks, StoreResult};

impl Moderation {
    /// Starts the checks of the copy that the drawing's share waits for, unless WeChat was called already.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn check_share(&self, user: &UserKey, drawing: &str) -> StoreResult<()> {
        let Some(name) = self.0.shares.copy_under_check(user, drawing).await? else { return Ok(()) };
        for subject in Subject::of_share(drawing) {
            let known = self.0.store.check(user, &subject).await?.filter(|known| known.content == name);
            let check = match known {
                Some(known) => Some(known).filter(|known| known.asked_at.is_none()),
                None => self.before(user, subject, &name).await?,
            };
            self.begin(check);
        }
        Ok(())
    }

    /// Stores the checks of a copy that the share is about to name.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn before_share(&self, user: &UserKey, drawing: &str, name: &str) -> StoreResult<()> {
        for subject in Subject::of_share(drawing) {
            self.before_again(user, subject, name).await?;
        }
        Ok(())
    }

    /// Stores a verdict on a picture of a copy and applies it. Returns whether the check was unchanged since
    /// it was read.
    pub(super) async fn settle_copy(
        &self,
        check: &ModerationCheck,
        standing: ModerationStatus,
        label: Option<u32>,
    ) -> StoreResult<bool> {
        let due_at = Some(Micros::now().plus(CLAIM));
        let settled = ModerationCheck { standing, label, due_at, trace_id: None, ..check.clone() };
        if !self.0.store.change_check(&settled).await? {
            return Ok(false);
        }
        self.0.metrics.checked(check.subject.kind(), standing.name());
        tracing::info!(
            subject = check.subject.kind(),
            standing = standing.name(),
            label,
            "a copy was checked"
        );
        let version = settled.version.saturating_add(1);
        self.apply_to_copy(&ModerationCheck { version, ..settled }).await?;
        Ok(true)
    }

    /// Applies the verdicts on a copy to its share or order, as far as they decide it; the check is no longer due then.
    pub(super) async fn apply_to_copy(&self, check: &ModerationCheck) -> StoreResult<()> {
        if let Subject::OrderPicture(order) = &check.subject {
            self.0.orders.judge(order, verdict_of(check.standing), false).await?;
        } else if let Some((drawing, (code, seq))) =
            drawing_of(&check.subject).zip(parse_copy_name(&check.content))
        {
            self.apply(check, drawing, &code, seq).await?;
        }
        self.0.store.change_check(&ModerationCheck { due_at: None, ..check.clone() }).await?;
        Ok(())
    }

    async fn apply(&self, check: &ModerationCheck, drawing: &str, code: &Code, seq: u32) -> StoreResult<()> {
        let mut verdicts = Vec::with_capacity(2);
        for subject in Subject::of_share(drawing) {
            let known = self.0.store.check(&check.user, &subject).await?;
            let known = known.filter(|known| known.content == check.content);
            verdicts.extend(known.map(|known| (known.standing, known.label)));
        }
        let worst = |standing| verdicts.iter().find(|(found, _)| *found == standing).map(|(_, label)| *label);
        let shares = &self.0.shares;
        if let Some(label) = worst(ModerationStatus::Rejected) {
            let reason = label.map_or(Reason::Other, reason_of);
            return shares.reject(&check.user, drawing, (code, seq), reason).await;
        }
        if worst(ModerationStatus::Pending).is_some() || verdicts.len() < 2 {
            // The other verdict applies both.
            return Ok(());
        }
        match worst(ModerationStatus::Held) {
            Some(label) => shares.hold(&check.user, drawing, (code, seq), label.map(reason_of)).await,
            None => shares.pass(&check.user, drawing, code, seq).await,
        }
    }
}

fn drawing_of(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::SharePicture(drawing) | Subject::ShareSheet(drawing) => Some(drawing),
        Subject::Nickname
        | Subject::Avatar
        | Subject::Title(_)
        | Subject::RoomPicture(_)
        | Subject::OrderPicture(_) => None,
    }
}

fn verdict_of(standing: ModerationStatus) -> PrintCheck {
    match standing {
        ModerationStatus::Pending => PrintCheck::Pending,
        ModerationStatus::Passed => PrintCheck::Passed,
        ModerationStatus::Rejected => PrintCheck::Rejected,
        ModerationStatus::Held => PrintCheck::Held,
    }
}

/// The reason for a label of WeChat's content check.
pub(super) fn reason_of(label: u32) -> Reason {
    match label {
        10_001 => Reason::Advertising,
        20_001 | 20_006 => Reason::Unlawful,
        20_002 | 20_012 => Reason::Sexual,
        20_003 => Reason::Abuse,
        20_013 => Reason::Infringement,
        _ => Reason::Other,
    }
}
