//! MongoDB, for several servers side by side: users and drawings, and the keys that all servers share.
//!
//! Only commands that work on a single document atomically, as MongoDB 6.0 has them; no transactions. What
//! must be unique is so by `_id`. Every filter names the user, by whom the collections may be sharded.
//!
//! | file | subject |
//! |---|---|
//! | `schema` | documents, their keys and indexes |
//! | `link` | the connection |
//! | `users` | users and their erasure |
//! | `avatars` | what users look like |
//! | `checks` | what WeChat says of what users show |
//! | `append` | putting actions behind a drawing's list |
//! | `chunks` | the part of a list that is no longer in its header's tail |
//! | `drawings` | everything else done to one drawing |
//! | `lists` | reading many |
//! | `admin` | what operators do |
//! | `weapp` | saves of 2016 clients |
//! | `state` | what the database is |
//! | `transfer` | moving everything |

mod admin;
mod append;
mod avatars;
mod checks;
mod chunks;
mod client;
mod drawings;
mod error;
mod lists;
mod schema;
mod state;
mod transfer;
mod users;
mod weapp;

use std::sync::Arc;

use mongodb::options::{ClientOptions, ConnectionString};

use self::client::MongoClient;
use self::schema::Collections;
pub use self::state::{Acknowledged, MongoState};
use super::gallery::{
    After, Appended, Batch, Gallery, Header, NewDrawing, NewUser, Stored, Usage, UserRecord, WeappHead,
    WeappSave, WeappSaved,
};
use super::{StoreError, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// How often an operation looks again when others changed what it had read, before it gives up as
/// [`StoreError::Busy`]. Each round means that another one's change got through.
const ROUNDS: usize = 32;

/// Users and drawings in MongoDB. Cheap to clone; one connection pool for each runtime that asks.
#[derive(Debug, Clone)]
pub struct MongoGallery {
    link: Arc<MongoClient>,
}

impl MongoGallery {
    /// The store at that URI, in that database. Returns at once, whether or not the server can be reached;
    /// indexes are made in the background as soon as it can. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the URI can't be read.
    pub fn connect(uri: &str, database: &str) -> StoreResult<Self> {
        Self::connect_with(uri, database, |_| {})
    }

    /// As [`connect`](Self::connect), with the driver's options changed last, by a test that watches the
    /// driver's events, say.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_with(
        uri: &str,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let store = Self::linked(uri, database, adjust)?;
        tokio::spawn(client::make_indexes(Arc::downgrade(&store.link)));
        Ok(store)
    }

    /// As [`connect`](Self::connect), for one who only looks: no indexes are made.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_to_look(uri: &str, database: &str) -> StoreResult<Self> {
        Self::linked(uri, database, |_| {})
    }

    fn linked(
        uri: &str,
        database: &str,
        adjust: impl Fn(&mut ClientOptions) + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let uri = ConnectionString::parse(uri).map_err(|cause| error::unreadable_uri(uri, &cause))?;
        Ok(Self { link: Arc::new(MongoClient::new(uri, database, adjust)) })
    }

    /// A secret that all servers share: the proposal of the one that came first.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn shared_secret(&self, name: &str, proposal: &[u8]) -> StoreResult<Vec<u8>> {
        let (name, proposal) = (name.to_owned(), proposal.to_vec());
        self.run(async move |db| db.shared_secret(&name, &proposal).await).await
    }

    /// A secret that all servers share, if there is one.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn known_secret(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        let name = name.to_owned();
        self.run(async move |db| db.known_secret(&name).await).await
    }

    async fn run<T, F>(&self, operation: impl FnOnce(Collections) -> F + Send + 'static) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send,
    {
        self.link.run(operation).await
    }
}

impl Gallery for MongoGallery {
    async fn ping(&self) -> StoreResult<()> {
        self.run(async |db| db.ping().await).await
    }

    async fn sign_in(&self, user: &UserKey, new: &NewUser, now: Micros) -> StoreResult<(UserRecord, bool)> {
        let (user, new) = (user.clone(), new.clone());
        self.run(async move |db| db.sign_in(&user, &new, now).await).await
    }

