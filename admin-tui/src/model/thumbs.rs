//! Small drawings: those that grow in the live view, and the one under the cursor of a list.

use yibi_common::admin::{Event, Happening};

use super::LIVE_FRAME;
use crate::lists::Owner;
use crate::msg::Drawn;
use crate::replay::{Entry, Player};
use crate::time::Millis;

#[derive(Debug)]
pub struct Thumb {
    /// The public id of its user.
    pub user: String,
    pub id: String,
    pub caption: String,
    /// `None` until the reply arrives.
    pub player: Option<Player>,
    /// The earliest time of its request.
    pub asked_at: Millis,
    /// The number that the next action gets.
    seq: u32,
    /// The number up to which actions have to be loaded.
    newest: u32,
    /// The first action that is animated.
    grows_from: Option<u32>,
    /// The time of the latest event.
    touched: Millis,
    /// The time up to which the animation has advanced.
    passed: Millis,
}

impl Thumb {
    pub fn new(user: String, id: String, asked_at: Millis) -> Self {
        Self {
            user,
            id,
            caption: String::new(),
            player: None,
            asked_at,
            seq: 0,
            newest: 1,
            grows_from: None,
            touched: asked_at,
            passed: asked_at,
        }
    }

    /// The public id of its user, and its id.
    pub fn ids(&self) -> (String, String) {
        (self.user.clone(), self.id.clone())
    }

    /// Whether actions are missing.
    pub fn is_wanted(&self) -> bool {
        self.newest > self.seq
    }

    /// Keeps the known actions after a request that failed.
    pub fn give_up(&mut self) {
        self.newest = self.seq;
    }

    pub fn fill(&mut self, drawn: Drawn, room: (u16, u16), now: Millis) {
        if (&drawn.row.user.id, &drawn.row.id) != (&self.user, &self.id) {
            return;
        }
        let (since, base) = (drawn.since, drawn.row.base);
        match &mut self.player {
            Some(player) if since == self.seq && since > 0 => player.extend(drawn.entries),
            _ => {
                let mut player = Player::new((drawn.row.width, drawn.row.height), since, drawn.entries, room);
                if let Some(from) = self.grows_from {
                    player.play_from(usize::try_from(from.saturating_sub(base)).unwrap_or(0));
                }
                self.player = Some(player);
            }
        }
        self.seq = drawn.row.seq;
        self.newest = self.newest.min(self.seq);
        self.passed = now;
    }
}

/// The drawings that were saved last. Each keeps its place until another drawing needs it.
#[derive(Debug, Default)]
pub struct Thumbs {
    shown: Vec<Thumb>,
    most: usize,
    room: (u16, u16),
}

impl Thumbs {
    /// The drawings from left to right.
    pub fn shown(&self) -> &[Thumb] {
        &self.shown
    }

    /// Adapts to another size of the screen: how many have room, and the pixels of each.
    pub fn fit(&mut self, most: usize, room: (u16, u16)) {
        if (self.most, self.room) == (most, room) {
            return;
        }
        (self.most, self.room) = (most, room);
        self.shown.truncate(most);
        for player in self.shown.iter_mut().filter_map(|thumb| thumb.player.as_mut()) {
            player.resize(room);
        }
    }

    /// Takes an event: a save makes its drawing grow. A new drawing gets a free place, or the place of the
    /// drawing whose last event is oldest.
    pub fn take(&mut self, event: &Event, now: Millis) {
        let Happening::Save { user, drawing, base, from_seq, seq, actions, .. } = &event.what else { return };
        let known = self.shown.iter_mut().find(|thumb| thumb.user == user.id && thumb.id == *drawing);
        if let Some(thumb) = known {
            thumb.touched = now;
            match (&mut thumb.player, actions) {
                (Some(player), Some(actions)) if *from_seq == thumb.seq && *base <= thumb.seq => {
                    player.extend(actions.iter().cloned().map(Entry::Action).collect());
                    (thumb.seq, thumb.passed) = (*seq, now);
                    thumb.newest = thumb.newest.max(*seq);
                }
                _ if *seq > thumb.seq => thumb.newest = thumb.newest.max(*seq),
                _ => {}
            }
            return;
        }
        let mut thumb = Thumb::new(user.id.clone(), drawing.clone(), now);
        thumb.caption = Owner::of(user).name().to_owned();
        (thumb.newest, thumb.grows_from) = (*seq, Some(*from_seq));
        if self.shown.len() < self.most {
            self.shown.push(thumb);
        } else if let Some(oldest) = self.shown.iter_mut().min_by_key(|thumb| thumb.touched) {
            *oldest = thumb;
        }
    }

    /// The drawing to be loaded next: its user, its id, and the first missing action.
    pub fn wanted(&self) -> Option<(String, String, u32)> {
        let thumb = self.shown.iter().find(|thumb| thumb.is_wanted())?;
        Some((thumb.user.clone(), thumb.id.clone(), thumb.seq))
    }

    pub fn fill(&mut self, drawn: Drawn, now: Millis) {
        let room = self.room;
        let of = |thumb: &&mut Thumb| thumb.user == drawn.row.user.id && thumb.id == drawn.row.id;
        if let Some(thumb) = self.shown.iter_mut().find(of) {
            thumb.fill(drawn, room, now);
        }
    }

    /// Keeps the known actions after a request that failed.
    pub fn give_up(&mut self) {
        if let Some(thumb) = self.shown.iter_mut().find(|thumb| thumb.is_wanted()) {
            thumb.give_up();
        }
    }

    /// Advances the animations, and tells whether there are any.
    pub fn pass(&mut self, now: Millis) -> bool {
        let mut any = false;
        for thumb in &mut self.shown {
            if let Some(player) = thumb.player.as_mut().filter(|player| player.playing) {
                player.pass(now - thumb.passed);
                thumb.passed = now;
                any = true;
            }
        }
        any
    }

    /// The time of the next frame.
    pub fn wake(&self) -> Option<Millis> {
        let playing = |thumb: &&Thumb| thumb.player.as_ref().is_some_and(|player| player.playing);
        self.shown.iter().filter(playing).map(|thumb| thumb.passed + LIVE_FRAME).min()
    }
}
