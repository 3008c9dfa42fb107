//! The faults and their requirements.

mod bodies;
mod clock;
mod connections;
mod crowd;
mod databases;
mod requests;
mod rooms;
mod servers;
mod tokens;
mod wechat;

use std::time::Duration;

use super::cluster::{Cluster, Launcher, Requirements};
use yibi_tests::Backend;

/// Time between two injections of a repeated fault.
const PERIOD: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Kills a server repeatedly.
    KillServer,
    KillRedis,
    KillMongodb,
    /// Redis accepts connections and commands and does not reply.
    RedisHangs,
    /// Redis is slow, and its connections are reset or silently dead.
    RedisSlow,
    /// The disk of the embedded store is full.
    DiskFull,
    /// The clock jumps forwards and back.
    ClockJumps,
    /// WeChat hangs, fails, or replies with garbage.
    Wechat,
    /// Opens ten thousand idle connections, and two thousand that send heads and bodies byte by byte.
    Connections,
    /// Sends random bodies to every route.
    RandomBodies,
    /// Sends ten thousand wrong tokens a second.
    WrongTokens,
    /// Kills one of two servers behind nginx.
    TwoServers,
    /// Connects five hundred users from one address.
    OneAddress,
    /// Kills one of two servers repeatedly while eight people draw in a room.
    Rooms,
}

/// Whether the recorded clients notice a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedImpact {
    /// They must notice it; otherwise the injection did not work.
    Always,
    /// They may notice it.
    Perhaps,
    /// They must not notice it.
    Never,
}

impl Fault {
    /// All faults in the order of the table.
    pub const ALL: [Self; 14] = [
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
        Self::Rooms,
    ];

    /// The name in the table and on the command line.
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
            Self::Rooms => "rooms",
        }
    }

    /// The backends that the fault applies to.
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
            | Self::OneAddress
            | Self::Rooms => &[Backend::Shared],
        }
    }

    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(if self == Self::RandomBodies { 600 } else { 60 })
    }

    /// The expected impact on the recorded clients.
    #[must_use]
    pub fn expected_impact(self) -> ExpectedImpact {
        match self {
            Self::KillServer
            | Self::KillRedis
            | Self::KillMongodb
            | Self::RedisHangs
            | Self::DiskFull
            | Self::Rooms => ExpectedImpact::Always,
            // A phone signs in again when a wrong clock has ended its session; nginx does not repeat a batch
            // when the first server dies during it.
            Self::RedisSlow | Self::ClockJumps | Self::TwoServers => ExpectedImpact::Perhaps,
            Self::Wechat | Self::Connections | Self::RandomBodies | Self::WrongTokens | Self::OneAddress => {
                ExpectedImpact::Never
            }
        }
    }

    /// The requirements on the cluster.
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
            // The slowdown of other requests is measurable under low load only.
            quiet: self == Self::WrongTokens,
            launcher,
            settings: if self == Self::Rooms { &rooms::SETTINGS } else { &[] },
        }
    }

    /// Injects the fault for a duration; returns a note for the table.
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
            Self::Rooms => rooms::drawn_in(cluster, duration).await,
        }
    }
}
