//! The public view of a share, found by its code.

use std::sync::Arc;

use yibi_common::sharing::ShareState;

use super::{ShareError, ShareResult, ShareService};
use crate::domain::moderation::Subject;
use crate::domain::share::{Code, Share, ShareCopy};
use crate::domain::user::UserRecord;
use crate::settings::{ModerationMode, Reviewer};
use crate::store::{Avatars, Drawings, Shares, Users};

/// A share that the public sees.
#[derive(Debug, Clone)]
pub struct PublicShare {
    pub share: Share,
    pub seq: u32,
    pub copy: Arc<ShareCopy>,
    pub author: PublicAuthor,
    /// The title as it passed; empty when it did not.
    pub title: String,
}

/// The author of a share, as others may see the author.
#[derive(Debug, Clone)]
pub struct PublicAuthor {
    /// Public id of the user.
    pub id: String,
    /// The nickname that passed.
    pub nickname: Option<String>,
    /// Id of the uploaded avatar, if it passed.
    pub avatar: Option<String>,
    /// Address of the WeChat profile's avatar.
    pub wechat_avatar: Option<String>,
}

impl ShareService {
    /// The share of a code, for anybody.
    ///
    /// # Errors
    /// [`ShareError::Off`], [`ShareError::NotFound`] for an unknown code and one of an erased user,
    /// [`ShareError::Checking`], [`ShareError::Gone`], [`ShareError::Store`].
    pub async fn public(&self, code: &str) -> ShareResult<PublicShare> {
        let (share, owner) = self.found(code).await?;
        let seq = share.shown_seq.filter(|_| share.is_shown()).ok_or(ShareError::Gone)?;
        let store = &self.0.records.store;
        // A change between the reads of the share and of the copy removes the copy; a client asks again.
        let copy = store.copy(&share.owner, &share.code, seq).await?.ok_or(ShareError::Checking)?;
        let (author, title) = self.names(&share, owner).await?;
        Ok(PublicShare { share, seq, copy: Arc::new(copy), author, title })
    }

    /// The share of a code, with its author, when the public sees the share.
    pub(super) async fn found(&self, code: &str) -> ShareResult<(Share, UserRecord)> {
        self.require_level()?;
        let code = Code::parse(code).ok_or(ShareError::NotFound)?;
        let store = &self.0.records.store;
        let target = store.code(&code).await?.ok_or(ShareError::NotFound)?;
        let (share, owner, header) = tokio::try_join!(
            store.share(&target.owner, &target.drawing),
            store.user(&target.owner),
            store.header(&target.owner, &target.drawing),
        )?;
        let share = share.ok_or(ShareError::NotFound)?;
        let owner = owner.ok_or(ShareError::NotFound)?;
        let in_bin = header.is_none_or(|header| header.deleted_at.is_some());
        // The drawing may be shared again by another code, after this one was revoked.
        if share.code != code || in_bin || !owner.is_shown() {
            return Err(ShareError::Gone);
        }
        match share.state {
            ShareState::Checking | ShareState::Held => Err(ShareError::Checking),
            ShareState::Removed | ShareState::Revoked => Err(ShareError::Gone),
            ShareState::Shown => Ok((share, owner)),
        }
    }

    /// The author and the title, as far as they passed.
    async fn names(&self, share: &Share, owner: UserRecord) -> ShareResult<(PublicAuthor, String)> {
        let by_person =
            self.0.settings.review == Reviewer::Operator && self.0.mode != ModerationMode::Enforce;
        let (nickname, avatar, title) = if by_person {
            let seen = share.names.as_ref();
            let nickname = seen.map(|seen| seen.nickname.clone()).filter(|seen| *seen == owner.nickname);
            (nickname, None, seen.map(|seen| seen.title.clone()))
        } else {
            let moderation = &self.0.moderation;
            let title = Subject::Title(share.drawing.clone());
            let (nickname, avatar, title) = tokio::try_join!(
                moderation.last_passed(&owner.key, &Subject::Nickname),
                moderation.last_passed(&owner.key, &Subject::Avatar),
                moderation.last_passed(&owner.key, &title),
            )?;
            (nickname, avatar.filter(|avatar| owner.avatar.as_ref() == Some(avatar)), title)
        };
        let is_shown = |address: &String| !by_person && owner.avatar.is_none() && !address.is_empty();
        let wechat_avatar = owner.wechat_avatar.filter(is_shown);
        let author = PublicAuthor {
            id: owner.public_id,
            nickname: nickname.filter(|nickname| !nickname.is_empty() && !owner.nickname.is_empty()),
            avatar,
            wechat_avatar,
        };
        Ok((author, title.unwrap_or_default()))
    }

    /// The author's avatar as JPEG, when others may see it.
    ///
    /// # Errors
    /// [`ShareError::NotFound`] without an avatar that passed, [`ShareError::Store`].
    pub async fn public_avatar(&self, public: &PublicShare) -> ShareResult<Vec<u8>> {
        let avatar = public.author.avatar.as_deref().ok_or(ShareError::NotFound)?;
        let image = self.0.records.store.avatar(&public.share.owner, avatar).await?;
        image.ok_or(ShareError::NotFound)
    }
}
