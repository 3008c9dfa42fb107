//! State of a Redis, for `yibi-server check`. It uses only `INFO`: managed services refuse `CONFIG`.

use redis::{Value, cmd};

use super::{RedisSessions, StoreError, StoreResult};

/// State of a Redis; of a Cluster, the state of its worst node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisState {
    /// Server version, such as `7.0.15`.
    pub version: String,
    /// The `maxmemory-policy`, if the server evicts keys when its memory is full.
    pub evicts: Option<String>,
    /// Whether the server keeps an append-only file, if it reports that.
    pub append_only: Option<bool>,
}

impl RedisSessions {
    /// Reads the state of the database.
    ///
    /// # Errors
    /// The errors of every store operation; [`StoreError::Refused`] when the reply lacks the state.
    pub async fn state(&self) -> StoreResult<RedisState> {
        let info: Value = self.run(async |ops| ops.client.one(&cmd("INFO")).await).await?;
        let mut texts = Vec::new();
        collect(&info, &mut texts);
        state(&texts.concat())
            .ok_or_else(|| StoreError::Refused("the answer to INFO names no version".into()))
    }
}

/// Collects the texts in a reply: one, or one per node.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else holds a text")]
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Map(nodes) => nodes.iter().for_each(|(_, value)| collect(value, texts)),
        _ => {}
    }
}

fn state(info: &str) -> Option<RedisState> {
    let all = |name: &str| -> Vec<String> {
        let named = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned());
        info.lines().filter_map(named).collect()
    };
    let mut versions = all("redis_version");
    versions.sort_by_key(|version| {
        version.split('.').map(|part| part.parse::<u32>().unwrap_or_default()).collect::<Vec<_>>()
    });
    // Without a limit, the memory never counts as full.
    let bounds = all("maxmemory").into_iter().chain(std::iter::repeat("unknown".to_owned()));
    let mut policies = all("maxmemory_policy").into_iter().zip(bounds);
    Some(RedisState {
        version: versions.first()?.clone(),
        evicts: policies
            .find(|(policy, bound)| policy != "noeviction" && bound != "0")
            .map(|(policy, _)| policy),
        append_only: all("aof_enabled").iter().map(|enabled| enabled == "1").min(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_node_speaks_for_all() {
        let one = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";
        let two = "# Server\r\nredis_version:6.2.7\r\nmaxmemory_policy:volatile-lru\r\naof_enabled:0\r\n";
        assert_eq!(
            state(one).unwrap(),
            RedisState { version: "7.0.15".to_owned(), evicts: None, append_only: Some(true) }
        );
        assert_eq!(state(&format!("{one}{two}")), state(two));
        assert_eq!(state("# Server\r\n"), None);
        let short = state("redis_version:7.2.0\r\n").unwrap();
        assert_eq!((short.evicts, short.append_only), (None, None));
        let bounded = "redis_version:7.2.0\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(state(bounded).unwrap().evicts.as_deref(), Some("allkeys-lru"));
        let unbounded = "redis_version:7.2.0\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(state(unbounded).unwrap().evicts, None);
    }
}
