//! Cases of pages, the bin, titles, usage and purges.

use yibi_server::domain::batch::Appended;
use yibi_server::domain::drawing::{After, Header, Usage};
use yibi_server::domain::user::UserKey;

use crate::given::{GalleryUnderTest, actions, at, batch, blank, blobs, draw, header, ids, save, user};

/// All pages of `limit` drawings.
async fn pages<G: GalleryUnderTest>(gallery: &G, user: &UserKey, deleted: bool, limit: u32) -> Vec<Header> {
    let mut all: Vec<Header> = Vec::new();
    loop {
        let after = all.last().map(After::drawing);
        let page = gallery.page(user, deleted, after.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub async fn an_unknown_drawing_is_nothing<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.header(&ann, "d").await.unwrap(), None);
    assert_eq!(gallery.read(&ann, "d", 0).await.unwrap(), None);
    assert_eq!(gallery.rename(&ann, "d", "title").await.unwrap(), None);
    assert_eq!(gallery.set_deleted(&ann, "d", true, at(0)).await.unwrap(), None);
    assert_eq!(gallery.set_deleted(&ann, "d", false, at(0)).await.unwrap(), None);
    assert!(!gallery.purge(&ann, "d", at(0)).await.unwrap());
    assert_eq!(gallery.page(&ann, false, None, 10).await.unwrap(), []);
    assert_eq!(gallery.page(&ann, true, None, 10).await.unwrap(), []);
    assert_eq!(gallery.bin(&ann, 10).await.unwrap(), []);
    assert_eq!(gallery.weapp_heads(&ann, 10, u64::MAX).await.unwrap(), []);
    assert_eq!(gallery.usage(&ann).await.unwrap(), Usage::default());
}

pub async fn pages_go_from_the_newest_change_down<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment) in [("b", 30), ("a", 10), ("d", 40), ("c", 20)] {
        draw(gallery, &ann, id, 2, at(moment)).await;
    }
    for limit in [1, 2, 3, 4, 9] {
        assert_eq!(ids(&pages(gallery, &ann, false, limit).await), ["d", "b", "c", "a"], "{limit}");
    }
    gallery.append(&ann, "a", &batch(2, blobs(2, 1)), None, at(50)).await.unwrap();
    let all = pages(gallery, &ann, false, 3).await;
    assert_eq!(ids(&all), ["a", "d", "b", "c"]);
    assert_eq!(all[0], header(gallery, &ann, "a").await);
    assert_eq!(gallery.page(&ann, false, None, 0).await.unwrap(), []);
}

pub async fn equal_moments_are_ordered_by_id<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let mut expected = ["a", "B", "-", "_", "0", "a-", "a0", "aa", "A", "Z9", "z"];
    for id in expected {
        draw(gallery, &ann, id, 1, at(7)).await;
    }
    draw(gallery, &ann, "older", 1, at(6)).await;
    draw(gallery, &ann, "newer", 1, at(8)).await;
    expected.sort_unstable_by(|a, b| b.as_bytes().cmp(a.as_bytes()));
    let expected = [&["newer"], expected.as_slice(), &["older"]].concat();
    for limit in [1, 2, 5, 20] {
        assert_eq!(ids(&pages(gallery, &ann, false, limit).await), expected, "{limit}");
    }
    // The drawing that a cursor names may have been deleted.
    let after = After { moment: at(7), id: "a1".to_owned() };
    let page = gallery.page(&ann, false, Some(&after), 2).await.unwrap();
    assert_eq!(ids(&page), ["a0", "a-"]);
}

pub async fn pages_are_stable_while_drawings_change<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)] {
        draw(gallery, &ann, id, 1, at(moment)).await;
    }
    let first = gallery.page(&ann, false, None, 2).await.unwrap();
    assert_eq!(ids(&first), ["f", "e"]);
    draw(gallery, &ann, "new", 1, at(7)).await;
    gallery.rename(&ann, "e", "changed").await.unwrap();
    gallery.set_deleted(&ann, "d", true, at(9)).await.unwrap();
    let after = After::drawing(&first[1]);
    let second = gallery.page(&ann, false, Some(&after), 9).await.unwrap();
    assert_eq!(ids(&second), ["c", "b", "a"]);
    assert_eq!(ids(&pages(gallery, &ann, false, 2).await), ["new", "f", "e", "c", "b", "a"]);
}

