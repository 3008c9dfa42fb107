//! `yibi-server health`: queries the health of the server on this machine, for containers and scripts without
//! an HTTP client.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Time-out of connecting, of writing, and of each read: longer than `/readyz` takes.
const PATIENCE: Duration = Duration::from_secs(4);
/// Limit of the answer in bytes.
const LONGEST: u64 = 64 * 1024;

/// A server's answer to a health query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether the status is 200.
    pub good: bool,
    pub text: String,
}

/// Requests from the operator's listener at that address `path`.
///
/// # Errors
/// The system's I/O errors, and [`io::ErrorKind::InvalidData`] for an answer that is not HTTP.
pub fn ask(listen: SocketAddr, path: &str) -> io::Result<Health> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer is not chunked, and the server closes the connection after it.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    let (Some(status), Some((_, body))) = (status, answer.split_once("\r\n\r\n")) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what answers is no yibi-server"));
    };
    Ok(Health { good: status == "200", text: body.to_owned() })
}

/// Address at which the same machine reaches a listener that is bound to all addresses.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}
