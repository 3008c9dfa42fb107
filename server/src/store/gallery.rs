//! The seam to users and drawings.

use std::future::Future;

use yibi_common::admin::UserRef;
use yibi_common::drawing::{Mode, Paper};

use super::StoreResult;
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;

/// A user as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Who it is.
    pub key: UserKey,
    /// The random id that stands for the user in URLs.
    pub public_id: String,
    /// The name that the user chose; empty at first.
    pub nickname: String,
    /// The id of the avatar that the user uploaded.
    pub avatar: Option<String>,
    /// The address of the avatar in the user's WeChat profile, which stands where none was uploaded; empty since the
    /// user took it away.
    pub wechat_avatar: Option<String>,
    /// The share or referral code that the first sign-in brought.
    pub origin: Option<String>,
    /// The person across the apps of one account, when WeChat told.
    pub unionid: Option<String>,
    /// The first sign-in.
    pub created_at: Micros,
    /// When everything of this user is to be erased; until then it is hidden.
    pub erase_at: Option<Micros>,
    /// Since when an operator keeps the user out.
    pub blocked_at: Option<Micros>,
    /// The phone number, sealed: see [`crate::domain::phone`].
    pub phone: Option<String>,
}

impl UserRecord {
    /// Whether links to the user's pictures open: not while an erasure is due or an operator keeps the user out.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.erase_at.is_none() && self.blocked_at.is_none()
    }
}

impl From<&UserRecord> for UserRef {
    fn from(user: &UserRecord) -> Self {
        Self {
            id: user.public_id.clone(),
            app_id: user.key.app_id().to_owned(),
            openid: user.key.openid().to_owned(),
            nickname: user.nickname.clone(),
        }
    }
}

/// What a first sign-in writes.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// A fresh random id.
    pub public_id: String,
    /// See [`UserRecord::origin`].
    pub origin: Option<String>,
    /// See [`UserRecord::unionid`]; also kept from a later sign-in.
    pub unionid: Option<String>,
    /// Whether the sign-in cancels an erasure that is pending. Without it, a sign-in during one changes nothing.
    pub reopen: bool,
}

/// A drawing without its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The id, as the v1 API shows it.
    pub id: String,
    /// The id that a 2016 client gave, where it is another one than `id`.
    pub weapp_id: Option<String>,
    /// The title; empty at first.
    pub title: String,
    /// The paper.
    pub paper: Paper,
    /// The mode.
    pub mode: Mode,
    /// The number of the first action that is still there.
    pub base: u32,
    /// The number that the next action gets; `seq - base` actions are there.
    pub seq: u32,
    /// Whether all actions that are there are 2016 saves. True of a drawing without actions, too.
    pub all_weapp: bool,
    /// Strokes in the list from `base` on, undone ones too.
    pub stroke_count: u32,
    /// Their points.
    pub point_count: u32,
    /// Bytes of the actions' stored forms.
    pub bytes: u64,
    /// When it was created.
    pub created_at: Micros,
    /// When an action was last added. A new title, deleting and restoring leave it as it is, so that a drawing keeps
    /// its place in the lists.
    pub updated_at: Micros,
    /// Its place in the 2016 list: when it was created, or when a 2016 save last took it out of the bin.
    pub first_saved_at: Micros,
    /// Since when it is in the bin.
    pub deleted_at: Option<Micros>,
}

impl Header {
    /// A drawing that is made at `now` and holds no actions yet.
    #[must_use]
    pub fn fresh(id: &str, new: &NewDrawing, now: Micros) -> Self {
        Self {
            id: id.to_owned(),
            weapp_id: None,
            title: new.title.clone(),
            paper: new.paper,
            mode: new.mode,
            base: 0,
            seq: 0,
            all_weapp: true,
            stroke_count: 0,
            point_count: 0,
            bytes: 0,
            created_at: now,
            updated_at: now,
            first_saved_at: now,
            deleted_at: None,
        }
    }
}

/// A drawing with actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The drawing.
    pub header: Header,
    /// The number of the first action in `actions`: the asked one, `base` at least and `seq` at most.
    pub since: u32,
    /// The stored forms of all actions from `since` to `seq`.
    pub actions: Vec<Vec<u8>>,
}

/// What the append at 0 creates a drawing with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDrawing {
    /// The title.
    pub title: String,
    /// The paper.
    pub paper: Paper,
    /// The mode.
    pub mode: Mode,
    /// Whether the client named any of these: then a drawing that exists must have the same paper and mode.
    pub explicit: bool,
}