pub async fn the_bin_has_pages_of_its_own<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    // The bin is sorted by time of deletion, not of the last stroke.
    for (id, moment) in [("a", 1), ("b", 1), ("c", 0), ("d", 2), ("e", 1)] {
        draw(gallery, &ann, id, 1, at(moment)).await;
    }
    for (id, moment) in [("c", 4), ("a", 3), ("e", 3)] {
        gallery.set_deleted(&ann, id, true, at(moment)).await.unwrap();
    }
    for limit in [1, 2, 9] {
        let bin = pages(gallery, &ann, true, limit).await;
        assert_eq!(ids(&bin), ["c", "e", "a"]);
        assert_eq!(bin[0].deleted_at, Some(at(4)));
        assert_eq!(ids(&pages(gallery, &ann, false, limit).await), ["d", "b"]);
    }
    gallery.set_deleted(&ann, "a", false, at(5)).await.unwrap();
    assert_eq!(ids(&pages(gallery, &ann, true, 2).await), ["c", "e"]);
    assert_eq!(ids(&pages(gallery, &ann, false, 2).await), ["d", "b", "a"]);
}

pub async fn a_title_is_changed_outside_the_bin_only<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 2, at(0)).await;
    let before = header(gallery, &ann, "d").await;
    let title = "\"$set\": {'一笔'} \\ 🖌️";
    let renamed = gallery.rename(&ann, "d", title).await.unwrap().unwrap();
    assert_eq!(renamed, Header { title: title.to_owned(), ..before });
    assert_eq!(header(gallery, &ann, "d").await, renamed);

    let binned = gallery.set_deleted(&ann, "d", true, at(5)).await.unwrap().unwrap();
    assert_eq!(gallery.rename(&ann, "d", "no").await.unwrap(), None);
    assert_eq!(header(gallery, &ann, "d").await, binned);
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 2));
}

pub async fn deleting_and_restoring_are_told_once<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 2, at(0)).await;
    let before = header(gallery, &ann, "d").await;
    assert_eq!(gallery.set_deleted(&ann, "d", false, at(1)).await.unwrap(), Some(before.clone()));
    let binned = gallery.set_deleted(&ann, "d", true, at(2)).await.unwrap().unwrap();
    assert_eq!(binned, Header { deleted_at: Some(at(2)), ..before.clone() });
    assert_eq!(gallery.set_deleted(&ann, "d", true, at(3)).await.unwrap(), Some(binned.clone()));
    assert_eq!(header(gallery, &ann, "d").await, binned);
    let back = gallery.set_deleted(&ann, "d", false, at(4)).await.unwrap().unwrap();
    assert_eq!(back, before, "a restored drawing has its old place in the list");
    assert_eq!(header(gallery, &ann, "d").await, back);
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 2));
}

pub async fn the_bin_is_listed_longest_first<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (id, moment) in [("a", 30), ("b", 10), ("c", 20), ("d", 40)] {
        draw(gallery, &ann, id, 1, at(0)).await;
        gallery.set_deleted(&ann, id, true, at(moment)).await.unwrap();
    }
    draw(gallery, &ann, "live", 1, at(0)).await;
    assert_eq!(ids(&gallery.bin(&ann, 9).await.unwrap()), ["b", "c", "a", "d"]);
    assert_eq!(ids(&gallery.bin(&ann, 2).await.unwrap()), ["b", "c"]);
}

