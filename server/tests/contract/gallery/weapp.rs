//! Cases of saves and the list of the 2016 dialect.

use futures_util::future::join_all;
use yibi_common::drawing::{Mode, Paper};
use yibi_server::domain::batch::{Appended, Batch, Obstacle};
use yibi_server::domain::drawing::{Header, NewDrawing};
use yibi_server::domain::weapp::{WeappHead, WeappSave, WeappSaved};

use crate::given::{GalleryUnderTest, actions, at, batch, blank, blob, blobs, draw, header, save, user};

fn done(bytes: i64, created: bool) -> WeappSaved {
    WeappSaved::Done { bytes, created }
}

fn heads(heads: &[WeappHead]) -> Vec<&str> {
    heads.iter().map(|head| head.header.id.as_str()).collect()
}

pub async fn a_save_makes_a_drawing<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let picture = blob(1, 9_000);
    let saved = gallery.weapp_save(&ann, &save("w", &picture), at(3)).await.unwrap();
    assert_eq!(saved, done(9_000, true));
    let paper = Paper { width: 2048, height: 2957 };
    let expected = Header {
        seq: 1,
        stroke_count: 3,
        point_count: 30,
        bytes: 9_000,
        ..Header::fresh("w", &NewDrawing { paper, ..blank() }, at(3))
    };
    assert!(expected.all_weapp);
    assert_eq!(header(gallery, &ann, "w").await, expected);
    assert_eq!(actions(gallery, &ann, "w").await, [picture]);
}

pub async fn a_save_takes_the_place_of_saves<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    gallery.weapp_save(&ann, &save("w", &[1; 700]), at(1)).await.unwrap();
    gallery.rename(&ann, "w", "kept").await.unwrap();
    let smaller = WeappSave { stroke_count: 2, point_count: 11, ..save("w", &[2; 300]) };
    assert_eq!(gallery.weapp_save(&ann, &smaller, at(3)).await.unwrap(), done(-400, false));
    let third = gallery.weapp_save(&ann, &WeappSave { blob: &[3; 400], ..smaller }, at(4)).await.unwrap();
    assert_eq!(third, done(100, false));
    let stored = gallery.read(&ann, "w", 0).await.unwrap().unwrap();
    assert_eq!((stored.since, stored.actions), (2, vec![vec![3; 400]]));
    let now = stored.header;
    assert_eq!((now.base, now.seq, now.all_weapp, now.bytes), (2, 3, true, 400));
    assert_eq!((now.stroke_count, now.point_count, now.title.as_str()), (2, 11, "kept"));
    assert_eq!((now.created_at, now.first_saved_at, now.updated_at), (at(1), at(1), at(4)));
    // Sequence numbers are not reused: a client with an old end is told the new one.
    for from_seq in [0, 1, 2] {
        let appended = gallery.append(&ann, "w", &batch(from_seq, blobs(0, 1)), None, at(5)).await.unwrap();
        assert!(matches!(appended, Appended::Refused(Obstacle::Moved, header) if header.seq == 3));
    }
    let end = gallery.read(&ann, "w", 3).await.unwrap().unwrap();
    assert_eq!((end.since, end.actions.len()), (3, 0));
}

pub async fn a_save_goes_behind_modern_actions<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 50, at(0)).await;
    let before = header(gallery, &ann, "d").await;
    for (nth, moment) in [(1, 10), (2, 20)] {
        let picture = blob(900 + nth, 250);
        let saved = gallery.weapp_save(&ann, &save("d", &picture), at(moment)).await.unwrap();
        assert_eq!(saved, done(250, false));
        let expected = Header {
            seq: 50 + nth,
            stroke_count: 50 + 3 * nth,
            point_count: 1_000 + 30 * nth,
            bytes: before.bytes + 250 * u64::from(nth),
            updated_at: at(moment),
            ..before.clone()
        };
        assert_eq!(header(gallery, &ann, "d").await, expected);
    }
    let expected = [blobs(0, 50), vec![blob(901, 250), blob(902, 250)]].concat();
    assert_eq!(actions(gallery, &ann, "d").await, expected);
}

