//! Replies in WeChat's format, or as the script says.

use std::time::Duration;

use actix_web::body::BodyStream;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use data_encoding::HEXLOWER;
use futures_util::stream;
use serde::Serialize;

use crate::script::Step;
use crate::state::State;
use crate::token_apis::Success;

/// Duration of a hanging call: longer than any client's time-out, but not for ever.
const HANG: Duration = Duration::from_secs(600);

/// An error reply of WeChat's API.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refusal {
    errcode: i64,
    errmsg: String,
}

impl Refusal {
    /// Appends a request id (`rid`) to the text, as WeChat does.
    pub(crate) fn new(state: &State, errcode: i64, errmsg: &str) -> Self {
        let seconds = state.now_ms() / 1_000;
        let unique = HEXLOWER.encode(&state.unique());
        let (middle, last) = (unique.get(..8).unwrap_or_default(), unique.get(8..16).unwrap_or_default());
        Self { errcode, errmsg: format!("{errmsg}, rid: {seconds:08x}-{middle}-{last}") }
    }
}

/// Replies to a call with the result of `answer`, unless the script has a step for it.
pub(crate) async fn reply<T: Encode>(
    state: &State,
    step: Option<Step>,
    answer: impl FnOnce() -> Result<T, Refusal>,
) -> HttpResponse {
    match step {
        None => encode(answer()),
        Some(Step::Delay { ms }) => {
            let answer = answer();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            encode(answer)
        }
        Some(Step::Hang) => {
            tokio::time::sleep(HANG).await;
            close()
        }
        Some(Step::Close) => close(),
        Some(Step::Http { status, body, location }) => {
            let mut builder = HttpResponseBuilder::new(StatusCode::from_u16(status).unwrap_or_default());
            if let Some(location) = location {
                builder.insert_header((header::LOCATION, location));
            }
            builder.content_type("text/html; charset=utf-8").body(body)
        }
        Some(Step::Garbage { bytes }) => {
            HttpResponse::Ok().content_type("text/plain").body(vec![b'?'; bytes])
        }
        Some(Step::Error { errcode, errmsg }) => encode(Err::<T, _>(Refusal::new(state, errcode, &errmsg))),
    }
}

/// Content of a successful reply.
pub(crate) trait Encode {
    fn encode(self) -> HttpResponse;
}

impl<T: Serialize> Encode for T {
    fn encode(self) -> HttpResponse {
        json(&self)
    }
}

impl Encode for Success {
    fn encode(self) -> HttpResponse {
        match self {
            Self::Json(members) => json(&members),
            Self::Png(png) => HttpResponse::Ok().content_type("image/png").body(png),
        }
    }
}

/// WeChat sends errors with status 200, too.
fn encode<T: Encode>(answer: Result<T, Refusal>) -> HttpResponse {
    match answer {
        Ok(success) => success.encode(),
        Err(refusal) => json(&refusal),
    }
}

/// WeChat sends JSON as text.
fn json(content: &impl Serialize) -> HttpResponse {
    match serde_json::to_string(content) {
        Ok(json) => HttpResponse::Ok().content_type("text/plain").body(json),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Closes the connection: a body that fails before its first byte makes actix drop it before writing the head.
pub(crate) fn close() -> HttpResponse {
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let body = BodyStream::new(stream::once(std::future::ready(Err::<Bytes, _>(error))));
    HttpResponse::Ok().body(body)
}
