//! Pictures of drawings: rendered off the async threads, a few at a time, cached, and reachable by signed
//! links.

use bytes::Bytes;
use moka::future::Cache;
use yibi_common::drawing::Paper;
use yibi_common::picture::{self, TimedPicture};
use yibi_common::rooms::RoomState;

use super::{DrawingError, DrawingResult, DrawingService, check_id, decode};
use crate::domain::clock::Micros;
use crate::domain::drawing::{Header, Stored};
use crate::domain::user::{UserKey, UserRecord};
use crate::keys::Signer;
use crate::render::{self, Budget, Page, RenderError, gif};
use crate::store::{Drawings, Users};

pub use crate::render::gif::GifSize;

/// Longer side of the pictures of rooms that WeChat checks, in pixels.
const CHECKED: u32 = 1080;
/// Longer side of the pictures in lists, in pixels.
const THUMBNAIL: u32 = 512;
const DAY: i64 = 86_400;
/// Error text for a size out of range.
const SIZE: &str = "size is between 64 and 2048";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Png,
    Svg,
}

impl Format {
    /// Extension of a picture's path.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// A form in which a drawing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendition {
    /// The picture, with so many pixels on its longer side.
    Still(Format, u32),
    /// The replay.
    Animation(GifSize),
    /// A page with vectors.
    Document,
}

impl Rendition {
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Still(format, _) => format.media_type(),
            Self::Animation(_) => "image/gif",
            Self::Document => "application/pdf",
        }
    }

    /// Checks that the size is within the range.
    pub(crate) fn check(self) -> DrawingResult<()> {
        match self {
            Self::Still(_, size) if !render::SIZE_RANGE.contains(&size) => Err(DrawingError::Value(SIZE)),
            Self::Still(..) | Self::Animation(_) | Self::Document => Ok(()),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Picture {
    pub bytes: Bytes,
    /// Number of the action up to which the picture shows the drawing.
    pub seq: u32,
}

/// The parts of a signed link to a picture.
#[derive(Debug, Clone)]
pub struct Link<'a> {
    /// The user's public id.
    pub public_id: &'a str,
    pub id: &'a str,
    /// The picture shows the actions below this number.
    pub seq: u32,
    pub format: Format,
    /// Longer side in pixels.
    pub size: u32,
    /// Expiry of the link, in seconds since 1970.
    pub exp: i64,
}

impl Link<'_> {
    /// The signed part of the link: everything but the signature.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { public_id, id, seq, format, size, exp } = self;
        format!("/api/v1/images/{public_id}/{id}/{seq}.{}?size={size}&exp={exp}", format.ending())
    }
}

/// Cache key. The actions of a drawing below `seq` never change during its life, and `created_at`
/// distinguishes successive drawings of one id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    user: UserKey,
    id: String,
    created_at: Micros,
    seq: u32,
    rendition: Rendition,
}

/// Creates the cache of finished pictures, with a size limit in bytes.
pub(super) fn finished(bytes: u64) -> Cache<Key, Bytes> {
    let weigh = |_: &Key, bytes: &Bytes| u32::try_from(bytes.len() + 200).unwrap_or(u32::MAX);
    Cache::builder().max_capacity(bytes).weigher(weigh).build()
}

impl DrawingService {
    /// The picture of a drawing's current state.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Deleted`] in the bin, [`DrawingError::Value`] for a size
    /// out of range, [`DrawingError::Busy`], [`DrawingError::Store`].
    pub async fn picture(&self, user: &UserKey, id: &str, rendition: Rendition) -> DrawingResult<Picture> {
        check_id(id).map_err(|_| DrawingError::NotFound)?;
        rendition.check()?;
        let header = self.0.store.header(user, id).await?.ok_or(DrawingError::NotFound)?;
        if header.deleted_at.is_some() {
            return Err(DrawingError::Deleted);
        }
        self.picture_of(user, &header, rendition).await
    }

    /// The picture of a drawing, the bin included.
    ///
    /// # Errors
    /// The errors of [`picture`](Self::picture), except for [`DrawingError::Deleted`].
    pub async fn picture_of(
        &self,
        user: &UserKey,
        header: &Header,
        rendition: Rendition,
    ) -> DrawingResult<Picture> {
        rendition.check()?;
        let key = Key {
            user: user.clone(),
            id: header.id.clone(),
            created_at: header.created_at,
            seq: header.seq,
            rendition,
        };
        self.finished(key).await
    }

    /// The picture that a signed link names.
    ///
    /// # Errors
    /// [`DrawingError::LinkInvalid`] when the signature is wrong or the link has expired, and
    /// [`DrawingError::NotFound`] when the drawing is deleted, its user has left, or those actions no longer
    /// exist.
    pub async fn linked_picture(&self, link: &Link<'_>, signature: &str) -> DrawingResult<Picture> {
        let now = Micros::now().seconds();
        if now >= link.exp || !self.0.keys.get().await?.signer.verify(&link.path(), signature) {
            return Err(DrawingError::LinkInvalid);
        }
        let rendition = Rendition::Still(link.format, link.size);
        rendition.check()?;
        let user = self.0.store.user_by_public_id(link.public_id).await?;
        let user = user.filter(UserRecord::is_shown).ok_or(DrawingError::NotFound)?;
        let header = self.0.store.header(&user.key, link.id).await?.ok_or(DrawingError::NotFound)?;
        let is_frozen = header.room.as_ref().is_some_and(|room| room.state == RoomState::Frozen);
        if header.deleted_at.is_some() || is_frozen || !shows(&header, link.seq) {
            return Err(DrawingError::NotFound);
        }
        let key =
            Key { user: user.key, id: header.id, created_at: header.created_at, seq: link.seq, rendition };
        self.finished(key).await
    }

