//! The state of the simulated WeChat, in bounded memory.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::MiniProgram;
use crate::access_token::Tokens;
use crate::api::Api;
use crate::content_security::ContentSecurity;
use crate::pay::PayMemory;
use crate::phone::PhoneCode;
use crate::script::{InvalidScript, Script, Scripted, Step};

/// Maximum number of codes and of counters of codes; the oldest are removed first.
const MAX_CODES: usize = 100_000;

/// Maximum length in bytes of a code with a counter of its own.
const MAX_COUNTED_CODE: usize = 256;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls by API, including failed and scripted ones: `{"jscode2session": 3}`.
    pub apis: BTreeMap<&'static str, u64>,
    /// Calls of `jscode2session` by code.
    pub codes: BTreeMap<String, u64>,
    /// Calls of `stable_token` that forced a refresh.
    pub forced_refreshes: u64,
}

/// An issued code of `wx.login`.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) app_id: String,
    pub(crate) user: String,
    pub(crate) session_key: String,
    pub(crate) issued_ms: u64,
    pub(crate) used: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    apps: Vec<MiniProgram>,
    seed: [u8; 16],
    serial: AtomicU64,
    advanced_ms: AtomicU64,
    memory: Mutex<Memory>,
    /// The runtime of the listener, which background tasks use; none before the simulator runs.
    runtime: OnceLock<Handle>,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) codes: Bounded<Code>,
    /// The current session_key by openid: that of the last login.
    pub(crate) session_keys: Bounded<String>,
    pub(crate) phone_codes: Bounded<PhoneCode>,
    /// Access tokens by app id.
    pub(crate) tokens: HashMap<String, Tokens>,
    pub(crate) content_security: ContentSecurity,
    pub(crate) pay: PayMemory,
    script: Script,
    api_calls: BTreeMap<&'static str, u64>,
    code_calls: Bounded<u64>,
}

impl State {
    pub(crate) fn new(apps: Vec<MiniProgram>) -> Self {
        Self {
            apps,
            seed: seed(),
            serial: AtomicU64::new(0),
            advanced_ms: AtomicU64::new(0),
            memory: Mutex::default(),
            runtime: OnceLock::new(),
        }
    }

    pub(crate) fn apps(&self) -> &[MiniProgram] {
        &self.apps
    }

    /// The mini-program of this id, or the first when there is no id.
    pub(crate) fn app(&self, id: Option<&str>) -> Option<&MiniProgram> {
        match id {
            Some(id) => self.apps.iter().find(|app| app.id == id),
            None => self.apps.first(),
        }
    }

    pub(crate) fn set_runtime(&self, runtime: Handle) {
        // A second listener of the same state keeps the first one's.
        let _ = self.runtime.set(runtime);
    }

    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.runtime.get()
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        // A panic cannot leave the memory half changed, so a poisoned lock is usable.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unique bytes. They are not secret.
    pub(crate) fn unique(&self) -> [u8; 32] {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.seed).chain_update(serial.to_be_bytes()).finalize().into()
    }

    /// Simulated time: milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        millis(now).saturating_add(self.advanced_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let add = |advanced: u64| Some(advanced.saturating_add(millis(by)));
        // The closure always returns a value, so the update cannot fail.
        let _ = self.advanced_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Counts a call of `api` and takes its step of the script.
    pub(crate) fn called(&self, api: Api, code: Option<&str>) -> Option<Step> {
        let mut memory = self.memory();
        *memory.api_calls.entry(api.name()).or_default() += 1;
        if let Some(code) = code.filter(|code| !code.is_empty() && code.len() <= MAX_COUNTED_CODE) {
            *memory.code_calls.entry(code) += 1;
        }
        memory.script.next(api)
    }

    pub(crate) fn calls(&self) -> Calls {
        let memory = self.memory();
        let codes = memory.code_calls.values.iter().map(|(code, count)| (code.clone(), *count)).collect();
        let forced_refreshes = memory.tokens.values().map(Tokens::forced_refreshes).sum();
        Calls { apis: memory.api_calls.clone(), codes, forced_refreshes }
    }

    pub(crate) fn add_to_script(&self, steps: Vec<Scripted>) -> Result<(), InvalidScript> {
        self.memory().script.add(steps)
    }

    pub(crate) fn clear_script(&self) {
        self.memory().script = Script::default();
    }
}

/// A map of at most [`MAX_CODES`] entries that evicts the oldest.
#[derive(Debug)]
pub(crate) struct Bounded<V> {
    values: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Bounded<V> {
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.values.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: String, value: V) {
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

/// The standard library's randomness, which suffices to keep the codes of two simulators apart.
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
    fn a_full_map_evicts_the_oldest_entry() {
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
    fn advancing_the_clock_saturates() {
        let state = State::new(Vec::new());
        state.advance(Duration::MAX);
        state.advance(Duration::MAX);
        assert_eq!(state.now_ms(), u64::MAX);
    }
}
