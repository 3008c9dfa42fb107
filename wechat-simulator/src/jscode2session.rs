//! `GET /sns/jscode2session`.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::login::{CODE_PREFIX, DEVTOOLS_USER, openid, session_key_of_code, unionid};
use crate::reply::{Refusal, reply};
use crate::state::State;

/// Life of a code in milliseconds.
const CODE_LIFE: u64 = 5 * 60 * 1_000;

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    appid: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    js_code: String,
    #[serde(default)]
    grant_type: String,
}

/// WeChat's reply to a valid code. Contrary to the documentation it has no errcode.
#[derive(Serialize)]
struct Session {
    session_key: String,
    openid: String,
    unionid: String,
}

pub(crate) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    config
        .app_data(web::Data::from(Arc::clone(state)))
        .service(web::resource("/sns/jscode2session").route(web::get().to(handle)));
}

async fn handle(state: web::Data<State>, query: web::Query<Query>) -> HttpResponse {
    let step = state.called(Api::Jscode2session, Some(&query.js_code));
    reply(&state, step, || exchange(&state, &query)).await
}

fn exchange(state: &State, query: &Query) -> Result<Session, Refusal> {
    let refuse = |errcode, errmsg| Err(Refusal::new(state, errcode, errmsg));
    if query.appid.is_empty() {
        return refuse(41002, "appid missing");
    }
    if query.secret.is_empty() {
        return refuse(41004, "appsecret missing");
    }
    if query.js_code.is_empty() {
        return refuse(41008, "missing code");
    }
    if query.grant_type != "authorization_code" {
        return refuse(40002, "invalid grant_type");
    }
    let Some(app) = state.app(Some(&query.appid)) else {
        return refuse(40013, "invalid appid");
    };
    if query.secret != app.secret {
        return refuse(40125, "invalid appsecret");
    }
    let (user, session_key) = if query.js_code.starts_with(CODE_PREFIX) {
        let now_ms = state.now_ms();
        let mut memory = state.memory();
        match memory.codes.get_mut(&query.js_code) {
            Some(code) if code.app_id != app.id || now_ms.saturating_sub(code.issued_ms) >= CODE_LIFE => {
                return refuse(40029, "invalid code");
            }
            Some(code) if code.used => return refuse(40163, "code been used"),
            Some(code) => {
                code.used = true;
                (code.user.clone(), code.session_key.clone())
            }
            None => return refuse(40029, "invalid code"),
        }
    } else if query.js_code.starts_with("invalid") {
        return refuse(40029, "invalid code");
    } else {
        let session_key = session_key_of_code(&app.id, &query.js_code);
        state.memory().session_keys.insert(openid(&app.id, DEVTOOLS_USER), session_key.clone());
        (DEVTOOLS_USER.to_owned(), session_key)
    };
    Ok(Session { session_key, openid: openid(&app.id, &user), unionid: unionid(&user) })
}
