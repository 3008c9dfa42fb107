//! `yibi-server check`: checks everything that a server needs, and says how to fix each fault.
//!
//! It changes nothing and locks nothing, so it may run beside a server.

mod domain;
mod machine;
mod pay;
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

/// Verdict of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The item is as it should be.
    Ok,
    /// The item works, but needs attention.
    Warning,
    Error,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Verdict of this line.
    pub verdict: Verdict,
    pub what: &'static str,
    pub text: String,
    /// Remedy, unless the verdict is `Ok`.
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

/// Options of a check besides the settings.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// File (PEM) of further roots that the certificate may chain to. Phones do not have them.
    pub ca: Option<PathBuf>,
    /// Address at which to fetch the certificate instead of the resolved one: for a machine that can't reach
    /// its own public address.
    pub at: Option<SocketAddr>,
}

/// All findings of a check.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst verdict of all findings.
    pub verdict: Verdict,
    pub lines: Vec<Finding>,
}

pub async fn check(settings: &Settings, options: &Options) -> Report {
    let mut lines = settings::look(settings);
    let (domain, stores, wechat, pay) = tokio::join!(
        domain::look(settings, options),
        stores::look(settings),
        wechat::look(settings),
        pay::look(settings)
    );
    lines.extend(domain);
    lines.extend(stores);
    lines.extend(reach::look(settings));
    lines.extend(wechat);
    lines.extend(pay);
    lines.extend(machine::look(settings));
    let verdict = lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Ok);
    Report { verdict, lines }
}
