//! A simulated day of users, visit by visit.

use super::people::{self, HOURS};
use super::random::Chance;

/// Minutes of a day.
pub const MINUTES: usize = 24 * 60;
const DAY: f64 = 86_400.0;
/// Seconds between the samples of a finger.
const FRAME: f64 = 1.0 / 60.0;
/// Seconds after the last action at which the mini-program saves.
const SAVE_AFTER: f64 = 1.0;
/// Seconds after which an idle session expires.
const IDLE: f64 = 7_200.0;
/// Seconds after which the mini-program renews a session.
const RENEW: f64 = 1_200.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exchanges a code for a token.
    SignIn,
    /// Exchanges a token for a new one.
    Renewal,
    /// The user, or the limits.
    Me,
    /// A page of the gallery.
    Gallery,
    Read,
    /// The strokes of the last seconds.
    Append,
    /// A drawing as a PNG that the server has not drawn yet.
    Picture,
    WeappList,
    WeappSave,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::SignIn,
        Self::Renewal,
        Self::Me,
        Self::Gallery,
        Self::Read,
        Self::Append,
        Self::Picture,
        Self::WeappList,
        Self::WeappSave,
    ];
}

pub struct Day {
    /// Requests, by minute and kind.
    pub requests: Vec<[u32; Kind::ALL.len()]>,
    pub visits: Vec<u32>,
    /// Live sessions, by minute.
    pub sessions: Vec<i64>,
    /// Actions and points of each drawing.
    pub drawings: Vec<(u32, u32)>,
    /// Drawings that 2016 clients saved.
    pub saved: u32,
    /// Number of drawings of each user who drew.
    pub drawn: Vec<u32>,
}

impl Day {
    /// Simulates the day of this number of users.
    pub fn of(people: u32, seed: u64) -> Self {
        let mut day = Self {
            requests: vec![[0; Kind::ALL.len()]; MINUTES],
            visits: vec![0; MINUTES],
            sessions: vec![0; MINUTES],
            drawings: Vec::new(),
            saved: 0,
            drawn: Vec::new(),
        };
        let mut chance = Chance::new(seed);
        for _ in 0..people {
            day.person(&mut chance);
        }
        // Sums the changes to totals; users present at midnight were present at the start of the day too.
        for minute in 1..MINUTES {
            day.sessions[minute] += day.sessions[minute - 1];
        }
        day
    }

    fn ask(&mut self, kind: Kind, at: f64) {
        self.requests[minute(at)][kind as usize] += 1;
    }

    fn person(&mut self, chance: &mut Chance) {
        let weapp = chance.happens(people::WEAPP);
        let mut begins: Vec<f64> =
            (0..=chance.poisson(people::FURTHER_VISITS)).map(|_| begin(chance)).collect();
        begins.sort_by(f64::total_cmp);
        let gallery = chance.heavy(people::GALLERY).min(20.0);
        let (mut signed_in, mut used, mut renewed) =
            (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        let mut drawings = 0;
        for (visit, &begin) in begins.iter().enumerate() {
            let mut now = begin.max(used);
            self.visits[minute(now)] += 1;
            if now > used + IDLE {
                self.session(signed_in, used + IDLE);
                (signed_in, renewed) = (now, now);
                self.ask(Kind::SignIn, now);
            } else if now > renewed + RENEW {
                renewed = now;
                self.ask(if weapp { Kind::SignIn } else { Kind::Renewal }, now);
            }
            let count = chance.heavy(people::DRAWINGS) as u32;
            drawings += count;
            if weapp {
                self.ask(Kind::WeappList, now);
                for _ in 0..count {
                    now += chance.exponential(people::PAUSE);
                    self.ask(Kind::WeappSave, now);
                    self.saved += 1;
                }
            } else {
                now = self.visit(chance, now, visit == 0, gallery, count);
            }
            used = now;
        }
        self.session(signed_in, used + IDLE);
        if drawings > 0 {
            self.drawn.push(drawings);
        }
    }

    /// Simulates a visit of the current mini-program; returns its end.
    fn visit(&mut self, chance: &mut Chance, begin: f64, is_first: bool, gallery: f64, count: u32) -> f64 {
        let mut now = begin;
        self.ask(Kind::Me, now);
        self.ask(Kind::Gallery, now);
        if is_first {
            // The phone caches pictures for a day.
            for _ in 0..gallery.min(people::SCREEN) as u32 {
                self.ask(Kind::Picture, now);
            }
        }
        for _ in 0..chance.poisson(people::READS) {
            now += chance.exponential(people::PAUSE);
            self.ask(Kind::Read, now);
        }
        for _ in 0..count {
            now += chance.exponential(people::PAUSE);
            now = self.drawing(chance, now);
            // Back in the gallery.
            self.ask(Kind::Gallery, now);
            self.ask(Kind::Picture, now);
        }
        now
    }

    /// Simulates a drawing with its saves at pauses; returns its end.
    fn drawing(&mut self, chance: &mut Chance, begin: f64) -> f64 {
        let one = chance.happens(people::ONE_STROKE);
        let strokes = if one { 1 } else { chance.heavy(people::STROKES).clamp(1.0, 5_000.0) as u32 };
        let (mut now, mut all) = (begin, 0);
        for stroke in 1..=strokes {
            let points = chance.heavy(people::POINTS).clamp(1.0, 10_000.0);
            now += points * FRAME;
            all += points as u32;
            let rest = chance.exponential(people::REST);
            if stroke == strokes || rest > SAVE_AFTER {
                self.ask(Kind::Append, now + SAVE_AFTER);
            }
            now += rest;
        }
        self.drawings.push((strokes, all));
        now
    }

    /// Adds a session. One that is live at midnight counts from the first minute on, as on the next day.
    fn session(&mut self, from: f64, to: f64) {
        if from.is_infinite() {
            return;
        }
        self.sessions[minute(from)] += 1;
        self.sessions[minute(to)] -= 1;
        if (to / DAY).floor() > (from / DAY).floor() {
            self.sessions[0] += 1;
        }
    }
}

fn minute(at: f64) -> usize {
    (at % DAY / 60.0) as usize
}

/// A random time of the day, weighted by the load of the hour.
fn begin(chance: &mut Chance) -> f64 {
    let mut left = chance.part() * HOURS.iter().sum::<f64>();
    for (hour, weight) in HOURS.iter().enumerate() {
        if left < *weight {
            return (hour as f64 + left / weight) * 3_600.0;
        }
        left -= weight;
    }
    DAY - 1.0
}