pub async fn a_modern_append_goes_behind_a_save<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    gallery.weapp_save(&ann, &save("w", b"one"), at(1)).await.unwrap();
    gallery.weapp_save(&ann, &save("w", b"two"), at(2)).await.unwrap();
    let appended = gallery.append(&ann, "w", &batch(2, blobs(2, 5)), None, at(3)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 7, created: false });
    let stored = gallery.read(&ann, "w", 0).await.unwrap().unwrap();
    assert_eq!((stored.header.base, stored.header.seq, stored.header.all_weapp), (1, 7, false));
    assert_eq!((stored.header.stroke_count, stored.since), (8, 1));
    assert_eq!(stored.actions, [vec![b"two".to_vec()], blobs(2, 5)].concat());
    // The limit counts actions from the base on.
    let too_many = Batch { max_actions: 6, ..batch(7, blobs(7, 1)) };
    let refused = gallery.append(&ann, "w", &too_many, None, at(4)).await.unwrap();
    assert!(matches!(refused, Appended::Refused(Obstacle::Actions, _)));
    let enough = Batch { max_actions: 7, ..too_many };
    let appended = gallery.append(&ann, "w", &enough, None, at(4)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 8, created: false });
    // The next save drops nothing.
    assert_eq!(gallery.weapp_save(&ann, &save("w", b"six"), at(5)).await.unwrap(), done(3, false));
    assert_eq!(header(gallery, &ann, "w").await.base, 1);
    assert_eq!(actions(gallery, &ann, "w").await.len(), 8);
}

pub async fn a_save_brings_a_drawing_back_from_the_bin<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment) in [("a", 1), ("b", 2), ("c", 3)] {
        gallery.weapp_save(&ann, &save(id, id.as_bytes()), at(moment)).await.unwrap();
    }
    gallery.set_deleted(&ann, "a", true, at(4)).await.unwrap();
    assert_eq!(heads(&gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap()), ["c", "b"]);
    assert_eq!(gallery.weapp_save(&ann, &save("a", b"again"), at(5)).await.unwrap(), done(4, false));
    let back = header(gallery, &ann, "a").await;
    assert_eq!((back.deleted_at, back.first_saved_at, back.created_at), (None, at(5), at(1)));
    assert_eq!(heads(&gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap()), ["a", "c", "b"]);
    assert_eq!(gallery.bin(&ann, 9).await.unwrap(), []);
    assert!(!gallery.purge(&ann, "a", at(99)).await.unwrap());
    assert_eq!(actions(gallery, &ann, "a").await, [b"again".to_vec()]);

    // A restored drawing keeps its place.
    gallery.set_deleted(&ann, "b", true, at(6)).await.unwrap();
    gallery.set_deleted(&ann, "b", false, at(7)).await.unwrap();
    assert_eq!(heads(&gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap()), ["a", "c", "b"]);
}

pub async fn a_save_keeps_the_limits<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let long = WeappSave { max_bytes: 9, ..save("w", b"0123456789") };
    assert_eq!(gallery.weapp_save(&ann, &long, at(0)).await.unwrap(), WeappSaved::Refused(Obstacle::Bytes));
    let none = WeappSave { max_actions: 0, ..save("w", b"0") };
    assert_eq!(gallery.weapp_save(&ann, &none, at(0)).await.unwrap(), WeappSaved::Refused(Obstacle::Actions));
    assert_eq!(gallery.header(&ann, "w").await.unwrap(), None);

    // Replaced actions do not count towards the limits.
    let exact = WeappSave { max_bytes: 10, max_actions: 1, ..long };
    assert_eq!(gallery.weapp_save(&ann, &exact, at(1)).await.unwrap(), done(10, true));
    assert_eq!(gallery.weapp_save(&ann, &exact, at(2)).await.unwrap(), done(0, false));
    assert_eq!(gallery.weapp_save(&ann, &long, at(3)).await.unwrap(), WeappSaved::Refused(Obstacle::Bytes));

    // Kept actions count.
    draw(gallery, &ann, "d", 4, at(4)).await;
    let before = header(gallery, &ann, "d").await;
    let over = WeappSave { max_bytes: before.bytes + 9, ..save("d", b"0123456789") };
    assert_eq!(gallery.weapp_save(&ann, &over, at(5)).await.unwrap(), WeappSaved::Refused(Obstacle::Bytes));
    let many = WeappSave { max_actions: 4, ..save("d", b"0") };
    assert_eq!(gallery.weapp_save(&ann, &many, at(5)).await.unwrap(), WeappSaved::Refused(Obstacle::Actions));
    assert_eq!(header(gallery, &ann, "d").await, before);
    let fits = WeappSave { max_actions: 5, max_bytes: before.bytes + 10, ..over };
    assert_eq!(gallery.weapp_save(&ann, &fits, at(6)).await.unwrap(), done(10, false));

    // A refusal leaves a drawing in the bin.
    gallery.set_deleted(&ann, "d", true, at(7)).await.unwrap();
    assert_eq!(gallery.weapp_save(&ann, &many, at(8)).await.unwrap(), WeappSaved::Refused(Obstacle::Actions));
    assert_eq!(header(gallery, &ann, "d").await.deleted_at, Some(at(7)));
}

