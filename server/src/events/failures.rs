//! The last failures of all servers, grouped, and the last requests of this server.

use std::collections::{HashMap, VecDeque};

use yibi_common::admin::{ErrorGroup, Failure, RequestRow, Share};

use super::Answered;

/// Maximum number of failures kept.
pub(super) const FAILURES: usize = 10_000;
/// Maximum number of requests kept, as neighbours of failed ones.
const REQUESTS: usize = 20_000;
/// Number of recent failures that are searched for a repeated report.
const TWICE: usize = 512;
/// Maximum number of users, and of latest failures, in a group.
const SHOWN: usize = 10;
/// Maximum number of neighbouring requests on either side.
pub(super) const NEIGHBOURS: usize = 20;

/// Failures of all servers and requests of this one, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures {
    own: VecDeque<Failure>,
    /// Number of this server's latest failures that are not reported yet.
    unsent: usize,
    /// Failures that other servers reported.
    others: VecDeque<Failure>,
    requests: VecDeque<Answered>,
}

impl Failures {
    /// Adds the failures of earlier runs of this server, which are reported already.
    pub(super) fn remember(&mut self, earlier: Vec<Failure>) {
        let later = std::mem::replace(&mut self.own, earlier.into());
        for failure in later {
            push(&mut self.own, failure, FAILURES);
        }
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        push(&mut self.own, failure, FAILURES);
        self.unsent = (self.unsent + 1).min(self.own.len());
    }

    /// Adds another server's failure. A report is repeated when its reply was lost; the repetition is
    /// dropped.
    pub(super) fn last_heard(&mut self, failure: Failure) {
        if self.others.iter().rev().take(TWICE).any(|last| *last == failure) {
            return;
        }
        push(&mut self.others, failure, FAILURES);
    }

    pub(super) fn answered(&mut self, answered: Answered) {
        push(&mut self.requests, answered, REQUESTS);
    }

    /// The oldest unreported failures, and the number of all unreported ones.
    pub(super) fn unsent(&self, limit: usize) -> (Vec<Failure>, usize) {
        let first = self.own.len().saturating_sub(self.unsent);
        (self.own.iter().skip(first).take(limit).cloned().collect(), self.unsent)
    }

    /// Marks the first `sent` of the failures that were `unsent` as reported.
    pub(super) fn sent(&mut self, sent: usize, unsent: usize) {
        // Later failures come after the reported ones; failures dropped meanwhile no longer count.
        let left = unsent.saturating_sub(sent);
        let came = self.unsent.saturating_sub(unsent);
        self.unsent = (left + came).min(self.own.len());
    }

    /// The groups, ordered by their latest failure, and the number of all failures.
    pub(super) fn groups(&self) -> (Vec<ErrorGroup>, u64) {
        let mut all: Vec<&Failure> = self.own.iter().chain(&self.others).collect();
        // The sort is stable: failures of equal times keep each server's order.
        all.sort_by(|a, b| a.at.cmp(&b.at));
        let all = all.split_off(all.len().saturating_sub(FAILURES));
        let mut places: HashMap<(&str, Option<&str>), usize> = HashMap::new();
        let mut groups: Vec<Vec<&Failure>> = Vec::new();
        for failure in all.iter().rev() {
            let place = *places.entry((&failure.code, failure.cause.as_deref())).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(failure),
                None => groups.push(vec![failure]),
            }
        }
        (groups.iter().filter_map(|group| summary(group)).collect(), all.len() as u64)
    }

    /// The failed request with that id.
    pub(super) fn request(&self, id: &str) -> Option<Failure> {
        let all = self.own.iter().rev().chain(self.others.iter().rev());
        all.into_iter().find(|failure| failure.request_id == id).cloned()
    }

    /// Requests of a user to this server around that moment: the last before it and the first after it;
    /// without a user, only the request itself.
    pub(super) fn around(&self, id: &str, user: Option<&str>, at: &str) -> Vec<RequestRow> {
        let theirs: Vec<&RequestRow> = self
            .requests
            .iter()
            .filter(|request| {
                request.row.request_id == id || (user.is_some() && request.user.as_deref() == user)
            })
            .map(|request| &request.row)
            .collect();
        let place = theirs.iter().position(|row| row.request_id == id);
        let place = place.unwrap_or_else(|| theirs.partition_point(|row| row.at.as_str() <= at));
        let rows = theirs.into_iter().skip(place.saturating_sub(NEIGHBOURS));
        rows.take(place.min(NEIGHBOURS) + 1 + NEIGHBOURS).cloned().collect()
    }
}

