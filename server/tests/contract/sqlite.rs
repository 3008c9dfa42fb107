//! The embedded store, in a directory of its own for each test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use yibi_server::store::sqlite::SqliteStore;

use crate::given::Opened;

/// A directory that is not there yet, and is removed with all in it in the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("contract-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[expect(clippy::unused_async, reason = "backends behind a network open in time")]
async fn open() -> Opened<SqliteStore, Directory> {
    let directory = Directory::new();
    Opened { store: SqliteStore::open(&directory.0).unwrap(), _keep: directory }
}

gallery_cases!(super::open);
sessions_cases!(super::open);
