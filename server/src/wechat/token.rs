//! WeChat's access tokens: one per mini-program for the whole fleet of servers.
//!
//! Source:
//! <https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken>.
//! WeChat's stable_token returns the same token until its last five minutes, then a new one that is valid
//! beside it; a forced refresh invalidates the old token at once and is allowed 20 times a day, 30 s apart.
//!
//! A token is stored, sealed, as a note in the shared store. In a process, one task at a time refreshes it;
//! between servers, the holder of a lease calls WeChat, after reading the note again. Each server caches the
//! token; while the store is unreachable, it refreshes on its own with exponential back-off.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::Instrument;

use super::api::Api;
use super::client::{ApiCall, Cause, Class, WechatApp, WechatClient, WechatError};
use super::lenient;
use crate::domain::clock::Micros;
use crate::keys::LazyKeyring;
use crate::random;
use crate::store::{Leases, OPERATION_DEADLINE, SessionStore, StoreError};

/// Time before its end at which a token is replaced: within WeChat's last five minutes, in which WeChat
/// issues a new one.
const AHEAD: Duration = Duration::from_secs(240);

/// Time before its end from which a token is no longer used: a call takes time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(10);

/// Pause between two attempts to replace a valid token.
const AHEAD_PAUSE: Duration = Duration::from_secs(30);

/// First and maximum pause between calls to WeChat while the store is unreachable, or after a refusal. The
/// pause doubles.
const ALONE_PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));
const FAILED_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// First and maximum pause between two reads of a token that another server is fetching; the pause doubles.
const LOOK_PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));

/// WeChat's budget of forced refreshes: number per day, and minimum distance.
const FORCED_A_DAY: usize = 20;
const FORCED_APART: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

/// Maximum length of a token in bytes. WeChat asks for room for 512.
const MAX_TOKEN: usize = 2_048;

#[derive(Clone, Deserialize)]
pub struct AccessToken {
    text: SecretString,
    ends_at: Micros,
}

impl AccessToken {
    /// The token's text. A secret: its holder can act as the mini-program.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.ends_at.since(Micros::now())
    }

    fn is(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| other.text.expose_secret() == self.text.expose_secret())
    }

    fn lasts(&self, longer_than: Duration) -> bool {
        self.expires_in() > longer_than
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("ends_at", &self.ends_at).finish_non_exhaustive()
    }
}

/// Cache of the access tokens. Cheap to clone.
#[derive(Clone)]
pub struct AccessTokenCache(Arc<Inner>);

struct Inner {
    client: Arc<WechatClient>,
    store: SessionStore,
    keys: Arc<LazyKeyring>,
    slots: Mutex<HashMap<String, Arc<TokenSlot>>>,
}

/// This process's state of one mini-program's token.
struct TokenSlot {
    app: WechatApp,
    held: Mutex<Option<AccessToken>>,
    /// Locked by the task that refreshes the token.
    pace: tokio::sync::Mutex<RefreshState>,
}

impl TokenSlot {
    fn held(&self) -> MutexGuard<'_, Option<AccessToken>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) -> String {
        format!("wechat-token:{}", self.app.id)
    }
}

/// Limits of the calls to WeChat.
#[derive(Default)]
struct RefreshState {
    /// Time until which a valid token is not replaced.
    ahead: Option<Instant>,
    /// WeChat's last error, the time until which it is returned from here, and the pause after it.
    failed: Option<(CachedError, Instant, Duration)>,
    /// Time until which WeChat is not called without the store, and the pause before it.
    local_backoff: Option<(Instant, Duration)>,
    /// A refused token that WeChat issued again, and the time at which it did.
    rejected: Option<(AccessToken, Instant)>,
}

impl RefreshState {
    /// Time at which WeChat issued the token again after a refusal, if it is the last such token.
    fn given_again(&self, token: &AccessToken) -> Option<Instant> {
        self.rejected.as_ref().filter(|(rejected, _)| token.is(Some(rejected))).map(|(_, at)| *at)
    }
}

/// A cloneable [`WechatError`].
#[derive(Debug, Clone)]
struct CachedError {
    class: Class,
    errcode: Option<i64>,
    errmsg: Option<String>,
    rid: Option<String>,
    why: String,
}

impl From<&WechatError> for CachedError {
    fn from(error: &WechatError) -> Self {
        let why = error.cause.as_ref().map_or_else(|| error.to_string(), ToString::to_string);
        let (errmsg, rid) = (error.errmsg.clone(), error.rid.clone());
        Self { class: error.class, errcode: error.errcode, errmsg, rid, why }
    }
}

