//! `yibi-server migrate`

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret;
use yibi_server::migrate::weapp::{TakenOver, take_over};
use yibi_server::migrate::{End, MigrateError, Progress, migrate};
use yibi_server::settings::Settings;
use yibi_server::store::mongo::MongoGallery;
use yibi_server::store::sqlite::SqliteStore;

use crate::{Exit, Failure, chain, say, say_error};

/// Servers on either end have to be stopped. What was interrupted goes on from where it was when the same is
/// said again; the source is left as it is.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MigrateArgs {
    /// Where everything is now
    #[arg(long, value_enum, required = true)]
    from: Option<EndName>,
    /// Where it is to be: an end that is empty
    #[arg(long, value_enum, required = true)]
    to: Option<EndName>,
    #[command(subcommand)]
    source: Option<Source>,
}

#[derive(Clone, Copy, ValueEnum)]
enum EndName {
    /// The file in store.data_dir
    Embedded,
    /// MongoDB and Redis, as store.mongodb_uri and store.redis_url name them
    Shared,
}

#[derive(Subcommand)]
enum Source {
    /// Take over the drawings of a server of 2016, as `mongoexport` wrote its collection `paints`
    Weapp {
        /// The file, one JSON object a line; - for standard input
        file: PathBuf,
        /// Whose users they are, where the settings name several mini-programs
        #[arg(long)]
        app_id: Option<String>,
    },
}

impl From<EndName> for End {
    fn from(name: EndName) -> Self {
        match name {
            EndName::Embedded => Self::Embedded,
            EndName::Shared => Self::Shared,
        }
    }
}

impl MigrateArgs {
    pub(crate) async fn run(self, settings: &Settings) -> Result<Exit, Failure> {
        match (self.source, self.from, self.to) {
            (Some(Source::Weapp { file, app_id }), _, _) => weapp(settings, &file, app_id).await,
            (None, Some(from), Some(to)) => everything(settings, from.into(), to.into()).await,
            (None, _, _) => Err((Exit::Settings, "--from and --to are needed".to_owned())),
        }
    }
}

async fn everything(settings: &Settings, from: End, to: End) -> Result<Exit, Failure> {
    let mut bar = Bar::default();
    let moved = migrate(settings, from, to, &mut bar).await;
    bar.end();
    let moved = moved.map_err(|error| {
        let exit = if matches!(error, MigrateError::Settings(_)) { Exit::Settings } else { Exit::Failure };
        (exit, chain(&error))
    })?;
    say(&format!(
        "moved and compared: {} users, {} drawings, {} shares, {} review cases, {} mini-program codes, \
         {} orders, {} entries of the audit log, {} sessions\nsha256 of both sides: {}",
        moved.tally.users,
        moved.tally.drawings,
        moved.tally.shares,
        moved.tally.cases,
        moved.tally.miniprogram_codes,
        moved.tally.orders,
        moved.tally.audit,
        moved.sessions,
        moved.sum
    ));
    // A later erasure does not reach the source.
    let source = match from {
        End::Embedded => {
            format!("{} and its -wal and -shm", settings.store.data_dir.join("yibi.sqlite3").display())
        }
        End::Shared => format!("the database {}", settings.store.mongodb_database),
    };
    say(&format!(
        "once the new store is in use, remove the old one, which still holds everybody's data: {source}"
    ));
    Ok(Exit::Ok)
}

async fn weapp(settings: &Settings, file: &PathBuf, app_id: Option<String>) -> Result<Exit, Failure> {
    let app_id = app_id.unwrap_or_else(|| settings.wechat.app_id.clone());
    if !settings.apps().any(|app| app.app_id == app_id) {
        let text = "set wechat.app_id, or name one of wechat.apps by --app-id";
        return Err((Exit::Settings, text.to_owned()));
    }
    let failed = |error: &dyn std::error::Error| (Exit::Failure, chain(error));
    let lines: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(stdin().lock())
    } else {
        let opened = File::open(file);
        Box::new(BufReader::new(
            opened.map_err(|error| (Exit::Failure, format!("{}: {error}", file.display())))?,
        ))
    };
    let told = |number: u64, why: &str| say_error(&format!("line {number} is left out: {why}"));
    let store = &settings.store;
    let uri = store.mongodb_uri.expose_secret();
    let taken = if uri.is_empty() {
        let embedded = SqliteStore::open(&store.data_dir).map_err(|error| failed(&error))?;
        let taken = take_over(&app_id, lines, &embedded, told).await;
        let _ = tokio::task::spawn_blocking(move || embedded.close()).await;
        taken
    } else {
        let mongo = MongoGallery::connect(uri, &store.mongodb_database).map_err(|error| failed(&error))?;
        take_over(&app_id, lines, &mongo, told).await
    };
    let TakenOver { read, added, changed, known, left_out, leaving } =
        taken.map_err(|error| failed(&error))?;
    say(&format!(
        "{read} read: {added} added, {changed} changed, {known} known, {left_out} left out, {leaving} of users who are leaving"
    ));
    Ok(Exit::Ok)
}

/// A progress bar on a terminal; no output elsewhere.
#[derive(Default)]
struct Bar(Option<ProgressBar>);

impl Bar {
    fn end(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish();
        }
    }
}

impl Progress for Bar {
    fn begins(&mut self, part: &'static str, all: u64, done: u64) {
        self.end();
        let style = ProgressStyle::with_template("{msg:10} {bar:30} {human_pos}/{human_len} {eta}");
        let bar = ProgressBar::new(all).with_message(part).with_position(done);
        if let Ok(style) = style {
            bar.set_style(style);
        }
        self.0 = Some(bar);
    }

    fn done(&mut self, count: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(count);
        }
    }
}
