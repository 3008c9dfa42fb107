//! Orders, in SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};
use yibi_common::drawing::Paper;
use yibi_common::shop::OrderState;

use super::SqliteStore;
use super::rows::{json, parse};
use super::shares::{packed, unpacked};
use crate::domain::clock::Micros;
use crate::domain::order::{AfterOrder, Order, OrderCopy};
use crate::domain::user::UserKey;
use crate::store::{Orders, StoreResult};

impl Orders for SqliteStore {
    async fn add_order(&self, order: &Order, copy: &OrderCopy) -> StoreResult<bool> {
        let (order, copy) = (order.clone(), copy.clone());
        let bytes = copy.actions.iter().map(Vec::len).sum();
        self.writing(bytes, move |connection| {
            let added = insert(connection, &order, "ON CONFLICT DO NOTHING")?;
            if added {
                put_copy(connection, &order.id, &copy)?;
            }
            Ok(added)
        })
        .await
    }

    async fn order(&self, id: &str) -> StoreResult<Option<Order>> {
        let id = id.to_owned();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached("SELECT body FROM orders WHERE id = ?")?;
            let body = statement.query_row(params![id], body).optional()?;
            body.map(|body| parse(&body, "an order")).transpose()
        })
        .await
    }

    async fn order_copy(&self, id: &str) -> StoreResult<Option<OrderCopy>> {
        let id = id.to_owned();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM order_copies WHERE id = ?")?;
            let found = statement.query_row(params![id], |row| {
                let paper = Paper { width: row.get("width")?, height: row.get("height")? };
                Ok((row.get("seq")?, paper, row.get::<_, Vec<u8>>("actions")?))
            });
            let copy = |(seq, paper, actions): (_, _, Vec<u8>)| {
                Ok(OrderCopy { seq, paper, actions: unpacked(&actions)? })
            };
            found.optional()?.map(copy).transpose()
        })
        .await
    }

    async fn change_order(&self, order: &Order) -> StoreResult<bool> {
        let known = order.version;
        let next = Order { version: known.saturating_add(1), ..order.clone() };
        self.writing(0, move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE orders SET user = ?, state = ?, due_at = ?, version = ?, body = ?
                     WHERE id = ? AND version = ?",
                )?
                .execute(params![
                    next.user,
                    next.state.name(),
                    next.due_at(),
                    next.version,
                    json(&next)?,
                    next.id,
                    known
                ])?;
            if changed > 0 && next.state == OrderState::Closed {
                connection
                    .prepare_cached("DELETE FROM order_copies WHERE id = ?")?
                    .execute(params![next.id])?;
            }
            Ok(changed > 0)
        })
        .await
    }

    async fn orders_of(
        &self,
        user: &UserKey,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> StoreResult<Vec<Order>> {
        let (user, (moment, id)) = (user.clone(), place(after));
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT body FROM orders WHERE user = ? AND (created_at, id) < (?, ?)
                 ORDER BY created_at DESC, id DESC LIMIT ?",
            )?;
            parsed(statement.query_map(params![user, moment, id, limit], body)?)
        })
        .await
    }

    async fn count_orders_of(&self, user: &UserKey, states: &[OrderState], limit: u32) -> StoreResult<u32> {
        let (user, states) = (user.clone(), states.to_vec());
        self.reading(move |connection| {
            let mut all = 0_u32;
            for state in states {
                let left = limit.saturating_sub(all);
                let count: u32 = connection
                    .prepare_cached(
                        "SELECT count(*) FROM (SELECT 1 FROM orders WHERE user = ? AND state = ? LIMIT ?)",
                    )?
                    .query_row(params![user, state.name(), left], |row| row.get(0))?;
                all = all.saturating_add(count);
            }
            Ok(all)
        })
        .await
    }

    async fn orders_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<Order>> {
        self.reading(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, body FROM orders WHERE due_at <= ? ORDER BY due_at LIMIT ?")?;
            let bodies = statement
                .query_map(params![now, limit], |row| Ok((row.get::<_, String>("id")?, body(row)?)))?;
            let mut orders = Vec::new();
            for found in bodies {
                let (id, body) = found?;
                match parse(&body, "an order") {
                    Ok(order) => orders.push(order),
                    // The others must not wait for it.
                    Err(error) => tracing::error!(%error, order = id, "an order can't be read"),
                }
            }
            Ok(orders)
        })
        .await
    }

    async fn order_page(
        &self,
        state: Option<OrderState>,
        after: Option<&AfterOrder>,
        limit: u32,
    ) -> StoreResult<Vec<Order>> {
        let (moment, id) = place(after);
        self.reading(move |connection| match state {
            Some(state) => {
                let mut statement = connection.prepare_cached(
                    "SELECT body FROM orders WHERE state = ? AND (created_at, id) < (?, ?)
                     ORDER BY created_at DESC, id DESC LIMIT ?",
                )?;
                parsed(statement.query_map(params![state.name(), moment, id, limit], body)?)
            }
            None => {
                let mut statement = connection.prepare_cached(
                    "SELECT body FROM orders WHERE (created_at, id) < (?, ?)
                     ORDER BY created_at DESC, id DESC LIMIT ?",
                )?;
                parsed(statement.query_map(params![moment, id, limit], body)?)
            }
        })
        .await
    }

    async fn orders_in(&self, state: OrderState, limit: u32) -> StoreResult<(u32, Option<Micros>)> {
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT count(*), min(created_at) FROM
                    (SELECT created_at FROM orders WHERE state = ? ORDER BY created_at, id LIMIT ?)",
            )?;
            Ok(statement.query_row(params![state.name(), limit], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .await
    }
}

