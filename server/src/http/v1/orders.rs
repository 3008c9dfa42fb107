//! Orders of prints.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use yibi_common::api::{
    OrderReply, OrderRequest, OrdersReply, PaymentReply, ProblemBody, ProductView, RefundView, ShopReply,
};

use super::images::{as_given_out, file};
use crate::domain::order::Order;
use crate::http::App;
use crate::http::address::address;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::query::{PageQuery, query};
use crate::http::reply::Reply;
use crate::problem::{Code, Problem};
use crate::service::orders::{NewOrder, OrderService};

/// Orders on a page.
const PAGE: u32 = 20;
/// Bytes of an order at most.
const BODY: usize = 16 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    let one = "/orders/{id}";
    let post = |name: &str| web::resource(format!("{one}/{name}"));
    config
        .service(web::resource("/shop").route(web::get().to(shop)))
        .service(web::resource("/orders").route(web::post().to(create)).route(web::get().to(list)))
        .service(web::resource(one).route(web::get().to(read)))
        .service(post("pay").route(web::post().to(pay)))
        .service(post("refresh").route(web::post().to(refresh)))
        .service(post("cancel").route(web::post().to(cancel)))
        .service(post("received").route(web::post().to(received)))
        .service(web::resource("/images/orders/{id}/picture.png").route(web::get().to(under_check)));
}

/// The service; a server without a shop has no address here.
fn orders(app: &App) -> Result<&OrderService, Problem> {
    app.orders.as_ref().ok_or_else(|| Problem::new(Code::NotFound))
}

/// The prints that can be ordered. A server without a shop answers 404 here and at all orders.
#[utoipa::path(get, path = "/shop", tag = "orders", responses(
    (status = 200, description = "The shop", body = ShopReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn shop(app: App, _caller: Authenticated) -> Reply {
    let shop = orders(&app)?.shop();
    let products = shop.products.iter().map(|product| ProductView {
        id: product.id.clone(),
        name: product.name.clone(),
        paper: product.paper,
        price: product.price,
    });
    Ok(HttpResponse::Ok().json(ShopReply {
        products: products.collect(),
        shipping: shop.shipping,
        open: !shop.paused,
    }))
}

/// Orders a print of the drawing as it is now. Sent twice under one key, the order is made once.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = OrderRequest, responses(
    (status = 201, description = "The order", body = OrderReply),
    (status = 200, description = "The order that was made under the key", body = OrderReply),
    (status = 404, description = "`drawing_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`shop_closed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "`drawing_deleted`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency_key_reused`, `invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`too_many_orders`, `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn create(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let OrderRequest { drawing, product, address, idempotency_key } = body.json_within(BODY).await?;
    let new = NewOrder { drawing, product, address, idempotency_key };
    let (order, is_new) = orders(&app)?.create(caller.user(), &new).await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(view(&order)))
}

/// The caller's orders, the newest first.
#[utoipa::path(get, path = "/orders", tag = "orders", params(
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses(
    (status = 200, description = "A page", body = OrdersReply),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn list(app: App, caller: Authenticated, request: HttpRequest) -> Reply {
    let asked: PageQuery = query(&request)?;
    let page = orders(&app)?.orders(caller.user(), asked.cursor.as_deref(), PAGE).await?;
    let orders = page.orders.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(OrdersReply { orders, next: page.next }))
}

/// One order of the caller.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders", params(
    ("id" = String, Path, description = "The order's id"),
), responses(
    (status = 200, description = "The order", body = OrderReply),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn read(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    let order = orders(&app)?.order(caller.user(), &id).await?;
    Ok(HttpResponse::Ok().json(view(&order)))
}

/// Begins the payment, or goes on with it.
#[utoipa::path(post, path = "/orders/{id}/pay", tag = "orders", params(
    ("id" = String, Path, description = "The order's id"),
), responses(
    (status = 200, description = "The fields of wx.requestPayment", body = PaymentReply),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: the order is paid, closed or past its deadline", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`payment_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn pay(
    app: App,
    caller: Authenticated,
    id: Path<String>,
    request: HttpRequest,
) -> Reply {
    app.rate_limits.write(caller.user())?;
    let from = address(&request, &app);
    let fields = orders(&app)?.pay(caller.user(), &id, Some(from)).await?;
    Ok(HttpResponse::Ok().json(PaymentReply {
        time_stamp: fields.time_stamp,
        nonce_str: fields.nonce_str,
        package: fields.package,
        sign_type: fields.sign_type,
        pay_sign: fields.pay_sign,
    }))
}

/// Asks WeChat how far the payment is; called after any outcome of wx.requestPayment.
#[utoipa::path(post, path = "/orders/{id}/refresh", tag = "orders", params(
    ("id" = String, Path, description = "The order's id"),
), responses(
    (status = 200, description = "The order", body = OrderReply),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`payment_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn refresh(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let order = orders(&app)?.refresh(caller.user(), &id).await?;
    Ok(HttpResponse::Ok().json(view(&order)))
}

/// Cancels an order that is not paid.
#[utoipa::path(post, path = "/orders/{id}/cancel", tag = "orders", params(
    ("id" = String, Path, description = "The order's id"),
), responses(
    (status = 200, description = "The order", body = OrderReply),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: the order is paid", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`payment_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn cancel(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let order = orders(&app)?.cancel(caller.user(), &id).await?;
    Ok(HttpResponse::Ok().json(view(&order)))
}

/// Tells that the print arrived. Sent twice, it has the first reply.
#[utoipa::path(post, path = "/orders/{id}/received", tag = "orders", params(
    ("id" = String, Path, description = "The order's id"),
), responses(
    (status = 200, description = "The order", body = OrderReply),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: the print was not sent", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(in crate::http) async fn received(app: App, caller: Authenticated, id: Path<String>) -> Reply {
    app.rate_limits.write(caller.user())?;
    let order = orders(&app)?.received(caller.user(), &id).await?;
    Ok(HttpResponse::Ok().json(view(&order)))
}

#[derive(Deserialize)]
struct LinkQuery {
    exp: i64,
    sig: String,
}

/// The picture of an order that WeChat checks.
async fn under_check(app: App, id: Path<String>, request: HttpRequest) -> Reply {
    let asked: LinkQuery = query(&request).map_err(|_| Problem::new(Code::LinkInvalid))?;
    let service = orders(&app)?;
    as_given_out(&request, &service.check_path(&id, asked.exp), &asked.sig)?;
    let picture = service.picture_under_check(&id, asked.exp, &asked.sig).await?;
    Ok(file(&request, picture, "image/png", "private, no-cache"))
}

fn view(order: &Order) -> OrderReply {
    let product = &order.product;
    OrderReply {
        id: order.id.clone(),
        state: order.state,
        drawing: order.drawing.clone(),
        product: ProductView {
            id: product.id.clone(),
            name: product.name.clone(),
            paper: product.paper,
            price: product.price,
        },
        shipping: order.shipping,
        amount: order.amount,
        currency: order.currency.clone(),
        check: order.check,
        created_at: order.created_at.to_string(),
        deadline: order.deadline.to_string(),
        paid_at: order.paid_at.map(|at| at.to_string()),
        shipped: order.parcel.clone(),
        refund: order.refund().map(|refund| RefundView { amount: refund.amount, state: refund.state }),
    }
}