impl From<CachedError> for WechatError {
    fn from(told: CachedError) -> Self {
        let CachedError { class, errcode, errmsg, rid, why } = told;
        Self { class, errcode, errmsg, rid, cause: Some(Cause::NoToken(why)) }
    }
}

/// Reason why there is no token.
enum Missing {
    Store(StoreError),
    Wechat(WechatError),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WechatError> for Missing {
    fn from(error: WechatError) -> Self {
        Self::Wechat(error)
    }
}

/// Requirement that a token has to meet.
#[derive(Clone)]
enum RefreshMode {
    /// The token is valid.
    Good,
    /// The token stays valid for [`AHEAD`].
    Fresh,
    /// The token differs from this one, which WeChat refused to a call that began at that time.
    Other(AccessToken, Instant),
}

impl RefreshMode {
    fn is_met_by(&self, token: &AccessToken) -> bool {
        match self {
            Self::Good => token.lasts(MARGIN),
            Self::Fresh => token.lasts(AHEAD),
            Self::Other(refused, _) => token.lasts(MARGIN) && !token.is(Some(refused)),
        }
    }

    fn refused(&self) -> Option<&AccessToken> {
        match self {
            Self::Good | Self::Fresh => None,
            Self::Other(refused, _) => Some(refused),
        }
    }

    /// Whether the refused call began at or after that moment, so that its refusal applies to the state since
    /// then.
    fn is_later_than(&self, at: Instant) -> bool {
        match self {
            Self::Good | Self::Fresh => false,
            Self::Other(_, began) => *began >= at,
        }
    }
}

impl AccessTokenCache {
    /// A cache that fetches tokens with that client and shares them in that store, sealed by those keys.
    #[must_use]
    pub fn new(client: Arc<WechatClient>, store: SessionStore, keys: Arc<LazyKeyring>) -> Self {
        Self(Arc::new(Inner { client, store, keys, slots: Mutex::default() }))
    }

    /// A valid token of that mini-program.
    ///
    /// # Errors
    /// [`WechatError`] when none is cached and WeChat issues none.
    pub async fn token(&self, app: &WechatApp) -> Result<AccessToken, WechatError> {
        let slot = self.slot(app);
        let held = slot.held().clone();
        match held {
            Some(token) if token.lasts(AHEAD) => Ok(token),
            Some(token) if token.lasts(MARGIN) => {
                let keeper = self.clone();
                // A locked state means that another task is already replacing the token.
                let replacing = async move {
                    if let Ok(mut pace) = slot.pace.try_lock()
                        && let Err(error) = keeper.look_after(&slot, &mut pace, RefreshMode::Fresh).await
                    {
                        tracing::warn!(%error, rid = error.rid, "an access token was not replaced in time");
                    }
                };
                tokio::spawn(replacing.in_current_span());
                Ok(token)
            }
            Some(_) | None => self.obtain(slot, RefreshMode::Good).await,
        }
    }

    /// A token other than `refused`, which WeChat refused to a call that began at `began`. The refused token
    /// is removed from the cache and the store.
    ///
    /// # Errors
    /// [`WechatError`] when WeChat issues none.
    pub async fn replace(
        &self,
        app: &WechatApp,
        refused: &AccessToken,
        began: Instant,
    ) -> Result<AccessToken, WechatError> {
        let slot = self.slot(app);
        let want = RefreshMode::Other(refused.clone(), began);
        let held = slot.held().clone();
        match held {
            Some(token) if want.is_met_by(&token) => Ok(token),
            Some(_) | None => self.obtain(slot, want).await,
        }
    }

    fn slot(&self, app: &WechatApp) -> Arc<TokenSlot> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(app.id.clone()).or_insert_with(|| {
            let (held, pace) = (Mutex::default(), tokio::sync::Mutex::default());
            Arc::new(TokenSlot { app: app.clone(), held, pace })
        });
        Arc::clone(slot)
    }

    /// Runs in a task of its own: a fetched token must not be lost with the request that caused the fetch.
    async fn obtain(&self, slot: Arc<TokenSlot>, want: RefreshMode) -> Result<AccessToken, WechatError> {
        let keeper = self.clone();
        let task = async move {
            let mut pace = slot.pace.lock().await;
            keeper.look_after(&slot, &mut pace, want).await
        };
        let task = tokio::spawn(task.in_current_span()).await;
        task.unwrap_or_else(|_| Err(Cause::NoToken("fetching it panicked".to_owned()).into()))
    }

