//! `yibi-server` as an operator runs it in a shell, until it ends.

use std::process::{Command, Stdio};

use crate::binary;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: Option<i32>,
    /// What it said.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// A command with these settings and no others, named as in the environment without `YIBI_`.
#[must_use]
pub fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary("yibi-server"));
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null());
    command.envs(settings.iter().map(|(name, value)| (format!("YIBI_{name}"), value)));
    command
}

/// Runs it to its end.
#[must_use]
pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
    let output = command(arguments, settings).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
