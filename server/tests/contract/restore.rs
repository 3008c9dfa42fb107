//! A restore of the embedded store takes back no decision about shares.

use yibi_common::rooms::{FrozenBy, RoomKind, RoomState};
use yibi_common::sharing::{CaseState, Reason, ShareState};
use yibi_server::domain::review::{Case, Evidence};
use yibi_server::domain::room::{Room, RoomChange};
use yibi_server::domain::share::{CodeRecord, CodeTarget, Share};
use yibi_server::store::sqlite::backup::{backup, verify};
use yibi_server::store::sqlite::{SqliteStore, restore};
use yibi_server::store::{Drawings, Reviews, Rooms, Shares, Users};

use crate::gallery::reviews::{case, report};
use crate::gallery::rooms;
use crate::gallery::shares::{code, copy, publish, record, share};
use crate::given::{at, draw, new_user, user};
use crate::sqlite::Directory;

#[tokio::test(flavor = "multi_thread")]
async fn rooms_stay_frozen_and_people_banned() {
    let (directory, kept) = (Directory::new(), Directory::new());
    std::fs::create_dir(&kept.0).unwrap();
    let file = kept.0.join("backup.sqlite3");
    let store = SqliteStore::open(&directory.0).unwrap();
    store.sign_in(&user("ann"), &new_user("p1"), at(0)).await.unwrap();
    let room = rooms::opened(&store, RoomKind::Relay, 1).await;
    store.add_code(&CodeRecord { what: CodeTarget::Room, ..record("ann", "d", 1, 5) }).await.unwrap();
    backup(&directory.0, &file).unwrap();
    let drawn = rooms::stroke(&room, 1, 60);
    store.change_room(&user("ann"), "d", &drawn, at(6)).await.unwrap();
    let frozen = Room {
        state: RoomState::Frozen,
        banned: vec!["eve".to_owned()],
        frozen_by: Some(FrozenBy::Operator),
        frozen_seq: Some(2),
        ..drawn.room.clone()
    };
    let frozen = RoomChange::of(&drawn.room, frozen);
    store.change_room(&user("ann"), "d", &frozen, at(7)).await.unwrap();
    drop(store);

    let restored = restore(&directory.0, &file, true).unwrap();
    assert_eq!((restored.former.unwrap().unreadable, restored.carried.rooms), (None, 1));
    let store = SqliteStore::open(&directory.0).unwrap();
    let header = store.header(&user("ann"), "d").await.unwrap().unwrap();
    let kept = header.room.unwrap();
    assert_eq!((header.seq, kept.state, kept.frozen_by), (1, RoomState::Frozen, Some(FrozenBy::Operator)));
    assert_eq!((&kept.banned[..], kept.recent.len(), kept.version), (&["eve".to_owned()][..], 0, 3));
    assert_eq!(store.code(&code(1)).await.unwrap().unwrap().what, CodeTarget::Room);
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_and_ended_shares_stay_so() {
    let (directory, kept) = (Directory::new(), Directory::new());
    std::fs::create_dir(&kept.0).unwrap();
    let file = kept.0.join("backup.sqlite3");
    let (ann, ben) = (user("ann"), user("ben"));
    let store = SqliteStore::open(&directory.0).unwrap();
    for (owner, public_id, drawings) in
        [(&ann, "p1", &["removed", "revoked", "shown", "again"][..]), (&ben, "p2", &["d"])]
    {
        store.sign_in(owner, &new_user(public_id), at(0)).await.unwrap();
        for (drawing, number) in drawings.iter().zip(if owner == &ann { 1.. } else { 9.. }) {
            draw(&store, owner, drawing, 1, at(1)).await;
            publish(&store, owner.openid(), drawing, number).await;
        }
    }
    store.add_case(&case("ann", 1, 5)).await.unwrap();
    store.add_case(&case("ben", 9, 5)).await.unwrap();
    let made = backup(&directory.0, &file).unwrap();
    assert_eq!((made.users, made.shares, made.cases), (2, 5, 2));
    assert_eq!(verify(&file).unwrap(), made);

    let changed = async |drawing: &str, state| {
        let share = store.share(&ann, drawing).await.unwrap().unwrap();
        assert!(store.change_share(&Share { state, ..share }).await.unwrap());
    };
    changed("removed", ShareState::Removed).await;
    changed("revoked", ShareState::Revoked).await;
    changed("shown", ShareState::Shown).await;
    // Ended, shared again under another code, and hidden.
    store.add_code(&record("ann", "again", 5, 20)).await.unwrap();
    store.put_copy(&copy("ann", 5, 8)).await.unwrap();
    let again = Share { state: ShareState::Held, ..share("ann", "again", 5, 20) };
    assert!(store.change_share(&again).await.unwrap());
    let decided = Case { state: CaseState::Removed, reason: Some(Reason::Unlawful), ..case("ann", 1, 5) };
    assert!(store.change_case(&decided).await.unwrap());
    store.add_case(&case("ann", 2, 6)).await.unwrap();
    store.add_report(&report("cat", 1, 3, 7)).await.unwrap();
    let evidence = Evidence { case: "case-1".to_owned(), sealed: "s".to_owned(), expires_at: at(900) };
    store.put_evidence(&evidence).await.unwrap();
    store.schedule_erasure(&ben, at(100)).await.unwrap();
    store.erase(&ben, at(100)).await.unwrap();
    drop(store);

    let restored = restore(&directory.0, &file, true).unwrap();
    assert_eq!(restored.former.unwrap().unreadable, None);
    let carried = restored.carried;
    assert_eq!((carried.erased, carried.shares, carried.cases), (1, 3, 2));
    assert_eq!((restored.content.users, restored.content.shares, restored.content.cases), (1, 4, 3));
    let store = SqliteStore::open(&directory.0).unwrap();
    for (drawing, state, copies) in [
        ("removed", ShareState::Removed, &[3, 5][..]),
        ("revoked", ShareState::Revoked, &[]),
        ("shown", ShareState::Checking, &[3, 5]),
        ("again", ShareState::Held, &[8]),
    ] {
        let share = store.share(&ann, drawing).await.unwrap().unwrap();
        assert_eq!(share.state, state, "{drawing}");
        assert_eq!(store.copies(&ann, &share.code).await.unwrap(), copies, "{drawing}");
        assert!(store.code(&share.code).await.unwrap().is_some(), "{drawing}");
    }
    assert_eq!(store.copies(&ann, &code(4)).await.unwrap(), [0_u32; 0], "the copy of an ended share");
    assert!(store.code(&code(4)).await.unwrap().is_some(), "its address tells that it ended");
    assert_eq!(store.case("case-1").await.unwrap(), Some(Case { version: 1, ..decided }));
    assert_eq!(store.case("case-2").await.unwrap(), Some(case("ann", 2, 6)));
    assert_eq!(store.evidence("case-1").await.unwrap(), Some(evidence));
    assert_eq!(store.reports(&code(1), 9).await.unwrap().len(), 1);
    assert_eq!(store.share(&ben, "d").await.unwrap(), None);
    assert_eq!(store.code(&code(9)).await.unwrap(), None);
    assert_eq!(store.copies(&ben, &code(9)).await.unwrap(), [0_u32; 0]);
    let of_ben = store.case("case-9").await.unwrap().unwrap();
    assert_eq!((of_ben.owner.as_str(), of_ben.author.as_str()), ("", ""));
}
