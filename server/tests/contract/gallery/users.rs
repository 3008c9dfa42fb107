//! Cases of users and their erasure.

use std::collections::HashSet;

use futures_util::future::join_all;
use yibi_server::domain::drawing::Usage;
use yibi_server::domain::user::UserKey;
use yibi_server::domain::user::{NewUser, UserRecord};

use crate::given::{GalleryUnderTest, actions, at, blobs, draw, new_user, save, user};

pub async fn ping_answers<G: GalleryUnderTest>(gallery: &G) {
    gallery.ping().await.unwrap();
}

pub async fn a_sign_in_makes_the_user_once<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.user(&ann).await.unwrap(), None);
    assert_eq!(gallery.user_by_public_id("p1").await.unwrap(), None);
    assert_eq!(gallery.set_nickname(&ann, "Ann").await.unwrap(), None);
    assert!(!gallery.schedule_erasure(&ann, at(9)).await.unwrap());

    let first = NewUser { origin: Some("friend-7".to_owned()), ..new_user("p1") };
    let expected = UserRecord {
        key: ann.clone(),
        public_id: "p1".to_owned(),
        nickname: String::new(),
        avatar: None,
        wechat_avatar: None,
        origin: Some("friend-7".to_owned()),
        unionid: None,
        created_at: at(1),
        erase_at: None,
        blocked_at: None,
        phone: None,
    };
    assert_eq!(gallery.sign_in(&ann, &first, at(1)).await.unwrap(), (expected.clone(), true));
    let second = NewUser { origin: Some("other".to_owned()), ..new_user("p2") };
    assert_eq!(gallery.sign_in(&ann, &second, at(2)).await.unwrap(), (expected.clone(), false));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(expected.clone()));
    assert_eq!(gallery.user_by_public_id("p1").await.unwrap(), Some(expected));
    assert_eq!(gallery.user_by_public_id("p2").await.unwrap(), None);
    assert_eq!(gallery.user_by_public_id("P1").await.unwrap(), None);
    let twin = UserKey::new("wxffffffffffffffff", "ann");
    assert_eq!(gallery.user(&twin).await.unwrap(), None);
    assert!(gallery.sign_in(&twin, &new_user("p3"), at(3)).await.unwrap().1);
}

pub async fn concurrent_sign_ins_make_one_user<G: GalleryUnderTest>(gallery: &G) {
    let tasks = (0..16).map(|task| {
        let gallery = gallery.clone();
        tokio::spawn(async move {
            gallery.sign_in(&user("ann"), &new_user(&format!("p{task}")), at(task)).await.unwrap()
        })
    });
    let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let public_ids: HashSet<_> = outcomes.iter().map(|(record, _)| record.public_id.clone()).collect();
    assert_eq!(public_ids.len(), 1, "{public_ids:?}");
    assert_eq!(outcomes.iter().filter(|(_, new)| *new).count(), 1);
    assert_eq!(gallery.user(&user("ann")).await.unwrap().as_ref(), Some(&outcomes[0].0));
}

pub async fn a_later_sign_in_brings_a_unionid<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let with = |unionid: &str| NewUser { unionid: Some(unionid.to_owned()), ..new_user("p1") };
    gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    for (new, expected) in [(with("u1"), Some("u1")), (new_user("p1"), Some("u1")), (with("u2"), Some("u1"))]
    {
        let (record, new) = gallery.sign_in(&ann, &new, at(2)).await.unwrap();
        assert_eq!((record.unionid.as_deref(), new), (expected, false));
        assert_eq!(gallery.user(&ann).await.unwrap(), Some(record));
    }
    let (ben, _) = gallery
        .sign_in(&user("ben"), &NewUser { public_id: "p2".to_owned(), ..with("u1") }, at(3))
        .await
        .unwrap();
    assert_eq!(ben.unionid.as_deref(), Some("u1"), "one person in two apps");
}

