//! Rate limits, counted per process and in memory.
//!
//! Writes are counted per user. Failures are counted per address, except for credentials that name a known
//! session: many users share the address of one carrier, and a flood from there must not block other users'
//! good tokens.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use crate::domain::session::SessionId;
use crate::domain::user::UserKey;
use crate::settings::LimitSettings;

/// How long a key over its failure limit is rejected without being processed.
const BLOCK_FOR: Duration = Duration::from_secs(1);
/// Maximum number of blocked keys tracked at once, per limit.
const MAX_BLOCKED: u64 = 100_000;
/// Rate of look-ups of untagged bearer tokens, over all callers: per second, and burst. Forged tokens can
/// come from any number of addresses; genuine untagged tokens predate the tag or its key.
const UNTAGGED_QUOTA: (u32, u32) = (200, 400);
/// Requests of public pages per address: per second, and burst.
const PAGE_QUOTA: (u32, u32) = (60, 300);
/// How often the counts of idle keys are dropped.
const SWEEP: Duration = Duration::from_secs(30);

/// A request over one of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Time after which another request can succeed.
    pub retry_after: Duration,
}

/// The limits of one server.
pub struct RateLimits {
    enabled: bool,
    writes: DefaultKeyedRateLimiter<UserKey>,
    wechat_calls: DefaultKeyedRateLimiter<UserKey>,
    pages: DefaultKeyedRateLimiter<IpAddr>,
    addresses: FailureLimiter<IpAddr>,
    sign_ins: FailureLimiter<IpAddr>,
    sessions: FailureLimiter<NamedSession>,
    untagged: FailureLimiter<()>,
}

/// The session that a wrong credential names. Tagged credentials have a separate count: session ids are not
/// secret, and another client's wrong credentials must not block the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NamedSession {
    id: SessionId,
    tagged: bool,
}

/// Budget that a failed credential counts against.
#[derive(Debug, Clone, Copy)]
pub enum FailureBudget {
    /// The session that the credential names, for credentials that probably come from its user: tagged, or of
    /// a session that this server used recently.
    Session {
        id: SessionId,
        /// Whether the credential has a valid tag.
        tagged: bool,
    },
    /// Address of a sign-in. Sign-ins have a separate budget, which wrong tokens do not use up.
    SignIn(IpAddr),
    /// Address of a request without a tag or a known session.
    Address(IpAddr),
    /// Address of a request with an untagged bearer token, which also counts against `UNTAGGED_QUOTA`.
    Untagged(IpAddr),
}

/// Failures by key, and the keys that are blocked for them.
struct FailureLimiter<K: Hash + Eq + Clone> {
    counts: DefaultKeyedRateLimiter<K>,
    blocked: Cache<K, ()>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> FailureLimiter<K> {
    fn new(quota: Quota) -> Self {
        Self {
            counts: RateLimiter::keyed(quota),
            blocked: Cache::builder().time_to_live(BLOCK_FOR).max_capacity(MAX_BLOCKED).build(),
        }
    }

    fn check(&self, key: &K) -> Result<(), LimitExceeded> {
        if self.blocked.contains_key(key) { Err(LimitExceeded { retry_after: BLOCK_FOR }) } else { Ok(()) }
    }

    /// Counts a failure. Returns whether this failure blocks the key.
    fn count(&self, key: K) -> bool {
        self.counts.check_key(&key).is_err() && self.blocked.entry(key).or_insert(()).is_fresh()
    }
}

impl RateLimits {
    /// Rate limits as the settings define them.
    #[must_use]
    pub fn new(settings: &LimitSettings) -> Self {
        let quota = |rate: u32, burst: u32| {
            let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(burst))
        };
        let failures = quota(settings.address_failures, settings.address_failures_burst);
        let wechat_calls = quota(settings.user_wechat_calls, settings.user_wechat_calls_burst);
        Self {
            enabled: settings.enabled,
            writes: RateLimiter::keyed(quota(settings.user_writes, settings.user_writes_burst)),
            wechat_calls: RateLimiter::keyed(wechat_calls),
            pages: RateLimiter::keyed(quota(PAGE_QUOTA.0, PAGE_QUOTA.1)),
            addresses: FailureLimiter::new(failures),
            sign_ins: FailureLimiter::new(failures),
            sessions: FailureLimiter::new(failures),
            untagged: FailureLimiter::new(quota(UNTAGGED_QUOTA.0, UNTAGGED_QUOTA.1)),
        }
    }

