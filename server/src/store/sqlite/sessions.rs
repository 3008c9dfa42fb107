//! Sessions, leases and notes, in SQL. Expired rows are ignored, and other writes sweep them out.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::{Instant, timeout_at};

use super::SqliteStore;
use crate::domain::clock::Micros;
use crate::domain::session::{CodeOutcome, CodeState, SecretHash, SessionId, StoredSession};
use crate::domain::user::UserKey;
use crate::store::{Leases, OPERATION_DEADLINE, Sessions, StoreError, StoreResult};

/// A session's expiry is written only if it moves by at least this time, or by this fraction of the idle
/// time.
const SLIDE_STEP: Duration = Duration::from_secs(60);
const SLIDE_PART: u32 = 20;
/// Expired rows that each write removes per table: more than it adds, so that they never accumulate.
const SWEPT_AT_ONCE: u32 = 4;

impl Sessions for SqliteStore {
    async fn ping(&self) -> StoreResult<()> {
        self.sign_of_life().await
    }

    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> StoreResult<CodeState> {
        let holder = holder.to_owned();
        self.sweeping(move |connection, now| claim_code(connection, code, &holder, now, now.plus(lease)))
            .await
    }

    async fn settle_code(&self, code: SecretHash, outcome: &CodeOutcome, keep: Duration) -> StoreResult<()> {
        let (session, refusal) = match outcome {
            CodeOutcome::Session(id) => (Some(id.0), None),
            CodeOutcome::Refused(text) => (None, Some(text.clone())),
        };
        self.sweeping(move |connection, now| {
            connection
                .prepare_cached(
                    "REPLACE INTO codes (hash, session, refusal, expires_at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![code.0, session, refusal, now.plus(keep)])?;
            Ok(())
        })
        .await
    }

    async fn release_code(&self, code: SecretHash, holder: &str) -> StoreResult<()> {
        let holder = holder.to_owned();
        self.sweeping(move |connection, _| {
            connection
                .prepare_cached("DELETE FROM codes WHERE hash = ? AND holder = ?")?
                .execute(params![code.0, holder])?;
            Ok(())
        })
        .await
    }

    async fn create(&self, mut session: StoredSession, idle: Duration) -> StoreResult<StoredSession> {
        self.sweeping(move |connection, now| {
            // A user's sessions are removed in one transaction, so no epoch is needed.
            session.epoch = 0;
            // REPLACE would remove the old row without running the triggers.
            connection
                .prepare_cached(
                    "INSERT INTO sessions (id, user, value, expires_at) VALUES (?, ?, ?, ?)
                     ON CONFLICT (id) DO UPDATE SET user = excluded.user, value = excluded.value,
                        expires_at = excluded.expires_at",
                )?
                .execute(params![
                    session.id.0,
                    session.user,
                    encode(&session)?,
                    expiry(&session, now, idle)
                ])?;
            Ok(session)
        })
        .await
    }

    async fn read(
        &self,
        id: SessionId,
        _user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> StoreResult<Option<StoredSession>> {
        let (now, deadline) = (Micros::now(), Instant::now() + OPERATION_DEADLINE);
        let found = self.reading(move |connection| find(connection, id, now)).await?;
        let Some((session, expires_at)) = found else { return Ok(None) };
        if let Some(idle) = slide {
            let moved = expiry(&session, now, idle);
            if moved >= expires_at.plus(SLIDE_STEP.min(idle / SLIDE_PART)) {
                // A session whose expiry can't be written stays valid until its former expiry.
                let slid = timeout_at(deadline, self.slide(id, moved)).await;
                if let Err(error) = slid.unwrap_or_else(|late| Err(StoreError::Unavailable(Box::new(late)))) {
                    tracing::warn!(%error, "a session's expiry was not moved");
                }
            }
        }
        Ok(Some(session))
    }

    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> StoreResult<bool> {
        let (old, new) = (old.clone(), new.clone());
        self.sweeping(move |connection, now| {
            let living = find(connection, old.id, now)?.is_some_and(|(session, _)| session == old);
            if living {
                connection
                    .prepare_cached("UPDATE sessions SET value = ?, expires_at = ? WHERE id = ?")?
                    .execute(params![encode(&new)?, expiry(&new, now, idle), old.id.0])?;
            }
            Ok(living)
        })
        .await
    }

    async fn remove(&self, user: &UserKey, id: SessionId) -> StoreResult<bool> {
        let user = user.clone();
        self.sweeping(move |connection, now| {
            let living = find(connection, id, now)?.is_some_and(|(session, _)| session.user == user);
            if living {
                connection.prepare_cached("DELETE FROM sessions WHERE id = ?")?.execute(params![id.0])?;
            }
            Ok(living)
        })
        .await
    }

    async fn of_user(&self, user: &UserKey) -> StoreResult<Vec<(StoredSession, Micros)>> {
        let user = user.clone();
        self.reading(move |connection| of_user(connection, &user, Micros::now())).await
    }

    async fn remove_all(&self, user: &UserKey) -> StoreResult<()> {
        let user = user.clone();
        self.sweeping(move |connection, _| {
            connection.prepare_cached("DELETE FROM sessions WHERE user = ?")?.execute(params![user])?;
            Ok(())
        })
        .await
    }
}

impl Leases for SqliteStore {
    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> StoreResult<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.sweeping(move |connection, now| {
            let taken = connection
                .prepare_cached(
                    "INSERT INTO leases (name, holder, expires_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET holder = ?2, expires_at = ?3
                     WHERE holder = ?2 OR expires_at <= ?4",
                )?
                .execute(params![name, holder, now.plus(lease), now])?;
            Ok(taken > 0)
        })
        .await
    }

    async fn drop_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.sweeping(move |connection, _| {
            connection
                .prepare_cached("DELETE FROM leases WHERE name = ? AND holder = ?")?
                .execute(params![name, holder])?;
            Ok(())
        })
        .await
    }

