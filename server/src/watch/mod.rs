//! What operators watch: figures of the last minute, failures, and events as they happen.
//!
//! All of it is in memory and bounded. Events are made only while somebody listens, here or, where servers
//! share a Redis, at another server.

mod failures;
mod figures;
mod fleet;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, mpsc};
use yibi_common::admin::{
    Dependency, ErrorsReply, Event, Failure, Figures, Happening, RequestDetail, RequestRow,
};

pub use fleet::{Fleet, Heart};

use self::failures::Failures;
use self::figures::Minute;
use crate::clock::Micros;

/// Events that wait for a slow listener before it misses some.
const QUEUE: usize = 512;
/// The longest event that is sent: more than the actions that one carries take as JSON.
const LONGEST: usize = 1 << 20;

/// What one server sees; cheap to clone.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: String,
    started_at: Micros,
    minute: Mutex<Minute>,
    failures: Mutex<Failures>,
    events: broadcast::Sender<Arc<str>>,
    /// Whether somebody listens at another server.
    wanted: AtomicBool,
    draining: AtomicBool,
    /// Told when somebody begins to listen.
    listened: Notify,
    /// How the stores were when they were last felt.
    dependencies: Mutex<Vec<Dependency>>,
    outgoing: mpsc::Sender<Arc<str>>,
    /// The other end, until the [`Fleet`] takes it.
    outbox: Mutex<Option<mpsc::Receiver<Arc<str>>>>,
}

impl Default for Watch {
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
    /// The row, as neighbours show it.
    pub row: RequestRow,
    /// The public id of whoever made it.
    pub user: Option<String>,
}

impl Watch {
    /// This server's name.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// A client's request was answered.
    pub fn answered(&self, answered: Answered) {
        let now = Micros::now();
        let Answered { row, .. } = &answered;
        let route = format!("{} {}", row.method, row.route);
        lock(&self.0.minute).request(now, &route, row.status, row.duration_us);
        lock(&self.0.failures).answered(answered);
    }

    /// A request failed.
    pub fn failed(&self, mut failure: Failure) {
        failure.server.clone_from(&self.0.server);
        self.happens(|| Happening::Failed { failure: failure.clone() });
        lock(&self.0.failures).failed(failure);
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

    /// The failures that are still known, in groups.
    #[must_use]
    pub fn errors(&self) -> ErrorsReply {
        let (groups, failures) = lock(&self.0.failures).groups();
        let servers = vec![self.0.server.clone()];
        ErrorsReply { groups, failures, servers, now: Micros::now().to_string() }
    }

    /// A failed request that is still known.
    #[must_use]
    pub fn request(&self, id: &str) -> Option<RequestDetail> {
        lock(&self.0.failures).request(id)
    }

    /// Whether an event would reach anybody.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.0.events.receiver_count() > 0 || self.0.wanted.load(Ordering::Relaxed)
    }

    /// Tells whoever listens what happens; it is not even made when nobody does.
    pub fn happens(&self, what: impl FnOnce() -> Happening) {
        if !self.is_watched() {
            return;
        }
        let event = Event { server: self.0.server.clone(), at: Micros::now().to_string(), what: what() };
        let Ok(text) = serde_json::to_string(&event) else { return };
        let text: Arc<str> = text.into();
        if self.0.wanted.load(Ordering::Relaxed) {
            // A full queue means that Redis is slow or gone: operators then miss what others may see.
            let _ = self.0.outgoing.try_send(Arc::clone(&text));
        }
        self.told(text);
    }

    /// How many listen here.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.events.receiver_count()
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        let events = self.0.events.subscribe();
        self.0.listened.notify_one();
        Listener { watch: self.clone(), events }
    }

    /// An event of this server or another.
    fn told(&self, text: Arc<str>) {
        if text.len() <= LONGEST {
            // That nobody listens any more is no failure.
            let _ = self.0.events.send(text);
        }
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

/// Somebody who listens to events.
#[derive(Debug)]
pub struct Listener {
    watch: Watch,
    events: broadcast::Receiver<Arc<str>>,
}

impl Listener {
    /// The next event as JSON; or when the listener was too slow, how many it missed; nothing within
    /// `patience`.
    pub async fn next(&mut self, patience: Duration) -> Option<Arc<str>> {
        match tokio::time::timeout(patience, self.events.recv()).await {
            Ok(Ok(event)) => Some(event),
            Ok(Err(broadcast::error::RecvError::Lagged(events))) => {
                let server = self.watch.0.server.clone();
                let what = Happening::Missed { events };
                let event = Event { server, at: Micros::now().to_string(), what };
                serde_json::to_string(&event).ok().map(Into::into)
            }
            // The sender lives as long as the watch that this holds.
            Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => None,
        }
    }

    /// Whether the server is about to end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.watch.is_draining()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_listener_is_told_what_it_missed_and_goes_on() {
        let watch = Watch::default();
        watch.happens(|| panic!("nobody listens"));
        let mut listener = watch.listen();
        for events in 0..QUEUE as u64 + 10 {
            watch.happens(|| Happening::Missed { events });
        }
        let patience = Duration::from_secs(1);
        let first: Event = serde_json::from_str(&listener.next(patience).await.unwrap()).unwrap();
        assert_eq!(first.what, Happening::Missed { events: 10 });
        let next: Event = serde_json::from_str(&listener.next(patience).await.unwrap()).unwrap();
        assert_eq!((next.what, next.server), (Happening::Missed { events: 10 }, watch.server().to_owned()));
        drop(listener);
        watch.happens(|| panic!("nobody listens any more"));
    }
}
