//! `/orders`: orders of prints.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use yibi_common::admin::{AttemptView, EffectView, OrderDetail, OrderPage, OrderQuery, OrderRow, UserRef};
use yibi_common::api::ProblemBody;
use yibi_common::shop::{Parcel, PostalAddress};

use super::extractors::{Operator, Viewer};
use super::paging::{limit, read_cursor, write_cursor};
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, Attempt, Effect, Order, out_trade_no};
use crate::domain::report::Place;
use crate::domain::user::UserRecord;
use crate::http::reply::Reply;
use crate::http::{App, Body, query};
use crate::service::operator::OrderChange;
use crate::service::orders::PrintFile;

/// Bytes of a body at most.
const BODY: usize = 8 << 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    let one = "/orders/{order}";
    let below = |name: &str| web::resource(format!("{one}/{name}"));
    config
        .service(web::resource("/orders").route(web::get().to(list)))
        .service(web::resource(one).route(web::get().to(read)))
        .service(below("picture.png").route(web::get().to(picture)))
        .service(below("print.pdf").route(web::get().to(print_pdf)))
        .service(below("print.png").route(web::get().to(print_png)))
        .service(below("address").route(web::post().to(address)))
        .service(below("pass").route(web::post().to(pass)))
        .service(below("reject").route(web::post().to(reject)))
        .service(below("printing").route(web::post().to(printing)))
        .service(below("shipped").route(web::post().to(shipped)))
        .service(below("refund").route(web::post().to(refund)))
        .service(below("release").route(web::post().to(release)));
}

/// Orders, the newest first. A server without a shop answers 404 here and at all orders.
#[utoipa::path(get, path = "/orders", tag = "orders", params(OrderQuery), responses(
    (status = 200, description = "A page", body = OrderPage),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(app: App, _viewer: Viewer, request: HttpRequest) -> Reply {
    let asked: OrderQuery = query(&request)?;
    let name = format!("orders {:?}", asked.state);
    let after = read_cursor(asked.cursor.as_deref(), &name)?;
    let after = after.map(|place| AfterOrder { created_at: Micros(place.value), id: place.name });
    let limit = limit(asked.limit)?;
    let (orders, users) = app.operators.order_page(asked.state, after.as_ref(), limit).await?;
    let last = orders.last().filter(|_| orders.len() >= limit as usize);
    let next = last.map(|order| Place { value: order.created_at.0, name: order.id.clone() });
    let user_of = |order: &Order| users.iter().find(|user| user.key == order.user);
    Ok(HttpResponse::Ok().json(OrderPage {
        orders: orders.iter().map(|order| row(order, user_of(order))).collect(),
        next: write_cursor(next, &name),
        now: Micros::now().to_string(),
    }))
}

/// One order with its attempts and effects, without its address.
#[utoipa::path(get, path = "/orders/{order}", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn read(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let (order, user) = app.operators.order(&id).await?;
    Ok(HttpResponse::Ok().json(detail(&order, user.as_ref())))
}

/// The picture of an order, to look at.
#[utoipa::path(get, path = "/orders/{order}/picture.png", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn picture(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let bytes = app.operators.print_file(&id, PrintFile::Preview).await?;
    Ok(HttpResponse::Ok().content_type("image/png").body(bytes))
}

/// The page for the printer, as vectors, with 3 mm bleed and crop marks.
#[utoipa::path(get, path = "/orders/{order}/print.pdf", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The page", body = Vec<u8>, content_type = "application/pdf"),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`print_unchecked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn print_pdf(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let bytes = app.operators.print_file(&id, PrintFile::Pdf).await?;
    Ok(HttpResponse::Ok().content_type("application/pdf").body(bytes))
}

/// The page for the printer at 300 dpi, with 3 mm bleed.
#[utoipa::path(get, path = "/orders/{order}/print.png", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The page", body = Vec<u8>, content_type = "image/png"),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`print_unchecked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn print_png(app: App, _viewer: Viewer, id: Path<String>) -> Reply {
    let bytes = app.operators.print_file(&id, PrintFile::Png).await?;
    Ok(HttpResponse::Ok().content_type("image/png").body(bytes))
}

