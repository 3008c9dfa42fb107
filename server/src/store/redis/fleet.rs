//! Servers that announce themselves to one another, and events that travel between them while somebody
//! listens.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use redis::{cmd, pipe};

use super::{RedisSessions, StoreResult, millis};

/// How long a listener is remembered who does not say that it still listens.
const LISTENING: Duration = Duration::from_secs(6);

impl RedisSessions {
    /// Keeps what a server says of itself, and whether somebody listens there. Whether somebody listens
    /// anywhere.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn announce(&self, server: &str, view: &str, listens: bool) -> StoreResult<bool> {
        let (server, view) = (server.to_owned(), view.to_owned());
        self.run(async move |keep| {
            let listening = keep.keys.listening();
            let mut say = pipe();
            say.cmd("HSET").arg(keep.keys.servers()).arg(server).arg(view).ignore();
            if listens {
                say.cmd("SET").arg(&listening).arg(1).arg("PX").arg(millis(LISTENING)).ignore();
            }
            say.cmd("EXISTS").arg(&listening);
            let (wanted,): (bool,) = keep.link.many(&say).await?;
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
        self.run(async move |keep| {
            let mut forget = cmd("HDEL");
            forget.arg(keep.keys.servers()).arg(server);
            keep.link.one(&forget).await
        })
        .await
    }

    /// What each server last said of itself.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn servers(&self) -> StoreResult<HashMap<String, String>> {
        self.run(async move |keep| {
            let mut all = cmd("HGETALL");
            all.arg(keep.keys.servers());
            keep.link.one(&all).await
        })
        .await
    }

    /// Tells all servers of an event.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn publish(&self, event: &str) -> StoreResult<()> {
        let event = event.to_owned();
        self.run(async move |keep| {
            let mut publish = cmd("PUBLISH");
            publish.arg(keep.keys.events()).arg(event);
            keep.link.one(&publish).await
        })
        .await
    }

    /// The events of all servers from now on, over a connection of their own, until that breaks.
    ///
    /// # Errors
    /// As every operation's.
    pub async fn events(&self) -> StoreResult<impl Stream<Item = String> + Send + Unpin + use<>> {
        let channel = self.keep.keys.events();
        let subscribed = self.keep.link.subscribe(&channel).await?;
        Ok(subscribed.filter_map(async |message| message.get_payload().ok()).boxed())
    }
}