    async fn look_after(
        &self,
        slot: &TokenSlot,
        pace: &mut RefreshState,
        want: RefreshMode,
    ) -> Result<AccessToken, WechatError> {
        let held = slot.held().clone();
        if let Some(token) = held {
            if want.is_met_by(&token) {
                return Ok(token);
            }
            let now = Instant::now();
            match &want {
                RefreshMode::Fresh if pace.ahead.is_some_and(|until| now < until) => return Ok(token),
                RefreshMode::Fresh => pace.ahead = Some(now + AHEAD_PAUSE),
                RefreshMode::Other(refused, _) if token.is(Some(refused)) => {
                    // The refused call began before WeChat confirmed the token.
                    if pace.given_again(&token).is_some_and(|at| !want.is_later_than(at)) {
                        return Ok(token);
                    }
                    *slot.held() = None;
                }
                RefreshMode::Good | RefreshMode::Other(..) => {}
            }
        }
        if let Some((told, until, _)) = &pace.failed
            && Instant::now() < *until
        {
            return Err(told.clone().into());
        }
        let found = match self.shared(slot, pace, &want).await {
            Err(Missing::Store(error)) => {
                tracing::warn!(%error, "the store of access tokens is out of reach");
                self.local_backoff(slot, pace, &want).await
            }
            Err(Missing::Wechat(error)) => Err(error),
            Ok(token) => {
                pace.local_backoff = None;
                Ok(token)
            }
        };
        match found {
            Ok(token) => {
                pace.failed = None;
                *slot.held() = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                let pause = pace.failed.take().map_or(FAILED_PAUSES.0, |(_, _, pause)| pause * 2);
                let pause = pause.min(FAILED_PAUSES.1);
                let told = CachedError::from(&error);
                tracing::warn!(app = slot.app.id, error = %told.why, rid = told.rid, "there is no access token");
                pace.failed = Some((told.clone(), Instant::now() + pause, pause));
                Err(told.into())
            }
        }
    }

    /// Reads the token from the shared store, or fetches it from WeChat and stores it.
    async fn shared(
        &self,
        slot: &TokenSlot,
        pace: &mut RefreshState,
        want: &RefreshMode,
    ) -> Result<AccessToken, Missing> {
        let Inner { client, store, .. } = &*self.0;
        let (lease, holder) = (format!("wechat-token:{}", slot.app.id), random::short_id());
        let give_up = Instant::now() + client.timeout();
        let mut pause = LOOK_PAUSES.0;
        loop {
            if let Some((_, token)) = self.kept(slot).await?
                && want.is_met_by(&token)
            {
                return Ok(token);
            }
            // Upper bound of the duration of the work below.
            let long = client.timeout() * 2 + OPERATION_DEADLINE * 6;
            if store.take_lease(&lease, &holder, long).await? {
                break;
            }
            // Another server is fetching the token. A caller with a valid token does not wait for the next
            // one.
            let held = slot.held().clone();
            match held {
                Some(token) if matches!(want, RefreshMode::Fresh) => return Ok(token),
                Some(_) | None if Instant::now() > give_up => {
                    let why = "another server is fetching it".to_owned();
                    return Err(WechatError::from(Cause::NoToken(why)).into());
                }
                Some(_) | None => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSES.1);
        }
        let found = self.under_lease(slot, pace, want).await;
        if let Err(error) = store.drop_lease(&lease, &holder).await {
            tracing::warn!(%error, "a lease runs on until it ends by itself");
        }
        found
    }

    async fn under_lease(
        &self,
        slot: &TokenSlot,
        pace: &mut RefreshState,
        want: &RefreshMode,
    ) -> Result<AccessToken, Missing> {
        if let Some((note, token)) = self.kept(slot).await? {
            if want.is_met_by(&token) {
                return Ok(token);
            }
            if token.is(want.refused()) {
                self.0.store.drop_note(&slot.note(), &note).await?;
            }
        }
        let mut token = self.fetch(slot, false).await?;
        if token.is(want.refused()) {
            // WeChat refused the token and then issued it again: its servers may be inconsistent. When a
            // later call is refused as well, a forced refresh invalidates the token, as far as the budget
            // allows.
            match pace.given_again(&token) {
                Some(at) if want.is_later_than(at) => {
                    self.may_force(slot).await?;
                    token = self.fetch(slot, true).await?;
                    pace.rejected = None;
                }
                Some(_) => {}
                None => pace.rejected = Some((token.clone(), Instant::now())),
            }
        }
        if let Err(error) = self.keep(slot, &token).await {
            tracing::warn!(%error, "an access token was not kept for the other servers");
        }
        Ok(token)
    }

