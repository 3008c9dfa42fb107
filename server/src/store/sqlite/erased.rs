//! Erased users, in a file beside the database: an older backup may contain them, and a restore removes them
//! again.
//!
//! The file holds no openid: each line is the salted SHA-256 of a user's key and the time of the erasure, in
//! microseconds since 1970. The first line is the salt.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::files::{give_to_owner_of, sync_directory_of};
use crate::domain::clock::Micros;
use crate::domain::user::UserKey;
use crate::random;

const FILE: &str = "erased-users";

/// The erasure log of a data directory.
#[derive(Debug, Clone)]
pub(super) struct ErasureLog(PathBuf);

#[derive(Debug, Default)]
pub(super) struct ErasedUsers {
    salt: String,
    erased_at: HashMap<String, Micros>,
}

impl ErasureLog {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self(directory.join(FILE))
    }

    /// Records a user's erasure durably.
    pub(super) fn add(&self, user: &UserKey, now: Micros) -> io::Result<()> {
        let mut known = self.read()?;
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.0)?;
        if known.salt.is_empty() {
            known.salt = HEXLOWER.encode(&random::bytes::<16>());
            file.write_all(known.salt.as_bytes())?;
        }
        // A line break first: a crash may have truncated the last line.
        file.write_all(format!("\n{} {}\n", known.hash(user), now.0).as_bytes())?;
        file.sync_all()?;
        give_to_owner_of(self.0.parent().unwrap_or(Path::new(".")), &self.0)?;
        sync_directory_of(&self.0)
    }

    pub(super) fn read(&self) -> io::Result<ErasedUsers> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut lines = text.lines();
        let salt = lines.next().unwrap_or_default().to_owned();
        let parsed = lines.filter_map(|line| {
            let (hash, at) = line.split_once(' ')?;
            Some((hash.to_owned(), Micros(at.parse().ok()?)))
        });
        Ok(ErasedUsers { salt, erased_at: parsed.collect() })
    }
}

impl ErasedUsers {
    /// Whether a user who first signed in at `created_at` was erased later.
    pub(super) fn contains(&self, user: &UserKey, created_at: Micros) -> bool {
        self.erased_at.get(&self.hash(user)).is_some_and(|erased_at| created_at <= *erased_at)
    }

    fn hash(&self, user: &UserKey) -> String {
        let digest = Sha256::new().chain_update(&self.salt).chain_update(" ").chain_update(user.as_str());
        HEXLOWER.encode(&digest.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_user_is_known_until_a_new_beginning_and_a_cut_line_spoils_no_other() {
        let directory = std::env::temp_dir().join(format!("yibi-erased-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let log = ErasureLog::in_directory(&directory);
        let (ann, ben) = (UserKey::new("wx1", "ann"), UserKey::new("wx1", "ben"));
        assert!(!log.read().unwrap().contains(&ann, Micros(1)));
        log.add(&ann, Micros(10)).unwrap();
        let mut file = OpenOptions::new().append(true).open(directory.join(FILE)).unwrap();
        file.write_all(b"abc").unwrap();
        log.add(&ben, Micros(20)).unwrap();
        let erased = log.read().unwrap();
        assert!(erased.contains(&ann, Micros(9)) && erased.contains(&ben, Micros(20)));
        assert!(!erased.contains(&ann, Micros(11)), "signed in anew after the erasure");
        let text = std::fs::read_to_string(directory.join(FILE)).unwrap();
        assert!(!text.contains("ann") && !text.contains("wx1"), "{text}");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
