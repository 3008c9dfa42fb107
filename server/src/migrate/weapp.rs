//! Imports the drawings of a 2016 server: the documents of its MongoDB's collection `paints`, as
//! `mongoexport` writes them, one JSON object a line:
//!
//! ```json
//! {"_id":{"$oid":"57e0a8d1f2c0a12b3c4d5e6f"},"openId":"o…","id":"p1","actions":"[…]"}
//! ```
//!
//! Today's driver does not support the MongoDB versions of 2016, and a file can be inspected. An imported
//! drawing is the result of its last save, dated by its `_id`. The import is idempotent, and it leaves a
//! drawing unchanged that was edited after an earlier import.

use std::io::BufRead;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;
use yibi_common::drawing::Mode;
use yibi_common::weapp;

use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, NewDrawing, Stored};
use crate::domain::user::{NewUser, UserKey};
use crate::random;
use crate::service::drawings::weapp::{MAX_ID, encoded};
use crate::store::{Drawings, StoreResult, Transfer, Users};

/// Limit of a line in bytes: twice the longest list, to allow for JSON escapes.
const LONGEST: u64 = 2 * weapp::MAX_TEXT as u64;

/// Result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenOver {
    /// Lines that are not empty.
    pub read: u64,
    /// Drawings that are new.
    pub added: u64,
    /// Drawings of an earlier import that were saved again on the old server.
    pub changed: u64,
    /// Drawings that exist already.
    pub known: u64,
    /// Lines without a valid drawing.
    pub left_out: u64,
    /// Drawings of users with a pending erasure, which are not imported.
    pub leaving: u64,
}

/// Reason why an import stopped early.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    #[error("the file can't be read")]
    File(#[from] std::io::Error),
    #[error("the store")]
    Store(#[from] crate::store::StoreError),
}

#[derive(Deserialize)]
struct Paint {
    #[serde(rename = "_id")]
    key: Value,
    #[serde(rename = "openId")]
    open_id: String,
    id: String,
    actions: String,
}

/// Imports all drawings for users of that app. Each line without a valid drawing is reported with the reason.
///
/// # Errors
/// [`TakeOverError`]; all earlier lines are imported, and the import can be repeated.
pub async fn take_over<G: Users + Drawings + Transfer>(
    app_id: &str,
    mut lines: impl BufRead,
    store: &G,
    mut left_out: impl FnMut(u64, &str),
) -> Result<TakenOver, TakeOverError> {
    let mut taken = TakenOver::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = std::io::Read::take(&mut lines, LONGEST).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        taken.read += 1;
        let paint = match read(app_id, &line) {
            Ok(paint) => paint,
            Err(why) => {
                left_out(number, &why);
                taken.left_out += 1;
                continue;
            }
        };
        match put(store, paint).await? {
            Put::Added => taken.added += 1,
            Put::Changed => taken.changed += 1,
            Put::Known => taken.known += 1,
            Put::Leaving => taken.leaving += 1,
        }
    }
    Ok(taken)
}

/// A parsed drawing and its owner.
struct Drawing {
    user: UserKey,
    stored: Stored,
}

fn read(app_id: &str, line: &[u8]) -> Result<Drawing, String> {
    let paint: Paint = serde_json::from_slice(line).map_err(|error| format!("no paint: {error}"))?;
    if paint.open_id.is_empty() || paint.open_id.len() > 64 || paint.open_id.contains('/') {
        return Err("its openId is none".to_owned());
    }
    if paint.id.is_empty() || paint.id.len() > MAX_ID {
        return Err(format!("its id is empty or longer than {MAX_ID} bytes"));
    }
    let saved_at = moment(&paint.key).ok_or("its _id is no ObjectId")?;
    let blob = encoded(paint.actions).map_err(|wrong| wrong.to_string())?;
    let id = weapp::v1_id(&paint.id);
    let new = NewDrawing { title: String::new(), paper: weapp::PAPER, mode: Mode::Free, explicit: false };
    let header = Header {
        weapp_id: (*id != *paint.id).then(|| paint.id.clone()),
        seq: 1,
        stroke_count: blob.stroke_count,
        point_count: blob.point_count,
        bytes: blob.blob.len() as u64,
        ..Header::fresh(&id, &new, saved_at)
    };
    let stored = Stored { header, since: 0, actions: vec![blob.blob] };
    Ok(Drawing { user: UserKey::new(app_id, &paint.open_id), stored })
}

/// Time of an ObjectId: its first four bytes are seconds; its last three are a counter per process, which
/// serves as a sub-second order.
fn moment(key: &Value) -> Option<Micros> {
    let bytes: [u8; 12] = HEXLOWER.decode(key.get("$oid")?.as_str()?.as_bytes()).ok()?.try_into().ok()?;
    let [a, b, c, d, _, _, _, _, _, x, y, z] = bytes;
    let count = i64::from(u32::from_be_bytes([0, x, y, z]));
    Some(Micros(i64::from(u32::from_be_bytes([a, b, c, d])) * 1_000_000 + count % 1_000_000))
}

enum Put {
    Added,
    Changed,
    Known,
    Leaving,
}

async fn put<G: Users + Drawings + Transfer>(store: &G, drawing: Drawing) -> StoreResult<Put> {
    let Drawing { user, stored } = drawing;
    let moment = stored.header.created_at;
    let owner = store.user(&user).await?;
    if owner.as_ref().is_some_and(|owner| owner.erase_at.is_some()) {
        return Ok(Put::Leaving);
    }
    let there = store.read(&user, &stored.header.id, 0).await?;
    let put = match &there {
        None => Put::Added,
        Some(there) if *there == stored => return Ok(Put::Known),
        // Imported before and unchanged since.
        Some(there) if there.header.updated_at == moment && there.header.seq == 1 => Put::Changed,
        Some(_) => return Ok(Put::Known),
    };
    // A sign-in of an existing user would cancel a pending erasure.
    if owner.is_none() {
        let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
        store.sign_in(&user, &new, moment).await?;
    }
    store.put_drawing(&user, &stored).await?;
    Ok(put)
}
