//! Communication between servers: heartbeats, failures, events while an operator listens, and queries to all
//! servers.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use redis::{cmd, pipe};

use super::{RedisSessions, StoreResult, millis};

/// How long a listener counts as present after its last renewal.
const LISTENING: Duration = Duration::from_secs(6);
/// Maximum number of failures kept.
const FAILURES: usize = 10_000;
/// Failures read at a time.
const TURN: usize = 1_000;
/// How long the histories of the servers are kept after the last of them was written.
const HOUR: Duration = Duration::from_secs(3_600);
/// How long answers are kept.
const ANSWERED: Duration = Duration::from_secs(10);

impl RedisSessions {
    /// Stores the heartbeat of a server's process, and whether it has listeners. Returns whether any server has listeners.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn announce(&self, server: &str, view: &str, listens: bool) -> StoreResult<bool> {
        let (server, view) = (server.to_owned(), view.to_owned());
        self.run(async move |ops| {
            let listening = ops.keys.listening();
            let mut say = pipe();
            say.cmd("HSET").arg(ops.keys.servers()).arg(server).arg(view).ignore();
            if listens {
                say.cmd("SET").arg(&listening).arg(1).arg("PX").arg(millis(LISTENING)).ignore();
            }
            say.cmd("EXISTS").arg(&listening);
            let (wanted,): (bool,) = ops.client.many(&say).await?;
            Ok(wanted || listens)
        })
        .await
    }

    /// Removes a server's heartbeat.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn leave(&self, server: &str) -> StoreResult<()> {
        let server = server.to_owned();
        self.run(async move |ops| {
            let mut forget = cmd("HDEL");
            forget.arg(ops.keys.servers()).arg(server);
            ops.client.one(&forget).await
        })
        .await
    }

    /// The last heartbeat of each server.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn servers(&self) -> StoreResult<HashMap<String, String>> {
        self.run(async move |ops| {
            let mut all = cmd("HGETALL");
            all.arg(ops.keys.servers());
            ops.client.one(&all).await
        })
        .await
    }

    /// Stores a server's figures of the last hour. They outlive the server.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn keep_hour(&self, server: &str, hour: &str) -> StoreResult<()> {
        let (server, hour) = (server.to_owned(), hour.to_owned());
        self.run(async move |ops| {
            let key = ops.keys.hours();
            let mut keep = pipe();
            keep.cmd("HSET").arg(&key).arg(server).arg(hour).ignore();
            keep.cmd("PEXPIRE").arg(&key).arg(millis(HOUR)).ignore();
            ops.client.many(&keep).await
        })
        .await
    }

    /// The figures of the last hour of each server.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn hours(&self) -> StoreResult<HashMap<String, String>> {
        self.run(async move |ops| {
            let mut all = cmd("HGETALL");
            all.arg(ops.keys.hours());
            ops.client.one(&all).await
        })
        .await
    }

    /// Removes a server's figures of the last hour.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn forget_hour(&self, server: &str) -> StoreResult<()> {
        let server = server.to_owned();
        self.run(async move |ops| {
            let mut forget = cmd("HDEL");
            forget.arg(ops.keys.hours()).arg(server);
            ops.client.one(&forget).await
        })
        .await
    }

    /// Publishes an event to all servers.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn publish(&self, event: &str) -> StoreResult<()> {
        let event = event.to_owned();
        self.run(async move |ops| {
            let mut publish = cmd("PUBLISH");
            publish.arg(ops.keys.events()).arg(event);
            ops.client.one(&publish).await
        })
        .await
    }

    /// Subscribes to the events of all servers over a separate connection; the stream ends when that breaks.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn events(&self) -> StoreResult<impl Stream<Item = String> + Send + Unpin + use<>> {
        let channel = self.ops.keys.events();
        let subscribed = self.ops.client.subscribe(&channel).await?;
        Ok(subscribed.filter_map(async |message| message.get_payload().ok()).boxed())
    }

    /// Adds failures to those of all servers, of which the last 10,000 are kept. A broken connection may
    /// duplicate some.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn report(&self, failures: Vec<String>) -> StoreResult<()> {
        self.run(async move |ops| {
            let key = ops.keys.failures();
            let mut add = pipe();
            for failure in failures {
                // An approximate limit: Redis then drops whole nodes of the stream, which is cheaper.
                add.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(FAILURES).arg("*").arg("f").arg(failure);
                add.ignore();
            }
            ops.client.many(&add).await
        })
        .await
    }

    /// Failures of all servers after a position, the oldest first, and the position of the last one. An empty
    /// position starts at the oldest failure; an empty page is the end.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn reported(&self, after: &str) -> StoreResult<(Vec<String>, String)> {
        let from = if after.is_empty() { "-".to_owned() } else { format!("({after}") };
        let mut place = after.to_owned();
        let entries: Vec<(String, (String, String))> = self
            .run(async move |ops| {
                let mut range = cmd("XRANGE");
                range.arg(ops.keys.failures()).arg(from).arg("+").arg("COUNT").arg(TURN);
                ops.client.one(&range).await
            })
            .await?;
        let mut failures = Vec::with_capacity(entries.len());
        for (id, (_, failure)) in entries {
            failures.push(failure);
            place = id;
        }
        Ok((failures, place))
    }

    /// Publishes a query to all servers.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn ask(&self, question: String) -> StoreResult<()> {
        self.run(async move |ops| {
            let mut publish = cmd("PUBLISH");
            publish.arg(ops.keys.questions()).arg(question);
            ops.client.one(&publish).await
        })
        .await
    }

    /// Subscribes to queries over a separate connection; the stream ends when that breaks.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn questions(&self) -> StoreResult<impl Stream<Item = String> + Send + Unpin + use<>> {
        let channel = self.ops.keys.questions();
        let subscribed = self.ops.client.subscribe(&channel).await?;
        Ok(subscribed.filter_map(async |message| message.get_payload().ok()).boxed())
    }

    /// Stores an answer to the query with that id.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn answer(&self, id: &str, answer: String) -> StoreResult<()> {
        let id = id.to_owned();
        self.run(async move |ops| {
            let key = ops.keys.answers(&id);
            let mut say = pipe();
            say.cmd("RPUSH").arg(&key).arg(answer).ignore();
            say.cmd("PEXPIRE").arg(&key).arg(millis(ANSWERED)).ignore();
            ops.client.many(&say).await
        })
        .await
    }

    /// The answers received so far.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn answers(&self, id: &str) -> StoreResult<Vec<String>> {
        let id = id.to_owned();
        self.run(async move |ops| {
            let mut all = cmd("LRANGE");
            all.arg(ops.keys.answers(&id)).arg(0).arg(-1);
            ops.client.one(&all).await
        })
        .await
    }
}
