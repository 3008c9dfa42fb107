//! Content security: WeChat is asked about what users show of themselves, and what it rejects is taken away.
//!
//! Each nickname, avatar and title has a [`Check`] in the store, which is the queue as well: it says when WeChat
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
//! In mode `log` the standing is kept and logged, and nothing is taken away.

mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::Instrument;
use yibi_common::api::ContentState;

pub use worker::keep_asking;

use crate::clock::Micros;
use crate::gallery::{GalleryError, GalleryService};
use crate::settings::{self, ModerationMode};
use crate::store::avatars::Avatars;
use crate::store::checks::{Check, Checks, Standing, Subject};
use crate::store::dispatch::GalleryStore;
use crate::store::gallery::{Gallery, UserRecord};
use crate::store::{StoreError, StoreResult};
use crate::telemetry::Metrics;
use crate::user::UserKey;
use crate::wechat::content::{NOT_VISITED, Scene};
use crate::wechat::push::{MediaVerdict, Suggestion};
use crate::wechat::{Wechat, WechatApp, WechatError};

/// How long a server that asks keeps the others from it: longer than a call may take.
const CLAIM: Duration = Duration::from_secs(90);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// When what was given up is tried again, since its owner is there again.
const RETURNED: Duration = Duration::from_secs(600);
/// How old a check of another content has to be before it counts as left over, not as one on its way.
const LEFT_OVER: Duration = Duration::from_secs(60);
/// Contents that one server asks about at once, right after they came.
const AT_ONCE: usize = 16;
/// How often a verdict is written anew when another change came first.
const ROUNDS: usize = 4;

/// Why a content was not asked about.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("WeChat did not answer")]
    Wechat(#[from] WechatError),
    #[error("the link for WeChat can't be made")]
    Link(#[from] GalleryError),
    #[error("the user's app is not in the settings")]
    App,
}

/// What WeChat answered.
enum Answer {
    /// A verdict.
    Verdict(Suggestion, Option<u32>),
    /// The id of one that is to come.
    Later(String),
}

/// What is known of what a user shows; nothing of what there is none of, or is not checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    /// Of the nickname.
    pub nickname: Option<Standing>,
    /// Of the avatar.
    pub avatar: Option<Standing>,
}

impl From<Standing> for ContentState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Pending => Self::Pending,
            Standing::Passed => Self::Passed,
            Standing::Rejected => Self::Rejected,
        }
    }
}

/// The checks of all users. Cheap to clone.
#[derive(Clone)]
pub struct Moderation(Arc<Inner>);

