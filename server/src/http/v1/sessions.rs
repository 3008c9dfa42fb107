//! `/session`: signing in, renewing, signing out; and `/limits`, which needs no session.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use yibi_common::api::{LimitsReply, ProblemBody, RenewReply, SignInReply, SignInRequest, SignedInUser};

use crate::domain::text::tamed;
use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::auth::{Authenticated, problem};
use crate::http::body::Body;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::sessions::Client;
use crate::service::sessions::yibi::SignIn;

/// The largest body of a sign-in, in bytes: it is read before anybody is known.
const MAX_SIGN_IN: usize = 8 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/session").route(web::post().to(sign_in)).route(web::delete().to(sign_out)))
        .service(web::resource("/session/renew").route(web::post().to(renew)))
        .service(web::resource("/limits").route(web::get().to(limits)));
}

/// Exchanges a WeChat code for a token. While the user's account is closing, this changes nothing unless `reopen` is set.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = SignInRequest, responses(
    (status = 200, description = "Signed in", body = SignInReply),
    (status = 401, description = "The code can't be used: `sign_in_again`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "WeChat has blocked the user: `user_blocked`; the operator has: `account_blocked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account_closing`: the user has left, and everything is erased at `erase_at`. Nothing has changed; a sign-in with a fresh code and `reopen` cancels it", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`wechat_unavailable`, `unavailable`; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn sign_in(app: App, request: HttpRequest, body: Body) -> Reply {
    let from = address(&request, &app);
    app.auth.check_sign_in(from).map_err(|exceeded| reject_early(&request, exceeded))?;
    let asked: SignInRequest = body.json_within(MAX_SIGN_IN).await?;
    let short = |text: &str, most: usize| {
        (1..=most).contains(&text.chars().count()) && crate::domain::text::is_printable(text)
    };
    if !short(&asked.code, 256) {
        return Err(Problem::new(Code::InvalidValue).detail("code has 1 to 256 characters"));
    }
    if asked.from.as_ref().is_some_and(|from| !short(from, 32)) {
        return Err(Problem::new(Code::InvalidValue).detail("from has 1 to 32 characters"));
    }
    let app_id = app_id(&request);
    let wechat_app =
        app.sessions.app(app_id.as_deref()).ok_or_else(|| Problem::new(Code::WechatMisconfigured))?;
    let client = client(&request, from, asked.device.as_deref());
    let sign_in =
        SignIn { app: wechat_app.clone(), code: asked.code, from: asked.from, reopen: asked.reopen, client };
    let signed_in = app.auth.sign_in(sign_in, from).await.map_err(|error| problem(&request, error))?;
    Ok(HttpResponse::Ok().json(SignInReply {
        token: signed_in.token,
        expires_in: signed_in.expires_in,
        user: SignedInUser {
            id: signed_in.user.public_id,
            nickname: signed_in.user.nickname,
            created_at: signed_in.user.created_at.to_string(),
            new: signed_in.new,
        },
    }))
}

/// Ends the session.
#[utoipa::path(delete, path = "/session", tag = "session", responses(
    (status = 204, description = "Signed out"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn sign_out(app: App, caller: Authenticated) -> Reply {
    app.sessions.sign_out(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives the session a new token; the one shown stays good for a minute.
#[utoipa::path(post, path = "/session/renew", tag = "session", responses(
    (status = 200, description = "Renewed", body = RenewReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn renew(app: App, caller: Authenticated) -> Reply {
    app.rate_limits.write(caller.user())?;
    let (token, expires_in) = app.sessions.renew(&caller).await?;
    Ok(HttpResponse::Ok().json(RenewReply { token, expires_in }))
}

/// The limits of drawings and users, the periods in which deletions can be undone, and the rules for sharing
/// and rooms.
#[utoipa::path(get, path = "/limits", tag = "drawings", security(()), responses(
    (status = 200, description = "The limits", body = LimitsReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn limits(app: App) -> Reply {
    Ok(HttpResponse::Ok()
        .json(app.drawings.limits(app.settings.sharing.limits(), app.settings.room_limits())))
}

/// The mini-program that a request comes from, as WeChat's fixed Referer names it:
/// `https://servicewechat.com/{app id}/{version}/page-frame.html`.
pub(in crate::http) fn app_id(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get("referer")?.to_str().ok()?;
    let path = referer.strip_prefix("https://servicewechat.com/")?;
    path.split('/').next().map(ToOwned::to_owned)
}

/// What is remembered of a client: what it says it is, or else its User-Agent, and its address.
pub(in crate::http) fn client(request: &HttpRequest, from: std::net::IpAddr, device: Option<&str>) -> Client {
    let agent = request.headers().get("user-agent").and_then(|value| value.to_str().ok());
    let device = device.or(agent).unwrap_or_default();
    Client { device: tamed(device, 64), address: from.to_string() }
}
