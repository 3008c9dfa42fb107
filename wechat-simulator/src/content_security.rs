//! Content security: `POST /wxa/msg_sec_check` and `POST /wxa/media_check_async`.
//!
//! A text that contains 违规 is risky, one that contains 复核 needs review, every other passes. Images pass unless
//! the queue of [`ImageResult`]s says otherwise.

use std::collections::VecDeque;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::media_check::MediaCheck;
use crate::reply::Refusal;
use crate::script::InvalidScript;
use crate::state::State;
use crate::token_apis::Call;

/// Maximum length of a text in characters.
const MAX_TEXT: usize = 2_500;
/// Maximum number of queued image results.
const MAX_RESULTS: usize = 1_000;

/// The settings of message push, as an operator enters them in WeChat's console.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushTarget {
    /// The address of the server's `/wx/push`.
    pub url: String,
    pub token: String,
    /// The `EncodingAESKey`; its presence selects safe mode.
    pub aes_key: Option<String>,
    /// Selects XML instead of JSON.
    #[serde(default)]
    pub xml: bool,
}

/// The result of an image check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ImageResult {
    /// A push with this verdict.
    Verdict {
        /// `pass`, `review` or `risky`.
        suggest: String,
        /// WeChat's number of the reason.
        label: u32,
    },
    /// The same push two times.
    Twice,
    /// No push at all.
    Silence,
}

/// The push settings and the queued image results.
#[derive(Debug, Default)]
pub(crate) struct ContentSecurity {
    target: Option<PushTarget>,
    results: VecDeque<ImageResult>,
}

impl State {
    pub(crate) fn push_to(&self, target: PushTarget) {
        self.memory().content_security.target = Some(target);
    }

    pub(crate) fn add_image_results(&self, results: Vec<ImageResult>) -> Result<(), InvalidScript> {
        let queue = &mut self.memory().content_security.results;
        if queue.len() + results.len() > MAX_RESULTS {
            return Err(InvalidScript::TooManySteps);
        }
        queue.extend(results);
        Ok(())
    }
}

/// Validates the parameters that both APIs share.
fn validate(state: &State, call: &Call<'_>) -> Result<(), Refusal> {
    let number = |name: &str| call.body.get(name).and_then(Value::as_u64);
    if call.text("openid").is_empty() {
        return Err(Refusal::new(state, 40003, "invalid openid"));
    }
    if number("version") != Some(2) || !number("scene").is_some_and(|scene| (1..=4).contains(&scene)) {
        return Err(Refusal::new(state, 40129, "invalid scene"));
    }
    Ok(())
}

pub(crate) fn check_text(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    validate(state, call)?;
    let content = call.text("content");
    if content.is_empty() || content.chars().count() > MAX_TEXT {
        return Err(Refusal::new(state, 44002, "empty post data"));
    }
    let (suggest, label) = if content.contains("违规") {
        ("risky", 20_006)
    } else if content.contains("复核") {
        ("review", 21_000)
    } else {
        ("pass", 100)
    };
    Ok(json!({
        "trace_id": new_trace_id(state),
        "result": {"suggest": suggest, "label": label},
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}],
    }))
}

/// Starts the check of an image; its result follows as a push.
pub(crate) fn check_image(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    validate(state, call)?;
    let url = call.text("media_url").to_owned();
    if call.body.get("media_type").and_then(Value::as_u64) != Some(2) || !url.starts_with("http") {
        return Err(Refusal::new(state, 40097, "invalid args"));
    }
    let trace_id = new_trace_id(state);
    let (target, result) = {
        let content_security = &mut state.memory().content_security;
        (content_security.target.clone(), content_security.results.pop_front())
    };
    let result = result.unwrap_or(ImageResult::Verdict { suggest: "pass".to_owned(), label: 100 });
    if let Some(target) = target.filter(|_| result != ImageResult::Silence) {
        let check = MediaCheck {
            target,
            result,
            url,
            app_id: call.app.id.clone(),
            openid: call.text("openid").to_owned(),
            trace_id: trace_id.clone(),
            seconds: i64::try_from(state.now_ms() / 1_000).unwrap_or(i64::MAX),
            random: state.unique(),
        };
        tokio::spawn(check.run());
    }
    Ok(json!({ "trace_id": trace_id }))
}

fn new_trace_id(state: &State) -> String {
    let unique = HEXLOWER.encode(&state.unique());
    let parts = [unique.get(..8), unique.get(8..16), unique.get(16..24)];
    parts.map(Option::unwrap_or_default).join("-")
}