pub async fn usage_follows_every_change<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let used = async |drawings: u32| {
        let usage = gallery.usage(&ann).await.unwrap();
        assert_eq!(usage.drawings, drawings);
        usage.bytes
    };
    draw(gallery, &ann, "a", 3, at(0)).await;
    let three = batch(0, blobs(0, 3)).bytes();
    assert_eq!(used(1).await, three);
    let more = batch(3, blobs(3, 4));
    gallery.append(&ann, "a", &more, None, at(1)).await.unwrap();
    assert_eq!(used(1).await, three + more.bytes());
    gallery.append(&ann, "a", &more, None, at(1)).await.unwrap();
    assert_eq!(used(1).await, three + more.bytes(), "a refused append");
    gallery.weapp_save(&ann, &save("w", &[7; 500]), at(2)).await.unwrap();
    assert_eq!(used(2).await, three + more.bytes() + 500);
    gallery.weapp_save(&ann, &save("w", &[8; 100]), at(2)).await.unwrap();
    assert_eq!(used(2).await, three + more.bytes() + 100);
    gallery.set_deleted(&ann, "a", true, at(3)).await.unwrap();
    assert_eq!(used(2).await, three + more.bytes() + 100, "the bin counts");
    let bin = Usage { drawings: 1, bytes: three + more.bytes() };
    assert_eq!(gallery.bin_usage(&ann).await.unwrap(), bin);
    assert!(gallery.purge(&ann, "a", at(4)).await.unwrap());
    assert_eq!(used(1).await, 100);
    assert_eq!(gallery.bin_usage(&ann).await.unwrap(), Usage::default());
    assert_eq!(gallery.usage(&user("ben")).await.unwrap(), Usage::default());
}

pub async fn due_purges_are_listed_longest_first<G: GalleryUnderTest>(gallery: &G) {
    let (ann, ben) = (user("ann"), user("ben"));
    for (owner, id, moment) in [(&ann, "a", 30), (&ben, "a", 10), (&ann, "b", 20), (&ben, "c", 40)] {
        draw(gallery, owner, id, 1, at(0)).await;
        gallery.set_deleted(owner, id, true, at(moment)).await.unwrap();
    }
    draw(gallery, &ann, "live", 1, at(0)).await;
    let due = |user: &UserKey, id: &str| (user.clone(), id.to_owned());
    assert_eq!(gallery.purges_due(at(10), 9).await.unwrap(), []);
    assert_eq!(
        gallery.purges_due(at(40), 9).await.unwrap(),
        [due(&ben, "a"), due(&ann, "b"), due(&ann, "a")]
    );
    assert_eq!(gallery.purges_due(at(99), 2).await.unwrap(), [due(&ben, "a"), due(&ann, "b")]);
}

pub async fn a_purge_waits_until_it_is_due<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    draw(gallery, &ann, "d", 2, at(0)).await;
    assert!(!gallery.purge(&ann, "d", at(99)).await.unwrap(), "it is not in the bin");
    gallery.set_deleted(&ann, "d", true, at(10)).await.unwrap();
    assert!(!gallery.purge(&ann, "d", at(10)).await.unwrap(), "it is in the bin since then, not before");
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 2));
    assert!(!gallery.purge(&user("ben"), "d", at(11)).await.unwrap());
    assert!(gallery.purge(&ann, "d", at(11)).await.unwrap());
    assert!(!gallery.purge(&ann, "d", at(11)).await.unwrap());
    assert_eq!(gallery.header(&ann, "d").await.unwrap(), None);
    assert_eq!(gallery.bin(&ann, 9).await.unwrap(), []);
    assert_eq!(gallery.purges_due(at(99), 9).await.unwrap(), []);
    assert_eq!(gallery.usage(&ann).await.unwrap(), Usage::default());
}