    /// Fetches a token for this process only, while the store is unreachable.
    async fn local_backoff(
        &self,
        slot: &TokenSlot,
        pace: &mut RefreshState,
        want: &RefreshMode,
    ) -> Result<AccessToken, WechatError> {
        let held = slot.held().clone();
        if let Some(token) = held.filter(|token| token.lasts(MARGIN) && !token.is(want.refused())) {
            return Ok(token);
        }
        let now = Instant::now();
        let pause = match pace.local_backoff {
            Some((until, _)) if now < until => {
                let why = "the store that keeps it is out of reach, and WeChat was asked a while ago";
                return Err(Cause::NoToken(why.to_owned()).into());
            }
            Some((_, pause)) => (pause * 2).min(ALONE_PAUSES.1),
            None => ALONE_PAUSES.0,
        };
        pace.local_backoff = Some((now + pause, pause));
        self.fetch(slot, false).await
    }

    /// Takes one forced refresh from the budget.
    async fn may_force(&self, slot: &TokenSlot) -> Result<(), Missing> {
        let (name, now) = (format!("wechat-forced:{}", slot.app.id), Micros::now());
        let kept = self.0.store.note(&name).await?.unwrap_or_default();
        let mut forced: VecDeque<Micros> = serde_json::from_str(&kept).unwrap_or_default();
        forced.retain(|at| now.since(*at) < DAY);
        let wait = match (forced.back(), forced.front()) {
            (Some(last), _) if now.since(*last) < FORCED_APART => FORCED_APART - now.since(*last),
            (_, Some(first)) if forced.len() >= FORCED_A_DAY => DAY - now.since(*first),
            _ => {
                forced.push_back(now);
                let forced = serde_json::to_string(&forced).unwrap_or_default();
                self.0.store.put_note(&name, &forced, DAY).await?;
                tracing::warn!(
                    app = slot.app.id,
                    "WeChat refuses its own access token; it is ended by force"
                );
                return Ok(());
            }
        };
        let why = "WeChat refuses the one it gives, and no forced refresh is left".to_owned();
        let class = Class::Wait { retry_after: wait };
        Err(WechatError { class, ..Cause::NoToken(why).into() }.into())
    }

    async fn fetch(&self, slot: &TokenSlot, force_refresh: bool) -> Result<AccessToken, WechatError> {
        #[derive(Serialize)]
        struct Request<'a> {
            grant_type: &'a str,
            appid: &'a str,
            secret: &'a str,
            force_refresh: bool,
        }
        #[derive(Deserialize)]
        struct Reply {
            access_token: SecretString,
            #[serde(deserialize_with = "lenient::integer")]
            expires_in: u64,
        }
        let secret = slot.app.secret.expose_secret();
        let request = Request { grant_type: "client_credential", appid: &slot.app.id, secret, force_refresh };
        let body =
            serde_json::to_vec(&request).map_err(|_| Cause::UnexpectedResponse("its request has no JSON"))?;
        let client = &self.0.client;
        let ask = ApiCall { api: Api::StableToken, query: &[], body: Some(&body), hidden: &[secret] };
        let asked = Micros::now();
        let reply: Reply = client.ask(ask, Instant::now() + client.timeout()).await?;
        let text = reply.access_token.expose_secret();
        let fits = (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits || !(1..=DAY.as_secs()).contains(&reply.expires_in) {
            return Err(Cause::UnexpectedResponse("its access token has another form").into());
        }
        tracing::info!(
            app = slot.app.id,
            expires_in = reply.expires_in,
            force_refresh,
            "WeChat gave an access token"
        );
        let ends_at = asked.plus(Duration::from_secs(reply.expires_in));
        Ok(AccessToken { text: reply.access_token, ends_at })
    }

    /// The token in the store, with the note's text.
    async fn kept(&self, slot: &TokenSlot) -> Result<Option<(String, AccessToken)>, StoreError> {
        let Some(note) = self.0.store.note(&slot.note()).await? else { return Ok(None) };
        let opened = self.0.keys.get().await?.sealer.open(&note, &slot.note());
        // A token whose sealing key is no longer configured counts as missing.
        let token = opened.and_then(|json| serde_json::from_str(json.expose_secret()).ok());
        Ok(token.map(|token| (note, token)))
    }

    async fn keep(&self, slot: &TokenSlot, token: &AccessToken) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct Kept<'a> {
            text: &'a str,
            ends_at: Micros,
        }
        let kept = Kept { text: token.text.expose_secret(), ends_at: token.ends_at };
        let json = serde_json::to_string(&kept).map_err(|error| StoreError::Refused(error.into()))?;
        let sealed = self.0.keys.get().await?.sealer.seal(&json, &slot.note());
        self.0.store.put_note(&slot.note(), &sealed, token.expires_in()).await
    }
}

#[cfg(test)]
mod tests;
