//! The deploy kit: nginx, pm2, systemd, packages and monitoring. The tests run the files of `deploy/` with other ports
//! and paths.

mod containers;
mod load;
mod monitoring;
mod package;
mod restarts;
mod scripts;
mod site;
mod site_limits;
mod sockets;
mod through_nginx;
mod tls;
mod units;
mod upgrade;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A path in the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).canonicalize().unwrap()
}

/// A file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

/// A file of the repository with texts replaced; each text must occur.
fn edited(path: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(read(path), |text, (from, to)| {
        assert!(text.contains(from), "{path} has no {from:?}");
        text.replace(from, to)
    })
}

/// Standard output and standard error of a command; asserts its success.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text.into_owned()
}

/// A port that is currently free.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