pub(super) fn body(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get("body")
}

fn parsed(bodies: impl Iterator<Item = rusqlite::Result<String>>) -> StoreResult<Vec<Order>> {
    bodies.map(|body| parse(&body?, "an order")).collect()
}

fn place(after: Option<&AfterOrder>) -> (i64, String) {
    after.map_or((i64::MAX, String::new()), |after| (after.created_at.0, after.id.clone()))
}

fn insert(connection: &Connection, order: &Order, conflict: &str) -> StoreResult<bool> {
    let added = connection
        .prepare_cached(&format!(
            "INSERT INTO orders (id, user, state, created_at, due_at, version, body)
             VALUES (?, ?, ?, ?, ?, ?, ?) {conflict}"
        ))?
        .execute(params![
            order.id,
            order.user,
            order.state.name(),
            order.created_at,
            order.due_at(),
            order.version,
            json(order)?
        ])?;
    Ok(added > 0)
}

fn put_copy(connection: &Connection, id: &str, copy: &OrderCopy) -> StoreResult<()> {
    let OrderCopy { seq, paper, actions } = copy;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO order_copies (id, seq, width, height, actions) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![id, seq, paper.width, paper.height, packed(actions)])?;
    Ok(())
}

/// Writes an order with its picture over one of the same id.
pub(super) fn put(connection: &Connection, order: &Order, copy: Option<&OrderCopy>) -> StoreResult<()> {
    connection.prepare_cached("DELETE FROM orders WHERE id = ?")?.execute(params![order.id])?;
    connection.prepare_cached("DELETE FROM order_copies WHERE id = ?")?.execute(params![order.id])?;
    insert(connection, order, "")?;
    copy.map_or(Ok(()), |copy| put_copy(connection, &order.id, copy))
}

/// Takes from a user's orders what names the user.
pub(super) fn forget_user(connection: &Connection, user: &UserKey) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM order_copies WHERE id IN (SELECT id FROM orders WHERE user = ?)",
        "UPDATE orders SET user = '', version = version + 1,
            body = json_set(json_remove(body, '$.address', '$.parcel'), '$.user', '', '$.drawing', '',
                '$.version', version + 1)
         WHERE user = ?",
    ] {
        connection.prepare_cached(sql)?.execute(params![user])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::testing::new_order;
    use crate::random;

    #[tokio::test]
    async fn an_order_that_cannot_be_read_keeps_no_other_from_its_effects() {
        let directory = std::env::temp_dir().join(format!("yibi-orders-due-{}", random::short_id()));
        let store = SqliteStore::open(&directory).unwrap();
        let (damaged, whole) = (new_order("damaged"), new_order("whole"));
        let copy = OrderCopy { seq: 1, paper: Paper::default(), actions: vec![vec![1]] };
        for order in [&damaged, &whole] {
            assert!(store.add_order(order, &copy).await.unwrap());
        }
        let id = damaged.id.clone();
        let write = store.writing(0, move |connection| {
            Ok(connection.execute("UPDATE orders SET body = '{}' WHERE id = ?", params![id])?)
        });
        assert_eq!(write.await.unwrap(), 1);
        let due = store.orders_due(whole.deadline, 9).await.unwrap();
        assert_eq!(due, [whole]);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
