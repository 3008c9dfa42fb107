//! The console's commands for scripts: JSON lines, exit codes, no terminal needed.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use yibi_common::admin::Change;
use yibi_common::sharing::Reason;

use crate::act::{Act, Body, words};
use crate::client::Client;
use crate::filter;
use crate::lists::{Kind, Row};
use crate::msg::ApiError;
use crate::profile::Place;
use crate::request::{Form, PAGE, PageRequest, Request};
use crate::text;
use crate::time::Clock;

/// The commands for scripts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether the server and what it depends on are ready
    Status,
    /// List sessions, the next to end first
    Sessions(ListArgs),
    /// List users, the newest first
    Users(ListArgs),
    /// List drawings, the one changed last first
    Drawings(ListArgs),
    /// Print what happens as JSON lines, until interrupted
    Events {
        /// JSON lines; there is no other form
        #[arg(long)]
        json: bool,
    },
    /// List what operators changed, the latest first
    Audit(ListArgs),
    /// List cases of the review queue, the most urgent first
    Reviews {
        /// Cases in this state
        #[arg(long, value_enum, default_value = "held")]
        state: StateArg,
        #[command(flatten)]
        args: ListArgs,
    },
    /// Decide on cases of the review queue
    Review {
        #[command(subcommand)]
        decision: Decision,
    },
    /// End sessions
    Revoke {
        /// The sessions' ids
        #[arg(required_unless_present = "user")]
        sessions: Vec<String>,
        /// All sessions of the user with this public id
        #[arg(long, conflicts_with = "sessions")]
        user: Option<String>,
        /// A JSON object for each, instead of words
        #[arg(long)]
        json: bool,
    },
    /// Write a drawing to a file, or to the standard output
    Export {
        /// The public id of the user
        user: String,
        /// The drawing's id
        drawing: String,
        /// The form
        #[arg(long, value_enum, default_value = "json")]
        form: FormArg,
        /// The file; the standard output when absent
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

/// The arguments of lists.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// As in the console, such as 'dialect:yibi ttl<5m'
    #[arg(long, default_value = "")]
    filter: String,
    /// Rows at most
    #[arg(long, default_value_t = 200)]
    limit: u64,
    /// From the other end
    #[arg(long)]
    reverse: bool,
    /// The order's name
    #[arg(long)]
    order: Option<String>,
    /// A JSON object a line, instead of columns parted by tabs
    #[arg(long)]
    json: bool,
}

/// The state of listed cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// Waiting for a decision
    Held,
    /// Passed by an operator
    Passed,
    /// Removed by an operator
    Removed,
    /// All of them
    All,
}

/// A decision on cases.
#[derive(Debug, Subcommand)]
pub enum Decision {
    /// Pass the content, which may then be shown
    Pass(CasesArgs),
    /// Remove the content
    Remove {
        /// The reason, which the author reads: 1 sexual, 2 unlawful, 3 abuse, 4 ads, 5 rights, 6 other
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=6))]
        reason: u8,
        #[command(flatten)]
        cases: CasesArgs,
    },
    /// Hold the content, hidden until a later decision
    Hold(CasesArgs),
}

/// The cases of a decision.
#[derive(Debug, Args)]
pub struct CasesArgs {
    /// The cases' ids
    #[arg(required = true)]
    ids: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    json: bool,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormArg {
    /// A picture of pixels
    Png,
    /// A picture of paths
    Svg,
    /// The drawing itself
    Json,
}

/// A failure, and its exit code.
type Failure = (ApiError, u8);

fn failure(error: ApiError) -> Failure {
    let code = match &error {
        ApiError::Failed(_) => 1,
        ApiError::Refused { .. } => 3,
        ApiError::Unreachable(_) => 4,
    };
    (error, code)
}

fn wrong(words: impl Into<String>) -> Failure {
    (ApiError::Failed(words.into()), 2)
}

/// Carries a command out; its exit code.
///
/// # Errors
/// The command failed.
pub async fn run(client: &Client, place: &Place, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Status => status(client).await,
        Command::Sessions(args) => list(client, Kind::Sessions, args).await,
        Command::Users(args) => list(client, Kind::Users, args).await,
        Command::Drawings(args) => list(client, Kind::Drawings, args).await,
        Command::Audit(args) => list(client, Kind::Audit, args).await,
        Command::Reviews { state, args } => list(client, Kind::Reviews, of_state(args, state)).await,
        Command::Review { decision } => {
            if place.read_only {
                return Err(wrong("read-only: nothing is changed"));
            }
            decide(client, decision).await
        }
        Command::Events { .. } => {
            let mut events = client.events().await.map_err(failure)?;
            loop {
                let data = events.next().await.map_err(failure)?;
                // A reader that has seen enough closes the pipe.
                if print(&data.replace('\n', " ")).is_err() {
                    return Ok(0);
                }
            }
        }
        Command::Revoke { sessions, user, json } => {
            if place.read_only {
                return Err(wrong("read-only: nothing is changed"));
            }
            revoke(client, sessions, user, json).await
        }
        Command::Export { user, drawing, form, output } => {
            let form = match form {
                FormArg::Png => Form::Png,
                FormArg::Svg => Form::Svg,
                FormArg::Json => Form::Json,
            };
            let bytes = client.file(&Request::Export { user, id: drawing, form }).await.map_err(failure)?;
            let written = match output {
                Some(file) => std::fs::write(file, bytes),
                None => io::stdout().write_all(&bytes),
            };
            written.map_err(|error| failure(ApiError::Failed(error.to_string())))?;
            Ok(0)
        }
    }
}

