//! Shares, their codes and copies.

use super::measured::operations;
use crate::domain::clock::Micros;
use crate::domain::share::{AfterShare, Code, CodeRecord, Share, ShareCopy};
use crate::domain::user::UserKey;

operations! {
/// Shares. An acknowledged change is durable. Everything here is deleted with its user, and with its drawing
/// when the drawing is purged.
pub trait Shares {
    /// Stores a code, unless the code exists. Returns whether it was stored.
    async fn add_code(&self, code: &CodeRecord) -> bool;

    /// Target of a code.
    async fn code(&self, code: &Code) -> Option<CodeRecord>;

    /// Notes that the share of a code ended. The first end stays.
    async fn end_code(&self, code: &Code, now: Micros) -> ();

    /// Removes a code that no share uses.
    async fn remove_code(&self, code: &Code) -> ();

    /// Share of a drawing, in any state.
    async fn share(&self, user: &UserKey, drawing: &str) -> Option<Share>;

    /// Stores the first share of a drawing, unless there is one. Returns whether it was stored.
    async fn add_share(&self, share: &Share) -> bool;

    /// Writes a changed share, with another code too, unless another change was stored first: the stored
    /// version must be the given one. Returns whether it was written; the stored version is then one higher.
    async fn change_share(&self, share: &Share) -> bool;

    /// Shares of a user, the newest first by `created_at` and code.
    async fn shares(&self, user: &UserKey, after: Option<&AfterShare>, limit: u32) -> Vec<Share>;

    /// Stores a copy over one of the same code and seq.
    async fn put_copy(&self, copy: &ShareCopy) -> ();

    /// Copy of a share.
    async fn copy(&self, user: &UserKey, code: &Code, seq: u32) -> Option<ShareCopy>;

    /// Numbers of the share's stored copies, ascending.
    async fn copies(&self, user: &UserKey, code: &Code) -> Vec<u32>;

    /// Removes a copy.
    async fn remove_copy(&self, user: &UserKey, code: &Code, seq: u32) -> ();
}
}
