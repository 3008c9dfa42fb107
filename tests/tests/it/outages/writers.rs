//! Clients that draw without a pause, whatever happens, and remember what was acknowledged.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yibi_tests::api::stroke;
use yibi_tests::{Api, wait_until};

/// How long a client keeps sending one batch.
const PATIENCE: Duration = Duration::from_secs(30);

/// Several clients, each with a user and a drawing of its own. Each sends a batch until it is acknowledged and
/// then the next, so a stroke that is lost or doubled ends in a conflict, and any doubt in the comparison at
/// the end.
pub struct Writers {
    shared: Arc<Shared>,
    tasks: JoinSet<Written>,
}

struct Shared {
    /// Where the server is now.
    server: RwLock<String>,
    acknowledged: AtomicU64,
    stopped: std::sync::atomic::AtomicBool,
}

/// What one client drew.
pub struct Written {
    pub api: Api,
    pub id: String,
    /// All that was acknowledged, in order.
    pub actions: Vec<Value>,
}

impl Writers {
    /// Has these clients begin.
    pub fn start(clients: Vec<Api>, server: &str) -> Self {
        let shared = Arc::new(Shared {
            server: RwLock::new(server.to_owned()),
            acknowledged: AtomicU64::new(0),
            stopped: false.into(),
        });
        let mut tasks = JoinSet::new();
        for (number, api) in clients.into_iter().enumerate() {
            tasks.spawn(draw(Arc::clone(&shared), api, format!("d{number}")));
        }
        Self { shared, tasks }
    }

    /// Tells them that the server is elsewhere now.
    pub fn follow(&self, server: &str) {
        server.clone_into(&mut self.shared.server.write().unwrap());
    }

    /// Waits until they have had so many more batches acknowledged.
    pub async fn progress(&mut self, batches: u64) {
        let acknowledged = || self.shared.acknowledged.load(Ordering::SeqCst);
        let goal = acknowledged() + batches;
        let done = async || acknowledged() >= goal;
        tokio::select! {
            () = wait_until("the clients go on", done) => {}
            ended = self.tasks.join_next() => panic!("a client ended early: {:?}", ended.unwrap().err()),
        }
    }

    /// Ends them, each with its last batch acknowledged.
    pub async fn stop(mut self) -> Vec<Written> {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let mut written = Vec::new();
        while let Some(one) = self.tasks.join_next().await {
            written.push(one.unwrap());
        }
        written
    }
}

impl Written {
    /// The server holds exactly what was acknowledged, in order.
    pub async fn is_all_there(&self, server: &str) {
        let stored = self.api.at(server).drawing(&self.id).await;
        assert_eq!(stored["seq"], self.actions.len(), "{}", self.id);
        let stored = stored["actions"].as_array().unwrap();
        let differs = stored.iter().zip(&self.actions).position(|(stored, sent)| stored != sent);
        assert_eq!((stored.len(), differs), (self.actions.len(), None), "{}", self.id);
    }
}

async fn draw(shared: Arc<Shared>, api: Api, id: String) -> Written {
    let mut written = Written { api, id, actions: Vec::new() };
    while !shared.stopped.load(Ordering::SeqCst) {
        let from = written.actions.len();
        // One to three strokes, of which no two are the same.
        let batch: Vec<Value> =
            (from..=from + from % 3).map(|mark| stroke(i64::try_from(mark).unwrap())).collect();
        let body = json!({"from_seq": from, "actions": &batch});
        acknowledged(&shared, &written, &body).await;
        shared.acknowledged.fetch_add(1, Ordering::SeqCst);
        written.actions.extend(batch);
    }
    written
}

/// Sends a batch until it is acknowledged. Only what a client may meet in an outage is met with patience.
async fn acknowledged(shared: &Shared, written: &Written, body: &Value) {
    let path = format!("/api/v1/drawings/{}/actions", written.id);
    let trying = async || {
        let server = shared.server.read().unwrap().clone();
        let request = written.api.at(&server).request(Method::POST, &path).json(body);
        // Refused, cut, or lost on the way back: nobody knows what became of the batch.
        let Ok(reply) = request.timeout(PATIENCE).send().await else { return false };
        let (status, Ok(text)) = (reply.status(), reply.text().await) else { return false };
        match status.as_u16() {
            200 => true,
            503 => false,
            _ => panic!("{} from {}: {status} {text}", written.id, body["from_seq"]),
        }
    };
    wait_until("a batch is acknowledged", trying).await;
}
