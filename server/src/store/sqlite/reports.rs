//! Reports, in SQL: each page follows one index.

use rusqlite::{Connection, Row, params};
use yibi_common::admin::{AuditEntry, DrawingOrder, SessionOrder};

use super::rows::{Drawing, drawing_columns};
use super::{SqliteStore, sessions, users};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::report::{
    Collector, DrawingPage, Place, Rows, SessionPage, Texts, UserPage, UsersBy, sorted_by,
};
use crate::domain::session::{SessionId, StoredSession};
use crate::domain::user::{UserKey, UserRecord};
use crate::store::{Reports, SessionReports, StoreError, StoreResult};

/// Minimum and maximum of all ids.
const ENDS: ([u8; 16], [u8; 16]) = ([0; 16], [255; 16]);

const BY_EXPIRY: [&str; 2] = [
    "SELECT id, value, expires_at FROM sessions WHERE (expires_at, id) > (?1, ?2) AND expires_at < ?3
     ORDER BY expires_at, id",
    "SELECT id, value, expires_at FROM sessions WHERE (expires_at, id) < (?1, ?2) AND expires_at > ?3
     ORDER BY expires_at DESC, id DESC",
];

const BY_USE: [&str; 2] = [
    "SELECT id, value, expires_at FROM sessions WHERE (last_seen, id) < (?1, ?2) AND last_seen >= ?3
     AND expires_at > ?4 ORDER BY last_seen DESC, id DESC",
    "SELECT id, value, expires_at FROM sessions WHERE (last_seen, id) > (?1, ?2) AND last_seen <= ?3
     AND expires_at > ?4 ORDER BY last_seen, id",
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

/// Drawings sorted by a column, from either end: first the rows with the position's value after its number,
/// then the rows beyond that value. In a single condition, SQLite would not look the number up in the index
/// but compare it in every row of the value.
macro_rules! drawings_by {
    ($column:literal) => {
        [
            [
                concat!(
                    "SELECT ",
                    drawing_columns!(),
                    ", user FROM drawings WHERE ",
                    $column,
                    " = ?1 AND number < ?2 ORDER BY number DESC"
                ),
                drawings_by!($column, "<", ">=", " DESC"),
            ],
            [
                concat!(
                    "SELECT ",
                    drawing_columns!(),
                    ", user FROM drawings WHERE ",
                    $column,
                    " = ?1 AND number > ?2 ORDER BY number"
                ),
                drawings_by!($column, ">", "<", ""),
            ],
        ]
    };
    ($column:literal, $beyond:literal, $within:literal, $down:literal) => {
        concat!(
            "SELECT ",
            drawing_columns!(),
            ", user FROM drawings WHERE ",
            $column,
            " ",
            $beyond,
            " ?1 AND ",
            $column,
            " ",
            $within,
            " ?2 ORDER BY ",
            $column,
            $down,
            ", number",
            $down
        )
    };
}

const DRAWINGS_BY_CHANGE: [[&str; 2]; 2] = drawings_by!("updated_at");
const DRAWINGS_BY_CREATION: [[&str; 2]; 2] = drawings_by!("created_at");
const DRAWINGS_BY_SIZE: [[&str; 2]; 2] = drawings_by!("bytes");

const AUDIT: &str = "SELECT number, entry FROM audit WHERE number < ? ORDER BY number DESC";

/// Expired rows that are not removed yet.
const EXPIRED: &str = "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE expires_at <= ? LIMIT ?)";

const USED_SINCE: &str = "SELECT count(*) FROM
    (SELECT 1 FROM sessions WHERE last_seen >= ? LIMIT ?)";

/// Limit up to which an estimate counts rows.
const COUNTED: u32 = 20_000;

/// Sorts after every text.
const LAST: &str = "\u{10ffff}";

impl Reports for SqliteStore {
    async fn user_page(&self, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
        let page = page.clone();
        self.reading(move |connection| user_page(connection, &page)).await
    }

    async fn drawing_page(&self, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
        let page = page.clone();
        self.reading(move |connection| drawing_page(connection, &page)).await
    }

    async fn estimates(&self) -> StoreResult<(u64, u64)> {
        self.reading(|connection| Ok((total(connection, "users")?, total(connection, "drawings")?))).await
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
            let mut statement = connection.prepare_cached(AUDIT)?;
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

impl SessionReports for SqliteStore {
    async fn session_page(&self, page: &SessionPage) -> StoreResult<Rows<(StoredSession, Micros)>> {
        let page = page.clone();
        self.reading(move |connection| session_page(connection, &page, Micros::now())).await
    }

    async fn session_estimates(&self, since: Micros) -> StoreResult<(u64, u64)> {
        let now = Micros::now();
        self.reading(move |connection| {
            let count = |sql: &str, at: Micros| -> StoreResult<u64> {
                let count: i64 =
                    connection.prepare_cached(sql)?.query_row(params![at, COUNTED], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            };
            let living = total(connection, "sessions")?.saturating_sub(count(EXPIRED, now)?);
            Ok((living, count(USED_SINCE, since)?))
        })
        .await
    }
}

/// Number of rows of a table, which triggers maintain.
fn total(connection: &Connection, name: &str) -> StoreResult<u64> {
    let total: i64 = connection
        .prepare_cached("SELECT value FROM totals WHERE name = ?")?
        .query_row([name], |row| row.get(0))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// Selects the statement for a direction.
fn from_end<T>(statements: [T; 2], reverse: bool) -> T {
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
    // The orders start at opposite ends: expiry at the earliest, last use at the latest.
    let down = reverse != (order == SessionOrder::LastSeen);
    let bound = page.filter.bound(order);
    let (value, id) = match after {
        Some(after) => (after.value, id_of(after, order)?.0),
        None if down => (i64::MAX, ENDS.1),
        None => (i64::MIN, ENDS.0),
    };
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
        // Only the bound at the page's start is passed: with both bounds, SQLite may choose the wrong one.
        SessionOrder::Expiry if down => {
            let below = bound.map_or((i64::MAX, ENDS.1), |bound| (bound.0, ENDS.0));
            let (value, id) = (value, id).min(below);
            statement.query(params![value, id, now])?
        }
        SessionOrder::Expiry => {
            let (value, id) = (value, id).max((now.0, ENDS.1));
            statement.query(params![value, id, bound.unwrap_or(Micros(i64::MAX))])?
        }
        SessionOrder::LastSeen if down => {
            statement.query(params![value, id, bound.unwrap_or(Micros(i64::MIN)), now])?
        }
        SessionOrder::LastSeen => {
            let from = bound.map_or((i64::MIN, ENDS.0), |bound| (bound.0, ENDS.0));
            let (value, id) = (value, id).max(from);
            statement.query(params![value, id, i64::MAX, now])?
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
            // The position is the nickname followed by the key, which contains no line feed.
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
    let statements = match page.order {
        DrawingOrder::Updated => DRAWINGS_BY_CHANGE,
        DrawingOrder::Created => DRAWINGS_BY_CREATION,
        DrawingOrder::Size => DRAWINGS_BY_SIZE,
    };
    let (from, below) = match page.order {
        DrawingOrder::Size => (i64::MIN, i64::MAX),
        DrawingOrder::Updated | DrawingOrder::Created => (
            page.filter.since.map_or(i64::MIN, |since| since.0),
            page.filter.until.map_or(i64::MAX, |until| until.0),
        ),
    };
    let [same, beyond] = from_end(statements, page.reverse);
    let mut collector = Collector::new(page.limit);
    let mut begin = if page.reverse { from.saturating_sub(1) } else { below };
    if let Some(after) = &page.after {
        let number: i64 =
            after.name.parse().map_err(|_| StoreError::Refused("a place that is none".into()))?;
        if let Some(next) = collect(connection, same, [after.value, number], page, &mut collector)? {
            return Ok(collector.end(Some(next)));
        }
        begin = after.value;
    }
    let end = if page.reverse { below } else { from };
    let next = collect(connection, beyond, [begin, end], page, &mut collector)?;
    Ok(collector.end(next))
}

/// Adds a statement's rows to a page. Returns the end of the page, if it is full.
fn collect(
    connection: &Connection,
    sql: &str,
    parameters: [i64; 2],
    page: &DrawingPage,
    collector: &mut Collector<(UserKey, Header)>,
) -> StoreResult<Option<Place>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        let Drawing { number, header, .. } = Drawing::from_row(row)?;
        let place = Place { value: sorted_by(&header, page.order), name: number.to_string() };
        let taken = page.filter.takes(&header, page.order);
        let user: UserKey = row.get("user")?;
        if collector.take(taken.then_some((user, header))) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use rusqlite::params_from_iter;
    use rusqlite::types::Value;

    use super::super::schema::migrate;
    use super::*;

    /// All statements of operators' pages and estimates, each with the expected index condition.
    fn statements() -> Vec<(&'static str, &'static str)> {
        let both = |[a, b]: [&'static str; 2], of_a, of_b| vec![(a, of_a), (b, of_b)];
        let by = |[[a, b], [c, d]]: [[&'static str; 2]; 2], same: [&'static str; 2], beyond| {
            vec![(a, same[0]), (b, beyond), (c, same[1]), (d, beyond)]
        };
        [
            both(BY_EXPIRY, "(expires_at,id)>(?,?)", "(expires_at,id)<(?,?)"),
            both(BY_USE, "(last_seen,id)<(?,?)", "(last_seen,id)>(?,?)"),
            both(BY_OPENID, "(user,id)>(?,?)", "(user,id)<(?,?)"),
            both(USERS_BY_CREATION, "(created_at,key)<(?,?)", "(created_at,key)>(?,?)"),
            both(USERS_BY_NICKNAME, "(nickname,key)>(?,?)", "(nickname,key)<(?,?)"),
            both(USERS_BY_KEY, "(key>? AND key<?)", "(key>? AND key<?)"),
            by(
                DRAWINGS_BY_CHANGE,
                ["(updated_at=? AND rowid<?)", "(updated_at=? AND rowid>?)"],
                "(updated_at>? AND updated_at<?)",
            ),
            by(
                DRAWINGS_BY_CREATION,
                ["(created_at=? AND rowid<?)", "(created_at=? AND rowid>?)"],
                "(created_at>? AND created_at<?)",
            ),
            by(DRAWINGS_BY_SIZE, ["(bytes=? AND rowid<?)", "(bytes=? AND rowid>?)"], "(bytes>? AND bytes<?)"),
            vec![(AUDIT, "(rowid<?)"), (EXPIRED, "(expires_at<?)"), (USED_SINCE, "(last_seen>?)")],
        ]
        .concat()
    }

    #[test]
    fn every_page_follows_its_index_and_sorts_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        for (sql, looked_up) in statements() {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            // The parameters' values do not change the plan.
            let parameters = vec![Value::Integer(0); explained.parameter_count()];
            let rows =
                explained.query_map(params_from_iter(parameters), |row| row.get::<_, String>("detail"));
            let plan: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
            let searches = plan.iter().any(|step| step.starts_with("SEARCH") && step.contains(looked_up));
            let scans = |step: &String| step.starts_with("SCAN ") && !step.contains("subquery");
            let sorts = |step: &String| step.contains("TEMP B-TREE");
            assert!(searches && !plan.iter().any(scans) && !plan.iter().any(sorts), "{sql}\n{plan:#?}");
        }
    }

    #[test]
    fn totals_follow_every_change() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let run = |sql: &str| connection.execute_batch(sql).unwrap();
        let totals = || ["users", "drawings", "sessions"].map(|name| total(&connection, name).unwrap());
        assert_eq!(totals(), [0, 0, 0]);
        run("INSERT INTO users (key, public_id, created_at) VALUES ('a', 'a', 1), ('b', 'b', 1)");
        for id in ["1", "2", "3"] {
            run(&format!(
                "INSERT INTO drawings (user, id, title, width, height, mode, base, seq, all_weapp, last_weapp,
                    stroke_count, point_count, bytes, created_at, updated_at, first_saved_at)
                 VALUES ('a', '{id}', '', 1, 1, 'free', 0, 0, 0, 0, 0, 0, 0, 1, 1, 1)"
            ));
        }
        run("INSERT INTO sessions (id, user, value, expires_at) VALUES (x'00', 'a', '{}', 1)");
        assert_eq!(totals(), [2, 3, 1]);
        run("DELETE FROM users WHERE key = 'a'; DELETE FROM drawings WHERE id < '3'; DELETE FROM sessions");
        assert_eq!(totals(), [1, 1, 0]);
    }
}
