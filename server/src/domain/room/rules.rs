//! The rules of a room, as pure functions of its record and the time.

use std::collections::BTreeSet;
use std::time::Duration;

use yibi_common::rooms::{
    DEFAULT_GOAL, EXTENDED_HOLD_SECONDS, FrozenBy, GOAL_RANGE, HOLD_SECONDS, RoomKind, RoomRole, RoomState,
};

use super::{Crowd, Hold, NewStroke, Person, RecentStroke, Room, RoomRefusal};
use crate::domain::clock::Micros;
use crate::domain::share::Code;

/// A turn, and the same from its extension on.
const HOLD: Duration = Duration::from_secs(HOLD_SECONDS);
const EXTENDED_HOLD: Duration = Duration::from_secs(EXTENDED_HOLD_SECONDS);
/// Time without a stroke after which a room ends.
pub(super) const IDLE: Duration = Duration::from_secs(7 * 86_400);
/// Time after which the author of the last stroke may draw again.
const AGAIN: Duration = Duration::from_secs(86_400);
/// Time within which a person who drew counts as drawing.
const DRAWING: Duration = Duration::from_secs(60);
/// Strokes whose ids a room remembers.
pub(super) const REMEMBERED: usize = 64;
/// People whom an owner can ban.
pub(super) const BANNED: usize = 50;
/// Strokes of a finished relay, at least.
const FINISHED: u32 = 2;

pub(super) type Changed = Result<bool, RoomRefusal>;

/// The changes of a room. Each returns whether it changed anything, so that a request may arrive twice.
impl Room {
    /// A room that was just opened. A relay begins behind the owner's first stroke.
    #[must_use]
    pub fn fresh(code: Code, kind: RoomKind, goal: Option<u32>, owner: &str, now: Micros) -> Self {
        let is_relay = kind == RoomKind::Relay;
        Self {
            code,
            kind,
            state: RoomState::Open,
            version: 0,
            locked: false,
            goal: is_relay.then_some(goal.unwrap_or(DEFAULT_GOAL)),
            strokes: u32::from(is_relay),
            hold: None,
            last_author: is_relay.then(|| owner.to_owned()),
            last_at: now,
            recent: Vec::new(),
            banned: Vec::new(),
            frozen_by: None,
            frozen_seq: None,
            cleared_seq: None,
            removed_seq: None,
            done_at: None,
            created_at: now,
            ends_at: now.plus(IDLE),
        }
    }

