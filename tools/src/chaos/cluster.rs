//! The system under test: servers on databases of their own, and the load.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clients::{Clients, LONG_REST, REST};
use crate::bench::Case;
use crate::bench::load::{Client, Figures, open};
use crate::bench::process::peak_mb;
use crate::bench::site::People;
use crate::bench::wechat::{self, Mood};
use yibi_tests::databases::{Database, Kind, free_port};
use yibi_tests::proxy::Proxy;
use yibi_tests::{Backend, Server, TempDir, Wechat, wait_until};

/// Number of users of the background load, each with one connection.
const PEOPLE: usize = 18;
/// Requests a second of the background load: enough that every fault interrupts some, and few enough that the machine
/// is not saturated.
const RATE: f64 = 120.0;
/// The cases of the background load, which take turns.
const CASES: [Case; 9] = [
    Case::List,
    Case::Save,
    Case::EmptyList,
    Case::Summaries,
    Case::Append,
    Case::Read,
    Case::Me,
    Case::SignIn,
    Case::CachedPicture,
];

/// The command line of another program that starts a server, given the cluster's directory and the server's number.
pub type Launcher = fn(&Path, usize) -> Vec<String>;

/// The parts of a cluster that a fault needs besides the usual ones.
#[derive(Debug, Default)]
pub struct Requirements {
    /// Starts the servers through another program.
    pub launcher: Option<Launcher>,
    /// Puts a [`Proxy`] before Redis.
    pub redis_proxy: bool,
    /// Puts nginx before the servers; clients otherwise take turns between them.
    pub nginx: bool,
    /// Runs no background load, and the recorded clients slowly.
    pub quiet: bool,
    /// Further settings of the servers, named as in the environment without `YIBI_`.
    pub settings: &'static [(&'static str, &'static str)],
}

/// Servers, databases and their clients.
pub struct Cluster {
    /// The backend of the servers.
    pub backend: Backend,
    /// One server on the embedded store, two on the shared stores.
    pub servers: Vec<Server>,
    /// Redis, on the shared stores.
    pub redis: Option<Database>,
    /// MongoDB, on the shared stores.
    pub mongo: Option<Database>,
    /// The proxy between the servers and Redis, if required.
    pub proxy: Option<Proxy>,
    /// The behaviour of the simulated WeChat.
    pub wechat: watch::Sender<Mood>,
    /// Directories and processes that live as long as the cluster.
    pub directory: TempDir,
    /// The clients whose history is recorded.
    pub clients: Clients,
    /// The users of the background load.
    pub people: People,
    /// The times at which the fault ended.
    pub healed: Vec<Duration>,
    /// Failures besides those that the history shows.
    pub failures: Vec<String>,
    load: Option<JoinHandle<Figures>>,
    watched: Arc<Mutex<Watched>>,
    over: Over,
    _nginx: Option<crate::bench::nginx::Nginx>,
    _simulator: Wechat,
}

/// Stops the background load and the memory watch, also after a panic.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The processes whose memory is watched.
#[derive(Debug, Default)]
struct Watched {
    ids: Vec<u32>,
    peak_mb: f64,
}

impl Cluster {
    /// Starts the servers, the databases and the load.
    pub async fn start(backend: Backend, requirements: &Requirements) -> Self {
        let (simulator, directory) = (Wechat::start(), TempDir::new());
        let wechat = watch::Sender::new(Mood::Good);
        let api = format!("http://{}", wechat::start_in(&wechat).await);
        let (mut redis, mut mongo, mut proxy) = (None, None, None);
        let mut further = vec![("WECHAT__API_URL", api)];
        further.extend(requirements.settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        if backend == Backend::Shared {
            let database = mongo.insert(Database::start(Kind::Mongo).await);
            further.push(("STORE__MONGODB_URI", database.url()));
            let database = redis.insert(Database::start(Kind::Redis).await);
            let mut url = database.url();
            if requirements.redis_proxy {
                let proxy = proxy.insert(Proxy::before(&database.address()).await);
                url = format!("redis://{}/", proxy.address);
            }
            further.push(("STORE__REDIS_URL", url));
        }
        let count = if backend == Backend::Shared { 2 } else { 1 };
        let servers: Vec<Server> = (0..count)
            .map(|number| {
                let words =
                    requirements.launcher.map_or_else(Vec::new, |words| words(directory.path(), number));
                server(&words, &simulator, &further)
            })
            .collect();
        for server in &servers {
            allow_connections(server.id());
        }
        let addresses: Vec<SocketAddr> = servers.iter().map(address).collect();
        let nginx = requirements.nginx.then(|| {
            crate::bench::nginx::Nginx::before(&addresses).expect("nginx and the kit's site are there")
        });
        let asked = nginx.as_ref().map_or_else(|| addresses.clone(), |nginx| vec![nginx.address]);
        let people = People::come(&servers[0], PEOPLE).await;
        let over = Arc::<AtomicBool>::default();
        let load = (!requirements.quiet).then(|| load(&people, &asked, &over));
        let urls: Vec<String> = asked.iter().map(|address| format!("http://{address}")).collect();
        let rest = if requirements.quiet { LONG_REST } else { REST };
        let clients = Clients::start(&urls, rest).await;
        let watched = Arc::new(Mutex::new(Watched { ids: ids(&servers), peak_mb: 0.0 }));
        tokio::spawn(watch_memory(Arc::clone(&watched), Arc::clone(&over)));
        let mut cluster = Self {
            backend,
            servers,
            redis,
            mongo,
            proxy,
            wechat,
            directory,
            clients,
            people,
            healed: Vec::new(),
            failures: Vec::new(),
            load,
            watched,
            over: Over(over),
            _nginx: nginx,
            _simulator: simulator,
        };
        cluster.is_well().await;
        cluster
    }

    /// Records that the fault has ended.
    pub fn heal(&mut self) {
        self.healed.push(self.clients.history.now());
    }

    /// Kills a server with SIGKILL and starts it again after a pause.
    pub async fn crash(&mut self, which: usize, away: Duration) {
        self.look_into_log(which);
        self.servers[which].process().kill();
        tokio::time::sleep(away).await;
        self.heal();
        // Starting waits for its output.
        tokio::task::block_in_place(|| self.servers[which].start_again());
        allow_connections(self.servers[which].id());
        self.watched.lock().unwrap().ids = ids(&self.servers);
    }

    /// Waits until every client has had a success again.
    pub async fn is_well(&mut self) {
        let since = self.clients.history.now();
        let well = async || {
            let events = self.clients.history.events();
            let mut clients: Vec<usize> = events
                .iter()
                .rev()
                .take_while(|event| event.replied >= since)
                .filter(|event| event.invoked >= since && !event.failed())
                .map(|event| event.client)
                .collect();
            clients.sort_unstable();
            clients.dedup();
            clients.len() == super::clients::DEVICES + 1
        };
        wait_until("everybody draws", well).await;
    }

    /// Fails for log lines that no fault justifies.
    fn look_into_log(&mut self, which: usize) {
        let log = self.servers[which].log();
        if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
            self.failures.push(format!("a panic: {line}"));
        }
    }