impl NewDrawing {
    /// Whether the client described another drawing than that one.
    #[must_use]
    pub fn is_another_than(&self, header: &Header) -> bool {
        self.explicit && (self.paper != header.paper || self.mode != header.mode)
    }
}

/// Actions to be put behind a drawing's list, in their stored forms, with what the store must know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The number that the first action is to get.
    pub from_seq: u32,
    /// The stored forms.
    pub blobs: Vec<Vec<u8>>,
    /// Strokes among them.
    pub stroke_count: u32,
    /// Points of those.
    pub point_count: u32,
    /// The narrowest and lowest paper that allows all widths and holds all points within the allowed distance.
    pub min_paper: Paper,
    /// The narrowest paper of a drawing in mode `one_stroke` that may take the batch, as far as the batch alone
    /// tells; `None` where no paper may.
    pub one_stroke_width: Option<u32>,
    /// The most actions that the drawing may hold.
    pub max_actions: u32,
    /// The most bytes that the drawing may hold.
    pub max_bytes: u64,
    /// The most points that the drawing may hold.
    pub max_points: u32,
}

impl Batch {
    /// Bytes of all stored forms.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.len() as u64).sum()
    }

    /// The number of actions.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.blobs.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is nothing to append.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    /// What keeps this batch from going behind that drawing's list. Every store decides by this alone, or by
    /// a filter that says the same.
    #[must_use]
    pub fn obstacle(&self, header: &Header, create: Option<&NewDrawing>) -> Option<Obstacle> {
        if header.deleted_at.is_some() {
            Some(Obstacle::Deleted)
        } else if header.seq != self.from_seq || create.is_some_and(|new| new.is_another_than(header)) {
            Some(Obstacle::Moved)
        } else if header.mode == Mode::OneStroke
            && (self.one_stroke_width.is_none_or(|width| header.paper.width < width)
                || header.stroke_count.saturating_add(self.stroke_count) > 1)
        {
            Some(Obstacle::OneStroke)
        } else if header.paper.width < self.min_paper.width || header.paper.height < self.min_paper.height {
            Some(Obstacle::OffPaper)
        } else if (header.seq - header.base).saturating_add(self.len()) > self.max_actions {
            Some(Obstacle::Actions)
        } else if header.bytes.saturating_add(self.bytes()) > self.max_bytes {
            Some(Obstacle::Bytes)
        } else if self.point_count > 0
            && header.point_count.saturating_add(self.point_count) > self.max_points
        {
            Some(Obstacle::Points)
        } else {
            None
        }
    }
}

/// Why a batch can't go behind a drawing's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The drawing is in the bin.
    Deleted,
    /// The list does not end where the batch begins, or the drawing is of another paper or mode.
    Moved,
    /// The mode forbids it.
    OneStroke,
    /// A point lies too far outside this paper.
    OffPaper,
    /// There would be too many actions.
    Actions,
    /// There would be too many bytes.
    Bytes,
    /// There would be too many points.
    Points,
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Stored for good. `created` when there was no such drawing before.
    Done {
        /// The list's new end.
        seq: u32,
        /// Whether the drawing is new.
        created: bool,
    },
    /// There is no such drawing, and none was to be created.
    Missing,
    /// Nothing was stored; the header is the drawing's, or what a new drawing's would have been.
    Refused(Obstacle, Box<Header>),
}

/// A picture as a 2016 client saves it.
#[derive(Debug, Clone)]
pub struct WeappSave<'a> {
    /// The drawing's id as v1 shows it.
    pub id: &'a str,
    /// The 2016 id where it is another one. A drawing that has none yet takes it over.
    pub weapp_id: Option<&'a str>,
    /// The paper of a drawing that is new.
    pub paper: Paper,
    /// The action's stored form.
    pub blob: &'a [u8],
    /// Its strokes.
    pub stroke_count: u32,
    /// Their points.
    pub point_count: u32,
    /// As in [`Batch`].
    pub max_actions: u32,
    /// As in [`Batch`].
    pub max_bytes: u64,
    /// As in [`Batch`].
    pub max_points: u32,
}