    /// Counts a write of a user.
    ///
    /// # Errors
    /// [`LimitExceeded`].
    pub fn write(&self, user: &UserKey) -> Result<(), LimitExceeded> {
        self.count(&self.writes, user)
    }

    /// Counts a request of a user that may call WeChat's API. All users share the app's quotas there, and one
    /// user must not use them up.
    ///
    /// # Errors
    /// [`LimitExceeded`].
    pub fn wechat_call(&self, user: &UserKey) -> Result<(), LimitExceeded> {
        self.count(&self.wechat_calls, user)
    }

    /// Counts a request of a public page, which needs no account.
    ///
    /// # Errors
    /// [`LimitExceeded`].
    pub fn page(&self, address: IpAddr) -> Result<(), LimitExceeded> {
        self.count(&self.pages, &network_of(address))
    }

    fn count<K: Hash + Eq + Clone>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), LimitExceeded> {
        if !self.enabled {
            return Ok(());
        }
        limiter.check_key(key).map_err(|early| LimitExceeded {
            retry_after: early.wait_time_from(DefaultClock::default().now()),
        })
    }

    /// Rejects a request whose budget is used up, before it is processed.
    ///
    /// # Errors
    /// [`LimitExceeded`].
    pub fn check(&self, budget: &FailureBudget) -> Result<(), LimitExceeded> {
        match *budget {
            _ if !self.enabled => Ok(()),
            FailureBudget::Session { id, tagged } => self.sessions.check(&NamedSession { id, tagged }),
            FailureBudget::SignIn(address) => self.sign_ins.check(&network_of(address)),
            FailureBudget::Address(address) => self.addresses.check(&network_of(address)),
            FailureBudget::Untagged(address) => {
                self.addresses.check(&network_of(address)).and_then(|()| self.untagged.check(&()))
            }
        }
    }

    /// Counts a failure against its budget.
    pub fn failed(&self, budget: &FailureBudget) {
        if !self.enabled {
            return;
        }
        match *budget {
            FailureBudget::Session { id, tagged } => {
                if self.sessions.count(NamedSession { id, tagged }) {
                    tracing::warn!(session = %id, "too many wrong credentials: those of a session are rejected for a second");
                }
            }
            FailureBudget::SignIn(address) => {
                let address = network_of(address);
                if self.sign_ins.count(address) {
                    tracing::warn!(%address, "too many failed sign-ins: those of an address are rejected for a second");
                }
            }
            FailureBudget::Address(address) => self.address_failed(address),
            FailureBudget::Untagged(address) => {
                self.address_failed(address);
                if self.untagged.count(()) {
                    tracing::warn!(
                        "too many wrong tokens: those without a valid tag are rejected for a second"
                    );
                }
            }
        }
    }

    fn address_failed(&self, address: IpAddr) {
        let address = network_of(address);
        if self.addresses.count(address) {
            tracing::warn!(%address, "too many failures: an address is rejected for a second");
        }
    }

    /// Drops the counts of idle keys at intervals. Never completes.
    pub async fn sweep(&self) {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            ticks.tick().await;
            self.writes.retain_recent();
            self.wechat_calls.retain_recent();
            self.pages.retain_recent();
            self.addresses.counts.retain_recent();
            self.sign_ins.counts.retain_recent();
            self.sessions.counts.retain_recent();
        }
    }
}

