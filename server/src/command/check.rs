//! `yibi-server check`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use yibi_server::check::{Options, Verdict, check};
use yibi_server::settings::Settings;

use crate::{Exit, say};

/// Ends with 0 when no line is an error (warnings are none), with 1 when one is, with 78 when the settings
/// can't be read.
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Print one JSON object instead: {"verdict", "lines": [{"verdict", "what", "text", "to_do"}]}
    #[arg(long)]
    json: bool,
    /// Further roots (PEM) that the certificate may come from; phones don't have them
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Ask for the certificate at this address instead of the one that the DNS tells
    #[arg(long, value_name = "ADDRESS:PORT")]
    at: Option<SocketAddr>,
}

impl CheckArgs {
    pub(crate) async fn run(self, settings: &Settings) -> Exit {
        let report = check(settings, &Options { ca: self.ca, at: self.at }).await;
        if self.json {
            // A report holds only texts, which always serialize.
            say(&serde_json::to_string(&report).unwrap_or_default());
        } else {
            report.lines.iter().for_each(|line| say(&line.to_string()));
        }
        if report.verdict == Verdict::Error { Exit::Failure } else { Exit::Ok }
    }
}
