//! The server to connect to, and the credentials: flags, the environment, the configuration file, or a server on
//! this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::client::Target;
use crate::keys::{self, OwnKeys};
use crate::model::Server;
use crate::theme::Palette;

/// The URL of a server with default settings.
const DEFAULT: &str = "http://127.0.0.1:5758";
/// The data directories in which a socket is looked for.
const DATA_DIRS: [&str; 3] = ["data", "data/dev", "/var/lib/yibi"];

const CONNECTION: &str = "Connection";
const CONSOLE: &str = "Console";

/// The variables of the environment that choose a server.
#[derive(Debug, Clone, Default)]
struct Environment {
    server: Option<String>,
    token_file: Option<PathBuf>,
}

/// The flags that choose a server.
#[derive(Debug, Clone, Default, Args)]
pub struct Choice {
    /// The URL of the server's admin listener [env: YIBI_ADMIN_SERVER]
    #[arg(long, value_name = "URL", global = true, help_heading = CONNECTION)]
    server: Option<String>,
    /// The server's admin socket on this machine
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "server", help_heading = CONNECTION)]
    socket: Option<PathBuf>,
    /// A file with the token [env: YIBI_ADMIN_TOKEN_FILE; YIBI_ADMIN_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE", global = true, help_heading = CONNECTION)]
    token_file: Option<PathBuf>,
    /// A profile of the configuration file ($XDG_CONFIG_HOME/yibi/admin.toml)
    #[arg(
        long,
        short,
        value_name = "NAME",
        global = true,
        conflicts_with_all = ["server", "socket"],
        help_heading = CONNECTION
    )]
    profile: Option<String>,
    /// Forbid changes
    #[arg(long, global = true, help_heading = CONNECTION)]
    read_only: bool,
    /// Colour theme (default: by the terminal's background)
    #[arg(long, global = true, value_enum, env = "YIBI_ADMIN_THEME", help_heading = CONSOLE)]
    pub theme: Option<ThemeArg>,
    /// Draw lines and marks in ASCII, as for terminals that show them two columns wide
    #[arg(long, global = true, help_heading = CONSOLE)]
    pub ascii: bool,
    /// The environment's server and file with the token. A flag wins over them.
    #[arg(skip)]
    environment: Environment,
}

/// The name of a palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeArg {
    /// For a dark terminal
    Dark,
    /// For a light terminal
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

/// How drawings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    #[default]
    HalfBlock,
    Braille,
}

/// The configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub theme: Option<ThemeArg>,
    pub mouse: bool,
    /// Whether lines and marks are ASCII.
    pub ascii: bool,
    pub marker: Marker,
    /// Other keys for commands.
    keys: OwnKeys,
    /// The profile that is used where no flag or variable names a server.
    profile: Option<String>,
    profiles: BTreeMap<String, Profile>,
}

/// A server in the configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    server: Option<String>,
    socket: Option<PathBuf>,
    token_file: Option<PathBuf>,
    production: bool,
    read_only: bool,
}

/// A server to connect to.
pub struct Place {
    pub target: Target,
    pub server: Server,
    pub read_only: bool,
}

