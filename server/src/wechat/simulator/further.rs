//! The APIs of the simulated WeChat that take an access token: one row each.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde_json::Value;

use super::reply::{Refusal, reply};
use super::state::State;
use super::{content, phone, session_key};
use crate::wechat::api::{Api, Method};
use crate::wechat::client::WechatApp;

/// A call whose access token is good.
pub(super) struct Call<'a> {
    pub(super) app: &'a WechatApp,
    query: &'a HashMap<String, String>,
    /// The JSON of the body; null where there is none.
    pub(super) body: Value,
}

impl Call<'_> {
    /// A value of the address; empty when it is missing.
    pub(super) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// A text of the body; empty when it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What an API does: the members of its success, besides `errcode` 0 and `errmsg`.
type Answer = fn(&State, &Call<'_>) -> Result<Value, Refusal>;

/// The APIs.
const ANSWERS: &[(Api, Answer)] = &[
    (Api::GetUserPhoneNumber, phone::number),
    (Api::CheckSession, session_key::check),
    (Api::ResetUserSessionKey, session_key::reset),
    (Api::MsgSecCheck, content::text),
    (Api::MediaCheckAsync, content::image),
];

pub(super) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    config.app_data(web::Data::from(Arc::clone(state)));
    for &(api, answer) in ANSWERS {
        let handler = move |state: web::Data<State>,
                            query: web::Query<HashMap<String, String>>,
                            body: web::Bytes| async move {
            handle(&state, api, answer, &query, &body).await
        };
        let route = match api.method() {
            Method::Get => web::get().to(handler),
            Method::Post => web::post().to(handler),
        };
        config.service(web::resource(format!("/{}", api.path())).route(route));
    }
}

async fn handle(
    state: &State,
    api: Api,
    answer: Answer,
    query: &HashMap<String, String>,
    body: &[u8],
) -> HttpResponse {
    let step = state.called(api, None);
    reply(state, step, || {
        let app = state.app_of_token(query.get("access_token").map_or("", String::as_str))?;
        let body = match api.method() {
            Method::Get => Value::Null,
            Method::Post => {
                serde_json::from_slice(body).map_err(|_| Refusal::new(state, 47001, "data format error"))?
            }
        };
        let mut success = answer(state, &Call { app, query, body })?;
        if let Some(members) = success.as_object_mut() {
            members.insert("errcode".to_owned(), 0.into());
            members.insert("errmsg".to_owned(), "ok".into());
        }
        Ok(success)
    })
    .await
}
