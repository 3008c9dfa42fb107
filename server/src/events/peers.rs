//! Exchange of failures between servers: each server reports its own as they occur, and answers queries for
//! the other requests of the same user.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use yibi_common::admin::{ErrorsReply, Failure, RequestDetail, RequestRow, ServerState};

use super::failures::nearest;
use super::{EventBus, Fleet, lock};
use crate::domain::clock::Micros;
use crate::random;
use crate::store::redis::RedisSessions;
use crate::store::{StoreError, StoreResult};

/// Maximum number of failures in one report.
const TURN: usize = 256;
/// Pause before a failed report is retried and before a broken connection is replaced.
const PAUSE: Duration = Duration::from_secs(2);
/// Time limit for other servers' answers, and the interval at which answers are polled.
const PATIENCE: Duration = Duration::from_millis(800);
const GLANCE: Duration = Duration::from_millis(5);

/// Query to all servers: a user's requests around a moment.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    id: String,
    /// The querying process, which does not answer itself.
    from: String,
    request: String,
    user: String,
    at: String,
}

/// One server's answer to a [`Question`].
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    server: String,
    rows: Vec<RequestRow>,
}

impl EventBus {
    /// Reports failures to the other servers as they occur. Never completes.
    pub(super) async fn report(self, shared: RedisSessions) {
        loop {
            if self.report_once(&shared).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            } else {
                self.0.failing.notified().await;
            }
        }
    }

    async fn report_once(&self, shared: &RedisSessions) -> StoreResult<()> {
        loop {
            let (failures, unsent) = lock(&self.0.failures).unsent(TURN);
            if failures.is_empty() {
                return Ok(());
            }
            let sent = failures.len();
            let written = failures.iter().map(serde_json::to_string).collect::<Result<_, _>>();
            shared.report(written.map_err(|error| StoreError::Refused(error.into()))?).await?;
            lock(&self.0.failures).sent(sent, unsent);
        }
    }

    /// Reads the failures that other servers have reported since the last read.
    async fn read_reports(&self, shared: &RedisSessions) -> StoreResult<()> {
        let mut place = self.0.read_to.lock().await;
        loop {
            let (reported, last) = shared.reported(&place).await?;
            if reported.is_empty() {
                return Ok(());
            }
            let mut failures = lock(&self.0.failures);
            for failure in reported {
                // An unreadable report comes from another version of this program.
                let failure = serde_json::from_str::<Failure>(&failure).ok();
                if let Some(failure) = failure.filter(|failure| failure.server != self.0.server) {
                    failures.last_heard(failure);
                }
            }
            drop(failures);
            *place = last;
        }
    }

    /// Answers other servers' queries. Never completes.
    pub(super) async fn answer(self, shared: RedisSessions) {
        loop {
            match shared.questions().await {
                Ok(mut questions) => {
                    while let Some(question) = questions.next().await {
                        self.answer_one(&shared, &question).await;
                    }
                }
                Err(error) => tracing::debug!(%error, "the questions of other servers can't be heard"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn answer_one(&self, shared: &RedisSessions, question: &str) {
        let Ok(Question { id, from, request, user, at }) = serde_json::from_str(question) else { return };
        if from == self.0.instance {
            return;
        }
        let rows = lock(&self.0.failures).around(&request, Some(&user), &at);
        let answer = Answer { server: self.0.server.clone(), rows };
        let Ok(text) = serde_json::to_string(&answer) else { return };
        if let Err(error) = shared.answer(&id, text).await {
            tracing::debug!(%error, "another server was not answered");
        }
    }
}

impl Fleet<'_> {
    /// The last failures of all servers, grouped; only the locally known ones while the shared store is
    /// unreachable.
    pub async fn errors(&self) -> ErrorsReply {
        let mut missing = Vec::new();
        if let Some(shared) = self.sessions.shared() {
            match tokio::try_join!(self.watch.read_reports(shared), self.silent()) {
                Ok(((), silent)) => missing = silent,
                Err(error) => {
                    tracing::debug!(%error, "the failures of other servers can't be read");
                    missing.push(self.watch.server().to_owned());
                }
            }
        }
        let (groups, failures) = lock(&self.watch.0.failures).groups();
        let mut servers: Vec<String> =
            groups.iter().flat_map(|group| &group.servers).map(|share| share.name.clone()).collect();
        servers.push(self.watch.server().to_owned());
        servers.sort_unstable();
        servers.dedup();
        ErrorsReply { groups, failures, servers, missing, now: Micros::now().to_string() }
    }

    /// A failed request that is still known, with its user's requests to all servers before and after it.
    pub async fn request(&self, id: &str) -> Option<RequestDetail> {
        let mut found = lock(&self.watch.0.failures).request(id);
        if found.is_none()
            && let Some(shared) = self.sessions.shared()
        {
            if let Err(error) = self.watch.read_reports(shared).await {
                tracing::debug!(%error, "the failures of other servers can't be read");
            }
            found = lock(&self.watch.0.failures).request(id);
        }
        let failure = found?;
        let mut rows = lock(&self.watch.0.failures).around(id, failure.user.as_deref(), &failure.at);
        let missing = match (self.sessions.shared(), &failure.user) {
            (Some(shared), Some(user)) => self.ask_others(shared, &failure, user, &mut rows).await,
            // Without a user there are no neighbouring requests.
            (Some(_), None) | (None, _) => Ok(Vec::new()),
        };
        let missing = missing.unwrap_or_else(|error| {
            tracing::debug!(%error, "other servers can't be asked");
            vec![failure.server.clone()]
        });
        Some(RequestDetail { neighbours: nearest(rows, id, &failure.at), failure, missing })
    }

    /// Adds the neighbouring requests that other servers remember. Returns the servers that did not answer.
    async fn ask_others(
        &self,
        shared: &RedisSessions,
        failure: &Failure,
        user: &str,
        rows: &mut Vec<RequestRow>,
    ) -> StoreResult<Vec<String>> {
        let own = self.watch.server();
        let mut silent: HashSet<String> = HashSet::new();
        let mut asked: HashSet<String> = HashSet::new();
        for server in self.servers().await?.into_iter().filter(|server| server.name != own) {
            match server.state {
                ServerState::Missing => silent.insert(server.name),
                ServerState::Up | ServerState::Draining => asked.insert(server.name),
            };
        }
        if failure.server != own && !asked.contains(&failure.server) {
            // The server has left the fleet, and its memory is lost.
            silent.insert(failure.server.clone());
        }
        if !asked.is_empty() {
            let id = random::short_id();
            let question = Question {
                id: id.clone(),
                from: self.watch.0.instance.clone(),
                request: failure.request_id.clone(),
                user: user.to_owned(),
                at: failure.at.clone(),
            };
            let question =
                serde_json::to_string(&question).map_err(|error| StoreError::Refused(error.into()))?;
            shared.ask(question).await?;
            let end = Instant::now() + PATIENCE;
            let mut read = 0;
            while !asked.is_empty() && Instant::now() < end {
                tokio::time::sleep(GLANCE).await;
                let answers = shared.answers(&id).await?;
                for answer in answers.iter().skip(read) {
                    if let Ok(answer) = serde_json::from_str::<Answer>(answer)
                        && asked.remove(&answer.server)
                    {
                        rows.extend(answer.rows);
                    }
                }
                read = answers.len();
            }
        }
        let mut missing: Vec<String> = silent.into_iter().chain(asked).collect();
        missing.sort_unstable();
        Ok(missing)
    }

    /// Names of the servers that do not answer.
    async fn silent(&self) -> StoreResult<Vec<String>> {
        let silent = self.servers().await?.into_iter().filter(|server| server.state == ServerState::Missing);
        Ok(silent.map(|server| server.name).collect())
    }
}
