//! [`Transfer`] in SQL.

use rusqlite::{Connection, params};
use yibi_common::admin::AuditEntry;
use yibi_common::codec;

use super::rows::{Drawing, parse};
use super::{SqliteStore, miniprogram_codes, orders, reviews, shares, users};
use crate::domain::drawing::Stored;
use crate::domain::miniprogram_code::MiniprogramCode;
use crate::domain::order::{Order, OrderCopy};
use crate::domain::review::{Case, Evidence, ShareReport};
use crate::domain::room::Member;
use crate::domain::share::{CodeRecord, Share};
use crate::domain::user::{UserKey, UserRecord};
use crate::store::transfer::{AuditRow, Turn};
use crate::store::{StoreError, StoreResult, Transfer};

impl Transfer for SqliteStore {
    async fn users_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<UserRecord>> {
        let place = place.unwrap_or_default().to_owned();
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT * FROM users WHERE key > ? ORDER BY key LIMIT ?")?;
            let rows = statement.query_map(params![place, limit], users::from_row)?;
            let items = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Turn { next: items.last().map(|user| user.key.to_string()), items })
        })
        .await
    }

    async fn drawings_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<(UserKey, String)>> {
        let place = number(place)?;
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT number, user, id FROM drawings WHERE number > ? ORDER BY number LIMIT ?",
            )?;
            let rows = statement.query_map(params![place, limit], |row| {
                Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?)))
            })?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let next = rows.last().map(|(number, _)| number.to_string());
            Ok(Turn { items: rows.into_iter().map(|(_, drawing)| drawing).collect(), next })
        })
        .await
    }

    async fn audit_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<AuditRow>> {
        let place = number(place)?;
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT number, at, entry FROM audit WHERE number > ? ORDER BY number LIMIT ?",
            )?;
            let rows = statement.query_map(params![place, limit], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, String>(2)?))
            })?;
            let (mut items, mut next) = (Vec::new(), None);
            for row in rows {
                let (number, at, entry) = row?;
                items.push(AuditRow {
                    at,
                    number: u64::try_from(number - 1).unwrap_or_default(),
                    entry: parsed(&entry)?,
                });
                next = Some(number.to_string());
            }
            Ok(Turn { items, next })
        })
        .await
    }

    async fn codes_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<CodeRecord>> {
        let place = place.unwrap_or_default().to_owned();
        self.reading(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT * FROM share_codes WHERE code > ? ORDER BY code LIMIT ?")?;
            let rows = statement.query_map(params![place, limit], shares::code_from_row)?;
            let items = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Turn { next: items.last().map(|code| code.code.to_string()), items })
        })
        .await
    }

    async fn cases_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Case>> {
        let place = place.unwrap_or_default().to_owned();
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT body FROM cases WHERE id > ? ORDER BY id LIMIT ?")?;
            let bodies = statement.query_map(params![place, limit], |row| row.get::<_, String>(0))?;
            let items = bodies.map(|body| parse(&body?, "a case")).collect::<StoreResult<Vec<Case>>>()?;
            Ok(Turn { next: items.last().map(|case| case.id.clone()), items })
        })
        .await
    }

    async fn reports_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<ShareReport>> {
        let (code, reporter) = place.and_then(|place| place.split_once(' ')).unwrap_or_default();
        let (code, reporter) = (code.to_owned(), reporter.to_owned());
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT body FROM share_reports WHERE (code, reporter) > (?, ?) ORDER BY code, reporter LIMIT ?",
            )?;
            let bodies = statement.query_map(params![code, reporter, limit], |row| row.get::<_, String>(0))?;
            let items =
                bodies.map(|body| parse(&body?, "a report")).collect::<StoreResult<Vec<ShareReport>>>()?;
            let next = items.last().map(|report| format!("{} {}", report.code, report.reporter));
            Ok(Turn { next, items })
        })
        .await
    }

    async fn evidence_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Evidence>> {
        let place = place.unwrap_or_default().to_owned();
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT * FROM evidence WHERE id > ? ORDER BY id LIMIT ?")?;
            let rows = statement.query_map(params![place, limit], reviews::evidence_from_row)?;
            let items = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Turn { next: items.last().map(|evidence| evidence.case.clone()), items })
        })
        .await
    }

    async fn put_share(&self, share: &Share) -> StoreResult<()> {
        let share = share.clone();
        self.writing(0, move |connection| {
            connection
                .prepare_cached("DELETE FROM shares WHERE user = ? AND drawing = ?")?
                .execute(params![share.owner, share.drawing])?;
            shares::add(connection, &share).map(drop)
        })
        .await
    }

    async fn put_case(&self, case: &Case) -> StoreResult<()> {
        let case = case.clone();
        self.writing(0, move |connection| {
            connection.prepare_cached("DELETE FROM cases WHERE id = ?")?.execute(params![case.id])?;
            reviews::add(connection, &case).map(drop)
        })
        .await
    }

    async fn miniprogram_codes_behind(
        &self,
        place: Option<&str>,
        limit: u32,
    ) -> StoreResult<Turn<MiniprogramCode>> {
        let place = number(place)?;
        self.reading(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT * FROM miniprogram_codes WHERE number > ? ORDER BY number LIMIT ?")?;
            let rows = statement.query_map(params![place, limit], |row| {
                Ok((row.get::<_, i64>("number")?, miniprogram_codes::from_row(row)?))
            })?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let next = rows.last().map(|(number, _)| number.to_string());
            Ok(Turn { items: rows.into_iter().map(|(_, code)| code).collect(), next })
        })
        .await
    }

    async fn members_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Member>> {
        let (user, code) = place.and_then(|place| place.split_once(' ')).unwrap_or_default();
        let (user, code) = (user.to_owned(), code.to_owned());
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT user, code, joined_at FROM room_members WHERE (user, code) > (?, ?)
                 ORDER BY user, code LIMIT ?",
            )?;
            let rows = statement.query_map(params![user, code, limit], |row| {
                Ok(Member { user: row.get(0)?, code: row.get(1)?, joined_at: row.get(2)? })
            })?;
            let items = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let next = items.last().map(|member| format!("{} {}", member.user, member.code));
            Ok(Turn { items, next })
        })
        .await
    }

    async fn orders_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Order>> {
        let place = place.unwrap_or_default().to_owned();
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT body FROM orders WHERE id > ? ORDER BY id LIMIT ?")?;
            let bodies = statement.query_map(params![place, limit], orders::body)?;
            let items = bodies.map(|body| parse(&body?, "an order")).collect::<StoreResult<Vec<Order>>>()?;
            Ok(Turn { next: items.last().map(|order| order.id.clone()), items })
        })
        .await
    }

    async fn put_order(&self, order: &Order, copy: Option<&OrderCopy>) -> StoreResult<()> {
        let (order, copy) = (order.clone(), copy.cloned());
        let bytes = copy.iter().flat_map(|copy| &copy.actions).map(Vec::len).sum();
        self.writing(bytes, move |connection| orders::put(connection, &order, copy.as_ref())).await
    }

    async fn put_user(&self, user: &UserRecord) -> StoreResult<()> {
        let user = user.clone();
        self.writing(0, move |connection| put_user(connection, &user)).await
    }

    async fn put_avatar(&self, user: &UserKey, id: &str, image: &[u8]) -> StoreResult<()> {
        let (user, id, image) = (user.clone(), id.to_owned(), image.to_vec());
        self.writing(image.len(), move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO avatars (user, id, image) VALUES (?, ?, ?)")?
                .execute(params![user, id, image])?;
            Ok(())
        })
        .await
    }

    async fn put_drawing(&self, user: &UserKey, drawing: &Stored) -> StoreResult<()> {
        let (user, drawing) = (user.clone(), drawing.clone());
        let bytes = drawing.actions.iter().map(Vec::len).sum();
        self.writing(bytes, move |connection| put_drawing(connection, &user, &drawing)).await
    }

    async fn put_audit(&self, row: &AuditRow) -> StoreResult<()> {
        let number = i64::try_from(row.number).unwrap_or(i64::MAX).saturating_add(1);
        let (at, entry) = (row.at, row.entry.clone());
        self.writing(0, move |connection| {
            let entry =
                serde_json::to_string(&entry).map_err(|error| StoreError::Refused(Box::new(error)))?;
            connection
                .prepare_cached(
                    "INSERT INTO audit (number, at, entry) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![number, at, entry])?;
            Ok(())
        })
        .await
    }
}

