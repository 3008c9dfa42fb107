//! Sharing, changing and ending, by the author.

use data_encoding::BASE64URL_NOPAD;
use yibi_common::sharing::{Audience, CaseOpener, CaseState, ShareState};

use super::{ShareError, ShareResult, ShareService};
use crate::domain::batch::Obstacle;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::share::{AfterShare, Code, CodeRecord, CodeTarget, Share, ShareCopy, copy_name};
use crate::domain::user::UserKey;
use crate::random;
use crate::service::drawings::DrawingError;
use crate::settings::Reviewer;
use crate::store::{Drawings, Shares, StoreError, Users};

/// Attempts at a share that concurrent requests overtake.
const ROUNDS: usize = 16;

/// Choices of the author. Absent members keep their value.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShareChange {
    pub audience: Option<Audience>,
    pub allow_continue: Option<bool>,
}

impl ShareChange {
    /// Applies the choices. Returns whether they change anything.
    fn apply(self, share: &mut Share) -> bool {
        let former = (share.audience, share.allow_continue);
        share.audience = self.audience.unwrap_or(share.audience);
        share.allow_continue = self.allow_continue.unwrap_or(share.allow_continue);
        former != (share.audience, share.allow_continue)
    }
}

/// A share with the title of its drawing, as its author sees both.
#[derive(Debug, Clone)]
pub struct SharedDrawing {
    pub share: Share,
    pub title: String,
    /// Whether the drawing is in the bin.
    pub in_bin: bool,
}

