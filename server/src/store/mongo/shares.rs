//! Shares, their codes and copies.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Binary, Document, doc};
use serde::{Deserialize, Serialize};
use yibi_common::drawing::Paper;

use super::chunks::bytes;
use super::records::{Keyed, find, list};
use super::schema::{Collections, DrawingDoc, MAX_TIME, binary};
use super::{MongoGallery, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::share::{AfterShare, Code, CodeRecord, Share, ShareCopy};
use crate::domain::user::UserKey;
use crate::store::Shares;

/// Codes that one command removes.
const REMOVED_AT_ONCE: u32 = 100;
/// Maximum difference between the clocks of two servers.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(60);

/// Content of a copy; its user is the shard key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CopyDoc {
    code: Code,
    seq: u32,
    title: String,
    width: u32,
    height: u32,
    drawn_at: Micros,
    actions: Vec<Binary>,
}

impl CopyDoc {
    fn of(copy: &ShareCopy) -> Keyed<Self> {
        // Destructured exhaustively, so that a new field can't be forgotten.
        let ShareCopy { code, seq, owner, title, paper, drawn_at, actions } = copy;
        let content = Self {
            code: code.clone(),
            seq: *seq,
            title: title.clone(),
            width: paper.width,
            height: paper.height,
            drawn_at: *drawn_at,
            actions: actions.iter().map(|action| binary(action)).collect(),
        };
        Keyed::of_user(copy_key(owner, code, *seq), owner, content)
    }

    fn copy(self, owner: &UserKey) -> ShareCopy {
        ShareCopy {
            code: self.code,
            seq: self.seq,
            owner: owner.clone(),
            title: self.title,
            paper: Paper { width: self.width, height: self.height },
            drawn_at: self.drawn_at,
            actions: self.actions.into_iter().map(bytes).collect(),
        }
    }
}

pub(super) fn share_doc(share: Share) -> Keyed<Share> {
    Keyed::of_user(share_key(&share.owner, &share.drawing), &share.owner.clone(), share)
}

fn share_key(user: &UserKey, drawing: &str) -> String {
    format!("{user}/{drawing}")
}

fn copy_key(user: &UserKey, code: &Code, seq: u32) -> String {
    format!("{user}/{code}/{seq:08x}")
}

/// Filter of all copies of a share.
fn copies_of(user: &UserKey, code: &Code) -> Document {
    // The digit 0 is the character after the slash.
    let keys = doc! {"$gte": format!("{user}/{code}/"), "$lt": format!("{user}/{code}0")};
    doc! {"_id": keys, "u": user.as_str()}
}

impl Collections {
    /// Removes the codes of a user that a filter selects, each with its share, copies and reports. The codes
    /// are removed last, so that an interrupted removal is repeated.
    pub(super) async fn remove_shares(&self, user: &UserKey, selected: Document) -> StoreResult<()> {
        loop {
            let some = list(&self.codes, selected.clone(), doc! {"_id": 1}, REMOVED_AT_ONCE).await?;
            if some.is_empty() {
                return Ok(());
            }
            let codes: Vec<&str> = some.iter().map(|record| record.code.as_str()).collect();
            let of_codes = doc! {"u": user.as_str(), "code": {"$in": &codes}};
            self.shares.delete_many(of_codes.clone()).await?;
            self.share_copies.delete_many(of_codes).await?;
            self.share_reports.delete_many(doc! {"code": {"$in": &codes}}).await?;
            let pictures = doc! {"app": user.app_id(), "scene": {"$in": &codes}};
            self.miniprogram_codes.delete_many(pictures).await?;
            self.codes.delete_many(doc! {"_id": {"$in": &codes}}).await?;
        }
    }

    /// Removes the share of a drawing that is being purged. A share of a drawing that was created meanwhile
    /// under the same id is younger, and stays.
    pub(super) async fn remove_share_of(&self, drawing: &DrawingDoc) -> StoreResult<()> {
        // The erasure of a user marks drawings that are not in the bin, and removes all shares itself.
        let Some(deleted_at) = drawing.deleted_at else { return Ok(()) };
        let user = UserKey::from_text(&drawing.u);
        for subject in Subject::pictures_of(&drawing.id) {
            self.remove_check(&user, &subject).await?;
        }
        let until = deleted_at.plus(CLOCK_DIFFERENCE).0;
        let codes = doc! {"owner": user.as_str(), "drawing": &drawing.id, "created_at": {"$lte": until}};
        self.remove_shares(&user, codes).await
    }
}

