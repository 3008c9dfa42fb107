//! `yibi-server check`: is everything there that a server needs, and if not, what to do.
//!
//! Nothing is changed, and nothing that a running server uses is locked: it may be asked beside one.

mod domain;
mod machine;
mod reach;
mod settings;
mod stores;
mod tls;
mod wechat;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

pub(crate) use self::machine::free_mib;
use crate::settings::Settings;

/// How a line of the check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but think about it.
    Warning,
    Error,
}

/// One line of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it came out.
    pub verdict: Verdict,
    /// What was looked at.
    pub what: &'static str,
    pub text: String,
    /// What to do about it, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_do: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, what, text: text.into(), to_do: None }
    }

    fn warning(what: &'static str, text: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, what, text: text.into(), to_do: Some(to_do.into()) }
    }

    fn error(what: &'static str, text: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { verdict: Verdict::Error, what, text: text.into(), to_do: Some(to_do.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Error => "error",
        };
        write!(f, "{verdict:<8} {:<12} {}", self.what, self.text)?;
        self.to_do.as_ref().map_or(Ok(()), |to_do| write!(f, ": {to_do}"))
    }
}

/// What a check is asked besides the settings.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A file of further roots (PEM) that the certificate may come from. Phones don't have them.
    pub ca: Option<PathBuf>,
    /// Where to ask for the certificate, instead of where the DNS says: for a machine that can't reach its own
    /// public address.
    pub at: Option<SocketAddr>,
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst of all lines.
    pub verdict: Verdict,
    pub lines: Vec<Finding>,
}

pub async fn check(settings: &Settings, options: &Options) -> Report {
    let mut lines = settings::look(settings);
    let (domain, stores, wechat) =
        tokio::join!(domain::look(settings, options), stores::look(settings), wechat::look(settings));
    lines.extend(domain);
    lines.extend(stores);
    lines.extend(reach::look(settings));
    lines.extend(wechat);
    lines.extend(machine::look(settings));
    let verdict = lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Ok);
    Report { verdict, lines }
}
