//! Shares, their codes and copies, in SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};
use yibi_common::drawing::Paper;

use super::SqliteStore;
use super::rows::{json, parse};
use crate::domain::clock::Micros;
use crate::domain::share::{AfterShare, Code, CodeRecord, CodeTarget, Share, ShareCopy};
use crate::domain::user::UserKey;
use crate::store::{Shares, StoreError, StoreResult};

pub(super) const PAGE: &str = "SELECT body FROM shares WHERE user = ?1 AND (created_at, code) < (?2, ?3)
     ORDER BY created_at DESC, code DESC LIMIT ?4";

impl Shares for SqliteStore {
    async fn add_code(&self, code: &CodeRecord) -> StoreResult<bool> {
        let code = code.clone();
        self.writing(0, move |connection| add_code(connection, &code)).await
    }

    async fn code(&self, code: &Code) -> StoreResult<Option<CodeRecord>> {
        let code = code.clone();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM share_codes WHERE code = ?")?;
            Ok(statement.query_row(params![code], code_from_row).optional()?)
        })
        .await
    }

    async fn end_code(&self, code: &Code, now: Micros) -> StoreResult<()> {
        let code = code.clone();
        self.writing(0, move |connection| {
            connection
                .prepare_cached("UPDATE share_codes SET ended_at = ? WHERE code = ? AND ended_at IS NULL")?
                .execute(params![now, code])?;
            Ok(())
        })
        .await
    }

    async fn remove_code(&self, code: &Code) -> StoreResult<()> {
        let code = code.clone();
        self.writing(0, move |connection| {
            connection.prepare_cached("DELETE FROM share_codes WHERE code = ?")?.execute(params![code])?;
            Ok(())
        })
        .await
    }

    async fn share(&self, user: &UserKey, drawing: &str) -> StoreResult<Option<Share>> {
        let (user, drawing) = (user.clone(), drawing.to_owned());
        self.reading(move |connection| {
            connection
                .prepare_cached("SELECT body FROM shares WHERE user = ? AND drawing = ?")?
                .query_row(params![user, drawing], |row| row.get::<_, String>(0))
                .optional()?
                .map(|body| parse(&body, "a share"))
                .transpose()
        })
        .await
    }

    async fn add_share(&self, share: &Share) -> StoreResult<bool> {
        let share = share.clone();
        self.writing(0, move |connection| add(connection, &share)).await
    }

    async fn change_share(&self, share: &Share) -> StoreResult<bool> {
        let share = share.clone();
        self.writing(0, move |connection| change(connection, share)).await
    }

    async fn shares(
        &self,
        user: &UserKey,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> StoreResult<Vec<Share>> {
        let (user, after) = (user.clone(), after.cloned());
        self.reading(move |connection| page(connection, &user, after.as_ref(), limit)).await
    }

    async fn put_copy(&self, copy: &ShareCopy) -> StoreResult<()> {
        let copy = copy.clone();
        let bytes = copy.actions.iter().map(Vec::len).sum();
        self.writing(bytes, move |connection| put_copy(connection, &copy)).await
    }

    async fn copy(&self, user: &UserKey, code: &Code, seq: u32) -> StoreResult<Option<ShareCopy>> {
        let (user, code) = (user.clone(), code.clone());
        self.reading(move |connection| {
            connection
                .prepare_cached("SELECT * FROM share_copies WHERE user = ? AND code = ? AND seq = ?")?
                .query_row(params![user, code, seq], |row| Ok((copy_from_row(row)?, row.get("actions")?)))
                .optional()?
                .map(|(copy, actions): (_, Vec<u8>)| Ok(ShareCopy { actions: unpacked(&actions)?, ..copy }))
                .transpose()
        })
        .await
    }

    async fn copies(&self, user: &UserKey, code: &Code) -> StoreResult<Vec<u32>> {
        let (user, code) = (user.clone(), code.clone());
        self.reading(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT seq FROM share_copies WHERE user = ? AND code = ? ORDER BY seq")?;
            let numbers = statement.query_map(params![user, code], |row| row.get(0))?;
            Ok(numbers.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn remove_copy(&self, user: &UserKey, code: &Code, seq: u32) -> StoreResult<()> {
        let (user, code) = (user.clone(), code.clone());
        self.writing(0, move |connection| {
            connection
                .prepare_cached("DELETE FROM share_copies WHERE user = ? AND code = ? AND seq = ?")?
                .execute(params![user, code, seq])?;
            Ok(())
        })
        .await
    }
}

fn add_code(connection: &Connection, code: &CodeRecord) -> StoreResult<bool> {
    let CodeRecord { code, owner, drawing, created_at, ended_at, what } = code;
    let added = connection
        .prepare_cached(
            "INSERT INTO share_codes (code, user, drawing, created_at, ended_at, what) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![code, owner, drawing, created_at, ended_at, what.name()])?;
    Ok(added > 0)
}

pub(super) fn code_from_row(row: &Row<'_>) -> rusqlite::Result<CodeRecord> {
    Ok(CodeRecord {
        code: row.get("code")?,
        owner: row.get("user")?,
        drawing: row.get("drawing")?,
        created_at: row.get("created_at")?,
        ended_at: row.get("ended_at")?,
        what: if row.get_ref("what")?.as_str()? == CodeTarget::Room.name() {
            CodeTarget::Room
        } else {
            CodeTarget::Share
        },
    })
}

pub(super) fn add(connection: &Connection, share: &Share) -> StoreResult<bool> {
    let added = connection
        .prepare_cached(
            "INSERT INTO shares (user, drawing, code, created_at, version, body) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            share.owner,
            share.drawing,
            share.code,
            share.created_at,
            share.version,
            json(share)?
        ])?;
    Ok(added > 0)
}

fn change(connection: &Connection, share: Share) -> StoreResult<bool> {
    let known = share.version;
    let next = Share { version: known.saturating_add(1), ..share };
    let changed = connection
        .prepare_cached(
            "UPDATE shares SET code = ?, created_at = ?, version = ?, body = ?
             WHERE user = ? AND drawing = ? AND version = ?",
        )?
        .execute(params![
            next.code,
            next.created_at,
            next.version,
            json(&next)?,
            next.owner,
            next.drawing,
            known
        ])?;
    Ok(changed > 0)
}

fn page(
    connection: &Connection,
    user: &UserKey,
    after: Option<&AfterShare>,
    limit: u32,
) -> StoreResult<Vec<Share>> {
    let (moment, code) = after.map_or((i64::MAX, ""), |after| (after.created_at.0, after.code.as_str()));
    let mut statement = connection.prepare_cached(PAGE)?;
    let bodies = statement.query_map(params![user, moment, code, limit], |row| row.get::<_, String>(0))?;
    bodies.map(|body| parse(&body?, "a share")).collect()
}

fn put_copy(connection: &Connection, copy: &ShareCopy) -> StoreResult<()> {
    let ShareCopy { code, seq, owner, title, paper, drawn_at, actions } = copy;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO share_copies (user, code, seq, title, width, height, drawn_at, actions)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![owner, code, seq, title, paper.width, paper.height, drawn_at, packed(actions)])?;
    Ok(())
}

/// Reads a row without its actions.
fn copy_from_row(row: &Row<'_>) -> rusqlite::Result<ShareCopy> {
    Ok(ShareCopy {
        code: row.get("code")?,
        seq: row.get("seq")?,
        owner: row.get("user")?,
        title: row.get("title")?,
        paper: Paper { width: row.get("width")?, height: row.get("height")? },
        drawn_at: row.get("drawn_at")?,
        actions: Vec::new(),
    })
}

/// Removes the share of a drawing with its codes, copies, checks and reports.
pub(super) fn remove_of_drawing(
    connection: &Connection,
    user: &UserKey,
    drawing: &str,
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT code FROM share_codes WHERE user = ? AND drawing = ?")?;
    let codes = statement.query_map(params![user, drawing], |row| row.get(0))?;
    for code in codes.collect::<rusqlite::Result<Vec<Code>>>()? {
        remove_code(connection, user, &code)?;
    }
    connection
        .prepare_cached("DELETE FROM shares WHERE user = ? AND drawing = ?")?
        .execute(params![user, drawing])?;
    connection
        .prepare_cached("DELETE FROM checks WHERE user = ?1 AND subject IN ('share_picture/' || ?2, 'share_sheet/' || ?2, 'room_picture/' || ?2)")?
        .execute(params![user, drawing])?;
    Ok(())
}

/// Removes at most `limit` codes of a user with their copies and reports. Returns their number.
pub(super) fn remove_some(connection: &Connection, user: &UserKey, limit: u32) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached("SELECT code FROM share_codes WHERE user = ? LIMIT ?")?;
    let codes = statement.query_map(params![user, limit], |row| row.get(0))?;
    let codes = codes.collect::<rusqlite::Result<Vec<Code>>>()?;
    for code in &codes {
        remove_code(connection, user, code)?;
    }
    Ok(codes.len())
}

fn remove_code(connection: &Connection, user: &UserKey, code: &Code) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM share_copies WHERE user = ? AND code = ?")?
        .execute(params![user, code])?;
    connection.prepare_cached("DELETE FROM share_reports WHERE code = ?")?.execute(params![code])?;
    connection.prepare_cached("DELETE FROM share_codes WHERE code = ?")?.execute(params![code])?;
    Ok(())
}

/// One blob of all actions, each behind its length.
pub(super) fn packed(actions: &[Vec<u8>]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(actions.iter().map(|action| action.len() + 4).sum());
    for action in actions {
        blob.extend(u32::try_from(action.len()).unwrap_or(u32::MAX).to_le_bytes());
        blob.extend(action);
    }
    blob
}

pub(super) fn unpacked(mut blob: &[u8]) -> StoreResult<Vec<Vec<u8>>> {
    let damaged = || StoreError::Damaged("the actions of a share's copy".to_owned());
    let mut actions = Vec::new();
    while !blob.is_empty() {
        let (length, rest) = blob.split_first_chunk::<4>().ok_or_else(damaged)?;
        let (action, rest) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?;
        actions.push(action.to_vec());
        blob = rest;
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_actions_come_back_and_a_cut_blob_is_damaged() {
        for actions in [vec![], vec![vec![]], vec![vec![1; 300], vec![], vec![2]]] {
            let blob = packed(&actions);
            assert_eq!(unpacked(&blob).unwrap(), actions);
            if !blob.is_empty() {
                assert!(matches!(unpacked(&blob[..blob.len() - 1]), Err(StoreError::Damaged(_))));
            }
        }
    }
}
