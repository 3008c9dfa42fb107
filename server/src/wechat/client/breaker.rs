//! A circuit breaker: while WeChat does not answer, calls fail at once instead of each waiting for the
//! time-out, and single calls probe whether it has recovered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Number of consecutive calls without a usable answer that opens the circuit.
const FAILURES: u32 = 5;

/// How long the circuit stays open before a probe: first and maximum pause. The pause doubles.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The breaker of one API.
#[derive(Debug)]
pub(in crate::wechat) struct Breaker(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// Calls pass; `failures` consecutive ones had no answer.
    Closed { failures: u32 },
    /// Calls are refused until `until`.
    Open { until: Instant, pause: Duration },
    /// One call probes; the others are refused.
    Trying { pause: Duration },
}

/// State change after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wechat) enum Change {
    /// The circuit opened for this time.
    Opened(Duration),
    Closed,
    None,
}

impl Breaker {
    pub(in crate::wechat) fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Admits a call; `None` if it is refused.
    pub(in crate::wechat) fn enter(&self, now: Instant) -> Option<Pass<'_>> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Some(Pass { breaker: self, began: now, tries: None }),
            State::Open { until, pause } if until <= now => {
                *state = State::Trying { pause };
                Some(Pass { breaker: self, began: now, tries: Some(pause) })
            }
            State::Open { .. } | State::Trying { .. } => None,
        }
    }

    /// Whether a call would be refused now.
    pub(in crate::wechat) fn refuses(&self, now: Instant) -> bool {
        match *self.state() {
            State::Closed { .. } => false,
            State::Open { until, .. } => until > now,
            State::Trying { .. } => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An admitted call. Dropping it without [`Pass::ended`], as a cancelled caller does, counts neither way.
#[derive(Debug)]
pub(in crate::wechat) struct Pass<'a> {
    breaker: &'a Breaker,
    began: Instant,
    /// Set for a probe: the pause before it.
    tries: Option<Duration>,
}

impl Pass<'_> {
    /// Records the end of the call, with a usable answer or without.
    pub(in crate::wechat) fn ended(mut self, answered: bool, now: Instant) -> Change {
        let tries = self.tries.take();
        let mut state = self.breaker.state();
        let open = |pause: Duration| State::Open { until: now + pause, pause };
        let (next, change) = match (*state, answered) {
            (State::Closed { .. }, true) => (State::Closed { failures: 0 }, Change::None),
            (State::Closed { failures }, false) if failures + 1 < FAILURES => {
                (State::Closed { failures: failures + 1 }, Change::None)
            }
            (State::Closed { .. }, false) => (open(PAUSES.0), Change::Opened(PAUSES.0)),
            (State::Open { .. } | State::Trying { .. }, true) => {
                (State::Closed { failures: 0 }, Change::Closed)
            }
            (State::Trying { pause }, false) if tries.is_some() => {
                let longer = (pause * 2).min(PAUSES.1);
                (open(longer), Change::Opened(longer))
            }
            // The call began before the circuit opened and changes nothing.
            (unchanged @ (State::Open { .. } | State::Trying { .. }), false) => (unchanged, Change::None),
        };
        *state = next;
        change
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(pause) = self.tries {
            let mut state = self.breaker.state();
            if matches!(*state, State::Trying { .. }) {
                *state = State::Open { until: self.began, pause };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, now: Instant) -> Change {
        breaker.enter(now).unwrap().ended(false, now)
    }

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new();
        for _ in 1..FAILURES {
            assert_eq!(fail(&breaker, now), Change::None);
        }
        assert_eq!(fail(&breaker, now), Change::Opened(PAUSES.0));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        for _ in 0..3 * FAILURES {
            fail(&breaker, now);
            assert_eq!(breaker.enter(now).unwrap().ended(true, now), Change::None);
        }
        let breaker = opened(now);
        assert!(breaker.refuses(now) && breaker.enter(now).is_none());
    }

    #[test]
    fn after_a_pause_one_call_tries() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + PAUSES.0);
        assert!(!breaker.refuses(later));
        let trying = breaker.enter(later).unwrap();
        assert!(breaker.refuses(later) && breaker.enter(later).is_none());
        assert_eq!(trying.ended(true, later), Change::Closed);
        assert_eq!(breaker.enter(later).unwrap().ended(true, later), Change::None);
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        let mut now = Instant::now();
        let (breaker, mut pause) = (opened(now), PAUSES.0);
        for _ in 0..8 {
            now += pause;
            let longer = (pause * 2).min(PAUSES.1);
            assert_eq!(fail(&breaker, now), Change::Opened(longer));
            assert!(breaker.enter(now).is_none());
            pause = longer;
        }
        assert_eq!(pause, PAUSES.1);
    }

    #[test]
    fn a_try_that_nobody_waits_for_is_followed_by_another() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + PAUSES.0);
        drop(breaker.enter(later).unwrap());
        assert_eq!(breaker.enter(later).unwrap().ended(true, later), Change::Closed);
    }

    #[test]
    fn calls_from_before_it_opened_count_when_they_are_answered() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let mut early: Vec<_> = (0..FAILURES + 2).map(|_| breaker.enter(now).unwrap()).collect();
        let last = early.pop().unwrap();
        let changes: Vec<_> = early.into_iter().map(|pass| pass.ended(false, now)).collect();
        assert_eq!(changes.iter().filter(|change| **change != Change::None).count(), 1);
        assert_eq!(last.ended(true, now), Change::Closed);
    }
}
