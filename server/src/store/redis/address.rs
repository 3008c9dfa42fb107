//! Forms of `store.redis_url`.
//!
//! | form | deployment |
//! |---|---|
//! | `redis://[user:password@]host[:6379][/db]` | one server, or the proxy of a managed service |
//! | `redis+sentinel://[user:password@]host[:26379],host…/master[/db]` | the master of that name, as these sentinels report it; `?sentinel_user=…&sentinel_password=…` if the sentinels require credentials of their own |
//! | `redis+cluster://[user:password@]host[:6379],host…` | a Cluster, found through any of these nodes |
//!
//! With `rediss` instead of `redis`, all connections use TLS, including those to sentinels, with certificates
//! of the well-known authorities; `?ca_file=/path` names a file (PEM) with the authorities that are trusted
//! instead. Characters of a password other than letters and digits are percent-encoded.

use redis::io::tcp::{TcpSettings, socket2};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisError, TlsCertificates, TlsMode,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::client::PATIENCE;
use super::{StoreResult, error};

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

#[derive(Clone)]
pub(super) enum Address {
    One(Box<ConnectionInfo>),
    /// The master that the sentinels name.
    Sentinel(Box<Watched>),
    /// Some nodes of a Cluster, and the authorities that the other nodes' certificates are verified by.
    Cluster(Vec<ConnectionInfo>, Option<TlsCertificates>),
}

/// A master's name, and the sentinels that know its address.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) sentinels: Vec<ConnectionInfo>,
    pub(super) master: String,
    pub(super) tls: Option<TlsMode>,
    pub(super) settings: RedisConnectionInfo,
    pub(super) authorities: Option<TlsCertificates>,
}

impl Address {
    pub(super) fn parse(url: &str) -> StoreResult<Self> {
        let (url, authorities) = trusting(url)?;
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        match scheme {
            "redis+sentinel" => sentinel("redis", rest, None),
            "rediss+sentinel" => sentinel("rediss", rest, authorities),
            "redis+cluster" => cluster("redis", rest, None),
            "rediss+cluster" => cluster("rediss", rest, authorities),
            _ => Ok(Self::One(Box::new(completed(&url, authorities.as_ref())?))),
        }
    }
}

/// Removes the certificate file from the URL and reads it.
fn trusting(url: &str) -> StoreResult<(String, Option<TlsCertificates>)> {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let (named, others): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("ca_file="));
    let Some(path) = named.first().and_then(|pair| pair.strip_prefix("ca_file=")) else {
        return Ok((url.to_owned(), None));
    };
    if !before.starts_with("rediss") {
        return Err(error::nonsense("it names a ca_file, and the connection is not TLS"));
    }
    let root = std::fs::read(path).map_err(|error| error::unreadable_authorities(path, &error))?;
    if CertificateDer::pem_slice_iter(&root).next().is_none() {
        return Err(error::nonsense("its ca_file has no certificate"));
    }
    let authorities = TlsCertificates { client_tls: None, root_cert: Some(root) };
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    Ok((format!("{before}{query}"), Some(authorities)))
}

fn sentinel(scheme: &str, rest: &str, authorities: Option<TlsCertificates>) -> StoreResult<Address> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (master, db) = path.split_once('/').unwrap_or((path, ""));
    let (user, hosts) = parted(authority);
    let (mut sentinel_user, mut sentinel_password) = ("", "");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_user", value)) => sentinel_user = value,
            Some(("sentinel_password", value)) => sentinel_password = value,
            Some(_) | None => return Err(error::nonsense("it has a parameter that is not known")),
        }
    }
    if master.is_empty() {
        return Err(error::nonsense("it names no master behind the sentinels"));
    }
    // The host is a placeholder; only the other parts of this URL are used.
    let node = completed(&format!("{scheme}://{user}master/{db}"), None)?;
    let own = if sentinel_user.is_empty() && sentinel_password.is_empty() {
        String::new()
    } else {
        format!("{sentinel_user}:{sentinel_password}@")
    };
    let sentinels = nodes(scheme, &own, hosts, SENTINEL_PORT, authorities.as_ref())?;
    let tls = tls(node.addr());
    let settings = node.redis_settings().clone();
    let master = master.to_owned();
    Ok(Address::Sentinel(Box::new(Watched { sentinels, master, tls, settings, authorities })))
}

fn cluster(scheme: &str, rest: &str, authorities: Option<TlsCertificates>) -> StoreResult<Address> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !path.is_empty() {
        return Err(error::nonsense("a Cluster has no numbered databases"));
    }
    let (user, hosts) = parted(authority);
    let nodes = nodes(scheme, &user, hosts, REDIS_PORT, authorities.as_ref())?;
    Ok(Address::Cluster(nodes, authorities))
}

/// Splits the authority into the user information, with its `@`, and the hosts.
fn parted(authority: &str) -> (String, &str) {
    match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    }
}

