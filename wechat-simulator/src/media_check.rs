//! The check of one image: fetches the image and pushes the result.
//!
//! The image really is fetched. When that fails, the push has errcode -1008 and no verdict.

use std::time::Duration;

use serde_json::json;

use crate::content_security::{ImageResult, PushTarget};
use crate::crypto::{decode_push_key, encrypt_push, push_signature};

/// Time-out of the fetch and of each push.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of attempts at one push, and the pause between them.
const ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) struct MediaCheck {
    pub(crate) target: PushTarget,
    pub(crate) result: ImageResult,
    pub(crate) url: String,
    pub(crate) app_id: String,
    pub(crate) openid: String,
    pub(crate) trace_id: String,
    pub(crate) seconds: i64,
    pub(crate) random: [u8; 32],
}

impl MediaCheck {
    pub(crate) async fn run(self) {
        let builder = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).tls_certs_only([]);
        let Ok(http) = builder.build() else { return };
        let fetched = match http.get(&self.url).send().await {
            Ok(reply) if reply.status().is_success() => {
                reply.bytes().await.is_ok_and(|bytes| !bytes.is_empty())
            }
            Ok(_) | Err(_) => false,
        };
        let verdict = match &self.result {
            ImageResult::Verdict { suggest, label } => (suggest.as_str(), *label),
            ImageResult::Twice | ImageResult::Silence => ("pass", 100),
        };
        let verdict = fetched.then_some(verdict);
        let message = if self.target.xml { self.xml(verdict) } else { self.json(verdict) };
        let copies = if self.result == ImageResult::Twice { 2 } else { 1 };
        for copy in 0..copies {
            self.push(&http, &message, copy).await;
        }
    }

    fn json(&self, verdict: Option<(&str, u32)>) -> String {
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
            "errcode": if verdict.is_some() { 0 } else { -1008 },
            "errmsg": if verdict.is_some() { "ok" } else { "download failed" },
        });
        if let (Some((suggest, label)), Some(members)) = (verdict, message.as_object_mut()) {
            members.insert("result".to_owned(), json!({"suggest": suggest, "label": label}));
        }
        message.to_string()
    }

    fn xml(&self, verdict: Option<(&str, u32)>) -> String {
        let Self { openid, seconds, app_id, trace_id, .. } = self;
        let errcode = if verdict.is_some() { 0 } else { -1008 };
        let result = verdict.map_or(String::new(), |(suggest, label)| {
            format!("<result><suggest><![CDATA[{suggest}]]></suggest><label>{label}</label></result>")
        });
        format!(
            "<xml><ToUserName><![CDATA[gh_9df7d78a1234]]></ToUserName>\
             <FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{seconds}</CreateTime>\
             <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event>\
             <appid><![CDATA[{app_id}]]></appid><trace_id><![CDATA[{trace_id}]]></trace_id>\
             <version>2</version><errcode>{errcode}</errcode>{result}</xml>"
        )
    }

    /// Repeats a push until the server answers `success`, as WeChat does.
    async fn push(&self, http: &reqwest::Client, message: &str, copy: u8) {
        let key = self.target.aes_key.as_deref().and_then(decode_push_key);
        let random = self.random.first_chunk().copied().unwrap_or_default();
        let encrypted = key.map(|key| encrypt_push(&key, random, message.as_bytes(), &self.app_id));
        let body = match &encrypted {
            None => message.to_owned(),
            Some(encrypted) if self.target.xml => format!(
                "<xml><ToUserName><![CDATA[gh_9df7d78a1234]]></ToUserName>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            ),
            Some(encrypted) => json!({"ToUserName": "gh_9df7d78a1234", "Encrypt": encrypted}).to_string(),
        };
        for attempt in 0..ATTEMPTS {
            let Some(url) = self.signed_url(&format!("{copy}{attempt}"), encrypted.as_deref()) else {
                return;
            };
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

    /// The address of a push with its signatures. `nonce_end` makes the nonce unique to the attempt.
    fn signed_url(&self, nonce_end: &str, encrypted: Option<&str>) -> Option<reqwest::Url> {
        let digits = self.random.iter().take(6).map(|byte| format!("{:02}", byte % 100)).collect::<String>();
        let nonce = format!("{digits}{nonce_end}");
        let timestamp = self.seconds.to_string();
        let token = &self.target.token;
        let mut pairs = vec![("signature", push_signature(token, &[&timestamp, &nonce]))];
        if let Some(encrypted) = encrypted {
            pairs.push(("encrypt_type", "aes".to_owned()));
            pairs.push(("msg_signature", push_signature(token, &[&timestamp, &nonce, encrypted])));
        }
        pairs.push(("timestamp", timestamp));
        pairs.push(("nonce", nonce));
        reqwest::Url::parse_with_params(&self.target.url, pairs).ok()
    }
}
