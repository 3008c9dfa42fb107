//! [`Transfer`] with MongoDB.

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use sha2::{Digest, Sha256};
use yibi_common::codec;

use super::append::TAIL_LIMIT;
use super::miniprogram_codes::MiniprogramCodeDoc;
use super::reports::AuditDoc;
use super::reviews::case_doc;
use super::schema::{
    AvatarDoc, ChunkDoc, Collections, DrawingDoc, DrawingState, MAX_TIME, UserDoc, avatar_key, binary,
    chunk_key, drawing_key, tail_size,
};
use super::shares::share_doc;
use super::{MongoGallery, StoreError, StoreResult, error, records};
use crate::domain::clock::Micros;
use crate::domain::drawing::Stored;
use crate::domain::miniprogram_code::MiniprogramCode;
use crate::domain::order::{Order, OrderCopy};
use crate::domain::review::{Case, Evidence, ShareReport};
use crate::domain::room::Member;
use crate::domain::share::{CodeRecord, Share};
use crate::domain::user::{UserKey, UserRecord};
use crate::store::Transfer;
use crate::store::transfer::{AuditRow, Turn};

impl Transfer for MongoGallery {
    async fn users_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<UserRecord>> {
        let filter = behind(place);
        self.run(async move |db| {
            let found = db.users.find(filter).sort(doc! {"_id": 1}).limit(limit.into()).max_time(MAX_TIME);
            let users: Vec<UserDoc> = found.await?.try_collect().await?;
            let next = users.last().map(|user| user.key.clone());
            Ok(Turn { items: users.into_iter().map(UserRecord::from).collect(), next })
        })
        .await
    }

    async fn drawings_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<(UserKey, String)>> {
        let filter = behind(place);
        self.run(async move |db| {
            let mut found = db
                .drawings
                .clone_with_type::<Document>()
                .find(filter)
                .projection(doc! {"u": 1, "id": 1, "state": 1})
                .sort(doc! {"_id": 1})
                .limit(limit.into())
                .max_time(MAX_TIME)
                .await?;
            let (mut items, mut next) = (Vec::new(), None);
            while let Some(drawing) = found.try_next().await? {
                let text = |name: &str| drawing.get_str(name).unwrap_or_default().to_owned();
                if text("state") != DrawingState::Purging.name() {
                    items.push((UserKey::from_text(&text("u")), text("id")));
                }
                next = Some(text("_id"));
            }
            Ok(Turn { items, next })
        })
        .await
    }

    async fn audit_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<AuditRow>> {
        // The position also holds the number of preceding entries: an entry has no number here.
        let (number, key) = place.and_then(|place| place.split_once(' ')).unwrap_or(("0", ""));
        let number: u64 = number.parse().map_err(|_| StoreError::Damaged("a place of a move".to_owned()))?;
        let filter = doc! {"_id": {"$gt": key}};
        self.run(async move |db| {
            let found = db.audit.find(filter).sort(doc! {"_id": 1}).limit(limit.into()).max_time(MAX_TIME);
            let docs: Vec<AuditDoc> = found.await?.try_collect().await?;
            let count = docs.len() as u64;
            let next = docs.last().map(|last| format!("{} {}", number + count, last.key));
            let rows = docs.into_iter().zip(number..).map(|(doc, number)| {
                let damaged = || StoreError::Damaged("an entry of the audit log".to_owned());
                let at = doc.key.split('-').next().and_then(|at| i64::from_str_radix(at, 16).ok());
                let entry = serde_json::from_str(&doc.entry).map_err(|_| damaged())?;
                Ok(AuditRow { at: Micros(at.ok_or_else(damaged)?), number, entry })
            });
            Ok(Turn { items: rows.collect::<StoreResult<_>>()?, next })
        })
        .await
    }

    async fn codes_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<CodeRecord>> {
        let filter = behind(place);
        self.run(async move |db| records::turn(&db.codes, filter, limit).await).await
    }

    async fn cases_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Case>> {
        let filter = behind(place);
        self.run(async move |db| records::turn(&db.cases, filter, limit).await).await
    }

    async fn reports_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<ShareReport>> {
        let filter = behind(place);
        self.run(async move |db| records::turn(&db.share_reports, filter, limit).await).await
    }

    async fn evidence_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Evidence>> {
        let filter = behind(place);
        self.run(async move |db| records::turn(&db.evidence, filter, limit).await).await
    }

    async fn put_share(&self, share: &Share) -> StoreResult<()> {
        let share = share_doc(share.clone());
        self.run(async move |db| share.put(&db.shares).await).await
    }

    async fn put_case(&self, case: &Case) -> StoreResult<()> {
        let case = case_doc(case.clone());
        self.run(async move |db| case.put(&db.cases).await).await
    }

    async fn miniprogram_codes_behind(
        &self,
        place: Option<&str>,
        limit: u32,
    ) -> StoreResult<Turn<MiniprogramCode>> {
        let filter = behind(place);
        self.run(async move |db| {
            let Turn { items, next } = records::turn(&db.miniprogram_codes, filter, limit).await?;
            Ok(Turn { items: items.into_iter().map(MiniprogramCodeDoc::code).collect(), next })
        })
        .await
    }

    async fn members_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Member>> {
        let filter = behind(place);
        self.run(async move |db| records::turn(&db.members, filter, limit).await).await
    }

    async fn orders_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<Order>> {
        let filter = behind(place);
        self.run(async move |db| db.orders_turn(filter, limit).await).await
    }

    async fn put_order(&self, order: &Order, copy: Option<&OrderCopy>) -> StoreResult<()> {
        let (order, copy) = (order.clone(), copy.cloned());
        self.run(async move |db| db.put_order(order, copy.as_ref()).await).await
    }

