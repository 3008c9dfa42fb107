//! `yibi-server check`: is everything there that a server needs, and if not, what to do.

use std::fmt;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::random;
use crate::settings::Settings;
use crate::store::gallery::Gallery;
use crate::store::mongo::MongoGallery;
use crate::store::redis::RedisSessions;
use crate::store::sessions::Sessions;
use crate::store::{StoreError, StoreResult};
use crate::wechat::{Class, WechatApp, WechatClient, WechatError};

/// How a line of the check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but think about it.
    Warning,
    /// It won't work.
    Error,
}

/// One line of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it came out.
    pub verdict: Verdict,
    /// What was looked at.
    pub what: &'static str,
    /// What was found and, unless all is well, what to do.
    pub text: String,
}

impl Finding {
    fn new(verdict: Verdict, what: &'static str, text: impl Into<String>) -> Self {
        Self { verdict, what, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Error => "error",
        };
        write!(f, "{verdict:<8} {:<10} {}", self.what, self.text)
    }
}

/// Looks at everything.
pub async fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = settings_fit(settings);
    findings.extend(stores(settings).await);
    findings.extend(wechat(settings).await);
    findings
}

fn settings_fit(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    match settings.fit_to_serve() {
        Ok(()) => {
            findings.push(Finding::new(Verdict::Ok, "settings", "app id, secret and admin token are set"))
        }
        Err(unfit) => findings
            .extend(unfit.to_string().lines().map(|line| Finding::new(Verdict::Error, "settings", line))),
    }
    if settings.http.public_url.is_empty() {
        let text =
            "http.public_url is empty: image URLs are paths; set it to the https address that clients know";
        findings.push(Finding::new(Verdict::Warning, "settings", text));
    }
    if !settings.admin.listen.ip().is_loopback() {
        let text = format!(
            "admin.listen is {}: others may reach it; use 127.0.0.1 and a tunnel",
            settings.admin.listen
        );
        findings.push(Finding::new(Verdict::Warning, "settings", text));
    }
    for app in settings.apps() {
        if !app.push_token.expose_secret().is_empty() && app.push_aes_key.expose_secret().is_empty() {
            let text = format!(
                "pushes for {} are plain: set push_aes_key and choose safe mode in WeChat's console",
                app.app_id
            );
            findings.push(Finding::new(Verdict::Warning, "settings", text));
        }
    }
    if !settings.limits.enabled {
        let text = "limits.enabled is false: anybody may call as often as they like";
        findings.push(Finding::new(Verdict::Warning, "settings", text));
    }
    findings
}

async fn stores(settings: &Settings) -> Vec<Finding> {
    let store = &settings.store;
    let (mongodb_uri, redis_url) = (store.mongodb_uri.expose_secret(), store.redis_url.expose_secret());
    let mut findings = Vec::new();
    if mongodb_uri.is_empty() || redis_url.is_empty() {
        findings.push(data_dir(settings));
    }
    if mongodb_uri.is_empty() && !redis_url.is_empty() {
        let text = "drawings are embedded while sessions are in Redis: one server only";
        findings.push(Finding::new(Verdict::Warning, "store", text));
    }
    if !mongodb_uri.is_empty() {
        let answer = match MongoGallery::connect(mongodb_uri, &store.mongodb_database) {
            Ok(mongo) => mongo.ping().await,
            Err(error) => Err(error),
        };
        let advice = "is it running, and are host, port, user and password in store.mongodb_uri right?";
        findings.push(answered("mongodb", answer, advice));
    }
    if !redis_url.is_empty() {
        let answer = match RedisSessions::connect(redis_url, &store.redis_prefix) {
            Ok(redis) => redis.ping().await,
            Err(error) => Err(error),
        };
        let advice = "is it running, and are host, port and password in store.redis_url right?";
        findings.push(answered("redis", answer, advice));
    }
    findings
}

/// Whether the data directory can be written; the store in it may be in use by a running server.
fn data_dir(settings: &Settings) -> Finding {
    let directory = &settings.store.data_dir;
    let shown = directory.display();
    let probe = directory.join(format!(".check-{}", random::short_id()));
    let tried = std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&probe, b"yibi"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding::new(Verdict::Ok, "store", format!("embedded, in {shown}")),
        Err(error) => {
            let text =
                format!("{shown} can't be written ({error}): make it, or give it to the server's user");
            Finding::new(Verdict::Error, "store", text)
        }
    }
}

fn answered(what: &'static str, answer: StoreResult<()>, advice: &str) -> Finding {
    match answer {
        Ok(()) => Finding::new(Verdict::Ok, what, "answers"),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Busy | StoreError::Full(_))) => {
            Finding::new(Verdict::Error, what, format!("{error}; {advice}"))
        }
        Err(error @ (StoreError::Damaged(_) | StoreError::Refused(_))) => {
            Finding::new(Verdict::Error, what, format!("{error}; {advice}"))
        }
    }
}

/// Shows WeChat a code that can't be one: the answer tells whether it knows the app and its secret.
async fn wechat(settings: &Settings) -> Vec<Finding> {
    let client = match WechatClient::new(&settings.wechat.api_url, settings.wechat.timeout) {
        Ok(client) => client,
        Err(error) => return vec![Finding::new(Verdict::Error, "wechat", error.to_string())],
    };
    let mut findings = Vec::new();
    for app in settings.apps() {
        let app = WechatApp { id: app.app_id, secret: app.app_secret };
        let code = format!("invalid{}", random::short_id());
        let finding = match client.exchange(&app, &code).await {
            Ok(_) => {
                let text = format!("{} takes any code: this is a simulator", settings.wechat.api_url);
                Finding::new(Verdict::Warning, "wechat", text)
            }
            Err(error) => credentials(&app.id, &error),
        };
        findings.push(finding);
    }
    findings
}

fn credentials(app_id: &str, error: &WechatError) -> Finding {
    let errcode = error.errcode.unwrap_or_default();
    match (error.class, errcode) {
        (Class::SignInAgain | Class::Blocked, _) => {
            Finding::new(Verdict::Ok, "wechat", format!("knows {app_id} and its secret"))
        }
        (Class::Wait { retry_after }, _) => {
            let text =
                format!("{app_id}: busy or over quota ({errcode}); ask again in {} s", seconds(retry_after));
            Finding::new(Verdict::Warning, "wechat", text)
        }
        (Class::Configuration, 40013) => Finding::new(
            Verdict::Error,
            "wechat",
            format!("{app_id} is no app id that it knows (40013): copy it from the console"),
        ),
        (Class::Configuration, 40125) => Finding::new(
            Verdict::Error,
            "wechat",
            format!("the secret of {app_id} is wrong (40125): reset it in the console and set it here"),
        ),
        (Class::Configuration, 40164) => Finding::new(
            Verdict::Error,
            "wechat",
            "this machine is not in the IP whitelist (40164): add it in the console",
        ),
        (Class::Configuration, _) => Finding::new(Verdict::Error, "wechat", format!("{app_id}: {error}")),
        (Class::Unreachable, _) => Finding::new(
            Verdict::Error,
            "wechat",
            "gives no usable answer: may this machine reach it, and is its clock right?",
        ),
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}
