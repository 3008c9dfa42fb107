//! The choice between the stores at run time, and the measuring of their operations.

use std::sync::Arc;
use std::time::{Duration, Instant};

use yibi_common::admin::AuditEntry;

use super::StoreResult;
use super::admin::{DrawingPage, GalleryAdmin, Place, Rows, SessionPage, SessionsAdmin, UserPage};
use super::avatars::Avatars;
use super::checks::{Checks, ModerationCheck, Subject};
use super::gallery::{
    After, Appended, Batch, Gallery, Header, NewDrawing, NewUser, Stored, Usage, UserRecord, WeappHead,
    WeappSave, WeappSaved,
};
use super::mongo::MongoGallery;
use super::redis::RedisSessions;
use super::sessions::{CodeOutcome, CodeState, SecretHash, SessionId, Sessions, StoredSession};
use super::sqlite::SqliteStore;
use super::transfer::{Transfer, Turn};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::telemetry::Metrics;

/// The store of users and drawings that the settings chose.
#[derive(Clone)]
pub struct GalleryStore {
    backend: GalleryBackend,
    metrics: Arc<Metrics>,
}

/// What a [`GalleryStore`] stands on.
#[derive(Clone)]
pub enum GalleryBackend {
    /// The embedded file.
    Sqlite(SqliteStore),
    /// MongoDB.
    Mongo(MongoGallery),
}

/// The store of sessions that the settings chose.
#[derive(Clone)]
pub struct SessionStore {
    backend: SessionBackend,
    metrics: Arc<Metrics>,
}

/// What a [`SessionStore`] stands on.
#[derive(Clone)]
pub enum SessionBackend {
    /// The embedded file.
    Sqlite(SqliteStore),
    /// Redis.
    Redis(RedisSessions),
}

impl GalleryStore {
    /// The name of what it stands on.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        match &self.backend {
            GalleryBackend::Sqlite(_) => "sqlite",
            GalleryBackend::Mongo(_) => "mongodb",
        }
    }

    /// A store that reports to those metrics.
    #[must_use]
    pub fn new(backend: GalleryBackend, metrics: Arc<Metrics>) -> Self {
        Self { backend, metrics }
    }

    /// What it stands on.
    #[must_use]
    pub fn backend(&self) -> &GalleryBackend {
        &self.backend
    }
}

impl SessionStore {
    /// The Redis that other servers may share.
    #[must_use]
    pub fn shared(&self) -> Option<&RedisSessions> {
        match &self.backend {
            SessionBackend::Sqlite(_) => None,
            SessionBackend::Redis(redis) => Some(redis),
        }
    }

    /// The name of what it stands on.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        match &self.backend {
            SessionBackend::Sqlite(_) => "sqlite",
            SessionBackend::Redis(_) => "redis",
        }
    }

    /// A store that reports to those metrics.
    #[must_use]
    pub fn new(backend: SessionBackend, metrics: Arc<Metrics>) -> Self {
        Self { backend, metrics }
    }

    /// What it stands on.
    #[must_use]
    pub fn backend(&self) -> &SessionBackend {
        &self.backend
    }
}

macro_rules! measured {
    ($self:ident, $store:literal, $seam:ident, $backend:ident, $shared:ident, $operation:ident($($argument:expr),*)) => {{
        let began = Instant::now();
        let result = match &$self.backend {
            $backend::Sqlite(store) => $seam::$operation(store $(, $argument)*).await,
            $backend::$shared(store) => $seam::$operation(store $(, $argument)*).await,
        };
        $self.metrics.operation($store, stringify!($operation), result.is_ok(), began.elapsed());
        result
    }};
}

macro_rules! gallery {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "gallery", Gallery, GalleryBackend, Mongo, $operation($($argument),*))
    };
}

macro_rules! sessions {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "sessions", Sessions, SessionBackend, Redis, $operation($($argument),*))
    };
}

macro_rules! gallery_admin {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "gallery", GalleryAdmin, GalleryBackend, Mongo, $operation($($argument),*))
    };
}

macro_rules! avatars {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "gallery", Avatars, GalleryBackend, Mongo, $operation($($argument),*))
    };
}