/// Network that counts as one address: a /64 of IPv6, the usual prefix of one household.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limits(user_writes_burst: u32, address_failures_burst: u32, enabled: bool) -> RateLimits {
        RateLimits::new(&LimitSettings {
            enabled,
            user_writes: 1,
            user_writes_burst,
            user_wechat_calls: 1,
            user_wechat_calls_burst: 2,
            address_failures: 1,
            address_failures_burst,
            drawing: yibi_common::limits::Limits::default(),
        })
    }

    fn use_up(limits: &RateLimits, budget: &FailureBudget, burst: u32) {
        for _ in 0..burst {
            limits.failed(budget);
            limits.check(budget).unwrap();
        }
        for _ in 0..burst {
            limits.failed(budget);
        }
        assert!(limits.check(budget).unwrap_err().retry_after >= Duration::from_secs(1));
    }

    #[test]
    fn a_user_has_a_burst_and_no_more() {
        let rate_limits = rate_limits(3, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..3 {
            rate_limits.write(&a).unwrap();
        }
        assert!(rate_limits.write(&a).unwrap_err().retry_after > Duration::ZERO);
        rate_limits.write(&b).unwrap();
    }

    #[test]
    fn calls_of_wechat_have_a_smaller_burst_and_leave_other_writes_alone() {
        let rate_limits = rate_limits(4, 1, true);
        let (a, b) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"));
        for _ in 0..2 {
            rate_limits.wechat_call(&a).unwrap();
        }
        assert!(rate_limits.wechat_call(&a).unwrap_err().retry_after > Duration::ZERO);
        rate_limits.write(&a).unwrap();
        rate_limits.wechat_call(&b).unwrap();
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let rate_limits = rate_limits(1, 2, true);
        let address = |text: &str| FailureBudget::Address(text.parse().unwrap());
        for _ in 0..2 {
            rate_limits.failed(&address("2001:db8::1"));
            rate_limits.check(&address("2001:db8::1")).unwrap();
        }
        rate_limits.failed(&address("2001:db8::ffff:2"));
        rate_limits.check(&address("2001:db8::1")).unwrap_err();
        rate_limits.check(&address("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn one_used_up_budget_leaves_the_others_alone() {
        let address = IpAddr::from([1, 2, 3, 4]);
        let id = SessionId([1; 16]);
        let budgets = [
            FailureBudget::Session { id, tagged: true },
            FailureBudget::Session { id, tagged: false },
            FailureBudget::Session { id: SessionId([2; 16]), tagged: false },
            FailureBudget::SignIn(address),
            FailureBudget::Address(address),
        ];
        for (index, used_up) in budgets.iter().enumerate() {
            let rate_limits = rate_limits(1, 3, true);
            use_up(&rate_limits, used_up, 3);
            for (other, budget) in budgets.iter().enumerate() {
                assert_eq!(rate_limits.check(budget).is_err(), other == index, "{used_up:?} {budget:?}");
            }
        }
    }

    #[test]
    fn untagged_tokens_are_counted_by_address_and_all_together() {
        let by_address = rate_limits(1, 3, true);
        let (one, other) = (IpAddr::from([1, 2, 3, 4]), IpAddr::from([1, 2, 3, 5]));
        use_up(&by_address, &FailureBudget::Untagged(one), 3);
        by_address.check(&FailureBudget::Address(one)).unwrap_err();
        by_address.check(&FailureBudget::Untagged(other)).unwrap();
        let together = rate_limits(1, u32::MAX, true);
        use_up(&together, &FailureBudget::Untagged(one), UNTAGGED_QUOTA.1);
        together.check(&FailureBudget::Untagged(other)).unwrap_err();
        together.check(&FailureBudget::Address(one)).unwrap();
    }

    #[test]
    fn nothing_is_counted_when_limits_are_off() {
        let rate_limits = rate_limits(1, 1, false);
        let user = UserKey::new("wx", "a");
        let budget = FailureBudget::Untagged(IpAddr::from([1, 2, 3, 4]));
        for _ in 0..=2 * UNTAGGED_QUOTA.1 {
            rate_limits.write(&user).unwrap();
            rate_limits.wechat_call(&user).unwrap();
            rate_limits.failed(&budget);
        }
        rate_limits.check(&budget).unwrap();
    }
}