pub async fn a_save_keeps_the_limit_of_points<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let over = WeappSave { max_points: 29, ..save("w", b"0") };
    assert_eq!(gallery.weapp_save(&ann, &over, at(0)).await.unwrap(), WeappSaved::Refused(Obstacle::Points));
    assert_eq!(gallery.header(&ann, "w").await.unwrap(), None);
    // A replaced save does not count, strokes below the save do.
    let exact = WeappSave { max_points: 30, ..over };
    assert_eq!(gallery.weapp_save(&ann, &exact, at(1)).await.unwrap(), done(1, true));
    assert_eq!(gallery.weapp_save(&ann, &exact, at(2)).await.unwrap(), done(0, false));
    assert_eq!(gallery.weapp_save(&ann, &over, at(3)).await.unwrap(), WeappSaved::Refused(Obstacle::Points));
    draw(gallery, &ann, "d", 4, at(4)).await;
    let before = header(gallery, &ann, "d").await;
    let over = WeappSave { max_points: 109, ..save("d", b"0") };
    assert_eq!(gallery.weapp_save(&ann, &over, at(5)).await.unwrap(), WeappSaved::Refused(Obstacle::Points));
    assert_eq!(header(gallery, &ann, "d").await, before);
    let exact = WeappSave { max_points: 110, ..over };
    assert_eq!(gallery.weapp_save(&ann, &exact, at(6)).await.unwrap(), done(1, false));
}

pub async fn one_stroke_takes_no_save<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let new = NewDrawing { mode: Mode::OneStroke, explicit: true, ..blank() };
    let stroke = Batch { one_stroke_width: Some(1), ..batch(0, blobs(0, 1)) };
    gallery.append(&ann, "d", &stroke, Some(&new), at(1)).await.unwrap();
    let before = header(gallery, &ann, "d").await;
    let saved = gallery.weapp_save(&ann, &save("d", b"picture"), at(2)).await.unwrap();
    assert_eq!(saved, WeappSaved::Refused(Obstacle::OneStroke));
    assert_eq!(header(gallery, &ann, "d").await, before);
}

pub async fn a_2016_id_is_kept<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let original = "画 1/2.$x\n\"'{}%";
    let named = WeappSave { weapp_id: Some(original), ..save("w-abc", b"one") };
    gallery.weapp_save(&ann, &named, at(1)).await.unwrap();
    gallery.weapp_save(&ann, &named, at(2)).await.unwrap();
    assert_eq!(header(gallery, &ann, "w-abc").await.weapp_id.as_deref(), Some(original));
    draw(gallery, &ann, "w-def", 1, at(3)).await;
    let longest = "é".repeat(64);
    let over = WeappSave { weapp_id: Some(&longest), ..save("w-def", b"two") };
    gallery.weapp_save(&ann, &over, at(4)).await.unwrap();
    let listed = gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap();
    let names: Vec<_> = listed.iter().map(|head| head.header.weapp_id.as_deref()).collect();
    assert_eq!(names, [Some(longest.as_str()), Some(original)]);
}

