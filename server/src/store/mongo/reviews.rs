//! Review cases, reports of shares, and evidence. Operators read the cases of all users, so the collection of
//! cases is sharded by its key; the reports of a share lie together, by its code.

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use yibi_common::sharing::CaseState;

use super::records::{Keyed, find, list, value};
use super::schema::{Collections, MAX_TIME};
use super::{MongoGallery, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::review::{AfterCase, Case, CaseFilter, Evidence, ReporterCount, ShareReport};
use crate::domain::share::Code;
use crate::domain::user::UserKey;
use crate::store::Reviews;

pub(super) fn case_doc(case: Case) -> Keyed<Case> {
    Keyed::of_all(&case.id.clone(), case)
}

fn report_doc(report: &ShareReport) -> Keyed<ShareReport> {
    Keyed::of_all(&format!("{}/{}", report.code, report.reporter), report.clone())
}

fn evidence_doc(evidence: &Evidence) -> Keyed<Evidence> {
    Keyed::of_all(&evidence.case, evidence.clone())
}

impl Reviews for MongoGallery {
    async fn add_case(&self, case: &Case) -> StoreResult<bool> {
        let case = case_doc(case.clone());
        self.run(async move |db| case.insert(&db.cases).await).await
    }

    async fn case(&self, id: &str) -> StoreResult<Option<Case>> {
        let key = doc! {"_id": id};
        self.run(async move |db| find(&db.cases, key).await).await
    }

    async fn change_case(&self, case: &Case) -> StoreResult<bool> {
        let known = case.version;
        let next = case_doc(Case { version: known.saturating_add(1), ..case.clone() });
        self.run(async move |db| next.change(&db.cases, known).await).await
    }

    async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<&AfterCase>,
        limit: u32,
    ) -> StoreResult<Vec<Case>> {
        let filter = page_filter(filter, after)?;
        let order = doc! {"rank_at": 1, "_id": 1};
        self.run(async move |db| list(&db.cases, filter, order, limit).await).await
    }

    async fn oldest_held_case(&self) -> StoreResult<Option<Micros>> {
        #[derive(Deserialize)]
        struct Opened {
            opened_at: Micros,
        }
        let held = doc! {"state": value(&CaseState::Held)?};
        self.run(async move |db| {
            let cases = db.cases.clone_with_type::<Opened>();
            let oldest = cases.find_one(held).projection(doc! {"opened_at": 1}).sort(doc! {"opened_at": 1});
            Ok(oldest.max_time(MAX_TIME).await?.map(|case| case.opened_at))
        })
        .await
    }

    async fn add_report(&self, report: &ShareReport) -> StoreResult<bool> {
        let report = report_doc(report);
        self.run(async move |db| report.insert(&db.share_reports).await).await
    }

    async fn reporters(&self, code: &Code, above: Option<u32>) -> StoreResult<ReporterCount> {
        let mut filter = doc! {"code": code.as_str()};
        if let Some(above) = above {
            filter.insert("seq", doc! {"$gt": above});
        }
        self.run(async move |db| {
            let mut users = filter.clone();
            users.insert("reporter.user", doc! {"$exists": true});
            let users = db.share_reports.count_documents(users).max_time(MAX_TIME).await?;
            let all = db.share_reports.count_documents(filter).max_time(MAX_TIME).await?;
            let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
            Ok(ReporterCount { users: number(users), visitors: number(all.saturating_sub(users)) })
        })
        .await
    }

    async fn reports(&self, code: &Code, limit: u32) -> StoreResult<Vec<ShareReport>> {
        let filter = doc! {"code": code.as_str()};
        let order = doc! {"at": -1, "_id": -1};
        self.run(async move |db| list(&db.share_reports, filter, order, limit).await).await
    }

    async fn put_evidence(&self, evidence: &Evidence) -> StoreResult<()> {
        let evidence = evidence_doc(evidence);
        self.run(async move |db| evidence.put(&db.evidence).await).await
    }

    async fn evidence(&self, case: &str) -> StoreResult<Option<Evidence>> {
        let key = doc! {"_id": case};
        self.run(async move |db| find(&db.evidence, key).await).await
    }

    async fn replace_evidence(&self, case: &str, sealed: &str, anew: &str) -> StoreResult<bool> {
        let (still, change) = (doc! {"_id": case, "sealed": sealed}, doc! {"$set": {"sealed": anew}});
        self.run(async move |db| Ok(db.evidence.update_one(still, change).await?.matched_count > 0)).await
    }

    async fn remove_expired_evidence(&self, now: Micros, limit: u32) -> StoreResult<u32> {
        self.run(async move |db| db.remove_expired_evidence(now, limit).await).await
    }
}

/// Filter of a page of cases.
fn page_filter(filter: &CaseFilter, after: Option<&AfterCase>) -> StoreResult<Document> {
    let CaseFilter { state, reason, opened_by, opened_before, owner } = filter;
    let mut conditions = Document::new();
    if let Some(owner) = owner {
        conditions.insert("owner", owner.as_str());
    }
    if let Some(state) = state {
        conditions.insert("state", value(state)?);
    }
    if let Some(reason) = reason {
        conditions.insert("reason", value(reason)?);
    }
    if let Some(opener) = opened_by {
        conditions.insert("opened_by", value(opener)?);
    }
    if let Some(before) = opened_before {
        conditions.insert("opened_at", doc! {"$lt": before.0});
    }
    if let Some(AfterCase { rank_at, id }) = after {
        // The first condition bounds the index scan, the second separates equal times.
        conditions.insert("rank_at", doc! {"$gte": rank_at.0});
        conditions.insert("$or", [doc! {"rank_at": {"$gt": rank_at.0}}, doc! {"_id": {"$gt": id}}]);
    }
    Ok(conditions)
}

impl Collections {
    /// Removes from a user's cases what names the user. The owner goes last, so that an interrupted change is
    /// repeated.
    pub(super) async fn forget_author(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        let cases = doc! {"owner": user.as_str(), "opened_at": {"$lte": now.0}};
        let mut contents = cases.clone();
        contents.insert("subject.content", doc! {"$gt": ""});
        let change = doc! {"$set": {"subject.content": ""}, "$inc": {"version": 1}};
        self.cases.update_many(contents, change).await?;
        let change = doc! {"$set": {"owner": "", "author": ""}, "$inc": {"version": 1}};
        self.cases.update_many(cases, change).await?;
        Ok(())
    }

    async fn remove_expired_evidence(&self, now: Micros, limit: u32) -> StoreResult<u32> {
        #[derive(Deserialize)]
        struct Key {
            #[serde(rename = "_id")]
            key: String,
        }
        let expired = doc! {"expires_at": {"$lt": now.0}};
        let found = self
            .evidence
            .clone_with_type::<Key>()
            .find(expired.clone())
            .projection(doc! {"_id": 1})
            .sort(doc! {"expires_at": 1})
            .limit(i64::from(limit.max(1)))
            .max_time(MAX_TIME)
            .await?;
        let keys: Vec<String> = found.map_ok(|found| found.key).try_collect().await?;
        // The evidence of a case that was opened again meanwhile is no longer expired.
        let mut removed = expired;
        removed.insert("_id", doc! {"$in": keys});
        let removed = self.evidence.delete_many(removed).await?.deleted_count;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }
}