impl WeappSave<'_> {
    /// What keeps this picture out of that drawing, whether in the bin or not. Every store decides by this
    /// alone, or by a filter that says the same. A picture is no single stroke, so a drawing in mode
    /// `one_stroke` takes none.
    #[must_use]
    pub fn obstacle(&self, header: &Header) -> Option<Obstacle> {
        let (actions, bytes, points) = if header.all_weapp {
            (0, 0, 0)
        } else {
            (header.seq - header.base, header.bytes, header.point_count)
        };
        if header.mode == Mode::OneStroke {
            Some(Obstacle::OneStroke)
        } else if actions >= self.max_actions {
            Some(Obstacle::Actions)
        } else if bytes.saturating_add(self.blob.len() as u64) > self.max_bytes {
            Some(Obstacle::Bytes)
        } else if self.point_count > 0 && points.saturating_add(self.point_count) > self.max_points {
            Some(Obstacle::Points)
        } else {
            None
        }
    }
}

/// What became of a 2016 save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeappSaved {
    /// Stored for good; by how much the user's bytes changed, and whether the drawing is new.
    Done {
        /// Bytes now, less bytes before.
        bytes: i64,
        /// Whether the drawing is new.
        created: bool,
    },
    /// Nothing was stored.
    Refused(Obstacle),
}

/// Takes heads as long as they fit, see [`Gallery::weapp_heads`].
#[derive(Debug)]
pub(super) struct Heads {
    taken: Vec<WeappHead>,
    left: u64,
}

impl Heads {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { taken: Vec::new(), left: max_bytes }
    }

    /// Takes one more. Whether it fitted; nothing is taken behind one that did not.
    pub(super) fn take(&mut self, head: WeappHead) -> bool {
        let bytes = head.last.as_ref().map_or(0, |last| last.len() as u64);
        let left = self.left.checked_sub(bytes);
        if left.is_none() && !self.taken.is_empty() {
            return false;
        }
        self.left = left.unwrap_or(0);
        self.taken.push(head);
        true
    }

    pub(super) fn into_vec(self) -> Vec<WeappHead> {
        self.taken
    }
}

/// A drawing as the 2016 list begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeappHead {
    /// The drawing.
    pub header: Header,
    /// The stored form of its last action, where that is a 2016 save: then it is the whole visible picture.
    pub last: Option<Vec<u8>>,
}

/// The drawing behind which a page of drawings begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// Its [`Header::updated_at`], in the bin its [`Header::deleted_at`].
    pub moment: Micros,
    /// Its id, by which equal moments are ordered (downwards, like the moments).
    pub id: String,
}

impl After {
    /// The place behind a drawing, in the list that it is in.
    #[must_use]
    pub fn drawing(header: &Header) -> Self {
        Self { moment: header.deleted_at.unwrap_or(header.updated_at), id: header.id.clone() }
    }
}

/// What a user keeps, the bin included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Drawings.
    pub drawings: u32,
    /// Bytes of all stored actions.
    pub bytes: u64,
}

/// Users and drawings. What an operation acknowledges is durable.
///
/// A drawing is found by its user and id together, so no id of one user leads to a drawing of another.
pub trait Gallery {
    /// Asks the database for a sign of life.
    fn ping(&self) -> impl Future<Output = StoreResult<()>> + Send;

    /// Finds or creates the user who signs in and keeps a unionid that was not known. While an erasure is
    /// pending, nothing changes unless [`NewUser::reopen`] is set, which cancels it; one that is due is never
    /// cancelled. The flag says whether the user is new.
    fn sign_in(
        &self,
        user: &UserKey,
        new: &NewUser,
        now: Micros,
    ) -> impl Future<Output = StoreResult<(UserRecord, bool)>> + Send;

