//! Cases of the [`Avatars`](yibi_server::store::Avatars).

use futures_util::future::join_all;

use crate::given::{GalleryUnderTest, at, blob, new_user, user};

pub async fn an_avatar_takes_the_place_of_the_one_before<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.set_avatar(&ann, "a0", b"zero", at(0)).await.unwrap(), None, "nobody's");
    assert_eq!(gallery.avatar(&ann, "a0").await.unwrap(), None);
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    gallery.sign_in(&user("ben"), &new_user("p2"), at(0)).await.unwrap();
    let big = blob(7, 200_000);
    for (id, image) in [("a1", &b"one"[..]), ("a2", &big), ("a3", b"three")] {
        let known = gallery.set_avatar(&ann, id, image, at(1)).await.unwrap().unwrap();
        assert_eq!(known.avatar.as_deref(), Some(id));
        assert_eq!(gallery.user(&ann).await.unwrap(), Some(known));
        assert_eq!(gallery.avatar(&ann, id).await.unwrap().as_deref(), Some(image));
    }
    for gone in ["a1", "a2", ""] {
        assert_eq!(gallery.avatar(&ann, gone).await.unwrap(), None);
    }
    assert_eq!(gallery.avatar(&user("ben"), "a3").await.unwrap(), None);
    assert_eq!(gallery.user(&user("ben")).await.unwrap().unwrap().avatar, None);
}

pub async fn of_concurrent_avatars_one_is_left<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    let tasks = (0..8_u8).map(|number| {
        let gallery = gallery.clone();
        tokio::spawn(async move {
            let id = format!("a{number}");
            gallery.set_avatar(&user("ann"), &id, &[number], at(1)).await.unwrap().unwrap();
        })
    });
    join_all(tasks).await.into_iter().for_each(Result::unwrap);
    let named = gallery.user(&ann).await.unwrap().unwrap().avatar.unwrap();
    for number in 0..8_u8 {
        let id = format!("a{number}");
        let expected = (id == named).then(|| vec![number]);
        assert_eq!(gallery.avatar(&ann, &id).await.unwrap(), expected);
    }
}

pub async fn an_avatar_is_taken_away_by_its_id<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.remove_avatar(&ann, None).await.unwrap(), None);
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    gallery.set_avatar(&ann, "a1", b"one", at(1)).await.unwrap();
    let kept = gallery.remove_avatar(&ann, Some("a0")).await.unwrap().unwrap();
    assert_eq!(kept.avatar.as_deref(), Some("a1"));
    assert!(gallery.avatar(&ann, "a1").await.unwrap().is_some());
    let taken = gallery.remove_avatar(&ann, Some("a1")).await.unwrap().unwrap();
    assert_eq!(taken.avatar, None);
    assert_eq!(gallery.avatar(&ann, "a1").await.unwrap(), None);
    gallery.set_avatar(&ann, "a2", b"two", at(2)).await.unwrap();
    assert_eq!(gallery.remove_avatar(&ann, None).await.unwrap().unwrap().avatar, None);
    assert_eq!(gallery.remove_avatar(&ann, None).await.unwrap().unwrap().avatar, None);
    assert_eq!(gallery.avatar(&ann, "a2").await.unwrap(), None);
    assert_eq!(gallery.user(&ann).await.unwrap().unwrap().avatar, None);
}

pub async fn an_avatar_goes_with_its_user<G: GalleryUnderTest>(gallery: &G) {
    let (ann, ben) = (user("ann"), user("anna"));
    for (owner, public_id) in [(&ann, "p1"), (&ben, "p2")] {
        gallery.sign_in(owner, &new_user(public_id), at(0)).await.unwrap();
        gallery.set_avatar(owner, "a1", b"one", at(1)).await.unwrap();
    }
    gallery.schedule_erasure(&ann, at(100)).await.unwrap();
    gallery.erase(&ann, at(100)).await.unwrap();
    assert_eq!(gallery.avatar(&ann, "a1").await.unwrap(), None);
    assert!(gallery.avatar(&ben, "a1").await.unwrap().is_some());
    gallery.sign_in(&ann, &new_user("p3"), at(200)).await.unwrap();
    assert_eq!(gallery.user(&ann).await.unwrap().unwrap().avatar, None);
}

pub async fn wechats_avatar_is_kept_and_stands_behind_an_uploaded_one<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert!(!gallery.set_wechat_avatar(&ann, "https://wx.qlogo.cn/0").await.unwrap(), "nobody's");
    let both = async || {
        let known = gallery.user(&ann).await.unwrap().unwrap();
        (known.avatar, known.wechat_avatar)
    };
    let text = |text: &str| Some(text.to_owned());
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    gallery.sign_in(&user("ben"), &new_user("p2"), at(0)).await.unwrap();
    for address in ["https://wx.qlogo.cn/0", "https://wx.qlogo.cn/1"] {
        assert!(gallery.set_wechat_avatar(&ann, address).await.unwrap());
        assert_eq!(both().await, (None, text(address)));
    }
    gallery.sign_in(&ann, &new_user("p1"), at(1)).await.unwrap();
    let uploaded = gallery.set_avatar(&ann, "a1", b"one", at(1)).await.unwrap().unwrap();
    assert_eq!(both().await, (text("a1"), text("https://wx.qlogo.cn/1")));
    assert_eq!(gallery.user(&ann).await.unwrap(), Some(uploaded));
    // The rejection of one avatar leaves the others.
    let rejected = gallery.remove_avatar(&ann, Some("a1")).await.unwrap();
    assert_eq!(both().await, (None, text("https://wx.qlogo.cn/1")));
    assert_eq!(gallery.user(&ann).await.unwrap(), rejected);
    gallery.set_avatar(&ann, "a2", b"two", at(2)).await.unwrap();
    let removed = gallery.remove_avatar(&ann, None).await.unwrap();
    assert_eq!(both().await, (None, text("")));
    assert_eq!(gallery.user(&ann).await.unwrap(), removed);
    assert!(
        !gallery.set_wechat_avatar(&ann, "https://wx.qlogo.cn/2").await.unwrap(),
        "who took it away wants none"
    );
    assert_eq!(both().await, (None, text("")));

    assert_eq!(gallery.user(&user("ben")).await.unwrap().unwrap().wechat_avatar, None);
    gallery.schedule_erasure(&ann, at(100)).await.unwrap();
    gallery.erase(&ann, at(100)).await.unwrap();
    gallery.sign_in(&ann, &new_user("p3"), at(200)).await.unwrap();
    assert_eq!(both().await, (None, None));
}
