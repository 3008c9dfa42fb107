//! Clients that append continuously and record the acknowledged batches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yibi_tests::api::stroke;
use yibi_tests::{Api, wait_until};

/// Time limit for one batch.
const PATIENCE: Duration = Duration::from_secs(30);

/// Several clients, each with its own user and drawing. A client repeats a batch until it is acknowledged, so a lost or
/// duplicated stroke causes a conflict or a difference in the final comparison.
pub struct Writers {
    shared: Arc<Shared>,
    tasks: JoinSet<Written>,
}

struct Shared {
    /// Current address of the server.
    server: RwLock<String>,
    acknowledged: AtomicU64,
    stopped: std::sync::atomic::AtomicBool,
}

/// The recorded batches of a client.
pub struct Written {
    pub api: Api,
    pub id: String,
    /// All acknowledged actions in order.
    pub actions: Vec<Value>,
}

impl Writers {
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

    /// Changes the address of the server.
    pub fn follow(&self, server: &str) {
        server.clone_into(&mut self.shared.server.write().unwrap());
    }

    /// Waits for this many more acknowledged batches.
    pub async fn progress(&mut self, batches: u64) {
        let acknowledged = || self.shared.acknowledged.load(Ordering::SeqCst);
        let goal = acknowledged() + batches;
        let done = async || acknowledged() >= goal;
        tokio::select! {
            () = wait_until("the clients go on", done) => {}
            ended = self.tasks.join_next() => panic!("a client ended early: {:?}", ended.unwrap().err()),
        }
    }

    /// Stops the clients, each after the acknowledgement of its last batch.
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
    /// Asserts that the server holds exactly the acknowledged actions in order.
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
        // One to three strokes; all strokes are distinct.
        let batch: Vec<Value> =
            (from..=from + from % 3).map(|mark| stroke(i64::try_from(mark).unwrap())).collect();
        let body = json!({"from_seq": from, "actions": &batch});
        acknowledged(&shared, &written, &body).await;
        shared.acknowledged.fetch_add(1, Ordering::SeqCst);
        written.actions.extend(batch);
    }
    written
}

/// Sends a batch until it is acknowledged; retries only after failures that an outage causes.
async fn acknowledged(shared: &Shared, written: &Written, body: &Value) {
    let path = format!("/api/v1/drawings/{}/actions", written.id);
    let trying = async || {
        let server = shared.server.read().unwrap().clone();
        let request = written.api.at(&server).request(Method::POST, &path).json(body);
        // A refused, interrupted or lost request leaves it open whether the batch was stored.
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
