//! One moderation call to WeChat, and the handling of its answer.

use std::time::Duration;

use yibi_common::rooms::RoomState;
use yibi_common::sharing::Reason;

use super::shares::reason_of;
use super::{Inner, LEFT_OVER, Moderation, ROUNDS};
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::user::{UserKey, UserRecord};
use crate::service::drawings::DrawingError;
use crate::service::shares::CopyPicture;
use crate::settings::ModerationMode;
use crate::store::{Avatars, Checks, Drawings, StoreError, StoreResult, Users};
use crate::wechat::WechatError;
use crate::wechat::content::{NOT_VISITED, Scene};
use crate::wechat::push::{MediaVerdict, Suggestion};

/// Duration of a server's claim on a check: longer than a call may take.
pub(super) const CLAIM: Duration = Duration::from_secs(90);
/// Maximum pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Reason why a call was not made.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("WeChat did not answer")]
    Wechat(#[from] WechatError),
    #[error("the link for WeChat can't be made")]
    Link(#[from] DrawingError),
    #[error("the user's app is not in the settings")]
    App,
    #[error("the store failed")]
    Store(#[from] StoreError),
}

enum Answer {
    Verdict(Suggestion, Option<u32>),
    /// The verdict comes later by a push, under this trace id.
    Later(String),
}

impl Moderation {
    /// Applies WeChat's verdict on an image. Returns whether a check waited for it.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn verdict(&self, app_id: &str, verdict: &MediaVerdict) -> StoreResult<bool> {
        for _ in 0..ROUNDS {
            let known = self.0.store.check_of_trace(&verdict.trace_id).await?;
            let theirs = |check: &ModerationCheck| {
                check.user.app_id() == app_id && check.standing == ModerationStatus::Pending
            };
            let Some(check) = known.filter(theirs) else { return Ok(false) };
            let settled = match verdict.suggestion {
                Some(suggestion) => self.settle(&check, suggestion, verdict.label).await?,
                None if check.subject.is_copy() => {
                    self.settle_copy(&check, ModerationStatus::Held, None).await?
                }
                None => {
                    tracing::info!(subject = %check.subject, "WeChat could not look at a content");
                    self.postpone(ModerationCheck { trace_id: None, ..check }, true).await?
                }
            };
            if settled {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Calls WeChat about a content, unless another server holds the claim.
    pub(super) async fn attempt(&self, check: ModerationCheck) {
        let subject = check.subject.kind();
        if let Err(error) = self.try_to_ask(check).await {
            tracing::warn!(%error, subject, "a content is not checked yet");
        }
    }

    async fn try_to_ask(&self, check: ModerationCheck) -> StoreResult<()> {
        if check.standing != ModerationStatus::Pending {
            // A verdict on a copy was stored, and its outcome was not applied yet.
            return self.apply_to_copy(&check).await;
        }
        if check.tries >= self.0.settings.tries {
            // The last verdict did not arrive. The check keeps its trace id, so that a late verdict still
            // finds it; a share or an order must not wait any longer.
            if check.subject.is_copy() {
                self.settle_copy(&check, ModerationStatus::Held, None).await?;
            } else if self.0.store.change_check(&ModerationCheck { due_at: None, ..check.clone() }).await? {
                self.0.metrics.checked(check.subject.kind(), "given_up");
            }
            return Ok(());
        }
        let user = match self.shown(&check.user, &check.subject).await? {
            Some((user, content)) if content == check.content => user,
            other => return self.not_shown(check, other.as_ref().map(|(_, content)| content.as_str())).await,
        };
        let now = Micros::now();
        let claimed = ModerationCheck {
            due_at: Some(now.plus(CLAIM)),
            asked_at: Some(now),
            tries: check.tries.saturating_add(1),
            ..check
        };
        if !self.0.store.change_check(&claimed).await? {
            return Ok(());
        }
        let check = ModerationCheck { version: claimed.version.saturating_add(1), ..claimed };
        match self.ask(&check, &user).await {
            Ok(Answer::Verdict(suggestion, label)) => {
                self.settle(&check, suggestion, label).await?;
            }
            Ok(Answer::Later(trace_id)) => {
                let due_at = Some(Micros::now().plus(self.0.settings.verdict));
                let waiting = ModerationCheck { due_at, trace_id: Some(trace_id), ..check };
                self.0.store.change_check(&waiting).await?;
            }
            Err(error) => {
                let (errcode, rid) = match &error {
                    AskError::Wechat(error) => (error.errcode, error.rid.clone()),
                    AskError::Link(_) | AskError::App | AskError::Store(_) => (None, None),
                };
                let (subject, tries) = (check.subject.kind(), check.tries);
                let again = errcode != Some(NOT_VISITED) && !matches!(error, AskError::App);
                self.postpone(check, again).await?;
                tracing::warn!(%error, errcode, rid, subject, tries, "a content was not checked");
            }
        }
        Ok(())
    }

    /// The content that the user currently shows for the subject, with the user.
    pub(super) async fn shown(
        &self,
        user: &UserKey,
        subject: &Subject,
    ) -> StoreResult<Option<(UserRecord, String)>> {
        let known = self.0.store.user(user).await?;
        let Some(known) = known.filter(|user| user.erase_at.is_none()) else { return Ok(None) };
        let content = match subject {
            Subject::Nickname => Some(known.nickname.clone()),
            Subject::Avatar => known.avatar.clone(),
            Subject::Title(drawing) => self.0.store.header(user, drawing).await?.map(|header| header.title),
            Subject::SharePicture(drawing) | Subject::ShareSheet(drawing) => {
                self.0.shares.copy_under_check(user, drawing).await?
            }
            Subject::RoomPicture(drawing) => {
                let header = self.0.store.header(user, drawing).await?;
                let room = header.filter(|header| header.deleted_at.is_none()).and_then(|header| header.room);
                let is_checked = |state| matches!(state, RoomState::Open | RoomState::Done);
                room.filter(|room| is_checked(room.state)).map(|room| room.code.to_string())
            }
            Subject::OrderPicture(order) => self.0.orders.under_check(user, order).await?,
        };
        Ok(content.filter(|content| !content.is_empty()).map(|content| (known, content)))
    }

    /// Handles a check whose content is not shown, perhaps because it is not stored yet. After `LEFT_OVER`,
    /// the check of the shown content replaces it; if nothing is shown, the check is no longer due.
    async fn not_shown(&self, check: ModerationCheck, shown: Option<&str>) -> StoreResult<()> {
        if let (Subject::OrderPicture(order), None) = (&check.subject, shown)
            && self.0.orders.under_check(&check.user, order).await?.is_some()
        {
            // Its user is leaving, and may have paid: nobody would return to have the picture checked.
            self.settle_copy(&check, ModerationStatus::Held, None).await?;
            return Ok(());
        }
        let settled_at = check.created_at.plus(LEFT_OVER);
        match shown {
            _ if Micros::now() < settled_at => {
                self.0.store.change_check(&ModerationCheck { due_at: Some(settled_at), ..check }).await?;
            }
            Some(shown) => {
                self.before(&check.user, check.subject, shown).await?;
            }
            None => {
                self.0.store.change_check(&ModerationCheck { due_at: None, ..check }).await?;
            }
        }
        Ok(())
    }

    async fn ask(&self, check: &ModerationCheck, user: &UserRecord) -> Result<Answer, AskError> {
        let Inner { apps, wechat, gallery, .. } = &*self.0;
        let app = apps.iter().find(|app| app.id == user.key.app_id()).ok_or(AskError::App)?;
        let openid = user.key.openid();
        let scene = match &check.subject {
            Subject::Avatar => {
                let url = gallery.avatar_url(user).await?.unwrap_or_default();
                return Ok(Answer::Later(wechat.check_image(app, openid, Scene::Profile, &url).await?));
            }
            Subject::SharePicture(_) | Subject::ShareSheet(_) => {
                let kind = CopyPicture::of_check(&check.subject);
                let url = self.0.shares.check_url(&check.content, kind).await?;
                return Ok(Answer::Later(wechat.check_image(app, openid, Scene::Journal, &url).await?));
            }
            Subject::RoomPicture(drawing) => {
                let url = gallery.check_url(user, drawing).await?;
                return Ok(Answer::Later(wechat.check_image(app, openid, Scene::Journal, &url).await?));
            }
            Subject::OrderPicture(order) => {
                let url = self.0.orders.check_url(order).await?;
                return Ok(Answer::Later(wechat.check_image(app, openid, Scene::Journal, &url).await?));
            }
            Subject::Nickname => Scene::Profile,
            Subject::Title(_) => Scene::Journal,
        };
        let verdict = wechat.check_text(app, openid, scene, &check.content).await?;
        Ok(Answer::Verdict(verdict.suggestion, verdict.label))
    }

    /// Stores a verdict. Returns whether the check was unchanged since it was read.
    async fn settle(
        &self,
        check: &ModerationCheck,
        suggestion: Suggestion,
        label: Option<u32>,
    ) -> StoreResult<bool> {
        if check.subject.is_copy() {
            let standing = match suggestion {
                Suggestion::Pass => ModerationStatus::Passed,
                Suggestion::Review => ModerationStatus::Held,
                Suggestion::Risky => ModerationStatus::Rejected,
            };
            return self.settle_copy(check, standing, label).await;
        }
        let is_room = matches!(check.subject, Subject::RoomPicture(_));
        let standing = match suggestion {
            Suggestion::Pass => ModerationStatus::Passed,
            // The people in a room see what is drawn; only a clear verdict stops them.
            Suggestion::Review if is_room => ModerationStatus::Passed,
            Suggestion::Review => self.status_of_doubtful(check, label).await?,
            Suggestion::Risky => ModerationStatus::Rejected,
        };
        if standing == ModerationStatus::Rejected {
            // Removed first: after a crash in between, a removed content without a stored verdict is better
            // than a rejected content that stays.
            self.take_away(&ModerationCheck { label, ..check.clone() }).await?;
        }
        let passed = (standing == ModerationStatus::Passed).then(|| check.content.clone());
        if passed.is_some() {
            self.keep_former_title(check).await?;
        }
        let passed = passed.or_else(|| check.passed.clone());
        let settled =
            ModerationCheck { standing, label, due_at: None, trace_id: None, passed, ..check.clone() };
        let settled = self.0.store.change_check(&settled).await?;
        if settled && is_room && standing == ModerationStatus::Passed {
            self.check_room_again(check).await?;
        }
        if settled {
            let subject = check.subject.kind();
            self.0.metrics.checked(subject, standing.name());
            tracing::info!(subject, standing = standing.name(), label, "WeChat has looked at a content");
        } else if standing == ModerationStatus::Held {
            // Unless the same content is still there, its case is about nothing.
            let now = self.0.store.check(&check.user, &check.subject).await?;
            if now.is_none_or(|now| now.content != check.content) {
                self.0.shares.close_content_case(check).await?;
            }
        }
        Ok(settled)
    }

    /// Keeps the title that passed before this one, which the check is about to lose.
    async fn keep_former_title(&self, check: &ModerationCheck) -> StoreResult<()> {
        let Subject::Title(drawing) = &check.subject else { return Ok(()) };
        match check.passed.as_deref().filter(|former| *former != check.content) {
            Some(former) => self.0.shares.keep_title(&check.user, drawing, former).await,
            None => Ok(()),
        }
    }

    pub(super) async fn take_away(&self, check: &ModerationCheck) -> StoreResult<()> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(());
        }
        self.remove_content(check).await
    }

    /// Removes a nickname or an avatar; a title stays visible to its owner.
    pub(super) async fn remove_content(&self, check: &ModerationCheck) -> StoreResult<()> {
        match &check.subject {
            Subject::Nickname => {
                self.0.store.clear_nickname(&check.user, &check.content).await?;
            }
            Subject::Avatar => {
                self.0.store.remove_avatar(&check.user, Some(&check.content)).await?;
            }
            Subject::RoomPicture(drawing) => {
                let reason = check.label.map_or(Reason::Other, reason_of);
                self.0.rooms.freeze_by_wechat(&check.user, drawing, &check.content, reason).await?;
            }
            Subject::Title(_)
            | Subject::SharePicture(_)
            | Subject::ShareSheet(_)
            | Subject::OrderPicture(_) => {}
        }
        Ok(())
    }

    /// Schedules another call to WeChat, or none until the owner returns. Returns whether the check was
    /// unchanged since it was read.
    async fn postpone(&self, check: ModerationCheck, again: bool) -> StoreResult<bool> {
        let doubled = 1_u32.checked_shl(check.tries.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.0.settings.retry.saturating_mul(doubled).min(LONGEST_PAUSE);
        let again = again && check.tries < self.0.settings.tries;
        if !again && check.subject.is_copy() {
            return self.settle_copy(&check, ModerationStatus::Held, None).await;
        }
        if !again {
            self.0.metrics.checked(check.subject.kind(), "given_up");
        }
        let due_at = again.then(|| Micros::now().plus(pause));
        self.0.store.change_check(&ModerationCheck { due_at, ..check }).await
    }
}
