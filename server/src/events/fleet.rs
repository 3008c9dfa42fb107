//! All servers that share one Redis: their heartbeats and their events.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use yibi_common::admin::{Dependency, Figures, History, ServerState, ServerView};

use super::hour::{self, Hour};
use super::listener::EncodedEvent;
use super::{EventBus, lock};
use crate::domain::clock::Micros;
use crate::store::redis::RedisSessions;
use crate::store::{GalleryStore, SessionStore, Sessions, StoreResult, Users};

const BEAT: Duration = Duration::from_secs(2);
/// Time without a heartbeat after which a server counts as missing.
const MISSING: Duration = Duration::from_secs(6);
/// Time without a heartbeat after which a missing server is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Time-out of a dependency's ping.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Publishes this server's state and measures its dependencies.
pub struct Heartbeat {
    watch: EventBus,
    gallery: GalleryStore,
    sessions: SessionStore,
    /// The directory that keeps the failures where the servers share no Redis.
    directory: PathBuf,
}

/// The fleet's servers, as this server sees them.
pub struct Fleet<'a> {
    /// This server's event bus.
    pub watch: &'a EventBus,
    /// Store of the heartbeats.
    pub sessions: &'a SessionStore,
}

impl Fleet<'_> {
    /// All servers with a recent heartbeat, by name; always includes this server.
    ///
    /// # Errors
    /// `StoreError` when the shared store can't be read.
    pub async fn servers(&self) -> StoreResult<Vec<ServerView>> {
        let own = self.watch.view();
        let Some(shared) = self.sessions.shared() else { return Ok(vec![own]) };
        let now = Micros::now();
        let mut servers = vec![own];
        for (instance, text) in shared.servers().await? {
            let view = serde_json::from_str::<ServerView>(&text).ok();
            let heard = view.as_ref().and_then(|view| view.heard_at.parse::<jiff::Timestamp>().ok());
            let silent = heard.map_or(FORGOTTEN, |at| now.since(Micros(at.as_microsecond())));
            if instance == self.watch.0.instance {
                continue;
            }
            match view.filter(|_| silent < FORGOTTEN) {
                Some(mut view) => {
                    if silent >= MISSING {
                        view.state = ServerState::Missing;
                    }
                    servers.push(view);
                }
                None => shared.leave(&instance).await?,
            }
        }
        // A server that was killed has a successor of the same name.
        let living = |server: &ServerView| server.state != ServerState::Missing;
        let names: HashSet<String> =
            servers.iter().filter(|server| living(server)).map(|server| server.name.clone()).collect();
        servers.retain(|server| living(server) || !names.contains(&server.name));
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(servers)
    }
}

impl Fleet<'_> {
    /// The last hour over all servers; that of this server alone while the shared store is out of reach.
    pub async fn history(&self) -> History {
        self.watch.record_minute();
        let mut hours = vec![lock(&self.watch.0.hour).clone()];
        if let Some(shared) = self.sessions.shared() {
            match shared.hours().await {
                Ok(kept) => {
                    let others = kept.into_iter().filter(|(instance, _)| *instance != self.watch.0.instance);
                    hours.extend(others.filter_map(|(_, text)| serde_json::from_str::<Hour>(&text).ok()));
                }
                Err(error) => tracing::debug!(%error, "the history of other servers can't be read"),
            }
        }
        hour::together(&hours, Micros::now())
    }
}

impl EventBus {
    /// This server's current state.
    #[must_use]
    pub fn view(&self) -> ServerView {
        let draining = self.0.draining.load(Ordering::Relaxed);
        let dependencies = lock(&self.0.dependencies).clone();
        ServerView {
            name: self.0.server.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: if draining { ServerState::Draining } else { ServerState::Up },
            started_at: self.0.started_at.to_string(),
            heard_at: Micros::now().to_string(),
            figures: Figures { dependencies, ..self.figures() },
        }
    }
}

impl Heartbeat {
    /// A heartbeat for a server with those stores and that data directory.
    #[must_use]
    pub fn new(watch: EventBus, gallery: GalleryStore, sessions: SessionStore, directory: PathBuf) -> Self {
        Self { watch, gallery, sessions, directory }
    }

