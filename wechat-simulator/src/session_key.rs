//! `GET /wxa/checksession` and `GET /wxa/resetusersessionkey`.

use serde_json::{Value, json};

use crate::crypto::session_signature;
use crate::reply::Refusal;
use crate::state::State;
use crate::token_apis::Call;

/// Checks that the signature is of the session_key that the user's phone has.
pub(crate) fn check(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    verify(state, call).map(|_| json!({}))
}

pub(crate) fn reset(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    verify(state, call)?;
    let (openid, session_key) = (call.query("openid"), state.new_session_key());
    state.memory().session_keys.insert(openid.to_owned(), session_key.clone());
    Ok(json!({ "openid": openid, "session_key": session_key }))
}

fn verify(state: &State, call: &Call<'_>) -> Result<String, Refusal> {
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
