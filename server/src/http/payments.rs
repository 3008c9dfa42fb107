//! `/wx/pay/notify` and `/wx/pay/refund`: what WeChat Pay tells by calling this server. The signature covers the bytes as
//! they arrived, so they are verified before anything reads them.

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::App;
use crate::http::address::{address, reject_early};
use crate::http::body::Body;
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::orders::{NotifyError, OrderService};
use crate::service::rate_limits::FailureBudget;
use crate::wechat::pay::RawNotification;

/// The longest notification, in bytes. WeChat's have some kilobytes.
const MAX_NOTIFICATION: usize = 64 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/wx/pay/notify", "/wx/pay/refund"] {
        config.service(web::resource(path).route(web::post().to(take)));
    }
}

/// A notification. It is acknowledged once its effect is stored; WeChat sends it again otherwise.
async fn take(app: App, request: HttpRequest, body: Body) -> Reply {
    let budget = FailureBudget::Address(address(&request, &app));
    app.rate_limits.check(&budget).map_err(|exceeded| reject_early(&request, exceeded))?;
    let orders = app.orders.as_ref().ok_or_else(|| Problem::new(Code::NotFound))?;
    let body = body.bytes_within(MAX_NOTIFICATION).await?;
    let of =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let raw = RawNotification {
        timestamp: of("wechatpay-timestamp"),
        nonce: of("wechatpay-nonce"),
        serial: of("wechatpay-serial"),
        signature: of("wechatpay-signature"),
        body: &body,
    };
    match orders.notify(&raw).await {
        Ok(()) => Ok(acknowledged(orders)),
        Err(NotifyError::Untrusted(cause)) => {
            app.rate_limits.failed(&budget);
            Err(Problem::new(Code::PaymentRefused).cause(cause))
        }
        Err(NotifyError::Unknown) => Err(Problem::new(Code::OrderNotFound)),
        Err(NotifyError::Payment(cause)) => Err(Problem::new(Code::PaymentUnavailable).cause(cause)),
        Err(NotifyError::Store(error)) => Err(error.into()),
    }
}

fn acknowledged(orders: &OrderService) -> HttpResponse {
    let reply = orders.notification_reply(true);
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, reply.content_type)).body(reply.body)
}
