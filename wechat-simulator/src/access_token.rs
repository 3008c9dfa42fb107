//! `POST /cgi-bin/stable_token`, and the access tokens that it issues.
//!
//! As at WeChat, the API returns the same token until the last five minutes of its life and then a new one, both
//! valid. A forced refresh ends the old token at once and is allowed 20 times a day, 30 s apart.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::MiniProgram;
use crate::api::Api;
use crate::reply::{Refusal, reply};
use crate::state::State;

/// Life of a token, and time before its end at which the next one is issued, in milliseconds.
const LIFE: u64 = 7_200_000;
const OVERLAP: u64 = 300_000;

/// Maximum number of forced refreshes a day, and the minimum time between two, in milliseconds.
const FORCED_A_DAY: usize = 20;
const FORCED_APART: u64 = 30_000;
const DAY: u64 = 86_400_000;

/// Maximum number of requests a minute.
const A_MINUTE: usize = 10_000;
const MINUTE: u64 = 60_000;

/// Maximum number of tokens kept for one mini-program.
const REMEMBERED: usize = 100;

/// The access tokens of one mini-program, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: VecDeque<Issued>,
    forced: VecDeque<u64>,
    forced_ever: u64,
    requests: VecDeque<u64>,
}

#[derive(Debug)]
struct Issued {
    text: String,
    ends_ms: u64,
    refused: bool,
    /// `stable_token` still issues it although it is rejected.
    stuck: bool,
}

impl Tokens {
    pub(crate) fn forced_refreshes(&self) -> u64 {
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

pub(crate) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    let path = format!("/{}", Api::StableToken.path());
    config
        .app_data(web::Data::from(Arc::clone(state)))
        .service(web::resource(path).route(web::post().to(handle)));
}

async fn handle(state: web::Data<State>, body: web::Bytes) -> HttpResponse {
    let step = state.called(Api::StableToken, None);
    reply(&state, step, || {
        let request = serde_json::from_slice(&body);
        issue(&state, &request.map_err(|_| Refusal::new(&state, 47001, "data format error"))?)
    })
    .await
}

fn issue(state: &State, request: &Request) -> Result<Answer, Refusal> {
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
    if request.secret != app.secret {
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
        for issued in &mut tokens.issued {
            issued.refused = true;
            issued.stuck = false;
        }
    }
    let current = tokens.issued.back().filter(|issued| !issued.refused || issued.stuck);
    if let Some(issued) = current.filter(|issued| issued.ends_ms > now.saturating_add(OVERLAP)) {
        let expires_in = issued.ends_ms.saturating_sub(now) / 1_000;
        return Ok(Answer { access_token: issued.text.clone(), expires_in });
    }
    let text = format!("SIM_{unique}{unique}");
    let issued =
        Issued { text: text.clone(), ends_ms: now.saturating_add(LIFE), refused: false, stuck: false };
    tokens.issued.push_back(issued);
    if tokens.issued.len() > REMEMBERED {
        tokens.issued.pop_front();
    }
    Ok(Answer { access_token: text, expires_in: LIFE / 1_000 })
}

impl State {
    /// Finds the mini-program of an access token.
    pub(crate) fn app_of_token(&self, text: &str) -> Result<&MiniProgram, Refusal> {
        let refuse = |errcode, errmsg| Err(Refusal::new(self, errcode, errmsg));
        if text.is_empty() {
            return refuse(41001, "access_token missing");
        }
        let now = self.now_ms();
        let memory = self.memory();
        for app in self.apps() {
            let issued = memory.tokens.get(&app.id).map(|tokens| &tokens.issued);
            match issued.into_iter().flatten().find(|issued| issued.text == text) {
                Some(issued) if issued.refused => break,
                Some(issued) if issued.ends_ms <= now => return refuse(42001, "access_token expired"),
                Some(_) => return Ok(app),
                None => {}
            }
        }
        refuse(40001, "invalid credential, access_token is invalid or not latest")
    }

    /// Rejects the issued tokens of a mini-program from now on; false when the mini-program is unknown. With
    /// `stuck`, the API issues the last of them again until a refresh is forced.
    pub(crate) fn refuse_tokens(&self, app_id: Option<&str>, stuck: bool) -> bool {
        let Some(app) = self.app(app_id) else { return false };
        let mut memory = self.memory();
        for issued in memory.tokens.get_mut(&app.id).into_iter().flat_map(|tokens| &mut tokens.issued) {
            issued.refused = true;
            issued.stuck = stuck;
        }
        true
    }
}
