//! The console's commands for scripts: JSON lines, exit codes, no terminal needed.

mod arguments;
mod changes;
mod export;
mod list;
mod manual;
mod orders;
mod rooms;
mod show;
mod status;

use std::io::{self, Write as _};

pub use arguments::{Command, describe};

use crate::client::Client;
use crate::lists::Kind;
use crate::msg::ApiError;
use crate::profile::Place;

/// A failure, and its exit code.
type Failure = (ApiError, u8);

/// The exit code of a command whose reader has seen enough, as `head` does.
const ENOUGH: u8 = 0;

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

/// The failure of a write, unless the reader has closed the pipe.
fn unless_closed(error: &io::Error) -> Result<u8, Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(ENOUGH);
    }
    Err(failure(ApiError::Failed(format!("the output can't be written: {error}"))))
}

/// Carries a command out; its exit code.
///
/// # Errors
/// The command failed.
pub async fn run(client: &Client, place: &Place, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Status { json } => status::run(client, place, json).await,
        Command::Overview { json } => show::overview(client, json).await,
        Command::Sessions(args) => list::run(client, Kind::Sessions, args).await,
        Command::Users(args) => list::run(client, Kind::Users, args).await,
        Command::Drawings(args) => list::run(client, Kind::Drawings, args).await,
        Command::Errors(args) => list::run(client, Kind::Errors, args).await,
        Command::Audit(args) => list::run(client, Kind::Audit, args).await,
        Command::Reviews { state, args } => list::run(client, Kind::Reviews, args.of_state(state)).await,
        Command::Review { decision } => changes::decide(client, place, decision).await,
        Command::Rooms { state, json } => rooms::list(client, state.name(), json).await,
        Command::Room { change } => changes::change_rooms(client, place, change).await,
        Command::Orders(args) => orders::run(client, args).await,
        Command::Order { change } => changes::order(client, place, change).await,
        Command::Show { what, json } => show::run(client, what, json).await,
        Command::Events { .. } => events(client).await,
        Command::Revoke(args) => changes::revoke(client, place, args).await,
        Command::ResetKey(args) => changes::reset_key(client, place, args).await,
        Command::Block(args) => changes::block(client, place, args, true).await,
        Command::Unblock(args) => changes::block(client, place, args, false).await,
        Command::Delete(args) => changes::delete(client, place, args, true).await,
        Command::Restore(args) => changes::delete(client, place, args, false).await,
        Command::Export(args) => export::run(client, args).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Manual { directory } => manual::pages(&directory),
    }
}

async fn events(client: &Client) -> Result<u8, Failure> {
    let mut events = client.events().await.map_err(failure)?;
    loop {
        let data = events.next().await.map_err(failure)?;
        if let Err(error) = print(&data.replace('\n', " ")) {
            return unless_closed(&error);
        }
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A remark for the operator, apart from the output.
fn note(words: &str) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "yibi-admin: {words}");
}
