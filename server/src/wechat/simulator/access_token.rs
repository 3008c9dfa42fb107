//! `POST /cgi-bin/stable_token` of the simulated WeChat, and the tokens that it gives.
//!
//! As WeChat's: the same token until its last five minutes, then a new one beside it; a forced refresh ends the
//! old one at once, 20 times a day and 30 s apart.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use data_encoding::HEXLOWER;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::reply::{Refusal, reply};
use super::state::State;
use crate::wechat::api::Api;
use crate::wechat::client::WechatApp;

/// How long a token is good, and how long before its end there is a next one, in milliseconds.
const LIFE: u64 = 7_200_000;
const OVERLAP: u64 = 300_000;

/// Forced refreshes: so many a day, so far apart.
const FORCED_A_DAY: usize = 20;
const FORCED_APART: u64 = 30_000;
const DAY: u64 = 86_400_000;

/// Requests a minute and a day.
const A_MINUTE: usize = 10_000;
const MINUTE: u64 = 60_000;

/// Tokens of one mini-program that are remembered.
const REMEMBERED: usize = 100;

/// The access tokens of one mini-program, the newest last.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: VecDeque<Given>,
    forced: VecDeque<u64>,
    forced_ever: u64,
    requests: VecDeque<u64>,
}

#[derive(Debug)]
struct Given {
    text: String,
    ends_ms: u64,
    refused: bool,
    /// `stable_token` does not know that it is refused.
    stuck: bool,
}

impl Tokens {
    pub(super) fn forced_refreshes(&self) -> u64 {
        self.forced_ever
    }
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    appid: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    force_refresh: bool,
}

#[derive(Serialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

pub(super) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    let path = format!("/{}", Api::StableToken.path());
    config
        .app_data(web::Data::from(Arc::clone(state)))
        .service(web::resource(path).route(web::post().to(handle)));
}

async fn handle(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let step = state.called(Api::StableToken, None);
    reply(&state, step, || {
        let request = serde_json::from_slice(&body);
        give(&state, &request.map_err(|_| Refusal::new(&state, 47001, "data format error"))?)
    })
    .await
}

fn give(state: &State, request: &Request) -> Result<Answer, Refusal> {
    let refuse = |errcode, errmsg| Err(Refusal::new(state, errcode, errmsg));
    if request.grant_type != "client_credential" {
        return refuse(40002, "invalid grant_type");
    }
    if request.appid.is_empty() {
        return refuse(41002, "appid missing");
    }
    let Some(app) = state.app(Some(&request.appid)) else {
        return refuse(40013, "invalid appid");
    };
    if request.secret.is_empty() {
        return refuse(41004, "appsecret missing");
    }
    if request.secret != app.secret.expose_secret() {
        return refuse(40125, "invalid appsecret");
    }
    let (now, unique) = (state.now_ms(), HEXLOWER.encode(&state.unique()));
    let mut memory = state.memory();
    let tokens = memory.tokens.entry(app.id.clone()).or_default();
    tokens.requests.retain(|at| now.saturating_sub(*at) < MINUTE);
    if tokens.requests.len() >= A_MINUTE {
        return refuse(45011, "api minute-quota reach limit");
    }
    tokens.requests.push_back(now);
    if request.force_refresh {
        tokens.forced.retain(|at| now.saturating_sub(*at) < DAY);
        if tokens.forced.len() >= FORCED_A_DAY {
            return refuse(45009, "reach max api daily quota limit");
        }
        if tokens.forced.back().is_some_and(|at| now.saturating_sub(*at) < FORCED_APART) {
            return refuse(45011, "api minute-quota reach limit");
        }
        tokens.forced.push_back(now);
        tokens.forced_ever += 1;
        for given in &mut tokens.given {
            given.refused = true;
            given.stuck = false;
        }
    }
    let current = tokens.given.back().filter(|given| !given.refused || given.stuck);
    if let Some(given) = current.filter(|given| given.ends_ms > now.saturating_add(OVERLAP)) {
        let expires_in = given.ends_ms.saturating_sub(now) / 1_000;
        return Ok(Answer { access_token: given.text.clone(), expires_in });
    }
    let text = format!("SIM_{unique}{unique}");
    let given = Given { text: text.clone(), ends_ms: now.saturating_add(LIFE), refused: false, stuck: false };
    tokens.given.push_back(given);
    if tokens.given.len() > REMEMBERED {
        tokens.given.pop_front();
    }
    Ok(Answer { access_token: text, expires_in: LIFE / 1_000 })
}

impl State {
    /// The mini-program whose access token that is.
    pub(super) fn app_of_token(&self, text: &str) -> Result<&WechatApp, Refusal> {
        let refuse = |errcode, errmsg| Err(Refusal::new(self, errcode, errmsg));
        if text.is_empty() {
            return refuse(41001, "access_token missing");
        }
        let now = self.now_ms();
        let memory = self.memory();
        for app in self.apps() {
            let given = memory.tokens.get(&app.id).map(|tokens| &tokens.given);
            match given.into_iter().flatten().find(|given| given.text == text) {
                Some(given) if given.refused => break,
                Some(given) if given.ends_ms <= now => return refuse(42001, "access_token expired"),
                Some(_) => return Ok(app),
                None => {}
            }
        }
        refuse(40001, "invalid credential, access_token is invalid or not latest")
    }

    /// From now on WeChat refuses the tokens of that mini-program that it has given. With `stuck`, it goes on
    /// giving the last of them until a refresh is forced.
    pub(super) fn refuse_tokens(&self, app_id: Option<&str>, stuck: bool) -> bool {
        let Some(app) = self.app(app_id) else { return false };
        let mut memory = self.memory();
        for given in memory.tokens.get_mut(&app.id).into_iter().flat_map(|tokens| &mut tokens.given) {
            given.refused = true;
            given.stuck = stuck;
        }
        true
    }
}
