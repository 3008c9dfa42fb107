//! A simulator for tests: on a thread of its own, so that tests without an async runtime can use it too.

use std::net::TcpListener;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::{MiniProgram, Simulator};

/// A simulator that serves on a free port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct RunningSimulator {
    pub simulator: Simulator,
    pub url: String,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl RunningSimulator {
    /// Starts a simulator of these mini-programs.
    ///
    /// # Errors
    /// When no port or thread is available.
    pub fn start(apps: Vec<MiniProgram>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let simulator = Simulator::new(apps);
        let (shutdown, stopped) = oneshot::channel::<()>();
        let served = simulator.clone();
        let thread = std::thread::Builder::new().name("wechat-simulator".to_owned()).spawn(move || {
            let stopped = async {
                // Dropping the sender is the signal.
                let _ = stopped.await;
            };
            actix_web::rt::System::new().block_on(served.run(listener, stopped))
        })?;
        Ok(Self { simulator, url, shutdown: Some(shutdown), thread: Some(thread) })
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            // A test that fails has reported its own error already.
            let _ = thread.join();
        }
    }
}
