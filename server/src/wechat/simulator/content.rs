//! Content security in the simulated WeChat: `POST /wxa/msg_sec_check`, `POST /wxa/media_check_async`, and the
//! push that brings the verdict on an image.
//!
//! A text that holds 违规 is risky and one that holds 复核 is for review, as the verdicts' queue says of images;
//! everything else passes. An image is really fetched: one that can't be gets no verdict but errcode -1008.

use std::collections::VecDeque;
use std::time::Duration;

use data_encoding::HEXLOWER;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::further::Call;
use super::reply::Refusal;
use super::state::State;
use crate::wechat::push::{AesKey, PushQuery, encrypt};

/// How long an image or the answer to a push may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a push is sent until it is answered, and the pause between.
const ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// The longest text, in characters.
const MAX_TEXT: usize = 2_500;
/// Verdicts that can wait at once.
const MAX_VERDICTS: usize = 1_000;

/// Where pushes go, as an operator types it in at WeChat's console.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushTarget {
    /// The server's `/wx/push`.
    pub url: String,
    /// Signs them.
    pub token: SecretString,
    /// Encrypts them: then in safe mode.
    pub aes_key: Option<String>,
    /// XML instead of JSON.
    #[serde(default)]
    pub xml: bool,
}

/// What becomes of the next image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fate {
    /// This verdict.
    Verdict {
        /// `pass`, `review` or `risky`.
        suggest: String,
        /// WeChat's number of the reason.
        label: u32,
    },
    /// The same message twice.
    Twice,
    /// WeChat never says anything.
    Silence,
}

/// What is known of pushes.
#[derive(Debug, Default)]
pub(super) struct Content {
    target: Option<PushTarget>,
    fates: VecDeque<Fate>,
}

impl State {
    pub(super) fn push_to(&self, target: PushTarget) {
        self.memory().content.target = Some(target);
    }

    /// Puts fates of images behind those that wait; not when there would be too many.
    pub(super) fn add_fates(&self, fates: Vec<Fate>) -> bool {
        let waiting = &mut self.memory().content.fates;
        let fit = waiting.len() + fates.len() <= MAX_VERDICTS;
        if fit {
            waiting.extend(fates);
        }
        fit
    }
}

/// What holds for both APIs.
fn check(state: &State, call: &Call<'_>) -> Result<(), Refusal> {
    let number = |name: &str| call.body.get(name).and_then(Value::as_u64);
    if call.text("openid").is_empty() {
        return Err(Refusal::new(state, 40003, "invalid openid"));
    }
    if number("version") != Some(2) || !number("scene").is_some_and(|scene| (1..=4).contains(&scene)) {
        return Err(Refusal::new(state, 40129, "invalid scene"));
    }
    Ok(())
}

/// Looks at a text.
pub(super) fn text(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    check(state, call)?;
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
        "trace_id": trace_id(state),
        "result": {"suggest": suggest, "label": label},
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}],
    }))
}

/// Takes an image to look at later.
pub(super) fn image(state: &State, call: &Call<'_>) -> Result<Value, Refusal> {
    check(state, call)?;
    let url = call.text("media_url").to_owned();
    if call.body.get("media_type").and_then(Value::as_u64) != Some(2) || !url.starts_with("http") {
        return Err(Refusal::new(state, 40097, "invalid args"));
    }
    let trace_id = trace_id(state);
    let (target, fate) = {
        let content = &mut state.memory().content;
        (content.target.clone(), content.fates.pop_front())
    };
    let fate = fate.unwrap_or(Fate::Verdict { suggest: "pass".to_owned(), label: 100 });
    if let Some(target) = target.filter(|_| fate != Fate::Silence) {
        let looking = Looking {
            target,
            fate,
            url,
            app_id: call.app.id.clone(),
            openid: call.text("openid").to_owned(),
            trace_id: trace_id.clone(),
            seconds: i64::try_from(state.now_ms() / 1_000).unwrap_or(i64::MAX),
            random: state.unique(),
        };
        tokio::spawn(looking.look());
    }
    Ok(json!({ "trace_id": trace_id }))
}

fn trace_id(state: &State) -> String {
    let unique = HEXLOWER.encode(&state.unique());
    let parts = [unique.get(..8), unique.get(8..16), unique.get(16..24)];
    parts.map(Option::unwrap_or_default).join("-")
}

