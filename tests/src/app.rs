//! The fixture of most tests: a server and its simulated WeChat.

use std::ops::{Deref, DerefMut};

use crate::weapp::Phone;
use crate::{Api, Backend, Server, TempDir, Wechat};

/// A server and its simulated WeChat. It dereferences to the server.
#[derive(Debug)]
pub struct App {
    server: Server,
    /// The WeChat that the server calls. The server stops first.
    pub wechat: Wechat,
    _merchant: Option<TempDir>,
}

impl App {
    /// Starts a server with empty stores.
    #[must_use]
    pub fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[])
    }

    /// [`App::start`] with further settings, named as in the environment without `YIBI_`.
    #[must_use]
    pub fn start_with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let wechat = Wechat::start();
        Self { server: Server::start_with(backend, &wechat, settings), wechat, _merchant: None }
    }

    /// [`App::start_with`] through another program: `launcher` is its command line before the server's own.
    #[must_use]
    pub fn start_by(launcher: &[&str], backend: Backend, settings: &[(&str, &str)]) -> Self {
        let wechat = Wechat::start();
        Self { server: Server::start_by(launcher, backend, &wechat, settings), wechat, _merchant: None }
    }

    /// [`App::start_with`] for the simulated merchant at that version of WeChat Pay (`v3`, `v2`).
    #[must_use]
    pub fn start_for_merchant(backend: Backend, version: &str, settings: &[(&str, &str)]) -> Self {
        let (wechat, keys) = (Wechat::start(), TempDir::new());
        let merchant = wechat.pay_settings(version, &keys);
        let merchant = merchant.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = merchant.chain(settings.iter().copied()).collect();
        let server = Server::start_with(backend, &wechat, &all);
        wechat.notify_payments_at(&server.public);
        Self { server, wechat, _merchant: Some(keys) }
    }

    /// Signs a user in; returns the client with the token.
    pub async fn user(&self, name: &str) -> Api {
        self.server.signed_in(&self.wechat, name).await
    }

    /// Signs a user in as a client of 2016 does.
    pub async fn phone_2016(&self, name: &str) -> Phone {
        Phone::signed_in(&self.server.public, &self.wechat.login(name).await).await
    }
}

impl Deref for App {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}
