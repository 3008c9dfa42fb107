//! Thousands of wrong tokens a second, and their effect on other requests.
//!
//! The senders share the machine with the server, which is not so in production. Other requests are therefore timed
//! while the wrong tokens go to a stub that replies with the same bytes on as many threads, and while they go to the
//! server. The difference is the work of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::bench::Case;
use crate::bench::load::{Client, open};
use crate::bench::process::Meter;
use crate::chaos::cluster::{Cluster, address};
use yibi_tests::Raw;

/// Wrong tokens a second.
const RATE: u64 = 10_000;
/// Number of connections of the senders.
const CONNECTIONS: u64 = 50;
/// Number of pipelined requests on a connection.
const TOGETHER: u64 = 10;
/// Number of claimed addresses, if more than one.
const ADDRESSES: u64 = 5_000;
/// Requests a second of the timed load. Its period is no multiple of the millisecond ticks of the senders, so that both
/// are not in phase.
const OTHERS: f64 = 197.3;
/// Number of rounds of each kind.
const TURNS: u32 = 10;
/// Maximum slowdown of other requests.
const SLOWER: f64 = 1.10;

/// The target and the claimed addresses of the wrong tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storm {
    Elsewhere,
    OneAddress,
    ManyAddresses,
}

pub fn wrong_token() -> String {
    let mut bytes = [0; 48];
    getrandom::fill(&mut bytes).unwrap();
    BASE64URL_NOPAD.encode(&bytes)
}