/// Selects from several servers' rows around a request the last ones before it, the request itself, and the
/// first ones after it.
pub(super) fn nearest(mut rows: Vec<RequestRow>, id: &str, at: &str) -> Vec<RequestRow> {
    rows.sort_by(|a, b| a.at.cmp(&b.at));
    let itself = rows.iter().position(|row| row.request_id == id);
    let place = itself.unwrap_or_else(|| rows.partition_point(|row| row.at.as_str() <= at));
    let behind = place + usize::from(itself.is_some());
    rows.truncate(behind + NEIGHBOURS);
    rows.drain(..place.saturating_sub(NEIGHBOURS));
    rows
}

fn push<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    if all.len() >= most {
        all.pop_front();
    }
    all.push_back(one);
}

/// Summary of the failures with the same code and cause, the latest first.
fn summary(group: &[&Failure]) -> Option<ErrorGroup> {
    let (last, first) = (group.first()?, group.last()?);
    let mut users = shares(group.iter().filter_map(|failure| failure.user.as_deref()));
    users.truncate(SHOWN);
    Some(ErrorGroup {
        code: last.code.clone(),
        cause: last.cause.clone(),
        count: group.len() as u64,
        first_at: first.at.clone(),
        last_at: last.at.clone(),
        routes: shares(group.iter().map(|failure| failure.route.as_str())),
        users,
        servers: shares(group.iter().map(|failure| failure.server.as_str())),
        latest: group.iter().take(SHOWN).map(|failure| (*failure).clone()).collect(),
    })
}