struct Inner {
    settings: settings::Moderation,
    store: GalleryStore,
    gallery: GalleryService,
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
        gallery: GalleryService,
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
    ) -> StoreResult<Option<Check>> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(None);
        }
        let now = Micros::now();
        let check = Check {
            user: user.clone(),
            subject,
            content: content.to_owned(),
            standing: Standing::Pending,
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
    pub fn begin(&self, check: Option<Check>) {
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
    ) -> StoreResult<Option<Check>> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(None);
        }
        let known = self.0.store.check(user, &subject).await?;
        let kept = known.is_some_and(|check| {
            check.content == content && (check.standing != Standing::Pending || check.due_at.is_some())
        });
        if kept { Ok(None) } else { self.before(user, subject, content).await }
    }

    /// As [`before_again`](Self::before_again), for a drawing's title; an empty one has no check.
    ///
    /// # Errors
    /// The store's.
    pub async fn before_title(
        &self,
        user: &UserKey,
        drawing: &str,
        title: &str,
    ) -> StoreResult<Option<Check>> {
        if title.is_empty() {
            return Ok(None);
        }
        self.before_again(user, Subject::Title(drawing.to_owned()), title).await
    }

    /// Takes a check out of the queue, whose content was refused after all.
    pub async fn forget(&self, check: Option<Check>) {
        let Some(check) = check else { return };
        if let Err(error) = self.0.store.remove_check(&check.user, &check.subject).await {
            tracing::debug!(%error, "a check outlives its content");
        }
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
        Ok(known.is_some_and(|check| check.content == content && check.standing == Standing::Rejected))
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
    ) -> StoreResult<Option<Standing>> {
        let known = self.0.store.check(user, &subject).await?;
        let Some(content) = content else {
            return Ok(known.and_then(|check| standing_of(&check, None)));
        };
        let now = Micros::now();
        match known {
            Some(check) if check.content == content => {
                let standing = check.standing;
                let idle = check.asked_at.is_none_or(|asked| now.since(asked) > RETURNED);
                if standing == Standing::Pending && check.due_at.is_none() && idle {
                    let again = Check { due_at: Some(now), tries: 0, ..check };
                    if self.0.store.change_check(&again).await? {
                        self.begin(Some(Check { version: again.version.saturating_add(1), ..again }));
                    }
                } else if standing == Standing::Rejected {
                    // From before the mode was `enforce`.
                    self.take_away(&check).await?;
                }
                Ok(Some(standing))
            }
            Some(check) if now.since(check.created_at) < LEFT_OVER => Ok(Some(Standing::Pending)),
            Some(_) | None => {
                let check = self.before(user, subject, content).await?;
                self.begin(check);
                Ok(Some(Standing::Pending))
            }
        }
    }

    /// Takes WeChat's verdict on an image. Whether it was waited for.
    ///
    /// # Errors
    /// The store's.
    pub async fn verdict(&self, app_id: &str, verdict: &MediaVerdict) -> StoreResult<bool> {
        for _ in 0..ROUNDS {
            let known = self.0.store.check_of_trace(&verdict.trace_id).await?;
            let theirs = |check: &Check| check.user.app_id() == app_id && check.standing == Standing::Pending;
            let Some(check) = known.filter(theirs) else { return Ok(false) };
            let settled = match verdict.suggestion {
                Some(suggestion) => self.settle(&check, suggestion, verdict.label).await?,
                None => {
                    tracing::info!(subject = %check.subject, "WeChat could not look at a content");
                    self.postpone(Check { trace_id: None, ..check }, true).await?
                }
            };
            if settled {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Asks about a content, unless another server is at it.
    async fn attempt(&self, check: Check) {
        let subject = check.subject.kind();
        if let Err(error) = self.try_to_ask(check).await {
            tracing::warn!(%error, subject, "a content is not checked yet");
        }
    }

    async fn try_to_ask(&self, check: Check) -> StoreResult<()> {
        if check.tries >= self.0.settings.tries {
            // The last answer was waited for in vain. Should a verdict come yet, its trace still leads here.
            if self.0.store.change_check(&Check { due_at: None, ..check.clone() }).await? {
                self.0.metrics.checked(check.subject.kind(), "given_up");
            }
            return Ok(());
        }
        let now = Micros::now();
        let claimed = Check {
            due_at: Some(now.plus(CLAIM)),
            asked_at: Some(now),
            tries: check.tries.saturating_add(1),
            ..check
        };
        if !self.0.store.change_check(&claimed).await? {
            return Ok(());
        }
        let check = Check { version: claimed.version.saturating_add(1), ..claimed };
        let Some(user) = self.shown_by(&check).await? else {
            self.0.store.change_check(&Check { due_at: None, ..check }).await?;
            return Ok(());
        };
        match self.ask(&check, &user).await {
            Ok(Answer::Verdict(suggestion, label)) => {
                self.settle(&check, suggestion, label).await?;
            }
            Ok(Answer::Later(trace_id)) => {
                let due_at = Some(Micros::now().plus(self.0.settings.verdict));
                let waiting = Check { due_at, trace_id: Some(trace_id), ..check };
                self.0.store.change_check(&waiting).await?;
            }
            Err(error) => {
                let (errcode, rid) = match &error {
                    AskError::Wechat(error) => (error.errcode, error.rid.clone()),
                    AskError::Link(_) | AskError::App => (None, None),
                };
                let (subject, tries) = (check.subject.kind(), check.tries);
                let again = errcode != Some(NOT_VISITED) && !matches!(error, AskError::App);
                self.postpone(check, again).await?;
                tracing::warn!(%error, errcode, rid, subject, tries, "a content was not checked");
            }
        }
        Ok(())
    }

    /// The user, if the content is still what the user shows.
    async fn shown_by(&self, check: &Check) -> StoreResult<Option<UserRecord>> {
        let Some(user) = self.0.store.user(&check.user).await? else { return Ok(None) };
        let content = match &check.subject {
            Subject::Nickname => Some(user.nickname.clone()),
            Subject::Avatar => user.avatar.clone(),
            Subject::Title(drawing) => {
                self.0.store.header(&check.user, drawing).await?.map(|header| header.title)
            }
        };
        Ok((content.as_deref() == Some(&check.content) && user.erase_at.is_none()).then_some(user))
    }

    async fn ask(&self, check: &Check, user: &UserRecord) -> Result<Answer, AskError> {
        let Inner { apps, wechat, gallery, .. } = &*self.0;
        let app = apps.iter().find(|app| app.id == user.key.app_id()).ok_or(AskError::App)?;
        let openid = user.key.openid();
        let scene = match &check.subject {
            Subject::Avatar => {
                let url = gallery.avatar_url(user).await?.unwrap_or_default();
                return Ok(Answer::Later(wechat.check_image(app, openid, Scene::Profile, &url).await?));
            }
            Subject::Nickname => Scene::Profile,
            Subject::Title(_) => Scene::Journal,
        };
        let verdict = wechat.check_text(app, openid, scene, &check.content).await?;
        Ok(Answer::Verdict(verdict.suggestion, verdict.label))
    }

    /// Writes a verdict down. Whether the check was still the one that was read.
    async fn settle(&self, check: &Check, suggestion: Suggestion, label: Option<u32>) -> StoreResult<bool> {
        let standing = match suggestion {
            Suggestion::Pass => Standing::Passed,
            Suggestion::Review | Suggestion::Risky => Standing::Rejected,
        };
        if standing == Standing::Rejected {
            // First: a content that nobody is told of is better than one that stays.
            self.take_away(check).await?;
        }
        let settled = Check { standing, label, due_at: None, trace_id: None, ..check.clone() };
        let settled = self.0.store.change_check(&settled).await?;
        if settled {
            let subject = check.subject.kind();
            self.0.metrics.checked(subject, standing.name());
            tracing::info!(subject, standing = standing.name(), label, "WeChat has looked at a content");
        }
        Ok(settled)
    }

    async fn take_away(&self, check: &Check) -> StoreResult<()> {
        if self.0.settings.mode != ModerationMode::Enforce {
            return Ok(());
        }
        match &check.subject {
            Subject::Nickname => {
                self.0.store.clear_nickname(&check.user, &check.content).await?;
            }
            Subject::Avatar => {
                self.0.store.remove_avatar(&check.user, Some(&check.content)).await?;
            }
            Subject::Title(_) => {}
        }
        Ok(())
    }

    /// Has WeChat asked again later, or not before the owner comes back. Whether the check was still the one
    /// that was read.
    async fn postpone(&self, check: Check, again: bool) -> StoreResult<bool> {
        let doubled = 1_u32.checked_shl(check.tries.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.0.settings.retry.saturating_mul(doubled).min(LONGEST_PAUSE);
        let again = again && check.tries < self.0.settings.tries;
        if !again {
            self.0.metrics.checked(check.subject.kind(), "given_up");
        }
        let due_at = again.then(|| Micros::now().plus(pause));
        self.0.store.change_check(&Check { due_at, ..check }).await
    }
}

fn shown_nickname(user: &UserRecord) -> Option<&str> {
    Some(user.nickname.as_str()).filter(|nickname| !nickname.is_empty())
}

/// What a subject's check says of its present content.
fn standing_of(check: &Check, content: Option<&str>) -> Option<Standing> {
    match content {
        Some(content) if check.content == content => Some(check.standing),
        Some(_) => Some(Standing::Pending),
        // What was taken away left its check behind.
        None => Some(check.standing).filter(|standing| *standing == Standing::Rejected),
    }
}
