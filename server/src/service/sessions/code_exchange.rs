//! A WeChat code is exchanged once, however many requests and servers receive it.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;
use yibi_common::admin::{Happening, UserRef};

use super::profile::Profile;
use super::refusal::CodeRefusal;
use super::token::code_hash;
use super::{Client, Refusal, SessionError, SessionService};
use crate::domain::clock::Micros;
use crate::domain::session::{
    CodeOutcome, CodeState, Dialect, SecretHash, SessionId, StoredSession, StoredToken,
};
use crate::domain::user::{NewUser, UserKey, UserRecord};
use crate::random;
use crate::store::{OPERATION_DEADLINE, Sessions, StoreError, Users};
use crate::wechat::{Exchange, WechatApp};

/// How long a claim on a code outlasts the call to WeChat: as long as the store operations can take.
const CLAIM: Duration = OPERATION_DEADLINE.saturating_mul(6);
/// How long an exchanged code is remembered: the life of an unused code at WeChat.
const REMEMBER: Duration = Duration::from_secs(300);
/// How long to wait for another request that exchanges the same code. If that one has died, the claim
/// outlasts this wait.
const WAIT: Duration = Duration::from_secs(4);
/// First pause between two reads of a code that another server is exchanging; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// Maximum number of living sessions of one user. A user has a few devices; 2016 clients start a session with
/// every launch.
const MAX_SESSIONS: usize = 32;

/// Parameters of a code's exchange for a session.
pub(super) struct CodeExchange {
    pub(super) dialect: Dialect,
    pub(super) app: WechatApp,
    pub(super) code: String,
    /// Id of the session to create.
    pub(super) id: SessionId,
    /// Hash of the session's first token.
    pub(super) token: SecretHash,
    /// Share or referral code, stored at a user's first sign-in.
    pub(super) from: Option<String>,
    /// Whether a pending erasure of the user's account is cancelled.
    pub(super) reopen: bool,
    pub(super) client: Client,
}

/// Result of exchanging a login code.
pub(super) enum ExchangeOutcome {
    /// This call created the session.
    Created(Box<NewSession>),
    /// The code's session already exists.
    Existing(SessionId),
}

/// A session created by this call, and its user.
pub(super) struct NewSession {
    pub(super) session: StoredSession,
    pub(super) user: UserRecord,
}

