//! `/wx/push`: what WeChat tells by calling this server. An app's own address is `/wx/push/{app id}`; the first
//! app's is `/wx/push` as well.

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::clock::Micros;
use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::body::Body;
use crate::http::query::query;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::pushes::Untaken;
use crate::service::rate_limits::FailureBudget;
use crate::wechat::push::{PushError, PushKey, PushQuery};

/// The longest message, in bytes. WeChat's have some hundred.
const MAX_MESSAGE: usize = 256 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/wx/push", "/wx/push/{app}"] {
        config.service(web::resource(path).route(web::get().to(verify)).route(web::post().to(take)));
    }
}

/// WeChat's console asks whether this server knows the token.
async fn verify(app: App, request: HttpRequest) -> Reply {
    let (key, asked) = known(&app, &request)?;
    let echo = key.verify(&asked, Micros::now().seconds());
    let echo = echo.map_err(|error| untrusted(&app, &request, error))?;
    Ok(said(echo.to_owned()))
}

/// A message. What it brings about happens after the answer, for WeChat waits for five seconds.
async fn take(app: App, request: HttpRequest, body: Body) -> Reply {
    let (key, asked) = known(&app, &request)?;
    let checked = key.precheck(&asked, Micros::now().seconds());
    checked.map_err(|error| untrusted(&app, &request, error))?;
    let body = body.bytes_within(MAX_MESSAGE).await?;
    match app.pushes.take(key, &asked, &body, Micros::now().seconds()) {
        Ok(()) => Ok(said("success".to_owned())),
        Err(Untaken::Untrusted(error)) => Err(untrusted(&app, &request, error)),
        Err(Untaken::Busy) => Err(Problem::new(Code::Busy)),
    }
}

/// The key of the address's app, and the query; nothing is at an address without a key.
fn known<'a>(app: &'a App, request: &HttpRequest) -> Result<(&'a PushKey, PushQuery), Problem> {
    let budget = FailureBudget::Address(address(request, app));
    app.rate_limits.check(&budget).map_err(|exceeded| reject_early(request, exceeded))?;
    let key = app.pushes.key(request.match_info().get("app"));
    Ok((key.ok_or_else(|| Problem::new(Code::NotFound))?, query(request)?))
}

fn untrusted(app: &App, request: &HttpRequest, error: PushError) -> Problem {
    app.rate_limits.failed(&FailureBudget::Address(address(request, app)));
    Problem::new(Code::PushRefused).cause(error)
}

fn said(text: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(text)
}
