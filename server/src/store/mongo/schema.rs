//! The documents, their keys, and the indexes.
//!
//! A drawing is a header document with the last actions of its list, the tail; older actions are in chunk
//! documents. So an append transfers only the new actions, a list of drawings reads only headers, and no
//! document comes near MongoDB's limit of 16 MiB.

use std::time::Duration;

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use mongodb::options::{CollectionOptions, IndexOptions, ReadPreference, ReturnDocument, SelectionCriteria};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};
use yibi_common::drawing::{Mode, Paper};

use super::checks::CheckDoc;
use super::miniprogram_codes::MiniprogramCodeDoc;
use super::orders::OrderDoc;
use super::records::Keyed;
use super::reports::AuditDoc;
use super::shares::CopyDoc;
use super::{ROUNDS, StoreError, StoreResult, error};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::review::{Case, Evidence, ShareReport};
use crate::domain::room::{Member, Room};
use crate::domain::share::{CodeRecord, Share};
use crate::domain::user::{UserKey, UserRecord};

/// Time limit of a command on the server, for commands that support it.
pub(super) const MAX_TIME: Duration = Duration::from_secs(3);

/// State of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DrawingState {
    /// Visible to its user.
    Live,
    Bin,
    /// Being purged: absent for every operation except the purge.
    Purging,
}

impl DrawingState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Bin => "bin",
            Self::Purging => "purging",
        }
    }
}

/// A drawing's header with the tail of its list. Lists fetch headers without tails.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DrawingDoc {
    #[serde(rename = "_id")]
    pub(super) key: String,
    /// Key of the owner, by which the collection may be sharded.
    pub(super) u: String,
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weapp_id: Option<String>,
    pub(super) title: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) mode: Mode,
    pub(super) state: DrawingState,
    pub(super) base: u32,
    pub(super) seq: u32,
    pub(super) all_weapp: bool,
    /// Whether the last action is a 2016 save.
    pub(super) last_weapp: bool,
    pub(super) strokes: u32,
    pub(super) points: u32,
    pub(super) bytes: u64,
    pub(super) created_at: Micros,
    pub(super) updated_at: Micros,
    pub(super) first_saved_at: Micros,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<Micros>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<Box<Room>>,
    /// The incarnation: a random part of the drawing's chunk keys, so that a later drawing of the same id
    /// never reads these chunks.
    pub(super) inc: i64,
    /// The number of the tail's first action.
    pub(super) tail_from: u32,
    /// [`tail_size`] of the tail.
    pub(super) tail_size: i64,
    #[serde(default)]
    pub(super) tail: Vec<Binary>,
}

impl DrawingDoc {
    /// Document of a new drawing.
    pub(super) fn new(
        user: &UserKey,
        header: &Header,
        tail: &[impl AsRef<[u8]>],
        last_weapp: bool,
    ) -> StoreResult<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| StoreError::Refused(error.into()))?;
        let header = header.clone();
        Ok(Self {
            key: drawing_key(user, &header.id),
            u: user.to_string(),
            id: header.id,
            weapp_id: header.weapp_id,
            title: header.title,
            width: header.paper.width,
            height: header.paper.height,
            mode: header.mode,
            state: DrawingState::Live,
            base: header.base,
            seq: header.seq,
            all_weapp: header.all_weapp,
            last_weapp,
            strokes: header.stroke_count,
            points: header.point_count,
            bytes: header.bytes,
            created_at: header.created_at,
            updated_at: header.updated_at,
            first_saved_at: header.first_saved_at,
            deleted_at: None,
            authors: header.authors,
            room: header.room,
            inc: i64::from_le_bytes(random),
            tail_from: header.base,
            tail_size: tail_size(tail),
            tail: tail.iter().map(|blob| binary(blob.as_ref())).collect(),
        })
    }

    pub(super) fn header(&self) -> Header {
        Header {
            id: self.id.clone(),
            weapp_id: self.weapp_id.clone(),
            title: self.title.clone(),
            paper: Paper { width: self.width, height: self.height },
            mode: self.mode,
            base: self.base,
            seq: self.seq,
            all_weapp: self.all_weapp,
            stroke_count: self.strokes,
            point_count: self.points,
            bytes: self.bytes,
            created_at: self.created_at,
            updated_at: self.updated_at,
            first_saved_at: self.first_saved_at,
            deleted_at: self.deleted_at,
            authors: self.authors.clone(),
            room: self.room.clone(),
        }
    }
}