/// An image that WeChat looks at.
struct Looking {
    target: PushTarget,
    fate: Fate,
    url: String,
    app_id: String,
    openid: String,
    trace_id: String,
    seconds: i64,
    random: [u8; 32],
}

impl Looking {
    async fn look(self) {
        let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE).tls_certs_only([]);
        let Ok(http) = builder.build() else { return };
        let fetched = match http.get(&self.url).send().await {
            Ok(reply) if reply.status().is_success() => {
                reply.bytes().await.is_ok_and(|bytes| !bytes.is_empty())
            }
            Ok(_) | Err(_) => false,
        };
        let (suggest, label) = match &self.fate {
            Fate::Verdict { suggest, label } => (suggest.as_str(), *label),
            Fate::Twice | Fate::Silence => ("pass", 100),
        };
        let body = if self.target.xml {
            self.xml(fetched, suggest, label)
        } else {
            self.json(fetched, suggest, label)
        };
        let times = if self.fate == Fate::Twice { 2 } else { 1 };
        for time in 0..times {
            self.push(&http, &body, time).await;
        }
    }

    fn json(&self, fetched: bool, suggest: &str, label: u32) -> String {
        let mut message = json!({
            "ToUserName": "gh_9df7d78a1234",
            "FromUserName": self.openid,
            "CreateTime": self.seconds,
            "MsgType": "event",
            "Event": "wxa_media_check",
            "appid": self.app_id,
            "trace_id": self.trace_id,
            "version": 2,
            "detail": [],
            "errcode": if fetched { 0 } else { -1008 },
            "errmsg": if fetched { "ok" } else { "download failed" },
        });
        if fetched && let Some(members) = message.as_object_mut() {
            members.insert("result".to_owned(), json!({"suggest": suggest, "label": label}));
        }
        message.to_string()
    }

    fn xml(&self, fetched: bool, suggest: &str, label: u32) -> String {
        let Self { openid, seconds, app_id, trace_id, .. } = self;
        let errcode = if fetched { 0 } else { -1008 };
        let result = if fetched {
            format!("<result><suggest><![CDATA[{suggest}]]></suggest><label>{label}</label></result>")
        } else {
            String::new()
        };
        format!(
            "<xml><ToUserName><![CDATA[gh_9df7d78a1234]]></ToUserName>\
             <FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{seconds}</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event>\
             <appid><![CDATA[{app_id}]]></appid><trace_id><![CDATA[{trace_id}]]></trace_id>\
             <version>2</version><errcode>{errcode}</errcode>{result}</xml>"
        )
    }

    /// Until it is answered, as WeChat does.
    async fn push(&self, http: &reqwest::Client, body: &str, time: u8) {
        let key = self.target.aes_key.as_deref().and_then(AesKey::decode);
        let random = self.random.first_chunk().copied().unwrap_or_default();
        let encrypted = key.map(|key| encrypt(&key, random, body.as_bytes(), &self.app_id));
        let body = match &encrypted {
            None => body.to_owned(),
            Some(encrypted) if self.target.xml => format!(
                "<xml><ToUserName><![CDATA[gh_9df7d78a1234]]></ToUserName>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            ),
            Some(encrypted) => json!({"ToUserName": "gh_9df7d78a1234", "Encrypt": encrypted}).to_string(),
        };
        for attempt in 0..ATTEMPTS {
            let digits =
                self.random.iter().take(6).map(|byte| format!("{:02}", byte % 100)).collect::<String>();
            let nonce = format!("{digits}{time}{attempt}");
            let query = PushQuery::signed(&self.target.token, self.seconds, &nonce, encrypted.as_deref());
            let pairs = [
                ("signature", query.signature),
                ("timestamp", Some(query.timestamp)),
                ("nonce", Some(query.nonce)),
                ("encrypt_type", encrypted.as_ref().map(|_| "aes".to_owned())),
                ("msg_signature", query.msg_signature),
            ];
            let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let Ok(url) = reqwest::Url::parse_with_params(&self.target.url, pairs) else { return };
            let answer = match http.post(url).body(body.clone()).send().await {
                Ok(reply) => reply.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if answer == "success" {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