pub async fn a_nickname_is_kept<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let (record, _) = gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    let nickname = "阿安 $set.\"'👩🏽‍🎨";
    let named = UserRecord { nickname: nickname.to_owned(), ..record };
    assert_eq!(gallery.set_nickname(&ann, nickname).await.unwrap(), Some(named.clone()));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(named.clone()));
    assert_eq!(gallery.sign_in(&ann, &new_user("p1"), at(2)).await.unwrap(), (named.clone(), false));
    assert!(!gallery.fill_nickname(&ann, "Other").await.unwrap(), "a chosen name stays");
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(named));
    assert_eq!(gallery.set_nickname(&ann, "").await.unwrap().unwrap().nickname, "");
    assert!(gallery.fill_nickname(&ann, "Other").await.unwrap());
    assert_eq!(gallery.set_nickname(&ann, "").await.unwrap().unwrap().nickname, "");
    assert!(!gallery.fill_nickname(&user("nobody"), "Other").await.unwrap());
}

pub async fn a_sign_in_cancels_a_pending_erasure_when_it_reopens<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    let reopening = NewUser { reopen: true, ..new_user("p2") };
    let (record, _) = gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    assert!(gallery.schedule_erasure(&ann, at(100)).await.unwrap());
    let pending = UserRecord { erase_at: Some(at(100)), ..record.clone() };
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(pending.clone()));
    assert_eq!(gallery.user_by_public_id("p1").await.unwrap(), Some(pending.clone()));
    let plain = NewUser { unionid: Some("u1".to_owned()), ..new_user("p2") };
    assert_eq!(gallery.sign_in(&ann, &plain, at(99)).await.unwrap(), (pending.clone(), false));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(pending.clone()), "nothing of it is kept");
    assert_eq!(gallery.sign_in(&ann, &reopening, at(99)).await.unwrap(), (record.clone(), false));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(record));
    assert_eq!(gallery.erasures_due(at(1_000), 9).await.unwrap(), []);

    assert!(gallery.schedule_erasure(&ann, at(100)).await.unwrap());
    for moment in [100, 101] {
        let late = gallery.sign_in(&ann, &reopening, at(moment)).await.unwrap();
        assert_eq!(late, (pending.clone(), false), "its time has come");
    }
}

pub async fn due_erasures_are_listed<G: GalleryUnderTest>(gallery: &G) {
    let users = ["ann", "ben", "cleo", "dora"].map(user);
    for (owner, public_id) in users.iter().zip(["p1", "p2", "p3", "p4"]) {
        gallery.sign_in(owner, &new_user(public_id), at(0)).await.unwrap();
    }
    for (owner, moment) in users.iter().zip([30, 10, 20]) {
        gallery.schedule_erasure(owner, at(moment)).await.unwrap();
    }
    let due = async |now, limit| {
        let mut due = gallery.erasures_due(at(now), limit).await.unwrap();
        due.sort_unstable();
        due
    };
    assert_eq!(due(9, 9).await, []);
    assert_eq!(due(10, 9).await, [users[1].clone()]);
    assert_eq!(due(99, 9).await, users[..3]);
    assert_eq!(due(99, 2).await.len(), 2);
}

pub async fn erasing_waits_until_it_is_due<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    draw(gallery, &ann, "d", 2, at(0)).await;
    gallery.erase(&ann, at(1_000)).await.unwrap();
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 2), "no erasure was asked for");
    gallery.schedule_erasure(&ann, at(100)).await.unwrap();
    gallery.erase(&ann, at(99)).await.unwrap();
    assert_eq!(actions(gallery, &ann, "d").await, blobs(0, 2));
    assert!(gallery.user(&ann).await.unwrap().is_some());
    gallery.erase(&user("nobody"), at(1_000)).await.unwrap();
}

