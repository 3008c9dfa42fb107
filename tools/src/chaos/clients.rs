//! Those who draw while a fault strikes: eight devices of one user on one drawing, and a stranger whose drawing
//! has the same id.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::check::Finals;
use super::history::{Call, Drawing, Event, History, Mark, Outcome, shown, stroke};
use yibi_tests::{Api, Reply};

/// Devices of the one user.
pub const DEVICES: usize = 8;
/// The user of the devices, and the stranger.
const USERS: [&str; 2] = ["alice", "bob"];
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it then waits before it asks again. Less than it is told to: an impatient client finds more.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a hand rests between two batches.
pub const REST: Duration = Duration::from_millis(30);
/// The same where little load is to be about.
pub const LONG_REST: Duration = Duration::from_millis(300);
/// Actions after which the next drawing is begun, so that beginnings are struck, too.
const LONGEST: usize = 400;
/// Batches between two reads of the whole.
const READ_EVERY: u64 = 4;

/// The clients at work.
pub struct Clients {
    /// What they have seen.
    pub history: Arc<History>,
    tasks: JoinSet<Client>,
    stopped: Arc<AtomicBool>,
}

/// One client.
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
    /// Has everybody sign in and begin, with such a rest between two batches. Those servers are asked by turns.
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

    /// Ends them, and reads what all drawings hold now, of every user by every server. Drawings that nobody of
    /// these began are among them.
    ///
    /// # Errors
    /// What can't be read.
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
                    // The first server's is the final one: others show the same, or are stale.
                    finals.entry(drawing).or_insert(list);
                }
            }
        }
        Ok((self.history.events(), finals))
    }
}

/// A code of that user, which is always good.
fn code(user: usize) -> String {
    format!("{}.{}", USERS[user], yibi_tests::unique())
}

/// All drawings of a user. One that is not named as those of this run gets a number that none has.
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

/// The reply, when one comes.
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
            // One to three strokes, of which no two of the run are the same.
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

    /// Sends a batch until it is there; the list's end behind it. Given up once all are to stop.
    async fn place(&mut self, drawing: Drawing, mut end: usize, batch: &[Mark]) -> usize {
        while !self.is_stopped() {
            match self.append(drawing, end, batch).await {
                Outcome::Appended => return end + batch.len(),
                Outcome::Conflict => {
                    // Others came first, or else a batch got in whose reply was lost, and others came behind
                    // it: then it is sent to where it stands.
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

    /// Where the mark stands from `since` on, and the list's end.
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
                // A success that says something else is none that a client could rely on.
                if reply["seq"] == from + batch.len() { Outcome::Appended } else { Outcome::Unavailable }
            }
            Some(reply) if reply.status == 409 => Outcome::Conflict,
            other => failure(other.as_ref()),
        };
        self.keep(drawing, invoked, Call::Append { from, marks: batch.to_vec() }, outcome.clone());
        self.stay_signed_in(reply.as_ref()).await;
        outcome
    }

    /// What is there from `since` on, and the list's end.
    async fn read(&mut self, drawing: Drawing, since: usize) -> Option<(Vec<Mark>, usize)> {
        let path = format!("/api/v1/drawings/{}?since={since}", drawing.id());
        let invoked = self.history.now();
        let reply = ask(self.turn().request(Method::GET, &path)).await;
        let outcome = match &reply {
            // What is not there yet is empty.
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

    /// The next server.
    fn turn(&mut self) -> Api {
        self.turn += 1;
        self.api.at(&self.servers[self.turn % self.servers.len()])
    }

    fn keep(&self, drawing: Drawing, invoked: Duration, call: Call, outcome: Outcome) {
        let replied = self.history.now();
        self.history.keep(Event { client: self.number, drawing, invoked, replied, call, outcome });
    }

    /// A session may end, as when the clock jumps.
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

/// A refusal is certain; that something can't be done now is not.
fn failure(reply: Option<&Reply>) -> Outcome {
    match reply {
        Some(reply) if reply.status.is_client_error() && reply.status != StatusCode::REQUEST_TIMEOUT => {
            Outcome::Refused
        }
        _ => Outcome::Unavailable,
    }
}
