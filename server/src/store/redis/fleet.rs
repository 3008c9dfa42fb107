//! Servers that announce themselves to one another and tell each other of their failures, events that travel
//! between them while somebody listens, and questions that one asks all others.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use redis::{cmd, pipe};

use super::{RedisSessions, StoreResult, millis};

/// How long a listener is remembered who does not say that it still listens.
const LISTENING: Duration = Duration::from_secs(6);
/// Failures that are kept.
const FAILURES: usize = 10_000;
/// Failures that are read in one turn.
const TURN: usize = 1_000;
/// How long answers wait to be read.
const ANSWERED: Duration = Duration::from_secs(10);

impl RedisSessions {
    /// Keeps what a server says of itself, and whether somebody listens there. Whether somebody listens
    /// anywhere.
    ///
    /// # Errors
    /// As every operation's.
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

    /// Forgets what a server said of itself.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn leave(&self, server: &str) -> StoreResult<()> {
        let server = server.to_owned();
        self.run(async move |ops| {
            let mut forget = cmd("HDEL");
            forget.arg(ops.keys.servers()).arg(server);
            ops.client.one(&forget).await
        })
        .await
    }

    /// What each server last said of itself.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn servers(&self) -> StoreResult<HashMap<String, String>> {
        self.run(async move |ops| {
            let mut all = cmd("HGETALL");
            all.arg(ops.keys.servers());
            ops.client.one(&all).await
        })
        .await
    }

    /// Tells all servers of an event.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn publish(&self, event: &str) -> StoreResult<()> {
        let event = event.to_owned();
        self.run(async move |ops| {
            let mut publish = cmd("PUBLISH");
            publish.arg(ops.keys.events()).arg(event);
            ops.client.one(&publish).await
        })
        .await
    }

    /// The events of all servers from now on, over a connection of their own, until that breaks.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn events(&self) -> StoreResult<impl Stream<Item = String> + Send + Unpin + use<>> {
        let channel = self.ops.keys.events();
        let subscribed = self.ops.client.subscribe(&channel).await?;
        Ok(subscribed.filter_map(async |message| message.get_payload().ok()).boxed())
    }

    /// Adds to the failures of all servers, of which the last 10,000 are kept. Some may be there twice after a
    /// connection broke.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn report(&self, failures: Vec<String>) -> StoreResult<()> {
        self.run(async move |ops| {
            let key = ops.keys.failures();
            let mut add = pipe();
            for failure in failures {
                // About so many: then whole nodes of the stream are dropped, which costs less.
                add.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(FAILURES).arg("*").arg("f").arg(failure);
                add.ignore();
            }
            ops.client.many(&add).await
        })
        .await
    }

    /// Failures of all servers behind a place, the oldest first, and the place of the last one. The first place
    /// is empty. There are no more when none come.
    ///
    /// # Errors
    /// As every operation's.
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

    /// Asks all servers.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn ask(&self, question: String) -> StoreResult<()> {
        self.run(async move |ops| {
            let mut publish = cmd("PUBLISH");
            publish.arg(ops.keys.questions()).arg(question);
            ops.client.one(&publish).await
        })
        .await
    }

    /// What is asked from now on, over a connection of its own, until that breaks.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn questions(&self) -> StoreResult<impl Stream<Item = String> + Send + Unpin + use<>> {
        let channel = self.ops.keys.questions();
        let subscribed = self.ops.client.subscribe(&channel).await?;
        Ok(subscribed.filter_map(async |message| message.get_payload().ok()).boxed())
    }

    /// Answers the question with that id.
    ///
    /// # Errors
    /// As every operation's.
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

    /// The answers so far.
    ///
    /// # Errors
    /// As every operation's.
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
