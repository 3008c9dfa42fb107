//! Commands of `yibi-server` that run to their end.

use std::process::{Command, Stdio};

use crate::binary;

/// The result of a command.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A command with these settings alone, named as in the environment without `YIBI_`.
#[must_use]
pub fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary("yibi-server"));
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null());
    command.envs(settings.iter().map(|(name, value)| (format!("YIBI_{name}"), value)));
    command
}

/// Runs a command to its end.
#[must_use]
pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
    let output = command(arguments, settings).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
