//! The deploy kit's nginx before a server, without TLS, because the load uses plain HTTP.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use yibi_tests::TempDir;
use yibi_tests::process::Process;

pub struct Nginx {
    /// The address of nginx.
    pub address: SocketAddr,
    process: Process,
    _directory: TempDir,
}

/// The site file of the deploy kit.
fn site() -> Option<PathBuf> {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nginx/yibi.conf");
    site.is_file().then_some(site)
}

impl Nginx {
    /// Starts nginx before these servers; nothing without the site file or nginx.
    #[must_use]
    pub fn before(servers: &[SocketAddr]) -> Option<Self> {
        let site = std::fs::read_to_string(site()?).unwrap();
        let directory = TempDir::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let path = directory.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {path}/{name};\n"))
            .concat();
        let servers: String =
            servers.iter().map(|server| format!("server {server} fail_timeout=1s; ")).collect();
        let text = format!(
            "daemon off; worker_processes 2; pid {path}/pid; error_log {path}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n{temporary}upstream yibi {{ zone yibi 64k; {servers}keepalive 64; }}\n{}\n}}\n",
            plain(&site, address, &path.to_string())
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program()?);
        let process =
            Process::start(command.arg("-e").arg(directory.path().join("error.log")).arg("-c").arg(&file));
        let mut nginx = Self { address, process, _directory: directory };
        nginx.wait();
        Some(nginx)
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(5);
        while std::net::TcpStream::connect(self.address).is_err() {
            let ended = !self.process.runs() || Instant::now() > end;
            assert!(!ended, "nginx does not serve: {}", self.process.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Nginx {
    /// Ends nginx gracefully, because SIGKILL would leave its workers.
    fn drop(&mut self) {
        self.process.terminate();
    }
}

/// The usual paths of nginx.
fn program() -> Option<&'static str> {
    ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).is_file())
}

/// The site without TLS: the part before the first server, and the proxying server.
fn plain(site: &str, address: SocketAddr, directory: &str) -> String {
    let mut parts = site.split("\nserver {\n");
    let before = parts.next().unwrap_or_default();
    let server = parts.find(|server| server.contains("proxy_pass")).expect("a server that passes on");
    let kept = |line: &&str| {
        let line = line.trim_start();
        !["listen", "ssl_", "server_name", "access_log", "error_log"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let kept: Vec<&str> = server.lines().filter(kept).collect();
    format!(
        "{before}\nserver {{\nlisten {address};\naccess_log {directory}/access.log yibi;\n{}\n",
        kept.join("\n")
    )
}
