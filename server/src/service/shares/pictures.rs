//! Pictures of copies, cached by copy and kind, and signed links to the pictures that WeChat checks.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use yibi_common::drawing::{Action, Paper};
use yibi_common::{codec, picture};

use super::{ShareError, ShareRecords, ShareResult, ShareService, ShownShare};
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::review::Case;
use crate::domain::share::{Share, ShareCopy, copy_name, parse_copy_name};
use crate::domain::user::UserKey;
use crate::keys::Signer;
use crate::render::{self, Budget, CardShape};
use crate::service::drawings::{DrawingError, DrawingResult, Format, Rendition, render_failure, rendered};
use crate::store::{Shares, StoreResult, Users};

const DAY: i64 = 86_400;
/// Longer side of the pictures that WeChat and operators check, in pixels.
const CHECKED_SIZE: u32 = 1080;

/// A picture of a whole copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyPicture {
    /// The finished picture.
    Picture,
    /// Nine moments of the replay.
    Sheet,
}

impl CopyPicture {
    /// The picture that a check of a share is about.
    #[must_use]
    pub fn of_check(subject: &Subject) -> Self {
        if matches!(subject, Subject::ShareSheet(_)) { Self::Sheet } else { Self::Picture }
    }

    /// The picture of that file name.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        [Self::Picture, Self::Sheet].into_iter().find(|kind| kind.file() == name)
    }

    fn file(self) -> &'static str {
        match self {
            Self::Picture => "picture.png",
            Self::Sheet => "sheet.png",
        }
    }
}

/// Kind of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// The picture or the replay.
    Rendition(Rendition),
    /// The contact sheet.
    Sheet,
    /// The picture of a card in a chat or in the timeline.
    Card(CardShape),
}

impl PictureKind {
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rendition(rendition) => rendition.media_type(),
            Self::Sheet | Self::Card(_) => "image/png",
        }
    }
}

/// The visitors of a share wait for one another, and not its author for them.
pub(super) fn visitors_of(share: &Share) -> UserKey {
    UserKey::new("visitors", share.code.as_str())
}

/// Cache key: the name of a copy, which never changes, and the kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    copy: String,
    kind: PictureKind,
}

/// Creates the cache of finished pictures, with a size limit in bytes.
pub(super) fn cache(bytes: u64) -> Cache<Key, Bytes> {
    let weigh = |_: &Key, bytes: &Bytes| u32::try_from(bytes.len() + 200).unwrap_or(u32::MAX);
    Cache::builder().max_capacity(bytes).weigher(weigh).build()
}

impl ShareRecords {
    /// Signed link to a picture of the copy of that name, for WeChat. The link expires at the end of tomorrow
    /// in UTC.
    ///
    /// # Errors
    /// The errors of the store when the keys can't be read.
    pub async fn check_url(&self, name: &str, kind: CopyPicture) -> StoreResult<String> {
        let exp = (Micros::now().seconds().div_euclid(DAY) + 2) * DAY;
        let path = check_path(name, kind, exp);
        let signature = self.keys.get().await?.signer.sign(&path);
        Ok(format!("{}{path}&sig={signature}", self.public_url))
    }
}

/// The signed part of a link to a picture under check.
#[must_use]
pub(super) fn check_path(name: &str, kind: CopyPicture, exp: i64) -> String {
    format!("/api/v1/images/shares/{name}/{}?exp={exp}", kind.file())
}

impl ShareService {
    /// Path and query of a signed link, without the signature.
    #[must_use]
    pub fn check_path(&self, name: &str, kind: CopyPicture, exp: i64) -> String {
        check_path(name, kind, exp)
    }

    /// The picture that a signed link for WeChat names.
    ///
    /// # Errors
    /// [`DrawingError::LinkInvalid`] when the signature is wrong or the link has expired;
    /// [`ShareError::NotFound`] when the share no longer has the copy.
    pub async fn picture_under_check(
        &self,
        name: &str,
        kind: CopyPicture,
        exp: i64,
        signature: &str,
    ) -> ShareResult<Bytes> {
        let signer: &Signer = &self.0.records.keys.get().await?.signer;
        let valid = Micros::now().seconds() < exp && signer.verify(&check_path(name, kind, exp), signature);
        if !valid {
            return Err(DrawingError::LinkInvalid.into());
        }
        let store = &self.0.records.store;
        let (code, seq) = parse_copy_name(name).ok_or(ShareError::NotFound)?;
        self.require_level()?;
        let target = store.code(&code).await?.ok_or(ShareError::NotFound)?;
        let (share, owner) =
            tokio::try_join!(store.share(&target.owner, &target.drawing), store.user(&target.owner))?;
        // The link ends with the check, and when the author takes the share back.
        let is_checked = |share: &Share| share.code == code && share.checking_seq == Some(seq);
        if !share.as_ref().is_some_and(is_checked) || !owner.is_some_and(|owner| owner.is_shown()) {
            return Err(ShareError::NotFound);
        }
        let copy = store.copy(&target.owner, &code, seq);
        self.rendered(&target.owner, copy_name(&code, seq), copy, whole(kind)).await
    }

