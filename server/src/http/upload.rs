//! A file in a form, as `wx.uploadFile` and browsers send it.

use actix_multipart::{Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;

use crate::http::App;
use crate::http::body::Body;
use crate::problem::{Code, Problem};

/// What a form may have besides the file, in bytes: other fields, and what frames them all.
const REST: usize = 64 << 10;

impl Body {
    /// The file of a `multipart/form-data` body, of at most `limit` bytes: the part named `file`, else the first
    /// one with a file's name. Other parts are read and dropped.
    pub(super) async fn file(self, limit: usize) -> Result<Bytes, Problem> {
        if self.media_type() != "multipart/form-data" {
            return Err(Problem::new(Code::UnsupportedMediaType).detail("multipart/form-data is needed"));
        }
        let app = self.request.app_data::<App>().cloned().ok_or_else(|| Problem::new(Code::Internal))?;
        let headers = self.request.headers();
        if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Problem::new(Code::UnsupportedMediaType).detail("a form is sent without a coding"));
        }
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let declared = declared.and_then(|value| value.parse::<u64>().ok());
        if declared.is_some_and(|length| length > (limit + REST) as u64) {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        let form = Multipart::new(&as_mixed(headers), self.payload);
        let in_time = tokio::time::timeout(app.settings.http.upload_timeout, first_file(form, limit)).await;
        in_time.unwrap_or_else(|_| Err(Problem::new(Code::BodyTimeout)))
    }
}

/// The headers with the type `multipart/mixed`: the parser then leaves the parts' `Content-Disposition` to us, and
/// does not fail on file names that clients write against the rules.
fn as_mixed(headers: &HeaderMap) -> HeaderMap {
    let mut mixed = HeaderMap::new();
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parameters = value.split_once(';').map_or("", |(_, parameters)| parameters);
    if let Ok(value) = HeaderValue::from_str(&format!("multipart/mixed;{parameters}")) {
        mixed.insert(header::CONTENT_TYPE, value);
    }
    mixed
}

/// How much speaks for a part being the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    None,
    FileName,
    NamedFile,
}

impl Claim {
    /// Reads a part's `Content-Disposition`. The file's name is used for nothing, so that its escapes need not be
    /// understood; browsers and `wx.uploadFile` write a backslash as it is.
    fn of(disposition: &[u8]) -> Self {
        let text = String::from_utf8_lossy(disposition);
        let mut parameters = text.split(';').map(str::trim);
        let value = |parameter: &str, name: &str| {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
        };
        if parameters.clone().any(|parameter| value(parameter, "name").as_deref() == Some("file")) {
            Self::NamedFile
        } else if parameters.any(|it| value(it, "filename").is_some() || value(it, "filename*").is_some()) {
            Self::FileName
        } else {
            Self::None
        }
    }
}

async fn first_file(mut form: Multipart, limit: usize) -> Result<Bytes, Problem> {
    let (mut file, mut claimed, mut rest) = (None, Claim::None, 0);
    while let Some(mut part) = form.try_next().await.map_err(|error| wrong(&error))? {
        let disposition = part.headers().get(header::CONTENT_DISPOSITION);
        let claim = disposition.map_or(Claim::None, |value| Claim::of(value.as_bytes()));
        if claim > claimed {
            claimed = claim;
            let mut bytes = BytesMut::new();
            while let Some(chunk) = part.try_next().await.map_err(|error| wrong(&error))? {
                if bytes.len() + chunk.len() > limit {
                    return Err(Problem::new(Code::BodyTooLarge));
                }
                bytes.extend_from_slice(&chunk);
            }
            file = Some(bytes.freeze());
        } else {
            while let Some(chunk) = part.try_next().await.map_err(|error| wrong(&error))? {
                rest += chunk.len();
                if rest > REST {
                    return Err(Problem::new(Code::BodyTooLarge));
                }
            }
        }
    }
    file.ok_or_else(|| Problem::new(Code::InvalidRequest).detail("the form has no file"))
}

fn wrong(error: &MultipartError) -> Problem {
    let broke_off = matches!(error, MultipartError::Incomplete | MultipartError::Payload(_));
    if matches!(error, MultipartError::Payload(PayloadError::Overflow)) {
        return Problem::new(Code::BodyTooLarge);
    }
    let detail = if broke_off { "the body broke off" } else { "the body is no multipart form" };
    Problem::new(Code::InvalidRequest).detail(detail).cause(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_file_by_its_name_or_its_file_name() {
        for (disposition, claim) in [
            ("form-data; name=\"file\"; filename=\"a.png\"", Claim::NamedFile),
            ("form-data; name=file", Claim::NamedFile),
            ("form-data; filename*=utf-8''%E5%A4%B4.png; name=\"file\"", Claim::NamedFile),
            ("form-data; name=\"file\"; filename=\"C:\\\"", Claim::NamedFile),
            ("form-data; filename=\"C:\\\"; name=\"file\"", Claim::NamedFile),
            ("form-data; name=\"avatar\"; filename=\"a.png\"", Claim::FileName),
            ("form-data; name=\"avatar\"; filename*=utf-8''%E5%A4%B4.png", Claim::FileName),
            ("form-data; name=\"note\"", Claim::None),
            ("form-data", Claim::None),
        ] {
            assert_eq!(Claim::of(disposition.as_bytes()), claim, "{disposition}");
        }
    }
}