    /// Publishes a heartbeat every two seconds until `stop`, then removes this server's entry. Meanwhile it
    /// forwards events that other servers want and fetches theirs while this server has listeners.
    pub async fn beat(self, stop: impl Future<Output = ()>) {
        let shared = self.sessions.shared().cloned();
        let outbox = lock(&self.watch.0.outbox).take();
        let sender = shared.clone().zip(outbox).map(|(shared, mut outbox)| {
            tokio::spawn(async move {
                while let Some(event) = outbox.recv().await {
                    if let Err(error) = shared.publish(&event.text).await {
                        tracing::debug!(%error, "an event did not reach other servers");
                    }
                }
            })
        });
        let others = shared.clone().map(|shared| {
            let report = tokio::spawn(self.watch.clone().report(shared.clone()));
            [report, tokio::spawn(self.watch.clone().answer(shared))]
        });
        let alone = shared.is_none().then(|| {
            let keep = self.watch.clone().keep_failures(self.directory.clone());
            tokio::spawn(keep)
        });
        let mut fetcher: Option<JoinHandle<()>> = None;
        tokio::pin!(stop);
        loop {
            self.feel().await;
            let minute_ended = self.watch.record_minute();
            if let Some(shared) = &shared {
                let listens = self.watch.0.events.receiver_count() > 0;
                if !listens && let Some(fetcher) = fetcher.take() {
                    fetcher.abort();
                }
                if listens && fetcher.as_ref().is_none_or(JoinHandle::is_finished) {
                    fetcher = Some(tokio::spawn(fetch(self.watch.clone(), shared.clone())));
                }
                let view = serde_json::to_string(&self.watch.view()).unwrap_or_default();
                let wanted = shared.announce(&self.watch.0.instance, &view, listens).await;
                if let Err(error) = &wanted {
                    tracing::debug!(%error, "the server did not announce itself");
                }
                self.watch.0.wanted.store(wanted.unwrap_or(false), Ordering::Relaxed);
                if minute_ended {
                    self.keep_hour(shared).await;
                }
            }
            tokio::select! {
                () = &mut stop => break,
                () = self.watch.0.listened.notified() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
        for task in sender.into_iter().chain(fetcher).chain(alone).chain(others.into_iter().flatten()) {
            task.abort();
        }
        if let Some(shared) = shared
            && let Err(error) = shared.leave(&self.watch.0.instance).await
        {
            tracing::debug!(%error, "the server did not take leave");
        }
    }

    /// Lets the other servers read this server's last hour, and removes those of servers that ended long ago.
    async fn keep_hour(&self, shared: &RedisSessions) {
        let hour = serde_json::to_string(&*lock(&self.watch.0.hour)).unwrap_or_default();
        if let Err(error) = shared.keep_hour(&self.watch.0.instance, &hour).await {
            tracing::debug!(%error, "the history was not kept");
        }
        let now = Micros::now();
        let is_over = |text: &str| serde_json::from_str::<Hour>(text).is_ok_and(|hour| hour.is_over(now));
        let kept = shared.hours().await.unwrap_or_default();
        for (instance, _) in kept.into_iter().filter(|(_, text)| is_over(text)) {
            // The next minute tries again.
            let _ = shared.forget_hour(&instance).await;
        }
    }

    /// Pings the stores and records their state.
    async fn feel(&self) {
        let (gallery, sessions) = tokio::join!(felt(self.gallery.ping()), felt(self.sessions.ping()));
        let of = |name: &str, backend: &str, (state, ping_ms): (&str, Option<f64>)| Dependency {
            name: name.to_owned(),
            backend: backend.to_owned(),
            state: state.to_owned(),
            ping_ms,
        };
        *lock(&self.watch.0.dependencies) = vec![
            of("gallery", self.gallery.backend_name(), gallery),
            of("sessions", self.sessions.backend_name(), sessions),
        ];
    }
}

async fn felt(ping: impl Future<Output = StoreResult<()>>) -> (&'static str, Option<f64>) {
    let began = Instant::now();
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => ("ok", Some(began.elapsed().as_secs_f64() * 1_000.0)),
        Ok(Err(_)) => ("unavailable", None),
        Err(_) => ("slow", None),
    }
}

/// Delivers other servers' events to local listeners until the connection breaks.
async fn fetch(watch: EventBus, shared: RedisSessions) {
    let mut events = match shared.events().await {
        Ok(events) => events,
        Err(error) => {
            tracing::debug!(%error, "the events of other servers can't be heard");
            return;
        }
    };
    while let Some(event) = events.next().await {
        // Redis delivers this server's own events as well.
        if let Some(told) = EncodedEvent::read(event).filter(|told| told.server() != watch.server()) {
            watch.deliver(Arc::new(told));
        }
    }
}
