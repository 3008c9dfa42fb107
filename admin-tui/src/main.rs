//! The operator's console of yibi: a full-screen terminal interface, and batch commands for scripts.

mod act;
mod batch;
mod client;
mod filter;
mod keys;
mod layout;
mod lists;
mod model;
mod msg;
mod profile;
mod replay;
mod request;
mod runtime;
mod subject;
mod text;
mod theme;
mod time;
mod update;
mod view;
mod views;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use batch::Command;
use client::Client;
use model::Model;
use profile::{Choice, Config, Marker};
use runtime::End;
use theme::{Palette, Theme};
use time::Clock;

/// The operator's side of a yibi server: a full-screen console, or one command
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    choice: Choice,
    /// The command; without one, the console opens
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Without --server, --socket or --profile the socket of a server on this machine is \
    used, or http://127.0.0.1:5758.\n\nExit codes: 0 done, 1 failed, 2 wrong arguments, 3 refused by the server \
    or read-only, 4 no answer.";

/// Terminals without the control sequences of the console.
const INCAPABLE: [&str; 5] = ["", "dumb", "unknown", "vt52", "vt100"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::from_arg_matches(&command_line().get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let choice = cli.choice.with_environment(|name| std::env::var(name).ok());
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let config = match Config::read() {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    let Some(command) = cli.command else { return console(choice, &config).await };
    let connected = choice.resolve(&config).and_then(|place| {
        let client = Client::new(&place.target).map_err(|error| error.to_string())?;
        Ok((place, client))
    });
    let (place, client) = match connected {
        Ok(connected) => connected,
        Err(error) => return fail(&error, 2),
    };
    match batch::run(&client, &place, command).await {
        Ok(code) => ExitCode::from(code),
        Err((error, code)) => {
            let socket = place.server.socket.as_deref().map(|socket| format!(" ({socket})"));
            let label = format!("{}{}", place.server.label, socket.unwrap_or_default());
            fail(&format!("{label}: {}", text::clean(&error.to_string())), code)
        }
    }
}

/// The definition of the command line, for parsing, the manual pages and the completions.
fn command_line() -> clap::Command {
    batch::describe(Cli::command())
}

/// Runs the console until it ends, with one server after the other.
async fn console(mut choice: Choice, config: &Config) -> ExitCode {
    if !std::io::stdout().is_terminal() {
        return fail("the console needs a terminal; there are commands for scripts (--help)", 2);
    }
    let terminal = std::env::var("TERM").unwrap_or_default();
    if INCAPABLE.contains(&terminal.as_str()) {
        let words =
            format!("this terminal can't show the console; use yibi-admin … --json (TERM=\"{terminal}\")");
        return fail(&words, 2);
    }
    let chosen = choice.theme.or(config.theme);
    let mut theme = Theme::from_environment(|name| std::env::var(name).ok());
    theme = chosen.map_or(theme, |chosen| theme.with(Palette::from(chosen)));
    theme.ascii = choice.ascii || config.ascii;
    let mut mouse = config.mouse;
    runtime::watch_terminal();
    loop {
        let place = match choice.resolve(config) {
            Ok(place) => place,
            Err(error) => return fail(&error, 2),
        };
        let client = match Client::new(&place.target) {
            Ok(client) => client,
            Err(error) => return fail(&error.to_string(), 2),
        };
        let size = runtime::size();
        let mut model = Model::new(place.server, theme, place.read_only, size, &Clock::system());
        model.mouse = mouse;
        model.braille = config.marker == Marker::Braille;
        model.profiles = config.profiles();
        let end = runtime::run(client, &mut model).await;
        (theme, mouse) = (model.theme, model.mouse);
        match end {
            Ok(End::Quit) => return ExitCode::SUCCESS,
            Ok(End::Switch(name)) => choice = choice.with_profile(&name),
            Ok(End::Signal(number)) => {
                if model.work.due.is_some() {
                    let what = model.work.queue.iter().map(|act| act.label.as_str()).collect::<Vec<_>>();
                    fail(&format!("waiting changes were not made: {}", what.join(", ")), 1);
                }
                return ExitCode::from(u8::try_from(128 + number).unwrap_or(1));
            }
            Err(error) => return fail(&format!("the terminal: {error}"), 1),
        }
    }
}

/// Reports a failure on the standard error. Line breaks stay: untrusted parts are cleaned by the callers.
fn fail(words: &str, code: u8) -> ExitCode {
    let lines: Vec<_> = words.lines().map(text::clean).collect();
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "yibi-admin: {}", lines.join("\n"));
    ExitCode::from(code)
}
