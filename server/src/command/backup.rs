//! `yibi-server backup` and `yibi-server restore`

use std::path::PathBuf;

use clap::Args;
use yibi_server::settings::Settings;
use yibi_server::store::sqlite::backup::{BackupError, Content, backup, restore, verify};

use crate::{Exit, Failure, chain, say};

/// It may run beside a server. The file holds no keys: keep sealing.key and signing.key of store.data_dir, or the
/// settings that name them, at another place.
#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The file
    file: PathBuf,
    /// Also restore it into a scratch file beside it, and look at everything in it
    #[arg(long)]
    verify: bool,
    /// Look at a backup that is there already, and make none
    #[arg(long, requires = "verify")]
    existing: bool,
}

/// The backup is verified first; the server must not run. Say what it is to be restored into by store.data_dir.
#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Put it in the place of the database that is there, which is kept under another name
    #[arg(long)]
    replace: bool,
}

impl BackupArgs {
    pub(crate) fn run(&self, settings: &Settings) -> Result<Exit, Failure> {
        if !self.existing {
            let content = backup(&settings.store.data_dir, &self.file).map_err(|error| failed(&error))?;
            told("made", self, content);
        }
        if self.verify {
            let content = verify(&self.file).map_err(|error| failed(&error))?;
            told("verified", self, content);
        }
        Ok(Exit::Ok)
    }
}

fn told(what: &str, args: &BackupArgs, content: Content) {
    say(&format!("{what} {}: {}", args.file.display(), shown(content)));
}

impl RestoreArgs {
    pub(crate) fn run(&self, settings: &Settings) -> Result<Exit, Failure> {
        let content =
            restore(&settings.store.data_dir, &self.file, self.replace).map_err(|error| failed(&error))?;
        say(&format!("restored into {}: {}", settings.store.data_dir.display(), shown(content)));
        Ok(Exit::Ok)
    }
}

fn shown(content: Content) -> String {
    let Content { users, drawings, actions, audit } = content;
    format!("{users} users, {drawings} drawings, {actions} actions, {audit} entries of the audit log")
}

fn failed(error: &BackupError) -> Failure {
    (Exit::Failure, chain(&error))
}
