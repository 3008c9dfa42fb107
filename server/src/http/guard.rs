//! Where a caller calls from, and how often it may.
//!
//! Counted per process and in memory. A user's writes are counted per user; an address is only counted for
//! what fails, so that the many users behind one carrier's address do not stand in one another's way.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use super::App;
use crate::problem::{Code, Problem};
use crate::settings::RateLimits;
use crate::user::UserKey;

/// How long one with too many failures is turned away unheard.
const SHUT: Duration = Duration::from_secs(1);
/// Those who are turned away at a time, at most.
const MOST_SHUT: u64 = 100_000;
/// Wrong tokens without our tag that are looked up in a second, and at once. Made-up ones come by the thousand, from
/// any number of addresses; good ones without it are older than the tag or than the key that it was made by.
const STRANGERS: (u32, u32) = (200, 400);
/// How often the counts of those who have gone quiet are dropped.
const SWEEP: Duration = Duration::from_secs(30);

/// The counts of one server.
pub struct Guard {
    enabled: bool,
    writes: DefaultKeyedRateLimiter<UserKey>,
    wechat_calls: DefaultKeyedRateLimiter<UserKey>,
    addresses: Failures<IpAddr>,
    /// Whoever shows a bearer token without our tag is one and the same.
    strangers: Failures<()>,
}

/// How often each has failed, and who is turned away unheard for it.
struct Failures<K: Hash + Eq + Clone> {
    counts: DefaultKeyedRateLimiter<K>,
    shut: Cache<K, ()>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Failures<K> {
    fn new(quota: Quota) -> Self {
        Self {
            counts: RateLimiter::keyed(quota),
            shut: Cache::builder().time_to_live(SHUT).max_capacity(MOST_SHUT).build(),
        }
    }

    fn is_shut(&self, one: &K) -> bool {
        self.shut.contains_key(one)
    }

    /// Counts a failure. Whether it is the one for which its author is turned away from now on.
    fn failed(&self, one: K) -> bool {
        self.counts.check_key(&one).is_err() && self.shut.entry(one).or_insert(()).is_fresh()
    }
}

impl Guard {
    /// Counts as the settings say.
    #[must_use]
    pub fn new(settings: &RateLimits) -> Self {
        let quota = |rate: u32, burst: u32| {
            let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(burst))
        };
        Self {
            enabled: settings.enabled,
            writes: RateLimiter::keyed(quota(settings.user_writes, settings.user_writes_burst)),
            wechat_calls: RateLimiter::keyed(quota(
                settings.user_wechat_calls,
                settings.user_wechat_calls_burst,
            )),
            addresses: Failures::new(quota(settings.address_failures, settings.address_failures_burst)),
            strangers: Failures::new(quota(STRANGERS.0, STRANGERS.1)),
        }
    }

    /// Counts a write of a user.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when it is one too many.
    pub fn write(&self, user: &UserKey) -> Result<(), Problem> {
        self.count(&self.writes, user)
    }

    /// Counts what a user does that may cost a call of WeChat's API. The app's quotas there are shared: one
    /// user must not use them up for all.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when it is one too many.
    pub fn wechat_call(&self, user: &UserKey) -> Result<(), Problem> {
        self.count(&self.wechat_calls, user)
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<UserKey>, user: &UserKey) -> Result<(), Problem> {
        if !self.enabled {
            return Ok(());
        }
        limiter.check_key(user).map_err(|early| {
            let wait = early.wait_time_from(governor::clock::DefaultClock::default().now());
            Problem::new(Code::RateLimited).retry_after(wait)
        })
    }

    /// Whether an address is to be turned away unheard, for what failed from there of late.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when it is.
    pub fn hear(&self, request: &HttpRequest, address: IpAddr) -> Result<(), Problem> {
        let shut = self.enabled && self.addresses.is_shut(&block(address));
        if shut { Err(turned_away(request)) } else { Ok(()) }
    }

    /// Whether a bearer token without our tag is to be turned away unheard, for those that were wrong of late.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when it is.
    pub fn hear_strangers(&self, request: &HttpRequest) -> Result<(), Problem> {
        let shut = self.enabled && self.strangers.is_shut(&());
        if shut { Err(turned_away(request)) } else { Ok(()) }
    }

    /// Counts a bearer token without our tag that was wrong.
    pub fn stranger_failed(&self) {
        if self.enabled && self.strangers.failed(()) {
            tracing::warn!("too many wrong tokens: those without our tag are turned away for a second");
        }
    }

