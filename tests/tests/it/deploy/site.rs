//! nginx with the site of `deploy/nginx/` and a certificate of a temporary authority.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Certificate;
use tokio::net::TcpStream;
use yibi_tests::process::{Process, stat};
use yibi_tests::{Api, TempDir, install_tls, wait_until};

use super::{edited, free_port, output};

/// The domain in the files.
pub const DOMAIN: &str = "draw.example.com";

#[derive(Debug)]
pub struct Site {
    process: Process,
    directory: TempDir,
    /// `https://draw.example.com:port`; only [`Site::client`] resolves it.
    pub url: String,
    /// Address of the TLS listener.
    pub tls: SocketAddr,
    /// Address of the plain HTTP listener.
    pub plain: SocketAddr,
}

impl Site {
    /// Starts nginx before these servers, given as in an `upstream`: `127.0.0.1:1234`, `unix:/path`.
    pub async fn before(servers: &[&str]) -> Self {
        Self::edited(servers, &[]).await
    }

    /// Starts nginx with edits to the site file.
    pub async fn edited(servers: &[&str], edits: &[(&str, &str)]) -> Self {
        install_tls();
        let directory = TempDir::new();
        let home = directory.path();
        certificate(home);
        std::fs::create_dir_all(home.join("acme/.well-known/acme-challenge")).unwrap();
        let (tls, plain) = (loopback(free_port()), loopback(free_port()));
        std::fs::write(home.join("nginx.conf"), configuration(home)).unwrap();
        std::fs::write(home.join("upstream.conf"), upstream(servers)).unwrap();
        std::fs::write(home.join("site.conf"), site(home, tls, plain, edits)).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-c").arg(home.join("nginx.conf")).arg("-p").arg(home).args(["-g", "daemon off;"]);
        // The guide checks the configuration first.
        output(
            Command::new("/usr/sbin/nginx")
                .args(["-t", "-q", "-c"])
                .arg(home.join("nginx.conf"))
                .arg("-p")
                .arg(home),
        );
        let process = Process::start(&mut command);
        wait_until("nginx listens", || async { TcpStream::connect(tls).await.is_ok() }).await;
        Self { process, url: format!("https://{DOMAIN}:{}", tls.port()), directory, tls, plain }
    }

    /// Changes the upstream servers, and waits until the old workers have exited: both generations of workers accept
    /// requests for a moment.
    pub async fn go_to(&self, servers: &[&str]) {
        std::fs::write(self.directory.path().join("upstream.conf"), upstream(servers)).unwrap();
        let former = self.workers();
        assert!(!former.is_empty(), "{}", self.process.output());
        self.process.signal("HUP");
        wait_until("nginx's former workers have ended", async || self.workers().is_disjoint(&former)).await;
    }

    /// Process ids of the workers.
    fn workers(&self) -> BTreeSet<u32> {
        let master = self.process.id().to_string();
        let workers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            let number = path.file_name()?.to_str()?.parse().ok()?;
            (stat(&path)?.split(' ').nth(1)? == master).then_some(number)
        });
        workers.collect()
    }

    /// A client that trusts the authority and resolves the domain.
    pub fn client(&self) -> reqwest::Client {
        self.client_builder().build().unwrap()
    }

    fn client_builder(&self) -> reqwest::ClientBuilder {
        let authority = std::fs::read(self.authority()).unwrap();
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([Certificate::from_pem(&authority).unwrap()])
            .resolve(DOMAIN, self.tls)
    }

    /// A client of the API.
    pub fn api(&self) -> Api {
        Api::by(self.client(), &self.url)
    }

    /// A client that opens a connection for each request: nginx closes idle connections on a reload, and a client
    /// cannot tell whether a request on such a connection was processed.
    pub fn hasty_api(&self) -> Api {
        Api::by(self.client_builder().pool_max_idle_per_host(0).build().unwrap(), &self.url)
    }

    /// The certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.crt")
    }

    /// The directory of certbot's challenge files.
    pub fn acme(&self) -> PathBuf {
        self.directory.path().join("acme/.well-known/acme-challenge")
    }

    /// The access log so far.
    pub fn access_log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("yibi.access.log")).unwrap_or_default()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // SIGKILL would leave the workers running.
        self.process.terminate();
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The main nginx configuration around the site file.
fn configuration(home: &Path) -> String {
    let home = home.display();
    let mut text = String::new();
    // The workers must be able to read the test's directory and Unix sockets; without root they run as the current user
    // anyway.
    if std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
    {
        text.push_str("user root;\n");
    }
    write!(text, "worker_processes 2;\npid {home}/nginx.pid;\nerror_log {home}/error.log warn;\n").unwrap();
    text.push_str("events { worker_connections 512; }\nhttp {\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "    {kind}_temp_path {home}/{kind};").unwrap();
    }
    write!(text, "    include {home}/upstream.conf;\n    include {home}/site.conf;\n}}\n").unwrap();
    text
}

fn upstream(servers: &[&str]) -> String {
    let lines: String = servers.iter().map(|server| format!("server {server} fail_timeout=1s;\n")).collect();
    edited("deploy/nginx/yibi-upstream.conf", &[("server 127.0.0.1:5757 fail_timeout=1s;", &lines)])
}

fn site(home: &Path, tls: SocketAddr, plain: SocketAddr, edits: &[(&str, &str)]) -> String {
    let home = home.display();
    let ports = [
        ("listen [::]:80 default_server;", String::new()),
        ("listen [::]:443 ssl default_server;", String::new()),
        ("listen [::]:80;", String::new()),
        ("listen [::]:443 ssl http2;", String::new()),
        ("listen 80", format!("listen {plain}")),
        ("listen 443", format!("listen {tls}")),
        ("/etc/letsencrypt/live/draw.example.com/", format!("{home}/")),
        ("/var/log/nginx/", format!("{home}/")),
        ("/var/www/html", format!("{home}/acme")),
    ];
    let ports = ports.iter().map(|(from, to)| (*from, to.as_str()));
    let edits: Vec<(&str, &str)> = ports.chain(edits.iter().copied()).collect();
    edited("deploy/nginx/yibi.conf", &edits)
}

/// A certificate for the domain by a new authority, in certbot's layout.
fn certificate(home: &Path) {
    let openssl = |arguments: &[&str]| output(Command::new("openssl").current_dir(home).args(arguments));
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let request = |more: &[&str]| openssl(&[&["req"], &key[..], more].concat());
    request(&[
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=a throw-away authority",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    ]);
    request(&["-subj", "/CN=draw.example.com", "-keyout", "privkey.pem", "-out", "site.csr"]);
    std::fs::write(home.join("names"), format!("subjectAltName=DNS:{DOMAIN}\n")).unwrap();
    let signed = ["x509", "-req", "-in", "site.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(&[&signed[..], &["-days", "2", "-extfile", "names", "-out", "fullchain.pem"]].concat());
}
