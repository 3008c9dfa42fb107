//! Readiness of the servers, and numbers of records.

use std::time::Duration;

use yibi_common::admin::{Count, ErrorsReply, History, Overview, RequestDetail};

use super::OperatorService;
use crate::domain::clock::Micros;
use crate::events::Fleet;
use crate::store::{Reports, SessionReports, Sessions, StoreResult, Users};

/// Time since the last use of a session within which it counts as online.
const ONLINE: Duration = Duration::from_secs(300);
/// Time limit of a store's ping.
const PATIENCE: Duration = Duration::from_secs(2);

/// States of the stores: `ok`, `unavailable` or `slow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// State of the store of users and drawings.
    pub gallery: &'static str,
    /// State of the store of sessions.
    pub sessions: &'static str,
}

impl OperatorService {
    /// Checks that the stores answer.
    pub async fn readiness(&self) -> Readiness {
        let (gallery, sessions) =
            tokio::join!(state(self.drawings.store().ping()), state(self.sessions.store().ping()));
        Readiness { gallery, sessions }
    }

    /// All servers, and the numbers of users, drawings and sessions. A store that is down leaves its numbers
    /// out: the rest is needed most at that time.
    pub async fn overview(&self) -> Overview {
        let now = Micros::now();
        let watch = self.metrics.events();
        let (gallery, sessions) = (self.drawings.store(), self.sessions.store());
        let fleet = self.fleet();
        let (servers, counted, signed_in) =
            tokio::join!(fleet.servers(), gallery.estimates(), sessions.session_estimates(now.minus(ONLINE)));
        let servers = servers.unwrap_or_else(|_| vec![watch.view()]);
        let count = |value| Count { value, exact: false };
        let (users, drawings) = counted.ok().unzip();
        let (living, online) = signed_in.ok().unzip();
        Overview {
            now: now.to_string(),
            server: watch.server().to_owned(),
            servers,
            sessions: living.map(count),
            online: online.map(count),
            users: users.map(count),
            drawings: drawings.map(count),
        }
    }

    /// The last hour of the routes, over all servers.
    pub async fn history(&self) -> History {
        self.fleet().history().await
    }

    /// The last failures on all servers, in groups.
    pub async fn errors(&self) -> ErrorsReply {
        self.fleet().errors().await
    }

    /// One failed request, with its user's requests before and after it.
    pub async fn failed_request(&self, id: &str) -> Option<RequestDetail> {
        self.fleet().request(id).await
    }

    fn fleet(&self) -> Fleet<'_> {
        Fleet { watch: self.metrics.events(), sessions: self.sessions.store() }
    }
}

async fn state(ping: impl Future<Output = StoreResult<()>>) -> &'static str {
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "a dependency is not ready");
            "unavailable"
        }
        Err(_) => "slow",
    }
}