pub async fn a_purged_drawing_begins_anew<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let long = batch(0, blobs(0, 200));
    gallery.append(&ann, "d", &long, Some(&blank()), at(0)).await.unwrap();
    gallery.rename(&ann, "d", "old").await.unwrap();
    gallery.set_deleted(&ann, "d", true, at(2)).await.unwrap();
    assert!(gallery.purge(&ann, "d", at(3)).await.unwrap());
    let missing = gallery.append(&ann, "d", &batch(200, blobs(200, 1)), None, at(4)).await.unwrap();
    assert_eq!(missing, Appended::Missing);
    let other = batch(0, blobs(500, 2));
    let appended = gallery.append(&ann, "d", &other, Some(&blank()), at(5)).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: 2, created: true });
    let stored = gallery.read(&ann, "d", 0).await.unwrap().unwrap();
    assert_eq!(stored.actions, other.blobs);
    let fresh = Header::fresh("d", &blank(), at(5));
    let expected =
        Header { seq: 2, all_weapp: false, stroke_count: 2, point_count: 40, bytes: other.bytes(), ..fresh };
    assert_eq!(stored.header, expected);
    // Further appends do not see the old list either.
    let rest = batch(2, blobs(502, 150));
    gallery.append(&ann, "d", &rest, None, at(6)).await.unwrap();
    assert!(actions(gallery, &ann, "d").await == blobs(500, 152), "the actions differ");
}

/// The same drawing id of two users, and of one openid in two apps.
pub async fn users_never_mix<G: GalleryUnderTest>(gallery: &G) {
    let users = [user("ann"), user("ben"), UserKey::new("wxffffffffffffffff", "ann"), user("an")];
    for (count, owner) in (1..).zip(&users) {
        draw(gallery, owner, "d", count, at(i64::from(count))).await;
    }
    gallery.rename(&users[0], "d", "mine").await.unwrap();
    gallery.set_deleted(&users[2], "d", true, at(10)).await.unwrap();
    for (count, owner) in (1..).zip(&users) {
        assert_eq!(actions(gallery, owner, "d").await, blobs(0, count));
        let drawing = header(gallery, owner, "d").await;
        assert_eq!(drawing.title == "mine", count == 1);
        assert_eq!(drawing.deleted_at.is_some(), count == 3);
        let page = gallery.page(owner, count == 3, None, 9).await.unwrap();
        assert_eq!(page, std::slice::from_ref(&drawing));
        assert_eq!(gallery.page(owner, count != 3, None, 9).await.unwrap(), []);
        assert_eq!(gallery.usage(owner).await.unwrap(), Usage { drawings: 1, bytes: drawing.bytes });
        assert_eq!(gallery.weapp_heads(owner, 9, u64::MAX).await.unwrap().len(), usize::from(count != 3));
    }
    assert!(gallery.purge(&users[2], "d", at(11)).await.unwrap());
    for owner in [&users[0], &users[1], &users[3]] {
        assert!(gallery.header(owner, "d").await.unwrap().is_some());
    }
}

pub async fn awkward_ids_are_kept_as_they_are<G: GalleryUnderTest>(gallery: &G) {
    let long = "Z".repeat(64);
    let drawings = ["-", "_", "0", "-_-", "constructor", "__proto__", "null", "w-", "D", "d", long.as_str()];
    let users = [
        user("o-_A.b$c:d{e}"),
        user("o%_"),
        user("o'\";--"),
        UserKey::new("wx.a", "O"),
        UserKey::new("wx.a", "o"),
    ];
    for (owner, first) in users.iter().zip([0, 100, 200, 300, 400]) {
        for (number, id) in (first..).zip(drawings) {
            let one = batch(0, blobs(number, 1));
            let appended =
                gallery.append(owner, id, &one, Some(&blank()), at(i64::from(number))).await.unwrap();
            assert_eq!(appended, Appended::Done { seq: 1, created: true }, "{owner} {id}");
        }
    }
    for (owner, first) in users.iter().zip([0, 100, 200, 300, 400]) {
        for (number, id) in (first..).zip(drawings) {
            assert_eq!(actions(gallery, owner, id).await, blobs(number, 1), "{owner} {id}");
        }
        let listed = pages(gallery, owner, false, 4).await;
        assert_eq!(ids(&listed), drawings.iter().rev().copied().collect::<Vec<_>>());
    }
}
