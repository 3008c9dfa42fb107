//! [`GalleryAdmin`] and [`SessionsAdmin`] in SQL: each page follows one index.

use rusqlite::{Connection, Row, params};
use yibi_common::admin::{AuditEntry, DrawingOrder, SessionOrder};

use super::rows::Drawing;
use super::{SqliteStore, sessions, users};
use crate::clock::Micros;
use crate::store::admin::{
    Collector, DrawingPage, GalleryAdmin, Place, Rows, SessionPage, SessionsAdmin, Texts, UserPage, UsersBy,
    sorted_by,
};
use crate::store::gallery::{Header, UserRecord};
use crate::store::sessions::{SessionId, StoredSession};
use crate::store::{StoreError, StoreResult};
use crate::user::UserKey;

/// Ids that no one has, before and behind all others.
const ENDS: ([u8; 16], [u8; 16]) = ([0; 16], [255; 16]);

const BY_EXPIRY: [&str; 2] = [
    "SELECT id, value, expires_at FROM sessions WHERE (expires_at, id) > (?1, ?2)
     AND expires_at > ?3 AND expires_at < ?4 ORDER BY expires_at, id",
    "SELECT id, value, expires_at FROM sessions WHERE (expires_at, id) < (?1, ?2)
     AND expires_at > ?3 AND expires_at < ?4 ORDER BY expires_at DESC, id DESC",
];

const BY_USE: [&str; 2] = [
    "SELECT id, value, expires_at FROM sessions WHERE (json_extract(value, '$.last_seen'), id) < (?1, ?2)
     AND json_extract(value, '$.last_seen') >= ?3 AND expires_at > ?4
     ORDER BY json_extract(value, '$.last_seen') DESC, id DESC",
    "SELECT id, value, expires_at FROM sessions WHERE (json_extract(value, '$.last_seen'), id) > (?1, ?2)
     AND json_extract(value, '$.last_seen') >= ?3 AND expires_at > ?4
     ORDER BY json_extract(value, '$.last_seen'), id",
];

const BY_OPENID: [&str; 2] = [
    "SELECT id, value, expires_at FROM sessions WHERE (user, id) > (?1, ?2) AND expires_at > ?3
     AND user < ?4 ORDER BY user, id",
    "SELECT id, value, expires_at FROM sessions WHERE (user, id) < (?1, ?2) AND expires_at > ?3
     AND user >= ?4 ORDER BY user DESC, id DESC",
];

const USERS_BY_CREATION: [&str; 2] = [
    "SELECT * FROM users WHERE (created_at, key) < (?1, ?2) ORDER BY created_at DESC, key DESC",
    "SELECT * FROM users WHERE (created_at, key) > (?1, ?2) ORDER BY created_at, key",
];

const USERS_BY_NICKNAME: [&str; 2] = [
    "SELECT * FROM users WHERE (nickname, key) > (?1, ?2) AND nickname < ?3 ORDER BY nickname, key",
    "SELECT * FROM users WHERE (nickname, key) < (?1, ?2) AND nickname >= ?3
     ORDER BY nickname DESC, key DESC",
];

const USERS_BY_KEY: [&str; 2] = [
    "SELECT * FROM users WHERE key >= ?1 AND key < ?2 ORDER BY key",
    "SELECT * FROM users WHERE key < ?1 AND key >= ?2 ORDER BY key DESC",
];

/// Behind every text.
const LAST: &str = "\u{10ffff}";

impl GalleryAdmin for SqliteStore {
    async fn user_page(&self, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
        let page = page.clone();
        self.reading(move |connection| user_page(connection, &page)).await
    }

    async fn users(&self, keys: &[UserKey]) -> StoreResult<Vec<UserRecord>> {
        let keys = keys.to_vec();
        self.reading(move |connection| {
            let mut found = Vec::new();
            for key in keys {
                found.extend(users::user(connection, &key)?);
            }
            Ok(found)
        })
        .await
    }

