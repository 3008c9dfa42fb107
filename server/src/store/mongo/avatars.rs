//! Avatars: the image is a separate document, written before the user refers to it and removed after. An
//! image without a reference, left by a crash, is removed with its user.

use mongodb::bson::{Document, doc};

use super::schema::{AvatarDoc, Collections, MAX_TIME, UserDoc, avatar_key, binary};
use super::{MongoGallery, StoreResult};
use crate::domain::clock::Micros;
use crate::domain::user::{UserKey, UserRecord};
use crate::store::Avatars;

impl Avatars for MongoGallery {
    async fn set_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
        now: Micros,
    ) -> StoreResult<Option<UserRecord>> {
        let (user, id, image) = (user.clone(), id.to_owned(), image.to_vec());
        self.run(async move |db| db.set_avatar(&user, &id, &image, now).await).await
    }

    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let (user, id) = (user.clone(), id.map(ToOwned::to_owned));
        self.run(async move |db| db.remove_avatar(&user, id.as_deref()).await).await
    }

    async fn avatar(&self, user: &UserKey, id: &str) -> StoreResult<Option<Vec<u8>>> {
        let (user, id) = (user.clone(), id.to_owned());
        self.run(async move |db| db.avatar(&user, &id).await).await
    }
}

impl Collections {
    async fn set_avatar(
        &self,
        user: &UserKey,
        id: &str,
        image: &[u8],
        now: Micros,
    ) -> StoreResult<Option<UserRecord>> {
        let image = AvatarDoc {
            key: avatar_key(user, id),
            u: user.to_string(),
            created_at: now,
            image: binary(image),
        };
        self.avatars.insert_one(&image).await?;
        let named = doc! {"$set": {"avatar": id}};
        let Some(before) = self.swap_avatar(user, |_| Some(named.clone())).await? else {
            self.drop_image(user, id).await?;
            return Ok(None);
        };
        if let Some(replaced) = &before.avatar {
            self.drop_image(user, replaced).await?;
        }
        Ok(Some(UserDoc { avatar: Some(id.to_owned()), ..before }.into()))
    }

    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let unnamed = |user: &UserDoc| match id {
            Some(_) => (id == user.avatar.as_deref()).then(|| doc! {"$unset": {"avatar": ""}}),
            None => Some(doc! {"$unset": {"avatar": ""}, "$set": {"wechat_avatar": ""}}),
        };
        let Some(before) = self.swap_avatar(user, unnamed).await? else {
            return self.user(user).await;
        };
        if let Some(removed) = &before.avatar {
            self.drop_image(user, removed).await?;
        }
        let wechat_avatar = if id.is_some() { before.wechat_avatar.clone() } else { Some(String::new()) };
        Ok(Some(UserDoc { avatar: None, wechat_avatar, ..before }.into()))
    }

    async fn avatar(&self, user: &UserKey, id: &str) -> StoreResult<Option<Vec<u8>>> {
        let theirs = doc! {"_id": avatar_key(user, id), "u": user.as_str()};
        let image = self.avatars.find_one(theirs).max_time(MAX_TIME).await?;
        Ok(image.map(|image| image.image.bytes))
    }

    /// Changes a user's image reference as `change` decides from the current user, and returns the former
    /// user. `None` if the user does not exist or nothing changes.
    ///
    /// The filter contains the former reference, so that each of several concurrent changes knows which image
    /// it replaced, and removes that one.
    async fn swap_avatar(
        &self,
        user: &UserKey,
        change: impl Fn(&UserDoc) -> Option<Document>,
    ) -> StoreResult<Option<UserDoc>> {
        loop {
            let known = self.users.find_one(doc! {"_id": user.as_str()}).max_time(MAX_TIME).await?;
            let Some(before) = known else { return Ok(None) };
            let Some(change) = change(&before) else { return Ok(None) };
            // In a filter, null also matches a missing field.
            let filter = doc! {"_id": user.as_str(), "avatar": before.avatar.clone()};
            if self.users.update_one(filter, change).await?.matched_count > 0 {
                return Ok(Some(before));
            }
        }
    }

    async fn drop_image(&self, user: &UserKey, id: &str) -> StoreResult<()> {
        self.avatars.delete_one(doc! {"_id": avatar_key(user, id), "u": user.as_str()}).await?;
        Ok(())
    }
}