macro_rules! checks {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "gallery", Checks, GalleryBackend, Mongo, $operation($($argument),*))
    };
}

macro_rules! sessions_admin {
    ($self:ident.$operation:ident($($argument:expr),*)) => {
        measured!($self, "sessions", SessionsAdmin, SessionBackend, Redis, $operation($($argument),*))
    };
}

impl GalleryStore {
    /// See [`Transfer::users_behind`].
    ///
    /// # Errors
    /// As every operation's.
    pub async fn users_behind(&self, place: Option<&str>, limit: u32) -> StoreResult<Turn<UserRecord>> {
        measured!(self, "gallery", Transfer, GalleryBackend, Mongo, users_behind(place, limit))
    }
}

impl Gallery for GalleryStore {
    async fn ping(&self) -> StoreResult<()> {
        gallery!(self.ping())
    }

    async fn sign_in(&self, user: &UserKey, new: &NewUser, now: Micros) -> StoreResult<(UserRecord, bool)> {
        gallery!(self.sign_in(user, new, now))
    }

    async fn user(&self, user: &UserKey) -> StoreResult<Option<UserRecord>> {
        gallery!(self.user(user))
    }

    async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        gallery!(self.user_by_public_id(public_id))
    }

    async fn set_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<Option<UserRecord>> {
        gallery!(self.set_nickname(user, nickname))
    }

    async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        gallery!(self.fill_nickname(user, nickname))
    }

    async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> StoreResult<bool> {
        gallery!(self.set_wechat_avatar(user, address))
    }

    async fn set_unionid(&self, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
        gallery!(self.set_unionid(user, unionid))
    }

    async fn set_phone(&self, user: &UserKey, sealed: Option<&str>) -> StoreResult<Option<UserRecord>> {
        gallery!(self.set_phone(user, sealed))
    }

    async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
        gallery!(self.replace_phone(user, sealed, anew))
    }

    async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> StoreResult<bool> {
        gallery!(self.schedule_erasure(user, at))
    }

    async fn erasures_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
        gallery!(self.erasures_due(now, limit))
    }

    async fn erase(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        gallery!(self.erase(user, now))
    }

    async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        gallery!(self.usage(user))
    }

    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        gallery!(self.append(user, id, batch, create, now))
    }

    async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        gallery!(self.header(user, id))
    }

    async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        gallery!(self.read(user, id, since))
    }

    async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        gallery!(self.page(user, deleted, after, limit))
    }

    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        gallery!(self.rename(user, id, title))
    }

    async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        gallery!(self.set_deleted(user, id, deleted, now))
    }

    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> StoreResult<WeappSaved> {
        gallery!(self.weapp_save(user, save, now))
    }

    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> StoreResult<Vec<WeappHead>> {
        gallery!(self.weapp_heads(user, limit, max_bytes))
    }

    async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        gallery!(self.purges_due(before, limit))
    }

    async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        gallery!(self.bin(user, limit))
    }

    async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        gallery!(self.bin_usage(user))
    }

    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        gallery!(self.purge(user, id, before))
    }
}

impl Sessions for SessionStore {
    async fn ping(&self) -> StoreResult<()> {
        sessions!(self.ping())
    }

    async fn claim_code(&self, code: SecretHash, holder: &str, lease: Duration) -> StoreResult<CodeState> {
        sessions!(self.claim_code(code, holder, lease))
    }

    async fn settle_code(&self, code: SecretHash, outcome: &CodeOutcome, keep: Duration) -> StoreResult<()> {
        sessions!(self.settle_code(code, outcome, keep))
    }

    async fn release_code(&self, code: SecretHash, holder: &str) -> StoreResult<()> {
        sessions!(self.release_code(code, holder))
    }

    async fn create(&self, session: StoredSession, idle: Duration) -> StoreResult<StoredSession> {
        sessions!(self.create(session, idle))
    }

    async fn read(
        &self,
        id: SessionId,
        user: Option<&UserKey>,
        slide: Option<Duration>,
    ) -> StoreResult<Option<StoredSession>> {
        sessions!(self.read(id, user, slide))
    }

    async fn replace(&self, old: &StoredSession, new: &StoredSession, idle: Duration) -> StoreResult<bool> {
        sessions!(self.replace(old, new, idle))
    }

