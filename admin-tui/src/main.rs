//! The operator's console of yibi: a full-screen view of who is signed in and what they draw, and the same as
//! batch commands.

mod batch;
mod client;
mod filter;
mod keys;
mod model;
mod moment;
mod msg;
mod profile;
mod replay;
mod request;
mod row;
mod runtime;
mod text;
mod theme;
mod update;
mod view;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser;

use batch::Command;
use client::Client;
use model::Model;
use profile::{Choice, Place};
use runtime::End;
use theme::{Palette, Theme};

/// The operator's side of a yibi server: a full-screen console, or one command.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    /// Which server, and as whom
    #[command(flatten)]
    choice: Choice,
    /// What to do; the console where nothing is named
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Without --server, --socket or --profile the socket of a server on this machine is \
    used, or http://127.0.0.1:5758.\n\nExit codes: 0 done, 1 failed, 2 wrong arguments, 3 refused by the server, \
    4 no answer.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let place = match cli.choice.resolve() {
        Ok(place) => place,
        Err(error) => return complain(&error, 2),
    };
    let client = match Client::new(&place.target) {
        Ok(client) => client,
        Err(trouble) => return complain(&trouble.to_string(), 2),
    };
    match cli.command {
        None => console(client, &place, cli.choice.theme.map(Palette::from)).await,
        Some(command) => match batch::run(&client, &place, command).await {
            Ok(code) => ExitCode::from(code),
            Err((trouble, code)) => complain(&format!("{}: {trouble}", place.server.label), code),
        },
    }
}

async fn console(client: Client, place: &Place, palette: Option<Palette>) -> ExitCode {
    if !std::io::stdout().is_terminal() {
        return complain("the console needs a terminal; there are commands for scripts (--help)", 2);
    }
    let theme = Theme::from_environment(|name| std::env::var(name).ok());
    let theme = palette.map_or(theme, |palette| theme.with(palette));
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let model = Model::new(place.server.clone(), theme, place.read_only, size, runtime::now());
    match runtime::run(client, model).await {
        Ok(End::Quit) => ExitCode::SUCCESS,
        Ok(End::Signal(number)) => ExitCode::from(u8::try_from(128 + number).unwrap_or(1)),
        Err(error) => complain(&format!("the terminal: {error}"), 1),
    }
}

fn complain(words: &str, code: u8) -> ExitCode {
    // Nobody left to tell is no reason to fail otherwise.
    let _ = writeln!(std::io::stderr(), "yibi-admin: {}", text::clean(words));
    ExitCode::from(code)
}