/// A sealed part of a drawing's list: the actions from `first` up to, but not including, `end`. Actions never
/// change, so a chunk is written once and remains valid; chunks may overlap, and a reader takes an action
/// from any of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChunkDoc {
    #[serde(rename = "_id")]
    pub(super) key: String,
    /// Key of the owner, by which the collection may be sharded.
    pub(super) u: String,
    /// When the drawing was created.
    pub(super) created_at: Micros,
    pub(super) first: u32,
    pub(super) end: u32,
    pub(super) blobs: Vec<Binary>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UserDoc {
    /// Text form of the [`UserKey`].
    #[serde(rename = "_id")]
    pub(super) key: String,
    pub(super) public_id: String,
    pub(super) nickname: String,
    /// Id of the document in `avatars`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) avatar: Option<String>,
    /// Address of the WeChat profile's avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wechat_avatar: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unionid: Option<String>,
    pub(super) created_at: Micros,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) erase_at: Option<Micros>,
    /// Time at which an operator blocked the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) blocked_at: Option<Micros>,
    /// The phone number, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    /// Set when the erasure has begun and can no longer be cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) erasing: bool,
}

impl From<UserRecord> for UserDoc {
    fn from(user: UserRecord) -> Self {
        // Destructured exhaustively, so that a new field can't be forgotten.
        let UserRecord {
            key,
            public_id,
            nickname,
            avatar,
            wechat_avatar,
            origin,
            unionid,
            created_at,
            erase_at,
            blocked_at,
            phone,
        } = user;
        Self {
            key: key.to_string(),
            public_id,
            nickname,
            avatar,
            wechat_avatar,
            origin,
            unionid,
            created_at,
            erase_at,
            blocked_at,
            phone,
            erasing: false,
        }
    }
}

impl From<UserDoc> for UserRecord {
    fn from(user: UserDoc) -> Self {
        Self {
            key: UserKey::from_text(&user.key),
            public_id: user.public_id,
            nickname: user.nickname,
            avatar: user.avatar,
            wechat_avatar: user.wechat_avatar,
            origin: user.origin,
            unionid: user.unionid,
            created_at: user.created_at,
            erase_at: user.erase_at,
            blocked_at: user.blocked_at,
            phone: user.phone,
        }
    }
}

/// The image of an avatar.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AvatarDoc {
    #[serde(rename = "_id")]
    pub(super) key: String,
    /// Key of the owner, by which the collection may be sharded.
    pub(super) u: String,
    pub(super) created_at: Micros,
    pub(super) image: Binary,
}

/// Key of an avatar's image.
pub(super) fn avatar_key(user: &UserKey, id: &str) -> String {
    format!("{user}/{id}")
}

/// A secret that all servers share.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SecretDoc {
    #[serde(rename = "_id")]
    pub(super) name: String,
    pub(super) value: Binary,
}

/// Key of a drawing's header.
pub(super) fn drawing_key(user: &UserKey, id: &str) -> String {
    format!("{user}/{id}")
}

/// Key of a chunk. It contains both ends, so that different chunks never share a key.
pub(super) fn chunk_key(drawing: &str, inc: i64, first: u32, end: u32) -> String {
    format!("{drawing}/{inc:016x}/{first:08x}/{end:08x}")
}

/// Key range of all chunks of an incarnation whose first number is below `below`.
pub(super) fn chunk_keys(drawing: &str, inc: i64, below: Option<u32>) -> Document {
    let end = match below {
        Some(below) => format!("{drawing}/{inc:016x}/{below:08x}"),
        // The digit 0 is the character after the slash.
        None => format!("{drawing}/{inc:016x}0"),
    };
    doc! {"$gte": format!("{drawing}/{inc:016x}/"), "$lt": end}
}

/// Size of actions in a tail: their bytes, and the overhead of an array entry.
pub(super) fn tail_size(blobs: &[impl AsRef<[u8]>]) -> i64 {
    blobs.iter().map(|blob| i64::try_from(blob.as_ref().len()).unwrap_or(i64::MAX).saturating_add(16)).sum()
}

pub(super) fn binary(blob: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: blob.to_vec() }
}

