//! The current dialect: exchange of a WeChat code for a bearer token, token renewal, and the list of devices.

use tracing::Instrument;
use yibi_common::admin::{Happening, UserRef};

use super::code_exchange::{CodeExchange, ExchangeOutcome};
use super::profile::Profile;
use super::token::code_hash;
use super::{Caller, Client, Credential, SessionError, SessionService, Token};
use crate::domain::clock::Micros;
use crate::domain::session::{Dialect, SecretHash, SessionId, StoredSession};
use crate::domain::user::{UserKey, UserRecord};
use crate::random;
use crate::store::{Leases, Sessions, Users};
use crate::wechat::WechatApp;

/// Content of `POST /session`.
pub struct SignIn {
    pub app: WechatApp,
    pub code: String,
    /// Share or referral code.
    pub from: Option<String>,
    /// Whether the user confirmed that a pending erasure is cancelled.
    pub reopen: bool,
    pub client: Client,
}

/// The outcome of a sign-in.
#[derive(Clone)]
pub struct SignedIn {
    pub token: String,
    /// Seconds until an unused session ends.
    pub expires_in: u64,
    pub user: UserRecord,
    /// Whether this is the user's first session ever.
    pub new: bool,
}

impl SessionService {
    /// Signs a user in. A repeated code (after a lost reply, for example) gets another token of the same
    /// session within five minutes; concurrent requests with the same code share one token.
    ///
    /// # Errors
    /// [`SessionError::Exchange`] when WeChat refuses the code, [`SessionError::CodeSpent`] when its session
    /// has ended, [`SessionError::Store`].
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, SessionError> {
        let key = (code_hash(&sign_in.app.id, &sign_in.code), sign_in.reopen);
        let service = self.clone();
        let entry = self.0.sign_ins.entry(key);
        // Runs in a task of its own: WeChat accepts a code only once, so the remaining steps must not be
        // dropped with the request.
        let shared = entry.or_try_insert_with(async move {
            let task = async move { service.sign_in_once(sign_in).await };
            let task = tokio::spawn(task.in_current_span());
            task.await.unwrap_or(Err(SessionError::Internal("a sign-in panicked")))
        });
        let outcome = match shared.await {
            Ok(entry) if entry.is_fresh() => Ok(entry.into_value()),
            Ok(entry) => self.still_good(entry.into_value()).await,
            Err(error) => Err((*error).clone()),
        };
        self.0.metrics.sign_in("yibi", outcome_name(outcome.as_ref().map(|_| ())));
        outcome
    }

    async fn sign_in_once(&self, sign_in: SignIn) -> Result<SignedIn, SessionError> {
        let token = Token::new(SessionId(random::bytes()));
        let exchange = CodeExchange {
            dialect: Dialect::Yibi,
            app: sign_in.app,
            code: sign_in.code,
            id: token.id(),
            token: token.hash(),
            from: sign_in.from,
            reopen: sign_in.reopen,
            client: sign_in.client,
        };
        let (token, session, user) = match self.session_of_code(exchange, |_| Ok(Profile::default())).await? {
            ExchangeOutcome::Created(created) => {
                (token.text(&self.0.keys.get().await?.signer), created.session, created.user)
            }
            ExchangeOutcome::Existing(id) => {
                let (token, session) = self.further_token(id, None).await?;
                let user = self.0.users.user(&session.user).await?.ok_or(SessionError::CodeSpent)?;
                (token, session, user)
            }
        };
        let new = user.created_at == session.created_at;
        Ok(SignedIn { token, expires_in: self.expires_in(&session), user, new })
    }

    /// The outcome of a recent sign-in, unless its session has ended since.
    async fn still_good(&self, signed_in: SignedIn) -> Result<SignedIn, SessionError> {
        let credential = Credential::bearer(&signed_in.token).ok_or(SessionError::CodeSpent)?;
        match self.authenticate(&credential).await {
            Ok(_) => Ok(signed_in),
            Err(SessionError::Unauthenticated | SessionError::EndedByUser) => Err(SessionError::CodeSpent),
            Err(error) => Err(error),
        }
    }

    /// Seconds until the session ends if it is not used.
    fn expires_in(&self, session: &StoredSession) -> u64 {
        self.0.settings.idle.min(session.ends_at.since(Micros::now())).as_secs()
    }

