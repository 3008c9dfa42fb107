//! Whether other machines can reach the databases, as far as the addresses in the settings and this machine's
//! listening sockets show.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use secrecy::ExposeSecret;

use super::Finding;
use super::domain::is_public;
use crate::settings::Settings;

/// Ports of services that should listen on loopback only.
const PORTS: [(u16, &str); 3] = [(6379, "redis"), (26379, "redis"), (27017, "mongodb")];

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let store = &settings.store;
    let mut findings = Vec::new();
    let mut watched: BTreeMap<u16, &'static str> = PORTS.into_iter().collect();
    for (what, url) in
        [("mongodb", store.mongodb_uri.expose_secret()), ("redis", store.redis_url.expose_secret())]
    {
        if url.is_empty() {
            continue;
        }
        findings.extend(exposed(what, url));
        watched.extend(ports(url).map(|port| (port, what)));
    }
    let listening: Vec<(IpAddr, u16)> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .flat_map(|file| listening(&std::fs::read_to_string(file).unwrap_or_default()))
        .collect();
    findings.extend(open_to_others(&watched, &listening));
    findings
}

/// Findings on the address alone.
fn exposed(what: &'static str, url: &str) -> Vec<Finding> {
    let addresses: Vec<IpAddr> = hosts(url).filter_map(|(host, _)| host.parse().ok()).collect();
    let mut findings = Vec::new();
    if let Some(public) = addresses.iter().find(|address| is_public(**address)) {
        findings.push(Finding::warning(
            what,
            format!("{public} is a public address"),
            "use the private address of the same network (VPC): what is said to it goes over the internet",
        ));
    }
    let here = !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback);
    if !authority(url).contains('@') && !here && hosts(url).any(|(host, _)| host != "localhost") {
        findings.push(Finding::warning(
            what,
            "is asked without a password",
            "set one there and in the settings: whoever is in the network reads and writes it otherwise",
        ));
    }
    findings
}

/// Findings on databases of this machine that listen on more than loopback.
fn open_to_others(watched: &BTreeMap<u16, &'static str>, listening: &[(IpAddr, u16)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (address, port) in listening.iter().filter(|(address, _)| !address.is_loopback()) {
        let Some(what) = watched.get(port) else { continue };
        let text = format!("something on this machine listens on port {port} of {address}");
        let to_do = "if that is the database, bind it to 127.0.0.1 or the private address, and keep the port \
                     closed in the firewall or security group";
        if findings.iter().all(|finding| finding.text != text) {
            findings.push(Finding::warning(what, text, to_do));
        }
    }
    findings
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// The hosts in a URL, with their ports if given.
fn hosts(url: &str) -> impl Iterator<Item = (&str, Option<u16>)> {
    let hosts = authority(url).rsplit('@').next().unwrap_or_default();
    hosts.split(',').map(|host| {
        if let Some((inner, rest)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            return (inner, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
        }
        match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (host, None),
        }
    })
}

fn ports(url: &str) -> impl Iterator<Item = u16> {
    hosts(url).filter_map(|(_, port)| port)
}

/// The listening sockets in `/proc/net/tcp` or `tcp6`: hexadecimal words of 32 bits in the machine's byte
/// order, a colon, the port, and state `0A`. See proc(5).
fn listening(table: &str) -> Vec<(IpAddr, u16)> {
    let socket = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, _, state) = (fields.next()?, fields.next()?, fields.next()?);
        let (address, port) = local.split_once(':')?;
        let words: Vec<u32> = address
            .as_bytes()
            .chunks(8)
            .map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok())
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
        let address = match <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
            Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        };
        (state == "0A").then_some((address, u16::from_str_radix(port, 16).ok()?))
    };
    table.lines().filter_map(socket).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_listens_here_is_known() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = open.local_addr().unwrap().port();
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let found = listening(&table);
        assert!(found.contains(&(IpAddr::V4(Ipv4Addr::LOCALHOST), port)), "{found:?}");
        assert!(!found.contains(&(own.ip(), own.port())), "it is closed");
        let v6 = "  0: 00000000000000000000000000000000:6989 00000000000000000000000000000000:0000 0A 0";
        assert_eq!(listening(v6), [(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 27017)]);
    }

    #[test]
    fn a_database_that_listens_to_all_is_told() {
        let watched = BTreeMap::from([(6379, "redis")]);
        let all = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(open_to_others(&watched, &[(here, 6379), (all, 443)]).is_empty());
        let findings = open_to_others(&watched, &[(all, 6379), (all, 6379)]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].text.contains("6379"));
    }

    #[test]
    fn addresses_tell_what_they_can() {
        for (url, told) in [
            ("redis://:pw@203.0.113.9:6379/", Some("public")),
            ("redis+sentinel://:pw@10.0.0.1,203.0.113.9/main", Some("public")),
            ("mongodb://u:p@10.0.0.3:27017/?replicaSet=rs0", None),
            ("mongodb://10.0.0.3/", Some("password")),
            ("mongodb://db.internal/", Some("password")),
            ("redis://127.0.0.1/", None),
            ("redis://localhost:6379/", None),
            ("redis://[::1]:6379/", None),
        ] {
            let findings = exposed("redis", url);
            assert_eq!(!findings.is_empty(), told.is_some(), "{url}: {findings:?}");
            assert!(
                findings.iter().all(|finding| finding.text.contains(told.unwrap())),
                "{url}: {findings:?}"
            );
        }
        let found: Vec<_> = hosts("mongodb://u:p@[fd00::1]:27018,b").collect();
        assert_eq!(found, [("fd00::1", Some(27018)), ("b", None)]);
    }
}
