//! The embedded store, in a separate directory for each test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use yibi_server::store::sqlite::SqliteStore;

use crate::given::Opened;

/// A directory that does not exist yet; dropping it removes it with its content.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
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

fn open() -> Opened<SqliteStore, Directory> {
    let directory = Directory::new();
    Opened { store: SqliteStore::open(&directory.0).unwrap(), _keep: directory }
}

gallery_cases!(super::open);
sessions_cases!(super::open);

/// Guarantees of the file-based store alone.
mod file {
    use std::error::Error;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use yibi_server::domain::session::{CodeOutcome, CodeState, SecretHash, SessionId};
    use yibi_server::store::StoreError;
    use yibi_server::store::{Drawings, Leases, Sessions, Users};

    use super::*;
    use crate::given::{actions, at, blobs, draw, header, new_user, save, user};
    use crate::sessions::session;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// The texts of an error and of its sources.
    fn told(error: &StoreError) -> String {
        let chain = std::iter::successors(Some(error as &dyn Error), |error| (*error).source());
        chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn reopening_keeps_everything() {
        let directory = Directory::new();
        let (ann, code) = (user("ann"), SecretHash([5; 32]));
        let store = SqliteStore::open(&directory.0).unwrap();
        let (record, _) = store.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
        draw(&store, &ann, "d", 120, at(1)).await;
        store.weapp_save(&ann, &save("w", b"picture"), at(2)).await.unwrap();
        store.set_deleted(&ann, "w", true, at(3)).await.unwrap();
        let drawing = header(&store, &ann, "d").await;
        let usage = store.usage(&ann).await.unwrap();
        store.remove_all(&ann).await.unwrap();
        let signed_in = store.create(session(1, &ann), HOUR).await.unwrap();
        let ended = store.create(session(2, &user("ben")), HOUR).await.unwrap();
        store.remove_all(&ended.user).await.unwrap();
        store.settle_code(code, &CodeOutcome::Session(signed_in.id), HOUR).await.unwrap();
        assert!(store.take_lease("purge", "one", HOUR).await.unwrap());
        drop(store);
        let left: Vec<_> =
            std::fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name == "yibi.sqlite3-wal"), "the log was tidied away: {left:?}");

        let store = SqliteStore::open(&directory.0).unwrap();
        assert_eq!(store.user(&ann).await.unwrap(), Some(record));
        assert_eq!(header(&store, &ann, "d").await, drawing);
        assert_eq!(actions(&store, &ann, "d").await, blobs(0, 120));
        assert_eq!(store.bin(&ann, 9).await.unwrap()[0].id, "w");
        assert_eq!(store.usage(&ann).await.unwrap(), usage);
        assert_eq!(Sessions::read(&store, signed_in.id, None, None).await.unwrap(), Some(signed_in.clone()));
        assert_eq!(Sessions::read(&store, SessionId([2; 16]), None, None).await.unwrap(), None);
        let state = store.claim_code(code, "two", HOUR).await.unwrap();
        assert_eq!(state, CodeState::Session(signed_in.id));
        assert!(!store.take_lease("purge", "two", HOUR).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_open_is_refused_until_the_last_handle_is_gone() {
        let directory = Directory::new();
        let store = SqliteStore::open(&directory.0).unwrap();
        let handle = store.clone();
        let refused = told(&SqliteStore::open(&directory.0).unwrap_err());
        assert!(refused.contains("another process is using the data in"), "{refused}");
        drop(store);
        assert!(SqliteStore::open(&directory.0).is_err());
        Users::ping(&handle).await.unwrap();
        drop(handle);
        let again = SqliteStore::open(&directory.0).unwrap();
        Sessions::ping(&again).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn closing_does_not_wait_for_other_handles() {
        let directory = Directory::new();
        let store = SqliteStore::open(&directory.0).unwrap();
        let handle = store.clone();
        draw(&store, &user("ann"), "d", 5, at(0)).await;
        tokio::task::spawn_blocking(move || store.close()).await.unwrap();
        assert!(!directory.0.join("yibi.sqlite3-wal").exists(), "the log was tidied away");
        let write = handle.rename(&user("ann"), "d", "late").await;
        assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
        let read = handle.header(&user("ann"), "d").await;
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        let again = SqliteStore::open(&directory.0).unwrap();
        assert_eq!(header(&again, &user("ann"), "d").await.title, "");
        // Dropping a handle to a closed store has no effect either.
        drop(handle);
        assert_eq!(actions(&again, &user("ann"), "d").await.len(), 5);
    }

    #[test]
    fn the_files_are_for_their_owner_alone() {
        let directory = Directory::new();
        let inner = directory.0.join("deep/data");
        let store = SqliteStore::open(&inner).unwrap();
        assert_eq!(mode(&inner), 0o700);
        let mut files = 0;
        for entry in std::fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
        assert!(files >= 3, "the lock, the database and its log");
        drop(store);
    }

    #[test]
    fn files_that_are_not_databases_are_left_unchanged() {
        let directory = Directory::new();
        std::fs::create_dir(&directory.0).unwrap();
        let path = directory.0.join("yibi.sqlite3");
        let text = "a diary, which is no database, however long it goes on\n".repeat(100);
        std::fs::write(&path, &text).unwrap();
        let refused = SqliteStore::open(&directory.0).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged(_)), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_place_that_cannot_be_is_named() {
        let directory = Directory::new();
        std::fs::create_dir(&directory.0).unwrap();
        let file = directory.0.join("file");
        std::fs::write(&file, "").unwrap();
        let refused = told(&SqliteStore::open(&file.join("data")).unwrap_err());
        assert!(refused.contains("file/data can't be opened: "), "{refused}");
    }

    /// Later writes remove expired sessions, codes and leases in passing.
    #[tokio::test(flavor = "multi_thread")]
    async fn expired_records_are_swept() {
        let directory = Directory::new();
        let store = SqliteStore::open(&directory.0).unwrap();
        for number in 0..20 {
            store.create(session(number, &user("ann")), Duration::ZERO).await.unwrap();
            store.claim_code(SecretHash([number; 32]), "one", Duration::ZERO).await.unwrap();
            store.take_lease(&format!("lease{number}"), "one", Duration::ZERO).await.unwrap();
        }
        for _ in 0..10 {
            store.drop_lease("none", "nobody").await.unwrap();
        }
        drop(store);
        let connection = rusqlite::Connection::open(directory.0.join("yibi.sqlite3")).unwrap();
        let count = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM codes)
                          + (SELECT count(*) FROM leases)";
        let left: u32 = connection.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }
}
