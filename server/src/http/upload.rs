//! A file in a form, as `wx.uploadFile` and browsers send it.

use actix_multipart::{Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;

use crate::http::App;
use crate::http::body::Body;
use crate::problem::{Code, Problem};

/// What a form may have besides the file, in bytes: other fields, and what frames them all.
const REST: usize = 64 << 10;

impl Body {
    /// The file of a `multipart/form-data` body, of at most so many bytes: the first part that has a file's
    /// name. Other parts are read and left alone.
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
        let form = Multipart::new(headers, self.payload);
        let in_time = tokio::time::timeout(app.settings.http.upload_timeout, first_file(form, limit)).await;
        in_time.unwrap_or_else(|_| Err(Problem::new(Code::BodyTimeout)))
    }
}

async fn first_file(mut form: Multipart, limit: usize) -> Result<Bytes, Problem> {
    let (mut file, mut rest) = (None, 0);
    while let Some(mut part) = form.try_next().await.map_err(|error| wrong(&error))? {
        let is_file = part.content_disposition().is_some_and(|how| how.get_filename().is_some());
        if is_file && file.is_none() {
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
