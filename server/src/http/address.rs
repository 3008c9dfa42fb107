//! The address that a request comes from, which is what failures are counted by.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::{HttpMessage, HttpRequest};

use crate::http::App;
use crate::problem::Problem;
use crate::service::rate_limits::LimitExceeded;

/// Marks a request that was rejected without being processed. Such requests are counted and not logged: a flood of
/// them would fill the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RejectedEarly;

/// The problem of a request over a limit, which marks the request with [`RejectedEarly`].
pub(crate) fn reject_early(request: &HttpRequest, exceeded: LimitExceeded) -> Problem {
    request.extensions_mut().insert(RejectedEarly);
    exceeded.into()
}

/// Whether a peer's statements about the request's origin are trusted. A peer without an address comes through a
/// unix socket, which the file system has let it do.
pub(super) fn is_trusted(peer: Option<SocketAddr>, app: &App) -> bool {
    peer.is_none_or(|peer| is_proxy(peer.ip(), app))
}

fn is_proxy(address: IpAddr, app: &App) -> bool {
    app.settings.http.trusted_proxies.iter().any(|network| network.contains(address))
}

/// Scheme and host at which the request arrived; a trusted proxy tells the scheme. Only for links in replies to
/// the same caller.
pub(super) fn origin(request: &HttpRequest, app: &App) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").filter(|_| is_trusted(request.peer_addr(), app));
    let scheme = if scheme == Some("https") { "https" } else { "http" };
    let host = header("host").or(request.uri().authority().map(|authority| authority.as_str()));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// The address of the peer, or behind trusted proxies the last hop that is none of them.
pub(super) fn address(request: &HttpRequest, app: &App) -> IpAddr {
    let peer = request.peer_addr();
    let trusted = is_trusted(peer, app);
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    if !trusted {
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
        if !is_proxy(hop, app) {
            break;
        }
    }
    nearest
}
