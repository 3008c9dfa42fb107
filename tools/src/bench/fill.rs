//! Fills a store with sessions and drawings of many users: rows that a server has written, copied in bulk with other
//! names and times.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use mongodb::bson::{Bson, Document, doc};
use redis::pipe;
use rusqlite::Connection;
use serde_json::Value;

use super::site::Site;
use yibi_tests::Backend;

/// Number of drawings and of sessions of each user.
const EACH: u64 = 10;
/// Number of rows in a batch.
const TURN: u64 = 5_000;
/// Life of the sessions.
const LIFE: Duration = Duration::from_secs(6 * 3_600);

pub(super) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// The user of a row.
fn person(row: u64) -> String {
    format!("f{:09}", row / EACH)
}

/// A pseudo-random number below `below`.
fn mixed(row: u64, below: u64) -> u64 {
    row.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) % below
}

/// Fills the store of a server with sessions and drawings. The server stops meanwhile.
pub async fn fill(site: &mut Site, count: u64) -> Duration {
    let begun = Instant::now();
    assert_eq!(site.server.process().terminate(), Some(0));
    match site.backend {
        Backend::Embedded => sqlite(&site.server.data_dir().join("yibi.sqlite3"), count),
        Backend::Shared => {
            let setting = |name: &str| site.server.setting(name).unwrap().to_owned();
            mongo(&setting("STORE__MONGODB_URI"), &setting("STORE__MONGODB_DATABASE"), count).await;
            redis(&setting("STORE__REDIS_URL"), &setting("STORE__REDIS_PREFIX"), count).await;
        }
    }
    let took = begun.elapsed();
    site.start_again().await;
    took
}

