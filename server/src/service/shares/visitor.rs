//! The public view of a share, found by its code.

use std::sync::Arc;

use yibi_common::drawing::Paper;
use yibi_common::sharing::ShareState;

use super::{ShareError, ShareResult, ShareService};
use crate::domain::batch::Obstacle;
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::share::{Code, CodeTarget, Share, ShareCopy, copy_name};
use crate::domain::user::UserRecord;
use crate::settings::{ModerationMode, Reviewer};
use crate::store::{Avatars, Drawings, Shares, Users};

/// A share that the public sees, without its copy.
#[derive(Debug, Clone)]
pub struct ShownShare {
    pub share: Share,
    /// `seq` of the copy.
    pub seq: u32,
    owner: UserRecord,
}

/// A share that the public sees, with all that is written beside the picture.
#[derive(Debug, Clone)]
pub struct PublicShare {
    pub shown: ShownShare,
    pub head: CopyHead,
    pub author: PublicAuthor,
    /// The title of the copy, once it passed; otherwise empty.
    pub title: String,
}

/// A copy without its strokes. A copy never changes, so that its head is kept in memory.
#[derive(Debug, Clone)]
pub struct CopyHead {
    title: Arc<str>,
    pub paper: Paper,
    /// Time at which the drawing was begun.
    pub drawn_at: Micros,
    pub strokes: usize,
}

impl CopyHead {
    fn of(copy: &ShareCopy) -> Self {
        Self {
            title: copy.title.as_str().into(),
            paper: copy.paper,
            drawn_at: copy.drawn_at,
            strokes: copy.actions.len().saturating_sub(1),
        }
    }
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
    pub async fn shown(&self, code: &str) -> ShareResult<ShownShare> {
        let (share, owner) = self.found(code).await?;
        let seq = share.shown_seq.filter(|_| share.is_shown()).ok_or(ShareError::Gone)?;
        Ok(ShownShare { share, seq, owner })
    }

    /// As [`shown`](Self::shown), with the author and the title.
    ///
    /// # Errors
    /// As [`shown`](Self::shown).
    pub async fn public(&self, code: &str) -> ShareResult<PublicShare> {
        let shown = self.shown(code).await?;
        let name = copy_name(&shown.share.code, shown.seq);
        let head = match self.0.heads.get(&name).await {
            Some(head) => head,
            None => {
                let head = CopyHead::of(&self.copy_of(&shown).await?);
                self.0.heads.insert(name, head.clone()).await;
                head
            }
        };
        let (author, title) = self.names(&shown, &head).await?;
        Ok(PublicShare { shown, head, author, title })
    }

    /// The copy of a share that the public sees.
    pub(super) async fn copy_of(&self, shown: &ShownShare) -> ShareResult<ShareCopy> {
        let ShownShare { share, seq, .. } = shown;
        let copy = self.0.records.store.copy(&share.owner, &share.code, *seq).await?;
        // A change between the reads of the share and of the copy removes the copy; a client asks again.
        copy.ok_or(ShareError::Checking)
    }

    /// The share of a code, with its author, when the public sees the share.
    pub(super) async fn found(&self, code: &str) -> ShareResult<(Share, UserRecord)> {
        self.require_level()?;
        let code = Code::parse(code).ok_or(ShareError::NotFound)?;
        let store = &self.0.records.store;
        let target = store.code(&code).await?.filter(|target| target.what == CodeTarget::Share);
        let target = target.ok_or(ShareError::NotFound)?;
        let (share, owner, header) = tokio::try_join!(
            store.share(&target.owner, &target.drawing),
            store.user(&target.owner),
            store.header(&target.owner, &target.drawing),
        )?;
        let share = share.ok_or(ShareError::NotFound)?;
        let owner = owner.ok_or(ShareError::NotFound)?;
        if share.code != code && target.ended_at.is_none() {
            // A crash came between the code and its share.
            return Err(ShareError::NotFound);
        }
        // A frozen relay waits for an operator on the page of its share, too.
        let is_frozen =
            header.as_ref().is_some_and(|header| header.room_obstacle() == Some(Obstacle::Frozen));
        let in_bin = header.is_none_or(|header| header.deleted_at.is_some());
        // The drawing may be shared again by another code, after this one was revoked.
        if share.code != code || in_bin || !owner.is_shown() {
            return Err(ShareError::Gone);
        }
        match share.state {
            ShareState::Checking | ShareState::Held => Err(ShareError::Checking),
            ShareState::Removed | ShareState::Revoked => Err(ShareError::Gone),
            ShareState::Shown if is_frozen => Err(ShareError::Checking),
            ShareState::Shown => Ok((share, owner)),
        }
    }

    /// The author and the title, as far as they passed.
    async fn names(&self, shown: &ShownShare, head: &CopyHead) -> ShareResult<(PublicAuthor, String)> {
        let ShownShare { share, owner, .. } = shown;
        let by_person =
            self.0.settings.review == Reviewer::Operator && self.0.mode != ModerationMode::Enforce;
        let (nickname, avatar, passed) = if by_person {
            let seen = share.names.as_ref();
            let nickname = seen.map(|seen| seen.nickname.clone()).filter(|seen| *seen == owner.nickname);
            let avatar = seen.and_then(|seen| seen.avatar.clone());
            (nickname, avatar, seen.is_some_and(|seen| seen.title == *head.title))
        } else {
            let moderation = &self.0.moderation;
            let (nickname, avatar, passed) = tokio::try_join!(
                moderation.last_passed(&owner.key, &Subject::Nickname),
                moderation.last_passed(&owner.key, &Subject::Avatar),
                moderation.has_passed(&owner.key, &share.drawing, &head.title),
            )?;
            (nickname, avatar, passed || self.has_kept(share, head).await?)
        };
        let is_shown = |address: &&String| !by_person && owner.avatar.is_none() && !address.is_empty();
        let author = PublicAuthor {
            id: owner.public_id.clone(),
            nickname: nickname.filter(|nickname| !nickname.is_empty() && !owner.nickname.is_empty()),
            avatar: avatar.filter(|avatar| owner.avatar.as_ref() == Some(avatar)),
            wechat_avatar: owner.wechat_avatar.as_ref().filter(is_shown).cloned(),
        };
        Ok((author, if passed { head.title.to_string() } else { String::new() }))
    }

    /// Whether the share keeps the copy's title as one that passed. The share is read again: the title moves
    /// from its check to the share, perhaps since the share was read.
    async fn has_kept(&self, share: &Share, head: &CopyHead) -> ShareResult<bool> {
        let keeps = |share: &Share| share.passed_title.as_deref() == Some(&*head.title);
        if head.title.is_empty() || keeps(share) {
            return Ok(true);
        }
        let now = self.0.records.store.share(&share.owner, &share.drawing).await?;
        Ok(now.is_some_and(|now| now.code == share.code && keeps(&now)))
    }

    /// The author's avatar as JPEG, when others may see it.
    ///
    /// # Errors
    /// [`ShareError::NotFound`] without an avatar that passed, [`ShareError::Store`].
    pub async fn public_avatar(&self, public: &PublicShare) -> ShareResult<Vec<u8>> {
        let avatar = public.author.avatar.as_deref().ok_or(ShareError::NotFound)?;
        let image = self.0.records.store.avatar(&public.shown.share.owner, avatar).await?;
        image.ok_or(ShareError::NotFound)
    }
}
