//! Content security: WeChat is asked about what users show of themselves, and what it rejects is taken away.
//!
//! Each nickname, avatar and title has a [`ModerationCheck`] in the store, which is the queue as well: it says when WeChat
//! is to be asked, and it is claimed before that, so any server may do it and none does it twice. The server
//! that took the content asks at once; what fails or stays without an answer is asked again by the one that
//! holds the lease (`worker`).
//!
//! What a content's standing means, in mode `enforce`:
//! - *pending*: its owner sees it. Nobody else has a link to an avatar before it has passed, and whoever shows
//!   users to one another is to show nothing else than what has passed.
//! - *passed*: anybody may see it.
//! - *rejected* (WeChat suggests `risky` or `review`; there is nobody here to review): a nickname is emptied and
//!   an avatar taken away, for its owner, too, who is told so. A title stays its owner's and is shown to nobody
//!   else. Operators see all of it.
//!
//! The avatar of a WeChat profile is WeChat's own, which it has looked at and shows at its own address: it has no check.
//!
//! In mode `log` the standing is kept and logged, and nothing is taken away.

mod asking;
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
use crate::settings::{self, ModerationMode};
use crate::store::{Checks, GalleryStore};
use crate::store::{StoreError, StoreResult};
use crate::telemetry::Metrics;
use crate::wechat::{Wechat, WechatApp};

/// When what was given up is tried again, since its owner is there again.
const RETURNED: Duration = Duration::from_secs(600);
/// How old a check of another content has to be before it counts as left over, not as one on its way.
const LEFT_OVER: Duration = Duration::from_secs(60);
/// How often something is done anew when another change came first.
const ROUNDS: usize = 8;
/// Contents that one server asks about at once, right after they came.
const AT_ONCE: usize = 16;

/// What is known of what a user shows; nothing of what there is none of, or is not checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    pub nickname: Option<ModerationStatus>,
    pub avatar: Option<ModerationStatus>,
}

impl From<ModerationStatus> for ContentState {
    fn from(standing: ModerationStatus) -> Self {
        match standing {
            ModerationStatus::Pending => Self::Pending,
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
    wechat: Wechat,
    apps: Vec<WechatApp>,
    metrics: Arc<Metrics>,
    places: Arc<Semaphore>,
}

impl Moderation {
    /// Moderation of what is in that gallery, asking that WeChat.
    #[must_use]
    pub fn new(
        settings: settings::Moderation,
        gallery: DrawingService,
        wechat: Wechat,
        apps: Vec<WechatApp>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let store = gallery.store().clone();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self(Arc::new(Inner { settings, store, gallery, wechat, apps, metrics, places }))
    }

    /// Puts the check of a content into the queue, before the content is stored: whichever of the two is
    /// lost then, no content stays without its check. To be [begun](Self::begin) when the content is there.
    ///
    /// # Errors
    /// The store's.
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
        };
        self.0.store.put_check(&check).await?;
        Ok(Some(check))
    }

    /// Asks WeChat now, behind the caller's back; when this server has too much to ask, later.
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

    /// As [`before`](Self::before), but for a content that may have come already: its check is kept, be it
    /// settled or on its way.
    ///
    /// # Errors
    /// The store's.
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

    /// As [`before_again`](Self::before_again), for a drawing's title; an empty one has no check. To be
    /// [begun](Self::begin_title) when the title is there, or was refused.
    ///
    /// # Errors
    /// The store's.
    pub async fn before_title(&self, user: &UserKey, drawing: &str, title: &str) -> StoreResult<()> {
        if !title.is_empty() {
            self.before_again(user, Subject::Title(drawing.to_owned()), title).await?;
        }
        Ok(())
    }

    /// As [`begin`](Self::begin), for the title that the drawing has now. Of titles that come at once, by a creation
    /// or otherwise, the check that was put last need not be of the one that stays, nor be of any.
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

    /// The check of the title that the drawing has now, where WeChat was not asked yet. What it puts it looks at once
    /// more, so that of several that do this at once the last one finds all as it is to be.
    async fn check_of_title(&self, user: &UserKey, drawing: String) -> StoreResult<Option<ModerationCheck>> {
        let subject = Subject::Title(drawing);
        for _ in 0..ROUNDS {
            let Some((_, title)) = self.shown(user, &subject).await? else {
                self.0.store.remove_check(user, &subject).await?;
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

    /// Forgets the check of a content that its user removed.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        self.0.store.remove_check(user, subject).await
    }

    /// Whether that content is known to be rejected, and not to be stored again.
    ///
    /// # Errors
    /// The store's.
    pub async fn keeps_out(&self, user: &UserKey, subject: &Subject, content: &str) -> StoreResult<bool> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(false);
        }
        let known = self.0.store.check(user, subject).await?;
        Ok(known
            .is_some_and(|check| check.content == content && check.standing == ModerationStatus::Rejected))
    }

    /// What is known of what that user shows, for somebody else who looks.
    ///
    /// # Errors
    /// The store's.
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

    /// What is known of what that user shows. The user is there, so what was given up, or never asked, is asked
    /// now.
    ///
    /// # Errors
    /// The store's.
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
                    // From before the mode was `enforce`.
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

fn shown_nickname(user: &UserRecord) -> Option<&str> {
    Some(user.nickname.as_str()).filter(|nickname| !nickname.is_empty())
}

/// What a subject's check says of its present content.
fn standing_of(check: &ModerationCheck, content: Option<&str>) -> Option<ModerationStatus> {
    match content {
        Some(content) if check.content == content => Some(check.standing),
        Some(_) => Some(ModerationStatus::Pending),
        // What was taken away left its check behind.
        None => Some(check.standing).filter(|standing| *standing == ModerationStatus::Rejected),
    }
}