/// Sends wrong tokens to the stub and the server in turns and times other requests.
pub async fn wrong(cluster: &mut Cluster, duration: Duration) -> String {
    let server = address(&cluster.servers[0]);
    let stub = stub(refusal(&cluster.servers[0].public).await).await;
    let (me, read) = (Case::Me.workers(&cluster.people), Case::Read.workers(&cluster.people));
    let others = me.into_iter().take(4).chain(read.into_iter().take(4));
    let mut others: Vec<Client> = others.map(|worker| Client::new(server, worker)).collect();
    let storms = [Storm::Elsewhere, Storm::OneAddress, Storm::ManyAddresses];
    let turn = duration / (TURNS * 3);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let (mut rates, mut cores) = ([0.0; 3], [0.0; 3]);
    for _ in 0..TURNS {
        for (kind, storm) in storms.into_iter().enumerate() {
            let to = if storm == Storm::Elsewhere { stub } else { server };
            let (over, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
            let mut connections = JoinSet::new();
            for number in 0..CONNECTIONS {
                connections.spawn(blow(to, storm, number, Arc::clone(&over), Arc::clone(&sent)));
            }
            let timed = tokio::task::spawn_blocking(move || {
                let figures = open(&mut others, OTHERS, turn);
                (others, figures)
            });
            let (begun, meter) = (Instant::now(), Meter::of(cluster.servers[0].id()));
            let figures;
            (others, figures) = timed.await.unwrap();
            cores[kind] += meter.cores() / f64::from(TURNS);
            rates[kind] +=
                sent.load(Ordering::SeqCst) as f64 / begun.elapsed().as_secs_f64() / f64::from(TURNS);
            over.store(true, Ordering::SeqCst);
            if figures.errors > 0 {
                cluster.failures.push(format!("{} requests of others failed", figures.errors));
            }
            times[kind].push(figures.percentile(50.0));
            while connections.join_next().await.is_some() {}
        }
    }
    for (rate, which) in rates.iter().zip(["elsewhere", "of one address", "of many"]) {
        if *rate < 0.9 * RATE as f64 {
            cluster
                .failures
                .push(format!("wrong tokens {which}: {rate:.0} a second were answered, not {RATE}"));
        }
    }
    // The rounds alternate, because the speed of the machine changes within a minute.
    let slower =
        |storm: &[f64]| median(storm.iter().zip(&times[0]).map(|(with, without)| with / without).collect());
    for (storm, which) in times.iter().zip(["", "one address", "many addresses"]).skip(1) {
        let slower = slower(storm);
        if slower > SLOWER {
            let percent = (slower - 1.0) * 100.0;
            cluster.failures.push(format!("wrong tokens of {which} slow others by {percent:.0} %"));
        }
    }
    let [elsewhere, one, many] = times.map(median);
    format!(
        "others' p50 {elsewhere:.2} ms and the server's cores {:.2}; with tokens of one address {one:.2} and {:.2}, of \
         {ADDRESSES} {many:.2} and {:.2}",
        cores[0], cores[1], cores[2]
    )
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Sends wrong tokens on one connection at its share of the rate, and counts the replies. The connections take turns.
async fn blow(to: SocketAddr, storm: Storm, number: u64, over: Arc<AtomicBool>, answered: Arc<AtomicU64>) {
    let Ok(mut stream) = TcpStream::connect(to).await else { return };
    let _ = stream.set_nodelay(true);
    let period = Duration::from_secs(1) * (CONNECTIONS * TOGETHER) as u32 / RATE as u32;
    let first = tokio::time::Instant::now() + period * number as u32 / CONNECTIONS as u32;
    let mut ticks = tokio::time::interval_at(first, period);
    let (mut requests, mut replies) = (String::new(), vec![0; 64 << 10]);
    while !over.load(Ordering::SeqCst) {
        ticks.tick().await;
        requests.clear();
        for number in 0..TOGETHER {
            let from = if storm == Storm::OneAddress { 0 } else { mixed(number) % ADDRESSES };
            requests.push_str(&request(from));
        }
        if stream.write_all(requests.as_bytes()).await.is_err() {
            return;
        }
        let mut left = TOGETHER;
        let mut filled = 0;
        while left > 0 {
            let Ok(read) = stream.read(&mut replies[filled..]).await else { return };
            if read == 0 {
                return;
            }
            // Replies are counted by their first bytes; an incomplete one is kept for the next read.
            let all = &replies[..filled + read];
            let begun = all.windows(9).filter(|nine| nine == b"HTTP/1.1 ").count() as u64;
            answered.fetch_add(begun, Ordering::SeqCst);
            left = left.saturating_sub(begun);
            let rest = all.len().saturating_sub(8);
            let keep = all.len() - rest;
            replies.copy_within(rest..rest + keep, 0);
            filled = keep;
        }
    }
}

/// A request with a wrong token from one of the addresses.
fn request(from: u64) -> String {
    format!(
        "GET /api/v1/me HTTP/1.1\r\nHost: chaos\r\nX-Forwarded-For: 198.18.{}.{}\r\nAuthorization: Bearer {}\r\n\r\n",
        from / 250,
        from % 250,
        wrong_token()
    )
}

/// A pseudo-random number, a new one at each call.
fn mixed(salt: u64) -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    (COUNT.fetch_add(1, Ordering::Relaxed) + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// The server's reply to a wrong token.
async fn refusal(server: &str) -> Vec<u8> {
    let mut connection = Raw::connect(server).await;
    assert!(connection.write(request(0)).await);
    let reply = connection.reply().await.unwrap();
    assert_eq!(reply.status, 401);
    [reply.head.as_bytes(), &reply.body].concat()
}

/// The stub: replies to every request with the same bytes until the process ends.
async fn stub(reply: Vec<u8>) -> SocketAddr {
    let (told, address) = oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, reply.clone()));
            }
        });
    });
    address.await.unwrap()
}

async fn answer(mut stream: TcpStream, reply: Vec<u8>) {
    let _ = stream.set_nodelay(true);
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|read| read > 0) {
        let mut replies = Vec::new();
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            read.drain(..end + 4);
            replies.extend_from_slice(&reply);
        }
        if stream.write_all(&replies).await.is_err() {
            return;
        }
    }
}