impl Shares for MongoGallery {
    async fn add_code(&self, code: &CodeRecord) -> StoreResult<bool> {
        let code = Keyed::of_all(code.code.as_str(), code.clone());
        self.run(async move |db| code.insert(&db.codes).await).await
    }

    async fn code(&self, code: &Code) -> StoreResult<Option<CodeRecord>> {
        let key = doc! {"_id": code.as_str()};
        self.run(async move |db| find(&db.codes, key).await).await
    }

    async fn end_code(&self, code: &Code, now: Micros) -> StoreResult<()> {
        let living = doc! {"_id": code.as_str(), "ended_at": null};
        let change = doc! {"$set": {"ended_at": now.0}};
        self.run(async move |db| {
            db.codes.update_one(living, change).await?;
            Ok(())
        })
        .await
    }

    async fn remove_code(&self, code: &Code) -> StoreResult<()> {
        let key = doc! {"_id": code.as_str()};
        self.run(async move |db| {
            db.codes.delete_one(key).await?;
            Ok(())
        })
        .await
    }

    async fn share(&self, user: &UserKey, drawing: &str) -> StoreResult<Option<Share>> {
        let theirs = doc! {"_id": share_key(user, drawing), "u": user.as_str()};
        self.run(async move |db| find(&db.shares, theirs).await).await
    }

    async fn add_share(&self, share: &Share) -> StoreResult<bool> {
        let share = share_doc(share.clone());
        self.run(async move |db| share.insert(&db.shares).await).await
    }

    async fn change_share(&self, share: &Share) -> StoreResult<bool> {
        let known = share.version;
        let next = share_doc(Share { version: known.saturating_add(1), ..share.clone() });
        self.run(async move |db| next.change(&db.shares, known).await).await
    }

    async fn shares(
        &self,
        user: &UserKey,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> StoreResult<Vec<Share>> {
        let mut filter = doc! {"u": user.as_str()};
        if let Some(AfterShare { created_at, code }) = after {
            // The first condition bounds the index scan, the second separates equal times.
            filter.insert("created_at", doc! {"$lte": created_at.0});
            filter.insert(
                "$or",
                [doc! {"created_at": {"$lt": created_at.0}}, doc! {"code": {"$lt": code.as_str()}}],
            );
        }
        let order = doc! {"created_at": -1, "code": -1};
        self.run(async move |db| list(&db.shares, filter, order, limit).await).await
    }

    async fn put_copy(&self, copy: &ShareCopy) -> StoreResult<()> {
        let copy = CopyDoc::of(copy);
        self.run(async move |db| copy.put(&db.share_copies).await).await
    }

    async fn copy(&self, user: &UserKey, code: &Code, seq: u32) -> StoreResult<Option<ShareCopy>> {
        let theirs = doc! {"_id": copy_key(user, code, seq), "u": user.as_str()};
        let user = user.clone();
        self.run(async move |db| Ok(find(&db.share_copies, theirs).await?.map(|copy| copy.copy(&user)))).await
    }

    async fn copies(&self, user: &UserKey, code: &Code) -> StoreResult<Vec<u32>> {
        #[derive(Deserialize)]
        struct Number {
            seq: u32,
        }
        let theirs = copies_of(user, code);
        self.run(async move |db| {
            let copies = db.share_copies.clone_with_type::<Number>();
            let found = copies.find(theirs).projection(doc! {"seq": 1}).sort(doc! {"_id": 1});
            Ok(found.max_time(MAX_TIME).await?.map_ok(|copy| copy.seq).try_collect().await?)
        })
        .await
    }

    async fn remove_copy(&self, user: &UserKey, code: &Code, seq: u32) -> StoreResult<()> {
        let theirs = doc! {"_id": copy_key(user, code, seq), "u": user.as_str()};
        self.run(async move |db| {
            db.share_copies.delete_one(theirs).await?;
            Ok(())
        })
        .await
    }
}
