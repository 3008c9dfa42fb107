//! Leases between servers, and notes shared by them.

use std::time::Duration;

use super::measured::operations;

operations! {
/// Leases and notes. A lost record is created again.
pub trait Leases {
    /// Takes a lease, or extends `holder`'s lease. Returns whether `holder` has it now.
    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> bool;

    /// Releases a lease, if `holder` has it.
    async fn drop_lease(&self, name: &str, holder: &str) -> ();

    async fn note(&self, name: &str) -> Option<String>;

    /// Stores a note for `keep`, in place of any other with that name.
    async fn put_note(&self, name: &str, text: &str, keep: Duration) -> ();

    /// Removes a note if its text is still `text`. Returns whether it did.
    async fn drop_note(&self, name: &str, text: &str) -> bool;
}
}