/// A page of a user's shares.
#[derive(Debug, Clone)]
pub struct SharePage {
    pub shares: Vec<SharedDrawing>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl ShareService {
    /// Shares a drawing, or its present state again. Returns the drawing's share.
    ///
    /// # Errors
    /// [`ShareError::Off`], [`ShareError::PhoneNeeded`], [`ShareError::NothingToShare`],
    /// [`ShareError::Removed`], [`ShareError::RateLimited`], [`ShareError::Drawing`] for a missing, deleted or too
    /// large drawing,
    /// [`ShareError::Store`].
    pub async fn share(&self, user: &UserKey, drawing: &str, change: ShareChange) -> ShareResult<Share> {
        self.require_level()?;
        let store = &self.0.records.store;
        let header = self.0.drawings.live_header(user, drawing).await?;
        if header.room_obstacle() == Some(Obstacle::Frozen) {
            return Err(DrawingError::RoomFrozen.into());
        }
        if self.0.settings.require_phone {
            let user = store.user(user).await?;
            if user.is_none_or(|user| user.phone.is_none()) {
                return Err(ShareError::PhoneNeeded);
            }
        }
        self.0.moderation.resume_title(user, drawing, &header.title).await?;
        for _ in 0..ROUNDS {
            let known = store.share(user, drawing).await?;
            let shared = match known {
                Some(share) if share.state != ShareState::Revoked => {
                    self.again(share, &header, change).await?
                }
                ended => self.first(user, &header, ended, change).await?,
            };
            if let Some(share) = shared {
                // Last, also where nothing changed: of parallel requests, one may have stored the checks of a
                // copy that lost.
                self.0.moderation.check_share(user, drawing).await?;
                self.0.codes.wish(user.app_id(), share.code.as_str());
                return Ok(share);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Makes the first share of a drawing, or the first one after a revocation; `None` when another request
    /// came first.
    async fn first(
        &self,
        user: &UserKey,
        header: &Header,
        ended: Option<Share>,
        change: ShareChange,
    ) -> ShareResult<Option<Share>> {
        let (store, drawing) = (&self.0.records.store, header.id.as_str());
        if ended.as_ref().is_some_and(|ended| Some(header.seq) <= ended.removed_seq) {
            return Err(ShareError::Removed);
        }
        if ended.is_some() {
            self.0.limits.wechat_call(user)?;
        }
        let now = Micros::now();
        let code = self.new_code(user, drawing, now).await?;
        let made = self.copy(user, drawing, &code).await;
        let seq = match made {
            Ok(seq) => seq,
            Err(error) => {
                store.remove_code(&code).await?;
                return Err(error);
            }
        };
        let mut share = Share::fresh(code.clone(), user.clone(), drawing, seq, now);
        if let Some(ended) = &ended {
            ended.succeed(&mut share);
        }
        change.apply(&mut share);
        self.prepare(&mut share, seq).await?;
        let stored = match &ended {
            None => store.add_share(&share).await?,
            Some(ended) => {
                // Before the share forgets the code, so that the address still tells that the share ended.
                store.end_code(&ended.code, now).await?;
                store.change_share(&share).await?
            }
        };
        if !stored {
            store.remove_copy(user, &code, seq).await?;
            store.remove_code(&code).await?;
            return Ok(None);
        }
        share.version = if ended.is_some() { share.version.saturating_add(1) } else { share.version };
        Ok(Some(share))
    }

    /// Shares the present state of a drawing that is shared already; `None` when another request came first.
    async fn again(&self, known: Share, header: &Header, change: ShareChange) -> ShareResult<Option<Share>> {
        if known.state == ShareState::Removed && Some(header.seq) <= known.removed_seq {
            return Err(ShareError::Removed);
        }
        let mut share = known.clone();
        let mut changed = change.apply(&mut share);
        let newest = share.newest_seq();
        // A rejected copy is not tried again; more strokes are.
        if Some(header.seq) > newest {
            // Each copy costs calls of WeChat, or a case and its evidence.
            self.0.limits.wechat_call(&share.owner)?;
            let seq = self.copy(&share.owner, &share.drawing, &share.code).await?;
            share.offer(seq);
            self.prepare(&mut share, seq).await?;
            changed = true;
        }
        // The reviewer was changed while WeChat checked the copy.
        let pending = share.checking_seq.filter(|_| share.state == ShareState::Checking);
        if let Some(seq) = pending.filter(|_| self.0.settings.review == Reviewer::Operator) {
            self.prepare(&mut share, seq).await?;
            changed = true;
        }
        if !changed {
            return Ok(Some(share));
        }
        share.updated_at = Micros::now();
        if !self.0.records.store.change_share(&share).await? {
            return Ok(None);
        }
        share.version = share.version.saturating_add(1);
        self.0.records.drop_copies(&share).await?;
        Ok(Some(share))
    }

    /// Opens the way for a new copy: the checks of WeChat, or the case of a person.
    async fn prepare(&self, share: &mut Share, seq: u32) -> ShareResult<()> {
        if self.0.settings.review == Reviewer::Operator {
            share.needs_person = true;
            if share.state == ShareState::Checking {
                share.state = ShareState::Held;
            }
        }
        if share.needs_person {
            let opener = CaseOpener::Operator;
            self.0.records.open_case(share, seq, opener, CaseState::Held, share.reason).await?;
        } else {
            let name = copy_name(&share.code, seq);
            self.0.moderation.before_share(&share.owner, &share.drawing, &name).await?;
        }
        Ok(())
    }

    /// Stores a copy of the drawing's visible strokes. Returns its seq.
    async fn copy(&self, user: &UserKey, drawing: &str, code: &Code) -> ShareResult<u32> {
        let (header, actions) = self.0.drawings.visible_copy(user, drawing).await?;
        let actions = actions.ok_or(ShareError::NothingToShare)?;
        let copy = ShareCopy {
            code: code.clone(),
            seq: header.seq,
            owner: user.clone(),
            title: header.title,
            paper: header.paper,
            drawn_at: header.created_at,
            actions,
        };
        self.0.records.store.put_copy(&copy).await?;
        Ok(copy.seq)
    }

    async fn new_code(&self, user: &UserKey, drawing: &str, now: Micros) -> ShareResult<Code> {
        for _ in 0..ROUNDS {
            let code = Code::from_random(random::bytes());
            let record = CodeRecord {
                code: code.clone(),
                owner: user.clone(),
                drawing: drawing.to_owned(),
                created_at: now,
                ended_at: None,
                what: CodeTarget::Share,
            };
            if self.0.records.store.add_code(&record).await? {
                return Ok(code);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// The share of a drawing that its author has not ended.
    ///
    /// # Errors
    /// [`ShareError::Off`], [`ShareError::NotFound`], [`ShareError::Store`].
    pub async fn share_of(&self, user: &UserKey, drawing: &str) -> ShareResult<Share> {
        self.require_level()?;
        let store = &self.0.records.store;
        let share = store.share(user, drawing).await?;
        let share = share.filter(|share| share.state != ShareState::Revoked).ok_or(ShareError::NotFound)?;
        if let Some(header) = store.header(user, drawing).await? {
            self.0.moderation.resume_title(user, drawing, &header.title).await?;
        }
        Ok(share)
    }

    /// Ends the share of a drawing, if there is one. Its copies are removed at once.
    ///
    /// # Errors
    /// [`ShareError::Off`], [`ShareError::Store`].
    pub async fn revoke(&self, user: &UserKey, drawing: &str) -> ShareResult<()> {
        self.require_level()?;
        let records = &self.0.records;
        let Some(known) = records.store.share(user, drawing).await? else { return Ok(()) };
        if records.change(user, drawing, &known.code, Share::revoke).await?.is_none() {
            // A request that broke off may have left the copies of a share that it ended.
            records.drop_copies(&known).await?;
        }
        self.0.codes.remove(user.app_id(), known.code.as_str()).await?;
        Ok(())
    }

    /// A page of the user's shares that are not ended, the newest first; `cursor` is a former page's `next`.
    ///
    /// # Errors
    /// [`ShareError::Off`], [`ShareError::Value`] when the cursor is invalid, [`ShareError::Store`].
    pub async fn shares(&self, user: &UserKey, cursor: Option<&str>, limit: u32) -> ShareResult<SharePage> {
        self.require_level()?;
        let after =
            cursor.map(|text| read_cursor(text).ok_or(ShareError::Value("the cursor is not one of ours")));
        let store = &self.0.records.store;
        let mut page = store.shares(user, after.transpose()?.as_ref(), limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(write_cursor);
        let mut shares = Vec::with_capacity(page.len());
        for share in page.into_iter().filter(|share| share.state != ShareState::Revoked) {
            let header = store.header(user, &share.drawing).await?;
            let (title, in_bin) = header.map(|h| (h.title, h.deleted_at.is_some())).unwrap_or_default();
            shares.push(SharedDrawing { share, title, in_bin });
        }
        Ok(SharePage { shares, next })
    }

    /// Address of a share's page. Without a public URL in the settings, it has the origin at which the request
    /// arrived.
    #[must_use]
    pub fn url(&self, code: &Code, origin: &str) -> String {
        let public_url = self.0.records.public_url.as_str();
        format!("{}/s/{code}", if public_url.is_empty() { origin } else { public_url })
    }
}

fn write_cursor(share: &Share) -> String {
    BASE64URL_NOPAD.encode(format!("{} {}", share.created_at.0, share.code).as_bytes())
}

fn read_cursor(text: &str) -> Option<AfterShare> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let (at, code) = text.split_once(' ')?;
    Some(AfterShare { created_at: Micros(at.parse().ok()?), code: Code::parse(code)? })
}
