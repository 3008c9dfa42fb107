//! `yibi-server rehearse`

use std::time::Duration;

use clap::Args;
use yibi_server::rehearsal::rehearse;
use yibi_server::settings::Settings;

use crate::{Exit, Failure, chain, say};

/// The exit code is 0 when it gets ready. Databases are the real ones; of the embedded file a copy is made in
/// store.data_dir and removed afterwards. It listens on loopback, whatever the settings name; WeChat is not
/// asked.
#[derive(Args)]
pub(crate) struct RehearseArgs {
    /// How long it may take to get ready, in seconds
    #[arg(long, default_value_t = 60)]
    within: u64,
}

impl RehearseArgs {
    pub(crate) async fn run(
        &self,
        settings: Settings,
        stop: impl Future<Output = ()>,
    ) -> Result<Exit, Failure> {
        let rehearsed = rehearse(settings, Duration::from_secs(self.within), stop).await;
        let rehearsed = rehearsed.map_err(|error| (Exit::Failure, chain(&error)))?;
        let over = rehearsed.copied.map_or_else(String::new, |copied| {
            format!(", over a copy of {} users and {} drawings", copied.users, copied.drawings)
        });
        let (version, seconds) = (env!("CARGO_PKG_VERSION"), rehearsed.took.as_secs_f64());
        if !rehearsed.ready {
            let text =
                format!("{version} is not ready after {seconds:.1} s{over}: {}", rehearsed.health.text);
            return Err((Exit::Failure, text));
        }
        say(&format!("{version} is ready after {seconds:.1} s{over}"));
        Ok(Exit::Ok)
    }
}