    async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        let name = name.to_owned();
        self.reading(move |connection| {
            let mut note =
                connection.prepare_cached("SELECT text FROM notes WHERE name = ? AND expires_at > ?")?;
            Ok(note.query_row(params![name, Micros::now()], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn put_note(&self, name: &str, text: &str, keep: Duration) -> StoreResult<()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.sweeping(move |connection, now| {
            connection
                .prepare_cached("REPLACE INTO notes (name, text, expires_at) VALUES (?, ?, ?)")?
                .execute(params![name, text, now.plus(keep)])?;
            Ok(())
        })
        .await
    }

    async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.sweeping(move |connection, now| {
            let dropped = connection
                .prepare_cached("DELETE FROM notes WHERE name = ? AND text = ? AND expires_at > ?")?
                .execute(params![name, text, now])?;
            Ok(dropped > 0)
        })
        .await
    }
}

impl SqliteStore {
    /// Runs a write at the current time, and removes a few expired rows.
    async fn sweeping<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Micros) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.writing(0, move |connection| {
            let now = Micros::now();
            sweep(connection, now)?;
            work(connection, now)
        })
        .await
    }

    async fn slide(&self, id: SessionId, expires_at: Micros) -> StoreResult<()> {
        self.sweeping(move |connection, now| {
            connection
                .prepare_cached(
                    "UPDATE sessions SET expires_at = max(expires_at, ?) WHERE id = ? AND expires_at > ?",
                )?
                .execute(params![expires_at, id.0, now])?;
            Ok(())
        })
        .await
    }
}

/// Removes a few expired rows, found by index.
fn sweep(connection: &Connection, now: Micros) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM sessions WHERE id IN
            (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        "DELETE FROM codes WHERE hash IN
            (SELECT hash FROM codes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        "DELETE FROM leases WHERE name IN
            (SELECT name FROM leases WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        "DELETE FROM notes WHERE name IN
            (SELECT name FROM notes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    ] {
        connection.prepare_cached(sql)?.execute(params![now, SWEPT_AT_ONCE])?;
    }
    Ok(())
}

fn claim_code(
    connection: &Connection,
    code: SecretHash,
    holder: &str,
    now: Micros,
    until: Micros,
) -> StoreResult<CodeState> {
    let found: Option<(Option<[u8; 16]>, Option<String>)> = connection
        .prepare_cached("SELECT session, refusal FROM codes WHERE hash = ? AND expires_at > ?")?
        .query_row(params![code.0, now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match found {
        Some((Some(id), _)) => CodeState::Session(SessionId(id)),
        Some((None, Some(text))) => CodeState::Refused(text),
        Some((None, None)) => CodeState::Pending,
        None => {
            connection
                .prepare_cached("REPLACE INTO codes (hash, holder, expires_at) VALUES (?, ?, ?)")?
                .execute(params![code.0, holder, until])?;
            CodeState::Claimed
        }
    })
}

/// An unexpired session with its expiry.
fn find(connection: &Connection, id: SessionId, now: Micros) -> StoreResult<Option<(StoredSession, Micros)>> {
    let found: Option<(String, Micros)> = connection
        .prepare_cached("SELECT value, expires_at FROM sessions WHERE id = ? AND expires_at > ?")?
        .query_row(params![id.0, now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found.map(|(value, expires_at)| Ok((decode(&value)?, expires_at))).transpose()
}

fn of_user(
    connection: &Connection,
    user: &UserKey,
    now: Micros,
) -> StoreResult<Vec<(StoredSession, Micros)>> {
    let mut statement = connection
        .prepare_cached("SELECT value, expires_at FROM sessions WHERE user = ? AND expires_at > ?")?;
    let rows = statement.query_map(params![user, now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut living = Vec::new();
    for row in rows {
        let (value, expires_at): (String, Micros) = row?;
        living.push((decode(&value)?, expires_at));
    }
    living.sort_by_key(|(session, _)| std::cmp::Reverse((session.last_seen, session.id)));
    Ok(living)
}

/// Expiry of a session that is used now.
fn expiry(session: &StoredSession, now: Micros, idle: Duration) -> Micros {
    now.plus(idle).min(session.ends_at)
}

fn encode(session: &StoredSession) -> StoreResult<String> {
    serde_json::to_string(session).map_err(|error| StoreError::Refused(Box::new(error)))
}

/// Decodes a session column.
pub(super) fn decode(value: &str) -> StoreResult<StoredSession> {
    serde_json::from_str(value).map_err(|error| StoreError::Damaged(format!("a session: {error}")))
}
