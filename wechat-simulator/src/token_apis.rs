//! The APIs that require an access token, one row each.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde_json::Value;

use crate::api::{Api, Method};
use crate::reply::{Refusal, reply};
use crate::state::State;
use crate::{MiniProgram, content_security, miniprogram_code, pay, phone, session_key};

/// A call with a valid access token.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a MiniProgram,
    query: &'a HashMap<String, String>,
    /// The JSON of the body, null for GET.
    pub(crate) body: Value,
}

impl Call<'_> {
    /// A value of the query, empty when it is missing.
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// A string of the body, empty when it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Content of a successful reply.
pub(crate) enum Success {
    /// The members besides `errcode` 0 and `errmsg`.
    Json(Value),
    Png(Vec<u8>),
}

/// Handles a call.
type Handler = fn(&State, &Call<'_>) -> Result<Success, Refusal>;

const HANDLERS: &[(Api, Handler)] = &[
    (Api::GetUserPhoneNumber, |state, call| phone::exchange(state, call).map(Success::Json)),
    (Api::CheckSession, |state, call| session_key::check(state, call).map(Success::Json)),
    (Api::ResetUserSessionKey, |state, call| session_key::reset(state, call).map(Success::Json)),
    (Api::MsgSecCheck, |state, call| content_security::check_text(state, call).map(Success::Json)),
    (Api::MediaCheckAsync, |state, call| content_security::check_image(state, call).map(Success::Json)),
    (Api::GetWxaCodeUnlimit, miniprogram_code::draw),
    (Api::UploadShippingInfo, |state, call| pay::upload_shipping(state, call).map(Success::Json)),
];

pub(crate) fn configure(config: &mut web::ServiceConfig, state: &Arc<State>) {
    config.app_data(web::Data::from(Arc::clone(state)));
    for &(api, handler) in HANDLERS {
        let service = move |state: web::Data<State>,
                            query: web::Query<HashMap<String, String>>,
                            body: web::Bytes| async move {
            handle(&state, api, handler, &query, &body).await
        };
        let route = match api.method() {
            Method::Get => web::get().to(service),
            Method::Post => web::post().to(service),
        };
        config.service(web::resource(format!("/{}", api.path())).route(route));
    }
}

async fn handle(
    state: &State,
    api: Api,
    handler: Handler,
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
        let mut success = handler(state, &Call { app, query, body })?;
        if let Success::Json(Value::Object(members)) = &mut success {
            members.insert("errcode".to_owned(), 0.into());
            members.insert("errmsg".to_owned(), "ok".into());
        }
        Ok(success)
    })
    .await
}
