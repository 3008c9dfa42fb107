//! Limits: the statements of the stores, executed without the server on data that a server has written.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, WriteConcern};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::fill::{now, number};
use super::limits::{Limit, Measured, options, rate};
use super::site::{DRAWINGS, Site};

/// The time limit of a MongoDB command in the store.
const MAX_TIME: Duration = Duration::from_secs(3);

/// Measures the statements on a copy of the embedded file.
pub fn sqlite(file: &Path, seconds: Duration, measured: &mut Measured) {
    let copy = file.with_extension("bare");
    std::fs::copy(file, &copy).unwrap();
    let connection = Connection::open(&copy).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA secure_delete = on;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192",
        )
        .unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    let drawings: Vec<(String, String)> = {
        let mut all =
            connection.prepare("SELECT user, id FROM drawings ORDER BY user, id LIMIT 2000").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let blob = |of: &str| -> Vec<u8> {
        let sql = format!(
            "SELECT blob FROM actions JOIN drawings ON number = place >> 32 WHERE id LIKE '{of}%' LIMIT 1"
        );
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let (saved, drawn) = (blob("p"), blob("r"));
    for (limit, of, blob, saves) in
        [(Limit::SaveStatements, "p", saved, true), (Limit::AppendStatements, "r", drawn, false)]
    {
        let of: Vec<_> = drawings.iter().filter(|(_, id)| id.starts_with(of)).collect();
        let (mut done, begun) = (0, Instant::now());
        while begun.elapsed() < seconds {
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            for _ in 0..64 {
                let (user, id) = of[done % of.len()];
                written(&connection, user, id, &blob, saves).unwrap();
                done += 1;
            }
            connection.execute_batch("COMMIT").unwrap();
        }
        measured.insert(limit, done as f64 / begun.elapsed().as_secs_f64());
    }
    drop(connection);
    for ending in ["bare", "bare-wal", "bare-shm"] {
        let _ = std::fs::remove_file(file.with_extension(ending));
    }
}

/// A write as the store makes it.
fn written(connection: &Connection, user: &str, id: &str, blob: &[u8], save: bool) -> rusqlite::Result<()> {
    let (number, seq, bytes): (i64, i64, i64) = connection
        .prepare_cached("SELECT * FROM drawings WHERE user = ? AND id = ?")?
        .query_row([user, id], |row| Ok((row.get("number")?, row.get("seq")?, row.get("bytes")?)))?;
    let length = i64::try_from(blob.len()).unwrap();
    let bytes = if save { length } else { bytes + length };
    connection
        .prepare_cached(
            "UPDATE drawings SET seq = ?, stroke_count = stroke_count, point_count = point_count, bytes = ?,
                updated_at = updated_at + 1 WHERE number = ?",
        )?
        .execute(params![seq + 1, bytes, number])?;
    if save {
        connection
            .prepare_cached("UPDATE drawings SET base = ?, updated_at = updated_at + 1 WHERE number = ?")?
            .execute(params![seq, number])?;
        connection
            .prepare_cached("DELETE FROM actions WHERE place >= ?1 << 32 AND place < (?1 << 32 | ?2)")?
            .execute(params![number, seq])?;
    }
    connection
        .prepare_cached("INSERT INTO actions (place, blob) VALUES (?1 << 32 | ?2, ?3)")?
        .execute(params![number, seq, blob])?;
    Ok(())
}

/// Measures the commands on the shared database while the server is idle. Each connection changes the drawings of one
/// user.
pub async fn mongodb(site: &Site, seconds: Duration, measured: &mut Measured) {
    let setting = |name: &str| site.server.setting(name).unwrap();
    let mut options = options(setting("STORE__MONGODB_URI")).await;
    options.write_concern =
        Some(WriteConcern::builder().w(Acknowledgment::Majority).w_timeout(MAX_TIME).build());
    let database =
        mongodb::Client::with_options(options).unwrap().database(setting("STORE__MONGODB_DATABASE"));
    let drawings = database.collection::<Document>("drawings");
    let all = drawings.clone();
    let lists = rate(seconds, move |connection, _| {
        let all = all.clone();
        async move {
            let found = all
                .find(doc! {"u": format!("nobody{connection}"), "state": "live"})
                .projection(doc! {"tail": {"$slice": -1}})
                .sort(doc! {"first_saved_at": -1, "id": -1})
                .limit(200)
                .batch_size(200)
                .max_time(MAX_TIME);
            assert!(found.await.unwrap().try_next().await.unwrap().is_none());
        }
    });
    measured.insert(Limit::ListCommand, lists.await);

    let user = format!("{}/o-w", setting("WECHAT__APP_ID"));
    let pictures = drawings.find(doc! {"u": format!("{user}0"), "state": "live"});
    let pictures = pictures
        .projection(doc! {"_id": 0, "tail": 1, "tail_size": 1, "strokes": 1, "points": 1, "bytes": 1})
        .await
        .unwrap();
    let pictures: Arc<Vec<Document>> = Arc::new(pictures.try_collect().await.unwrap());
    let saves = rate(seconds, move |connection, number| {
        let number = usize::try_from(number).unwrap();
        // Each save has another picture than the stored one.
        let picture = pictures[(number + number / DRAWINGS) % pictures.len()].clone();
        save(drawings.clone(), format!("{user}{connection}"), number % DRAWINGS, picture)
    });
    measured.insert(Limit::SaveCommands, saves.await);
}

/// Overwrites a drawing with another picture.
async fn save(drawings: Collection<Document>, user: String, drawing: usize, picture: Document) {
    let key = format!("{user}/p{drawing}");
    let found = drawings.find_one(doc! {"_id": &key, "u": &user}).max_time(MAX_TIME).await.unwrap().unwrap();
    let field = |name: &str| found.get(name).unwrap().clone();
    let unchanged =
        doc! {"_id": &key, "u": &user, "inc": field("inc"), "seq": field("seq"), "state": field("state")};
    let seq = number(found.get("seq"));
    let mut set = picture;
    set.extend(doc! {
        "seq": seq + 1,
        "base": seq,
        "updated_at": now(),
        "last_weapp": true,
        "tail_from": seq,
    });
    let changed = drawings
        .find_one_and_update(unchanged, doc! {"$set": set})
        .projection(doc! {"_id": 1})
        .max_time(MAX_TIME);
    assert!(changed.await.unwrap().is_some());
}
