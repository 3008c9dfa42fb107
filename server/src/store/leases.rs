//! Leases between servers, and notes that they leave for one another.

use std::time::Duration;

use super::measured::operations;

operations! {
/// Leases and notes. A lost record is made again.
pub trait Leases {
    /// Takes a lease, or extends the one that `holder` has. Returns whether `holder` has it now.
    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> bool;

    /// Releases a lease, if `holder` has it.
    async fn drop_lease(&self, name: &str, holder: &str) -> ();

    async fn note(&self, name: &str) -> Option<String>;

    /// Writes a note over any other of that name, for `keep`.
    async fn put_note(&self, name: &str, text: &str, keep: Duration) -> ();

    /// Removes a note if it still has that text. Returns whether it did.
    async fn drop_note(&self, name: &str, text: &str) -> bool;
}
}
