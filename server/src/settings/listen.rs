//! Listen addresses for clients.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// Prefix of a unix socket's path, in settings and logs.
const UNIX: &str = "unix:";

/// An address to listen on: `127.0.0.1:5757`, or `unix:/run/yibi/http.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An IP address and port.
    Tcp(SocketAddr),
    /// A unix socket's path; empty for a socket without a name.
    Unix(PathBuf),
}

impl Listen {
    /// The IP address and port, unless it is a unix socket.
    #[must_use]
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix(UNIX) {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(PathBuf::from(path))),
            Some(_) => Err(format!("{text:?}: after unix: comes a path that begins with /")),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                format!("{text:?} is no IP address with a port, and no unix:/path/of/a/socket to listen on")
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_path() {
        for text in ["127.0.0.1:5757", "[::1]:0", "unix:/run/yibi/http.sock"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in ["", "127.0.0.1", "localhost:80", "unix:", "unix:http.sock", "/run/yibi/http.sock"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
