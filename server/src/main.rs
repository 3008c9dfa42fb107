//! The command line of `yibi-server`.

mod command;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use wechat_simulator::pay::{KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, PUBLIC_KEY_ID};
use wechat_simulator::{MiniProgram, Simulator};
use yibi_common::admin::Role;
use yibi_server::dev::Extras;
use yibi_server::listeners::{HandedOver, Listeners};
use yibi_server::settings::{self, DEFAULTS, Listen, Settings, SettingsError, is_operator_name};
use yibi_server::{Application, Mode, Ready, StartError, health, telemetry};

/// The server of yibi, a drawing mini-program: WeChat sessions, and every stroke of every drawing.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on loopback, with a simulated WeChat and nothing to install
    Dev {
        #[command(flatten)]
        common: Common,
        /// Serve phones on the local network, behind a path that can't be guessed
        #[arg(long)]
        lan: bool,
    },
    /// Production
    Serve {
        #[command(flatten)]
        common: Common,
    },
    /// Say line by line whether domain, certificate, stores, WeChat's credentials and machine are right
    Check {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        command: command::check::CheckArgs,
    },
    /// Start with these settings beside the server that is at work, say whether it gets ready, and end
    Rehearse {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        command: command::rehearse::RehearseArgs,
    },
    /// Write the embedded store into a file, while a server uses it
    Backup {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        command: command::backup::BackupArgs,
    },
    /// Put a backup of the embedded store back
    Restore {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        command: command::backup::RestoreArgs,
    },
    /// Move everything between the embedded file and MongoDB with Redis, or take over a server of 2016
    Migrate {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        command: command::migrate::MigrateArgs,
    },
    /// Ask the server on this machine whether it lives; the exit code is 0 when it does
    Health {
        #[command(flatten)]
        common: Common,
        /// Whether its stores answer, too, and it is not about to stop
        #[arg(long)]
        ready: bool,
    },
    /// A WeChat for development, alone
    Simulator {
        /// Where to listen
        #[arg(long, default_value = "127.0.0.1:5759")]
        listen: SocketAddr,
        /// Write the key files of its merchant at WeChat Pay into this directory
        #[arg(long, value_name = "DIRECTORY")]
        keys: Option<PathBuf>,
    },
    /// Make tokens of operators
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Print all settings with their defaults and what they mean
    Settings {
        #[command(flatten)]
        common: Common,
        /// Print the values in force and the source of each, without secrets
        #[arg(long)]
        effective: bool,
    },
    /// Write the manual pages and the completions of shells into a directory
    Manual { directory: PathBuf },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and say what to put into the settings, which hold its hash alone
    New {
        /// Whose it is, as the audit log will name the operator
        name: String,
        /// viewer looks; operator changes things, too; service is another backend, for the internal listener
        #[arg(long, value_enum)]
        role: RoleName,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Viewer,
    Operator,
    Service,
}

#[derive(Args)]
struct Common {
    /// A settings file in TOML
    #[arg(long, env = "YIBI_CONFIG")]
    config: Option<PathBuf>,
    /// Where to serve clients (http.listen)
    #[arg(long)]
    listen: Option<Listen>,
    /// Where to serve the operator (admin.listen)
    #[arg(long)]
    admin_listen: Option<SocketAddr>,
    /// Where the embedded store lies (store.data_dir)
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// How the process ends, as `sysexits.h` numbers it.
#[derive(Clone, Copy)]
enum Exit {
    Ok = 0,
    Failure = 1,
    Settings = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Settings => 78,
        })
    }
}

type Failure = (Exit, String);

fn main() -> ExitCode {
    // Before anything speaks TLS, and for all that do.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        say_error("another provider of cryptography is installed");
        return Exit::Failure.into();
    }
    let cli = Cli::parse();
    // Before there are threads: this takes variables out of the environment.
    let handed = match HandedOver::from_environment() {
        Ok(handed) => handed,
        Err(error) => {
            say_error(&error);
            return Exit::Settings.into();
        }
    };
    let runtime = actix_web::rt::System::new();
    match runtime.block_on(execute(cli.command, handed)) {
        Ok(exit) => exit.into(),
        Err((exit, message)) => {
            say_error(&message);
            exit.into()
        }
    }
}

async fn execute(command: Command, handed: HandedOver) -> Result<Exit, Failure> {
    match command {
        Command::Dev { common, lan } => command::dev::develop(common.settings_for_development()?, lan).await,
        Command::Serve { common } => {
            let settings = common.fit_to_serve()?;
            telemetry::init(&settings.log);
            let listeners = Listeners::of(&settings, handed).map_err(|error| (Exit::Failure, error))?;
            serve(&settings, listeners, None, |_| ()).await
        }
        Command::Rehearse { common, command } => {
            let settings = common.fit_to_serve()?;
            telemetry::init(&settings.log);
            let stop = stop_signal()?;
            let mut gone = signal(SignalKind::hangup()).map_err(no_signal)?;
            let stop = async {
                // Also when the operator's connection ends.
                tokio::select! {
                    () = stop => {}
                    _ = gone.recv() => {}
                }
            };
            command.run(settings, stop).await
        }
        Command::Check { common, command } => Ok(command.run(&common.settings()?).await),
        Command::Backup { common, command } => command.run(&common.settings()?),
        Command::Restore { common, command } => command.run(&common.settings()?),
        Command::Migrate { common, command } => command.run(&common.settings()?).await,
        Command::Health { common, ready } => ask_health(&common.settings()?, ready),
        Command::Simulator { listen, keys } => simulate(listen, keys).await,
        Command::Token { command: TokenCommand::New { name, role } } => new_token(&name, role),
        Command::Manual { directory } => {
            let written = command::manual::write(&Cli::command(), &directory);
            written.map_err(|error| (Exit::Failure, format!("{}: {error}", directory.display())))?;
            Ok(Exit::Ok)
        }
        Command::Settings { common, effective } => {
            say(if effective { common.effective()? } else { DEFAULTS.to_owned() }.trim_end());
            Ok(Exit::Ok)
        }
    }
}