fn shares<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Share> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut shares: Vec<Share> =
        counts.into_iter().map(|(name, count)| Share { name: name.to_owned(), count }).collect();
    shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    shares
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::RequestRow;

    use super::*;

    fn failure(number: usize, code: &str, cause: Option<&str>, user: &str) -> Failure {
        Failure {
            request_id: format!("r{number}"),
            server: "s".to_owned(),
            at: format!("{number:08}"),
            method: "GET".to_owned(),
            route: format!("/{user}"),
            status: 500,
            code: code.to_owned(),
            cause: cause.map(str::to_owned),
            user: Some(user.to_owned()),
            ..Failure::default()
        }
    }

    fn answered(number: usize, user: &str) -> Answered {
        let row = RequestRow {
            request_id: format!("r{number}"),
            server: "s".to_owned(),
            at: format!("{number:08}"),
            method: "GET".to_owned(),
            route: "/".to_owned(),
            status: 200,
            duration_us: 1,
        };
        Answered { row, user: Some(user.to_owned()) }
    }

    #[test]
    fn failures_are_grouped_by_code_and_cause() {
        let mut failures = Failures::default();
        for number in 0..FAILURES + 5 {
            let (code, user) = if number % 5 == 0 { ("busy", "ann") } else { ("internal", "ben") };
            let cause = (number % 5 != 0).then_some(if number % 2 == 0 { "disk" } else { "net" });
            failures.failed(failure(number, code, cause, user));
        }
        let (groups, count) = failures.groups();
        assert_eq!(count, FAILURES as u64);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), count);
        let busy = groups.iter().find(|group| group.code == "busy").unwrap();
        assert_eq!((busy.count, busy.cause.as_deref()), (2_000, None));
        assert_eq!(busy.users, [Share { name: "ann".to_owned(), count: 2_000 }]);
        assert_eq!((busy.latest.len(), busy.latest[0].request_id.as_str()), (SHOWN, "r10000"));
        assert_eq!((busy.first_at.as_str(), busy.last_at.as_str()), ("00000005", "00010000"));
        assert_eq!(groups[0].latest[0].request_id, "r10004", "the one that grew last comes first");
        assert_eq!(failures.request("r0"), None, "it has been forgotten");
    }

    #[test]
    fn failures_of_all_servers_are_one_list() {
        let mut failures = Failures::default();
        for number in 0..FAILURES {
            failures.failed(failure(2 * number, "internal", None, "ann"));
            failures.last_heard(failure(2 * number + 1, "busy", None, "ben"));
        }
        let (groups, count) = failures.groups();
        assert_eq!((count, groups.len()), (FAILURES as u64, 2));
        assert_eq!((groups[0].code.as_str(), groups[0].count), ("busy", FAILURES as u64 / 2));
        assert_eq!(groups[1].first_at, "00010000");
        failures.last_heard(failure(2 * FAILURES - 1, "busy", None, "ben"));
        assert_eq!(failures.groups().0[0].count, FAILURES as u64 / 2, "it was heard of twice");
        assert_eq!(failures.request("r1").map(|failure| failure.code).as_deref(), Some("busy"));
    }

    #[test]
    fn what_others_have_yet_to_hear_of_is_sent_once() {
        let mut failures = Failures::default();
        let numbers = |(all, unsent): (Vec<Failure>, usize)| {
            (all.into_iter().map(|failure| failure.request_id).collect::<Vec<_>>(), unsent)
        };
        for number in 0..5 {
            failures.failed(failure(number, "internal", None, "ann"));
        }
        assert_eq!(numbers(failures.unsent(3)), (vec!["r0".into(), "r1".into(), "r2".into()], 5));
        // Another failure occurs during the report.
        failures.failed(failure(5, "internal", None, "ann"));
        failures.sent(3, 5);
        assert_eq!(numbers(failures.unsent(9)), (vec!["r3".into(), "r4".into(), "r5".into()], 3));
        failures.sent(3, 3);
        assert_eq!(numbers(failures.unsent(9)), (vec![], 0));
        // More failures than the limit occur while nothing can be reported.
        for number in 0..FAILURES + 2 {
            failures.failed(failure(number, "internal", None, "ann"));
        }
        let (first, unsent) = numbers(failures.unsent(1));
        assert_eq!((first[0].as_str(), unsent), ("r2", FAILURES));
    }

    #[test]
    fn neighbours_are_the_same_users() {
        let mut failures = Failures::default();
        for number in 0..200 {
            failures.answered(answered(number, if number % 2 == 0 { "ann" } else { "ben" }));
        }
        let ids = |rows: &[RequestRow]| rows.iter().map(|row| row.request_id.clone()).collect::<Vec<_>>();
        let rows = failures.around("r100", Some("ann"), "00000100");
        assert_eq!(rows.len(), 2 * NEIGHBOURS + 1);
        assert_eq!((ids(&rows)[0].as_str(), ids(&rows)[NEIGHBOURS].as_str()), ("r60", "r100"));
        assert_eq!(failures.around("r0", Some("ann"), "00000000").len(), NEIGHBOURS + 1);
        assert_eq!(ids(&failures.around("r7", None, "00000007")), ["r7"]);

        // Another server's rows lie around the moment.
        let elsewhere = failures.around("x", Some("ben"), "00000100");
        assert_eq!(nearest(elsewhere.clone(), "x", "00000100").len(), 2 * NEIGHBOURS);
        let both = nearest([elsewhere, rows].concat(), "r100", "00000100");
        assert_eq!(ids(&both), (80..=120).map(|number| format!("r{number}")).collect::<Vec<_>>());
        assert_eq!(nearest(Vec::new(), "x", ""), []);
    }
}
