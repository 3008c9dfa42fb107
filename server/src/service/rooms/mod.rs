//! Rooms: people draw in one drawing, for those who hold the room's code.
//!
//! | file | subject |
//! |---|---|
//! | `open` | opening a room |
//! | `turns` | taking and giving back the turn, and strokes |
//! | `owner` | what only the owner does |
//! | `people` | the people in a room, as others may see them |
//! | `view` | what a room shows |
//! | `reports` | reports by people in the room |
//! | `drawing` | a drawing of the caller with the people who drew it |
//! | `finished` | the share of a finished relay |
//! | `operator` | what operators do |
//! | `records` | the effect of verdicts, reports and decisions on the records |

mod drawing;
mod finished;
mod open;
mod operator;
mod owner;
mod people;
mod records;
mod reports;
mod turns;
mod view;

use std::sync::Arc;

pub use operator::OperatorRoom;
pub use people::People;
pub use records::RoomRecords;
pub use turns::Drawn;

use super::drawings::{DrawingError, DrawingService};
use super::moderation::Moderation;
use super::rate_limits::{LimitExceeded, RateLimits};
use super::shares::{ShareError, ShareService};
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::room::{Crowd, Hold, Person, Room, RoomChange, RoomRefusal, RoomWritten};
use crate::domain::share::{Code, CodeTarget};
use crate::domain::user::{UserKey, UserRecord};
use crate::settings::Settings;
use crate::store::{GalleryStore, Rooms, Shares, StoreError, Users};
use records::ROUNDS;

/// Reason why a request about a room failed.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The operator of this server offers no sharing.
    #[error("sharing is off")]
    SharingOff,
    /// The operator of this server offers no rooms.
    #[error("rooms are off")]
    Off,
    /// There is no such room, or its drawing is not shown.
    #[error("no such room")]
    NotFound,
    /// The drawing does not begin a relay.
    #[error("a relay begins with one stroke")]
    NeedsOneStroke,
    /// The user has as many open rooms as allowed.
    #[error("too many open rooms")]
    TooMany,
    /// It is another person's turn.
    #[error("not the caller's turn")]
    NotYourTurn(Option<Hold>),
    /// The room refuses the change.
    #[error("the room refuses: {0:?}")]
    Refused(RoomRefusal),
    #[error("too many requests")]
    RateLimited(LimitExceeded),
    /// A value is invalid; the text is for the client.
    #[error("{0}")]
    Value(&'static str),
    /// A use case of drawings failed.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    /// A use case of shares failed.
    #[error(transparent)]
    Share(#[from] ShareError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<RoomRefusal> for RoomError {
    fn from(refusal: RoomRefusal) -> Self {
        match refusal {
            RoomRefusal::Rule(rule) => Self::Value(rule),
            RoomRefusal::NotYourTurn(hold) => Self::NotYourTurn(hold),
            RoomRefusal::Banned
            | RoomRefusal::Frozen
            | RoomRefusal::Ended
            | RoomRefusal::OwnerOnly
            | RoomRefusal::Full => Self::Refused(refusal),
        }
    }
}

impl From<LimitExceeded> for RoomError {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

type RoomResult<T> = Result<T, RoomError>;

/// The caller of a request.
#[derive(Debug, Clone, Copy)]
pub struct RoomCaller<'a> {
    pub key: &'a UserKey,
    /// Public id of the user.
    pub id: &'a str,
}

/// A room with its drawing and owner.
#[derive(Debug, Clone)]
pub struct FoundRoom {
    pub owner: UserRecord,
    pub header: Header,
    pub room: Room,
}

impl FoundRoom {
    /// The caller's place in the room.
    fn person<'c>(&self, caller: RoomCaller<'c>) -> Person<'c> {
        Person { id: caller.id, is_owner: self.owner.key == *caller.key }
    }

    /// Public ids of the people who drew, the owner first.
    #[must_use]
    pub fn authors(&self) -> Vec<String> {
        if self.header.authors.is_empty() {
            vec![self.owner.public_id.clone()]
        } else {
            self.header.authors.clone()
        }
    }
}