    /// The user, if known.
    fn user(&self, user: &UserKey) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// The user with that public id, if known.
    fn user_by_public_id(
        &self,
        public_id: &str,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Gives the user a nickname; nothing when the user is not known.
    fn set_nickname(
        &self,
        user: &UserKey,
        nickname: &str,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Gives a nickname to a user who has none. Whether it was given.
    fn fill_nickname(&self, user: &UserKey, nickname: &str)
    -> impl Future<Output = StoreResult<bool>> + Send;

    /// Keeps the address of the avatar in the user's WeChat profile, in place of any other, unless the user has taken
    /// that away. Whether it is kept.
    fn set_wechat_avatar(
        &self,
        user: &UserKey,
        address: &str,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Keeps a unionid that was not known; the user as it is then, if there is one. One that is known is not
    /// changed.
    fn set_unionid(
        &self,
        user: &UserKey,
        unionid: &str,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Keeps the user's phone number, sealed, or forgets it; the user as it is then, if there is one.
    fn set_phone(
        &self,
        user: &UserKey,
        sealed: Option<&str>,
    ) -> impl Future<Output = StoreResult<Option<UserRecord>>> + Send;

    /// Puts another sealed form of the user's phone number in the place of that one. Whether it was still that one.
    fn replace_phone(
        &self,
        user: &UserKey,
        sealed: &str,
        anew: &str,
    ) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Has everything of the user erased from `at` on. Whether the user is known.
    fn schedule_erasure(&self, user: &UserKey, at: Micros) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Users whose erasure is due, at most `limit`.
    fn erasures_due(&self, now: Micros, limit: u32)
    -> impl Future<Output = StoreResult<Vec<UserKey>>> + Send;

    /// Removes a user whose erasure is due at `now`, and all drawings of that user, for good, in as many steps
    /// as it takes (so the deadline of an operation is each step's). May be repeated when it was interrupted.
    /// Nothing happens to a user whose erasure is not due.
    fn erase(&self, user: &UserKey, now: Micros) -> impl Future<Output = StoreResult<()>> + Send;

    /// What the user keeps.
    fn usage(&self, user: &UserKey) -> impl Future<Output = StoreResult<Usage>> + Send;

    /// Puts actions behind a drawing's list, all or none; with `create`, which goes with `from_seq` 0, makes
    /// the drawing where there is none, unless the batch could not go behind its empty list. An empty batch
    /// changes nothing on a drawing that exists.
    fn append(
        &self,
        user: &UserKey,
        id: &str,
        batch: &Batch,
        create: Option<&NewDrawing>,
        now: Micros,
    ) -> impl Future<Output = StoreResult<Appended>> + Send;

    /// One drawing's header, also from the bin.
    fn header(&self, user: &UserKey, id: &str) -> impl Future<Output = StoreResult<Option<Header>>> + Send;

    /// One drawing with its actions from number `since` on, also from the bin; header and actions belong
    /// together.
    fn read(
        &self,
        user: &UserKey,
        id: &str,
        since: u32,
    ) -> impl Future<Output = StoreResult<Option<Stored>>> + Send;

    /// A page of the user's drawings (`deleted`: of those in the bin, else of the others), newest change
    /// first, read along an index.
    fn page(
        &self,
        user: &UserKey,
        deleted: bool,
        after: Option<&After>,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Vec<Header>>> + Send;

    /// Gives a drawing that is not in the bin a title. Nothing when there is none.
    fn rename(
        &self,
        user: &UserKey,
        id: &str,
        title: &str,
    ) -> impl Future<Output = StoreResult<Option<Header>>> + Send;

    /// Puts a drawing in the bin (`true`) or back (`false`). A drawing that is there already is left as it
    /// is and returned.
    fn set_deleted(
        &self,
        user: &UserKey,
        id: &str,
        deleted: bool,
        now: Micros,
    ) -> impl Future<Output = StoreResult<Option<Header>>> + Send;

    /// Saves a 2016 picture. Where all actions of the drawing are 2016 saves, they give way to this one and
    /// `base` moves up to it; else it is appended. A drawing in the bin comes back, at the end of the 2016
    /// list; where there is none, one is made.
    fn weapp_save(
        &self,
        user: &UserKey,
        save: &WeappSave<'_>,
        now: Micros,
    ) -> impl Future<Output = StoreResult<WeappSaved>> + Send;

    /// The user's newest drawings by first save (ties by id), newest first, without the bin: at most `limit`,
    /// and no more than fit before the stored forms in [`WeappHead::last`] take more than `max_bytes` together.
    /// The first is there even if its own takes more.
    fn weapp_heads(
        &self,
        user: &UserKey,
        limit: u32,
        max_bytes: u64,
    ) -> impl Future<Output = StoreResult<Vec<WeappHead>>> + Send;

    /// Drawings of all users that lie in the bin since before `before`, longest first, at most `limit`.
    fn purges_due(
        &self,
        before: Micros,
        limit: u32,
    ) -> impl Future<Output = StoreResult<Vec<(UserKey, String)>>> + Send;

    /// The user's drawings in the bin, longest there first, at most `limit`.
    fn bin(&self, user: &UserKey, limit: u32) -> impl Future<Output = StoreResult<Vec<Header>>> + Send;

    /// How much of [`usage`](Self::usage) lies in the bin.
    fn bin_usage(&self, user: &UserKey) -> impl Future<Output = StoreResult<Usage>> + Send;

    /// Removes a drawing for good that lies in the bin since before `before`, with all its actions and the
    /// check of its title. Whether it did.
    fn purge(
        &self,
        user: &UserKey,
        id: &str,
        before: Micros,
    ) -> impl Future<Output = StoreResult<bool>> + Send;
}
