//! Data for operators: figures of the last minute, failures, and live events.
//!
//! All data is bounded, and in memory but for failures. Events are encoded only while an operator listens, at this server or,
//! through a shared Redis, at another. Failures are written to that Redis as they occur, so that any server
//! can list the failures of all; without a Redis, to the data directory. The requests that a user made before and after a failure stay in the memory
//! of the server that handled them; the other servers query them on demand.

mod disk;
mod failures;
mod figures;
mod fleet;
mod hour;
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
use self::hour::Hour;
use self::listener::EncodedEvent;
use crate::domain::clock::Micros;
use crate::settings::Listen;

/// Maximum number of events queued for a slow listener before it misses some.
const QUEUE: usize = 512;
/// Maximum length, in characters, of a failure's cause chain and of its detail.
const LONGEST_CAUSE: usize = 2_000;

/// Collects figures, failures and events of one server; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventBus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: String,
    /// Tells this process from others of the same name: its predecessor, and whoever takes over its sockets.
    instance: String,
    started_at: Micros,
    minute: Mutex<Minute>,
    hour: Mutex<Hour>,
    failures: Mutex<Failures>,
    events: broadcast::Sender<Arc<EncodedEvent>>,
    /// Whether another server has listeners.
    wanted: AtomicBool,
    draining: AtomicBool,
    /// Notified when a listener subscribes.
    listened: Notify,
    /// Notified when a request has failed.
    failing: Notify,
    /// Position up to which other servers' failures have been read; locked by the reader.
    read_to: tokio::sync::Mutex<String>,
    /// State of the stores at the last ping.
    dependencies: Mutex<Vec<Dependency>>,
    outgoing: mpsc::Sender<Arc<EncodedEvent>>,
    /// Receiver of the outgoing queue, until the [`Fleet`] takes it.
    outbox: Mutex<Option<mpsc::Receiver<Arc<EncodedEvent>>>>,
}

impl Default for EventBus {
    fn default() -> Self {
        Self::of(host_name())
    }
}

fn host_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if host.trim().is_empty() { "server".to_owned() } else { host.trim().to_owned() }
}

/// The name of the server that listens there, the same after a restart: the host's name with the port, or with the
/// name of the socket.
#[must_use]
pub fn server_name(place: &Listen) -> String {
    let host = host_name();
    match place {
        Listen::Tcp(address) => format!("{host}:{}", address.port()),
        Listen::Unix(path) => {
            let socket = path.file_name().unwrap_or(path.as_os_str());
            format!("{host}:{}", socket.to_string_lossy())
        }
    }
}

impl EventBus {
    /// A bus of the server with that name.
    #[must_use]
    pub fn of(server: String) -> Self {
        let (outgoing, outbox) = mpsc::channel(QUEUE);
        Self(Arc::new(Inner {
            server,
            instance: crate::random::short_id(),
            started_at: Micros::now(),
            minute: Mutex::default(),
            hour: Mutex::default(),
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

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The request's row, as operators see it.
    pub row: RequestRow,
    /// Public id of the caller.
    pub user: Option<String>,
}

impl EventBus {
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Records a client's request.
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
        let cut = |text: String| text.chars().take(LONGEST_CAUSE).collect();
        failure.cause = failure.cause.map(cut);
        failure.detail = failure.detail.map(cut);
        self.publish(|| Happening::Failed { failure: failure.clone() });
        lock(&self.0.failures).failed(failure);
        self.0.failing.notify_one();
    }

    pub fn signed_in(&self) {
        lock(&self.0.minute).sign_in(Micros::now());
    }

    pub fn saved(&self) {
        lock(&self.0.minute).save(Micros::now());
    }

    /// The figures of the last minute.
    #[must_use]
    pub fn figures(&self) -> Figures {
        lock(&self.0.minute).figures(Micros::now())
    }

    /// Adds the minute that has just ended to the history, unless it is there. Returns whether it was added.
    fn record_minute(&self) -> bool {
        let now = Micros::now();
        let due = lock(&self.0.hour).is_due(now);
        if due {
            let figures = lock(&self.0.minute).figures(hour::last_second(now));
            lock(&self.0.hour).record(now, &figures.routes);
        }
        due
    }

    /// Whether an event has any listener.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.0.events.receiver_count() > 0 || self.0.wanted.load(Ordering::Relaxed)
    }

    /// Publishes an event; `what` is called only when there is a listener.
    pub fn publish(&self, what: impl FnOnce() -> Happening) {
        if !self.is_watched() {
            return;
        }
        let event = Event { server: self.0.server.clone(), at: Micros::now().to_string(), what: what() };
        let Some(told) = EncodedEvent::of(event).map(Arc::new) else { return };
        if self.0.wanted.load(Ordering::Relaxed) {
            // The queue is full when Redis is slow or unreachable: listeners at other servers then miss the
            // event.
            let _ = self.0.outgoing.try_send(Arc::clone(&told));
        }
        self.deliver(told);
    }

    /// Number of local listeners.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.events.receiver_count()
    }

    /// Subscribes to events from now on.
    #[must_use]
    pub fn listen(&self, wanted: Wanted) -> Listener {
        let events = self.0.events.subscribe();
        self.0.listened.notify_one();
        Listener { watch: self.clone(), events, wanted }
    }

    /// Delivers an event of any server to local listeners.
    fn deliver(&self, told: Arc<EncodedEvent>) {
        // Sending fails only when there is no listener.
        let _ = self.0.events.send(told);
    }

    /// Whether the server is draining.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Starts draining: the server finishes requests in flight.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        // Publishes the new state at once.
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
