//! Listening sockets: bound by the server, or inherited from its supervisor.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use listenfd::ListenFd;

use crate::settings::{Listen, Settings};
use crate::unix_socket;

/// A listening socket for clients.
#[derive(Debug)]
pub enum Listener {
    /// At an IP address.
    Tcp(TcpListener),
    /// A unix socket with its path.
    Unix(UnixListener, PathBuf),
}

/// The sockets that a server listens on.
#[derive(Debug)]
pub struct Listeners {
    pub public: Listener,
    pub admin: TcpListener,
    /// Listener for other backends on the machine.
    pub internal: Option<TcpListener>,
}

impl Listener {
    /// The listen address.
    ///
    /// # Errors
    /// The system's I/O error.
    pub fn place(&self) -> io::Result<Listen> {
        Ok(match self {
            Self::Tcp(listener) => Listen::Tcp(listener.local_addr()?),
            Self::Unix(_, path) => Listen::Unix(path.clone()),
        })
    }
}

impl Listeners {
    /// Uses the inherited sockets, and binds the missing ones as the settings name them.
    ///
    /// # Errors
    /// A message with the address that can't be bound.
    pub fn of(settings: &Settings, mut handed: HandedOver) -> Result<Self, String> {
        let public = match handed.public.take() {
            Some(listener) => listener,
            None => match &settings.http.listen {
                Listen::Tcp(address) => Listener::Tcp(bind(*address)?),
                Listen::Unix(path) => {
                    let group = unix_socket::group_number(&settings.http.socket_group);
                    let bound = group.and_then(|group| unix_socket::bind(path, group));
                    let listener = bound.map_err(|error| at(&settings.http.listen, &error))?;
                    Listener::Unix(listener, path.clone())
                }
            },
        };
        let admin = match handed.admin.take() {
            Some(listener) => listener,
            None => bind(settings.admin.listen)?,
        };
        let internal = match handed.internal.take() {
            Some(listener) => Some(listener),
            None => settings.internal.listen.map(bind).transpose()?,
        };
        // An inherited socket has to satisfy the settings' rule for the address, too: the internal listener
        // identifies users to its callers.
        if let Some(listener) = &internal {
            let address = listener.local_addr().map_err(|error| at(&"internal", &error))?;
            if !address.ip().is_loopback() {
                return Err(format!(
                    "{address}: the socket for other backends must be at a loopback address"
                ));
            }
        }
        Ok(Self { public, admin, internal })
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| at(&address, &error))
}

fn at(place: &impl Display, error: &io::Error) -> String {
    format!("{place}: {error}")
}

/// Sockets that the supervisor opened before this process starts and keeps open after it ends, so that a
/// restart refuses no connection. See `sd_listen_fds(3)`.
#[derive(Debug, Default)]
pub struct HandedOver {
    public: Option<Listener>,
    admin: Option<TcpListener>,
    internal: Option<TcpListener>,
}

impl HandedOver {
    /// Sockets of `LISTEN_FDS`, assigned by `LISTEN_FDNAMES`; without names, the first serves clients, the
    /// second the operator, and the third other backends.
    ///
    /// # Errors
    /// A message when a socket has the wrong type or an unknown name.
    pub fn from_environment() -> Result<Self, String> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut sockets = ListenFd::from_env();
        let mut names = names.split(':').filter(|name| !name.is_empty());
        let mut handed = Self::default();
        let usual = ["http", "admin", "internal"].into_iter().chain(std::iter::repeat(""));
        for (index, usual) in (0..sockets.len()).zip(usual) {
            let name = names.next().unwrap_or(usual);
            let wrong = |error: io::Error| format!("the socket handed over as {name:?}: {error}");
            match name {
                "http" if handed.public.is_none() => {
                    handed.public = match sockets.take_unix_listener(index).ok().flatten() {
                        Some(listener) => {
                            let address = listener.local_addr().map_err(wrong)?;
                            let path = address.as_pathname().map(PathBuf::from).unwrap_or_default();
                            Some(Listener::Unix(listener, path))
                        }
                        None => sockets.take_tcp_listener(index).map_err(wrong)?.map(Listener::Tcp),
                    };
                }
                "admin" if handed.admin.is_none() => {
                    handed.admin = sockets.take_tcp_listener(index).map_err(wrong)?;
                }
                "internal" if handed.internal.is_none() => {
                    handed.internal = sockets.take_tcp_listener(index).map_err(wrong)?;
                }
                name => {
                    let known =
                        "one may be named http, one admin, one internal (FileDescriptorName= in a unit)";
                    return Err(format!("a socket was handed over as {name:?}; {known}"));
                }
            }
        }
        Ok(handed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_for_other_backends_is_at_loopback_also_when_handed_over() {
        let settings = Settings::load(None, [], &[]).unwrap();
        let bound = |address: &str| TcpListener::bind(address).unwrap();
        let listeners = |internal: &str| {
            let handed = HandedOver {
                public: Some(Listener::Tcp(bound("127.0.0.1:0"))),
                admin: Some(bound("127.0.0.1:0")),
                internal: Some(bound(internal)),
            };
            Listeners::of(&settings, handed)
        };
        assert!(listeners("127.0.0.1:0").unwrap().internal.is_some());
        assert!(listeners("0.0.0.0:0").unwrap_err().contains("loopback"));
    }
}
