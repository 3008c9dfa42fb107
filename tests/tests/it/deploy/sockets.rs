//! Listening addresses and health checks.

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::Command;

use yibi_tests::{App, Backend, TempDir, binary};

#[tokio::test]
async fn a_unix_socket_of_its_own() {
    let directory = TempDir::new();
    let path = directory.path().join("http.sock");
    // A stale socket file, as after a crash.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let group = std::fs::metadata(directory.path()).unwrap().gid().to_string();
    let further = [
        ("HTTP__LISTEN", listen.as_str()),
        ("HTTP__SOCKET_GROUP", &group),
        ("LIMITS__ADDRESS_FAILURES_BURST", "1"),
    ];
    let app = App::start_with(Backend::Embedded, &further);
    assert_eq!(app.public, format!("http://{listen}"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let ask = |head: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        write!(stream, "GET /api/v1/me HTTP/1.1\r\nhost: yibi\r\nconnection: close\r\n{head}\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    // Connections through the socket are trusted like those of a trusted proxy.
    for number in 0..5 {
        let reply =
            ask(&format!("x-forwarded-for: 198.51.100.{number}\r\nx-request-id: given-by-the-proxy\r\n"));
        assert!(reply.starts_with("HTTP/1.1 401 ") && reply.contains("given-by-the-proxy"), "{reply}");
    }
    let refused = (0..5).any(|_| ask("x-forwarded-for: 198.51.100.9\r\n").starts_with("HTTP/1.1 429 "));
    assert!(refused, "failures of one address are counted");

    let further = [("HTTP__LISTEN", listen.as_str())];
    let second = Command::new(binary("yibi-server"))
        .args(["serve", "--admin-listen", "127.0.0.1:0"])
        .env_clear()
        .envs(
            yibi_tests::server::settings(Backend::Embedded, &app.wechat, &directory.path().join("data"))
                .into_iter()
                .chain(further.map(|(name, value)| (name.to_owned(), value.to_owned())))
                .map(|(name, value)| (format!("YIBI_{name}"), value)),
        )
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another server listens on it"));
}

#[test]
fn sockets_that_mean_nothing_are_refused() {
    for (names, word) in [("https", "https"), ("http", "not a socket")] {
        // Descriptor 3 is a file.
        let script = "export LISTEN_PID=$$; exec \"$0\" settings 3</dev/null";
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(binary("yibi-server"))
            .env_clear()
            .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", names)])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn the_health_command_checks_a_server() {
    let mut app = App::start(Backend::Embedded);
    let health = |address: &str, more: &[&str]| {
        let mut command = Command::new(binary("yibi-server"));
        let output =
            command.args(["health", "--admin-listen", address]).args(more).env_clear().output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let address = app.admin.strip_prefix("http://").unwrap().to_owned();
    let (code, said) = health(&address, &[]);
    assert!(code == Some(0) && said.contains(r#""status":"ok""#), "{said}");
    let everywhere = address.replace("127.0.0.1", "0.0.0.0");
    let (code, said) = health(&everywhere, &["--ready"]);
    assert!(code == Some(0) && said.contains(r#""gallery":"ok""#), "{said}");
    // Another service replies at this address.
    assert_eq!(health(app.public.strip_prefix("http://").unwrap(), &[]).0, Some(1));
    assert_eq!(app.process().terminate(), Some(0));
    assert_eq!(health(&address, &[]).0, Some(1));
}
