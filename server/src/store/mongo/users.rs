//! Users and their erasure.

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use serde::Deserialize;

use super::schema::{Collections, DrawingState, MAX_TIME, UserDoc};
use super::{MongoGallery, ROUNDS, StoreError, StoreResult, error};
use crate::domain::clock::Micros;
use crate::domain::user::{NewUser, UserKey, UserRecord};
use crate::store::Users;

impl Users for MongoGallery {
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

    async fn users(&self, users: &[UserKey]) -> StoreResult<Vec<UserRecord>> {
        let keys: Vec<String> = users.iter().map(ToString::to_string).collect();
        self.run(async move |db| {
            let found = db.users.find(doc! {"_id": {"$in": keys}}).max_time(MAX_TIME).await?;
            Ok(found.map_ok(UserRecord::from).try_collect().await?)
        })
        .await
    }

    async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        let public_id = public_id.to_owned();
        self.run(async move |db| db.user_by_public_id(&public_id).await).await
    }

    async fn users_of_person(&self, unionid: &str, limit: u32) -> StoreResult<Vec<UserRecord>> {
        let unionid = unionid.to_owned();
        self.run(async move |db| {
            let found = db.users.find(doc! {"unionid": unionid}).sort(doc! {"_id": 1});
            let found = found.limit(i64::from(limit.max(1))).max_time(MAX_TIME).await?;
            Ok(found.map_ok(UserRecord::from).try_collect().await?)
        })
        .await
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

    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> StoreResult<Option<UserRecord>> {
        let user = user.clone();
        self.run(async move |db| db.set_blocked(&user, since).await).await
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
}

impl Collections {
    pub(super) async fn sign_in(
        &self,
        user: &UserKey,
        new: &NewUser,
        now: Micros,
    ) -> StoreResult<(UserRecord, bool)> {
        for _ in 0..ROUNDS {
            let Some(known) = self.find_user(user).await? else {
                let fresh = UserDoc::from(UserRecord::fresh(user, new, now));
                match self.users.insert_one(&fresh).await {
                    Ok(_) => return Ok((fresh.into(), true)),
                    Err(error) if error::is_duplicate(&error) => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            if known.erase_at.is_some() && !new.reopen {
                return Ok((known.into(), false));
            }
            // The filter contains the state that each change was decided by.
            let mut filter = doc! {"_id": user.as_str()};
            let (mut set, mut unset) = (Document::new(), Document::new());
            if let (None, Some(unionid)) = (&known.unionid, &new.unionid) {
                filter.insert("unionid", doc! {"$exists": false});
                set.insert("unionid", unionid);
            }
            if let Some(erase_at) = known.erase_at.filter(|at| !known.erasing && now < *at) {
                filter.insert("erase_at", erase_at.0);
                filter.insert("erasing", doc! {"$exists": false});
                unset.insert("erase_at", "");
            }
            let mut update = Document::new();
            if !set.is_empty() {
                update.insert("$set", set);
            }
            if !unset.is_empty() {
                update.insert("$unset", unset);
            }
            if update.is_empty() {
                return Ok((known.into(), false));
            }
            if let Some(changed) = self.change_user(filter, update).await? {
                return Ok((changed.into(), false));
            }
        }
        Err(StoreError::Busy)
    }

    pub(super) async fn user(&self, user: &UserKey) -> StoreResult<Option<UserRecord>> {
        Ok(self.find_user(user).await?.map(UserRecord::from))
    }

    pub(super) async fn user_by_public_id(&self, public_id: &str) -> StoreResult<Option<UserRecord>> {
        let found = self.users.find_one(doc! {"public_id": public_id}).max_time(MAX_TIME).await?;
        Ok(found.map(UserRecord::from))
    }

    pub(super) async fn set_nickname(
        &self,
        user: &UserKey,
        nickname: &str,
    ) -> StoreResult<Option<UserRecord>> {
        let set = doc! {"$set": {"nickname": nickname}};
        Ok(self.change_user(doc! {"_id": user.as_str()}, set).await?.map(UserRecord::from))
    }

    pub(super) async fn fill_nickname(&self, user: &UserKey, nickname: &str) -> StoreResult<bool> {
        let unnamed = doc! {"_id": user.as_str(), "nickname": ""};
        let set = doc! {"$set": {"nickname": nickname}};
        Ok(self.users.update_one(unnamed, set).await?.matched_count > 0)
    }

    pub(super) async fn set_wechat_avatar(&self, user: &UserKey, address: &str) -> StoreResult<bool> {
        let set = doc! {"$set": {"wechat_avatar": address}};
        let wanted = doc! {"_id": user.as_str(), "wechat_avatar": {"$ne": ""}};
        Ok(self.users.update_one(wanted, set).await?.matched_count > 0)
    }

    pub(super) async fn set_unionid(&self, user: &UserKey, unionid: &str) -> StoreResult<Option<UserRecord>> {
        let unknown = doc! {"_id": user.as_str(), "unionid": {"$exists": false}};
        match self.change_user(unknown, doc! {"$set": {"unionid": unionid}}).await? {
            Some(changed) => Ok(Some(changed.into())),
            None => self.user(user).await,
        }
    }

    pub(super) async fn set_phone(
        &self,
        user: &UserKey,
        sealed: Option<&str>,
    ) -> StoreResult<Option<UserRecord>> {
        let change = match sealed {
            Some(sealed) => doc! {"$set": {"phone": sealed}},
            None => doc! {"$unset": {"phone": ""}},
        };
        Ok(self.change_user(doc! {"_id": user.as_str()}, change).await?.map(UserRecord::from))
    }

    pub(super) async fn replace_phone(&self, user: &UserKey, sealed: &str, anew: &str) -> StoreResult<bool> {
        let still = doc! {"_id": user.as_str(), "phone": sealed};
        let replaced = self.users.update_one(still, doc! {"$set": {"phone": anew}}).await?;
        Ok(replaced.matched_count > 0)
    }

    pub(super) async fn schedule_erasure(&self, user: &UserKey, at: Micros) -> StoreResult<bool> {
        let set = doc! {"$set": {"erase_at": at.0}};
        let scheduled = self.users.update_one(doc! {"_id": user.as_str()}, set).await?;
        Ok(scheduled.matched_count > 0)
    }

    pub(super) async fn erasures_due(&self, now: Micros, limit: u32) -> StoreResult<Vec<UserKey>> {
        #[derive(Deserialize)]
        struct Key {
            #[serde(rename = "_id")]
            key: String,
        }
        let due = self
            .users
            .clone_with_type::<Key>()
            .find(doc! {"erase_at": {"$lte": now.0}})
            .projection(doc! {"_id": 1})
            .sort(doc! {"erase_at": 1})
            .limit(i64::from(limit.max(1)))
            .max_time(MAX_TIME)
            .await?;
        Ok(due.map_ok(|user| UserKey::from_text(&user.key)).try_collect().await?)
    }

    /// Removes the user last, so that an interrupted erasure becomes due again. Only records created up to
    /// `now` are removed: if another server completes a delayed erasure and the same person returns, their
    /// new records stay.
    pub(super) async fn erase(&self, user: &UserKey, now: Micros) -> StoreResult<()> {
        let key = user.as_str();
        let due = doc! {"_id": key, "erase_at": {"$lte": now.0}};
        let begun = self.users.update_one(due, doc! {"$set": {"erasing": true}}).await?;
        if begun.matched_count == 0 {
            return Ok(());
        }
        let theirs = doc! {"u": key, "created_at": {"$lte": now.0}};
        let hidden = doc! {"$set": {"state": DrawingState::Purging.name()}};
        self.drawings.update_many(theirs.clone(), hidden).await?;
        // A code without its share is a page that does not exist, so the shares go first.
        self.shares.delete_many(theirs.clone()).await?;
        self.remove_shares(user, doc! {"owner": key, "created_at": {"$lte": now.0}}).await?;
        self.share_reports.delete_many(doc! {"reporter.user": key, "at": {"$lte": now.0}}).await?;
        self.forget_author(user, now).await?;
        self.forget_customer(user, now).await?;
        let mut chunks = theirs.clone();
        // Chunk keys begin with the user, so the `_id` index finds them.
        chunks.insert("_id", doc! {"$gte": format!("{key}/"), "$lt": format!("{key}0")});
        self.chunks.delete_many(chunks).await?;
        self.drawings.delete_many(theirs.clone()).await?;
        self.members.delete_many(doc! {"u": key, "joined_at": {"$lte": now.0}}).await?;
        self.avatars.delete_many(theirs.clone()).await?;
        self.checks.delete_many(theirs).await?;
        self.users.delete_one(doc! {"_id": key, "erasing": true}).await?;
        Ok(())
    }

    async fn set_blocked(&self, user: &UserKey, since: Option<Micros>) -> StoreResult<Option<UserRecord>> {
        let key = doc! {"_id": user.as_str()};
        let (filter, update) = match since {
            Some(since) => (
                doc! {"_id": user.as_str(), "blocked_at": {"$exists": false}},
                doc! {"$set": {"blocked_at": since.0}},
            ),
            None => (key.clone(), doc! {"$unset": {"blocked_at": ""}}),
        };
        let changed = self
            .users
            .find_one_and_update(filter, update)
            .return_document(ReturnDocument::After)
            .max_time(MAX_TIME)
            .await?;
        let user = match changed {
            Some(user) => Some(user),
            None => self.users.find_one(key).max_time(MAX_TIME).await?,
        };
        Ok(user.map(UserRecord::from))
    }

    async fn find_user(&self, user: &UserKey) -> StoreResult<Option<UserDoc>> {
        Ok(self.users.find_one(doc! {"_id": user.as_str()}).max_time(MAX_TIME).await?)
    }

    async fn change_user(&self, filter: Document, update: Document) -> StoreResult<Option<UserDoc>> {
        let change = self.users.find_one_and_update(filter, update);
        Ok(change.return_document(ReturnDocument::After).max_time(MAX_TIME).await?)
    }
}
