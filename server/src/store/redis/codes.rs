//! Exchanges of login codes.
//!
//! A code's value begins with a letter: `p` and 16 characters that name the claim, then its holder; `s` and a
//! session; or `r` and the text of a refusal.

use std::time::Duration;

use redis::cmd;

use super::scripts::{CLAIM_CODE, REMOVE_IF, TAKE_LEASE};
use super::{CodeOutcome, CodeState, RedisOps, SecretHash, SessionId, StoreError, StoreResult, millis};

/// Length of the prefix before the holder in a claim's value.
const CLAIM_MARK: usize = 17;

impl RedisOps {
    pub(super) async fn ping(&self) -> StoreResult<()> {
        self.client.one(&cmd("PING")).await
    }

    pub(super) async fn claim_code(
        &self,
        code: SecretHash,
        holder: &str,
        lease: Duration,
    ) -> StoreResult<CodeState> {
        // Each claim has a random name: a resent claim is recognised, and another claim of the same holder is
        // a different one.
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(|error| StoreError::Refused(error.into()))?;
        let claim = format!("p{}{holder}", data_encoding::HEXLOWER.encode(&name));
        let lease = millis(lease).to_string();
        let arguments = [claim.as_bytes(), lease.as_bytes()];
        let stands: String = self.client.script(&CLAIM_CODE, &self.keys.code(code), &arguments).await?;
        if stands == claim {
            return Ok(CodeState::Claimed);
        }
        let state = match stands.split_at_checked(1) {
            Some(("p", _)) => Some(CodeState::Pending),
            Some(("s", session)) => SessionId::parse(session).map(CodeState::Session),
            Some(("r", text)) => Some(CodeState::Refused(text.to_owned())),
            Some(_) | None => None,
        };
        state.ok_or_else(|| StoreError::Damaged("the state of a code".to_owned()))
    }

    pub(super) async fn settle_code(
        &self,
        code: SecretHash,
        outcome: &CodeOutcome,
        keep: Duration,
    ) -> StoreResult<()> {
        let value = match outcome {
            CodeOutcome::Session(session) => format!("s{session}"),
            CodeOutcome::Refused(text) => format!("r{text}"),
        };
        let mut set = cmd("SET");
        set.arg(self.keys.code(code)).arg(value).arg("PX").arg(millis(keep));
        self.client.one(&set).await
    }

    pub(super) async fn release_code(&self, code: SecretHash, holder: &str) -> StoreResult<()> {
        let mark = CLAIM_MARK.to_string();
        self.client.script(&REMOVE_IF, &self.keys.code(code), &[holder.as_bytes(), mark.as_bytes()]).await
    }

    pub(super) async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> StoreResult<bool> {
        let lease = millis(lease).to_string();
        let arguments = [holder.as_bytes(), lease.as_bytes()];
        self.client.script(&TAKE_LEASE, &self.keys.lease(name), &arguments).await
    }

    pub(super) async fn drop_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        self.client.script(&REMOVE_IF, &self.keys.lease(name), &[holder.as_bytes(), b"0"]).await
    }
}