    /// Counts a failure of an address.
    pub fn failed(&self, address: IpAddr) {
        let block = block(address);
        if self.enabled && self.addresses.failed(block) {
            tracing::warn!(address = %block, "too many failures: an address is turned away for a second");
        }
    }

    /// Drops the counts of those who have gone quiet, for ever, now and then.
    pub async fn sweep(&self) {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            ticks.tick().await;
            self.writes.retain_recent();
            self.wechat_calls.retain_recent();
            self.addresses.counts.retain_recent();
        }
    }
}

/// Marks a request that was turned away unheard. It is counted, and that is all: those come by the thousand, and would
/// fill the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct TurnedAway;

fn turned_away(request: &HttpRequest) -> Problem {
    request.extensions_mut().insert(TurnedAway);
    Problem::new(Code::RateLimited).retry_after(SHUT)
}

/// What is counted as one address: of IPv6 a /64, which one household has.
fn block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        },
        IpAddr::V4(_) => address,
    }
}

/// Whether what that peer says of the request's origin is believed. A peer without an address comes through a
/// unix socket, which the file system has let it do.
pub(super) fn is_trusted(peer: Option<SocketAddr>, app: &App) -> bool {
    peer.is_none_or(|peer| trusted(peer.ip(), app))
}

fn trusted(address: IpAddr, app: &App) -> bool {
    app.settings.http.trusted_proxies.iter().any(|network| network.contains(address))
}

/// Where the request comes from: the peer, or behind trusted proxies the last hop that is none of them.
pub(super) fn address(request: &HttpRequest, app: &App) -> IpAddr {
    let peer = request.peer_addr();
    let believed = is_trusted(peer, app);
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    if !believed {
        return peer;
    }
    let headers = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = headers.flat_map(|value| value.split(',')).collect();
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        // Some proxies write the port, too.
        let (hop, with_port) = (hop.trim().parse::<IpAddr>(), hop.trim().parse::<SocketAddr>());
        let Ok(hop) = hop.or(with_port.map(|hop| hop.ip())) else { break };
        nearest = hop;
        if !trusted(hop, app) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request() -> HttpRequest {
        TestRequest::default().to_http_request()
    }

    fn guard(user_writes_burst: u32, address_failures_burst: u32, enabled: bool) -> Guard {
        let drawing = yibi_common::limits::Limits::default();
        Guard::new(&RateLimits {
            enabled,
            user_writes: 1,
            user_writes_burst,
            user_wechat_calls: 1,
            user_wechat_calls_burst: 2,
            address_failures: 1,
            address_failures_burst,
            drawing,
        })
    }

    #[test]
    fn a_user_has_a_burst_and_no_more() {
        let guard = guard(3, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..3 {
            guard.write(&a).unwrap();
        }
        let refused = guard.write(&a).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
        guard.write(&b).unwrap();
    }

    #[test]
    fn what_asks_wechat_has_a_smaller_burst_and_leaves_other_writes_alone() {
        let guard = guard(4, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..2 {
            guard.wechat_call(&a).unwrap();
        }
        let refused = guard.wechat_call(&a).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
        guard.write(&a).unwrap();
        guard.wechat_call(&b).unwrap();
    }

    #[test]
    fn failures_shut_out_a_block_of_addresses() {
        let guard = guard(1, 2, true);
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same_house: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..2 {
            guard.failed(one);
            guard.hear(&request(), one).unwrap();
        }
        guard.failed(same_house);
        assert_eq!(guard.hear(&request(), one).unwrap_err().code, Code::RateLimited);
        guard.hear(&request(), other).unwrap();
    }

    #[test]
    fn so_many_tokens_of_strangers_are_wrong_before_others_wait() {
        let guard = guard(1, 1, true);
        for _ in 0..STRANGERS.1 {
            guard.stranger_failed();
            guard.hear_strangers(&request()).unwrap();
        }
        for _ in 0..STRANGERS.1 {
            guard.stranger_failed();
        }
        let problem = guard.hear_strangers(&request()).unwrap_err();
        assert_eq!(problem.code, Code::RateLimited);
        assert!(problem.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
    }

    #[test]
    fn nothing_is_counted_when_limits_are_off() {
        let guard = guard(1, 1, false);
        let user = UserKey::new("wx", "a");
        for _ in 0..100 {
            guard.write(&user).unwrap();
            guard.wechat_call(&user).unwrap();
            guard.failed(IpAddr::from([1, 2, 3, 4]));
        }
        for _ in 0..=2 * STRANGERS.1 {
            guard.stranger_failed();
        }
        guard.hear_strangers(&request()).unwrap();
        guard.hear(&request(), IpAddr::from([1, 2, 3, 4])).unwrap();
    }
}
