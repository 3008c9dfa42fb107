//! The choice between the backends at run time.

use std::sync::Arc;

use super::mongo::MongoGallery;
use super::redis::RedisSessions;
use super::sqlite::SqliteStore;
use crate::telemetry::Metrics;

/// A database that several servers share.
pub trait SharedBackend: Clone + Send + Sync + 'static {
    /// Name of the database.
    const NAME: &'static str;
    /// Name of the store in metrics.
    const STORE: &'static str;
}

impl SharedBackend for MongoGallery {
    const NAME: &'static str = "mongodb";
    const STORE: &'static str = "gallery";
}

impl SharedBackend for RedisSessions {
    const NAME: &'static str = "redis";
    const STORE: &'static str = "sessions";
}

/// The database that the settings chose.
#[derive(Debug, Clone)]
pub enum Backend<S> {
    Embedded(SqliteStore),
    /// A database that several servers share.
    Shared(S),
}

/// The embedded file, or a database that several servers share; every operation is measured.
#[derive(Clone)]
pub struct Store<S> {
    backend: Backend<S>,
    metrics: Arc<Metrics>,
}

/// The store of users and drawings.
pub type GalleryStore = Store<MongoGallery>;

/// The store of sessions, leases and notes.
pub type SessionStore = Store<RedisSessions>;

impl<S: SharedBackend> Store<S> {
    /// A store that reports to `metrics`.
    #[must_use]
    pub fn new(backend: Backend<S>, metrics: Arc<Metrics>) -> Self {
        Self { backend, metrics }
    }

    /// The database that the settings chose.
    #[must_use]
    pub fn backend(&self) -> &Backend<S> {
        &self.backend
    }

    /// The database that other servers may share.
    #[must_use]
    pub fn shared(&self) -> Option<&S> {
        match &self.backend {
            Backend::Embedded(_) => None,
            Backend::Shared(shared) => Some(shared),
        }
    }

    /// Name of the database.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        match &self.backend {
            Backend::Embedded(_) => "sqlite",
            Backend::Shared(_) => S::NAME,
        }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