    async fn user(&self, user: &UserKey) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.run(async move |db| db.user(&user).await).await
    }

    async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        let public_id = public_id.to_owned();
        self.run(async move |db| db.user_by_public_id(&public_id).await).await
    }

    async fn set_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<Option<UserRecord>> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.run(async move |db| db.set_nickname(&user, &nickname).await).await
    }

    async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let (user, nickname) = (user.clone(), nickname.to_owned());
        self.run(async move |db| db.fill_nickname(&user, &nickname).await).await
    }

    async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> StoreResult<bool> {
        let (user, address) = (user.clone(), address.to_owned());
        self.run(async move |db| db.set_wechat_avatar(&user, &address).await).await
    }

    async fn set_unionid(&self, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
        let (user, unionid) = (user.clone(), unionid.to_owned());
        self.run(async move |db| db.set_unionid(&user, &unionid).await).await
    }

    async fn set_phone(&self, user: &UserKey, sealed: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let (user, sealed) = (user.clone(), sealed.map(ToOwned::to_owned));
        self.run(async move |db| db.set_phone(&user, sealed.as_deref()).await).await
    }

    async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
        let (user, sealed, anew) = (user.clone(), sealed.to_owned(), anew.to_owned());
        self.run(async move |db| db.replace_phone(&user, &sealed, &anew).await).await
    }

    async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> StoreResult<bool> {
        let user = user.clone();
        self.run(async move |db| db.schedule_erasure(&user, at).await).await
    }

    async fn erasures_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
        self.run(async move |db| db.erasures_due(now, limit).await).await
    }

    async fn erase(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        let user = user.clone();
        self.run(async move |db| db.erase(&user, now).await).await
    }

    async fn usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.run(async move |db| db.usage(&user).await).await
    }

    async fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> StoreResult<Appended> {
        let (user, id, batch, create) = (user.clone(), id.to_owned(), batch.clone(), create.cloned());
        self.run(async move |db| db.append(&user, &id, &batch, create.as_ref(), now).await).await
    }

    async fn header(&self, user: &UserKey, id: &str) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.header(&user, &id).await).await
    }

    async fn read(&self, user: &UserKey, id: &str, since: u32) -> StoreResult<Option<Stored>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.read(&user, &id, since).await).await
    }

    async fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> StoreResult<Vec<Header>> {
        let (user, after) = (user.clone(), after.cloned());
        self.run(async move |db| db.page(&user, deleted, after.as_ref(), limit).await).await
    }

    async fn rename(&self, user: &UserKey, id: &str, title: &str) -> StoreResult<Option<Header>> {
        let (user, id, title) = (user.clone(), id.to_owned(), title.to_owned());
        self.run(async move |db| db.rename(&user, &id, &title).await).await
    }

    async fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> StoreResult<Option<Header>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.set_deleted(&user, &id, deleted, now).await).await
    }

    async fn weapp_save(&self, user: &UserKey, save: &WeappSave<'_>, now: Micros) -> StoreResult<WeappSaved> {
        let (user, save) = (user.clone(), weapp::Save::from(save));
        self.run(async move |db| db.weapp_save(&user, &save, now).await).await
    }

    async fn weapp_heads(&self, user: &UserKey, limit: u32, max_bytes: u64) -> StoreResult<Vec<WeappHead>> {
        let user = user.clone();
        self.run(async move |db| db.weapp_heads(&user, limit, max_bytes).await).await
    }

    async fn purges_due(&self, before: Micros, limit: u32) -> StoreResult<Vec<(UserKey, String)>> {
        self.run(async move |db| db.purges_due(before, limit).await).await
    }

    async fn bin(&self, user: &UserKey, limit: u32) -> StoreResult<Vec<Header>> {
        let user = user.clone();
        self.run(async move |db| db.bin(&user, limit).await).await
    }

    async fn bin_usage(&self, user: &UserKey) -> StoreResult<Usage> {
        let user = user.clone();
        self.run(async move |db| db.bin_usage(&user).await).await
    }

    async fn purge(&self, user: &UserKey, id: &str, before: Micros) -> StoreResult<bool> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.purge(&user, &id, before).await).await
    }
}
