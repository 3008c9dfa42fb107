//! The background tasks of a server.

use actix_web::web::Data;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::Stores;
use crate::events::Heartbeat;
use crate::http::Services;
use crate::service::drawings::run_purge;
use crate::service::miniprogram_codes::run_code_making;
use crate::service::moderation::run_checks;
use crate::service::operator::run_review_age;
use crate::service::orders::run_orders;

pub(crate) struct BackgroundTasks {
    stop: Vec<oneshot::Sender<()>>,
    /// Tasks that end between two steps.
    finishing: Vec<JoinHandle<()>>,
    /// A task that can be aborted anywhere.
    resealing: JoinHandle<()>,
}

impl BackgroundTasks {
    /// Starts the tasks: purging bins and users who left, removing expired evidence, repeating moderation checks, the
    /// heartbeat, making mini-program codes, and sealing phone numbers and evidence with the present key.
    pub(crate) fn begin(services: &Data<Services>, stores: &Stores) -> Self {
        let (gallery, sessions) = (services.drawings.clone(), stores.sessions.clone());
        let heartbeat = Heartbeat::new(
            services.metrics.events().clone(),
            stores.gallery.clone(),
            sessions.clone(),
            services.settings.store.data_dir.clone(),
        );
        let (phones, evidence) = (services.sessions.clone(), services.evidence.clone());
        // Paid orders keep their protection where the shop was closed for good.
        let orders = services.order_records.clone();
        let mut tasks = Self {
            stop: Vec::new(),
            finishing: Vec::new(),
            resealing: tokio::spawn(async move {
                tokio::join!(phones.reseal_phones(), evidence.reseal(), orders.reseal_all());
            }),
        };
        let moderation = services.moderation.clone();
        let stop = tasks.stop();
        let records = services.order_records.clone();
        tasks.finishing.push(tokio::spawn(run_purge(gallery, records, sessions.clone(), stop)));
        if let Some(orders) = services.orders.clone() {
            let stop = tasks.stop();
            tasks.finishing.push(tokio::spawn(run_orders(orders, sessions.clone(), stop)));
        }
        let (evidence, stop) = (services.evidence.clone(), tasks.stop());
        tasks.finishing.push(tokio::spawn(evidence.run_removal(sessions.clone(), stop)));
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(run_checks(moderation, sessions, stop)));
        let (operators, stop) = (services.operators.clone(), tasks.stop());
        tasks.finishing.push(tokio::spawn(run_review_age(operators, stop)));
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(heartbeat.beat(stop)));
        let stop = tasks.stop();
        tasks.finishing.push(tokio::spawn(run_code_making(services.miniprogram_codes.clone(), stop)));
        tasks
    }

    fn stop(&mut self) -> impl Future<Output = ()> + use<> {
        let (stop, stopped) = oneshot::channel();
        self.stop.push(stop);
        async {
            // A dropped sender means the same as a sent message.
            let _ = stopped.await;
        }
    }

    /// Tells the tasks to end; returns those to wait for.
    pub(crate) fn end(self) -> Vec<JoinHandle<()>> {
        self.resealing.abort();
        drop(self.stop);
        self.finishing
    }
}
