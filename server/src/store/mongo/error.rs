//! Classification of the driver's errors.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::StoreError;

/// The server's own error text, without its reply, which may quote stored data.
#[derive(Debug, thiserror::Error)]
#[error("MongoDB: {0}")]
struct Fault(String);

/// Error codes of a temporary failure: unreachable hosts, elections and shutdowns, time-outs, a majority that
/// did not confirm in time.
const PASSING: &[i32] = &[
    6, 7, 43, 46, 50, 64, 89, 91, 100, 112, 133, 134, 189, 202, 262, 384, 9001, 10058, 10107, 11600, 11602,
    13388, 13435, 13436,
];
/// `OutOfDiskSpace`, and the quota error of managed databases.
const FULL: &[i32] = &[14031, 12501];
const DUPLICATE_KEY: i32 = 11000;
/// Labels of errors that a retry may resolve.
const PASSING_LABELS: &[&str] =
    &["RetryableWriteError", "TransientTransactionError", "RetryableError", "SystemOverloadedError"];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let (code, text) = match reply(&error.kind) {
            Some((code, text)) => (Some(code), text),
            None => (None, error.kind.to_string()),
        };
        if let ErrorKind::Bson(_) = &*error.kind {
            return Self::Damaged(text);
        }
        let among = |codes: &[i32]| code.is_some_and(|code| codes.contains(&code));
        let fault = Box::new(Fault(text));
        if among(FULL) {
            Self::Full(fault)
        } else if among(PASSING)
            || is_unreachable(&error.kind)
            || PASSING_LABELS.iter().any(|label| error.contains_label(label))
        {
            Self::Unavailable(fault)
        } else {
            Self::Refused(fault)
        }
    }
}

fn is_unreachable(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Shutdown
    )
}

/// Whether a write failed because its document's key is taken.
pub(super) fn is_duplicate(error: &Error) -> bool {
    !matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteConcernError(_)))
        && reply(&error.kind).is_some_and(|(code, _)| code == DUPLICATE_KEY)
}

/// Code and text of the server's error.
fn reply(kind: &ErrorKind) -> Option<(i32, String)> {
    if let ErrorKind::Command(error) = kind {
        Some((error.code, format!("{} ({}): {}", error.code_name, error.code, error.message)))
    } else if let ErrorKind::Write(WriteFailure::WriteError(error)) = kind {
        Some((error.code, format!("write error {}: {}", error.code, error.message)))
    } else if let ErrorKind::Write(WriteFailure::WriteConcernError(error)) = kind {
        Some((error.code, format!("{} ({}): {}", error.code_name, error.code, error.message)))
    } else {
        None
    }
}

/// Error for an invalid URI. The driver's text is used only if the URI holds no credentials.
pub(super) fn unreadable_uri(uri: &str, error: &Error) -> StoreError {
    let cause = if uri.contains('@') { String::new() } else { format!(": {}", error.kind) };
    StoreError::Refused(Fault(format!("the URI can't be read{cause}")).into())
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use mongodb::bson::doc;
    use mongodb::error::{CommandError, WriteConcernError, WriteError};

    use super::*;

    fn command(code: i32) -> Error {
        let error = doc! {"code": code, "codeName": "Name", "errmsg": "words"};
        let error: CommandError = mongodb::bson::deserialize_from_document(error).unwrap();
        ErrorKind::Command(error).into()
    }

    fn write(code: i32) -> Error {
        let error = doc! {"code": code, "errmsg": "words"};
        let error: WriteError = mongodb::bson::deserialize_from_document(error).unwrap();
        ErrorKind::Write(WriteFailure::WriteError(error)).into()
    }

    fn concern(code: i32) -> Error {
        let error = doc! {"code": code, "codeName": "Name", "errmsg": "words"};
        let error: WriteConcernError = mongodb::bson::deserialize_from_document(error).unwrap();
        ErrorKind::Write(WriteFailure::WriteConcernError(error)).into()
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        for error in [command(10107), command(189), command(50), concern(64), write(11600), refused.into()] {
            let text = error.to_string();
            assert!(matches!(StoreError::from(error), StoreError::Unavailable(_)), "{text}");
        }
        for error in [command(14031), write(14031)] {
            assert!(matches!(StoreError::from(error), StoreError::Full(_)));
        }
        for error in [command(13), command(18), write(121), write(11000)] {
            assert!(matches!(StoreError::from(error), StoreError::Refused(_)));
        }
        let unlike = mongodb::bson::deserialize_from_document::<CommandError>(doc! {"code": "text"});
        let unlike = Error::from(unlike.unwrap_err());
        assert!(matches!(StoreError::from(unlike), StoreError::Damaged(_)));
    }

    #[test]
    fn a_taken_key_is_known_in_either_form() {
        assert!(is_duplicate(&write(11000)) && is_duplicate(&command(11000)));
        assert!(!is_duplicate(&write(11600)) && !is_duplicate(&concern(64)));
    }

    #[test]
    fn a_password_stays_out_of_errors() {
        for uri in ["mongodb://me:s3cret@[::1", "mongodb://me:s3cret@host:70000/", "me:s3cret@host"] {
            let error = super::super::MongoGallery::connect(uri, "yibi").unwrap_err();
            let told = format!("{error} {error:?} {:?}", error.source().map(ToString::to_string));
            assert!(!told.contains("s3cret") && told.contains("URI"), "{told}");
        }
    }
}
