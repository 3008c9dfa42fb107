//! Cases of the [`Rooms`](yibi_server::store::Rooms).

use futures_util::future::join_all;
use yibi_common::rooms::{FrozenBy, RoomKind, RoomState};
use yibi_server::domain::batch::{Appended, Batch, Obstacle};
use yibi_server::domain::room::{AfterMember, Hold, Member, RecentStroke, Room, RoomChange, RoomWritten};
use yibi_server::domain::share::{AfterShare, Code, CodeRecord, CodeTarget};
use yibi_server::domain::weapp::WeappSaved;

use super::shares::{code, record};
use crate::given::{GalleryUnderTest, actions, at, batch, blob, blobs, draw, header, new_user, save, user};

fn room(kind: RoomKind, number: u8) -> Room {
    Room::fresh(code(number), kind, None, "ann", at(5))
}

/// The change that opens a room.
fn opening(kind: RoomKind, number: u8) -> RoomChange {
    let authors = Some(vec!["ann".to_owned()]);
    RoomChange { known: None, room: room(kind, number), seq: None, authors, batch: None }
}

/// Draws a drawing of `count` actions and opens a room in it.
pub async fn opened<G: GalleryUnderTest>(gallery: &G, kind: RoomKind, count: u32) -> Room {
    draw(gallery, &user("ann"), "d", count, at(1)).await;
    let change = opening(kind, 1);
    assert_eq!(gallery.change_room(&user("ann"), "d", &change, at(5)).await.unwrap(), RoomWritten::Done);
    change.room
}

pub fn stroke(known: &Room, from: u32, size: usize) -> RoomChange {
    let recent = RecentStroke { stroke_id: format!("s{from}"), by: 1, from, seq: from + 1, at: at(7) };
    let room = Room { recent: vec![recent], ..known.clone() };
    let batch = Batch { in_room: true, ..batch(from, vec![blob(from, size)]) };
    let authors = Some(vec!["ann".to_owned(), "ben".to_owned()]);
    RoomChange { seq: Some(from), authors, batch: Some(batch), ..RoomChange::of(known, room) }
}

pub async fn a_room_is_kept_as_it_was_written<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let first = opened(gallery, RoomKind::Relay, 1).await;
    let stored = header(gallery, &ann, "d").await;
    assert_eq!((stored.room.as_deref(), &stored.authors[..]), (Some(&first), &["ann".to_owned()][..]));
    let full = Room {
        state: RoomState::Frozen,
        locked: true,
        goal: Some(30),
        strokes: 7,
        hold: Some(Hold { user: "ben".to_owned(), until: at(90), extended: true }),
        last_author: Some("安".to_owned()),
        last_at: at(80),
        recent: vec![RecentStroke { stroke_id: "s".to_owned(), by: 199, from: 3, seq: 4, at: at(80) }],
        banned: vec!["eve $set".to_owned()],
        frozen_by: Some(FrozenBy::Wechat),
        frozen_seq: Some(4),
        cleared_seq: Some(u32::MAX),
        done_at: Some(at(81)),
        ends_at: at(i64::from(u32::MAX)),
        ..first.clone()
    };
    let change = RoomChange::of(&first, full);
    assert_eq!(gallery.change_room(&ann, "d", &change, at(9)).await.unwrap(), RoomWritten::Done);
    let stored = header(gallery, &ann, "d").await;
    assert_eq!((stored.room.as_deref(), stored.seq, stored.updated_at), (Some(&change.room), 1, at(1)));
    assert_eq!(gallery.page(&ann, false, None, 5).await.unwrap(), std::slice::from_ref(&stored));
    gallery.rename(&ann, "d", "风筝").await.unwrap();
    gallery.set_deleted(&ann, "d", true, at(10)).await.unwrap();
    let late = RoomChange::of(&change.room, change.room.clone());
    assert_eq!(
        gallery.change_room(&ann, "d", &late, at(11)).await.unwrap(),
        RoomWritten::Moved,
        "in the bin"
    );
    gallery.set_deleted(&ann, "d", false, at(12)).await.unwrap();
    assert_eq!(header(gallery, &ann, "d").await.room, stored.room);
    assert_eq!(
        gallery.change_room(&ann, "e", &late, at(11)).await.unwrap(),
        RoomWritten::Moved,
        "no drawing"
    );
}

pub async fn a_room_is_changed_as_it_was_read_only<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let known = opened(gallery, RoomKind::Together, 3).await;
    let again = gallery.change_room(&ann, "d", &opening(RoomKind::Together, 2), at(6)).await.unwrap();
    assert_eq!(again, RoomWritten::Moved, "there is one");
    let lock = RoomChange::of(&known, Room { locked: true, ..known.clone() });
    assert_eq!(gallery.change_room(&ann, "d", &lock, at(6)).await.unwrap(), RoomWritten::Done);
    assert_eq!(gallery.change_room(&ann, "d", &lock, at(6)).await.unwrap(), RoomWritten::Moved);
    let late = stroke(&known, 3, 50);
    assert_eq!(gallery.change_room(&ann, "d", &late, at(6)).await.unwrap(), RoomWritten::Moved);
    let misplaced = stroke(&lock.room, 2, 50);
    assert_eq!(gallery.change_room(&ann, "d", &misplaced, at(6)).await.unwrap(), RoomWritten::Moved);
    assert_eq!(header(gallery, &ann, "d").await.seq, 3);
}