impl Config {
    /// Reads the configuration file; without one, everything has its default.
    ///
    /// # Errors
    /// The file is unreadable or invalid.
    pub fn read() -> Result<Self, String> {
        let directory = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
        let Some(directory) = directory else { return Ok(Self::default()) };
        let file = directory.join("yibi/admin.toml");
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let config: Self =
                    toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
                keys::install(&config.keys).map_err(|error| format!("{}: {error}", file.display()))?;
                Ok(config)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    /// The names of all profiles.
    pub fn profiles(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    fn pick(&self, name: &str) -> Result<Profile, String> {
        let profile = self.profiles.get(name).ok_or_else(|| match self.profiles().join(", ") {
            names if names.is_empty() => format!("no profile {name}: admin.toml has no profiles"),
            names => format!("no profile {name}; there are: {names}"),
        })?;
        match (&profile.server, &profile.socket) {
            (None, None) => Err(format!("profile {name} names neither a server nor a socket")),
            (Some(_), Some(_)) => Err(format!("profile {name} names a server and a socket")),
            _ => Ok(profile.clone()),
        }
    }
}

impl Choice {
    /// The same choice with the variables of an environment.
    pub fn with_environment(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let (server, token_file) = (set("YIBI_ADMIN_SERVER"), set("YIBI_ADMIN_TOKEN_FILE"));
        let environment = Environment { server, token_file: token_file.map(PathBuf::from) };
        Self { environment, ..self }
    }

    /// The same choice with the server of a profile.
    pub fn with_profile(&self, name: &str) -> Self {
        Self { server: None, socket: None, token_file: None, profile: Some(name.to_owned()), ..self.clone() }
    }

    /// The server's URL: the flag's, or the environment's where no flag names a server.
    fn server(&self) -> Option<&String> {
        let flagged = self.socket.is_some() || self.profile.is_some();
        self.server.as_ref().or(self.environment.server.as_ref().filter(|_| !flagged))
    }

    /// The file with the token. A profile's own wins over the environment's if a flag has named the profile.
    fn token_file<'a>(&'a self, profile: &'a Profile) -> Option<&'a PathBuf> {
        let (ours, theirs) = (profile.token_file.as_ref(), self.environment.token_file.as_ref());
        let other = if self.profile.is_some() { ours.or(theirs) } else { theirs.or(ours) };
        self.token_file.as_ref().or(other)
    }

    /// Finds the server to connect to.
    ///
    /// # Errors
    /// The profile or a file is missing or invalid.
    pub fn resolve(&self, config: &Config) -> Result<Place, String> {
        let (named, server) = (self.profile.as_ref(), self.server());
        let name = match (named, server.is_none() && self.socket.is_none()) {
            (Some(name), _) => Some(name),
            (None, true) => config.profile.as_ref(),
            (None, false) => None,
        };
        let profile = match name {
            Some(name) => config.pick(name)?,
            None => Profile { server: server.cloned(), socket: self.socket.clone(), ..Profile::default() },
        };
        let nothing_said = profile.server.is_none() && profile.socket.is_none();
        let socket = match &profile.socket {
            Some(socket) => Some(socket.clone()),
            None if nothing_said => find_socket(Path::new("")),
            None => None,
        };
        let base = match (&profile.server, &socket) {
            (Some(server), _) => server.trim_end_matches('/').to_owned(),
            (None, Some(_)) => "http://localhost".into(),
            (None, None) => DEFAULT.into(),
        };
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(format!("\"{base}\" is not a URL; write {DEFAULT}"));
        }
        let (token, token_source) = self
            .token(&profile, nothing_said && socket.is_none())?
            .map_or((None, None), |(token, source)| (Some(token), Some(source)));
        let label = match (name, &socket) {
            (Some(name), _) => name.clone(),
            (None, Some(socket)) if socket.ends_with("dev/admin.sock") => "local dev".into(),
            (None, Some(_)) => "local".into(),
            (None, None) => base.split("://").nth(1).unwrap_or(&base).to_owned(),
        };
        // A copied curl command has to work in every directory.
        let shown =
            socket.as_ref().map(|socket| std::path::absolute(socket).unwrap_or_else(|_| socket.clone()));
        let server = Server {
            label,
            base: base.clone(),
            socket: shown.map(|socket| socket.display().to_string()),
            token_source,
            production: profile.production,
        };
        Ok(Place {
            target: Target { base, socket, token },
            server,
            read_only: self.read_only || profile.read_only,
        })
    }

    /// The token and its source.
    fn token(&self, profile: &Profile, beside: bool) -> Result<Option<(String, String)>, String> {
        if let Some(file) = self.token_file(profile) {
            return Ok(Some((read_token(file)?, file.display().to_string())));
        }
        if let Some(token) = std::env::var("YIBI_ADMIN_TOKEN").ok().filter(|token| !token.is_empty()) {
            return Ok(Some((token.trim().to_owned(), "YIBI_ADMIN_TOKEN".to_owned())));
        }
        // `yibi-server dev` leaves its token in its data directory.
        let file = Path::new("data/dev/admin.token");
        let token = if beside { read_token(file).ok() } else { None };
        Ok(token.map(|token| (token, file.display().to_string())))
    }
}

/// The socket of a running server below a directory. A server that was killed leaves its socket behind, so a
/// connection is tried.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn profiles_are_picked_by_name() {
        let text = "[profiles.prod]\nserver = \"https://admin.example.com\"\nproduction = true\n[profiles.here]\nsocket = \"/run/a.sock\"\n";
        let two = config(text).unwrap();
        let prod = two.pick("prod").unwrap();
        assert!(prod.production && !prod.read_only);
        assert_eq!(two.pick("here").unwrap().socket.as_deref(), Some(Path::new("/run/a.sock")));
        assert_eq!(two.pick("test").unwrap_err(), "no profile test; there are: here, prod");
        assert!(config("[profiles.a]\n").unwrap().pick("a").unwrap_err().contains("neither"));
        assert!(
            config("[profiles.a]\ntoken = \"secret\"\n").unwrap_err().to_string().contains("unknown field")
        );
    }

    #[test]
    fn the_default_profile_yields_to_flags() {
        let text = "profile = \"prod\"\ntheme = \"light\"\nmouse = true\nmarker = \"braille\"\n[profiles.prod]\nserver = \"https://a.example\"\n";
        let config = config(text).unwrap();
        assert!(config.mouse && config.theme == Some(ThemeArg::Light) && config.marker == Marker::Braille);
        assert_eq!(Choice::default().resolve(&config).unwrap().server.label, "prod");
        let flag = Choice { server: Some("http://b.example".into()), ..Choice::default() };
        assert_eq!(flag.resolve(&config).unwrap().server.label, "b.example");
        assert_eq!(flag.with_profile("prod").resolve(&config).unwrap().target.base, "https://a.example");
    }

    #[test]
    fn flags_win_over_the_environment() {
        let config = config("[profiles.prod]\nserver = \"https://a.example\"\n").unwrap();
        let variable = |name: &str| (name == "YIBI_ADMIN_SERVER").then(|| "http://c.example".to_owned());
        let label = |choice: Choice| choice.with_environment(variable).resolve(&config).unwrap().server.label;
        assert_eq!(label(Choice::default()), "c.example");
        assert_eq!(label(Choice { profile: Some("prod".into()), ..Choice::default() }), "prod");
        let flag = Choice { server: Some("http://b.example".into()), ..Choice::default() };
        assert_eq!(label(flag), "b.example");
        assert_eq!(label(Choice { socket: Some("/run/a.sock".into()), ..Choice::default() }), "local");
    }

    #[test]
    fn a_named_server_is_used() {
        let config = Config::default();
        let choice =
            Choice { server: Some("https://a.example/".into()), read_only: true, ..Choice::default() };
        let place = choice.resolve(&config).unwrap();
        assert_eq!(
            (place.target.base.as_str(), place.server.label.as_str()),
            ("https://a.example", "a.example")
        );
        assert!(place.read_only && place.target.socket.is_none());
        let wrong = Choice { server: Some("a.example".into()), ..Choice::default() };
        assert!(wrong.resolve(&config).is_err_and(|error| error.contains("\"a.example\" is not a URL")));
        let socket = Choice { socket: Some("data/dev/admin.sock".into()), ..Choice::default() };
        let shown = socket.resolve(&config).unwrap().server.socket.unwrap();
        assert!(Path::new(&shown).is_absolute(), "{shown}");
    }
}
