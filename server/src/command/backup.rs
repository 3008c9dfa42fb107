//! `yibi-server backup` and `yibi-server restore`

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;
use yibi_server::settings::Settings;
use yibi_server::store::sqlite::backup::{BackupError, Content, backup, verify};
use yibi_server::store::sqlite::{Restored, restore};

use crate::{Exit, Failure, chain, say};

/// It may run beside a server. The file holds no keys: keep sealing.key and signing.key of store.data_dir, or
/// the settings that name them, at another place.
#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The file
    file: PathBuf,
    /// Also restore it into a scratch file beside it, and look at everything in it
    #[arg(long)]
    verify: bool,
    /// Make no backup, and verify one that is there already
    #[arg(long)]
    existing: bool,
}

/// The backup is verified first; the server must not run. Say what it is to be restored into by
/// store.data_dir.
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
            self.report("made", content);
        }
        if self.verify || self.existing {
            let content = verify(&self.file).map_err(|error| failed(&error))?;
            self.report("verified", content);
        }
        let kept = kept_keys(settings);
        if !self.existing && !kept.is_empty() {
            let directory = settings.store.data_dir.display();
            say(&format!("not in it: {} of {directory}; keep a copy of them elsewhere", kept.join(" and ")));
        }
        Ok(Exit::Ok)
    }

    fn report(&self, done: &str, content: Content) {
        say(&format!("{done} {}: {}", self.file.display(), summary(content)));
    }
}

impl RestoreArgs {
    pub(crate) fn run(&self, settings: &Settings) -> Result<Exit, Failure> {
        let data_dir = &settings.store.data_dir;
        let restored = restore(data_dir, &self.file, self.replace).map_err(|error| failed(&error))?;
        say(&format!("restored into {}: {}", data_dir.display(), summary(restored.content)));
        report_carried(&restored);
        let missing: Vec<_> =
            kept_keys(settings).into_iter().filter(|name| !data_dir.join(name).exists()).collect();
        if !missing.is_empty() {
            say(&format!(
                "missing in {}: {}. Put the copies there before the server starts, or it makes new keys, and phone \
                 numbers stay sealed",
                data_dir.display(),
                missing.join(" and ")
            ));
        }
        Ok(Exit::Ok)
    }
}

fn report_carried(restored: &Restored) {
    let carried = &restored.carried;
    say("all sessions are ended: everybody signs in again");
    if carried.erased > 0 {
        say(&format!("erased again: {} users who had been erased since the backup", carried.erased));
    }
    match &restored.former {
        None => say(
            "no former database was there: blocks, pending erasures, review cases, orders and the audit log are as \
             old as the backup. Block again whom you have blocked since, and remove again what you have removed",
        ),
        Some(former) => {
            match &former.unreadable {
                None => say(&format!(
                    "carried over from the former database: {} blocks, {} pending erasures, {} ended or hidden shares, \
                     {} rooms, {} review cases, {} orders, {} entries of the audit log",
                    carried.blocks,
                    carried.erasures,
                    carried.shares,
                    carried.rooms,
                    carried.cases,
                    carried.orders,
                    carried.audit
                )),
                Some(why) => say(&format!(
                    "nothing could be carried over from the former database ({why}): blocks, pending erasures, \
                     review cases, orders and the audit log are as old as the backup. Block again whom you have blocked since, \
                     and remove again what you have removed"
                )),
            }
            say(&format!(
                "the former database is kept as {}, with everybody who is in it: remove it when you are content",
                former.kept.display()
            ));
        }
    }
}

/// Key files of the data directory that hold keys missing from the settings.
fn kept_keys(settings: &Settings) -> Vec<&'static str> {
    let keys = [("sealing.key", &settings.keys.sealing), ("signing.key", &settings.keys.signing)];
    keys.into_iter().filter(|(_, key)| key.expose_secret().is_empty()).map(|(name, _)| name).collect()
}

fn summary(content: Content) -> String {
    let Content { users, drawings, actions, shares, cases, miniprogram_codes, orders, audit } = content;
    format!(
        "{users} users, {drawings} drawings, {actions} actions, {shares} shares, {cases} review cases, \
         {miniprogram_codes} mini-program codes, {orders} orders, {audit} entries of the audit log"
    )
}

fn failed(error: &BackupError) -> Failure {
    (Exit::Failure, chain(error))
}
