//! The operator's console of yibi. So far it tells how a server is.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// The operator's side of a yibi server.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The server's admin listener
    #[arg(long, env = "YIBI_ADMIN_SERVER", default_value = "http://127.0.0.1:5758")]
    server: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say whether the server and what it depends on are ready
    Status,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Status => status(&cli.server).await,
    };
    match outcome {
        Ok(ready) => ExitCode::from(u8::from(!ready)),
        Err(error) => {
            // Nobody left to tell is no reason to fail otherwise.
            let _ = writeln!(std::io::stderr(), "yibi-admin: {}: {}", cli.server, error.without_url());
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for the server and one for each dependency; whether all are ready.
async fn status(server: &str) -> Result<bool, reqwest::Error> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
    let reply = http.get(format!("{}/readyz", server.trim_end_matches('/'))).send().await?;
    let ready = reply.status().is_success();
    let report: Value = reply.json().await?;
    let mut out = std::io::stdout().lock();
    let mut line = |name: &str, state: Option<&Value>| {
        let state = state.and_then(Value::as_str).unwrap_or("unknown");
        let _ = writeln!(out, "{name:<10} {state}");
    };
    line("server", report.get("status"));
    for (name, state) in report.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
        line(name, Some(state));
    }
    Ok(ready)
}
