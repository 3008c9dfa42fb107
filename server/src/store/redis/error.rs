//! Mapping of the client's errors to the store's.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::StoreError;

/// The server's own error text. The client's text may quote a reply, so it is used only for failures without
/// a reply.
#[derive(Debug, thiserror::Error)]
#[error("Redis: {0}")]
struct Fault(String);

/// Error codes of a temporary failure: this server or another will recover.
const PASSING: &[&str] =
    &["LOADING", "BUSY", "NOREPLICAS", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "READONLY"];
/// Error codes of a full memory, or of a full disk under the server's files.
const FULL: &[&str] = &["OOM", "MISCONF"];

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        let fault = Box::new(Fault(words(&error)));
        if FULL.contains(&code) {
            Self::Full(fault)
        } else if error.kind() == ErrorKind::UnexpectedReturnType {
            Self::Damaged(fault.to_string())
        } else if PASSING.contains(&code)
            || error.is_io_error()
            || error.is_cluster_error()
            || matches!(
                error.kind(),
                ErrorKind::Parse
                    | ErrorKind::ClusterConnectionNotFound
                    | ErrorKind::MasterNameNotFoundBySentinel
                    | ErrorKind::NoValidReplicasFoundBySentinel
                    | ErrorKind::Server(ServerErrorKind::BusyLoading)
            )
        {
            Self::Unavailable(fault)
        } else {
            Self::Refused(fault)
        }
    }
}

fn words(error: &RedisError) -> String {
    if error.is_io_error() {
        return error.to_string();
    }
    let Some(code) = error.code() else { return error.category().to_owned() };
    // After the first comma, a server's error quotes arguments.
    let told = error.detail().and_then(|detail| detail.split(',').next()).unwrap_or_default();
    format!("{code} {told}")
}

/// Error for an invalid URL; the URL may hold a password, so it is not quoted.
pub(super) fn unreadable_url(error: &RedisError) -> StoreError {
    StoreError::Refused(Fault(format!("the URL can't be read: {}", error.category())).into())
}

/// Error for a URL with an impossible value.
pub(super) fn nonsense(why: &str) -> StoreError {
    StoreError::Refused(Fault(format!("the URL can't be read: {why}")).into())
}

/// Error for an unreadable certificate file.
pub(super) fn unreadable_authorities(path: &str, error: &io::Error) -> StoreError {
    StoreError::Refused(Fault(format!("{path}, the ca_file, can't be read: {error}")).into())
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use redis::{FromRedisValue, Value, parse_redis_value};

    use super::*;

    fn server(reply: &str) -> RedisError {
        let reply = parse_redis_value(format!("-{reply}\r\n").as_bytes()).unwrap();
        reply.extract_error().unwrap_err()
    }

    fn told(error: &StoreError) -> String {
        format!("{error} {error:?} {:?}", error.source().map(ToString::to_string))
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for reply in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.",
            "CLUSTERDOWN The cluster is down",
            "BUSY Redis is busy running a script.",
            "NOREPLICAS Not enough good replicas to write.",
        ] {
            let error = StoreError::from(server(reply));
            assert!(matches!(error, StoreError::Unavailable(_)), "{reply}: {error:?}");
        }
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut, io::ErrorKind::BrokenPipe] {
            let error = StoreError::from(RedisError::from(io::Error::from(kind)));
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
        for reply in
            ["OOM command not allowed when used memory > 'maxmemory'.", "MISCONF Redis is configured"]
        {
            assert!(matches!(StoreError::from(server(reply)), StoreError::Full(_)));
        }
        for reply in ["ERR unknown command 'GETEX'", "NOAUTH Authentication required.", "WRONGTYPE Operation"]
        {
            assert!(matches!(StoreError::from(server(reply)), StoreError::Refused(_)));
        }
    }

    #[test]
    fn values_stay_out_of_errors() {
        let unlike = u64::from_redis_value(Value::BulkString(b"s3cret".to_vec())).unwrap_err();
        let unlike = StoreError::from(RedisError::from(unlike));
        assert!(!told(&unlike).contains("s3cret"), "{unlike:?}");
        let repeats = StoreError::from(server("ERR unknown command 'X', with args beginning with: 's3cret'"));
        assert!(!told(&repeats).contains("s3cret") && told(&repeats).contains("unknown command"));
        for url in [
            "redis://:s3cret@[::1/",
            "redis://:s3cret@host:70000",
            "http://:s3cret@host",
            "redis+sentinel://:s3cret@host:70000/m",
            "redis+sentinel://host/m?s3cret=s3cret",
            "redis+cluster://:s3cret@host/1",
        ] {
            let error = super::super::RedisSessions::connect(url, "").unwrap_err();
            assert!(!told(&error).contains("s3cret") && told(&error).contains("URL"), "{error:?}");
        }
    }
}