pub async fn concurrent_saves_leave_one<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let tasks = (0..16_u32).map(|task| {
        let (gallery, ann) = (gallery.clone(), ann.clone());
        tokio::spawn(async move {
            let picture = blob(task, 100 + task as usize);
            gallery.weapp_save(&ann, &save("w", &picture), at(1)).await.unwrap()
        })
    });
    let mut bytes = 0;
    let mut created = 0;
    for saved in join_all(tasks).await {
        let WeappSaved::Done { bytes: change, created: new } = saved.unwrap() else { panic!("refused") };
        bytes += change;
        created += u32::from(new);
    }
    assert_eq!(created, 1);
    let stored = gallery.read(&ann, "w", 0).await.unwrap().unwrap();
    assert_eq!((stored.header.base, stored.header.seq, stored.actions.len()), (15, 16, 1));
    assert_eq!(i64::try_from(stored.actions[0].len()).unwrap(), bytes);
    assert_eq!(stored.header.bytes, stored.actions[0].len() as u64);
    let usage = gallery.usage(&ann).await.unwrap();
    assert_eq!((usage.drawings, usage.bytes), (1, stored.header.bytes));
}

pub async fn the_list_is_ordered_by_first_save<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment) in [("b", 20), ("a", 10), ("d", 10), ("c", 10), ("e", 5)] {
        gallery.weapp_save(&ann, &save(id, b"first"), at(moment)).await.unwrap();
    }
    gallery.weapp_save(&ann, &save("e", b"second"), at(90)).await.unwrap();
    draw(gallery, &ann, "modern", 2, at(15)).await;
    let all = gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap();
    assert_eq!(heads(&all), ["b", "modern", "d", "c", "a", "e"]);
    assert_eq!(heads(&gallery.weapp_heads(&ann, 3, u64::MAX).await.unwrap()), ["b", "modern", "d"]);
    gallery.set_deleted(&ann, "d", true, at(91)).await.unwrap();
    assert_eq!(heads(&gallery.weapp_heads(&ann, 3, u64::MAX).await.unwrap()), ["b", "modern", "c"]);
}

pub async fn the_list_tells_the_last_save<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let last = async |id: &str| {
        let all = gallery.weapp_heads(&ann, 9, u64::MAX).await.unwrap();
        let head = all.into_iter().find(|head| head.header.id == id).expect("in the list");
        assert_eq!(head.header, header(gallery, &ann, id).await);
        head.last
    };
    draw(gallery, &ann, "empty", 0, at(0)).await;
    assert_eq!(last("empty").await, None);
    draw(gallery, &ann, "d", 3, at(1)).await;
    assert_eq!(last("d").await, None);
    let big = blob(1, 400_000);
    gallery.weapp_save(&ann, &save("d", &big), at(2)).await.unwrap();
    assert!(last("d").await.as_ref() == Some(&big), "the saved form differs");
    gallery.append(&ann, "d", &batch(4, blobs(4, 1)), None, at(3)).await.unwrap();
    assert_eq!(last("d").await, None, "no longer the whole picture");
    gallery.weapp_save(&ann, &save("d", b"small"), at(4)).await.unwrap();
    assert_eq!(last("d").await, Some(b"small".to_vec()));
    gallery.weapp_save(&ann, &save("w", b"one"), at(5)).await.unwrap();
    gallery.weapp_save(&ann, &save("w", b"two"), at(6)).await.unwrap();
    assert_eq!(last("w").await, Some(b"two".to_vec()));
}

pub async fn the_list_is_bounded_in_bytes<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment, bytes) in [("a", 1, 30_000), ("b", 2, 20_000), ("d", 4, 10_000)] {
        gallery.weapp_save(&ann, &save(id, &blob(1, bytes)), at(moment)).await.unwrap();
    }
    // The actions of this drawing are not part of the list and do not count.
    draw(gallery, &ann, "c", 9, at(3)).await;
    let within = async |max_bytes| {
        let listed = gallery.weapp_heads(&ann, 9, max_bytes).await.unwrap();
        heads(&listed).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(within(60_000).await, ["d", "c", "b", "a"]);
    assert_eq!(within(59_999).await, ["d", "c", "b"]);
    assert_eq!(within(30_000).await, ["d", "c", "b"]);
    assert_eq!(within(29_999).await, ["d", "c"]);
    assert_eq!(within(10_000).await, ["d", "c"]);
    // The list always holds the first drawing, and drawings without bytes after it.
    assert_eq!(within(9_999).await, ["d", "c"]);
    assert_eq!(within(0).await, ["d", "c"]);
    assert_eq!(gallery.weapp_heads(&ann, 2, u64::MAX).await.unwrap().len(), 2);
}
