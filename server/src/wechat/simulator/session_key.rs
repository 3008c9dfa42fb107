//! `GET /wxa/checksession` and `GET /wxa/resetusersessionkey` of the simulated WeChat.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::further::Call;
use super::reply::Refusal;
use super::state::State;
use crate::wechat::crypto::session_signature;

/// Whether the session_key behind the signature is the one that the user's phone has.
pub(super) fn check(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    verify(state, call).map(|_| json!({}))
}

/// Puts a new session_key in the place of that one.
pub(super) fn reset(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    verify(state, call)?;
    let (openid, session_key) = (call.query("openid"), state.new_session_key());
    state.memory().session_keys.insert(openid.to_owned(), session_key.clone());
    Ok(json!({ "openid": openid, "session_key": session_key.expose_secret() }))
}

fn verify(state: &State, call: &Call<'_>) -> Result<SecretString, Refusal> {
    let refuse = |errcode, errmsg| Err(Refusal::new(state, errcode, errmsg));
    if call.query("sig_method") != "hmac_sha256" {
        return refuse(87008, "invalid sig_method");
    }
    let Some(session_key) = state.memory().session_keys.get_mut(call.query("openid")).cloned() else {
        return refuse(87007, "session_key is not existd or expired");
    };
    if call.query("signature") != session_signature(&session_key, b"") {
        return refuse(87009, "invalid signature");
    }
    Ok(session_key)
}
