//! The review queue as operators see it: cases, their copies and pictures, and the shares of a user.

use bytes::Bytes;
use yibi_common::sharing::CaseState;

use super::{OperatorError, OperatorResult, OperatorService};
use crate::domain::clock::Micros;
use crate::domain::review::{AfterCase, Case, CaseFilter, CaseSubject, Reporter, ShareReport};
use crate::domain::share::{AfterShare, Share, ShareCopy};
use crate::domain::user::UserRecord;
use crate::service::shares::CopyPicture;
use crate::store::{Reviews, Shares};

/// Other held cases of the author beside a case.
const OTHERS: u32 = 20;
/// Reports beside a case.
const REPORTS: u32 = 50;

/// A case with the data of its page.
#[derive(Debug, Clone)]
pub struct CaseOverview {
    pub case: Case,
    /// Title of the copy; empty for other content.
    pub title: String,
    /// The author's nickname when the case was opened, for the case of a share.
    pub nickname: Option<String>,
    /// Whether there is an avatar to be seen.
    pub has_avatar: bool,
    /// The share as it is now.
    pub share: Option<Share>,
    /// The latest reports of the share.
    pub reports: Vec<ShareReport>,
    /// Other held cases of the author.
    pub others: Vec<Case>,
    /// The author, and the users who reported the share, as far as they are not erased.
    pub users: Vec<UserRecord>,
}

impl OperatorService {
    /// A page of cases in the order of the queue, and their authors.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<&AfterCase>,
        limit: u32,
    ) -> OperatorResult<(Vec<Case>, Vec<UserRecord>)> {
        let cases = self.drawings.store().cases(filter, after, limit).await?;
        let users = self.authors(cases.iter()).await?;
        Ok((cases, users))
    }

    /// The case with that id.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::Store`].
    pub async fn case(&self, id: &str) -> OperatorResult<Case> {
        self.drawings.store().case(id).await?.ok_or(OperatorError::NoCase)
    }

    /// A case with its reports, and the author's other cases.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::Store`].
    pub async fn case_overview(&self, id: &str) -> OperatorResult<CaseOverview> {
        let case = self.case(id).await?;
        let store = self.drawings.store();
        let records = self.shares.records();
        let (mut title, mut nickname, mut has_avatar) = (String::new(), None, false);
        if let Some(kept) = records.copy_evidence(&case).await? {
            has_avatar = kept.avatar.is_some();
            (title, nickname) = (kept.copy.title, Some(kept.names.nickname));
        } else if let Some(kept) = records.content_evidence(&case).await? {
            has_avatar = kept.avatar.is_some();
        }
        let (mut share, mut reports) = (None, Vec::new());
        if let CaseSubject::Share { code, drawing, .. } = &case.subject {
            share = store.share(&case.owner, drawing).await?.filter(|share| share.code == *code);
            reports = store.reports(code, REPORTS).await?;
        }
        if let CaseSubject::Room { code, .. } = &case.subject {
            reports = store.reports(code, REPORTS).await?;
        }
        let held = CaseFilter {
            state: Some(CaseState::Held),
            owner: Some(case.owner.clone()),
            ..CaseFilter::default()
        };
        // The cases of erased authors name nobody and belong to different people.
        let mut others = if case.owner.as_str().is_empty() {
            Vec::new()
        } else {
            store.cases(&held, None, OTHERS + 1).await?
        };
        others.retain(|other| other.id != case.id);
        others.truncate(OTHERS as usize);
        let reporters = reports.iter().filter_map(|report| match &report.reporter {
            Reporter::User(key) => Some(key),
            Reporter::Visitor(_) => None,
        });
        let users = self.users_of(reporters.chain([&case.owner])).await?;
        Ok(CaseOverview { title, nickname, has_avatar, case, share, reports, others, users })
    }

    /// The copy that a case is about.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::NoEvidence`], [`OperatorError::Store`].
    pub async fn case_copy(&self, id: &str) -> OperatorResult<ShareCopy> {
        let case = self.case(id).await?;
        self.shares.records().case_copy(&case).await?.ok_or(OperatorError::NoEvidence)
    }

    /// A picture of the copy that a case is about, as PNG.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn case_picture(&self, id: &str, kind: CopyPicture) -> OperatorResult<Bytes> {
        let case = self.case(id).await?;
        self.shares.case_picture(&case, kind).await?.ok_or(OperatorError::NoEvidence)
    }

    /// The avatar that a case is about, or that of the share's author, as PNG.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::NoEvidence`], [`OperatorError::Drawing`] while too many users
    /// wait, [`OperatorError::Store`].
    pub async fn case_avatar(&self, id: &str) -> OperatorResult<Bytes> {
        let case = self.case(id).await?;
        let records = self.shares.records();
        let avatar = match &case.subject {
            CaseSubject::Share { .. } | CaseSubject::Room { .. } => {
                records.copy_evidence(&case).await?.and_then(|kept| kept.avatar)
            }
            CaseSubject::Content { .. } => {
                records.content_evidence(&case).await?.and_then(|kept| kept.avatar)
            }
        };
        let avatar = avatar.ok_or(OperatorError::NoEvidence)?;
        Ok(self.drawings.avatar_png(&case.owner, avatar).await?)
    }

    /// The authors of some cases, as far as they are not erased.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn authors(&self, cases: impl Iterator<Item = &Case>) -> OperatorResult<Vec<UserRecord>> {
        Ok(self.users_of(cases.map(|case| &case.owner)).await?)
    }

    /// A page of a user's shares, the newest first.
    ///
    /// # Errors
    /// [`OperatorError::NoUser`], [`OperatorError::Store`].
    pub async fn shares_of(
        &self,
        public_id: &str,
        after: Option<&AfterShare>,
        limit: u32,
    ) -> OperatorResult<Vec<Share>> {
        let user = self.user(public_id).await?;
        Ok(self.drawings.store().shares(&user.key, after, limit).await?)
    }

    /// Reports the age of the oldest case that waits for a decision to the metrics.
    ///
    /// # Errors
    /// [`OperatorError::Store`].
    pub async fn observe_reviews(&self) -> OperatorResult<()> {
        let oldest = self.drawings.store().oldest_held_case().await?;
        let age = oldest.map(|opened| Micros::now().since(opened)).unwrap_or_default();
        self.metrics.oldest_case(age);
        Ok(())
    }
}
