//! The recorded clients: eight devices of one user on one drawing, and another user whose drawing has the same id.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::check::Finals;
use super::history::{Call, Drawing, Event, History, Mark, Outcome, shown, stroke};
use yibi_tests::{Api, Reply};

/// Number of devices of the first user.
pub const DEVICES: usize = 8;
/// The user of the devices, and the other user.
const USERS: [&str; 2] = ["alice", "bob"];
/// Time-out of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause before a retry, shorter than `Retry-After`, because an impatient client finds more faults.
const PAUSE: Duration = Duration::from_millis(20);
/// Pause between two batches.
pub const REST: Duration = Duration::from_millis(30);
/// Pause between two batches where the load must be low.
pub const LONG_REST: Duration = Duration::from_millis(300);
/// Number of actions after which a client begins the next drawing, so that faults hit beginnings too.
const LONGEST: usize = 400;
/// Number of batches between two reads of the whole drawing.
const READ_EVERY: u64 = 4;

pub struct Clients {
    pub history: Arc<History>,
    tasks: JoinSet<Client>,
    stopped: Arc<AtomicBool>,
}

struct Client {
    number: usize,
    user: usize,
    api: Api,
    servers: Vec<String>,
    turn: usize,
    rest: Duration,
    history: Arc<History>,
    stopped: Arc<AtomicBool>,
}

impl Clients {
    /// Signs all clients in and starts them with this pause between two batches. They take turns between the servers.
    pub async fn start(servers: &[String], rest: Duration) -> Self {
        let (history, stopped) = (Arc::<History>::default(), Arc::<AtomicBool>::default());
        let mut tasks = JoinSet::new();
        for number in 0..=DEVICES {
            let user = usize::from(number == DEVICES);
            let api = Api::new(&servers[0]).sign_in(&code(user)).await;
            let client = Client {
                number,
                user,
                api,
                servers: servers.to_vec(),
                turn: number,
                rest,
                history: Arc::clone(&history),
                stopped: Arc::clone(&stopped),
            };
            tasks.spawn(client.draw());
        }
        Self { history, tasks, stopped }
    }

    /// Ends the clients and reads all drawings of every user from every server, including drawings that no client
    /// began.
    ///
    /// # Errors
    /// A drawing that cannot be read.
    pub async fn stop(mut self) -> Result<(Vec<Event>, Finals), String> {
        self.stopped.store(true, Ordering::SeqCst);
        let mut clients = Vec::new();
        while let Some(client) = self.tasks.join_next().await {
            clients.push(client.map_err(|error| format!("a client broke down: {error}"))?);
        }
        let mut finals = Finals::new();
        for user in 0..USERS.len() {
            let client = clients.iter_mut().find(|client| client.user == user).ok_or("nobody drew")?;
            client.sign_in().await;
            for server in std::mem::take(&mut client.servers) {
                client.servers = vec![server];
                for drawing in drawings(&client.turn(), user).await? {
                    let read = client.read(drawing, 0).await;
                    let (list, _) = read.ok_or_else(|| format!("{} can't be read", drawing.id()))?;
                    // The first server's content is the final one; another content on other servers is stale.
                    finals.entry(drawing).or_insert(list);
                }
            }
        }
        Ok((self.history.events(), finals))
    }
}

/// A code of the user that is always valid.
fn code(user: usize) -> String {
    format!("{}.{}", USERS[user], yibi_tests::unique())
}

/// All drawings of a user. A drawing with a foreign name gets a number that no drawing of the run has.
async fn drawings(api: &Api, user: usize) -> Result<Vec<Drawing>, String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/drawings?limit=100{cursor}");
        let page = ask(api.request(Method::GET, &path)).await.ok_or("the gallery can't be read")?;
        let page: Value = serde_json::from_slice(&page.body).map_err(|error| error.to_string())?;
        for drawing in page["drawings"].as_array().into_iter().flatten() {
            let id = drawing["id"].as_str().unwrap_or_default();
            let number = id.strip_prefix("together").and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| format!("a drawing {id} that nobody made"))?;
            all.push(Drawing { user, number });
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

/// Sends a request; returns the reply if one arrives in time.
async fn ask(request: reqwest::RequestBuilder) -> Option<Reply> {
    let reply = request.timeout(PATIENCE).send().await.ok()?;
    let (status, headers) = (reply.status(), reply.headers().clone());
    Some(Reply { status, headers, body: reply.bytes().await.ok()?.to_vec() })
}

