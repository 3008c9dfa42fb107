//! The records of rooms, and what verdicts, reports and operators do to them.
//!
//! A case is stored before its room is frozen: after a crash in between, the queue holds the case, and the event that
//! opened it repeats.

use yibi_common::rooms::FrozenBy;
use yibi_common::sharing::{CaseOpener, CaseState, Reason};

use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::review::{Case, CaseDecision, CaseSubject};
use crate::domain::room::{Room, RoomChange, RoomWritten};
use crate::domain::share::{Code, ShareCopy};
use crate::domain::user::UserKey;
use crate::service::drawings::{DrawingError, DrawingService};
use crate::service::shares::{Opening, ShareRecords};
use crate::store::{Drawings, GalleryStore, Rooms, StoreError, StoreResult};

/// Attempts at a change that concurrent changes overtake. Each failed attempt means that another one succeeded.
pub(super) const ROUNDS: usize = 64;

/// The records of all rooms. Cheap to clone.
#[derive(Clone)]
pub struct RoomRecords {
    drawings: DrawingService,
    cases: ShareRecords,
}

impl RoomRecords {
    #[must_use]
    pub fn new(drawings: DrawingService, cases: ShareRecords) -> Self {
        Self { drawings, cases }
    }

    /// The records of shares, which keep the cases of rooms, too.
    #[must_use]
    pub fn cases(&self) -> &ShareRecords {
        &self.cases
    }

    fn store(&self) -> &GalleryStore {
        self.drawings.store()
    }

    /// Header and room of a drawing, if the room has that code.
    pub(super) async fn room(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &Code,
    ) -> StoreResult<Option<(Header, Room)>> {
        let header = self.store().header(owner, drawing).await?;
        let header = header.filter(|header| header.deleted_at.is_none());
        Ok(header.and_then(|header| {
            let room = header.room.as_deref().filter(|room| room.code == *code).cloned()?;
            Some((header, room))
        }))
    }

    /// Changes the room of that code. Returns its drawing when the change applied, `None` when it did not.
    pub(super) async fn change(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &Code,
        change: impl Fn(&mut Room, &Header) -> bool,
    ) -> StoreResult<Option<Header>> {
        for _ in 0..ROUNDS {
            let Some((mut header, known)) = self.room(owner, drawing, code).await? else { return Ok(None) };
            let mut room = known.clone();
            if !change(&mut room, &header) {
                return Ok(None);
            }
            let change = RoomChange::of(&known, room);
            if self.store().change_room(owner, drawing, &change, Micros::now()).await? == RoomWritten::Done {
                header.room = Some(Box::new(change.room));
                return Ok(Some(header));
            }
        }
        Err(StoreError::Busy)
    }

    /// WeChat rejects the picture of a room.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn freeze_by_wechat(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &str,
        reason: Reason,
    ) -> StoreResult<()> {
        let Some(code) = Code::parse(code) else { return Ok(()) };
        self.freeze(owner, drawing, &code, FrozenBy::Wechat, Some(reason)).await.map(drop)
    }

    /// Opens a case of a room and freezes it. Returns whether it was not frozen before.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn freeze(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &Code,
        by: FrozenBy,
        reason: Option<Reason>,
    ) -> StoreResult<bool> {
        let Some((header, known)) = self.room(owner, drawing, code).await? else { return Ok(false) };
        if !known.clone().freeze(by, header.seq, Micros::now()) {
            return Ok(false);
        }
        let Some(copy) = self.copy(owner, drawing, code).await? else { return Ok(false) };
        let seq = copy.seq;
        let opened_by = match by {
            FrozenBy::Reports => CaseOpener::Reports,
            FrozenBy::Wechat => CaseOpener::Wechat,
            FrozenBy::Operator => CaseOpener::Operator,
        };
        let subject = CaseSubject::Room { code: code.clone(), drawing: drawing.to_owned(), seq };
        let cleared_seq = known.cleared_seq;
        let opening = Opening { subject, opened_by, state: CaseState::Held, reason, cleared_seq };
        self.cases.open_case_of(copy, opening).await?;
        let freeze = |room: &mut Room, _: &Header| room.freeze(by, seq, Micros::now());
        let frozen = self.change(owner, drawing, code, freeze).await?;
        tracing::info!(%code, ?by, frozen = frozen.is_some(), "a room was stopped");
        Ok(frozen.is_some())
    }

    /// The drawing of a room as it is, for its case.
    async fn copy(&self, owner: &UserKey, drawing: &str, code: &Code) -> StoreResult<Option<ShareCopy>> {
        let (header, actions) = match self.drawings.visible_copy(owner, drawing).await {
            Ok(copy) => copy,
            Err(DrawingError::NotFound | DrawingError::Deleted) => return Ok(None),
            // The evidence of a case must not keep a room from being frozen.
            Err(DrawingError::DrawingTooLarge) => match self.store().header(owner, drawing).await? {
                Some(header) => (header, None),
                None => return Ok(None),
            },
            Err(_) => return Err(StoreError::Busy),
        };
        Ok(Some(ShareCopy {
            code: code.clone(),
            seq: header.seq,
            owner: owner.clone(),
            title: header.title,
            paper: header.paper,
            drawn_at: header.created_at,
            actions: actions.unwrap_or_default(),
        }))
    }

    /// Whether the room of a case is still there.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn is_decidable(&self, case: &Case) -> StoreResult<bool> {
        let CaseSubject::Room { code, drawing, .. } = &case.subject else { return Ok(false) };
        Ok(self.room(&case.owner, drawing, code).await?.is_some())
    }

    /// Applies an operator's decision on the case of a room. A decision that the room already shows changes nothing.
    /// Returns whether the room is still there.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn decide(&self, case: &Case, decision: CaseDecision) -> StoreResult<bool> {
        let CaseSubject::Room { code, drawing, .. } = &case.subject else { return Ok(false) };
        let owner = &case.owner;
        if self.room(owner, drawing, code).await?.is_none() {
            return Ok(false);
        }
        match decision {
            CaseDecision::Pass => self.thaw(owner, drawing, code).await?,
            CaseDecision::Remove(_) => self.close(owner, drawing, code).await?,
            CaseDecision::Hold => {
                let hold = |room: &mut Room, header: &Header| {
                    room.reopen();
                    room.freeze(FrozenBy::Operator, header.seq, Micros::now())
                };
                self.change(owner, drawing, code, hold).await?
            }
        };
        Ok(true)
    }

    /// Lets a frozen room go on.
    pub(super) async fn thaw(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &Code,
    ) -> StoreResult<Option<Header>> {
        let thaw = |room: &mut Room, header: &Header| room.thaw(header.seq, Micros::now());
        self.change(owner, drawing, code, thaw).await
    }

    /// Ends a room, frozen or not, for an operator.
    pub(super) async fn close(
        &self,
        owner: &UserKey,
        drawing: &str,
        code: &Code,
    ) -> StoreResult<Option<Header>> {
        self.change(owner, drawing, code, |room, header| room.remove(header.seq)).await
    }
}
