//! Users' drawings: appending, listing, deleting, restoring, pictures and purge.

mod append;
mod avatar;
mod bin;
mod copying;
mod export;
mod export_names;
mod json;
mod listing;
mod operator;
mod pictures;
mod purge;
mod quota;
mod rooms;
pub(crate) mod weapp;

use std::sync::Arc;

use moka::sync::Cache;
use yibi_common::api::LimitsReply;
use yibi_common::codec::{self, Malformed};
use yibi_common::drawing::{Action, Invalid};
use yibi_common::limits::Limits;
use yibi_common::rooms::RoomLimits;
use yibi_common::sharing::SharingLimits;

pub use append::Append;
pub use avatar::{AvatarLink, Flaw, MAX_UPLOAD, MEDIA_TYPE as AVATAR_TYPE, square};
pub use listing::Page;
pub use pictures::{Format, GifSize, Link, Picture, Rendition};
pub(crate) use pictures::{render_failure, rendered};
pub use purge::run_purge;
pub use weapp::Save;

use crate::domain::drawing::Stored;
use crate::domain::user::UserKey;
use crate::keys::LazyKeyring;
use crate::service::per_user::PerUserSemaphore;
use crate::service::render_pool::{RenderPool, Slot};
use crate::settings;
use crate::store::GalleryStore;
use crate::store::StoreError;
use crate::telemetry::Metrics;

/// Reason why a gallery operation failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DrawingError {
    /// The user has no such drawing.
    #[error("no such drawing")]
    NotFound,
    /// The drawing is in the bin.
    #[error("the drawing is in the bin")]
    Deleted,
    /// The drawing's list differs from the one that the caller continues.
    #[error("the drawing has moved on")]
    Conflict {
        /// Number of the list's first action.
        base: u32,
        /// Number of the next action.
        seq: u32,
    },
    /// The drawing is a relay, which takes strokes in turns.
    #[error("the drawing is a relay")]
    InRelay,
    /// The drawing's room waits for an operator.
    #[error("the drawing's room is frozen")]
    RoomFrozen,
    /// An action is not valid for the drawing.
    #[error("{rule}")]
    Invalid {
        /// Index of the action within the request, if it has several.
        index: Option<usize>,
        rule: Invalid,
    },
    /// Another value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// The drawing would have too many actions, bytes or points.
    #[error("the drawing is full")]
    DrawingFull,
    /// The user would have too many drawings.
    #[error("too many drawings")]
    TooManyDrawings,
    /// The user would have too many bytes.
    #[error("the storage is full")]
    StorageFull,
    /// The drawing can't be rendered.
    #[error("the drawing is too large for a picture")]
    PictureTooLarge,
    /// The JSON of the drawing's actions exceeds the limit of a reply.
    #[error("the drawing is too large for one reply")]
    DrawingTooLarge,
    /// Too many operations wait.
    #[error("too much to do")]
    Busy,
    /// The uploaded file is rejected as an avatar.
    #[error("{0}")]
    Image(Flaw),
    /// The user has no such avatar.
    #[error("no such avatar")]
    NoAvatar,
    /// A signed link is forged or has expired.
    #[error("the link is not valid")]
    LinkInvalid,
    #[error("the store failed")]
    Store(#[source] Arc<StoreError>),
    /// A bug in this program.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<StoreError> for DrawingError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// Result of a gallery operation.
pub type DrawingResult<T> = Result<T, DrawingError>;

/// The drawings of all users.
#[derive(Clone)]
pub struct DrawingService(Arc<Inner>);

struct Inner {
    store: GalleryStore,
    keys: Arc<LazyKeyring>,
    limits: Limits,
    settings: settings::Gallery,
    /// The server's public URL; empty if clients get paths.
    public_url: String,
    metrics: Arc<Metrics>,
    usage: Cache<UserKey, Arc<quota::Account>>,
    render_pool: RenderPool,
    /// Decodes drawings, in a pool of its own, so that users can open drawings while pictures are queued.
    readers: RenderPool,
    pictures: moka::future::Cache<pictures::Key, bytes::Bytes>,
    exports: PerUserSemaphore,
    export_slots: Arc<tokio::sync::Semaphore>,
    uploads: PerUserSemaphore,
}

impl DrawingService {
    #[must_use]
    pub fn new(
        store: GalleryStore,
        keys: Arc<LazyKeyring>,
        limits: Limits,
        settings: settings::Gallery,
        public_url: &str,
        metrics: Arc<Metrics>,
    ) -> Self {
        let render_pool = RenderPool::new("renderers", settings.renderers, settings.render_queue);
        let readers = RenderPool::new("readers", settings.renderers, settings.render_queue);
        let pictures = pictures::finished(settings.image_cache);
        Self(Arc::new(Inner {
            store,
            keys,
            limits,
            settings,
            public_url: public_url.trim_end_matches('/').to_owned(),
            metrics,
            usage: quota::accounts(),
            render_pool,
            readers,
            pictures,
            exports: PerUserSemaphore::new(export::ADMITTED),
            export_slots: export::slots(),
            uploads: PerUserSemaphore::new(avatar::UPLOADS),
        }))
    }

    /// The limits that clients receive, with the rules for sharing and rooms.
    #[must_use]
    pub fn limits(&self, sharing: SharingLimits, rooms: RoomLimits) -> LimitsReply {
        let settings = &self.0.settings;
        LimitsReply::new(&self.0.limits, settings.bin_days, settings.erasure_days, sharing, rooms)
    }

    /// Maximum number of drawings of a user.
    pub(super) fn most_drawings(&self) -> u32 {
        self.0.limits.drawings_per_user
    }

    /// The underlying store, for other services.
    pub(super) fn store(&self) -> &GalleryStore {
        &self.0.store
    }

    /// Waits for a thread for a picture, at the turn of that user.
    pub(super) async fn render_slot(&self, user: &UserKey) -> DrawingResult<Slot> {
        self.0.render_pool.slot(user).await
    }

    /// Runs work on stored actions of `bytes` bytes: inline if they are few, otherwise in a pool.
    pub(super) async fn lightly<T: Send + 'static>(
        &self,
        user: &UserKey,
        bytes: usize,
        work: impl FnOnce() -> DrawingResult<T> + Send + 'static,
    ) -> DrawingResult<T> {
        if bytes <= crate::service::render_pool::LIGHT {
            work()
        } else {
            self.0.readers.slot(user).await?.work(work).await
        }
    }

    /// Reports the load of the pools to the metrics.
    pub fn observe(&self) {
        self.0.render_pool.observe(&self.0.metrics);
        self.0.readers.observe(&self.0.metrics);
    }
}

/// Decodes the stored actions.
fn decoded(stored: &Stored) -> DrawingResult<Vec<Action>> {
    stored.actions.iter().map(|blob| decode(blob)).collect()
}

fn decode(blob: &[u8]) -> DrawingResult<Action> {
    codec::decode(blob).map_err(damaged)
}

fn damaged(error: Malformed) -> DrawingError {
    StoreError::Damaged(error.to_string()).into()
}

/// Checks that a v1 client may use the text as a drawing's id.
fn check_id(id: &str) -> DrawingResult<()> {
    let fits = (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits { Ok(()) } else { Err(DrawingError::Value("an id is 1 to 64 of A-Z a-z 0-9 _ -")) }
}
