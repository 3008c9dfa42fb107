//! Avatars: the image in a document of its own, which is written before the user names it and removed after.
//! One that nobody names, because a server died in between, goes with its user.

use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use super::schema::{AvatarDoc, Collections, MAX_TIME, UserDoc, avatar_key, binary};
use super::{MongoGallery, StoreResult};
use crate::clock::Micros;
use crate::store::avatars::Avatars;
use crate::store::gallery::UserRecord;
use crate::user::UserKey;

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
        let known = doc! {"_id": user.as_str()};
        let Some(before) = self.swap_avatar(known, doc! {"$set": {"avatar": id}}).await? else {
            self.drop_image(user, id).await?;
            return Ok(None);
        };
        if let Some(replaced) = &before.avatar {
            self.drop_image(user, replaced).await?;
        }
        Ok(Some(UserDoc { avatar: Some(id.to_owned()), ..before }.into()))
    }

    async fn remove_avatar(&self, user: &UserKey, id: Option<&str>) -> StoreResult<Option<UserRecord>> {
        let mut theirs = doc! {"_id": user.as_str()};
        theirs.insert("avatar", id.map_or(doc! {"$exists": true}.into(), mongodb::bson::Bson::from));
        let Some(before) = self.swap_avatar(theirs, doc! {"$unset": {"avatar": ""}}).await? else {
            return self.user(user).await;
        };
        if let Some(removed) = &before.avatar {
            self.drop_image(user, removed).await?;
        }
        Ok(Some(UserDoc { avatar: None, ..before }.into()))
    }

    async fn avatar(&self, user: &UserKey, id: &str) -> StoreResult<Option<Vec<u8>>> {
        let theirs = doc! {"_id": avatar_key(user, id), "u": user.as_str()};
        let image = self.avatars.find_one(theirs).max_time(MAX_TIME).await?;
        Ok(image.map(|image| image.image.bytes))
    }

    /// Changes which image a user names; the user as it was before.
    async fn swap_avatar(&self, filter: Document, update: Document) -> StoreResult<Option<UserDoc>> {
        let change = self.users.find_one_and_update(filter, update);
        Ok(change.return_document(ReturnDocument::Before).max_time(MAX_TIME).await?)
    }

    async fn drop_image(&self, user: &UserKey, id: &str) -> StoreResult<()> {
        self.avatars.delete_one(doc! {"_id": avatar_key(user, id), "u": user.as_str()}).await?;
        Ok(())
    }
}
