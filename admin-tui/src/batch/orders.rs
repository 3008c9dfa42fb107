//! `orders`: orders of prints, as JSON lines or columns separated by tabs.

use yibi_common::admin::{OrderPage, OrderRow};
use yibi_common::shop::OrderState;

use super::arguments::OrderListArgs;
use super::{Failure, failure, note, print, unless_closed, wrong};
use crate::client::Client;
use crate::msg::ApiError;
use crate::request::{PAGE, Request};
use crate::text;

pub async fn run(client: &Client, args: OrderListArgs) -> Result<u8, Failure> {
    if let Some(state) = &args.state
        && OrderState::ALL.iter().all(|known| known.name() != state)
    {
        let names = OrderState::ALL.map(OrderState::name).join(", ");
        return Err(wrong(format!("no state {state}; there are: {names}")));
    }
    let most = if args.limit == 0 { u64::MAX } else { args.limit };
    let (mut printed, mut cursor) = (0_u64, None);
    loop {
        let page = read(client, &args, cursor, most - printed).await?;
        for order in &page.orders {
            if let Err(error) = print(&line(order, args.json)) {
                return unless_closed(&error);
            }
        }
        printed += page.orders.len() as u64;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(0);
        }
        if printed >= most {
            note(&format!("{printed} rows; there may be more, and --limit 0 prints all"));
            return Ok(0);
        }
    }
}

async fn read(
    client: &Client,
    args: &OrderListArgs,
    cursor: Option<String>,
    room: u64,
) -> Result<OrderPage, Failure> {
    let limit = u32::try_from(room).unwrap_or(PAGE).clamp(1, PAGE);
    let mut parameters = vec![("limit", limit.to_string())];
    parameters.extend(args.state.clone().map(|state| ("state", state)));
    parameters.extend(cursor.map(|cursor| ("cursor", cursor)));
    let reply = client.value(&Request::Orders(parameters)).await.map_err(failure)?;
    let unreadable = |_| failure(ApiError::Failed("the list of orders can't be read".to_owned()));
    serde_json::from_value(reply).map_err(unreadable)
}

fn line(order: &OrderRow, as_json: bool) -> String {
    if as_json {
        return serde_json::to_string(order).unwrap_or_default();
    }
    let (yuan, fen) = (order.amount / 100, order.amount % 100);
    let user = order.user.as_ref().map(|user| user.id.as_str()).unwrap_or_default();
    let cells: [&str; 6] = [
        order.id.as_str(),
        order.state.name(),
        &format!("{yuan}.{fen:02}"),
        &order.product,
        user,
        &order.created_at,
    ];
    cells.map(|cell| text::clean(cell).into_owned()).join("\t")
}