    /// A picture of a share that the public sees.
    ///
    /// # Errors
    /// [`ShareError::Drawing`] for a size out of range, a picture too large, and too many jobs.
    pub async fn public_picture(&self, shown: &ShownShare, kind: PictureKind) -> ShareResult<Bytes> {
        if let PictureKind::Rendition(rendition) = kind {
            rendition.check()?;
        }
        let name = copy_name(&shown.share.code, shown.seq);
        let copy = self.0.records.store.copy(&shown.share.owner, &shown.share.code, shown.seq);
        self.rendered(&visitors_of(&shown.share), name, copy, kind).await
    }

    /// Tag of a picture of a share that the public sees. It follows from the copy, which never changes, so that
    /// a client's picture is revalidated without it.
    #[must_use]
    pub fn picture_tag(&self, shown: &ShownShare, kind: PictureKind) -> String {
        tag_of(&[&copy_name(&shown.share.code, shown.seq), &format!("{kind:?}")])
    }

    /// The picture of the share's mini-program code, once WeChat has made it.
    pub async fn code_picture(&self, shown: &ShownShare) -> Option<Bytes> {
        let (app_id, code) = (shown.share.owner.app_id(), shown.share.code.as_str());
        let picture = self.0.codes.get(app_id, code).await;
        if picture.is_none() {
            self.0.codes.wish(app_id, code);
        }
        picture
    }

    /// A picture of the copy that a case is about; `None` when its evidence is no longer kept.
    ///
    /// # Errors
    /// As [`public_picture`](Self::public_picture).
    pub async fn case_picture(&self, case: &Case, kind: CopyPicture) -> ShareResult<Option<Bytes>> {
        match self.0.records.case_copy(case).await? {
            Some(copy) => {
                let (turn, name) = (copy.owner.clone(), copy_name(&copy.code, copy.seq));
                self.rendered(&turn, name, async { Ok(Some(copy)) }, whole(kind)).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// The picture of a named copy from the cache, or a new one; concurrent requests for the same picture share
    /// its rendering. `turn` is the user whose turn it is. The copy is read for a new picture only.
    async fn rendered(
        &self,
        turn: &UserKey,
        name: String,
        copy: impl Future<Output = StoreResult<Option<ShareCopy>>>,
        kind: PictureKind,
    ) -> ShareResult<Bytes> {
        let drawing = async {
            let place = self.0.drawings.render_slot(turn).await?;
            let copy = copy.await?.ok_or(DrawingError::NotFound)?;
            let budget = Budget::start();
            let _guard = budget.guard();
            let inner = budget.clone();
            place.work(move || render(&copy.actions, copy.paper, kind, &inner).map(Bytes::from)).await
        };
        let bytes = self.0.pictures.try_get_with(Key { copy: name, kind }, drawing).await;
        bytes.map_err(|error| {
            // A change of the share came first; a client asks again.
            let is_gone = matches!(*error, DrawingError::NotFound);
            if is_gone { ShareError::Checking } else { DrawingError::clone(&error).into() }
        })
    }
}

/// Strong tag of what these parts decide. The server's version is one of them: another one may render otherwise.
pub(super) fn tag_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION")].iter().chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(hash.finalize().get(..12).unwrap_or_default())
}

fn whole(kind: CopyPicture) -> PictureKind {
    match kind {
        CopyPicture::Picture => PictureKind::Rendition(Rendition::Still(Format::Png, CHECKED_SIZE)),
        CopyPicture::Sheet => PictureKind::Sheet,
    }
}

fn render(actions: &[Vec<u8>], paper: Paper, kind: PictureKind, budget: &Budget) -> DrawingResult<Vec<u8>> {
    let actions = actions.iter().map(|blob| codec::decode(blob)).collect::<Result<Vec<Action>, _>>();
    let actions = actions.map_err(|_| DrawingError::Internal("a copy of a share is damaged"))?;
    let timed = picture::fold_timed(0, &actions);
    let file = match kind {
        PictureKind::Rendition(rendition) => rendered(&timed, paper, rendition, budget),
        PictureKind::Sheet => render::contact_sheet(&timed, paper, budget),
        PictureKind::Card(shape) => render::card(&timed.picture, paper, shape, budget),
    };
    file.map_err(render_failure)
}