/// Projection of everything except the tail.
pub(super) fn without_tail() -> Document {
    doc! {"tail": 0}
}

/// The collections. Every operation is a method of this type, in the sibling modules.
#[derive(Debug, Clone)]
pub(super) struct Collections {
    pub(super) database: Database,
    pub(super) users: Collection<UserDoc>,
    pub(super) drawings: Collection<DrawingDoc>,
    pub(super) chunks: Collection<ChunkDoc>,
    pub(super) avatars: Collection<AvatarDoc>,
    pub(super) checks: Collection<CheckDoc>,
    pub(super) shares: Collection<Keyed<Share>>,
    pub(super) codes: Collection<Keyed<CodeRecord>>,
    pub(super) share_copies: Collection<Keyed<CopyDoc>>,
    pub(super) cases: Collection<Keyed<Case>>,
    pub(super) share_reports: Collection<Keyed<ShareReport>>,
    pub(super) evidence: Collection<Keyed<Evidence>>,
    pub(super) miniprogram_codes: Collection<Keyed<MiniprogramCodeDoc>>,
    pub(super) members: Collection<Keyed<Member>>,
    pub(super) orders: Collection<OrderDoc>,
    pub(super) secrets: Collection<SecretDoc>,
    pub(super) audit: Collection<AuditDoc>,
}

