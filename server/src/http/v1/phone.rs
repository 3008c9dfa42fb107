//! `/me/phone`: the caller's phone number.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use yibi_common::api::{EncryptedData, Me, PhoneCode, PhoneRequest, ProblemBody};

use crate::domain::text;
use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::reply::Reply;
use crate::http::v1::me::shown;
use crate::problem::{Code, Problem};
use crate::service::sessions::PhoneProof;

/// The largest body, in bytes.
const MAX_BODY: usize = 8 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/me/phone").route(web::post().to(bind)).route(web::delete().to(remove)));
}

/// Keeps the phone number that WeChat tells of the caller.
#[utoipa::path(post, path = "/me/phone", tag = "me", request_body = PhoneRequest, responses(
    (status = 200, description = "The caller, with the number masked", body = Me),
    (status = 422, description = "`phone_code_invalid`, `open_data_invalid`, `invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "`unauthenticated`; `sign_in_again` when the session's WeChat key was superseded", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`wechat_unavailable`, `wechat_misconfigured`, `unavailable`, `busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn bind(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let proof = match body.json_within(MAX_BODY).await? {
        PhoneRequest::Code(PhoneCode { code }) => {
            let fits = (1..=256).contains(&code.chars().count()) && text::is_printable(&code);
            if !fits {
                return Err(Problem::new(Code::InvalidValue).detail("code has 1 to 256 characters"));
            }
            PhoneProof::Code(code)
        }
        PhoneRequest::Encrypted(EncryptedData { encrypted_data, iv }) => {
            PhoneProof::OpenData { encrypted_data, iv }
        }
    };
    app.rate_limits.wechat_call(caller.user())?;
    let user = app.sessions.bind_phone(&caller, proof).await?;
    shown(&app, Some(user)).await
}

/// Forgets the caller's phone number.
#[utoipa::path(delete, path = "/me/phone", tag = "me", responses(
    (status = 204, description = "Forgotten, or there was none"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn remove(app: App, caller: Authenticated) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.sessions.remove_phone(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