impl Common {
    fn fit_to_serve(self) -> Result<Settings, Failure> {
        let settings = self.settings()?;
        settings.fit_to_serve().map_err(|unfit| (Exit::Settings, unfit.to_string()))?;
        if let Some(journal) = yibi_server::migrate::unfinished(&settings.store.data_dir) {
            let text = format!("{}: a move was begun and is not finished; run it again", journal.display());
            return Err((Exit::Failure, text));
        }
        Ok(settings)
    }

    fn settings(self) -> Result<Settings, Failure> {
        Settings::load(self.config.as_deref(), environment(), &self.flags()).map_err(unusable)
    }

    fn settings_for_development(self) -> Result<Settings, Failure> {
        Settings::load_for_development(self.config.as_deref(), environment(), &self.flags()).map_err(unusable)
    }

    /// The settings in force, as text.
    fn effective(self) -> Result<String, Failure> {
        settings::effective(self.config.as_deref(), environment(), &self.flags()).map_err(unusable)
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let mut flags = Vec::new();
        flags.extend(self.listen.as_ref().map(|address| ("http.listen", address.to_string())));
        flags.extend(self.admin_listen.map(|address| ("admin.listen", address.to_string())));
        flags.extend(self.data_dir.as_ref().map(|path| ("store.data_dir", path.display().to_string())));
        flags
    }
}

fn environment() -> Vec<(String, String)> {
    let variables = std::env::vars_os();
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err takes it")]
fn unusable(error: SettingsError) -> Failure {
    (Exit::Settings, error.to_string())
}

async fn serve(
    settings: &Settings,
    listeners: Listeners,
    extras: Option<Extras>,
    ready: impl FnOnce(Ready),
) -> Result<Exit, Failure> {
    let stop = stop_signal()?;
    let failed = |error: StartError| (Exit::Failure, chain(&error));
    let application = Application::build(settings, listeners, extras, Mode::Normal).map_err(failed)?;
    application.run_until_stopped(ready, stop).await.map(|()| Exit::Ok).map_err(failed)
}

/// Prints what the server says of itself.
fn ask_health(settings: &Settings, ready: bool) -> Result<Exit, Failure> {
    let path = if ready { "/readyz" } else { "/healthz" };
    let listen = settings.admin.listen;
    let health = health::ask(listen, path).map_err(|error| (Exit::Failure, format!("{listen}: {error}")))?;
    say(&health.text);
    Ok(if health.good { Exit::Ok } else { Exit::Failure })
}

/// A token for an operator: shown once, and kept nowhere.
fn new_token(name: &str, role: RoleName) -> Result<Exit, Failure> {
    if !is_operator_name(name) || name == "admin" {
        let rule = "a name is 1 to 64 of A-Z a-z 0-9 . _ -, and \"admin\" is the one of admin.token";
        return Err((Exit::Settings, rule.to_owned()));
    }
    let role = match role {
        RoleName::Viewer => Role::Viewer,
        RoleName::Operator => Role::Operator,
        RoleName::Service => Role::Service,
    };
    let (token, sha256) = yibi_server::admin::new_token();
    say(&format!(
        "# For {name}; it is shown this once:\n# {token}\n\n# For the settings file of every server:"
    ));
    say(&format!("[[admin.tokens]]\nname = \"{name}\"\nrole = \"{role}\"\nsha256 = \"{sha256}\""));
    Ok(Exit::Ok)
}

async fn simulate(listen: SocketAddr, keys: Option<PathBuf>) -> Result<Exit, Failure> {
    if !listen.ip().is_loopback() {
        return Err((Exit::Settings, format!("{listen}: the simulator listens on loopback only")));
    }
    if let Some(directory) = keys {
        let failed = |error: std::io::Error| (Exit::Failure, format!("{}: {error}", directory.display()));
        KeyFiles::write(&directory).map_err(failed)?;
    }
    let failed = |error: std::io::Error| (Exit::Failure, format!("{listen}: {error}"));
    let listener = TcpListener::bind(listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let app = MiniProgram::development();
    say(&format!("listening on http://{address} for app {}", app.id));
    say(&format!("merchant {MERCHANT_ID}, serial {MERCHANT_SERIAL}, {PUBLIC_KEY_ID}"));
    let apps = vec![app, MiniProgram::second_development()];
    Simulator::new(apps).run(listener, stop_signal()?).await.map_err(failed)?;
    Ok(Exit::Ok)
}

/// Completes at the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err takes it")]
fn no_signal(error: std::io::Error) -> Failure {
    (Exit::Failure, format!("signals can't be handled: {error}"))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// A line on standard output; that nobody reads it is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "yibi-server: {line}");
}