/// The address of an order. The audit log says who read it.
#[utoipa::path(post, path = "/orders/{order}/address", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The address", body = PostalAddress),
    (status = 404, description = "`order_not_found`, also once the user is erased", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn address(app: App, Operator(operator): Operator, id: Path<String>) -> Reply {
    let address = app.operators.order_address(&operator.actor(), &id).await?;
    Ok(HttpResponse::Ok().json(address))
}

/// Passes the picture of an order that WeChat left to a person.
#[utoipa::path(post, path = "/orders/{order}/pass", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: it was decided otherwise", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn pass(app: App, operator: Operator, id: Path<String>) -> Reply {
    change(&app, operator, &id, OrderChange::Pass).await
}

/// Refuses to print the picture of an order; its money goes back.
#[utoipa::path(post, path = "/orders/{order}/reject", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: the print was sent", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn reject(app: App, operator: Operator, id: Path<String>) -> Reply {
    change(&app, operator, &id, OrderChange::Reject).await
}

/// The print begins.
#[utoipa::path(post, path = "/orders/{order}/printing", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`print_unchecked`, `order_state`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn printing(app: App, operator: Operator, id: Path<String>) -> Reply {
    change(&app, operator, &id, OrderChange::Print).await
}

/// The print is sent.
#[utoipa::path(post, path = "/orders/{order}/shipped", tag = "orders", request_body = Parcel,
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_value`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn shipped(app: App, operator: Operator, id: Path<String>, body: Body) -> Reply {
    let parcel: Parcel = body.json_within(BODY).await?;
    change(&app, operator, &id, OrderChange::Ship(parcel)).await
}

/// Gives the money of an order back. A refund that failed is tried again.
#[utoipa::path(post, path = "/orders/{order}/refund", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: there is no money", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn refund(app: App, operator: Operator, id: Path<String>) -> Reply {
    change(&app, operator, &id, OrderChange::Refund).await
}

/// Takes the money of a held order as its payment.
#[utoipa::path(post, path = "/orders/{order}/release", tag = "orders",
    params(("order" = String, Path, description = "The order's id")), responses(
    (status = 200, description = "The order", body = OrderDetail),
    (status = 404, description = "`order_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`order_state`: the order was not held", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn release(app: App, operator: Operator, id: Path<String>) -> Reply {
    change(&app, operator, &id, OrderChange::Release).await
}

async fn change(app: &App, Operator(operator): Operator, id: &str, change: OrderChange) -> Reply {
    app.operators.change_order(&operator.actor(), id, change).await?;
    let (order, user) = app.operators.order(id).await?;
    Ok(HttpResponse::Ok().json(detail(&order, user.as_ref())))
}

fn row(order: &Order, user: Option<&UserRecord>) -> OrderRow {
    OrderRow {
        id: order.id.clone(),
        state: order.state,
        check: order.check,
        user: user.map(UserRef::from),
        drawing: order.drawing.clone(),
        product: order.product.id.clone(),
        paper: order.product.paper,
        amount: order.amount,
        currency: order.currency.clone(),
        fault: order.fault.map(|fault| name_of(&fault)),
        created_at: order.created_at.to_string(),
        updated_at: order.updated_at.to_string(),
        paid_at: order.paid_at.map(|at| at.to_string()),
        shipped: order.parcel.clone(),
    }
}

fn detail(order: &Order, user: Option<&UserRecord>) -> OrderDetail {
    OrderDetail {
        order: row(order, user),
        deadline: order.deadline.to_string(),
        attempts: order.attempts.iter().map(|attempt| attempt_view(&order.id, attempt)).collect(),
        effects: order.effects.iter().map(effect_view).collect(),
    }
}

fn attempt_view(order: &str, attempt: &Attempt) -> AttemptView {
    let payment = attempt.payment.as_ref();
    let refund = attempt.refund.as_ref();
    AttemptView {
        out_trade_no: out_trade_no(order, attempt.number),
        state: name_of(&attempt.state),
        transaction_id: payment.map(|payment| payment.transaction_id.clone()),
        paid: payment.map(|payment| payment.amount),
        out_refund_no: refund.map(|refund| refund.out_refund_no.clone()),
        refund: refund.map(|refund| refund.state),
    }
}

fn effect_view(effect: &Effect) -> EffectView {
    EffectView {
        kind: name_of(&effect.kind),
        attempt: effect.attempt,
        due: effect.due.to_string(),
        tries: effect.tries,
        done: effect.done.map(|at| at.to_string()),
    }
}

/// The name of a variant in JSON.
fn name_of(variant: &impl Serialize) -> String {
    let name = serde_json::to_value(variant).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}
