//! The pending effects of an order, and their times. An effect may run twice, after a crash or on two servers: each is
//! idempotent at WeChat, and its outcome is a change of the order that applies once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Micros, Order};

/// Pauses between two queries of an open attempt, in seconds; the last one repeats.
const RECONCILE: [u64; 7] = [5, 30, 60, 180, 300, 600, 1_800];
/// Pauses between two tries of every other effect, in seconds; the last one repeats.
const RETRY: [u64; 6] = [2, 10, 30, 60, 300, 600];

/// A kind of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Ask WeChat about an open attempt.
    Reconcile,
    /// Close the order, whose deadline has passed.
    Expire,
    /// Give the money of an attempt back, or ask how far WeChat is.
    Refund,
    /// Count the print as received.
    Receive,
}

/// Something that is due once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    pub kind: EffectKind,
    /// Number of the attempt that the effect is about.
    #[serde(default)]
    pub attempt: Option<u32>,
    pub due: Micros,
    #[serde(default)]
    pub tries: u32,
    /// Time of its end.
    #[serde(default)]
    pub done: Option<Micros>,
}

impl Order {
    /// Time of the earliest effect.
    #[must_use]
    pub fn due_at(&self) -> Option<Micros> {
        self.effects.iter().filter(|effect| effect.done.is_none()).map(|effect| effect.due).min()
    }

    /// Effects that are due.
    #[must_use]
    pub fn due(&self, now: Micros) -> Vec<(EffectKind, Option<u32>)> {
        let due = self.effects.iter().filter(|effect| effect.done.is_none() && effect.due <= now);
        due.map(|effect| (effect.kind, effect.attempt)).collect()
    }

    /// Adds an effect. One of that kind and attempt that is open stays as it is.
    pub(super) fn schedule(&mut self, kind: EffectKind, attempt: Option<u32>, due: Micros) {
        if self.open_effect(kind, attempt).is_none() {
            self.effects.push(Effect { kind, attempt, due, tries: 0, done: None });
        }
    }

    /// Ends an effect.
    pub fn finish(&mut self, kind: EffectKind, attempt: Option<u32>, now: Micros) {
        if let Some(effect) = self.open_effect(kind, attempt) {
            effect.done = Some(now);
        }
    }

    /// Puts an effect off to its next try. Returns whether it was open.
    pub fn postpone(&mut self, kind: EffectKind, attempt: Option<u32>, now: Micros) -> bool {
        let Some(effect) = self.open_effect(kind, attempt) else { return false };
        let pauses: &[u64] = if kind == EffectKind::Reconcile { &RECONCILE } else { &RETRY };
        effect.tries = effect.tries.saturating_add(1);
        let place = (effect.tries as usize).min(pauses.len().saturating_sub(1));
        let pause = pauses.get(place).copied().unwrap_or_default();
        effect.due = now.plus(Duration::from_secs(pause));
        true
    }

    /// Makes an open effect due at once. Returns whether that changes anything.
    pub fn hasten(&mut self, kind: EffectKind, attempt: Option<u32>, now: Micros) -> bool {
        let Some(effect) = self.open_effect(kind, attempt).filter(|effect| effect.due > now) else {
            return false;
        };
        effect.due = now;
        true
    }

    /// Time of the first query of an attempt.
    pub(super) fn first_query(now: Micros) -> Micros {
        now.plus(Duration::from_secs(RECONCILE[0]))
    }

    fn open_effect(&mut self, kind: EffectKind, attempt: Option<u32>) -> Option<&mut Effect> {
        let mut effects = self.effects.iter_mut();
        effects.find(|effect| effect.kind == kind && effect.attempt == attempt && effect.done.is_none())
    }
}