    async fn remove(&self, user: &UserKey, id: SessionId) -> StoreResult<bool> {
        sessions!(self.remove(user, id))
    }

    async fn of_user(&self, user: &UserKey) -> StoreResult<Vec<(StoredSession, Micros)>> {
        sessions!(self.of_user(user))
    }

    async fn remove_all(&self, user: &UserKey) -> StoreResult<()> {
        sessions!(self.remove_all(user))
    }

    async fn take_lease(&self, name: &str, holder: &str, lease: Duration) -> StoreResult<bool> {
        sessions!(self.take_lease(name, holder, lease))
    }

    async fn drop_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        sessions!(self.drop_lease(name, holder))
    }

    async fn note(&self, name: &str) -> StoreResult<Option<String>> {
        sessions!(self.note(name))
    }

    async fn put_note(&self, name: &str, text: &str, keep: Duration) -> StoreResult<()> {
        sessions!(self.put_note(name, text, keep))
    }

    async fn drop_note(&self, name: &str, text: &str) -> StoreResult<bool> {
        sessions!(self.drop_note(name, text))
    }
}

impl GalleryAdmin for GalleryStore {
    async fn user_page(&self, page: &UserPage) -> StoreResult<Rows<UserRecord>> {
        gallery_admin!(self.user_page(page))
    }

    async fn users(&self, users: &[UserKey]) -> StoreResult<Vec<UserRecord>> {
        gallery_admin!(self.users(users))
    }

    async fn users_of_person(&self, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
        gallery_admin!(self.users_of_person(unionid, limit))
    }

    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> StoreResult<Option<UserRecord>> {
        gallery_admin!(self.set_blocked(user, since))
    }

    async fn drawing_page(&self, page: &DrawingPage) -> StoreResult<Rows<(UserKey, Header)>> {
        gallery_admin!(self.drawing_page(page))
    }

    async fn estimates(&self) -> StoreResult<(u64, u64)> {
        gallery_admin!(self.estimates())
    }

    async fn audit(&self, at: Micros, entry: &AuditEntry) -> StoreResult<()> {
        gallery_admin!(self.audit(at, entry))
    }

    async fn audit_page(&self, after: Option<&Place>, limit: u32) -> StoreResult<Rows<AuditEntry>> {
        gallery_admin!(self.audit_page(after, limit))
    }
}

impl Avatars for GalleryStore {
    async fn set_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
        now: Micros,
    ) -> StoreResult<Option<UserRecord>> {
        avatars!(self.set_avatar(user, id, image, now))
    }

    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
        avatars!(self.remove_avatar(user, id))
    }

    async fn avatar(&self, user: &UserKey, id: &str) -> StoreResult<Option<Vec<u8>>> {
        avatars!(self.avatar(user, id))
    }
}

impl Checks for GalleryStore {
    async fn put_check(&self, check: &ModerationCheck) -> StoreResult<()> {
        checks!(self.put_check(check))
    }

    async fn check(&self, user: &UserKey, subject: &Subject) -> StoreResult<Option<ModerationCheck>> {
        checks!(self.check(user, subject))
    }

    async fn check_of_trace(&self, trace_id: &str) -> StoreResult<Option<ModerationCheck>> {
        checks!(self.check_of_trace(trace_id))
    }

    async fn checks_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<ModerationCheck>> {
        checks!(self.checks_due(now, limit))
    }

    async fn change_check(&self, check: &ModerationCheck) -> StoreResult<bool> {
        checks!(self.change_check(check))
    }

    async fn remove_check(&self, user: &UserKey, subject: &Subject) -> StoreResult<()> {
        checks!(self.remove_check(user, subject))
    }

    async fn clear_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        checks!(self.clear_nickname(user, nickname))
    }
}

impl SessionsAdmin for SessionStore {
    async fn session_page(&self, page: &SessionPage) -> StoreResult<Rows<(StoredSession, Micros)>> {
        sessions_admin!(self.session_page(page))
    }

    async fn session_estimates(&self, since: Micros) -> StoreResult<(u64, u64)> {
        sessions_admin!(self.session_estimates(since))
    }
}