    /// Ends the load; returns the peak memory of the servers and the results of the background load.
    pub async fn end(mut self) -> Ended {
        self.is_well().await;
        for which in 0..self.servers.len() {
            self.look_into_log(which);
            if !self.servers[which].process().runs() {
                self.failures.push("a server has ended".to_owned());
            }
        }
        let stopped = self.clients.stop().await;
        drop(self.over);
        let load = match self.load {
            Some(load) => load.await.unwrap(),
            None => Figures::default(),
        };
        let peak_mb = self.watched.lock().unwrap().peak_mb;
        let (events, finals) = stopped.unwrap_or_else(|failure| {
            self.failures.push(failure);
            Default::default()
        });
        Ended { events, finals, healed: self.healed, failures: self.failures, load, peak_mb }
    }
}

/// The results of a [`Cluster`] that has ended.
pub struct Ended {
    pub events: Vec<super::history::Event>,
    /// The final content of the drawings.
    pub finals: super::check::Finals,
    /// The times at which the fault ended.
    pub healed: Vec<Duration>,
    /// Failures besides those that the history shows.
    pub failures: Vec<String>,
    /// The results of the background load.
    pub load: Figures,
    /// Peak memory of a server in megabytes.
    pub peak_mb: f64,
}

/// Starts a server that keeps its address over restarts. All limits hold except that of a user's writes, because the
/// clients are faster than a person.
fn server(launcher: &[String], simulator: &Wechat, further: &[(&str, String)]) -> Server {
    let listen = format!("127.0.0.1:{}", free_port());
    let mut settings = vec![
        ("HTTP__LISTEN", listen.as_str()),
        ("LIMITS__USER_WRITES", "1000000"),
        ("LIMITS__USER_WRITES_BURST", "1000000"),
        ("LOG__FILTER", "warn,yibi_server::app=info"),
    ];
    settings.extend(further.iter().map(|(name, value)| (*name, value.as_str())));
    let launcher: Vec<&str> = launcher.iter().map(String::as_str).collect();
    Server::start_by(&launcher, Backend::Embedded, simulator, &settings)
}

/// The address of the public listener.
#[must_use]
pub fn address(server: &Server) -> SocketAddr {
    server.public.trim_start_matches("http://").parse().unwrap()
}

fn ids(servers: &[Server]) -> Vec<u32> {
    servers.iter().map(Server::id).collect()
}

/// Raises the limit of file descriptors to that of the systemd unit, for more than ten thousand connections.
pub fn allow_connections(process: u32) {
    let own = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = own.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let most = line.split_whitespace().nth(1).unwrap();
    let limit = format!("--nofile={most}:{most}");
    let status = Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status();
    assert!(status.expect("prlimit, of util-linux").success());
}

async fn watch_memory(watched: Arc<Mutex<Watched>>, over: Arc<AtomicBool>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while !over.load(Ordering::SeqCst) {
        ticks.tick().await;
        let mut watched = watched.lock().unwrap();
        let peak = watched.ids.iter().copied().filter_map(peak_mb).fold(watched.peak_mb, f64::max);
        watched.peak_mb = peak;
    }
}

/// Runs the background load until the cluster ends.
fn load(people: &People, asked: &[SocketAddr], over: &Arc<AtomicBool>) -> JoinHandle<Figures> {
    let mut clients: Vec<Client> = Vec::new();
    let mut by_case: Vec<_> = CASES.iter().map(|case| case.workers(people)).collect();
    for person in (0..PEOPLE).rev() {
        let worker = by_case[person % CASES.len()].remove(person);
        clients.push(Client::new(asked[person / CASES.len() % asked.len()], worker));
    }
    let over = Arc::clone(over);
    tokio::task::spawn_blocking(move || {
        let mut all = Figures::default();
        while !over.load(Ordering::SeqCst) {
            let round = open(&mut clients, RATE, Duration::from_secs(1));
            all.replies += round.replies;
            all.errors += round.errors;
        }
        all
    })
}
