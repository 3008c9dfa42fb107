//! The domain: WeChat's requirements, and its resolution.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Finding, Options, tls};
use crate::settings::Settings;

/// Time-out of the DNS look-up.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(settings: &Settings, options: &Options) -> Vec<Finding> {
    let url = &settings.http.public_url;
    if url.is_empty() {
        return vec![Finding::warning(
            "domain",
            "http.public_url is empty, so image URLs are paths and the domain can't be looked at",
            "set it to the https address that the mini-program has, such as https://draw.example.com",
        )];
    }
    let (place, mut findings) = shape(url);
    let Some((host, port)) = place else { return findings };
    let found = resolve(&host, port, options.at).await;
    findings.push(found.finding);
    if let Some(address) = options.at.or(found.address) {
        findings.extend(tls::look(&host, address, options.ca.as_deref()).await);
    }
    findings
}

/// Host and port of an https address, and the findings on WeChat's requirements.
fn shape(url: &str) -> (Option<(String, u16)>, Vec<Finding>) {
    let error = |text: String, to_do: &str| Finding::error("domain", text, to_do);
    let Some(rest) = url.strip_prefix("https://") else {
        let to_do = "WeChat takes https alone: get a certificate, and begin http.public_url with https://";
        return (None, vec![error(format!("{url} is not https"), to_do)]);
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.starts_with('[') || authority.parse::<IpAddr>().is_ok() {
        return (None, vec![is_ip(authority)]);
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, Some(443)),
    };
    if host.parse::<IpAddr>().is_ok() {
        return (None, vec![is_ip(host)]);
    }
    let mut findings = Vec::new();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some(port) = port.filter(|_| host.split('.').all(label)) else {
        let to_do = "set http.public_url to https:// and the domain, in ASCII, without user and query";
        return (None, vec![error(format!("{authority} is no domain"), to_do)]);
    };
    if host == "localhost" || !host.contains('.') {
        findings.push(error(
            format!("{host} is no public domain"),
            "WeChat asks for one that is filed (ICP 备案)",
        ));
    }
    if !path.is_empty() {
        findings.push(Finding::warning(
            "domain",
            format!("http.public_url has a path, /{path}"),
            "the domain lists of WeChat have none; make sure that nginx passes this path on",
        ));
    }
    if port != 443 {
        findings.push(Finding::warning(
            "domain",
            format!("port {port} is not 443"),
            "WeChat then wants exactly this port in its request and upload domain lists and in every URL; use 443",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "domain",
            format!("{host} has the form that WeChat takes; whether it is filed (ICP 备案) can't be seen from here"),
        ));
    }
    (Some((host.to_ascii_lowercase(), port)), findings)
}

fn is_ip(host: &str) -> Finding {
    let to_do = "WeChat takes no IP addresses: use a domain that is filed (ICP 备案)";
    Finding::error("domain", format!("{host} is an IP address"), to_do)
}

struct Found {
    address: Option<SocketAddr>,
    finding: Finding,
}

async fn resolve(host: &str, port: u16, at: Option<SocketAddr>) -> Found {
    let looked = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
    let mut addresses: Vec<SocketAddr> = match looked {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    addresses.sort();
    addresses.dedup();
    let Some(&address) = addresses.first() else {
        let text = format!("{host} has no address");
        let to_do = "add an A record that names this machine's public address, and wait until it has spread";
        let finding = match at {
            Some(_) => Finding::warning("dns", text, to_do),
            None => Finding::error("dns", text, to_do),
        };
        return Found { address: None, finding };
    };
    let shown = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    let finding = match addresses.iter().find(|address| !is_public(address.ip())) {
        Some(private) => Finding::warning(
            "dns",
            format!("{host} is at {shown}"),
            format!("{} is not public: phones can't reach it", private.ip()),
        ),
        None => Finding::ok("dns", format!("{host} is at {shown}")),
    };
    Found { address: Some(address), finding }
}

/// Whether the address is publicly routable, as far as its range shows.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(v4.into()),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_wechat_takes_is_told_from_what_it_does_not() {
        for (url, verdict, told) in [
            ("https://draw.example.com", Verdict::Ok, "draw.example.com"),
            ("https://draw.example.com/", Verdict::Ok, "draw.example.com"),
            ("http://draw.example.com", Verdict::Error, "https"),
            ("https://203.0.113.7", Verdict::Error, "IP address"),
            ("https://203.0.113.7:8443", Verdict::Error, "IP address"),
            ("https://[2001:db8::1]/", Verdict::Error, "IP address"),
            ("https://localhost", Verdict::Error, "public domain"),
            ("https://intranet", Verdict::Error, "public domain"),
            ("https://draw_1.example.com", Verdict::Error, "no domain"),
            ("https://画.example.com", Verdict::Error, "no domain"),
            ("https://me@draw.example.com", Verdict::Error, "no domain"),
            ("https://draw.example.com:port", Verdict::Error, "no domain"),
            ("https://", Verdict::Error, "no domain"),
            ("https://draw.example.com:8443", Verdict::Warning, "8443"),
            ("https://draw.example.com/yibi", Verdict::Warning, "/yibi"),
        ] {
            let (_, findings) = shape(url);
            let worst = findings.iter().max_by_key(|finding| finding.verdict).unwrap();
            assert_eq!(worst.verdict, verdict, "{url}: {findings:?}");
            assert!(worst.text.contains(told), "{url}: {findings:?}");
        }
        assert_eq!(shape("https://Draw.Example.com:444/").0, Some(("draw.example.com".to_owned(), 444)));
    }

    #[test]
    fn addresses_that_phones_reach() {
        for public in ["203.0.113.7", "2400:3200::1", "::ffff:203.0.113.7"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1"] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
        for other in ["::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "::"] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_an_error_unless_another_place_is_given() {
        let at = Some(SocketAddr::from(([127, 0, 0, 1], 443)));
        let found = resolve("no.such.invalid", 443, None).await;
        assert_eq!((found.address, found.finding.verdict), (None, Verdict::Error));
        assert_eq!(resolve("no.such.invalid", 443, at).await.finding.verdict, Verdict::Warning);
        let here = resolve("localhost", 443, None).await;
        assert!(here.address.unwrap().ip().is_loopback());
        assert_eq!(here.finding.verdict, Verdict::Warning);
    }
}