/// All columns of a table, some replaced by an expression.
fn copied(connection: &Connection, table: &str, of: &str, changed: &[(&str, &str)]) -> String {
    let columns: Vec<String> = {
        let mut all = connection.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let columns: Vec<&String> = columns.iter().filter(|name| *name != "number").collect();
    let values: Vec<String> = columns
        .iter()
        .map(|name| {
            let own = changed.iter().find(|(column, _)| column == name);
            own.map_or_else(|| format!("t.{name}"), |(_, value)| (*value).to_owned())
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|name| name.as_str()).collect();
    format!(
        "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
         INSERT INTO {table} ({}) SELECT {} FROM n, (SELECT * FROM {table} WHERE {of} LIMIT 1) t",
        names.join(", "),
        values.join(", ")
    )
}

fn sqlite(file: &std::path::Path, count: u64) {
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = wal; PRAGMA synchronous = off; PRAGMA cache_size = -524288")
        .unwrap();
    // Like `mixed`, in SQL: spreads the values over the range.
    let mixed = |below: u64| format!("((i * 2654435761) % {below})");
    let app: String = connection
        .query_row("SELECT substr(key, 1, instr(key, '/')) FROM users", [], |row| row.get(0))
        .unwrap();
    let at = now();
    let key = |row: &str| format!("'{app}' || printf('f%09d', {row})");
    let users = copied(
        &connection,
        "users",
        "key LIKE '%/o-v1'",
        &[
            ("key", &key("i")),
            ("public_id", "printf('f%09d', i)"),
            ("nickname", &format!("printf('n%06d', {})", mixed(1_000_000))),
            ("created_at", &format!("{at} - i * 1000000")),
        ],
    );
    let of_row = key(&format!("(i / {EACH})"));
    let drawings = copied(
        &connection,
        "drawings",
        "user LIKE '%/o-v1' AND id = 'r1'",
        &[
            ("user", &of_row),
            ("id", &format!("'d' || (i % {EACH})")),
            ("bytes", &format!("t.bytes + {}", mixed(100_000))),
            ("created_at", &format!("{at} - {} * 1000", mixed(1_000_003))),
            ("updated_at", &format!("{at} - {} * 900", mixed(1_000_003))),
            ("first_saved_at", &format!("{at} - i")),
        ],
    );
    let seen = format!("({at} - {} * 7000)", mixed(1_000_003));
    let life = i64::try_from(LIFE.as_micros()).unwrap();
    let sessions = copied(&connection, "sessions", "user LIKE '%/o-v1'", &[
        ("id", "unhex(printf('%032x', i + 1))"),
        ("user", &of_row),
        (
            "value",
            &format!(
                "json_set(t.value, '$.id', printf('%032x', i + 1), '$.user', {of_row},
                    '$.public_id', printf('f%09d', i / {EACH}), '$.last_seen', {seen}, '$.created_at', {seen})"
            ),
        ),
        ("expires_at", &format!("{seen} + {life}")),
    ]);
    for (sql, count) in [(users, count / EACH), (drawings, count), (sessions, count)] {
        let mut from = 0;
        while from < count {
            let to = (from + 20 * TURN).min(count);
            connection.execute(&sql, [i64::try_from(from).unwrap(), i64::try_from(to).unwrap()]).unwrap();
            from = to;
        }
    }
    connection
        .execute_batch(
            "INSERT INTO actions SELECT (d.number << 32) | (a.place & 0xffffffff), a.blob FROM drawings d,
                (SELECT place, blob FROM actions JOIN drawings ON number = place >> 32
                 WHERE user LIKE '%/o-v1' AND id = 'r1') a WHERE d.id LIKE 'd%';
             PRAGMA wal_checkpoint(truncate); PRAGMA optimize",
        )
        .unwrap();
    // The measurements must not wait for a disk that is still busy.
    std::fs::File::open(file).unwrap().sync_all().unwrap();
}

async fn mongo(uri: &str, name: &str, count: u64) {
    let database = mongodb::Client::with_uri_str(uri).await.unwrap().database(name);
    let (users, drawings) =
        (database.collection::<Document>("users"), database.collection::<Document>("drawings"));
    let user = users.find_one(doc! {"_id": {"$regex": "/o-v1$"}}).await.unwrap().unwrap();
    let app = user.get_str("_id").unwrap().split('/').next().unwrap().to_owned();
    let drawing = drawings.find_one(doc! {"_id": {"$regex": "/o-v1/r1$"}}).await.unwrap().unwrap();
    let bytes = number(drawing.get("bytes"));
    let at = now();
    let many = |count: u64| (0..count).step_by(TURN as usize).map(move |from| from..(from + TURN).min(count));
    for rows in many(count / EACH) {
        let rows = rows.map(|row| {
            let id = person(row * EACH);
            let mut user = user.clone();
            user.insert("_id", format!("{app}/{id}"));
            user.insert("public_id", id);
            user.insert("nickname", format!("n{:06}", mixed(row, 1_000_000)));
            user.insert("created_at", at - row.cast_signed() * 1_000_000);
            user
        });
        users.insert_many(rows).ordered(false).await.unwrap();
    }
    for rows in many(count) {
        let rows = rows.map(|row| {
            let (key, id) = (format!("{app}/{}", person(row)), format!("d{}", row % EACH));
            let mut drawing = drawing.clone();
            drawing.insert("_id", format!("{key}/{id}"));
            drawing.insert("u", key);
            drawing.insert("id", id);
            drawing.insert("bytes", bytes + mixed(row, 100_000).cast_signed());
            drawing.insert("inc", row.cast_signed());
            for (field, step) in [("created_at", 1_000), ("updated_at", 900), ("first_saved_at", 1)] {
                drawing.insert(field, at - mixed(row, 1_000_003).cast_signed() * step);
            }
            drawing
        });
        drawings.insert_many(rows).ordered(false).await.unwrap();
    }
}

/// An integer of a document, 32 or 64 bits.
pub(super) fn number(value: Option<&Bson>) -> i64 {
    value.and_then(|value| value.as_i64().or_else(|| value.as_i32().map(i64::from))).unwrap()
}

async fn redis(url: &str, prefix: &str, count: u64) {
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let names: Vec<String> = redis::cmd("ZRANGEBYLEX")
        .arg(format!("{prefix}i:user"))
        .arg("-")
        .arg("+")
        .query_async(&mut connection)
        .await
        .unwrap();
    let name = names.iter().find(|name| name.contains("/o-v1/")).unwrap();
    let (user, id) = name.rsplit_once('/').unwrap();
    let app = user.split('/').next().unwrap();
    let text: String =
        redis::cmd("GET").arg(format!("{prefix}s:{id}")).query_async(&mut connection).await.unwrap();
    let mut session: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let (at, life) = (now(), i64::try_from(LIFE.as_micros()).unwrap());
    for from in (0..count).step_by(TURN as usize) {
        let mut write = pipe();
        let mut indexes = ["expiry", "use", "user"].map(|index| {
            let mut add = redis::cmd("ZADD");
            add.arg(format!("{prefix}i:{index}"));
            add
        });
        for row in from..(from + TURN).min(count) {
            let (user, public_id) = (format!("{app}/{}", person(row)), person(row));
            let id = HEXLOWER.encode(&(u128::from(row) + 1).to_be_bytes());
            let seen = at - mixed(row, 1_000_003).cast_signed() * 7_000;
            for (member, value) in [
                ("id", Value::from(id.as_str())),
                ("user", user.as_str().into()),
                ("public_id", public_id.into()),
                ("last_seen", seen.into()),
                ("created_at", seen.into()),
            ] {
                session.insert(member.to_owned(), value);
            }
            let ends = seen + life;
            let text = serde_json::to_string(&session).unwrap();
            write
                .cmd("SET")
                .arg(format!("{prefix}s:{id}"))
                .arg(text)
                .arg("PX")
                .arg((ends - at) / 1_000)
                .ignore();
            write.cmd("ZADD").arg(format!("{prefix}u:{{{user}}}:s")).arg(ends).arg(&id).ignore();
            let name = format!("{user}/{id}");
            for (index, score) in indexes.iter_mut().zip([ends, seen, 0]) {
                index.arg(score).arg(&name);
            }
        }
        for index in indexes {
            write.add_command(index).ignore();
        }
        write.query_async::<()>(&mut connection).await.unwrap();
    }
    // The same holds for Redis while it rewrites its log.
    loop {
        let about: String = redis::cmd("INFO").arg("persistence").query_async(&mut connection).await.unwrap();
        let busy = ["aof_rewrite_in_progress:1", "aof_rewrite_scheduled:1"];
        if !busy.iter().any(|line| about.contains(line)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
