//! `yibi-server health`: asks the server on this machine how it is, for containers and scripts that have
//! nothing to ask with.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, writing, and each piece of the answer may take: longer than `/readyz` takes.
const PATIENCE: Duration = Duration::from_secs(4);
/// More than any answer has.
const LONGEST: u64 = 64 * 1024;

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it said 200.
    pub good: bool,
    /// The body, as it stood.
    pub text: String,
}

/// Asks the operator's listener at that address for `path`.
///
/// # Errors
/// As the system says, and [`io::ErrorKind::InvalidData`] when what answers does not speak HTTP.
pub fn ask(listen: SocketAddr, path: &str) -> io::Result<Health> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0, so that the answer comes in one piece and the connection ends with it.
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

/// Where a listener on all addresses is reached from the same machine.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}