    /// Signed link to the present picture of a drawing, for WeChat.
    ///
    /// # Errors
    /// [`DrawingError::NotFound`], [`DrawingError::Store`].
    pub async fn check_url(&self, user: &UserRecord, id: &str) -> DrawingResult<String> {
        let header = self.0.store.header(&user.key, id).await?.ok_or(DrawingError::NotFound)?;
        let exp = (Micros::now().seconds().div_euclid(DAY) + 2) * DAY;
        let public_id = &user.public_id;
        let path = Link { public_id, id, seq: header.seq, format: Format::Png, size: CHECKED, exp }.path();
        let signature = self.0.keys.get().await?.signer.sign(&path);
        Ok(format!("{}{path}&sig={signature}", self.0.public_url))
    }

    /// The link to a drawing's thumbnail. It expires at the end of tomorrow in UTC, so that it stays the same
    /// for at least a day and the phone's image cache is effective.
    pub(super) fn image_url(&self, public_id: &str, id: &str, seq: u32, signer: &Signer) -> String {
        let exp = (Micros::now().seconds().div_euclid(DAY) + 2) * DAY;
        let path = Link { public_id, id, seq, format: Format::Png, size: THUMBNAIL, exp }.path();
        let signature = signer.sign(&path);
        format!("{}{path}&sig={signature}", self.0.public_url)
    }

    /// The picture from the cache, or a new one; concurrent requests for the same picture share its
    /// rendering.
    async fn finished(&self, key: Key) -> DrawingResult<Picture> {
        let seq = key.seq;
        let drawing = self.draw(key.clone());
        let bytes = self.0.pictures.try_get_with(key, drawing).await;
        Ok(Picture { bytes: bytes.map_err(|error| (*error).clone())?, seq })
    }

    async fn draw(&self, key: Key) -> DrawingResult<Bytes> {
        let place = self.0.render_pool.slot(&key.user).await?;
        let stored = self.0.store.read(&key.user, &key.id, 0).await?.ok_or(DrawingError::NotFound)?;
        // The drawing may have been replaced between the reads of the header and of the actions.
        if stored.header.created_at != key.created_at || !shows(&stored.header, key.seq) {
            return Err(DrawingError::NotFound);
        }
        let Key { seq, rendition, .. } = key;
        let budget = Budget::start();
        let _guard = budget.guard();
        place.work(move || drawn(&stored, seq, rendition, &budget).map(Bytes::from)).await
    }
}

/// Whether the actions below `seq` exist: a 2016 save may have replaced some since.
fn shows(header: &Header, seq: u32) -> bool {
    seq <= header.seq && (header.base == 0 || seq > header.base)
}

/// Renders the actions below `seq`.
pub(super) fn drawn(
    stored: &Stored,
    seq: u32,
    rendition: Rendition,
    budget: &Budget,
) -> DrawingResult<Vec<u8>> {
    let count = seq.saturating_sub(stored.since) as usize;
    let actions =
        stored.actions.iter().take(count).map(|blob| decode(blob)).collect::<DrawingResult<Vec<_>>>()?;
    rendered(&picture::fold_timed(stored.since, &actions), stored.header.paper, rendition, budget)
        .map_err(render_failure)
}

/// Renders a folded drawing.
pub(crate) fn rendered(
    timed: &TimedPicture<'_>,
    paper: Paper,
    rendition: Rendition,
    budget: &Budget,
) -> Result<Vec<u8>, RenderError> {
    match rendition {
        Rendition::Still(Format::Svg, size) => {
            render::svg(&timed.picture, paper, size, budget).map(String::into_bytes)
        }
        Rendition::Still(Format::Png, size) => render::png(&timed.picture, paper, size, budget),
        Rendition::Animation(size) => gif::animation(timed, paper, size, budget),
        Rendition::Document => render::pdf(&timed.picture, paper, Page::plain(paper), budget),
    }
}

/// The failure of a use case for a failure of rendering.
pub(crate) fn render_failure(error: RenderError) -> DrawingError {
    match error {
        RenderError::TooLarge => DrawingError::PictureTooLarge,
        RenderError::Abandoned => DrawingError::Internal("the task that waited for a picture is gone"),
        RenderError::Size { .. } => DrawingError::Value(SIZE),
        RenderError::EncodeGif(error) => {
            tracing::error!(error = %error, "an animation was not encoded");
            DrawingError::Internal("an animation was not encoded")
        }
        RenderError::Encode(error) => {
            tracing::error!(error = %error, "a picture was not encoded");
            DrawingError::Internal("a picture was not encoded")
        }
    }
}