impl Client {
    async fn draw(mut self) -> Self {
        let (mut drawing, mut end, mut number) = (Drawing { user: self.user, number: 0 }, 0, 0);
        while !self.is_stopped() {
            number += 1;
            // One to three strokes; no two strokes of the run are the same.
            let first = (self.number as u64) << 32 | number << 2;
            let batch: Vec<Mark> = (first..=first + number % 3).collect();
            end = self.place(drawing, end, &batch).await;
            if number.is_multiple_of(READ_EVERY) {
                end = self.read(drawing, 0).await.map_or(end, |(_, seen)| end.max(seen));
            }
            if end > LONGEST {
                (drawing.number, end) = (drawing.number + 1, 0);
            }
            tokio::time::sleep(self.rest).await;
        }
        self
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Sends a batch until it is stored; returns the end of the list behind it. Gives up when the clients stop.
    async fn place(&mut self, drawing: Drawing, mut end: usize, batch: &[Mark]) -> usize {
        while !self.is_stopped() {
            match self.append(drawing, end, batch).await {
                Outcome::Appended => return end + batch.len(),
                Outcome::Conflict => {
                    // Another client was first, or the batch was stored and its reply was lost. In the second case
                    // it is sent again to its own place.
                    if let Some((since, seen)) = self.tail(drawing, end, batch[0]).await {
                        end = since.unwrap_or(seen);
                    }
                }
                Outcome::Refused | Outcome::Unavailable | Outcome::Read { .. } => {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        end
    }

    /// Finds the place of a mark from `since` on, and the end of the list.
    async fn tail(&mut self, drawing: Drawing, since: usize, mark: Mark) -> Option<(Option<usize>, usize)> {
        let (marks, end) = self.read(drawing, since).await?;
        let place = marks.iter().position(|shown| *shown == mark);
        Some((place.map(|place| end - marks.len() + place), end))
    }

    async fn append(&mut self, drawing: Drawing, from: usize, batch: &[Mark]) -> Outcome {
        let path = format!("/api/v1/drawings/{}/actions", drawing.id());
        let strokes: Vec<Value> = batch.iter().copied().map(stroke).collect();
        let body = json!({"from_seq": from, "actions": strokes});
        let invoked = self.history.now();
        let reply = ask(self.turn().request(Method::POST, &path).json(&body)).await;
        let outcome = match &reply {
            Some(reply) if reply.status == 200 => {
                let reply: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                // A success with another content is a failure for the client.
                if reply["seq"] == from + batch.len() { Outcome::Appended } else { Outcome::Unavailable }
            }
            Some(reply) if reply.status == 409 => Outcome::Conflict,
            other => failure(other.as_ref()),
        };
        self.keep(drawing, invoked, Call::Append { from, marks: batch.to_vec() }, outcome.clone());
        self.stay_signed_in(reply.as_ref()).await;
        outcome
    }

    /// Reads the list from `since` on; returns it with its end.
    async fn read(&mut self, drawing: Drawing, since: usize) -> Option<(Vec<Mark>, usize)> {
        let path = format!("/api/v1/drawings/{}?since={since}", drawing.id());
        let invoked = self.history.now();
        let reply = ask(self.turn().request(Method::GET, &path)).await;
        let outcome = match &reply {
            // A drawing that does not exist yet is empty.
            Some(reply) if reply.status == 404 => Outcome::Read { since: 0, marks: Vec::new() },
            Some(reply) if reply.status == 200 => {
                let list = serde_json::from_slice(&reply.body).ok().as_ref().and_then(shown);
                list.map_or(Outcome::Unavailable, |(since, marks)| Outcome::Read { since, marks })
            }
            other => failure(other.as_ref()),
        };
        self.keep(drawing, invoked, Call::Read, outcome.clone());
        self.stay_signed_in(reply.as_ref()).await;
        let Outcome::Read { since, marks } = outcome else { return None };
        let end = since + marks.len();
        Some((marks, end))
    }

    /// Selects the next server.
    fn turn(&mut self) -> Api {
        self.turn += 1;
        self.api.at(&self.servers[self.turn % self.servers.len()])
    }

    fn keep(&self, drawing: Drawing, invoked: Duration, call: Call, outcome: Outcome) {
        let replied = self.history.now();
        self.history.keep(Event { client: self.number, drawing, invoked, replied, call, outcome });
    }

    /// Signs in again if the session has ended, as after a jump of the clock.
    async fn stay_signed_in(&mut self, reply: Option<&Reply>) {
        if reply.is_some_and(|reply| reply.status == 401) {
            self.sign_in().await;
        }
    }

    async fn sign_in(&mut self) {
        let request = self.turn().request(Method::POST, "/api/v1/session");
        let reply = ask(request.json(&json!({"code": code(self.user)}))).await;
        let reply = reply.filter(|reply| reply.status.is_success());
        let reply: Option<Value> = reply.and_then(|reply| serde_json::from_slice(&reply.body).ok());
        if let Some(token) = reply.as_ref().and_then(|reply| reply["token"].as_str()) {
            self.api = self.api.with_token(token);
        }
    }
}

/// A 4xx reply means that nothing was stored; a 5xx reply leaves it open.
fn failure(reply: Option<&Reply>) -> Outcome {
    match reply {
        Some(reply) if reply.status.is_client_error() && reply.status != StatusCode::REQUEST_TIMEOUT => {
            Outcome::Refused
        }
        _ => Outcome::Unavailable,
    }
}