    async fn users_of_person(&self, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
        let unionid = unionid.to_owned();
        self.reading(move |connection| users::of_person(connection, &unionid, limit)).await
    }

    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.writing(0, move |connection| users::set_blocked(connection, &user, since)).await
    }

    async fn drawing_page(&self, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
        let page = page.clone();
        self.reading(move |connection| drawing_page(connection, &page)).await
    }

    async fn estimates(&self) -> StoreResult<(u64, u64)> {
        self.reading(|connection| {
            let count = |sql: &str| -> StoreResult<u64> {
                let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            };
            Ok((count("SELECT count(*) FROM users")?, count("SELECT count(*) FROM drawings")?))
        })
        .await
    }

    async fn audit(&self, at: Micros, entry: &AuditEntry) -> StoreResult<()> {
        let text = serde_json::to_string(entry).map_err(|error| StoreError::Refused(Box::new(error)))?;
        self.writing(text.len(), move |connection| {
            connection
                .prepare_cached("INSERT INTO audit (at, entry) VALUES (?, ?)")?
                .execute(params![at, text])?;
            Ok(())
        })
        .await
    }

    async fn audit_page(&self, after: Option<&Place>, limit: u32) -> StoreResult<Rows<AuditEntry>> {
        let after = after.map_or(i64::MAX, |after| after.value);
        self.reading(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT number, entry FROM audit WHERE number < ? ORDER BY number DESC")?;
            let mut found = statement.query([after])?;
            let mut page = Collector::new(limit);
            while let Some(row) = found.next()? {
                let (number, text): (i64, String) = (row.get(0)?, row.get(1)?);
                let entry = serde_json::from_str(&text)
                    .map_err(|error| StoreError::Damaged(format!("the audit log: {error}")))?;
                if page.take(Some(entry)) {
                    return Ok(page.end(Some(Place { value: number, name: String::new() })));
                }
            }
            Ok(page.end(None))
        })
        .await
    }
}

impl SessionsAdmin for SqliteStore {
    async fn session_page(&self, page: &SessionPage) -> StoreResult<Rows<(StoredSession, Micros)>> {
        let page = page.clone();
        self.reading(move |connection| session_page(connection, &page, Micros::now())).await
    }