    async fn put_user(&self, user: &UserRecord) -> StoreResult<()> {
        let user = UserDoc::from(user.clone());
        self.run(async move |db| {
            db.users.replace_one(doc! {"_id": &user.key}, &user).upsert(true).await?;
            Ok(())
        })
        .await
    }

    async fn put_avatar(&self, user: &UserKey, id: &str, image: &[u8]) -> StoreResult<()> {
        let avatar = AvatarDoc {
            key: avatar_key(user, id),
            u: user.to_string(),
            created_at: Micros::now(),
            image: binary(image),
        };
        self.run(async move |db| {
            let filter = doc! {"_id": &avatar.key, "u": &avatar.u};
            db.avatars.replace_one(filter, &avatar).upsert(true).await?;
            Ok(())
        })
        .await
    }

    async fn put_drawing(&self, user: &UserKey, drawing: &Stored) -> StoreResult<()> {
        let (user, drawing) = (user.clone(), drawing.clone());
        self.run(async move |db| db.put_drawing(&user, &drawing).await).await
    }

    async fn put_audit(&self, row: &AuditRow) -> StoreResult<()> {
        let entry =
            serde_json::to_string(&row.entry).map_err(|error| StoreError::Refused(Box::new(error)))?;
        // Sorted by time, then by number.
        let key = format!("{:016x}-{:016x}", row.at.0, row.number);
        self.run(async move |db| match db.audit.insert_one(AuditDoc { key, entry }).await {
            Err(error) if !error::is_duplicate(&error) => Err(error.into()),
            Ok(_) | Err(_) => Ok(()),
        })
        .await
    }
}

fn behind(place: Option<&str>) -> Document {
    place.map_or_else(Document::new, |place| doc! {"_id": {"$gt": place}})
}

impl Collections {
    /// Writes the chunks first, so that a header never exists without them. The incarnation is derived from
    /// the drawing, so that a repeated attempt writes the same chunk keys.
    async fn put_drawing(&self, user: &UserKey, stored: &Stored) -> StoreResult<()> {
        let header = &stored.header;
        let mut groups = groups(&stored.actions);
        let tail = groups.pop().unwrap_or_default();
        let last_weapp = stored.actions.last().is_some_and(|last| codec::is_weapp(last));
        let mut drawing = DrawingDoc::new(user, header, tail, last_weapp)?;
        drawing.inc = incarnation(&drawing_key(user, &header.id), header.created_at);
        drawing.deleted_at = header.deleted_at;
        drawing.state = if header.deleted_at.is_some() { DrawingState::Bin } else { DrawingState::Live };
        let mut first = stored.since;
        for group in groups {
            let end = first.saturating_add(u32::try_from(group.len()).unwrap_or(u32::MAX));
            let chunk = ChunkDoc {
                key: chunk_key(&drawing.key, drawing.inc, first, end),
                u: drawing.u.clone(),
                created_at: drawing.created_at,
                first,
                end,
                blobs: group.iter().map(|blob| binary(blob)).collect(),
            };
            let filter = doc! {"_id": &chunk.key, "u": &chunk.u};
            self.chunks.replace_one(filter, &chunk).upsert(true).await?;
            first = end;
        }
        drawing.tail_from = first;
        let filter = doc! {"_id": &drawing.key, "u": &drawing.u};
        self.drawings.replace_one(filter, &drawing).upsert(true).await?;
        Ok(())
    }
}

/// Splits the actions into groups of at most a tail's size; a larger action forms its own group.
fn groups(actions: &[Vec<u8>]) -> Vec<&[Vec<u8>]> {
    let mut groups = Vec::new();
    let mut rest = actions;
    while !rest.is_empty() {
        let mut size = 0_i64;
        let fitting = rest.iter().take_while(|blob| {
            size = size.saturating_add(tail_size(std::slice::from_ref(*blob)));
            size <= TAIL_LIMIT
        });
        let (group, behind) = rest.split_at(fitting.count().max(1));
        groups.push(group);
        rest = behind;
    }
    groups
}

fn incarnation(key: &str, created_at: Micros) -> i64 {
    let digest = Sha256::new().chain_update(key).chain_update(created_at.0.to_be_bytes()).finalize();
    digest.first_chunk::<8>().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Collections that a move copies, and those that are handled otherwise.
    #[expect(
        dead_code,
        reason = "a collection that is new does not compile here: have it moved, or say why not"
    )]
    fn no_collection_is_forgotten(db: &Collections) {
        // Chunks move with their drawings, secrets with the keys.
        let Collections {
            database: _,
            users: _,
            avatars: _,
            checks: _,
            shares: _,
            codes: _,
            share_copies: _,
            cases: _,
            share_reports: _,
            evidence: _,
            miniprogram_codes: _,
            members: _,
            orders: _,
            drawings: _,
            chunks: _,
            secrets: _,
            audit: _,
        } = db;
    }

    #[test]
    fn groups_hold_every_action_once_in_order() {
        let sizes = [10, 9_000, 9_000, 40_000, 1, 1, 16_000, 400];
        let actions: Vec<Vec<u8>> = sizes.iter().map(|size| vec![7; *size]).collect();
        let grouped = groups(&actions);
        assert_eq!(grouped.concat(), actions);
        for group in &grouped {
            assert!(group.len() == 1 || tail_size(group) <= TAIL_LIMIT, "{}", group.len());
        }
        assert_eq!(grouped.len(), 5);
        assert!(groups(&[]).is_empty());
    }
}