pub async fn erasure_removes_all_data_of_one_user_only<G: GalleryUnderTest>(gallery: &G) {
    let (ann, ben) = (user("ann"), user("anna"));
    for (owner, public_id) in [(&ann, "p1"), (&ben, "p2")] {
        gallery.sign_in(owner, &new_user(public_id), at(0)).await.unwrap();
        for number in 0..30 {
            draw(gallery, owner, &format!("d{number}"), 4, at(number)).await;
        }
        gallery.set_deleted(owner, "d3", true, at(50)).await.unwrap();
        gallery.weapp_save(owner, &save("w", b"saved"), at(60)).await.unwrap();
    }
    gallery.schedule_erasure(&ann, at(100)).await.unwrap();
    gallery.erase(&ann, at(100)).await.unwrap();
    gallery.erase(&ann, at(100)).await.unwrap();
    assert_eq!(gallery.user(&ann).await.unwrap(), None);
    assert_eq!(gallery.user_by_public_id("p1").await.unwrap(), None);
    assert_eq!(gallery.erasures_due(at(1_000), 9).await.unwrap(), []);
    assert_eq!(gallery.usage(&ann).await.unwrap(), Usage::default());
    assert_eq!(gallery.page(&ann, false, None, 9).await.unwrap(), []);
    assert_eq!(gallery.bin(&ann, 9).await.unwrap(), []);
    assert_eq!(gallery.read(&ann, "d1", 0).await.unwrap(), None);
    assert_eq!(gallery.purges_due(at(1_000), 9).await.unwrap(), [(ben.clone(), "d3".to_owned())]);

    assert_eq!(gallery.usage(&ben).await.unwrap().drawings, 31);
    assert_eq!(actions(gallery, &ben, "d1").await, blobs(0, 4));
    let (again, new) = gallery.sign_in(&ann, &new_user("p3"), at(200)).await.unwrap();
    assert_eq!((again.public_id.as_str(), again.erase_at, new), ("p3", None, true));
    draw(gallery, &ann, "d1", 1, at(201)).await;
    assert_eq!(actions(gallery, &ann, "d1").await, blobs(0, 1));
}

pub async fn a_unionid_is_kept_once<G: GalleryUnderTest>(gallery: &G) {
    let (ann, bob) = (user("ann"), user("bob"));
    assert_eq!(gallery.set_unionid(&ann, "u1").await.unwrap(), None);
    let new = NewUser { unionid: None, ..new_user("p1") };
    let (record, _) = gallery.sign_in(&ann, &new, at(1)).await.unwrap();
    let linked = UserRecord { unionid: Some("u1".to_owned()), ..record };
    assert_eq!(gallery.set_unionid(&ann, "u1").await.unwrap(), Some(linked.clone()));
    assert_eq!(gallery.set_unionid(&ann, "u2").await.unwrap(), Some(linked.clone()));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(linked));
    gallery.sign_in(&bob, &NewUser { unionid: None, ..new_user("p2") }, at(1)).await.unwrap();
    assert_eq!(gallery.user(&bob).await.unwrap().unwrap().unionid, None);
}

pub async fn a_phone_is_kept_and_forgotten<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.set_phone(&ann, Some("k.sealed")).await.unwrap(), None);
    let (record, _) = gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    for phone in [Some("k.sealed"), Some("k.another"), None, None] {
        let changed = UserRecord { phone: phone.map(ToOwned::to_owned), ..record.clone() };
        assert_eq!(gallery.set_phone(&ann, phone).await.unwrap(), Some(changed.clone()));
        assert_eq!(gallery.user(&ann).await.unwrap(), Some(changed));
    }
    gallery.set_phone(&ann, Some("k.sealed")).await.unwrap();
    gallery.schedule_erasure(&ann, at(5)).await.unwrap();
    gallery.erase(&ann, at(6)).await.unwrap();
    let (back, new) = gallery.sign_in(&ann, &new_user("p2"), at(7)).await.unwrap();
    assert!(new && back.phone.is_none(), "{back:?}");
}

pub async fn a_phone_is_sealed_anew_if_it_is_still_that<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert!(!gallery.replace_phone(&ann, "old", "new").await.unwrap(), "nobody's");
    gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    let phone = async || gallery.user(&ann).await.unwrap().unwrap().phone;
    assert!(!gallery.replace_phone(&ann, "old", "new").await.unwrap());
    assert_eq!(phone().await, None, "one that was taken away does not come back");
    gallery.set_phone(&ann, Some("old")).await.unwrap();
    assert!(!gallery.replace_phone(&ann, "older", "new").await.unwrap());
    assert_eq!(phone().await.as_deref(), Some("old"));
    assert!(gallery.replace_phone(&ann, "old", "new").await.unwrap());
    assert_eq!(phone().await.as_deref(), Some("new"));
}
