//! Checks, in SQL.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::user::UserKey;
use crate::store::{Checks, StoreResult};

impl Checks for SqliteStore {
    async fn put_check(&self, check: &ModerationCheck) -> StoreResult<()> {
        let check = check.clone();
        self.writing(0, move |connection| put(connection, &check)).await
    }

    async fn check(&self, user: &UserKey, subject: &Subject) -> StoreResult<Option<ModerationCheck>> {
        let (user, subject) = (user.clone(), subject.to_string());
        self.reading(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT * FROM checks WHERE user = ? AND subject = ?")?;
            Ok(statement.query_row(params![user, subject], from_row).optional()?)
        })
        .await
    }

    async fn check_of_trace(&self, trace_id: &str) -> StoreResult<Option<ModerationCheck>> {
        let trace_id = trace_id.to_owned();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM checks WHERE trace_id = ?")?;
            Ok(statement.query_row(params![trace_id], from_row).optional()?)
        })
        .await
    }

    async fn checks_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<ModerationCheck>> {
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT * FROM checks WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?",
            )?;
            let due = statement.query_map(params![now, limit], from_row)?;
            Ok(due.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn change_check(&self, check: &ModerationCheck) -> StoreResult<bool> {
        let check = check.clone();
        self.writing(0, move |connection| change(connection, &check)).await
    }

    async fn remove_check(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        let (user, subject) = (user.clone(), subject.clone());
        self.writing(0, move |connection| remove(connection, &user, &subject)).await
    }

    async fn clear_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.writing(0, move |connection| {
            let mut statement =
                connection.prepare_cached("UPDATE users SET nickname = '' WHERE key = ? AND nickname = ?")?;
            Ok(statement.execute(params![user, nickname])? > 0)
        })
        .await
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ModerationCheck> {
    let (subject, standing): (String, String) = (row.get("subject")?, row.get("standing")?);
    let unknown = |what: String| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, what.into());
    Ok(ModerationCheck {
        user: row.get("user")?,
        content: row.get("content")?,
        label: row.get("label")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
        due_at: row.get("due_at")?,
        asked_at: row.get("asked_at")?,
        tries: row.get("tries")?,
        trace_id: row.get("trace_id")?,
        passed: row.get("passed")?,
        standing: ModerationStatus::of(&standing).ok_or_else(|| unknown(standing))?,
        subject: Subject::parse(&subject).ok_or_else(|| unknown(subject))?,
    })
}

fn put(connection: &Connection, check: &ModerationCheck) -> StoreResult<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO checks (user, subject, content, standing, label, created_at, version,
             due_at, asked_at, tries, trace_id, passed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            check.user,
            check.subject.to_string(),
            check.content,
            check.standing.name(),
            check.label,
            check.created_at,
            check.version,
            check.due_at,
            check.asked_at,
            check.tries,
            check.trace_id,
            check.passed
        ])?;
    Ok(())
}

pub fn remove(connection: &Connection, user: &UserKey, subject: &Subject) -> StoreResult<()> {
    connection
        .prepare_cached("DELETE FROM checks WHERE user = ? AND subject = ?")?
        .execute(params![user, subject.to_string()])?;
    Ok(())
}

fn change(connection: &Connection, check: &ModerationCheck) -> StoreResult<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE checks SET standing = ?, label = ?, due_at = ?, asked_at = ?, tries = ?, trace_id = ?,
             passed = ?, version = version + 1
             WHERE user = ? AND subject = ? AND content = ? AND created_at = ? AND version = ?",
        )?
        .execute(params![
            check.standing.name(),
            check.label,
            check.due_at,
            check.asked_at,
            check.tries,
            check.trace_id,
            check.passed,
            check.user,
            check.subject.to_string(),
            check.content,
            check.created_at,
            check.version
        ])?;
    Ok(changed > 0)
}