fn nodes(
    scheme: &str,
    user: &str,
    hosts: &str,
    port: u16,
    authorities: Option<&TlsCertificates>,
) -> StoreResult<Vec<ConnectionInfo>> {
    hosts
        .split(',')
        .map(|host| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
            let port = if has_port { String::new() } else { format!(":{port}") };
            completed(&format!("{scheme}://{user}{host}{port}/"), authorities)
        })
        .collect()
}

/// Adds the settings common to all connections: RESP2, which all proxies support, and keep-alive.
fn completed(url: &str, authorities: Option<&TlsCertificates>) -> StoreResult<ConnectionInfo> {
    let unreadable = |error: RedisError| error::unreadable_url(&error);
    let info = url.into_connection_info().map_err(unreadable)?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
    let info = info.set_redis_settings(settings).set_tcp_settings(tcp());
    let Some(authorities) = authorities else { return Ok(info) };
    let client = Client::build_with_tls(info, authorities.clone()).map_err(unreadable)?;
    Ok(client.get_connection_info().clone())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum may grow, and none but that one is TLS")]
fn tls(address: &ConnectionAddr) -> Option<TlsMode> {
    match address {
        ConnectionAddr::TcpTls { insecure: false, .. } => Some(TlsMode::Secure),
        ConnectionAddr::TcpTls { insecure: true, .. } => Some(TlsMode::Insecure),
        _ => None,
    }
}

/// Keep-alive that detects a vanished peer within seconds instead of the system's default of minutes.
pub(super) fn tcp() -> TcpSettings {
    let probe = PATIENCE;
    let keepalive = socket2::TcpKeepalive::new().with_time(probe).with_interval(probe);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(2 * PATIENCE);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(info: &ConnectionInfo) -> String {
        let settings = info.redis_settings();
        let tls = if tls(info.addr()).is_some() { "tls " } else { "" };
        let (user, password) =
            (settings.username().unwrap_or_default(), settings.password().unwrap_or_default());
        assert_eq!(settings.protocol(), ProtocolVersion::RESP2);
        format!("{tls}{user}:{password}@{}/{}", info.addr(), settings.db())
    }

    fn refused(url: &str) -> String {
        let error = Address::parse(url).err().expect("it makes no sense");
        std::error::Error::source(&error).unwrap().to_string()
    }

    #[test]
    fn one_server() {
        let Address::One(info) = Address::parse("rediss://me:p%40ss@cache.example.com/3").unwrap() else {
            panic!("one server")
        };
        assert_eq!(told(&info), "tls me:p@ss@cache.example.com:6379/3");
    }

    #[test]
    fn sentinels_and_their_master() {
        let url = "redis+sentinel://:p%40ss@10.0.0.1,s2:5000,[::1]/mymaster/2?sentinel_password=s%2F1";
        let Address::Sentinel(watched) = Address::parse(url).unwrap() else { panic!("sentinels") };
        let sentinels: Vec<String> = watched.sentinels.iter().map(told).collect();
        assert_eq!(sentinels, [":s/1@10.0.0.1:26379/0", ":s/1@s2:5000/0", ":s/1@::1:26379/0"]);
        assert_eq!((watched.master.as_str(), watched.settings.db()), ("mymaster", 2));
        assert_eq!(watched.settings.password(), Some("p@ss"));
        assert!(watched.tls.is_none());
        let Address::Sentinel(watched) = Address::parse("rediss+sentinel://s1/main").unwrap() else {
            panic!("sentinels")
        };
        assert!(watched.tls.is_some());
        assert_eq!(told(&watched.sentinels[0]), "tls :@s1:26379/0");
        for (url, why) in [
            ("redis+sentinel://s1,s2", "no master"),
            ("redis+sentinel://s1/m?password=x", "a parameter"),
            ("redis+sentinel:///m", "can't be read"),
            ("redis+sentinel://s1:70000/m", "can't be read"),
            ("redis+sentinel://s1/m/first", "can't be read"),
        ] {
            assert!(refused(url).contains(why), "{url}: {}", refused(url));
        }
    }

    #[test]
    fn nodes_of_a_cluster() {
        let Address::Cluster(nodes, None) = Address::parse("redis+cluster://me:pw@n1,n2:7001/").unwrap()
        else {
            panic!("a Cluster")
        };
        let nodes: Vec<String> = nodes.iter().map(told).collect();
        assert_eq!(nodes, ["me:pw@n1:6379/0", "me:pw@n2:7001/0"]);
        assert!(refused("redis+cluster://n1/1").contains("numbered"));
        assert!(refused("redis+cluster://n1,,n2/").contains("can't be read"));
    }

    #[test]
    fn authorities_are_read_at_once_and_trusted_over_tls_alone() {
        for (url, why) in [
            ("redis://host/?ca_file=/etc/hostname", "not TLS"),
            ("redis+cluster://host/?ca_file=/etc/hostname", "not TLS"),
            ("rediss://host/0?ca_file=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("rediss+sentinel://host/main?sentinel_user=a&ca_file=/dev/null", "no certificate"),
        ] {
            assert!(refused(url).contains(why), "{url}: {}", refused(url));
        }
    }
}
