//! Content security: WeChat checks users' nicknames, avatars and titles, and rejected content is removed.
//!
//! Each nickname, avatar and title has a [`ModerationCheck`] in the store, which is also the queue entry: it
//! holds the time of the next call to WeChat and is claimed before the call, so that any server may make it
//! and no two servers do. The server that received the content makes the first call at once; the server that
//! holds the lease repeats calls that failed or got no verdict (`worker`).
//!
//! Meaning of a content's status in mode `enforce`:
//! - *pending*: its owner sees it. No other user gets a link to a pending avatar, and a feature that shows
//!   users to one another must show passed content only.
//! - *passed*: anybody may see it.
//! - *held* (WeChat suggests `review`, and sharing is open, so that operators work through a queue): as
//!   pending, until an operator decides on its case.
//! - *rejected* (WeChat suggests `risky`, or `review` while sharing is off; or an operator removes the
//!   content): a nickname is emptied and an avatar removed, also for its owner, who is notified. A rejected
//!   title is visible to its owner only. Operators see all content.
//!
//! The avatar of a WeChat profile has no check: WeChat moderates it and serves it from its own address.
//!
//! In mode `log`, the status is stored and logged, and nothing is removed.

mod asking;
mod cases;
mod rooms;
mod shares;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::Instrument;
use yibi_common::api::ContentState;

pub use worker::run_checks;

use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::user::UserKey;
use crate::domain::user::UserRecord;
use crate::service::drawings::DrawingService;
use crate::service::orders::OrderRecords;
use crate::service::rooms::RoomRecords;
use crate::service::shares::ShareRecords;
use crate::settings::{self, ModerationMode};
use crate::store::{Checks, GalleryStore};
use crate::store::{StoreError, StoreResult};
use crate::telemetry::Metrics;
use crate::wechat::{Wechat, WechatApp};

/// Delay before an abandoned check is retried because its owner returned.
const RETURNED: Duration = Duration::from_secs(600);
/// Age at which a check of another content counts as left over, rather than as one whose content is about to
/// be stored.
const LEFT_OVER: Duration = Duration::from_secs(60);
/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 8;
/// Maximum number of first calls that one server makes at once.
const AT_ONCE: usize = 16;

/// Moderation status of a user's content; `None` for content that is absent or unchecked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    pub nickname: Option<ModerationStatus>,
    pub avatar: Option<ModerationStatus>,
}

impl From<ModerationStatus> for ContentState {
    fn from(standing: ModerationStatus) -> Self {
        match standing {
            ModerationStatus::Pending | ModerationStatus::Held => Self::Pending,
            ModerationStatus::Passed => Self::Passed,
            ModerationStatus::Rejected => Self::Rejected,
        }
    }
}

/// The checks of all users. Cheap to clone.
#[derive(Clone)]
pub struct Moderation(Arc<Inner>);

struct Inner {
    settings: settings::Moderation,
    store: GalleryStore,
    gallery: DrawingService,
    shares: ShareRecords,
    rooms: RoomRecords,
    orders: OrderRecords,
    wechat: Wechat,
    apps: Vec<WechatApp>,
    metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
}

impl Moderation {
    /// Moderation of that gallery's content by that WeChat.
    #[must_use]
    pub fn new(
        settings: settings::Moderation,
        gallery: DrawingService,
        (rooms, orders): (RoomRecords, OrderRecords),
        wechat: Wechat,
        apps: Vec<WechatApp>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let store = gallery.store().clone();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let shares = rooms.cases().clone();
        Self(Arc::new(Inner {
            settings,
            store,
            gallery,
            shares,
            rooms,
            orders,
            wechat,
            apps,
            metrics,
            places,
        }))
    }

