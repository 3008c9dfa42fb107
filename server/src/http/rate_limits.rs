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

use crate::domain::user::UserKey;
use crate::http::App;
use crate::problem::{Code, Problem};
use crate::settings::LimitSettings;

/// How long one with too many failures is turned away unheard.
const BLOCK_FOR: Duration = Duration::from_secs(1);
/// Those who are turned away at a time, at most.
const MAX_BLOCKED: u64 = 100_000;
/// Wrong tokens without our tag that are looked up in a second, and at once. Made-up ones come by the thousand, from
/// any number of addresses; good ones without it are older than the tag or than the key that it was made by.
const UNTAGGED_QUOTA: (u32, u32) = (200, 400);
/// How often the counts of those who have gone quiet are dropped.
const SWEEP: Duration = Duration::from_secs(30);

/// The counts of one server.
pub struct RateLimits {
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
            shut: Cache::builder().time_to_live(BLOCK_FOR).max_capacity(MAX_BLOCKED).build(),
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

impl RateLimits {
    /// Counts as the settings say.
    #[must_use]
    pub fn new(settings: &LimitSettings) -> Self {
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
            strangers: Failures::new(quota(UNTAGGED_QUOTA.0, UNTAGGED_QUOTA.1)),
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
    pub fn check_address(&self, request: &HttpRequest, address: IpAddr) -> Result<(), Problem> {
        let shut = self.enabled && self.addresses.is_shut(&block(address));
        if shut { Err(rejected_early(request)) } else { Ok(()) }
    }

    /// Whether a bearer token without our tag is to be turned away unheard, for those that were wrong of late.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when it is.
    pub fn check_untagged(&self, request: &HttpRequest) -> Result<(), Problem> {
        let shut = self.enabled && self.strangers.is_shut(&());
        if shut { Err(rejected_early(request)) } else { Ok(()) }
    }

    /// Counts a bearer token without our tag that was wrong.
    pub fn untagged_failed(&self) {
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
pub(super) struct RejectedEarly;

fn rejected_early(request: &HttpRequest) -> Problem {
    request.extensions_mut().insert(RejectedEarly);
    Problem::new(Code::RateLimited).retry_after(BLOCK_FOR)
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

    fn rate_limits(user_writes_burst: u32, address_failures_burst: u32, enabled: bool) -> RateLimits {
        let drawing = yibi_common::limits::Limits::default();
        RateLimits::new(&LimitSettings {
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
        let rate_limits = rate_limits(3, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..3 {
            rate_limits.write(&a).unwrap();
        }
        let refused = rate_limits.write(&a).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
        rate_limits.write(&b).unwrap();
    }

    #[test]
    fn what_asks_wechat_has_a_smaller_burst_and_leaves_other_writes_alone() {
        let rate_limits = rate_limits(4, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..2 {
            rate_limits.wechat_call(&a).unwrap();
        }
        let refused = rate_limits.wechat_call(&a).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
        rate_limits.write(&a).unwrap();
        rate_limits.wechat_call(&b).unwrap();
    }

    #[test]
    fn failures_shut_out_a_block_of_addresses() {
        let rate_limits = rate_limits(1, 2, true);
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same_house: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..2 {
            rate_limits.failed(one);
            rate_limits.check_address(&request(), one).unwrap();
        }
        rate_limits.failed(same_house);
        assert_eq!(rate_limits.check_address(&request(), one).unwrap_err().code, Code::RateLimited);
        rate_limits.check_address(&request(), other).unwrap();
    }

    #[test]
    fn so_many_tokens_of_strangers_are_wrong_before_others_wait() {
        let rate_limits = rate_limits(1, 1, true);
        for _ in 0..UNTAGGED_QUOTA.1 {
            rate_limits.untagged_failed();
            rate_limits.check_untagged(&request()).unwrap();
        }
        for _ in 0..UNTAGGED_QUOTA.1 {
            rate_limits.untagged_failed();
        }
        let problem = rate_limits.check_untagged(&request()).unwrap_err();
        assert_eq!(problem.code, Code::RateLimited);
        assert!(problem.retry_after_seconds().is_some_and(|seconds| seconds >= 1));
    }

    #[test]
    fn nothing_is_counted_when_limits_are_off() {
        let rate_limits = rate_limits(1, 1, false);
        let user = UserKey::new("wx", "a");
        for _ in 0..100 {
            rate_limits.write(&user).unwrap();
            rate_limits.wechat_call(&user).unwrap();
            rate_limits.failed(IpAddr::from([1, 2, 3, 4]));
        }
        for _ in 0..=2 * UNTAGGED_QUOTA.1 {
            rate_limits.untagged_failed();
        }
        rate_limits.check_untagged(&request()).unwrap();
        rate_limits.check_address(&request(), IpAddr::from([1, 2, 3, 4])).unwrap();
    }
}