    /// Checks the goal of a room that is about to be opened.
    ///
    /// # Errors
    /// [`RoomRefusal::Rule`].
    pub fn check_goal(kind: RoomKind, goal: Option<u32>) -> Result<(), RoomRefusal> {
        match (kind, goal) {
            (RoomKind::Together, Some(_)) => Err(RoomRefusal::Rule("only a relay has a goal")),
            (RoomKind::Relay, Some(goal)) if !GOAL_RANGE.contains(&goal) => {
                Err(RoomRefusal::Rule("a goal is between 2 and 30"))
            }
            (RoomKind::Together | RoomKind::Relay, _) => Ok(()),
        }
    }

    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.kind == RoomKind::Relay
    }

    /// The state at a time: a room without a stroke for seven days has ended.
    #[must_use]
    pub fn state_at(&self, now: Micros) -> RoomState {
        match self.state {
            RoomState::Open if now >= self.ends_at && self.is_relay() && self.strokes >= FINISHED => {
                RoomState::Done
            }
            RoomState::Open if now >= self.ends_at => RoomState::Closed,
            RoomState::Open | RoomState::Done | RoomState::Frozen | RoomState::Closed => self.state,
        }
    }

    /// The turn that somebody has at a time.
    #[must_use]
    pub fn hold_at(&self, now: Micros) -> Option<&Hold> {
        let is_open = self.state_at(now) == RoomState::Open;
        self.hold.as_ref().filter(|hold| is_open && now < hold.until)
    }

    /// The rights of a person at a time.
    #[must_use]
    pub fn role(&self, who: Person<'_>, now: Micros) -> RoomRole {
        if who.is_owner {
            RoomRole::Owner
        } else if self.locked || self.state_at(now) != RoomState::Open {
            RoomRole::Watcher
        } else {
            RoomRole::Drawer
        }
    }

    /// Whether the drawing takes actions from its owner outside the room.
    #[must_use]
    pub fn refuses_owner(&self) -> bool {
        self.state == RoomState::Frozen || self.is_relay() && self.state != RoomState::Closed
    }

    /// Refuses a banned person.
    ///
    /// # Errors
    /// [`RoomRefusal::Banned`].
    pub fn admits(&self, who: Person<'_>) -> Result<(), RoomRefusal> {
        if self.banned.iter().any(|id| id == who.id) { Err(RoomRefusal::Banned) } else { Ok(()) }
    }

    /// Result of a stroke that this author sent before.
    #[must_use]
    pub fn remembered(&self, stroke_id: &str, by: u16) -> Option<&RecentStroke> {
        self.recent.iter().rev().find(|stroke| stroke.by == by && stroke.stroke_id == stroke_id)
    }

    /// Stores a state that the time brought about.
    pub fn settle(&mut self, now: Micros) -> bool {
        let state = self.state_at(now);
        let changed = state != self.state;
        if changed {
            self.hold = None;
            self.done_at = (state == RoomState::Done).then_some(self.ends_at);
            self.state = state;
        }
        changed
    }

    /// Gives a person the turn, or extends it once.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn take(&mut self, who: Person<'_>, now: Micros) -> Changed {
        self.check_drawer(who, now)?;
        if !self.is_relay() {
            return Err(RoomRefusal::Rule("only a relay has turns"));
        }
        let until = now.plus(EXTENDED_HOLD);
        match self.hold.as_mut().filter(|hold| now < hold.until) {
            Some(hold) if hold.user == who.id => {
                let is_first = !hold.extended;
                if is_first {
                    (hold.until, hold.extended) = (until, true);
                }
                return Ok(is_first);
            }
            Some(hold) => return Err(RoomRefusal::NotYourTurn(Some(hold.clone()))),
            None => {}
        }
        let again = self.last_at.plus(AGAIN);
        if self.last_author.as_deref() == Some(who.id) && now < again {
            let hold = Hold { user: who.id.to_owned(), until: again, extended: false };
            return Err(RoomRefusal::NotYourTurn(Some(hold)));
        }
        self.hold = Some(Hold { user: who.id.to_owned(), until: now.plus(HOLD), extended: false });
        Ok(true)
    }

    /// Gives the turn back. A person without a turn changes nothing.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn release(&mut self, who: Person<'_>, now: Micros) -> Changed {
        self.check_open(who, now)?;
        let is_theirs = self.hold.as_ref().is_some_and(|hold| hold.user == who.id);
        if is_theirs {
            self.hold = None;
        }
        Ok(is_theirs)
    }

    /// Checks that a person may draw now. The stroke of a turn that ran out counts while nobody else has the turn.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn may_draw(&self, who: Person<'_>, now: Micros) -> Result<(), RoomRefusal> {
        self.check_drawer(who, now)?;
        let is_theirs = self.hold.as_ref().is_some_and(|hold| hold.user == who.id);
        if self.is_relay() && !is_theirs {
            return Err(RoomRefusal::NotYourTurn(self.hold_at(now).cloned()));
        }
        Ok(())
    }

    /// Takes a stroke, which ends the turn and may finish the relay.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn draw(&mut self, who: Person<'_>, stroke: NewStroke<'_>, crowd: Crowd, now: Micros) -> Changed {
        self.may_draw(who, now)?;
        let since = now.minus(DRAWING);
        let others = self.recent.iter().filter(|other| other.at > since && other.by != stroke.by);
        let others: BTreeSet<u16> = others.map(|other| other.by).collect();
        if others.len() >= crowd.drawing as usize || u32::from(stroke.by) >= crowd.authors {
            return Err(RoomRefusal::Full);
        }
        if self.recent.len() >= REMEMBERED {
            self.recent.drain(..=self.recent.len() - REMEMBERED);
        }
        self.recent.push(RecentStroke {
            stroke_id: stroke.stroke_id.to_owned(),
            by: stroke.by,
            from: stroke.from,
            seq: stroke.seq,
            at: now,
        });
        (self.last_at, self.ends_at) = (now, now.plus(IDLE));
        if self.is_relay() {
            self.hold = None;
            self.last_author = Some(who.id.to_owned());
            self.strokes = self.strokes.saturating_add(1);
            if self.goal.is_some_and(|goal| self.strokes >= goal) {
                self.finish(now);
            }
        }
        Ok(true)
    }

    /// Takes the last stroke of a relay out; `previous` drew the one before. Other rooms count no strokes.
    ///
    /// # Errors
    /// [`RoomRefusal::Rule`] for the first stroke.
    pub fn take_out_last(&mut self, previous: Option<&str>) -> Changed {
        if self.is_relay() {
            if self.strokes < FINISHED {
                return Err(RoomRefusal::Rule("the first stroke of a relay stays"));
            }
            self.strokes -= 1;
            self.last_author = previous.map(ToOwned::to_owned);
            // Nobody draws twice in a row.
            if self.hold.as_ref().is_some_and(|hold| Some(hold.user.as_str()) == previous) {
                self.hold = None;
            }
        }
        Ok(true)
    }

    /// Checks that the owner may change the room now.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn check_owner(&self, who: Person<'_>, now: Micros) -> Result<(), RoomRefusal> {
        if !who.is_owner {
            self.admits(who)?;
            return Err(RoomRefusal::OwnerOnly);
        }
        self.check_open(who, now)
    }

    /// Lets only the owner draw, or everybody again.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn set_locked(&mut self, who: Person<'_>, locked: bool, now: Micros) -> Changed {
        self.check_owner(who, now)?;
        if locked && self.hold.as_ref().is_some_and(|hold| hold.user != who.id) {
            self.hold = None;
        }
        Ok(std::mem::replace(&mut self.locked, locked) != locked)
    }

    /// Shuts a person out.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn ban(&mut self, who: Person<'_>, person: &str, now: Micros) -> Changed {
        self.check_owner(who, now)?;
        if person == who.id {
            return Err(RoomRefusal::Rule("the owner can't be banned"));
        }
        if self.banned.iter().any(|id| id == person) {
            return Ok(false);
        }
        if self.banned.len() >= BANNED {
            return Err(RoomRefusal::Rule("a room bans at most 50 people"));
        }
        self.banned.push(person.to_owned());
        if self.hold.as_ref().is_some_and(|hold| hold.user == person) {
            self.hold = None;
        }
        Ok(true)
    }

    /// The owner finishes a relay.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn end(&mut self, who: Person<'_>, now: Micros) -> Changed {
        if who.is_owner && self.state_at(now) == RoomState::Done {
            return Ok(self.settle(now));
        }
        self.check_owner(who, now)?;
        if !self.is_relay() {
            return Err(RoomRefusal::Rule("only a relay is finished; close the room"));
        }
        if self.strokes < FINISHED {
            return Err(RoomRefusal::Rule("a relay is finished with two strokes or more"));
        }
        self.finish(now);
        Ok(true)
    }

    /// The owner ends the room.
    ///
    /// # Errors
    /// [`RoomRefusal`].
    pub fn close(&mut self, who: Person<'_>) -> Changed {
        if !who.is_owner {
            self.admits(who)?;
            return Err(RoomRefusal::OwnerOnly);
        }
        if self.state == RoomState::Frozen {
            return Err(RoomRefusal::Frozen);
        }
        Ok(self.shut())
    }

    /// Ends the room, frozen or not.
    pub fn shut(&mut self) -> bool {
        let changed = self.state != RoomState::Closed;
        (self.state, self.hold, self.frozen_by) = (RoomState::Closed, None, None);
        changed
    }

    /// An operator ends the room, frozen or not, as it is at `seq`.
    pub fn remove(&mut self, seq: u32) -> bool {
        let changed = self.shut() || self.removed_seq != Some(seq);
        self.removed_seq = Some(seq);
        changed
    }

    /// Whether an operator closed the room, and the drawing is as it was then.
    #[must_use]
    pub fn is_removed_at(&self, seq: u32) -> bool {
        self.state == RoomState::Closed && self.removed_seq.is_some_and(|removed| seq <= removed)
    }

    /// Whether a person sees the drawing: nobody does while an operator has to decide, and others than the owner no longer
    /// do once the room is closed.
    #[must_use]
    pub fn shows_drawing(&self, who: Person<'_>, now: Micros) -> bool {
        match self.state_at(now) {
            RoomState::Open | RoomState::Done => true,
            RoomState::Closed => who.is_owner,
            RoomState::Frozen => false,
        }
    }

    /// Stops the room until an operator decides. A closed room shows nothing that could be stopped.
    pub fn freeze(&mut self, by: FrozenBy, seq: u32, now: Micros) -> bool {
        self.settle(now);
        let applies = matches!(self.state, RoomState::Open | RoomState::Done);
        if applies {
            (self.state, self.hold, self.frozen_by) = (RoomState::Frozen, None, Some(by));
            self.frozen_seq = Some(seq);
        }
        applies
    }

    /// Takes back that an operator closed the room.
    pub fn reopen(&mut self) {
        if self.state == RoomState::Closed && self.removed_seq.take().is_some() {
            self.state = if self.done_at.is_some() { RoomState::Done } else { RoomState::Open };
        }
    }

    /// An operator lets the room go on, as it was at `seq`.
    pub fn thaw(&mut self, seq: u32, now: Micros) -> bool {
        let applies = self.state == RoomState::Frozen;
        if applies {
            self.state = if self.done_at.is_some() { RoomState::Done } else { RoomState::Open };
            self.frozen_by = None;
            self.cleared_seq = Some(seq);
            // The time of the decision does not count as time without a stroke.
            self.ends_at = self.ends_at.max(now.plus(IDLE));
        }
        applies
    }

    fn finish(&mut self, now: Micros) {
        (self.state, self.hold, self.done_at) = (RoomState::Done, None, Some(now));
    }

    fn check_open(&self, who: Person<'_>, now: Micros) -> Result<(), RoomRefusal> {
        self.admits(who)?;
        match self.state_at(now) {
            RoomState::Open => Ok(()),
            RoomState::Frozen => Err(RoomRefusal::Frozen),
            RoomState::Done | RoomState::Closed => Err(RoomRefusal::Ended),
        }
    }

    fn check_drawer(&self, who: Person<'_>, now: Micros) -> Result<(), RoomRefusal> {
        self.check_open(who, now)?;
        if self.locked && !who.is_owner { Err(RoomRefusal::OwnerOnly) } else { Ok(()) }
    }
}