pub async fn a_stroke_and_its_room_are_one_write<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let mut known = opened(gallery, RoomKind::Relay, 2).await;
    let before = header(gallery, &ann, "d").await;
    let usage = gallery.usage(&ann).await.unwrap();
    // Enough for several chunks, and one action larger than a tail.
    let sizes = [6_000, 6_000, 6_000, 20_000, 50, 9_000];
    for (from, size) in (2..).zip(sizes) {
        let change = stroke(&known, from, size);
        assert_eq!(
            gallery.change_room(&ann, "d", &change, at(8)).await.unwrap(),
            RoomWritten::Done,
            "{from}"
        );
        known = change.room;
        let stored = header(gallery, &ann, "d").await;
        assert_eq!((stored.seq, stored.room.as_deref()), (from + 1, Some(&known)));
        assert_eq!(stored.authors, ["ann", "ben"]);
    }
    let stored = header(gallery, &ann, "d").await;
    let drawn: usize = sizes.iter().sum();
    assert_eq!((stored.bytes, stored.stroke_count), (before.bytes + drawn as u64, before.stroke_count + 6));
    assert_eq!((stored.updated_at, stored.all_weapp), (at(8), false));
    assert_eq!(gallery.usage(&ann).await.unwrap().bytes, usage.bytes + drawn as u64);
    let mut expected = blobs(0, 2);
    expected.extend((2..).zip(sizes).map(|(number, size)| blob(number, size)));
    assert_eq!(actions(gallery, &ann, "d").await, expected);
    let full = stroke(&known, 8, 50);
    let batch = full.batch.clone().map(|batch| Batch { max_actions: 8, ..batch });
    let full = RoomChange { batch, ..full };
    let refused = gallery.change_room(&ann, "d", &full, at(9)).await.unwrap();
    assert_eq!(refused, RoomWritten::Refused(Obstacle::Actions));
    assert_eq!(header(gallery, &ann, "d").await.room.as_deref(), Some(&known));
}

pub async fn of_many_strokes_at_one_place_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let known = opened(gallery, RoomKind::Together, 1).await;
    let tasks = (0..8).map(|number| {
        let (gallery, mut change) = (gallery.clone(), stroke(&known, 1, 60));
        change.room.recent[0].stroke_id = format!("of {number}");
        tokio::spawn(async move {
            let written = gallery.change_room(&user("ann"), "d", &change, at(6)).await.unwrap();
            (written == RoomWritten::Done).then_some(change.room)
        })
    });
    let won: Vec<Room> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    let [winner] = &won[..] else { panic!("{won:?}") };
    let stored = header(gallery, &user("ann"), "d").await;
    assert_eq!((stored.seq, stored.room.as_deref()), (2, Some(winner)));
}

pub async fn a_relay_refuses_appends_past_its_room<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let known = opened(gallery, RoomKind::Relay, 1).await;
    let plain = batch(1, blobs(1, 1));
    let refused = gallery.append(&ann, "d", &plain, None, at(6)).await.unwrap();
    assert!(matches!(refused, Appended::Refused(Obstacle::InRelay, _)), "{refused:?}");
    let mut version = known;
    for (state, kind, obstacle) in [
        (RoomState::Done, RoomKind::Relay, Some(Obstacle::InRelay)),
        (RoomState::Frozen, RoomKind::Relay, Some(Obstacle::Frozen)),
        (RoomState::Frozen, RoomKind::Together, Some(Obstacle::Frozen)),
        (RoomState::Open, RoomKind::Together, None),
        (RoomState::Closed, RoomKind::Relay, None),
    ] {
        let change = RoomChange::of(&version, Room { state, kind, ..version.clone() });
        assert_eq!(gallery.change_room(&ann, "d", &change, at(6)).await.unwrap(), RoomWritten::Done);
        version = change.room;
        let seq = header(gallery, &ann, "d").await.seq;
        let appended = gallery.append(&ann, "d", &batch(seq, blobs(seq, 1)), None, at(7)).await.unwrap();
        match obstacle {
            Some(expected) => {
                assert!(matches!(appended, Appended::Refused(found, _) if found == expected), "{appended:?}");
            }
            None => assert_eq!(appended, Appended::Done { seq: seq + 1, created: false }),
        }
        assert_eq!(header(gallery, &ann, "d").await.room.as_deref(), Some(&version));
    }
}

