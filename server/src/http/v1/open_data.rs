//! `/me/open-data` and `/me/session-key`: what the phone has from WeChat, opened with the session's key.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use yibi_common::api::{
    EncryptedData, OpenDataReply, OpenDataRequest, ProblemBody, SessionKeyReply, SignedData,
};

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::reply::Reply;

/// The largest body, in bytes.
const MAX_BODY: usize = 128 << 10;

/// What WeChat adds for the server.
const FOR_THE_SERVER: [&str; 3] = ["openId", "unionId", "watermark"];

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/me/open-data").route(web::post().to(open)))
        .service(web::resource("/me/session-key").route(web::get().to(session_key)));
}

/// Decrypts or verifies open data of the caller's. A profile gives its avatar, and a nickname to a caller who has none.
#[utoipa::path(post, path = "/me/open-data", tag = "me", request_body = OpenDataRequest, responses(
    (status = 200, description = "The data, which is the caller's own and of now", body = OpenDataReply),
    (status = 422, description = "`open_data_invalid`, `invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "`unauthenticated`; `sign_in_again` when the session's WeChat key was superseded", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`wechat_unavailable`, `wechat_misconfigured`, `unavailable`, `busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn open(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let request = body.json_within(MAX_BODY).await?;
    app.rate_limits.wechat_call(caller.user())?;
    let mut data = match request {
        OpenDataRequest::Encrypted(EncryptedData { encrypted_data, iv }) => {
            app.sessions.open_data(&caller, &encrypted_data, &iv).await?.into_members()
        }
        OpenDataRequest::Signed(SignedData { raw_data, signature }) => {
            app.sessions.raw_data(&caller, &raw_data, &signature).await?
        }
    };
    data.retain(|name, _| !FOR_THE_SERVER.contains(&name.as_str()));
    Ok(HttpResponse::Ok().json(OpenDataReply { data }))
}

/// Asks WeChat whether the session's key is still the caller's.
#[utoipa::path(get, path = "/me/session-key", tag = "me", responses(
    (status = 200, description = "Whether it is", body = SessionKeyReply),
    (status = 401, description = "`unauthenticated`; `sign_in_again` when the session's WeChat key was superseded", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`wechat_unavailable`, `wechat_misconfigured`, `unavailable`, `busy`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn session_key(app: App, caller: Authenticated) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.rate_limits.wechat_call(caller.user())?;
    let valid = app.sessions.has_current_key(&caller.session).await?;
    Ok(HttpResponse::Ok().json(SessionKeyReply { valid }))
}
