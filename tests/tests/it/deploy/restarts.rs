//! Restarts under load without failed requests.

use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use yibi_tests::process::Process;
use yibi_tests::server::settings;
use yibi_tests::{Api, App, Backend, TempDir, Wechat, binary, wait_until};

use super::load::Load;
use super::site::Site;
use super::{free_port, output, read, repository};

/// Behaves like systemd with `yibi.socket` and `yibi.service`: holds the listening socket, passes it to the server, and
/// waits for the readiness notification.
struct Systemd {
    socket: OwnedFd,
    notify: UnixDatagram,
    environment: Vec<(String, String)>,
}

impl Systemd {
    fn new(socket: OwnedFd, directory: &Path, settings: Vec<(String, String)>) -> Self {
        let path = directory.join("notify");
        let notify = UnixDatagram::bind(&path).unwrap();
        notify.set_read_timeout(Some(yibi_tests::DEADLINE)).unwrap();
        let mut environment: Vec<(String, String)> =
            settings.into_iter().map(|(name, value)| (format!("YIBI_{name}"), value)).collect();
        for (name, value) in
            [("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "http"), ("NOTIFY_SOCKET", path.to_str().unwrap())]
        {
            environment.push((name.to_owned(), value.to_owned()));
        }
        Self { socket, notify, environment }
    }

    fn start(&self) -> Process {
        // The shell receives the socket as standard input and moves it to the descriptor that systemd uses.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "export LISTEN_PID=$$; exec \"$0\" serve 3<&0 </dev/null"])
            .arg(binary("yibi-server"));
        command.env_clear().envs(self.environment.iter().cloned());
        let process = Process::start_with(&mut command, Stdio::from(self.socket.try_clone().unwrap()));
        self.hears("READY=1");
        process
    }

    fn hears(&self, state: &str) {
        let mut bytes = [0; 64];
        let length = self.notify.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], state.as_bytes());
    }
}

async fn over_the_socket(socket: OwnedFd, server: &str, directory: &TempDir) {
    let wechat = Wechat::start();
    let data = directory.path().join("data");
    let mut settings = settings(Backend::Embedded, &wechat, &data);
    // Socket activation ignores this address.
    settings.push(("HTTP__LISTEN".to_owned(), "192.0.2.1:1".to_owned()));
    settings.push(("LIMITS__ENABLED".to_owned(), "false".to_owned()));
    let systemd = Systemd::new(socket, directory.path(), settings);
    let mut process = systemd.start();
    let site = Site::before(&[server]).await;
    let load = Load::start(&site.api(), &wechat).await;
    for _ in 0..4 {
        load.go_on().await;
        assert_eq!(process.terminate(), Some(0));
        systemd.hears("STOPPING=1");
        process = systemd.start();
    }
    load.go_on().await;
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_on_the_tcp_socket_of_systemd() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    over_the_socket(listener.into(), &address, &TempDir::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_on_the_unix_socket_of_systemd() {
    let directory = TempDir::new();
    let path = directory.path().join("http.sock");
    let listener = UnixListener::bind(&path).unwrap();
    over_the_socket(listener.into(), &format!("unix:{}", path.display()), &directory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_drains() {
    let mut one =
        App::start_with(Backend::Shared, &[("HTTP__DRAIN_DELAY", "1"), ("LIMITS__ENABLED", "false")]);
    let other = one.sibling();
    let addresses = [&one, &other].map(|server| server.public.strip_prefix("http://").unwrap().to_owned());
    let site = Site::before(&[&addresses[0], &addresses[1]]).await;
    let load = Load::start(&site.api(), &one.wechat).await;
    one.process().signal("TERM");
    // A load balancer sees the drain before requests are refused.
    let admin = Api::new(&one.admin);
    wait_until("it says that it drains", || async {
        let reply = admin.get("/readyz").await;
        reply.status == 503 && reply.json()["status"] == "draining"
    })
    .await;
    one.api().get("/").await.ok();
    assert_eq!(one.process().wait(), Some(0));
    load.go_on().await;
    load.stop().await;
}

/// A pm2 daemon with its own home directory; dropping it stops the daemon.
struct Pm2 {
    home: TempDir,
    environment: Vec<(String, String)>,
}

impl Pm2 {
    fn run(&self, arguments: &[&str]) -> String {
        output(&mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let pm2 = repository("tests/deploy").join("node_modules/.bin/pm2");
        assert!(pm2.is_file(), "pm2 is not installed; run `make test`, or tests/install-services first");
        let mut command = Command::new(pm2);
        command.args(arguments).current_dir(self.home.path()).env("PM2_HOME", self.home.path().join("pm2"));
        command.envs(self.environment.iter().map(|(name, value)| (format!("YIBI_{name}"), value)));
        command
    }
}

impl Drop for Pm2 {
    fn drop(&mut self) {
        let _ = self.command(&["kill"]).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_under_pm2() {
    let wechat = Wechat::start();
    let home = TempDir::new();
    let path = |name: &str| home.path().join(name).display().to_string();
    let mut file: Value = serde_json::from_str(&read("deploy/pm2/process.json")).unwrap();
    let mut addresses = Vec::new();
    for app in file["apps"].as_array_mut().unwrap() {
        assert_eq!(app["script"], "/usr/bin/yibi-server");
        app["script"] = binary("yibi-server").display().to_string().into();
        let ports = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        app["args"] = format!("serve --listen {} --admin-listen {}", ports[0], ports[1]).into();
        for log in ["out_file", "error_file"] {
            let name = app[log].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            app[log] = path(&name).into();
        }
        addresses.push(ports[0].clone());
    }
    std::fs::write(path("process.json"), file.to_string()).unwrap();
    let mut environment = settings(Backend::Shared, &wechat, &home.path().join("data"));
    // The flags take precedence; the variables would set the same port twice.
    environment.retain(|(name, _)| !name.ends_with("LISTEN"));
    environment.push(("LIMITS__ENABLED".to_owned(), "false".to_owned()));
    let pm2 = Pm2 { home, environment };
    pm2.run(&["start", "process.json"]);
    let site = Site::before(&[&addresses[0], &addresses[1]]).await;
    let pids = |pm2: &Pm2| -> Vec<u64> {
        let said = pm2.run(&["jlist"]);
        let list: Value =
            serde_json::from_str(said.lines().find(|line| line.starts_with('[')).unwrap()).unwrap();
        list.as_array().unwrap().iter().map(|app| app["pid"].as_u64().unwrap()).collect()
    };
    let before = pids(&pm2);
    let load = Load::start(&site.api(), &wechat).await;
    tokio::task::block_in_place(|| pm2.run(&["restart", "yibi-1", "yibi-2"]));
    load.go_on().await;
    load.stop().await;
    let after = pids(&pm2);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|pid| *pid > 0 && !before.contains(pid)), "{before:?} {after:?}");
}

#[test]
fn pm2_waits_longer_than_a_server_drains() {
    let settings: toml::Table = read("server/settings.default.toml").parse().unwrap();
    let seconds = |key: &str| settings["http"][key].as_integer().unwrap();
    let file: Value = serde_json::from_str(&read("deploy/pm2/process.json")).unwrap();
    for app in file["apps"].as_array().unwrap() {
        assert!(
            app["kill_timeout"].as_i64().unwrap()
                > (seconds("drain_delay") + seconds("shutdown_timeout")) * 1000
        );
        assert_eq!(app["wait_ready"], true, "else both would be restarted at once");
    }
}