    /// A new token for the caller's session. The caller's current token stays valid for a minute, so that a
    /// lost reply is harmless. Also returns the seconds until an unused session ends.
    ///
    /// # Errors
    /// [`SessionError::Unauthenticated`] when the session ended meanwhile, [`SessionError::Store`].
    pub async fn renew(&self, caller: &Caller) -> Result<(String, u64), SessionError> {
        let (id, renewed) = (caller.session.id, caller.opened_by);
        let entry = self.0.renewals.entry((id, renewed));
        let shared = entry.or_try_insert_with(async {
            let (token, session) = self.further_token(id, Some(renewed)).await?;
            Ok::<_, SessionError>((token, self.expires_in(&session)))
        });
        match shared.await {
            Ok(entry) => {
                // Only concurrent requests share the result: a later one gets a token of its own.
                if entry.is_fresh() {
                    self.0.renewals.invalidate(&(id, renewed)).await;
                }
                Ok(entry.into_value())
            }
            Err(error) if matches!(*error, SessionError::CodeSpent) => Err(SessionError::Unauthenticated),
            Err(error) => Err((*error).clone()),
        }
    }

    /// Another token for a living session of this dialect, whose renewed token expires after the grace
    /// period.
    async fn further_token(
        &self,
        id: SessionId,
        renewed: Option<SecretHash>,
    ) -> Result<(String, StoredSession), SessionError> {
        let token = Token::new(id);
        let text = token.text(&self.0.keys.get().await?.signer);
        let session = self.add_token(id, Dialect::Yibi, token.hash(), renewed).await?;
        Ok((text, session))
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), SessionError> {
        // A session that is already gone counts as signed out.
        match self.end(caller.user(), caller.session.id).await {
            Ok(()) | Err(SessionError::NoSession) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends one of the caller's listed sessions. Tokens of another device are then refused with
    /// [`SessionError::EndedByUser`] for as long as they would have been valid.
    ///
    /// # Errors
    /// As [`end`](Self::end)'s.
    pub async fn end_listed(&self, caller: &Caller, id: SessionId) -> Result<(), SessionError> {
        if id != caller.session.id {
            let session = self.0.store.read(id, Some(caller.user()), None).await?;
            let session = session.filter(|session| session.user == *caller.user());
            let session = session.ok_or(SessionError::NoSession)?;
            // The note is written before the session ends: a device that sees the session gone without the
            // note signs in again by itself.
            if session.dialect == Dialect::Yibi {
                self.0.store.put_note(&ended_note(id), "by its user", self.0.settings.idle).await?;
            }
        }
        self.end(caller.user(), id).await
    }

    /// All living sessions of a user, each with its expiry.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn of_user(&self, user: &UserKey) -> Result<Vec<(StoredSession, Micros)>, SessionError> {
        Ok(self.0.store.of_user(user).await?)
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    /// [`SessionError::NoSession`] when that user has no such session, [`SessionError::Store`].
    pub async fn end(&self, user: &UserKey, id: SessionId) -> Result<(), SessionError> {
        let ended = self.0.store.remove(user, id).await?;
        self.forget(id).await;
        if ended {
            self.tell_revoked(user, Some(id)).await;
        }
        if ended { Ok(()) } else { Err(SessionError::NoSession) }
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end_all(&self, user: &UserKey) -> Result<(), SessionError> {
        self.0.store.remove_all(user).await?;
        // A user may have many sessions; the copies of other users' sessions are read again on demand.
        self.0.copies.invalidate_all();
        self.tell_revoked(user, None).await;
        Ok(())
    }

    /// Publishes the event that sessions were ended.
    async fn tell_revoked(&self, user: &UserKey, session: Option<SessionId>) {
        let watch = self.0.metrics.events();
        if !watch.is_watched() {
            return;
        }
        if let Ok(Some(user)) = self.0.users.user(user).await {
            let session = session.map(|id| id.to_string());
            watch.publish(|| Happening::Revoked { user: UserRef::from(&user), session });
        }
    }
}

/// Name of the note that a session was ended by its user from another device.
pub(super) fn ended_note(id: SessionId) -> String {
    format!("ended:{id}")
}

/// A stable name of a sign-in's outcome, for metrics.
pub(super) fn outcome_name(outcome: Result<(), &SessionError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(SessionError::Exchange(refusal)) => refusal.name(),
        Err(SessionError::CodeSpent) => "code_spent",
        Err(SessionError::Blocked) => "account_blocked",
        Err(SessionError::Closing { .. }) => "account_closing",
        Err(SessionError::UntrustedRawData | SessionError::UntrustedOpenData) => "untrusted",
        Err(SessionError::Store(_)) => "store",
        Err(
            SessionError::Unauthenticated
            | SessionError::EndedByUser
            | SessionError::NoSession
            | SessionError::KeySuperseded
            | SessionError::OpenData(_)
            | SessionError::PhoneCode
            | SessionError::TooManyAtOnce
            | SessionError::Leaving
            | SessionError::Internal(_),
        ) => "other",
    }
}
