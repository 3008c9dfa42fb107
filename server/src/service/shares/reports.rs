//! Reports of shares, by users and by visitors of the page.

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use yibi_common::sharing::Reason;

use super::{ShareError, ShareResult, ShareService};
use crate::domain::clock::Micros;
use crate::domain::review::{Reporter, ShareReport};
use crate::domain::share::Share;
use crate::domain::text;
use crate::domain::user::UserKey;
use crate::service::rate_limits::network_of;
use crate::store::Reviews;

/// Users whose reports hide a share until a person has decided.
const HIDING: u32 = 3;
/// Maximum length of a note in characters.
pub const NOTE_LEN: usize = 200;

impl ShareService {
    /// Reports a share as a user, which opens a case or raises it in the queue. The third user hides the share.
    /// A copy that a person passed stays. A further report of the same user changes nothing, and neither does
    /// one of the author.
    ///
    /// # Errors
    /// As [`public`](Self::public); [`ShareError::Value`] for a long note.
    pub async fn report(&self, user: &UserKey, code: &str, reason: Reason, note: &str) -> ShareResult<()> {
        let note = checked_note(note)?;
        let share = match self.found(code).await {
            Ok((share, _)) => share,
            // Hidden since the reporter saw it: the report has its effect already.
            Err(ShareError::Checking) => return Ok(()),
            Err(error) => return Err(error),
        };
        if share.owner == *user {
            return Ok(());
        }
        self.add_report(&share, Reporter::User(user.clone()), reason, note).await
    }

    /// Reports a share as a visitor without an account. Such reports open a case or raise it in
    /// the queue, and hide nothing.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn report_as_visitor(
        &self,
        address: IpAddr,
        code: &str,
        reason: Reason,
        note: &str,
    ) -> ShareResult<()> {
        let note = checked_note(note)?;
        let share = match self.found(code).await {
            Ok((share, _)) => share,
            Err(ShareError::Checking) => return Ok(()),
            Err(error) => return Err(error),
        };
        // Keyed, so that the address can't be found from the record.
        let signer = &self.0.records.keys.get().await?.signer;
        let network = network_of(address);
        let tag: [u8; 12] = signer.tag(format!("visitor {code} {network}").as_bytes());
        self.add_report(&share, Reporter::Visitor(HEXLOWER.encode(&tag)), reason, note).await
    }

    async fn add_report(
        &self,
        share: &Share,
        reporter: Reporter,
        reason: Reason,
        note: String,
    ) -> ShareResult<()> {
        let records = &self.0.records;
        let report = ShareReport {
            code: share.code.clone(),
            reporter,
            seq: share.shown_seq.unwrap_or_default(),
            reason,
            note,
            at: Micros::now(),
        };
        let is_first = records.store.add_report(&report).await?;
        if !is_first && matches!(report.reporter, Reporter::Visitor(_)) {
            return Ok(());
        }
        // Also for a repeated report: an earlier one may have been stored without its effect.
        let reporters = records.store.reporters(&share.code, share.cleared_seq).await?;
        records.reported(share, reason, reporters.users >= HIDING).await?;
        records.count_reports(share).await?;
        Ok(())
    }
}

pub(crate) fn checked_note(note: &str) -> ShareResult<String> {
    // A form sends each line break as two characters, and counts it as one.
    let note = note.replace("\r\n", "\n");
    if note.chars().count() > NOTE_LEN {
        return Err(ShareError::Value("a note has at most 200 characters"));
    }
    Ok(text::printable(&note))
}
