//! What the simulated WeChat remembers, in bounded memory.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::access_token::Tokens;
use super::content::Content;
use super::phone::PhoneCode;
use super::script::{InvalidScript, Script, Scripted, Step};
use crate::wechat::api::Api;
use crate::wechat::client::WechatApp;

/// Codes, and counters of codes, that are kept; the oldest go first.
const MAX_CODES: usize = 100_000;

/// Codes longer than this, in bytes, are counted only as a call.
const MAX_COUNTED_CODE: usize = 256;

/// How often WeChat was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// By API, failed and scripted calls too: `{"jscode2session": 3}`.
    pub apis: BTreeMap<&'static str, u64>,
    /// Of `jscode2session`, by code.
    pub codes: BTreeMap<String, u64>,
    /// Of `stable_token`, those that forced a refresh.
    pub forced_refreshes: u64,
}

/// A code of `wx.login`.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) app_id: String,
    pub(super) user: String,
    pub(super) session_key: SecretString,
    pub(super) issued_ms: u64,
    pub(super) used: bool,
}

#[derive(Debug)]
pub(super) struct State {
    apps: Vec<WechatApp>,
    seed: [u8; 16],
    serial: AtomicU64,
    advanced_ms: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) codes: Bounded<Code>,
    /// The session_key that each openid's phone has now: that of its last login.
    pub(super) session_keys: Bounded<SecretString>,
    pub(super) phone_codes: Bounded<PhoneCode>,
    /// By app id.
    pub(super) tokens: HashMap<String, Tokens>,
    pub(super) content: Content,
    script: Script,
    api_calls: BTreeMap<&'static str, u64>,
    code_calls: Bounded<u64>,
}

impl State {
    pub(super) fn new(apps: Vec<WechatApp>) -> Self {
        Self {
            apps,
            seed: seed(),
            serial: AtomicU64::new(0),
            advanced_ms: AtomicU64::new(0),
            memory: Mutex::default(),
        }
    }

    pub(super) fn apps(&self) -> &[WechatApp] {
        &self.apps
    }

    /// The mini-program of this id, or the first.
    pub(super) fn app(&self, id: Option<&str>) -> Option<&WechatApp> {
        match id {
            Some(id) => self.apps.iter().find(|app| app.id == id),
            None => self.apps.first(),
        }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        // No guarded section leaves the memory half changed.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that nobody has seen before. They are no secrets.
    pub(super) fn unique(&self) -> [u8; 32] {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.seed).chain_update(serial.to_be_bytes()).finalize().into()
    }

    /// Simulated time: milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        millis(now).saturating_add(self.advanced_ms.load(Ordering::Relaxed))
    }

    pub(super) fn advance(&self, by: Duration) {
        let add = |advanced: u64| Some(advanced.saturating_add(millis(by)));
        // The closure always gives a value, so there is no failed update to look at.
        let _ = self.advanced_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Counts a call of `api` and takes what the script says about it.
    pub(super) fn called(&self, api: Api, code: Option<&str>) -> Option<Step> {
        let mut memory = self.memory();
        *memory.api_calls.entry(api.name()).or_default() += 1;
        if let Some(code) = code.filter(|code| !code.is_empty() && code.len() <= MAX_COUNTED_CODE) {
            *memory.code_calls.entry(code) += 1;
        }
        memory.script.next(api)
    }

    pub(super) fn calls(&self) -> Calls {
        let memory = self.memory();
        let codes = memory.code_calls.values.iter().map(|(code, count)| (code.clone(), *count)).collect();
        let forced_refreshes = memory.tokens.values().map(Tokens::forced_refreshes).sum();
        Calls { apis: memory.api_calls.clone(), codes, forced_refreshes }
    }

    pub(super) fn add_to_script(&self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        self.memory().script.add(steps)
    }

    pub(super) fn clear_script(&self) {
        self.memory().script = Script::default();
    }
}

/// A map that forgets its oldest key beyond [`MAX_CODES`].
#[derive(Debug)]
pub(super) struct Bounded<V> {
    values: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Bounded<V> {
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.values.get_mut(key)
    }

    pub(super) fn insert(&mut self, key: String, value: V) {
        if self.values.insert(key.clone(), value).is_none() {
            self.admit(key);
        }
    }

    fn entry(&mut self, key: &str) -> &mut V
    where
        V: Default,
    {
        if !self.values.contains_key(key) {
            self.admit(key.to_owned());
        }
        self.values.entry(key.to_owned()).or_default()
    }

    fn admit(&mut self, key: String) {
        self.order.push_back(key);
        if self.order.len() > MAX_CODES
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

/// The standard library's randomness: enough to tell one simulator's codes from another's.
fn seed() -> [u8; 16] {
    let mut seed = [0; 16];
    for half in seed.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_be_bytes());
    }
    seed
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut bounded = Bounded::<u64>::default();
        for key in 0..=MAX_CODES {
            *bounded.entry(&key.to_string()) += 1;
        }
        *bounded.entry("1") += 1;
        assert_eq!((bounded.values.len(), bounded.order.len()), (MAX_CODES, MAX_CODES));
        assert_eq!(bounded.get_mut("0"), None);
        assert_eq!(bounded.get_mut("1"), Some(&mut 2));
        bounded.insert("1".to_owned(), 9);
        bounded.insert("new".to_owned(), 1);
        assert_eq!((bounded.values.len(), bounded.order.len()), (MAX_CODES, MAX_CODES));
    }

    #[test]
    fn time_cannot_be_advanced_past_its_end() {
        let state = State::new(Vec::new());
        state.advance(Duration::MAX);
        state.advance(Duration::MAX);
        assert_eq!(state.now_ms(), u64::MAX);
    }
}
