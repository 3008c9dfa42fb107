//! A server process, started as an operator starts it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::Process;
use crate::{Api, TempDir, Wechat, binary, service, unique};

/// The stores of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The embedded SQLite file.
    Embedded,
    Shared,
}

/// The admin token of all test servers.
pub const ADMIN_TOKEN: &str = "a-token-of-the-tests-alone-32-characters";

/// The app secret in the simulator; no log may contain it.
pub const APP_SECRET: &str = "a-secret-of-the-simulator-alone";

/// A running `yibi-server serve`.
#[derive(Debug)]
pub struct Server {
    process: Process,
    launcher: Vec<String>,
    settings: Vec<(String, String)>,
    _data: Option<TempDir>,
    /// The address of the public listener.
    pub public: String,
    /// The address of the admin listener.
    pub admin: String,
    /// The address of the internal listener, empty unless set.
    pub internal: String,
}

impl Server {
    /// Starts a server with empty stores.
    #[must_use]
    pub fn start(backend: Backend, wechat: &Wechat) -> Self {
        Self::start_with(backend, wechat, &[])
    }

    /// Starts a server with further settings, named as in the environment without `YIBI_`.
    #[must_use]
    pub fn start_with(backend: Backend, wechat: &Wechat, further: &[(&str, &str)]) -> Self {
        Self::start_by(&[], backend, wechat, further)
    }

    /// Starts a server through another program: `launcher` is its command line before the server's own.
    #[must_use]
    pub fn start_by(launcher: &[&str], backend: Backend, wechat: &Wechat, further: &[(&str, &str)]) -> Self {
        let data = TempDir::new();
        let mut settings = settings(backend, wechat, data.path());
        settings.extend(further.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let launcher = launcher.iter().map(|&word| word.to_owned()).collect();
        Self::run(launcher, settings, Some(data))
    }

    /// Starts a second server on the same stores.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self::run(self.launcher.clone(), self.settings.clone(), None)
    }

    fn run(launcher: Vec<String>, settings: Vec<(String, String)>, data: Option<TempDir>) -> Self {
        let (process, [public, admin, internal]) = launch(&launcher, &settings);
        Self { process, launcher, settings, _data: data, public, admin, internal }
    }

    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        let found = self.settings.iter().find(|(name, _)| name == "STORE__DATA_DIR");
        PathBuf::from(&found.expect("it is always set").1)
    }

    /// The value of a setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All settings of the server.
    #[must_use]
    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Kills the server with SIGKILL and starts it again on the same data.
    pub fn crash_and_restart(&mut self) {
        self.process.kill();
        (self.process, [self.public, self.admin, self.internal]) = launch(&self.launcher, &self.settings);
    }

    /// Stops the server gracefully and starts it again.
    pub fn restart(&mut self) {
        assert_eq!(self.process.terminate(), Some(0));
        (self.process, [self.public, self.admin, self.internal]) = launch(&self.launcher, &self.settings);
    }

    /// Stops the server gracefully and starts it again with changed settings.
    pub fn restart_with(&mut self, other: &[(&str, &str)]) {
        self.settings.retain(|(name, _)| other.iter().all(|(other, _)| other != name));
        let other = other.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.settings.extend(other);
        self.restart();
    }

    /// Starts the server again after it has ended.
    pub fn start_again(&mut self) {
        assert!(!self.process.runs());
        (self.process, [self.public, self.admin, self.internal]) = launch(&self.launcher, &self.settings);
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A client of the public API without a token.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.public)
    }

    /// Signs a user in; returns the client with the token.
    pub async fn signed_in(&self, wechat: &Wechat, user: &str) -> Api {
        self.api().sign_in(&wechat.code(user).await).await
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output()
    }
}

/// Settings of a test server, named as in the environment without `YIBI_`: free ports, this WeChat, and data in this
/// directory or in separate databases.
#[must_use]
pub fn settings(backend: Backend, wechat: &Wechat, data: &Path) -> Vec<(String, String)> {
    let mut settings = vec![
        ("STORE__DATA_DIR".to_owned(), data.display().to_string()),
        ("WECHAT__APP_ID".to_owned(), wechat.app_id.clone()),
        ("WECHAT__APP_SECRET".to_owned(), APP_SECRET.to_owned()),
        ("WECHAT__API_URL".to_owned(), wechat.url.clone()),
        ("ADMIN__TOKEN".to_owned(), ADMIN_TOKEN.to_owned()),
        ("HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("ADMIN__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("LOG__FILTER".to_owned(), "info,yibi_server=trace".to_owned()),
    ];
    if backend == Backend::Shared {
        let name = format!("t{}", unique());
        settings.extend([
            ("STORE__MONGODB_URI".to_owned(), service("YIBI_TEST_MONGODB_URI")),
            ("STORE__MONGODB_DATABASE".to_owned(), name.clone()),
            ("STORE__REDIS_URL".to_owned(), service("YIBI_TEST_REDIS_URL")),
            ("STORE__REDIS_PREFIX".to_owned(), format!("{name}:")),
        ]);
    }
    settings
}

fn launch(launcher: &[String], settings: &[(String, String)]) -> (Process, [String; 3]) {
    let server = binary("yibi-server");
    let mut command = match launcher {
        [] => Command::new(server),
        [program, words @ ..] => {
            let mut command = Command::new(program);
            command.args(words).arg(server);
            command
        }
    };
    command.arg("serve").env_clear();
    command.envs(settings.iter().map(|(name, value)| (format!("YIBI_{name}"), value)));
    let process = Process::start(&mut command);
    let addresses = process.wait_for("the server's addresses", |line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let address = |name: &str| event[name].as_str().map(|address| format!("http://{address}"));
        let of = || Some([address("public")?, address("admin")?, address("internal").unwrap_or_default()]);
        (event["message"] == "listening").then(of).flatten()
    });
    (process, addresses)
}
