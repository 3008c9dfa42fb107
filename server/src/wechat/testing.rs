//! A running simulator for unit tests.

use std::ops::Deref;
use std::time::Duration;

use wechat_simulator::{MiniProgram, RunningSimulator};

use super::{WechatApp, WechatClient};

/// A simulator on its own port, stopped when it is dropped.
pub(crate) struct Running(RunningSimulator);

impl Deref for Running {
    type Target = RunningSimulator;

    fn deref(&self) -> &RunningSimulator {
        &self.0
    }
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::with(MiniProgram::development())
    }

    pub(crate) fn with(app: MiniProgram) -> Self {
        Self(RunningSimulator::start(vec![app]).unwrap())
    }

    pub(crate) fn client(&self, timeout: Duration) -> WechatClient {
        client(&self.url, timeout)
    }
}

pub(crate) fn development_app() -> WechatApp {
    let MiniProgram { id, secret } = MiniProgram::development();
    WechatApp { id, secret: secret.into() }
}

pub(crate) fn client(url: &str, timeout: Duration) -> WechatClient {
    // Another test may have installed a provider first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    WechatClient::new(url, timeout).unwrap()
}
