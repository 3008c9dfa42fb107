//! A running simulator for unit tests.

use std::net::TcpListener;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Simulator, WechatApp, WechatClient};

/// A simulator on a port of its own, until it is dropped.
pub(crate) struct Running {
    pub(crate) simulator: Simulator,
    pub(crate) url: String,
    _shutdown: oneshot::Sender<()>,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::with(vec![Simulator::development_app()])
    }

    pub(crate) fn with(apps: Vec<WechatApp>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let simulator = Simulator::new(apps);
        let (shutdown, down) = oneshot::channel();
        let running = simulator.clone();
        tokio::spawn(async move {
            running
                .run(listener, async {
                    // Dropping the sender is the signal.
                    let _ = down.await;
                })
                .await
                .unwrap();
        });
        Self { simulator, url, _shutdown: shutdown }
    }

    pub(crate) fn client(&self, timeout: Duration) -> WechatClient {
        client(&self.url, timeout)
    }
}

pub(crate) fn client(url: &str, timeout: Duration) -> WechatClient {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    WechatClient::new(url, timeout).unwrap()
}