/// The rooms of all users. Cheap to clone.
#[derive(Clone)]
pub struct RoomService(Arc<Inner>);

struct Inner {
    is_shared: bool,
    is_on: bool,
    crowd: Crowd,
    owned: u32,
    stroke_length: u32,
    records: RoomRecords,
    drawings: DrawingService,
    moderation: Moderation,
    shares: ShareService,
    people: People,
    limits: Arc<RateLimits>,
}

impl RoomService {
    /// Rooms in those drawings.
    #[must_use]
    pub fn new(
        settings: &Settings,
        records: RoomRecords,
        drawings: DrawingService,
        moderation: Moderation,
        shares: ShareService,
        limits: Arc<RateLimits>,
    ) -> Self {
        let people = People::new(drawings.clone(), moderation.clone());
        Self(Arc::new(Inner {
            is_shared: settings.sharing.is_open(),
            is_on: settings.has_rooms(),
            crowd: Crowd { drawing: settings.rooms.drawing, authors: settings.rooms.authors },
            owned: settings.rooms.owned,
            stroke_length: settings.limits.drawing.one_stroke_length,
            records,
            drawings,
            moderation,
            shares,
            people,
            limits,
        }))
    }

    /// The people in rooms, as others may see them.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.0.people
    }

    fn store(&self) -> &GalleryStore {
        self.0.drawings.store()
    }

    fn require_on(&self) -> RoomResult<()> {
        match (self.0.is_shared, self.0.is_on) {
            (true, true) => Ok(()),
            (false, _) => Err(RoomError::SharingOff),
            (true, false) => Err(RoomError::Off),
        }
    }

    /// The room of a code, unless its drawing is in the bin or its owner is not shown.
    async fn found(&self, code: &str) -> RoomResult<FoundRoom> {
        self.require_on()?;
        let found = self.find(code).await?;
        if !found.owner.is_shown() {
            return Err(RoomError::NotFound);
        }
        Ok(found)
    }

    /// The room of a code, whatever became of its owner.
    async fn find(&self, code: &str) -> RoomResult<FoundRoom> {
        let code = Code::parse(code).ok_or(RoomError::NotFound)?;
        let target = self.store().code(&code).await?.filter(|target| target.what == CodeTarget::Room);
        let target = target.ok_or(RoomError::NotFound)?;
        let (owner, found) = tokio::try_join!(
            self.store().user(&target.owner),
            self.0.records.room(&target.owner, &target.drawing, &code),
        )?;
        let owner = owner.ok_or(RoomError::NotFound)?;
        let (header, mut room) = found.ok_or(RoomError::NotFound)?;
        if let Some(hold) = room.hold_at(Micros::now()) {
            // The turn of a person who was blocked, or left, is free.
            let holder = self.store().user_by_public_id(&hold.user).await?;
            if !holder.is_some_and(|holder| holder.is_shown()) {
                room.hold = None;
            }
        }
        Ok(FoundRoom { owner, header, room })
    }

    /// Changes a room as its caller asks. A change that does not apply any more leaves the room as it is.
    async fn change(
        &self,
        caller: RoomCaller<'_>,
        code: &str,
        change: impl Fn(&mut Room, Person<'_>, Micros) -> Result<bool, RoomRefusal>,
    ) -> RoomResult<FoundRoom> {
        for _ in 0..ROUNDS {
            let mut found = self.found(code).await?;
            let now = Micros::now();
            let mut room = found.room.clone();
            if !change(&mut room, found.person(caller), now)? {
                return Ok(found);
            }
            let change = RoomChange::of(&found.room, room);
            let (owner, drawing) = (&found.owner.key, &found.header.id);
            if self.store().change_room(owner, drawing, &change, now).await? == RoomWritten::Done {
                found.room = change.room;
                return Ok(found);
            }
        }
        Err(StoreError::Busy.into())
    }
}