    /// Stores the check of a content before the content itself, so that a crash leaves no content without a
    /// check. Call [`begin`](Self::begin) once the content is stored.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn before(
        &self,
        user: &UserKey,
        subject: Subject,
        content: &str,
    ) -> StoreResult<Option<ModerationCheck>> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(None);
        }
        let now = Micros::now();
        let former = self.0.store.check(user, &subject).await?;
        let passed = former.as_ref().and_then(|former| match former.standing {
            ModerationStatus::Passed => Some(former.content.clone()),
            ModerationStatus::Pending | ModerationStatus::Held | ModerationStatus::Rejected => {
                former.passed.clone()
            }
        });
        let check = ModerationCheck {
            user: user.clone(),
            subject,
            content: content.to_owned(),
            standing: ModerationStatus::Pending,
            label: None,
            created_at: now,
            version: 0,
            due_at: Some(now.plus(self.0.settings.retry)),
            asked_at: None,
            tries: 0,
            trace_id: None,
            passed,
        };
        self.0.store.put_check(&check).await?;
        self.close_case_of(former.as_ref()).await?;
        Ok(Some(check))
    }

    /// Calls WeChat in the background; later, when this server already makes too many calls.
    pub fn begin(&self, check: Option<ModerationCheck>) {
        let Some(check) = check else { return };
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else { return };
        let moderation = self.clone();
        let asking = async move {
            moderation.attempt(check).await;
            drop(place);
        };
        tokio::spawn(asking.in_current_span());
    }

    /// As [`before`](Self::before), for a content that may be stored already: an existing check is kept,
    /// settled or not.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn before_again(
        &self,
        user: &UserKey,
        subject: Subject,
        content: &str,
    ) -> StoreResult<Option<ModerationCheck>> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(None);
        }
        let known = self.0.store.check(user, &subject).await?;
        let kept = known.is_some_and(|check| {
            check.content == content
                && (check.standing != ModerationStatus::Pending || check.due_at.is_some())
        });
        if kept { Ok(None) } else { self.before(user, subject, content).await }
    }

    /// As [`before_again`](Self::before_again), for a drawing's title; an empty one has no check. Call
    /// [`begin_title`](Self::begin_title) once the title is stored or refused.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn before_title(&self, user: &UserKey, drawing: &str, title: &str) -> StoreResult<()> {
        if !title.is_empty() {
            self.before_again(user, Subject::Title(drawing.to_owned()), title).await?;
        }
        Ok(())
    }

    /// As [`begin`](Self::begin), for the title that the drawing has now. Among concurrent changes of a
    /// title, the check stored last need not belong to the title that stays, or to any title.
    pub fn begin_title(&self, user: &UserKey, drawing: &str) {
        if self.0.settings.mode == ModerationMode::Off {
            return;
        }
        let (moderation, user, drawing) = (self.clone(), user.clone(), drawing.to_owned());
        let looking = async move {
            match moderation.check_of_title(&user, drawing).await {
                Ok(check) => moderation.begin(check),
                Err(error) => tracing::warn!(%error, "a title's check may be another's"),
            }
        };
        tokio::spawn(looking.in_current_span());
    }

    /// The check of the drawing's current title, if WeChat was not called yet. After storing a check, it
    /// reads the title again, so that the last of several concurrent callers leaves a matching check.
    async fn check_of_title(&self, user: &UserKey, drawing: String) -> StoreResult<Option<ModerationCheck>> {
        let subject = Subject::Title(drawing);
        for _ in 0..ROUNDS {
            let Some((_, title)) = self.shown(user, &subject).await? else {
                self.forget(user, &subject).await?;
                return Ok(None);
            };
            match self.0.store.check(user, &subject).await? {
                Some(check) if check.content == title => {
                    return Ok(Some(check).filter(|check| check.asked_at.is_none()));
                }
                Some(_) | None => self.before(user, subject.clone(), &title).await?,
            };
        }
        Err(StoreError::Busy)
    }

    /// Removes the check of a content that its user removed.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn forget(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        let former = self.0.store.check(user, subject).await?;
        self.close_case_of(former.as_ref()).await?;
        if let (Subject::Title(drawing), Some(passed)) = (subject, former.and_then(last_passed)) {
            self.0.shares.keep_title(user, drawing, &passed).await?;
        }
        self.0.store.remove_check(user, subject).await
    }

    /// Whether that content was rejected and must not be stored again.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn keeps_out(&self, user: &UserKey, subject: &Subject, content: &str) -> StoreResult<bool> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(false);
        }
        let known = self.0.store.check(user, subject).await?;
        Ok(known
            .is_some_and(|check| check.content == content && check.standing == ModerationStatus::Rejected))
    }

    /// Moderation status of a user's content, as other users see it.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn known(&self, user: &UserRecord) -> StoreResult<Standings> {
        let (nickname, avatar) = tokio::try_join!(
            self.0.store.check(&user.key, &Subject::Nickname),
            self.0.store.check(&user.key, &Subject::Avatar),
        )?;
        Ok(Standings {
            nickname: nickname.and_then(|check| standing_of(&check, shown_nickname(user))),
            avatar: avatar.and_then(|check| standing_of(&check, user.avatar.as_deref())),
        })
    }

    /// The last content of the subject that passed, for people other than its owner. In mode `enforce` alone
    /// contents pass.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn last_passed(&self, user: &UserKey, subject: &Subject) -> StoreResult<Option<String>> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(None);
        }
        let known = self.0.store.check(user, subject).await?;
        // An emptied nickname takes its predecessor with it.
        Ok(known.filter(|check| check.standing != ModerationStatus::Rejected).and_then(last_passed))
    }

    /// Whether the title passed, for a copy of the drawing that has it. In mode `enforce` alone contents pass.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn has_passed(&self, user: &UserKey, drawing: &str, title: &str) -> StoreResult<bool> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(false);
        }
        let known = self.0.store.check(user, &Subject::Title(drawing.to_owned())).await?;
        Ok(known.and_then(last_passed).is_some_and(|passed| passed == title))
    }

    /// Starts the check of a drawing's title again if it is missing or was given up; for a user who is active
    /// now.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn resume_title(&self, user: &UserKey, drawing: &str, title: &str) -> StoreResult<()> {
        if self.0.settings.mode != ModerationMode::Off && !title.is_empty() {
            self.standing(user, Subject::Title(drawing.to_owned()), Some(title)).await?;
        }
        Ok(())
    }

    /// Moderation status of the content of a user who is active now: abandoned or missing checks start again.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn standings(&self, user: &UserRecord) -> StoreResult<Standings> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(Standings::default());
        }
        let (nickname, avatar) = tokio::try_join!(
            self.standing(&user.key, Subject::Nickname, shown_nickname(user)),
            self.standing(&user.key, Subject::Avatar, user.avatar.as_deref()),
        )?;
        Ok(Standings { nickname, avatar })
    }

    async fn standing(
        &self,
        user: &UserKey,
        subject: Subject,
        content: Option<&str>,
    ) -> StoreResult<Option<ModerationStatus>> {
        let known = self.0.store.check(user, &subject).await?;
        let Some(content) = content else {
            return Ok(known.and_then(|check| standing_of(&check, None)));
        };
        let now = Micros::now();
        match known {
            Some(check) if check.content == content => {
                let standing = check.standing;
                let idle = check.asked_at.is_none_or(|asked| now.since(asked) > RETURNED);
                if standing == ModerationStatus::Pending && check.due_at.is_none() && idle {
                    let again = ModerationCheck { due_at: Some(now), tries: 0, ..check };
                    if self.0.store.change_check(&again).await? {
                        self.begin(Some(ModerationCheck {
                            version: again.version.saturating_add(1),
                            ..again
                        }));
                    }
                } else if standing == ModerationStatus::Rejected {
                    // The verdict dates from before the mode was `enforce`.
                    self.take_away(&check).await?;
                }
                Ok(Some(standing))
            }
            Some(check) if now.since(check.created_at) < LEFT_OVER => Ok(Some(ModerationStatus::Pending)),
            Some(_) | None => {
                let check = self.before(user, subject, content).await?;
                self.begin(check);
                Ok(Some(ModerationStatus::Pending))
            }
        }
    }
}

/// The last content that passed.
fn last_passed(check: ModerationCheck) -> Option<String> {
    match check.standing {
        ModerationStatus::Passed => Some(check.content),
        // Content that is checked once more stays what it was.
        ModerationStatus::Pending => check.passed,
        ModerationStatus::Held | ModerationStatus::Rejected => {
            check.passed.filter(|passed| *passed != check.content)
        }
    }
}

fn shown_nickname(user: &UserRecord) -> Option<&str> {
    Some(user.nickname.as_str()).filter(|nickname| !nickname.is_empty())
}

/// Status that the subject's check gives its current content.
fn standing_of(check: &ModerationCheck, content: Option<&str>) -> Option<ModerationStatus> {
    match content {
        Some(content) if check.content == content => Some(check.standing),
        Some(_) => Some(ModerationStatus::Pending),
        // The content was removed, and its check remains.
        None => Some(check.standing).filter(|standing| *standing == ModerationStatus::Rejected),
    }
}
