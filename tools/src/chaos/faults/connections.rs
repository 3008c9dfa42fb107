//! Many idle and slow connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::chaos::cluster::{Cluster, address};

/// Pause before a failed connection is retried.
const AGAIN: Duration = Duration::from_millis(10);
/// Number of idle connections, each after one request.
const IDLE: usize = 10_000;
/// Number of slow connections: half send the head byte by byte, half the body.
const SLOW: usize = 2_000;
/// Pause between two bytes.
const BYTE: Duration = Duration::from_secs(1);
/// Number of connections that are opened at the same time.
const OPENING: usize = 200;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: chaos\r\n\r\n";
const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: chaos\r\nX-Slow: ";

/// Counts of open and of failed connections.
#[derive(Debug, Default)]
struct Counts {
    idle: AtomicUsize,
    slow: AtomicUsize,
    cut: AtomicUsize,
}

#[derive(Clone)]
struct Opener {
    server: SocketAddr,
    gate: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// Opens all connections, and reopens those that the server closes.
pub async fn many(cluster: &mut Cluster, duration: Duration) -> String {
    let server = address(&cluster.servers[0]);
    let counts = Arc::<Counts>::default();
    let opener = Opener { server, gate: Arc::new(Semaphore::new(OPENING)), counts: Arc::clone(&counts) };
    let body = format!(
        "POST /api/v1/drawings/slow/actions HTTP/1.1\r\nHost: chaos\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
        cluster.people.tokens[0]
    );
    let body: Arc<[u8]> = body.into_bytes().into();
    let mut tasks = JoinSet::new();
    for number in 0..IDLE {
        tasks.spawn(opener.clone().idle(number));
    }
    for number in 0..SLOW / 2 {
        tasks.spawn(opener.clone().slow(number, HEAD.into()));
        tasks.spawn(opener.clone().slow(number, Arc::clone(&body)));
    }
    tokio::time::sleep(duration).await;
    let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    let (idle, slow, cut) = (of(&counts.idle), of(&counts.slow), of(&counts.cut));
    if idle < IDLE {
        cluster.failures.push(format!("{idle} idle connections are open, not {IDLE}"));
    }
    tasks.shutdown().await;
    format!("{idle} idle and {slow} slow at once, {cut} slow ones cut")
}

impl Opener {
    /// Connects from one of several loopback addresses, because the ports of one would run out: a connection that the
    /// server closes occupies its port for a minute.
    async fn open(&self, number: usize) -> Option<TcpStream> {
        let _pass = self.gate.acquire().await.ok()?;
        let socket = TcpSocket::new_v4().ok()?;
        let from = u8::try_from(number % 16).unwrap_or_default();
        socket.bind((std::net::Ipv4Addr::new(127, 0, 1, 1 + from), 0).into()).ok()?;
        socket.connect(self.server).await.ok()
    }

    async fn idle(self, number: usize) {
        loop {
            let Some(mut stream) = self.open(number).await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let mut reply = [0; 1_024];
            if stream.write_all(GET).await.is_err()
                || !stream.read(&mut reply).await.is_ok_and(|read| read > 0)
            {
                continue;
            }
            self.counts.idle.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut reply).await;
            self.counts.idle.fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn slow(self, number: usize, beginning: Arc<[u8]>) {
        loop {
            let Some(mut stream) = self.open(number).await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            if stream.write_all(&beginning).await.is_err() {
                continue;
            }
            self.counts.slow.fetch_add(1, Ordering::SeqCst);
            let mut reply = [0; 1_024];
            loop {
                // Any reply ends the slow request.
                let said = tokio::time::timeout(BYTE, stream.read(&mut reply)).await.is_ok();
                if said || stream.write_all(b" ").await.is_err() {
                    break;
                }
            }
            self.counts.slow.fetch_sub(1, Ordering::SeqCst);
            self.counts.cut.fetch_add(1, Ordering::SeqCst);
        }
    }
}
