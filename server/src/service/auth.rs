//! From the credential of a request to its caller, for all dialects. Only this module combines hints, tags,
//! rate limits and session look-up.

use std::net::IpAddr;
use std::sync::Arc;

use super::rate_limits::{FailureBudget, LimitExceeded, RateLimits};
use super::sessions::wafer::LogIn;
use super::sessions::weapp::{Headers, Rejection};
use super::sessions::yibi::{SignIn, SignedIn};
use super::sessions::{Caller, Client, Credential, SessionError, SessionService, WaferPair};
use crate::wechat::WechatApp;

/// Why a request has no caller.
#[derive(Debug)]
pub enum AuthError<E = SessionError> {
    /// The request was rejected without being processed.
    RateLimited(LimitExceeded),
    /// The credential opens no session, or the look-up failed.
    Refused(E),
}

impl<E> From<LimitExceeded> for AuthError<E> {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

/// Authentication of requests, shared by all dialects.
#[derive(Clone)]
pub struct Authenticator {
    sessions: SessionService,
    limits: Arc<RateLimits>,
}

impl Authenticator {
    /// An authenticator of those sessions under those limits.
    #[must_use]
    pub fn new(sessions: SessionService, limits: Arc<RateLimits>) -> Self {
        Self { sessions, limits }
    }

    /// The caller of a request with a bearer token, a wafer pair, or no credential.
    ///
    /// # Errors
    /// [`AuthError`]; see [`SessionService::authenticate`].
    pub async fn authenticate(
        &self,
        credential: Option<&Credential>,
        from: IpAddr,
    ) -> Result<Caller, AuthError> {
        let budget = self.budget(credential, from).await.map_err(AuthError::Refused)?;
        self.limits.check(&budget)?;
        let caller = match credential {
            Some(credential) => self.sessions.authenticate(credential).await,
            None => Err(SessionError::Unauthenticated),
        };
        if matches!(caller, Err(SessionError::Unauthenticated | SessionError::EndedByUser)) {
            self.limits.failed(&budget);
        }
        caller.map_err(AuthError::Refused)
    }

    /// The caller of a request in the 2016 dialect, see [`SessionService::identify`].
    ///
    /// # Errors
    /// [`AuthError`] with the [`Rejection`] that the client receives.
    pub async fn identify(
        &self,
        app: &WechatApp,
        headers: Headers,
        client: Client,
        from: IpAddr,
    ) -> Result<Option<Caller>, AuthError<Rejection>> {
        let credential = headers.code.as_deref().map(|code| Credential::weapp_code(&app.id, code));
        let budget = match credential {
            Some(credential) if self.sessions.has_hint(&credential) => {
                FailureBudget::Session { id: credential.id, tagged: false }
            }
            Some(_) if headers.is_sign_in() => FailureBudget::SignIn(from),
            Some(_) | None => FailureBudget::Address(from),
        };
        self.limits.check(&budget)?;
        let caller = self.sessions.identify(app, headers, client).await;
        if caller.as_ref().is_err_and(Rejection::is_callers) {
            self.limits.failed(&budget);
        }
        caller.map_err(AuthError::Refused)
    }

    /// Rejects a sign-in before its body is read, if too many sign-ins from its address failed.
    ///
    /// # Errors
    /// [`LimitExceeded`].
    pub fn check_sign_in(&self, from: IpAddr) -> Result<(), LimitExceeded> {
        self.limits.check(&FailureBudget::SignIn(from))
    }

    /// Signs a user in, see [`SessionService::sign_in`].
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn sign_in(&self, sign_in: SignIn, from: IpAddr) -> Result<SignedIn, AuthError> {
        self.check_sign_in(from)?;
        self.counted(self.sessions.sign_in(sign_in).await, from)
    }

    /// Signs a user of 2017 in, see [`SessionService::log_in`].
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn log_in(&self, log_in: LogIn, from: IpAddr) -> Result<WaferPair, AuthError> {
        self.check_sign_in(from)?;
        self.counted(self.sessions.log_in(log_in).await, from)
    }

    fn counted<T>(&self, signed_in: Result<T, SessionError>, from: IpAddr) -> Result<T, AuthError> {
        if signed_in.as_ref().is_err_and(SessionError::is_callers) {
            self.limits.failed(&FailureBudget::SignIn(from));
        }
        signed_in.map_err(AuthError::Refused)
    }

    /// Budget that a failure of the credential counts against. A valid tag takes precedence over the address,
    /// so that other clients' wrong tokens never block a good one.
    async fn budget(
        &self,
        credential: Option<&Credential>,
        from: IpAddr,
    ) -> Result<FailureBudget, SessionError> {
        let Some(credential) = credential else { return Ok(FailureBudget::Address(from)) };
        let id = credential.id;
        Ok(if self.sessions.has_valid_tag(credential).await? {
            FailureBudget::Session { id, tagged: true }
        } else if self.sessions.has_hint(credential) {
            FailureBudget::Session { id, tagged: false }
        } else if credential.is_bearer() {
            FailureBudget::Untagged(from)
        } else {
            FailureBudget::Address(from)
        })
    }
}
