//! The audit log.

use yibi_common::admin::{AuditEntry, Change, Happening};
use yibi_common::sharing::Reason;

use super::{Actor, OperatorResult, OperatorService};
use crate::domain::clock::Micros;
use crate::domain::report::{Place, Rows};
use crate::domain::review::Case;
use crate::store::Reports;

impl OperatorService {
    /// A page of the audit log, the latest entry first.
    ///
    /// # Errors
    /// [`OperatorError::Store`](super::OperatorError::Store).
    pub async fn audit_page(&self, after: Option<&Place>, limit: u32) -> OperatorResult<Rows<AuditEntry>> {
        Ok(self.drawings.store().audit_page(after, limit).await?)
    }

    /// Writes a change into the audit log before it is made.
    pub(super) async fn audit(
        &self,
        actor: &Actor,
        change: Change,
        user: &str,
        target: Option<&str>,
    ) -> OperatorResult<()> {
        self.write(actor, change, (user, target), None).await
    }

    /// Writes a change of a review case into the audit log before it is made.
    pub(super) async fn audit_case(
        &self,
        actor: &Actor,
        change: Change,
        case: &Case,
        reason: Option<Reason>,
    ) -> OperatorResult<()> {
        self.write(actor, change, (&case.author, Some(&case.id)), reason).await
    }

    async fn write(
        &self,
        actor: &Actor,
        change: Change,
        (user, target): (&str, Option<&str>),
        reason: Option<Reason>,
    ) -> OperatorResult<()> {
        let now = Micros::now();
        let entry = AuditEntry {
            at: now.to_string(),
            who: actor.name.clone(),
            from: actor.from.clone(),
            change,
            user: user.to_owned(),
            target: target.map(ToOwned::to_owned),
            reason,
            request_id: actor.request_id.clone(),
        };
        self.drawings.store().audit(now, &entry).await?;
        self.metrics.events().publish(|| Happening::Changed { entry: entry.clone() });
        tracing::info!(who = %entry.who, change = change.name(), user, target, "an operator changes something");
        Ok(())
    }
}