fn number(place: Option<&str>) -> StoreResult<i64> {
    let damaged = |_| StoreError::Damaged("a place of a move".to_owned());
    place.map_or(Ok(i64::MIN), |place| place.parse().map_err(damaged))
}

fn parsed(entry: &str) -> StoreResult<AuditEntry> {
    serde_json::from_str(entry)
        .map_err(|error| StoreError::Damaged(format!("an entry of the audit log: {error}")))
}

fn put_user(connection: &Connection, user: &UserRecord) -> StoreResult<()> {
    // Destructured exhaustively, so that a new field can't be forgotten.
    let UserRecord {
        key,
        public_id,
        nickname,
        phone,
        avatar,
        wechat_avatar,
        origin,
        unionid,
        created_at,
        erase_at,
        blocked_at,
    } = user;
    connection
        .prepare_cached(
            "INSERT INTO users
                (key, public_id, nickname, phone, avatar, wechat_avatar, origin, unionid, created_at, erase_at,
                 blocked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (key) DO UPDATE SET public_id = ?2, nickname = ?3, phone = ?4, avatar = ?5,
                wechat_avatar = ?6, origin = ?7, unionid = ?8, created_at = ?9, erase_at = ?10, blocked_at = ?11",
        )?
        .execute(params![
            key,
            public_id,
            nickname,
            phone,
            avatar,
            wechat_avatar,
            origin,
            unionid,
            created_at,
            erase_at,
            blocked_at
        ])?;
    Ok(())
}

fn put_drawing(connection: &Connection, user: &UserKey, stored: &Stored) -> StoreResult<()> {
    connection
        .prepare_cached("DELETE FROM drawings WHERE user = ? AND id = ?")?
        .execute(params![user, stored.header.id])?;
    let last_weapp = stored.actions.last().is_some_and(|last| codec::is_weapp(last));
    let mut drawing = Drawing { number: 0, header: stored.header.clone(), last_weapp };
    drawing.insert(connection, user)?;
    // Sets the columns that an insert leaves empty, such as the time of deletion.
    drawing.update_rest(connection)?;
    drawing.update_room(connection)?;
    drawing.insert_actions(connection, stored.since, stored.actions.iter().map(Vec::as_slice))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// Tables that a move copies; it leaves those whose loss costs only short-lived state.
    const MOVED: [&str; 17] = [
        "users",
        "avatars",
        "checks",
        "drawings",
        "actions",
        "audit",
        "sessions",
        "shares",
        "share_codes",
        "share_copies",
        "cases",
        "share_reports",
        "evidence",
        "miniprogram_codes",
        "room_members",
        "orders",
        "order_copies",
    ];
    const LEFT: [&str; 5] = ["usage", "totals", "codes", "leases", "notes"];

    #[test]
    fn no_table_is_forgotten() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .unwrap();
        let tables = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            let known = MOVED.contains(&table.as_str()) || LEFT.contains(&table.as_str());
            assert!(known, "{table}: have `Transfer` move it, or say here why not");
        }
    }
}