pub async fn a_2016_save_leaves_a_drawing_of_several_people<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let known = opened(gallery, RoomKind::Together, 1).await;
    let blob = blob(9, 80);
    let refused = gallery.weapp_save(&ann, &save("d", &blob), at(6)).await.unwrap();
    assert_eq!(refused, WeappSaved::Refused(Obstacle::Several));
    let drawn = stroke(&known, 1, 60);
    assert_eq!(gallery.change_room(&ann, "d", &drawn, at(6)).await.unwrap(), RoomWritten::Done);
    let closed = RoomChange::of(&drawn.room, Room { state: RoomState::Closed, ..drawn.room.clone() });
    assert_eq!(gallery.change_room(&ann, "d", &closed, at(6)).await.unwrap(), RoomWritten::Done);
    let refused = gallery.weapp_save(&ann, &save("d", &blob), at(7)).await.unwrap();
    assert_eq!(refused, WeappSaved::Refused(Obstacle::Several), "ben drew in it");
    assert_eq!(header(gallery, &ann, "d").await.seq, 2);
}

fn room_code(openid: &str, drawing: &str, number: u8, created: i64) -> CodeRecord {
    CodeRecord { what: CodeTarget::Room, ..record(openid, drawing, number, created) }
}

pub async fn codes_of_rooms_are_paged_from_the_newest<G: GalleryUnderTest>(gallery: &G) {
    for (openid, number, created) in [("ann", 1, 5), ("ben", 2, 5), ("ann", 3, 4), ("ann", 4, 9)] {
        assert!(gallery.add_code(&room_code(openid, "d", number, created)).await.unwrap());
    }
    assert!(gallery.add_code(&record("ann", "e", 9, 7)).await.unwrap());
    assert_eq!(gallery.code(&code(3)).await.unwrap(), Some(room_code("ann", "d", 3, 4)));
    let all: Vec<CodeRecord> = gallery.room_codes(None, None, 10).await.unwrap();
    let codes =
        |records: &[CodeRecord]| records.iter().map(|record| record.code.clone()).collect::<Vec<Code>>();
    let (one, two) = (code(1).max(code(2)), code(1).min(code(2)));
    assert_eq!(codes(&all), [code(4), one.clone(), two.clone(), code(3)], "no code of a share");
    let mut paged = Vec::new();
    let mut after = None;
    while let Some(record) = gallery.room_codes(None, after.as_ref(), 1).await.unwrap().pop() {
        after = Some(AfterShare { created_at: record.created_at, code: record.code.clone() });
        paged.push(record);
    }
    assert_eq!(paged, all);
    let theirs = gallery.room_codes(Some(&user("ann")), None, 2).await.unwrap();
    assert_eq!(codes(&theirs), [code(4), code(1)]);
}

pub async fn people_are_in_rooms_until_they_are_removed<G: GalleryUnderTest>(gallery: &G) {
    let member = |openid: &str, number: u8, joined: i64| Member {
        user: user(openid),
        code: code(number),
        joined_at: at(joined),
    };
    let given = [member("ann", 1, 5), member("ann", 2, 5), member("ann", 3, 9), member("ben", 1, 7)];
    for one in &given {
        gallery.add_member(one).await.unwrap();
    }
    gallery.add_member(&member("ann", 1, 99)).await.unwrap();
    let mut paged = Vec::new();
    let mut after = None;
    while let Some(one) = gallery.members(&user("ann"), after.as_ref(), 1).await.unwrap().pop() {
        after = Some(AfterMember { joined_at: one.joined_at, code: one.code.clone() });
        paged.push(one);
    }
    let (one, two) = if code(1) > code(2) { (0, 1) } else { (1, 0) };
    assert_eq!(paged, [given[2].clone(), given[one].clone(), given[two].clone()]);
    let turn = gallery.members_behind(None, 10).await.unwrap();
    assert_eq!(turn.items.len(), 4);
    assert!(gallery.members_behind(turn.next.as_deref(), 10).await.unwrap().items.is_empty());
    gallery.remove_member(&user("ann"), &code(3)).await.unwrap();
    gallery.remove_member(&user("ann"), &code(3)).await.unwrap();
    assert_eq!(gallery.members(&user("ann"), None, 10).await.unwrap().len(), 2);
}

pub async fn a_room_goes_with_its_drawing_and_its_people<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    opened(gallery, RoomKind::Together, 1).await;
    gallery.add_code(&room_code("ann", "d", 1, 1)).await.unwrap();
    gallery.sign_in(&user("ben"), &new_user("pb"), at(0)).await.unwrap();
    let member = Member { user: user("ben"), code: code(1), joined_at: at(2) };
    gallery.add_member(&member).await.unwrap();
    gallery.set_deleted(&ann, "d", true, at(10)).await.unwrap();
    assert!(gallery.purge(&ann, "d", at(11)).await.unwrap());
    assert_eq!(gallery.code(&code(1)).await.unwrap(), None);
    gallery.schedule_erasure(&user("ben"), at(20)).await.unwrap();
    gallery.erase(&user("ben"), at(30)).await.unwrap();
    assert!(gallery.members(&user("ben"), None, 10).await.unwrap().is_empty());
}