fn index(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

fn sparse(keys: Document) -> IndexModel {
    let options = IndexOptions::builder().sparse(true).build();
    IndexModel::builder().keys(keys).options(options).build()
}

impl Collections {
    pub(super) fn of(database: &Database) -> Self {
        // Overrides the URI: a stale read would report conflicts that do not exist.
        let options = || {
            let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
            CollectionOptions::builder().selection_criteria(primary).build()
        };
        Self {
            users: database.collection_with_options("users", options()),
            drawings: database.collection_with_options("drawings", options()),
            chunks: database.collection_with_options("chunks", options()),
            avatars: database.collection_with_options("avatars", options()),
            checks: database.collection_with_options("checks", options()),
            shares: database.collection_with_options("shares", options()),
            codes: database.collection_with_options("codes", options()),
            share_copies: database.collection_with_options("share_copies", options()),
            cases: database.collection_with_options("cases", options()),
            share_reports: database.collection_with_options("share_reports", options()),
            evidence: database.collection_with_options("evidence", options()),
            miniprogram_codes: database.collection_with_options("miniprogram_codes", options()),
            members: database.collection_with_options("members", options()),
            orders: database.collection_with_options("orders", options()),
            secrets: database.collection_with_options("secrets", options()),
            audit: database.collection_with_options("audit", options()),
            database: database.clone(),
        }
    }

    pub(super) async fn ping(&self) -> StoreResult<()> {
        self.database.run_command(doc! {"ping": 1}).await?;
        Ok(())
    }

    pub(super) async fn known_secret(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        let found = self.secrets.find_one(doc! {"_id": name}).max_time(MAX_TIME).await?;
        Ok(found.map(|secret| secret.value.bytes))
    }

    pub(super) async fn shared_secret(&self, name: &str, proposal: &[u8]) -> StoreResult<Vec<u8>> {
        // A find is not enough: this write waits until a majority has the secret that it returns.
        let keep = doc! {"$setOnInsert": {"value": binary(proposal)}};
        for _ in 0..ROUNDS {
            let kept = self
                .secrets
                .find_one_and_update(doc! {"_id": name}, keep.clone())
                .upsert(true)
                .return_document(ReturnDocument::After)
                .max_time(MAX_TIME)
                .await;
            match kept {
                Ok(Some(secret)) => return Ok(secret.value.bytes),
                // A concurrent insert came first, or is not visible yet.
                Ok(None) => {}
                Err(error) if error::is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy)
    }

    pub(super) async fn make_indexes(&self) -> StoreResult<()> {
        let drawings = [
            // Serves pages; with the bytes, the index also covers a user's usage.
            index(doc! {"u": 1, "state": 1, "updated_at": -1, "id": -1, "bytes": 1}),
            // Serves the bin, in both directions.
            index(doc! {"u": 1, "state": 1, "deleted_at": -1, "id": -1}),
            // Serves the 2016 list.
            index(doc! {"u": 1, "state": 1, "first_saved_at": -1, "id": -1}),
            sparse(doc! {"deleted_at": 1}),
            // Serves operators' pages over all users.
            index(doc! {"updated_at": -1, "_id": -1}),
            index(doc! {"created_at": -1, "_id": -1}),
            index(doc! {"bytes": -1, "_id": -1}),
        ];
        self.drawings.create_indexes(drawings).await?;
        // Not unique: the public id is random, and a unique index would prevent sharding of the collection.
        let users = [
            index(doc! {"public_id": 1}),
            sparse(doc! {"erase_at": 1}),
            index(doc! {"created_at": -1, "_id": -1}),
            index(doc! {"nickname": 1, "_id": 1}),
            sparse(doc! {"unionid": 1, "_id": 1}),
        ];
        self.users.create_indexes(users).await?;
        self.avatars.create_index(index(doc! {"u": 1})).await?;
        let checks = [index(doc! {"u": 1}), sparse(doc! {"due_at": 1}), sparse(doc! {"trace_id": 1})];
        self.checks.create_indexes(checks).await?;
        self.make_indexes_of_shares().await
    }

    async fn make_indexes_of_orders(&self) -> StoreResult<()> {
        let orders = [
            index(doc! {"u": 1, "created_at": -1, "_id": -1}),
            index(doc! {"u": 1, "state": 1}),
            index(doc! {"created_at": -1, "_id": -1}),
            index(doc! {"state": 1, "created_at": -1, "_id": -1}),
            sparse(doc! {"due_at": 1}),
        ];
        self.orders.create_indexes(orders).await?;
        Ok(())
    }

    async fn make_indexes_of_shares(&self) -> StoreResult<()> {
        self.miniprogram_codes.create_index(index(doc! {"app": 1, "scene": 1})).await?;
        self.shares.create_index(index(doc! {"u": 1, "created_at": -1, "code": -1})).await?;
        self.share_copies.create_index(index(doc! {"u": 1, "code": 1})).await?;
        let codes = [
            index(doc! {"owner": 1, "drawing": 1}),
            // Serves the lists of rooms.
            index(doc! {"what": 1, "created_at": -1, "_id": -1}),
            index(doc! {"owner": 1, "what": 1, "created_at": -1, "_id": -1}),
        ];
        self.codes.create_indexes(codes).await?;
        self.members.create_index(index(doc! {"u": 1, "joined_at": -1, "code": -1})).await?;
        let cases = [
            index(doc! {"rank_at": 1, "_id": 1}),
            index(doc! {"state": 1, "rank_at": 1, "_id": 1}),
            index(doc! {"owner": 1, "rank_at": 1, "_id": 1}),
            index(doc! {"state": 1, "opened_at": 1}),
        ];
        self.cases.create_indexes(cases).await?;
        let reports = [index(doc! {"code": 1, "at": -1, "_id": -1}), sparse(doc! {"reporter.user": 1})];
        self.share_reports.create_indexes(reports).await?;
        self.evidence.create_index(index(doc! {"expires_at": 1})).await?;
        self.make_indexes_of_orders().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_lies_in_its_own_range_only() {
        let in_range = |keys: &Document, key: &str| {
            keys.get_str("$gte").unwrap() <= key && key < keys.get_str("$lt").unwrap()
        };
        let all = chunk_keys("app/me/tree", -5, None);
        for (first, end) in [(0, 1), (9, 4_000), (u32::MAX - 1, u32::MAX)] {
            assert!(in_range(&all, &chunk_key("app/me/tree", -5, first, end)));
            assert!(!in_range(&all, &chunk_key("app/me/tree", 5, first, end)));
            assert!(!in_range(&all, &chunk_key("app/me/tree2", -5, first, end)));
            assert!(!in_range(&all, &chunk_key("app/me", -5, first, end)));
        }
        let some = chunk_keys("app/me/tree", 7, Some(16));
        assert!(in_range(&some, &chunk_key("app/me/tree", 7, 0, u32::MAX)));
        assert!(in_range(&some, &chunk_key("app/me/tree", 7, 15, 16)));
        assert!(!in_range(&some, &chunk_key("app/me/tree", 7, 16, 17)));
    }

    #[test]
    fn tiny_actions_fill_a_tail_too() {
        assert_eq!(tail_size(&[vec![0; 3], vec![0; 100]]), 3 + 16 + 100 + 16);
    }
}
