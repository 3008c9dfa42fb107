//! A TCP proxy that delays, holds or loses replies, resets connections, or silences them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A TCP proxy for one address.
#[derive(Debug)]
pub struct Proxy {
    /// Its address, `127.0.0.1:PORT`.
    pub address: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Number of connections so far.
    count: AtomicU64,
    /// Connections below this number are silent.
    silent_below: AtomicU64,
    lose_replies: AtomicBool,
    lost: AtomicU64,
    /// Delay of replies in milliseconds.
    delay: AtomicU64,
    resets: watch::Sender<u64>,
    hold_replies: watch::Sender<bool>,
    held: AtomicU64,
}

impl Proxy {
    /// Starts a proxy for an address.
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, target.to_owned(), Arc::clone(&state)));
        Self { address, state, _tasks: tasks }
    }

    /// Discards all data of the existing connections without closing them, as after the loss of a host behind a
    /// balancer. New connections work.
    pub fn silence(&self) {
        self.state.silent_below.store(self.state.count.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.count.load(Ordering::SeqCst)
    }

    /// Sets whether a connection closes instead of passing a reply on.
    pub fn lose_replies(&self, lose: bool) {
        self.state.lose_replies.store(lose, Ordering::SeqCst);
    }

    pub fn delay(&self, by: Duration) {
        self.state.delay.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Resets all existing connections, as a firewall does after it has forgotten them.
    pub fn reset(&self) {
        self.state.resets.send_modify(|resets| *resets += 1);
    }

    /// Sets whether replies are held.
    pub fn hold_replies(&self, hold: bool) {
        self.state.hold_replies.send_replace(hold);
    }

    /// Number of connections with a held reply.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.state.held.load(Ordering::SeqCst)
    }

    /// Number of lost replies.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, target: String, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        let number = state.count.fetch_add(1, Ordering::SeqCst);
        let (target, state) = (target.clone(), Arc::clone(&state));
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(&target).await else { return };
            let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
            let (mut client, mut server) = (client, server);
            let (mut there, mut back) = ([0; 16_384], [0; 16_384]);
            let mut resets = state.resets.subscribe();
            loop {
                let passed = tokio::select! {
                    _ = resets.changed() => {
                        let _ = (client.set_zero_linger(), server.set_zero_linger());
                        return;
                    }
                    read = client.read(&mut there) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(_) if state.is_silent(number) => Ok(()),
                        Ok(length) => server.write_all(&there[..length]).await,
                    },
                    read = server.read(&mut back) => match read {
                        Ok(0) | Err(_) if state.is_silent(number) => std::future::pending().await,
                        Ok(0) | Err(_) => return,
                        Ok(_) if state.is_silent(number) => Ok(()),
                        Ok(_) if state.lose_replies.load(Ordering::SeqCst) => {
                            state.lost.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                        Ok(length) => {
                            state.wait().await;
                            state.hold().await;
                            client.write_all(&back[..length]).await
                        }
                    },
                };
                if passed.is_err() {
                    return;
                }
            }
        });
    }
}

impl State {
    async fn wait(&self) {
        let delay = self.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
    }

    /// Waits while replies are held.
    async fn hold(&self) {
        let mut hold = self.hold_replies.subscribe();
        self.held.fetch_add(1, Ordering::SeqCst);
        // The sender lives as long as `self`.
        let _ = hold.wait_for(|hold| !hold).await;
        self.held.fetch_sub(1, Ordering::SeqCst);
    }

    fn is_silent(&self, connection: u64) -> bool {
        connection < self.silent_below.load(Ordering::SeqCst)
    }
}
