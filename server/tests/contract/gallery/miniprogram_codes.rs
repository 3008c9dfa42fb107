//! Cases of the [`MiniprogramCodes`](yibi_server::store::MiniprogramCodes).

use yibi_server::domain::clock::Micros;
use yibi_server::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};
use yibi_server::domain::share::{Code, CodeRecord, CodeTarget};

use crate::given::{GalleryUnderTest, at, blob, new_user, user};

const APP: &str = "wx0123456789abcdef";

fn key(app_id: &str, scene: &str) -> MiniprogramCodeKey {
    let (page, env) = ("pages/share/share".to_owned(), "release".to_owned());
    MiniprogramCodeKey { app_id: app_id.to_owned(), page, scene: scene.to_owned(), env, width: 430 }
}

async fn add<G: GalleryUnderTest>(gallery: &G, key: &MiniprogramCodeKey, image: &[u8]) {
    let code = MiniprogramCode { key: key.clone(), image: image.to_vec() };
    gallery.add_miniprogram_code(&code).await.unwrap();
}

pub async fn a_picture_is_kept_under_its_whole_key<G: GalleryUnderTest>(gallery: &G) {
    let first = key(APP, "0123456789ab");
    assert_eq!(gallery.miniprogram_code(&first).await.unwrap(), None);
    let big = blob(7, 200_000);
    add(gallery, &first, &big).await;
    assert_eq!(gallery.miniprogram_code(&first).await.unwrap(), Some(big.clone()));
    let others = [
        key("wx0123456789abcde0", "0123456789ab"),
        key(APP, "0123456789ac"),
        MiniprogramCodeKey { page: "pages/room/room".to_owned(), ..first.clone() },
        MiniprogramCodeKey { env: "trial".to_owned(), ..first.clone() },
        MiniprogramCodeKey { width: 860, ..first.clone() },
    ];
    for (number, other) in (0_u8..).zip(&others) {
        assert_eq!(gallery.miniprogram_code(other).await.unwrap(), None, "{other:?}");
        add(gallery, other, &[number]).await;
    }
    for (number, other) in (0_u8..).zip(&others) {
        assert_eq!(gallery.miniprogram_code(other).await.unwrap(), Some(vec![number]), "{other:?}");
    }
    assert_eq!(gallery.miniprogram_code(&first).await.unwrap(), Some(big));
}

pub async fn the_first_picture_of_a_key_stays<G: GalleryUnderTest>(gallery: &G) {
    let key = key(APP, "0123456789ab");
    add(gallery, &key, b"first").await;
    add(gallery, &key, b"second").await;
    assert_eq!(gallery.miniprogram_code(&key).await.unwrap().as_deref(), Some(&b"first"[..]));
}

pub async fn the_pictures_of_a_scene_are_removed<G: GalleryUnderTest>(gallery: &G) {
    let (one, other) = (key(APP, "0123456789ab"), key(APP, "0123456789abc"));
    let trial = MiniprogramCodeKey { env: "trial".to_owned(), ..one.clone() };
    let elsewhere = key("wx0123456789abcde0", "0123456789ab");
    for key in [&one, &other, &trial, &elsewhere] {
        add(gallery, key, b"picture").await;
    }
    gallery.remove_miniprogram_codes(APP, "0123456789ab").await.unwrap();
    gallery.remove_miniprogram_codes(APP, "0123456789ab").await.unwrap();
    for (key, stays) in [(&one, false), (&trial, false), (&other, true), (&elsewhere, true)] {
        assert_eq!(gallery.miniprogram_code(key).await.unwrap().is_some(), stays, "{key:?}");
    }
}

pub async fn an_erased_users_codes_lose_their_pictures<G: GalleryUnderTest>(gallery: &G) {
    let codes = [("ann", "0123456789ab"), ("ben", "0123456789ac")];
    for (name, code) in codes {
        gallery.sign_in(&user(name), &new_user(name), at(0)).await.unwrap();
        let code = Code::parse(code).unwrap();
        add(gallery, &key(APP, code.as_str()), b"picture").await;
        let created_at = Micros(at(1).0);
        let record = CodeRecord {
            code,
            owner: user(name),
            drawing: "d".to_owned(),
            created_at,
            ended_at: None,
            what: CodeTarget::Share,
        };
        assert!(gallery.add_code(&record).await.unwrap());
    }
    gallery.schedule_erasure(&user("ann"), at(100)).await.unwrap();
    gallery.erase(&user("ann"), at(100)).await.unwrap();
    assert_eq!(gallery.miniprogram_code(&key(APP, codes[0].1)).await.unwrap(), None);
    assert!(gallery.miniprogram_code(&key(APP, codes[1].1)).await.unwrap().is_some());
}
