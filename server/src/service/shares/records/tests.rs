use std::path::Path;

use data_encoding::BASE64;
use secrecy::SecretString;
use yibi_common::drawing::Paper;

use super::*;
use crate::domain::share::ShareCopy;
use crate::domain::user::NewUser;
use crate::keys::KeyPlace;
use crate::settings::Settings;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, Reviews, Users};
use crate::telemetry::Metrics;
use crate::{random, settings};

fn records(directory: &Path, store: &SqliteStore) -> ShareRecords {
    let key = || SecretString::from(BASE64.encode(&[1; 32]));
    let keys = settings::Keys { sealing: key(), sealing_old: key(), signing: key(), signing_old: key() };
    let keys = LazyKeyring::new(keys, KeyPlace::Directory(directory.to_owned()));
    let store = GalleryStore::new(Backend::Embedded(store.clone()), Arc::new(Metrics::default()));
    ShareRecords::new(
        store,
        Arc::new(keys),
        "https://yibi.example",
        Settings::load(None, [], &[]).unwrap().sharing,
    )
}

fn share(author: &UserKey) -> Share {
    Share::fresh(Code::from_random([3; 8]), author.clone(), "d", 2, Micros(1))
}

#[tokio::test]
async fn a_pass_brings_back_nothing_of_an_erased_author() {
    let directory = std::env::temp_dir().join(format!("yibi-records-{}", random::short_id()));
    let store = SqliteStore::open(&directory).unwrap();
    let records = records(&directory, &store);
    let ann = UserKey::new("wx1", "ann");
    let new = NewUser { public_id: "p1".to_owned(), origin: None, unionid: None, reopen: false };
    store.sign_in(&ann, &new, Micros(0)).await.unwrap();
    let share = share(&ann);
    let copy = ShareCopy {
        code: share.code.clone(),
        seq: 2,
        owner: ann.clone(),
        title: String::new(),
        paper: Paper::default(),
        drawn_at: Micros(0),
        actions: vec![vec![1]],
    };
    store.add_share(&share).await.unwrap();
    store.put_copy(&copy).await.unwrap();
    records.open_case(&share, 2, CaseOpener::Wechat, CaseState::Held, None).await.unwrap();
    let case = copy_name(&share.code, 2);
    let before = store.case(&case).await.unwrap().unwrap();

    let now = Micros::now();
    store.schedule_erasure(&ann, now).await.unwrap();
    store.erase(&ann, now).await.unwrap();
    let after = store.case(&case).await.unwrap().unwrap();
    assert_eq!(after.owner.as_str(), "");
    // An operator may have read the case before the erasure.
    for case in [&before, &after] {
        assert!(records.case_copy(case).await.unwrap().is_some(), "the evidence is kept");
        assert!(!records.decide(case, CaseDecision::Pass).await.unwrap(), "nothing is left to decide");
        assert_eq!(store.copies(&ann, &share.code).await.unwrap(), [0_u32; 0]);
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