impl SessionService {
    /// The session of a code: created by this call, or by an earlier exchange. `trust` inspects WeChat's
    /// answer before a session is created, and returns the profile that the client sent.
    pub(super) async fn session_of_code(
        &self,
        request: CodeExchange,
        trust: impl FnOnce(&Exchange) -> Result<Profile, SessionError>,
    ) -> Result<ExchangeOutcome, SessionError> {
        let hash = code_hash(&request.app.id, &request.code);
        let holder = random::short_id();
        let give_up = Instant::now() + WAIT;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.0.store.claim_code(hash, &holder, self.0.wechat.client().timeout() + CLAIM).await? {
                CodeState::Claimed => break,
                CodeState::Session(id) => return Ok(ExchangeOutcome::Existing(id)),
                CodeState::Refused(kept) => {
                    let refusal: Option<CodeRefusal> = serde_json::from_str(&kept).ok();
                    return Err(
                        refusal.map_or(SessionError::CodeSpent, |kept| kept.into_error(request.reopen))
                    );
                }
                CodeState::Pending if Instant::now() > give_up => return Err(StoreError::Busy.into()),
                CodeState::Pending => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        let made = self.exchange(&request, trust).await;
        match &made {
            Ok(created) => {
                let outcome = CodeOutcome::Session(created.session.id);
                self.0.store.settle_code(hash, &outcome, REMEMBER).await?;
            }
            Err(error) => match CodeRefusal::of(error) {
                Some(refusal) => {
                    let kept = serde_json::to_string(&refusal).unwrap_or_default();
                    self.0.store.settle_code(hash, &CodeOutcome::Refused(kept), REMEMBER).await?;
                }
                None => self.0.store.release_code(hash, &holder).await?,
            },
        }
        made.map(|created| ExchangeOutcome::Created(Box::new(created)))
    }

    async fn exchange(
        &self,
        request: &CodeExchange,
        trust: impl FnOnce(&Exchange) -> Result<Profile, SessionError>,
    ) -> Result<NewSession, SessionError> {
        let exchanged = self.0.wechat.client().exchange(&request.app, &request.code).await;
        let exchange = exchanged.map_err(|error| {
            let refusal = Refusal::from(&error);
            if refusal.alarming() {
                tracing::warn!(error = %refusal, rid = error.rid.as_deref(), "WeChat did not exchange a code");
            }
            SessionError::Exchange(refusal)
        })?;
        let profile = trust(&exchange)?;
        self.create(request, exchange, &profile).await
    }

    async fn create(
        &self,
        request: &CodeExchange,
        exchange: Exchange,
        profile: &Profile,
    ) -> Result<NewSession, SessionError> {
        let now = Micros::now();
        let user = UserKey::new(&request.app.id, &exchange.openid);
        let new = NewUser {
            public_id: random::public_id(),
            origin: request.from.clone(),
            unionid: exchange.unionid,
            reopen: request.reopen,
        };
        let (record, first) = self.0.users.sign_in(&user, &new, now).await?;
        may_have_session(&record, now)?;
        self.take_profile(&record, profile).await?;
        let longest = match request.dialect {
            Dialect::Yibi => Duration::from_secs(u64::from(self.0.settings.yibi_days) * 86_400),
            Dialect::Wafer => Duration::from_secs(u64::from(self.0.settings.wafer_hours) * 3_600),
            Dialect::Weapp => Duration::from_secs(u64::from(self.0.settings.weapp_hours) * 3_600),
        };
        let sealer = &self.0.keys.get().await?.sealer;
        let session = StoredSession {
            id: request.id,
            public_id: record.public_id.clone(),
            dialect: request.dialect,
            device: request.client.device.clone(),
            address: request.client.address.clone(),
            created_at: now,
            last_seen: now,
            ends_at: now.plus(longest),
            epoch: 0,
            tokens: vec![StoredToken { hash: request.token, until: None }],
            sealed_key: sealer.seal(exchange.session_key.expose_secret(), &request.id.to_string()),
            user,
        };
        let session = self.0.store.create(session, self.0.settings.idle).await?;
        // A block and a scheduled erasure are stored first and then end all sessions; this check covers a
        // session that is created in between. A user who is missing now was erased.
        let user = self.0.users.user(&session.user).await?.ok_or(SessionError::Leaving);
        let checked = user.and_then(|user| may_have_session(&user, Micros::now()).map(|()| user));
        let user = match checked {
            Ok(user) => user,
            Err(refused) => {
                self.0.store.remove(&session.user, session.id).await?;
                return Err(refused);
            }
        };
        self.end_surplus(&session).await;
        self.0.hints.insert(session.id, session.user.clone());
        self.0.metrics.events().publish(|| Happening::SignIn {
            user: UserRef::from(&user),
            session: session.id.to_string(),
            dialect: session.dialect.name().to_owned(),
            new: first,
        });
        Ok(NewSession { session, user })
    }

    /// Ends the user's least recently used sessions beyond [`MAX_SESSIONS`]. A failure does not fail the
    /// sign-in: the next one tries again.
    async fn end_surplus(&self, newest: &StoredSession) {
        let ended = async {
            let sessions = self.0.store.of_user(&newest.user).await?;
            let others = sessions.into_iter().filter(|(session, _)| session.id != newest.id);
            for (session, _) in others.skip(MAX_SESSIONS - 1) {
                self.0.store.remove(&session.user, session.id).await?;
                self.forget(session.id).await;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = ended.await {
            tracing::warn!(%error, "a user's oldest sessions were not ended");
        }
    }
}

/// Whether the user may have a session.
fn may_have_session(user: &UserRecord, now: Micros) -> Result<(), SessionError> {
    match user.erase_at {
        Some(erase_at) if now < erase_at => return Err(SessionError::Closing { erase_at }),
        Some(_) => return Err(SessionError::Leaving),
        None => {}
    }
    if user.blocked_at.is_some() { Err(SessionError::Blocked) } else { Ok(()) }
}
