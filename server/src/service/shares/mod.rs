//! Shares: public links to copies of drawings. Nothing is shown to another person before WeChat or an operator
//! passed it.
//!
//! | file | subject |
//! |---|---|
//! | `author` | sharing, changing and ending, by the author |
//! | `visitor` | what a code shows to the public |
//! | `json` | the public JSON |
//! | `pictures` | pictures of copies, and signed links to those under check |
//! | `reports` | reports by users and visitors |
//! | `records` | the effect of verdicts, reports and decisions on the records |
//! | `cases` | review cases: opened with their evidence, counted, closed |
//! | `evidence` | the written form of evidence |

mod author;
mod cases;
mod evidence;
mod json;
mod pictures;
mod records;
mod reports;
mod visitor;

use std::sync::Arc;

use bytes::Bytes;
use moka::future::Cache;

pub use author::{ShareChange, SharePage, SharedDrawing};
pub use pictures::{CopyPicture, PictureKind};

pub use crate::render::CardShape;
pub(crate) use cases::Opening;
pub use records::ShareRecords;
pub(crate) use reports::checked_note;
pub use visitor::{CopyHead, PublicAuthor, PublicShare, ShownShare};

use super::drawings::{DrawingError, DrawingService};
use super::miniprogram_codes::MiniprogramCodeService;
use super::moderation::Moderation;
use super::rate_limits::{LimitExceeded, RateLimits};
use crate::settings::{ModerationMode, Settings, Sharing};
use crate::store::StoreError;

/// Heads of copies that a server keeps in memory; one takes some 200 bytes.
const HEADS: u64 = 10_000;

/// Reason why a request about a share failed.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// The operator of this server offers no sharing.
    #[error("sharing is off")]
    Off,
    /// There is no such share.
    #[error("no such share")]
    NotFound,
    /// The share is not shown any more.
    #[error("the share was taken back")]
    Gone,
    /// The share was not shown yet, or waits for an operator.
    #[error("the share is being checked")]
    Checking,
    /// The share was removed, and the drawing has no more strokes than then.
    #[error("the share was removed")]
    Removed,
    /// The drawing shows no stroke.
    #[error("there is nothing to share")]
    NothingToShare,
    /// The operator lets only users share who bound a phone number.
    #[error("a phone number is needed")]
    PhoneNeeded,
    /// The user shares the same drawing again too often.
    #[error("too many requests")]
    RateLimited(LimitExceeded),
    /// A value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// A use case of drawings failed.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<LimitExceeded> for ShareError {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

type ShareResult<T> = Result<T, ShareError>;

/// The shares of all users. Cheap to clone.
#[derive(Clone)]
pub struct ShareService(Arc<Inner>);

struct Inner {
    settings: Sharing,
    mode: ModerationMode,
    records: ShareRecords,
    drawings: DrawingService,
    moderation: Moderation,
    codes: MiniprogramCodeService,
    limits: Arc<RateLimits>,
    pictures: Cache<pictures::Key, Bytes>,
    /// Heads of copies by their names.
    heads: Cache<String, CopyHead>,
}

impl ShareService {
    /// Shares of those drawings.
    #[must_use]
    pub fn new(
        settings: &Settings,
        records: ShareRecords,
        drawings: DrawingService,
        moderation: Moderation,
        codes: MiniprogramCodeService,
        limits: Arc<RateLimits>,
    ) -> Self {
        Self(Arc::new(Inner {
            settings: settings.sharing,
            mode: settings.moderation.mode,
            records,
            drawings,
            moderation,
            codes,
            limits,
            pictures: pictures::cache(settings.gallery.image_cache),
            heads: Cache::new(HEADS),
        }))
    }

    /// The records, for reviews.
    #[must_use]
    pub fn records(&self) -> &ShareRecords {
        &self.0.records
    }

    fn require_level(&self) -> ShareResult<()> {
        if self.0.settings.is_open() { Ok(()) } else { Err(ShareError::Off) }
    }
}
