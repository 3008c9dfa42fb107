//! Notifies systemd, or another supervisor that sets `NOTIFY_SOCKET`, of the server's state. See
//! `sd_notify(3)`.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// State that is reported to the supervisor.
#[derive(Debug, Clone, Copy)]
pub enum State {
    Ready,
    /// The server finishes requests in flight and then exits.
    Stopping,
}

/// Reports the state to the supervisor, if there is one. A failed report does not stop the server.
pub fn tell(state: State) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let text = match state {
        State::Ready => "READY=1",
        State::Stopping => "STOPPING=1",
    };
    if let Err(error) = send(socket.as_bytes(), text) {
        tracing::warn!(%error, "the supervisor can't be told {text}");
    }
}

fn send(socket: &[u8], text: &str) -> io::Result<()> {
    // A leading @ stands for the zero byte that begins a name in the abstract namespace.
    let address = match socket.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(socket))?,
    };
    UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supervisor_is_told_by_path_or_by_name() {
        let name = format!("yibi-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let named = SocketAddr::from_abstract_name(&name).unwrap();
        let by_name = UnixDatagram::bind_addr(&named).unwrap();
        let by_path = UnixDatagram::bind(&path).unwrap();
        send(format!("@{name}").as_bytes(), "READY=1").unwrap();
        send(path.as_os_str().as_bytes(), "STOPPING=1").unwrap();
        std::fs::remove_file(&path).unwrap();
        for (socket, text) in [(by_name, "READY=1"), (by_path, "STOPPING=1")] {
            let mut bytes = [0; 32];
            let length = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], text.as_bytes());
        }
        assert!(send(b"/no/such/socket", "READY=1").is_err());
    }
}