    async fn session_estimates(&self, since: Micros) -> StoreResult<(u64, u64)> {
        let now = Micros::now();
        self.reading(move |connection| {
            let count = |sql: &str, from: Micros| -> StoreResult<u64> {
                let count: i64 = connection.prepare_cached(sql)?.query_row([from], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            };
            Ok((
                count("SELECT count(*) FROM sessions WHERE expires_at > ?", now)?,
                count("SELECT count(*) FROM sessions WHERE json_extract(value, '$.last_seen') >= ?", since)?,
            ))
        })
        .await
    }
}

/// The statement for that end.
fn from_end(statements: [&'static str; 2], reverse: bool) -> &'static str {
    let [forward, backward] = statements;
    if reverse { backward } else { forward }
}

fn session_page(
    connection: &Connection,
    page: &SessionPage,
    now: Micros,
) -> StoreResult<Rows<(StoredSession, Micros)>> {
    let after = page.after.as_ref();
    let (order, reverse) = (page.order, page.reverse);
    // The orders begin at opposite ends: what ends next, and what was used last.
    let down = reverse != (order == SessionOrder::LastSeen);
    let value = after.map_or(if down { i64::MAX } else { i64::MIN }, |after| after.value);
    let id = match after {
        Some(after) => id_of(after, order)?.0,
        None if down => ENDS.1,
        None => ENDS.0,
    };
    let bound = page.filter.bound(order);
    let read = |row: &Row<'_>| -> rusqlite::Result<([u8; 16], String, Micros)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    };
    let mut collector = Collector::new(page.limit);
    let sql = match order {
        SessionOrder::Expiry => from_end(BY_EXPIRY, reverse),
        SessionOrder::LastSeen => from_end(BY_USE, reverse),
        SessionOrder::Openid => from_end(BY_OPENID, reverse),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = match order {
        SessionOrder::Expiry => {
            statement.query(params![value, id, now, bound.unwrap_or(Micros(i64::MAX))])?
        }
        SessionOrder::LastSeen => {
            statement.query(params![value, id, bound.unwrap_or(Micros(i64::MIN)), now])?
        }
        SessionOrder::Openid => {
            let range = page.users.as_ref().map_or(("", LAST), |users| (&users.from, &users.below));
            let (begin, end) = if down { (range.1, range.0) } else { range };
            let user = after.and_then(|after| after.name.rsplit_once('/')).map(|(user, _)| user);
            statement.query(params![user.unwrap_or(begin), id, now, end])?
        }
    };
    while let Some(row) = rows.next()? {
        let (id, text, expires_at) = read(row)?;
        let session = sessions::decode(&text)?;
        let place = match order {
            SessionOrder::Expiry => Place { value: expires_at.0, name: SessionId(id).to_string() },
            SessionOrder::LastSeen => Place { value: session.last_seen.0, name: SessionId(id).to_string() },
            SessionOrder::Openid => Place { value: 0, name: format!("{}/{}", session.user, SessionId(id)) },
        };
        let taken = page.filter.takes(&session, expires_at);
        if collector.take(taken.then_some((session, expires_at))) {
            return Ok(collector.end(Some(place)));
        }
    }
    Ok(collector.end(None))
}

fn id_of(place: &Place, order: SessionOrder) -> StoreResult<SessionId> {
    let name = match order {
        SessionOrder::Openid => place.name.rsplit_once('/').map_or("", |(_, id)| id),
        SessionOrder::Expiry | SessionOrder::LastSeen => &place.name,
    };
    SessionId::parse(name).ok_or_else(|| StoreError::Refused("a place that is none".into()))
}

fn user_page(connection: &Connection, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
    let after = page.after.as_ref();
    let reverse = page.reverse;
    let mut collector = Collector::new(page.limit);
    let mut statement;
    let mut rows = match &page.by {
        UsersBy::Creation => {
            statement = connection.prepare_cached(from_end(USERS_BY_CREATION, reverse))?;
            let ends = if reverse { (i64::MIN, "") } else { (i64::MAX, LAST) };
            let (value, key) = after.map_or(ends, |after| (after.value, after.name.as_str()));
            statement.query(params![value, key])?
        }
        UsersBy::Nickname(Texts { from, below }) => {
            statement = connection.prepare_cached(from_end(USERS_BY_NICKNAME, reverse))?;
            // The nickname stands before the key, which has no line feed.
            let place = after.and_then(|after| after.name.rsplit_once('\n'));
            let (nickname, key) = place.unwrap_or(if reverse { (below, "") } else { (from, "") });
            statement.query(params![nickname, key, if reverse { from } else { below }])?
        }
        UsersBy::Key(Texts { from, below }) => {
            statement = connection.prepare_cached(from_end(USERS_BY_KEY, reverse))?;
            let begin = after.map(|after| after.name.as_str());
            let begin = begin.unwrap_or(if reverse { below } else { from });
            statement.query(params![begin, if reverse { from } else { below }])?
        }
    };
    while let Some(row) = rows.next()? {
        let user = users::from_row(row)?;
        if matches!(page.by, UsersBy::Key(_)) && after.is_some_and(|after| after.name == user.key.as_str()) {
            continue;
        }
        let place = match &page.by {
            UsersBy::Creation => Place { value: user.created_at.0, name: user.key.to_string() },
            UsersBy::Nickname(_) => Place { value: 0, name: format!("{}\n{}", user.nickname, user.key) },
            UsersBy::Key(_) => Place { value: 0, name: user.key.to_string() },
        };
        let taken = page.blocked.is_none_or(|blocked| user.blocked_at.is_some() == blocked);
        if collector.take(taken.then_some(user)) {
            return Ok(collector.end(Some(place)));
        }
    }
    Ok(collector.end(None))
}

fn drawing_page(connection: &Connection, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
    macro_rules! statements {
        ($column:literal) => {
            [
                concat!(
                    "SELECT * FROM drawings WHERE (",
                    $column,
                    ", number) < (?1, ?2)",
                    " AND ",
                    $column,
                    " >= ?3 AND ",
                    $column,
                    " < ?4",
                    " ORDER BY ",
                    $column,
                    " DESC, number DESC"
                ),
                concat!(
                    "SELECT * FROM drawings WHERE (",
                    $column,
                    ", number) > (?1, ?2)",
                    " AND ",
                    $column,
                    " >= ?3 AND ",
                    $column,
                    " < ?4",
                    " ORDER BY ",
                    $column,
                    ", number"
                ),
            ]
        };
    }
    let statements = match page.order {
        DrawingOrder::Updated => statements!("updated_at"),
        DrawingOrder::Created => statements!("created_at"),
        DrawingOrder::Size => statements!("bytes"),
    };
    let ends = if page.reverse { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) };
    let (value, number) = match &page.after {
        Some(after) => {
            let number =
                after.name.parse().map_err(|_| StoreError::Refused("a place that is none".into()))?;
            (after.value, number)
        }
        None => ends,
    };
    let all = (i64::MIN, i64::MAX);
    let (from, below) = match page.order {
        DrawingOrder::Size => all,
        DrawingOrder::Updated | DrawingOrder::Created => (
            page.filter.since.map_or(all.0, |since| since.0),
            page.filter.until.map_or(all.1, |until| until.0),
        ),
    };
    let mut statement = connection.prepare_cached(from_end(statements, page.reverse))?;
    let mut rows = statement.query(params![value, number, from, below])?;
    let mut collector = Collector::new(page.limit);
    while let Some(row) = rows.next()? {
        let Drawing { number, header, .. } = Drawing::from_row(row)?;
        let place = Place { value: sorted_by(&header, page.order), name: number.to_string() };
        let taken = page.filter.takes(&header, page.order);
        let user: UserKey = row.get("user")?;
        if collector.take(taken.then_some((user, header))) {
            return Ok(collector.end(Some(place)));
        }
    }
    Ok(collector.end(None))
}
