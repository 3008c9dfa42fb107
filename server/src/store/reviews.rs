//! Review cases, reports of shares, and evidence.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::review::{AfterCase, Case, CaseFilter, Evidence, ReporterCount, ShareReport};
use crate::domain::share::Code;

operations! {
/// Review. An acknowledged change is durable. Cases and evidence outlive their user, without what names the
/// user; reports are deleted with the reporter and with the share.
pub trait Reviews {
    /// Stores a case, unless there is one with its id. Returns whether it was stored.
    async fn add_case(&self, case: &Case) -> bool;

    /// The case with that id.
    async fn case(&self, id: &str) -> Option<Case>;

    /// Writes a changed case, unless another change was stored first: the stored version must be the given
    /// one. Returns whether it was written; the stored version is then one higher.
    async fn change_case(&self, case: &Case) -> bool;

    /// Cases of a selection by `rank_at` and id, ascending.
    async fn cases(&self, filter: &CaseFilter, after: Option<&AfterCase>, limit: u32) -> Vec<Case>;

    /// Time at which the oldest case that is held was opened.
    async fn oldest_held_case(&self) -> Option<Micros>;

    /// Stores a report, unless the reporter reported the share before. Returns whether it was stored.
    async fn add_report(&self, report: &ShareReport) -> bool;

    /// Numbers of those who reported a copy of the share with a seq above `above`, or any copy.
    async fn reporters(&self, code: &Code, above: Option<u32>) -> ReporterCount;

    /// Reports of a share, the newest first, at most `limit`.
    async fn reports(&self, code: &Code, limit: u32) -> Vec<ShareReport>;

    /// Stores evidence over that of the same case.
    async fn put_evidence(&self, evidence: &Evidence) -> ();

    /// Evidence of a case.
    async fn evidence(&self, case: &str) -> Option<Evidence>;

    /// Writes another sealed form of the same content if the stored one is still `sealed`. Returns whether it was.
    async fn replace_evidence(&self, case: &str, sealed: &str, anew: &str) -> bool;

    /// Removes evidence that expired before `now`, at most `limit`. Returns how much was removed.
    async fn remove_expired_evidence(&self, now: Micros, limit: u32) -> u32;
}
}
