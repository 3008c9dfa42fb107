//! What operators watch: figures of the last minute, failures, and events as they happen.
//!
//! All of it is in memory and bounded. Events are made only while somebody listens, here or, where servers
//! share a Redis, at another server. Failures are handed over to that Redis as they come, so that any server can
//! tell of those of all; what a user asked before and after, only the servers that were asked remember, and say
//! when another one needs to know.

mod failures;
mod figures;
mod fleet;
mod listener;
mod peers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast, mpsc};
use yibi_common::admin::{Dependency, Event, Failure, Figures, Happening, RequestRow};

pub use fleet::{Fleet, Heartbeat};
pub use listener::{Listener, Wanted};

use self::failures::Failures;
use self::figures::Minute;
use self::listener::EncodedEvent;
use crate::domain::clock::Micros;

/// Events that wait for a slow listener before it misses some.
const QUEUE: usize = 512;
/// The most characters of a failure's causes that are kept.
const LONGEST_CAUSE: usize = 2_000;

/// What one server sees; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventBus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: String,
    started_at: Micros,
    minute: Mutex<Minute>,
    failures: Mutex<Failures>,
    events: broadcast::Sender<Arc<EncodedEvent>>,
    /// Whether somebody listens at another server.
    wanted: AtomicBool,
    draining: AtomicBool,
    /// EncodedEvent when somebody begins to listen.
    listened: Notify,
    /// EncodedEvent when a request has failed.
    failing: Notify,
    /// Up to where the failures of other servers were read; whoever reads on holds it.
    read_to: tokio::sync::Mutex<String>,
    /// How the stores were when they were last felt.
    dependencies: Mutex<Vec<Dependency>>,
    outgoing: mpsc::Sender<Arc<EncodedEvent>>,
    /// The other end, until the [`Fleet`] takes it.
    outbox: Mutex<Option<mpsc::Receiver<Arc<EncodedEvent>>>>,
}

impl Default for EventBus {
    fn default() -> Self {
        let (outgoing, outbox) = mpsc::channel(QUEUE);
        Self(Arc::new(Inner {
            server: server_name(),
            started_at: Micros::now(),
            minute: Mutex::default(),
            failures: Mutex::default(),
            events: broadcast::Sender::new(QUEUE),
            wanted: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            listened: Notify::new(),
            failing: Notify::new(),
            read_to: tokio::sync::Mutex::default(),
            dependencies: Mutex::default(),
            outgoing,
            outbox: Mutex::new(Some(outbox)),
        }))
    }
}

/// The name of this server among all: the machine's, and some random digits, since process numbers of
/// containers are alike.
fn server_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "server" } else { host.trim() };
    let id = crate::random::short_id();
    format!("{host}-{}", id.get(..6).unwrap_or(&id))
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The row, as peers show it.
    pub row: RequestRow,
    /// The public id of whoever made it.
    pub user: Option<String>,
}

impl EventBus {
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// A client's request was answered.
    pub fn answered(&self, mut answered: Answered) {
        let now = Micros::now();
        let Answered { row, .. } = &mut answered;
        row.server.clone_from(&self.0.server);
        let route = format!("{} {}", row.method, row.route);
        lock(&self.0.minute).request(now, &route, row.status, row.duration_us);
        lock(&self.0.failures).answered(answered);
    }

    pub fn failed(&self, mut failure: Failure) {
        failure.server.clone_from(&self.0.server);
        failure.cause = failure.cause.map(|cause| cause.chars().take(LONGEST_CAUSE).collect());
        self.publish(|| Happening::Failed { failure: failure.clone() });
        lock(&self.0.failures).failed(failure);
        self.0.failing.notify_one();
    }

    /// A sign-in was made.
    pub fn signed_in(&self) {
        lock(&self.0.minute).sign_in(Micros::now());
    }

    /// A drawing was saved.
    pub fn saved(&self) {
        lock(&self.0.minute).save(Micros::now());
    }

    /// The figures of the last minute.
    #[must_use]
    pub fn figures(&self) -> Figures {
        lock(&self.0.minute).figures(Micros::now())
    }

    /// Whether an event would reach anybody.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.0.events.receiver_count() > 0 || self.0.wanted.load(Ordering::Relaxed)
    }

    /// Tells whoever listens what publish; it is not even made when nobody does.
    pub fn publish(&self, what: impl FnOnce() -> Happening) {
        if !self.is_watched() {
            return;
        }
        let event = Event { server: self.0.server.clone(), at: Micros::now().to_string(), what: what() };
        let Some(told) = EncodedEvent::of(event).map(Arc::new) else { return };
        if self.0.wanted.load(Ordering::Relaxed) {
            // A full queue means that Redis is slow or gone: operators then miss what others may see.
            let _ = self.0.outgoing.try_send(Arc::clone(&told));
        }
        self.deliver(told);
    }

    /// How many listen here.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.events.receiver_count()
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self, wanted: Wanted) -> Listener {
        let events = self.0.events.subscribe();
        self.0.listened.notify_one();
        Listener { watch: self.clone(), events, wanted }
    }

    /// An event of this server or another.
    fn deliver(&self, told: Arc<EncodedEvent>) {
        // That nobody listens any more is no failure.
        let _ = self.0.events.send(told);
    }

    /// Whether the server is about to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// From now on the server finishes what is in flight.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        // So that it is announced at once.
        self.0.listened.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_slow_listener_is_told_what_it_missed_and_goes_on() {
        let watch = EventBus::default();
        watch.publish(|| panic!("nobody listens"));
        let mut listener = watch.listen(Wanted::default());
        for events in 0..QUEUE as u64 + 10 {
            watch.publish(|| Happening::Missed { events });
        }
        let patience = Duration::from_secs(1);
        let first: Event = serde_json::from_str(&listener.next(patience).await.unwrap()).unwrap();
        assert_eq!(first.what, Happening::Missed { events: 10 });
        let next: Event = serde_json::from_str(&listener.next(patience).await.unwrap()).unwrap();
        assert_eq!((next.what, next.server), (Happening::Missed { events: 10 }, watch.server().to_owned()));
        drop(listener);
        watch.publish(|| panic!("nobody listens any more"));
    }
}
