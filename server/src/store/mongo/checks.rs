//! Checks: one document each, updated only at the version that was read.

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

use super::schema::{Collections, MAX_TIME};
use super::{MongoGallery, ROUNDS, StoreError, StoreResult, error};
use crate::domain::clock::Micros;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::user::UserKey;
use crate::store::Checks;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CheckDoc {
    #[serde(rename = "_id")]
    key: String,
    /// Key of the owner, by which the collection may be sharded.
    u: String,
    subject: String,
    content: String,
    standing: ModerationStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<u32>,
    created_at: Micros,
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_at: Option<Micros>,
    tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passed: Option<String>,
}

impl CheckDoc {
    fn of(check: &ModerationCheck) -> Self {
        Self {
            key: key(&check.user, &check.subject),
            u: check.user.to_string(),
            subject: check.subject.to_string(),
            content: check.content.clone(),
            standing: check.standing,
            label: check.label,
            created_at: check.created_at,
            version: check.version,
            due_at: check.due_at,
            asked_at: check.asked_at,
            tries: check.tries,
            trace_id: check.trace_id.clone(),
            passed: check.passed.clone(),
        }
    }

    fn check(self) -> StoreResult<ModerationCheck> {
        let damaged = || StoreError::Damaged("the subject of a check".to_owned());
        Ok(ModerationCheck {
            user: UserKey::from_text(&self.u),
            subject: Subject::parse(&self.subject).ok_or_else(damaged)?,
            content: self.content,
            standing: self.standing,
            label: self.label,
            created_at: self.created_at,
            version: self.version,
            due_at: self.due_at,
            asked_at: self.asked_at,
            tries: self.tries,
            trace_id: self.trace_id,
            passed: self.passed,
        })
    }
}

fn key(user: &UserKey, subject: &Subject) -> String {
    format!("{user}/{subject}")
}

impl Checks for MongoGallery {
    async fn put_check(&self, check: &ModerationCheck) -> StoreResult<()> {
        let check = CheckDoc::of(check);
        self.run(async move |db| db.put_check(&check).await).await
    }

    async fn check(&self, user: &UserKey, subject: &Subject) -> StoreResult<Option<ModerationCheck>> {
        let theirs = doc! {"_id": key(user, subject), "u": user.as_str()};
        self.run(async move |db| db.find_check(theirs).await).await
    }

    async fn check_of_trace(&self, trace_id: &str) -> StoreResult<Option<ModerationCheck>> {
        let traced = doc! {"trace_id": trace_id};
        self.run(async move |db| db.find_check(traced).await).await
    }

    async fn checks_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<ModerationCheck>> {
        self.run(async move |db| {
            let due = db
                .checks
                .find(doc! {"due_at": {"$lte": now.0}})
                .sort(doc! {"due_at": 1})
                .limit(i64::from(limit.max(1)))
                .max_time(MAX_TIME)
                .await?;
            let due: Vec<CheckDoc> = due.try_collect().await?;
            due.into_iter().map(CheckDoc::check).collect()
        })
        .await
    }

    async fn change_check(&self, check: &ModerationCheck) -> StoreResult<bool> {
        let known = CheckDoc::of(check);
        self.run(async move |db| {
            let as_read = doc! {
                "_id": &known.key, "u": &known.u, "content": &known.content,
                "created_at": known.created_at.0, "version": known.version,
            };
            let next = CheckDoc { version: known.version.saturating_add(1), ..known };
            Ok(db.checks.replace_one(as_read, next).await?.matched_count > 0)
        })
        .await
    }

    async fn remove_check(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        let (user, subject) = (user.clone(), subject.clone());
        self.run(async move |db| db.remove_check(&user, &subject).await).await
    }

    async fn clear_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let theirs = doc! {"_id": user.as_str(), "nickname": nickname};
        self.run(async move |db| {
            let cleared = db.users.update_one(theirs, doc! {"$set": {"nickname": ""}}).await?;
            Ok(cleared.matched_count > 0)
        })
        .await
    }
}

impl Collections {
    async fn put_check(&self, check: &CheckDoc) -> StoreResult<()> {
        let theirs = doc! {"_id": &check.key, "u": &check.u};
        for _ in 0..ROUNDS {
            match self.checks.replace_one(theirs.clone(), check).upsert(true).await {
                Ok(_) => return Ok(()),
                // A concurrent insert came first.
                Err(error) if error::is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy)
    }

    pub(super) async fn remove_check(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        self.checks.delete_one(doc! {"_id": key(user, subject), "u": user.as_str()}).await?;
        Ok(())
    }

    async fn find_check(&self, filter: Document) -> StoreResult<Option<ModerationCheck>> {
        let found = self.checks.find_one(filter).max_time(MAX_TIME).await?;
        found.map(CheckDoc::check).transpose()
    }
}
