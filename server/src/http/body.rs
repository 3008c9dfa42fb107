//! Reading bodies: only when asked, within a time and a size, compressed or not.

use std::io::Read;

use actix_web::dev::Payload as RawPayload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use yibi_common::json_text::repair_surrogates;
use yibi_common::object::Object;

use crate::http::App;
use crate::problem::{Code, Problem};

/// A request's body, not yet read.
pub(crate) struct Body {
    pub(super) request: HttpRequest,
    pub(super) payload: web::Payload,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut RawPayload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload).into_inner();
        let body = payload.map(|payload| Self { request: request.clone(), payload });
        std::future::ready(body.map_err(|_| Problem::new(Code::Internal)))
    }
}

impl Body {
    /// The media type without parameters, in lower case; empty when none is named.
    pub(super) fn media_type(&self) -> String {
        let value = self.request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The whole body, decompressed.
    pub(super) async fn bytes(self) -> Result<Vec<u8>, Problem> {
        self.bytes_within(usize::MAX).await
    }

    pub(super) async fn bytes_within(mut self, limit: usize) -> Result<Vec<u8>, Problem> {
        let app = self.request.app_data::<App>().cloned().ok_or_else(|| Problem::new(Code::Internal))?;
        let limit = limit.min(app.settings.http.body_limit);
        let coding = Coding::of(&self.request)?;
        let declared = self.request.headers().get(header::CONTENT_LENGTH);
        let declared =
            declared.and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limit as u64) {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        let reading = async {
            let mut bytes = Vec::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0));
            while let Some(chunk) = self.payload.next().await {
                let chunk = chunk.map_err(|error| broken(&error))?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Problem::new(Code::BodyTooLarge));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        let in_time = tokio::time::timeout(app.settings.http.body_timeout, reading).await;
        let bytes = in_time.map_err(|_| Problem::new(Code::BodyTimeout))??;
        coding.decode(bytes, limit)
    }

    /// The body as JSON. What is not of the asked shape is answered in words of ours, with the place.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Problem> {
        self.json_within(usize::MAX).await
    }

    /// The same of a body that may be empty, which gives the default.
    pub(super) async fn json_or_default<T: DeserializeOwned + Default>(self) -> Result<T, Problem> {
        let is_json = self.is_json();
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(T::default());
        }
        if is_json { parse(&bytes) } else { Err(not_json()) }
    }

    /// The same of a body that has a limit of its own, in bytes.
    pub(crate) async fn json_within<T: DeserializeOwned>(self, limit: usize) -> Result<T, Problem> {
        if !self.is_json() {
            return Err(not_json());
        }
        parse(&self.bytes_within(limit).await?)
    }

    fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }
}

fn not_json() -> Problem {
    Problem::new(Code::UnsupportedMediaType).detail("application/json is needed")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Object(value) =
        serde_path_to_error::deserialize::<_, Object<T>>(&mut deserializer).map_err(|error| {
            let place = error.path().to_string();
            if error.inner().is_syntax() && has_half_a_pair(bytes) {
                let detail = "a text holds half of a surrogate pair, which is no character";
                return Problem::new(Code::InvalidValue).detail(detail);
            }
            wrong_json(error.inner(), &place)
        })?;
    deserializer.end().map_err(|error| wrong_json(&error, "."))?;
    Ok(value)
}

/// Whether the body is JSON but for texts that end or begin in the middle of a character, as programs write that cut
/// an emoji in two.
fn has_half_a_pair(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|json| {
        let repaired = repair_surrogates(json);
        repaired != json && serde_json::from_str::<serde_json::Value>(&repaired).is_ok()
    })
}

fn wrong_json(error: &serde_json::Error, place: &str) -> Problem {
    if error.is_data() {
        let code = if place.starts_with("actions[") { Code::InvalidAction } else { Code::InvalidValue };
        let place = if place == "." { "the body" } else { place };
        Problem::new(code).detail(format!("{place} is not as it should be"))
    } else {
        let detail = format!("line {}, column {}", error.line(), error.column());
        Problem::new(Code::InvalidJson).detail(detail)
    }
}

fn broken(error: &PayloadError) -> Problem {
    if matches!(error, PayloadError::Overflow) {
        return Problem::new(Code::BodyTooLarge);
    }
    Problem::new(Code::InvalidRequest).detail("the body broke off").cause(error.to_string())
}

/// How a body is compressed.
enum Coding {
    Identity,
    Gzip,
    Deflate,
}

impl Coding {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let Some(value) = request.headers().get(header::CONTENT_ENCODING) else { return Ok(Self::Identity) };
        match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(Problem::new(Code::UnsupportedMediaType).detail("gzip, deflate or no coding is taken")),
        }
    }

    fn decode(self, bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Identity => Ok(bytes),
            // All members of the file are the body; bytes behind them that begin no member are an error.
            Self::Gzip => bounded(MultiGzDecoder::new(&*bytes), limit),
            Self::Deflate => {
                let mut rest = &*bytes;
                let decoded = bounded(ZlibDecoder::new(&mut rest), limit)?;
                if rest.is_empty() { Ok(decoded) } else { Err(damaged()) }
            }
        }
    }
}

fn bounded(decoder: impl Read, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    // The limit counts also where damaged bytes follow: they were not looked at.
    if bytes.len() > limit {
        return Err(Problem::new(Code::BodyTooLarge));
    }
    read.map_err(|_| damaged())?;
    Ok(bytes)
}

fn damaged() -> Problem {
    Problem::new(Code::InvalidRequest).detail("the body's compression is damaged")
}
