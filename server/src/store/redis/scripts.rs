//! Lua scripts. Each takes one key, decides and writes atomically, and is idempotent.

use std::sync::OnceLock;

/// A script, and the hash by which the server caches it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: &'static str,
    hash: OnceLock<String>,
}

impl Script {
    const fn new(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    pub(super) fn hash(&self) -> &str {
        self.hash.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned())
    }
}

/// Claims a code with the value `ARGV[1]` for `ARGV[2]` ms. Returns the resulting value.
pub(super) static CLAIM_CODE: Script = Script::new(
    "local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]",
);

/// Removes a key whose value, without its first `ARGV[2]` bytes, is `ARGV[1]`.
pub(super) static REMOVE_IF: Script = Script::new(
    "local held = redis.call('GET', KEYS[1])
if held and string.sub(held, tonumber(ARGV[2]) + 1) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0",
);

/// Replaces the value `ARGV[1]` by `ARGV[2]` for `ARGV[3]` ms. Returns whether `ARGV[2]` is stored.
pub(super) static REPLACE: Script = Script::new(
    "local held = redis.call('GET', KEYS[1])
if held ~= ARGV[1] and held ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1",
);

/// Takes or extends a lease for the holder `ARGV[1]`, for `ARGV[2]` ms. Returns whether `ARGV[1]` holds it.
pub(super) static TAKE_LEASE: Script = Script::new(
    "local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1",
);

/// Raises an epoch to `ARGV[1]`, or by one if it is that high already, with a time to live of `ARGV[2]` ms.
pub(super) static RAISE_EPOCH: Script = Script::new(
    "local old = tonumber(redis.call('GET', KEYS[1]) or '0')
local new = math.max(tonumber(ARGV[1]), old + 1)
redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', ARGV[2])
return 1",
);

/// Adds the member `ARGV[2]` with score `ARGV[1]` to an index, which lives for at least `ARGV[3]` ms. Returns
/// the number of members.
pub(super) static INDEX: Script = Script::new(
    "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('ZCARD', KEYS[1])",
);
