//! Which server, and as whom: flags, the environment, a file of profiles, or what is on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::client::Target;
use crate::model::Server;
use crate::theme::Palette;

/// Where a server listens by default.
const DEFAULT: &str = "http://127.0.0.1:5758";
/// The data directories looked at for a socket.
const DATA_DIRS: [&str; 3] = ["data", "data/dev", "/var/lib/yibi"];

/// What the command line says of it.
#[derive(Debug, Default, Args)]
pub struct Choice {
    /// The server's admin listener
    #[arg(long, global = true, env = "YIBI_ADMIN_SERVER")]
    server: Option<String>,
    /// The server's admin socket on this machine
    #[arg(long, global = true, conflicts_with = "server")]
    socket: Option<PathBuf>,
    /// A file with the token; YIBI_ADMIN_TOKEN may hold it instead
    #[arg(long, global = true, env = "YIBI_ADMIN_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// A profile of the configuration file ($XDG_CONFIG_HOME/yibi/admin.toml)
    #[arg(long, short, global = true, conflicts_with_all = ["server", "socket"])]
    profile: Option<String>,
    /// Forbid changes
    #[arg(long, global = true)]
    read_only: bool,
    /// The colours; those of the terminal's background where it says, else dark
    #[arg(long, global = true, value_enum, env = "YIBI_ADMIN_THEME")]
    pub theme: Option<ThemeArg>,
}

/// A set of colours by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// For a dark terminal
    Dark,
    /// For a light one
    Light,
    /// Without colours
    Monochrome,
}

impl From<ThemeArg> for Palette {
    fn from(name: ThemeArg) -> Self {
        match name {
            ThemeArg::Dark => Self::Dark,
            ThemeArg::Light => Self::Light,
            ThemeArg::Monochrome => Self::Monochrome,
        }
    }
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    profiles: BTreeMap<String, Profile>,
}

/// One server of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    server: Option<String>,
    socket: Option<PathBuf>,
    token_file: Option<PathBuf>,
    production: bool,
    read_only: bool,
}

/// A server to talk to.
pub struct Place {
    /// For the client.
    pub target: Target,
    /// For the header.
    pub server: Server,
    /// Whether changes are forbidden.
    pub read_only: bool,
}

impl Choice {
    /// The place that is meant.
    ///
    /// # Errors
    /// A profile or file that is not there, or not right.
    pub fn resolve(&self) -> Result<Place, String> {
        let profile = match &self.profile {
            Some(name) => read_profile(name)?,
            None => {
                Profile { server: self.server.clone(), socket: self.socket.clone(), ..Profile::default() }
            }
        };
        let nothing_said = profile.server.is_none() && profile.socket.is_none();
        let socket = match profile.socket {
            Some(socket) => Some(socket),
            None if nothing_said => find_socket(Path::new("")),
            None => None,
        };
        let base = match (&profile.server, &socket) {
            (Some(server), _) => server.trim_end_matches('/').to_owned(),
            (None, Some(_)) => "http://localhost".into(),
            (None, None) => DEFAULT.into(),
        };
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(format!("{base} is no URL; such as {DEFAULT}"));
        }
        let token = match self.token_file.as_ref().or(profile.token_file.as_ref()) {
            Some(file) => Some(read_token(file)?),
            None => match std::env::var("YIBI_ADMIN_TOKEN").ok().filter(|token| !token.is_empty()) {
                Some(token) => Some(token.trim().to_owned()),
                // Beside a server made for development its token is in its data directory.
                None if nothing_said && socket.is_none() => {
                    read_token(Path::new("data/dev/admin.token")).ok()
                }
                None => None,
            },
        };
        let label = match (&self.profile, &socket) {
            (Some(name), _) => name.clone(),
            (None, Some(socket)) if socket.ends_with("dev/admin.sock") => "local dev".into(),
            (None, Some(_)) => "local".into(),
            (None, None) => base.split("://").nth(1).unwrap_or(&base).to_owned(),
        };
        let server = Server {
            label,
            base: base.clone(),
            socket: socket.as_ref().map(|socket| socket.display().to_string()),
            production: profile.production,
        };
        Ok(Place {
            target: Target { base, socket, token },
            server,
            read_only: self.read_only || profile.read_only,
        })
    }
}

/// A live server's socket below a directory. A socket file alone is not enough: a server that was killed leaves
/// it behind.
fn find_socket(root: &Path) -> Option<PathBuf> {
    let configured = std::env::var_os("YIBI_STORE__DATA_DIR").map(PathBuf::from);
    let dirs = configured.into_iter().chain(DATA_DIRS.iter().map(|dir| root.join(dir)));
    dirs.map(|dir| dir.join("admin.sock"))
        .find(|socket| std::os::unix::net::UnixStream::connect(socket).is_ok())
}

fn read_token(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let token = text.trim();
    if token.is_empty() { Err(format!("{}: no token in it", file.display())) } else { Ok(token.to_owned()) }
}

fn read_profile(name: &str) -> Result<Profile, String> {
    let directory = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .ok_or("neither XDG_CONFIG_HOME nor HOME is set")?;
    let file = directory.join("yibi/admin.toml");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    pick(&text, name).map_err(|error| format!("{}: {error}", file.display()))
}

fn pick(text: &str, name: &str) -> Result<Profile, String> {
    let mut file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let names: Vec<String> = file.profiles.keys().cloned().collect();
    let profile = file
        .profiles
        .remove(name)
        .ok_or_else(|| format!("no profile {name}; there are: {}", names.join(", ")))?;
    match (&profile.server, &profile.socket) {
        (None, None) => Err(format!("profile {name} names neither a server nor a socket")),
        (Some(_), Some(_)) => Err(format!("profile {name} names a server and a socket")),
        _ => Ok(profile),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_picked_by_name() {
        let text = "[profiles.prod]\nserver = \"https://admin.example.com\"\nproduction = true\n[profiles.here]\nsocket = \"/run/a.sock\"\n";
        let prod = pick(text, "prod").unwrap();
        assert!(prod.production && !prod.read_only);
        assert_eq!(pick(text, "here").unwrap().socket.as_deref(), Some(Path::new("/run/a.sock")));
        assert_eq!(pick(text, "test").unwrap_err(), "no profile test; there are: here, prod");
        assert!(pick("[profiles.a]\n", "a").unwrap_err().contains("neither"));
        assert!(pick("[profiles.a]\ntoken = \"secret\"\n", "a").unwrap_err().contains("unknown field"));
    }

    #[test]
    fn a_server_that_is_named_is_the_one() {
        let choice =
            Choice { server: Some("https://a.example/".into()), read_only: true, ..Choice::default() };
        let place = choice.resolve().unwrap();
        assert_eq!(
            (place.target.base.as_str(), place.server.label.as_str()),
            ("https://a.example", "a.example")
        );
        assert!(place.read_only && place.target.socket.is_none());
        let wrong = Choice { server: Some("a.example".into()), ..Choice::default() };
        assert!(wrong.resolve().is_err());
    }
}
