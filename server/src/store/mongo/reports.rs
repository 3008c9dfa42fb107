//! Users and drawings for operators, and the audit log. Each kind of page follows its own index.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};
use yibi_common::admin::{AuditEntry, DrawingOrder};

use super::schema::{Collections, DrawingDoc, DrawingState, MAX_TIME, UserDoc, without_tail};
use super::{MongoGallery, StoreError, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::report::{Collector, DrawingPage, Place, Rows, Texts, UserPage, UsersBy, sorted_by};
use crate::domain::user::{UserKey, UserRecord};
use crate::store::Reports;

const TURN: u32 = 256;

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AuditDoc {
    /// The time and random digits: sortable and unique.
    #[serde(rename = "_id")]
    pub(super) key: String,
    pub(super) entry: String,
}

impl Reports for MongoGallery {
    async fn user_page(&self, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
        let page = page.clone();
        self.run(async move |db| db.user_page(&page).await).await
    }

    async fn drawing_page(&self, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
        let page = page.clone();
        self.run(async move |db| db.drawing_page(&page).await).await
    }

    async fn estimates(&self) -> StoreResult<(u64, u64)> {
        self.run(async |db| {
            let users = db.users.estimated_document_count().max_time(MAX_TIME).await?;
            let drawings = db.drawings.estimated_document_count().max_time(MAX_TIME).await?;
            Ok((users, drawings))
        })
        .await
    }

    async fn audit(&self, at: Micros, entry: &AuditEntry) -> StoreResult<()> {
        let entry = serde_json::to_string(entry).map_err(|error| StoreError::Refused(Box::new(error)))?;
        let key = format!("{:016x}-{}", at.0, crate::random::short_id());
        self.run(async move |db| {
            // If the driver resends the insert, the key shows that the entry exists.
            match db.audit.insert_one(AuditDoc { key, entry }).await {
                Err(error) if !super::error::is_duplicate(&error) => Err(error.into()),
                Ok(_) | Err(_) => Ok(()),
            }
        })
        .await
    }

    async fn audit_page(&self, after: Option<&Place>, limit: u32) -> StoreResult<Rows<AuditEntry>> {
        let filter = after.map_or_else(Document::new, |after| doc! {"_id": {"$lt": &after.name}});
        self.run(async move |db| {
            let mut found = db
                .audit
                .find(filter)
                .sort(doc! {"_id": -1})
                .limit(i64::from(limit) + 1)
                .max_time(MAX_TIME)
                .await?;
            let mut page = Collector::new(limit);
            while let Some(AuditDoc { key, entry }) = found.try_next().await? {
                let entry = serde_json::from_str(&entry)
                    .map_err(|error| StoreError::Damaged(format!("the audit log: {error}")))?;
                if page.take(Some(entry)) {
                    return Ok(page.end(Some(Place { value: 0, name: key })));
                }
            }
            Ok(page.end(None))
        })
        .await
    }
}

impl Collections {
    async fn user_page(&self, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
        let down = page.reverse != matches!(page.by, UsersBy::Creation);
        let step = if down { -1 } else { 1 };
        let after = page.after.as_ref();
        let (filters, order) = match &page.by {
            UsersBy::Creation => (
                after.map_or_else(all, |after| {
                    behind("created_at", after.value.into(), &after.name, Document::new(), down)
                }),
                doc! {"created_at": step, "_id": step},
            ),
            UsersBy::Nickname(Texts { from, below }) => {
                let place = after.and_then(|after| after.name.rsplit_once('\n'));
                let far = if down {
                    doc! {"$gte": from}
                } else {
                    doc! {"$lt": below}
                };
                let filters = place.map_or_else(
                    || vec![doc! {"nickname": {"$gte": from, "$lt": below}}],
                    |(nickname, key)| behind("nickname", nickname.into(), key, far, down),
                );
                (filters, doc! {"nickname": step, "_id": step})
            }
            UsersBy::Key(Texts { from, below }) => {
                let mut range = doc! {"$gte": from, "$lt": below};
                if let Some(after) = after {
                    range.remove(if down { "$lt" } else { "$gte" });
                    range.insert(if down { "$lt" } else { "$gt" }, &after.name);
                }
                (vec![doc! {"_id": range}], doc! {"_id": step})
            }
        };
        let mut collector = Collector::new(page.limit);
        for filter in filters {
            let find = self.users.find(filter).sort(order.clone()).batch_size(TURN).max_time(MAX_TIME);
            let mut found = find.await?;
            while let Some(user) = found.try_next().await? {
                let user: UserRecord = UserDoc::into(user);
                let place = match &page.by {
                    UsersBy::Creation => Place { value: user.created_at.0, name: user.key.to_string() },
                    UsersBy::Nickname(_) => {
                        Place { value: 0, name: format!("{}\n{}", user.nickname, user.key) }
                    }
                    UsersBy::Key(_) => Place { value: 0, name: user.key.to_string() },
                };
                let taken = page.blocked.is_none_or(|blocked| user.blocked_at.is_some() == blocked);
                if collector.take(taken.then_some(user)) {
                    return Ok(collector.end(Some(place)));
                }
            }
        }
        Ok(collector.end(None))
    }

    async fn drawing_page(&self, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
        let down = !page.reverse;
        let step = if down { -1 } else { 1 };
        let field = match page.order {
            DrawingOrder::Updated => "updated_at",
            DrawingOrder::Created => "created_at",
            DrawingOrder::Size => "bytes",
        };
        let mut range = Document::new();
        if page.order != DrawingOrder::Size {
            range.extend(page.filter.since.map(|since| ("$gte".to_owned(), since.0.into())));
            range.extend(page.filter.until.map(|until| ("$lt".to_owned(), until.0.into())));
        }
        let filters = match &page.after {
            Some(after) => {
                // The position replaces the near end of the range.
                range.remove(if down { "$lt" } else { "$gte" });
                behind(field, after.value.into(), &after.name, range, down)
            }
            None if range.is_empty() => all(),
            None => vec![doc! {field: range}],
        };
        let mut collector = Collector::new(page.limit);
        for filter in filters {
            let find =
                self.drawings.find(filter).projection(without_tail()).sort(doc! {field: step, "_id": step});
            let mut found = find.batch_size(TURN).max_time(MAX_TIME).await?;
            while let Some(drawing) = found.try_next().await? {
                let header = DrawingDoc::header(&drawing);
                let place = Place { value: sorted_by(&header, page.order), name: drawing.key };
                let taken = drawing.state != DrawingState::Purging && page.filter.takes(&header, page.order);
                let row = taken.then(|| (UserKey::from_text(&drawing.u), header));
                if collector.take(row) {
                    return Ok(collector.end(Some(place)));
                }
            }
        }
        Ok(collector.end(None))
    }
}

/// A filter that matches all documents.
fn all() -> Vec<Document> {
    vec![Document::new()]
}

/// The documents after a position, as two index ranges: those with the position's value after its key, and
/// those beyond the value, limited by `far`. A single filter would scan all documents of the value for each
/// page.
fn behind(field: &str, value: Bson, key: &str, mut far: Document, down: bool) -> Vec<Document> {
    let beyond = if down { "$lt" } else { "$gt" };
    far.insert(beyond, value.clone());
    vec![doc! {field: value, "_id": {beyond: key}}, doc! {field: far}]
}
