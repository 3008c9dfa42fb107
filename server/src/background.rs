//! What a server does by itself, besides answering.

use actix_web::web::Data;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::events::Heartbeat;
use crate::http::Services;
use crate::service::drawings::run_purge;
use crate::service::moderation::run_checks;

/// Tasks that are under way.
pub(crate) struct BackgroundTasks {
    stop: Vec<oneshot::Sender<()>>,
    /// Those that are ended between two steps.
    finishing: Vec<JoinHandle<()>>,
    /// The one that may break off anywhere.
    resealing: JoinHandle<()>,
}

impl BackgroundTasks {
    /// Begins with them: emptying bins and erasing who has left, asking WeChat again, telling others of this server,
    /// sealing anew.
    pub(crate) fn begin(services: &Data<Services>) -> Self {
        let (gallery, sessions) = (services.drawings.clone(), services.sessions.store().clone());
        let heart =
            Heartbeat::new(services.metrics.events().clone(), gallery.store().clone(), sessions.clone());
        let resealing = services.sessions.clone();
        let mut tasks = Self {
            stop: Vec::new(),
            finishing: Vec::new(),
            resealing: tokio::spawn(async move { resealing.reseal_phones().await }),
        };
        let asking = (services.moderation.clone(), sessions.clone());
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(run_purge(gallery, sessions, stop)));
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(run_checks(asking.0, asking.1, stop)));
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(heart.beat(stop)));
        tasks
    }

    fn stop(&mut self) -> impl Future<Output = ()> + use<> {
        let (stop, stopped) = oneshot::channel();
        self.stop.push(stop);
        async {
            // A sender that is gone means the same as one that spoke.
            let _ = stopped.await;
        }
    }

    /// Has them end; what is still to be waited for.
    pub(crate) fn end(self) -> Vec<JoinHandle<()>> {
        self.resealing.abort();
        drop(self.stop);
        self.finishing
    }
}
