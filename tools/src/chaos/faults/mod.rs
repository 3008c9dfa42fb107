//! The faults.

mod bodies;
mod clock;
mod connections;
mod crowd;
mod databases;
mod requests;
mod servers;
mod tokens;
mod wechat;

use std::time::Duration;

use super::cluster::{Cluster, Launcher, Requirements};
use yibi_tests::Backend;

/// How long it is between two strikes.
const PERIOD: Duration = Duration::from_secs(2);

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A server is killed, again and again.
    KillServer,
    /// Redis is.
    KillRedis,
    /// MongoDB is.
    KillMongodb,
    /// Redis takes connections and commands and answers nothing.
    RedisHangs,
    /// Redis is late, its connections are reset, or dead and do not say so.
    RedisSlow,
    /// The disk of the embedded store is full.
    DiskFull,
    /// The clock jumps, forwards and back.
    ClockJumps,
    /// WeChat hangs, fails, or answers garbage.
    Wechat,
    /// Ten thousand idle connections, and two thousand on which heads and bodies come byte by byte.
    Connections,
    /// Random bodies over every route.
    RandomBodies,
    /// Ten thousand wrong tokens a second.
    WrongTokens,
    /// One of two servers behind nginx is killed.
    TwoServers,
    /// Five hundred users behind one address.
    OneAddress,
}

/// Whether those who draw notice a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedImpact {
    /// They do, or it has not struck.
    Always,
    /// They may.
    Perhaps,
    /// They must not.
    Never,
}

impl Fault {
    /// All, in order.
    pub const ALL: [Self; 13] = [
        Self::KillServer,
        Self::KillRedis,
        Self::KillMongodb,
        Self::RedisHangs,
        Self::RedisSlow,
        Self::DiskFull,
        Self::ClockJumps,
        Self::Wechat,
        Self::Connections,
        Self::RandomBodies,
        Self::WrongTokens,
        Self::TwoServers,
        Self::OneAddress,
    ];

    /// As the table calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KillServer => "kill-server",
            Self::KillRedis => "kill-redis",
            Self::KillMongodb => "kill-mongodb",
            Self::RedisHangs => "redis-hangs",
            Self::RedisSlow => "redis-slow",
            Self::DiskFull => "disk-full",
            Self::ClockJumps => "clock-jumps",
            Self::Wechat => "wechat",
            Self::Connections => "connections",
            Self::RandomBodies => "random-bodies",
            Self::WrongTokens => "wrong-tokens",
            Self::TwoServers => "two-servers",
            Self::OneAddress => "one-address",
        }
    }

    /// Where it can strike.
    #[must_use]
    pub fn backends(self) -> &'static [Backend] {
        match self {
            Self::KillServer | Self::ClockJumps | Self::WrongTokens => &[Backend::Embedded, Backend::Shared],
            Self::DiskFull | Self::Wechat | Self::Connections | Self::RandomBodies => &[Backend::Embedded],
            Self::KillRedis
            | Self::KillMongodb
            | Self::RedisHangs
            | Self::RedisSlow
            | Self::TwoServers
            | Self::OneAddress => &[Backend::Shared],
        }
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(if self == Self::RandomBodies { 600 } else { 60 })
    }

    /// Whether those who draw notice it.
    #[must_use]
    pub fn expected_impact(self) -> ExpectedImpact {
        match self {
            Self::KillServer | Self::KillRedis | Self::KillMongodb | Self::RedisHangs | Self::DiskFull => {
                ExpectedImpact::Always
            }
            // A phone signs in anew when its session has ended by a clock that is wrong; nginx does not send a
            // batch twice when the first server died over it.
            Self::RedisSlow | Self::ClockJumps | Self::TwoServers => ExpectedImpact::Perhaps,
            Self::Wechat | Self::Connections | Self::RandomBodies | Self::WrongTokens | Self::OneAddress => {
                ExpectedImpact::Never
            }
        }
    }

    /// What it needs.
    #[must_use]
    pub fn requirements(self) -> Requirements {
        let launcher: Option<Launcher> = if self == Self::DiskFull {
            Some(servers::deaf)
        } else if self == Self::ClockJumps {
            Some(clock::launcher)
        } else {
            None
        };
        Requirements {
            redis_proxy: self == Self::RedisSlow,
            nginx: self == Self::TwoServers,
            // How much slower others are can be told of little load alone.
            quiet: self == Self::WrongTokens,
            launcher,
        }
    }

    /// Strikes for so long; what is to be told of it besides.
    pub async fn inject(self, cluster: &mut Cluster, duration: Duration) -> String {
        match self {
            Self::KillServer => servers::killed(cluster, duration, Duration::ZERO).await,
            Self::TwoServers => servers::killed(cluster, duration, PERIOD / 2).await,
            Self::DiskFull => servers::disk_full(cluster, duration).await,
            Self::KillRedis => databases::redis_killed(cluster, duration).await,
            Self::KillMongodb => databases::mongodb_killed(cluster, duration).await,
            Self::RedisHangs => databases::redis_hangs(cluster, duration).await,
            Self::RedisSlow => databases::redis_slow(cluster, duration).await,
            Self::ClockJumps => clock::jumps(cluster, duration).await,
            Self::Wechat => wechat::ill(cluster, duration).await,
            Self::Connections => connections::many(cluster, duration).await,
            Self::RandomBodies => bodies::random(cluster, duration).await,
            Self::WrongTokens => tokens::wrong(cluster, duration).await,
            Self::OneAddress => crowd::behind_one_address(cluster, duration).await,
        }
    }
}