/// A line for the server and one for each dependency; 1 where one is not ready.
async fn status(client: &Client) -> Result<u8, Failure> {
    let (ready, report) = client.ready().await.map_err(failure)?;
    let mut out = io::stdout().lock();
    let mut line = |name: &str, state: Option<&Value>| {
        let state = state.and_then(Value::as_str).unwrap_or("unknown");
        let _ = writeln!(out, "{:<10} {}", text::clean(name), text::clean(state));
    };
    line("server", report.get("status"));
    for (name, state) in report.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
        line(name, Some(state));
    }
    Ok(u8::from(!ready))
}

async fn list(client: &Client, kind: Kind, args: ListArgs) -> Result<u8, Failure> {
    let parameters = filter::parse(&args.filter, kind.fields(), &Clock::system())
        .map_err(|error| wrong(error.to_string()))?;
    let order = match &args.order {
        None => 0,
        Some(name) => kind.orders().iter().position(|order| order.name == name).ok_or_else(|| {
            let names: Vec<&str> = kind.orders().iter().map(|order| order.name).collect();
            wrong(format!("no order {name}; there are: {}", names.join(", ")))
        })?,
    };
    let progress = io::stderr().is_terminal() && !io::stdout().is_terminal() && args.limit > u64::from(PAGE);
    let (mut printed, mut cursor) = (0, None);
    while printed < args.limit {
        let limit = u32::try_from(args.limit - printed).unwrap_or(PAGE).min(PAGE);
        let request =
            PageRequest { kind, parameters: parameters.clone(), order, reverse: args.reverse, cursor, limit };
        let page = client.page(&request).await.map_err(failure)?;
        for row in page.rows.iter().take(usize::try_from(args.limit - printed).unwrap_or(usize::MAX)) {
            let line = if args.json { row.json().to_string() } else { columns(row).join("\t") };
            match print(&line) {
                Ok(()) => printed += 1,
                // The reader has seen enough, as `head` does.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(error) => return Err(failure(ApiError::Failed(error.to_string()))),
            }
        }
        if progress {
            bar(printed, page.total.map_or(args.limit, |total| total.value.min(args.limit)));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if progress {
        let _ = writeln!(io::stderr());
    }
    Ok(0)
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A progress bar of forty steps on the terminal.
fn bar(done: u64, all: u64) {
    let steps = usize::try_from((done * 40).checked_div(all).unwrap_or(40).min(40)).unwrap_or(40);
    let line = format!("\r{}{} {done} of {all}", "█".repeat(steps), "░".repeat(40 - steps));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The columns of a row, safe to be shown on a terminal.
fn columns(row: &Row) -> Vec<String> {
    row.plain().into_iter().map(|cell| text::clean(cell).into_owned()).collect()
}

/// The arguments with the state in the filter, unless the filter names one itself.
fn of_state(mut args: ListArgs, state: StateArg) -> ListArgs {
    let word = match state {
        StateArg::Held => "state:held",
        StateArg::Passed => "state:passed",
        StateArg::Removed => "state:removed",
        StateArg::All => return args,
    };
    if !args.filter.split_whitespace().any(|part| part.starts_with("state:")) {
        args.filter = format!("{word} {}", args.filter);
    }
    args
}

/// Decides on cases one after the other.
async fn decide(client: &Client, decision: Decision) -> Result<u8, Failure> {
    let (change, body, cases) = match decision {
        Decision::Pass(cases) => (Change::PassCase, None, cases),
        Decision::Hold(cases) => (Change::HoldCase, None, cases),
        Decision::Remove { reason, cases } => {
            let reason = Reason::of(reason).ok_or_else(|| wrong("a reason is a number from 1 to 6"))?;
            (Change::RemoveCase, Some(Body::Reason(reason)), cases)
        }
    };
    let act = |id: String| {
        let (label, target) = (id.clone(), Some(id));
        Act { change, user: String::new(), target, body: body.clone(), label }
    };
    make(client, cases.ids.into_iter().map(act).collect(), cases.json).await
}

/// Makes changes one after the other.
async fn make(client: &Client, acts: Vec<Act>, json: bool) -> Result<u8, Failure> {
    for act in acts {
        client.ask(&Request::Act(act.clone())).await.map_err(failure)?;
        // Each outcome is printed at once, so that it is known where a later change fails.
        let line = if json {
            serde_json::json!({"change": act.change.name(), "id": act.id()}).to_string()
        } else {
            let all = if act.change == Change::RevokeSessions { "all sessions of " } else { "" };
            format!("{} {all}{}", outcome(act.change), act.id())
        };
        print(&line).map_err(|error| failure(ApiError::Failed(error.to_string())))?;
    }
    Ok(0)
}

fn outcome(change: Change) -> &'static str {
    match change {
        Change::RevokeSessions => "revoked",
        _ => words(change).done,
    }
}

async fn revoke(
    client: &Client,
    sessions: Vec<String>,
    user: Option<String>,
    json: bool,
) -> Result<u8, Failure> {
    let acts: Vec<Act> = match user {
        Some(user) => {
            vec![Act { change: Change::RevokeSessions, label: user.clone(), user, target: None, body: None }]
        }
        None => sessions
            .into_iter()
            .map(|id| Act {
                change: Change::RevokeSession,
                label: id.clone(),
                user: String::new(),
                target: Some(id),
                body: None,
            })
            .collect(),
    };
    make(client, acts, json).await
}
