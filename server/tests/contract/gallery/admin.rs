//! Cases of the [`Reports`].

use yibi_common::admin::{AuditEntry, Change, DrawingOrder};
use yibi_server::domain::report::{DrawingFilter, DrawingPage, Place, Rows, Texts, UserPage, UsersBy};
use yibi_server::domain::user::UserKey;
use yibi_server::domain::user::{NewUser, UserRecord};
use yibi_server::store::Reports;

use crate::given::{GalleryUnderTest, at, batch, blob, draw, new_user, user};

/// All rows, fetched in pages of one.
async fn one_by_one<T, F: Future<Output = Rows<T>>>(mut page: impl FnMut(Option<Place>) -> F) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = page(after).await;
        all.extend(rows.rows);
        after = rows.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn users<G: Reports>(gallery: &G, by: &UsersBy, reverse: bool) -> Vec<UserRecord> {
    one_by_one(async |after| {
        let page = UserPage { by: by.clone(), reverse, after, limit: 1, blocked: None };
        gallery.user_page(&page).await.unwrap()
    })
    .await
}

fn openids(users: &[UserRecord]) -> Vec<&str> {
    users.iter().map(|user| user.key.openid()).collect()
}

pub async fn users_are_paged_in_three_orders<G: GalleryUnderTest + Reports>(gallery: &G) {
    // Two users have the same time, two the same name.
    for (openid, nickname, made) in [("a-1", "小明", 3), ("a", "小", 1), ("b", "小明", 1), ("Z", "Zoë", 2)]
    {
        let key = user(openid);
        gallery.sign_in(&key, &new_user(&format!("p-{openid}")), at(made)).await.unwrap();
        gallery.set_nickname(&key, nickname).await.unwrap();
    }
    let app = user("").to_string();
    let named = |prefix: &str| UsersBy::Nickname(Texts::beginning_with(prefix));
    let keyed = |prefix: &str| UsersBy::Key(Texts::beginning_with(&format!("{app}{prefix}")));
    for (by, expected) in [
        (UsersBy::Creation, vec!["a-1", "Z", "b", "a"]),
        (named("小"), vec!["a", "a-1", "b"]),
        (named("小明"), vec!["a-1", "b"]),
        (named("Zoë"), vec!["Z"]),
        (named("x"), vec![]),
        (keyed(""), vec!["Z", "a", "a-1", "b"]),
        (keyed("a"), vec!["a", "a-1"]),
        (keyed("a-1"), vec!["a-1"]),
    ] {
        assert_eq!(openids(&users(gallery, &by, false).await), expected, "{by:?}");
        let reversed = users(gallery, &by, true).await;
        assert_eq!(openids(&reversed).into_iter().rev().collect::<Vec<_>>(), expected, "{by:?}");
    }
    assert_eq!(gallery.estimates().await.unwrap(), (4, 0));
}

pub async fn a_block_is_kept_since_it_was_made<G: GalleryUnderTest + Reports>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.set_blocked(&ann, Some(at(1))).await.unwrap(), None);
    assert_eq!(gallery.user(&ann).await.unwrap(), None, "blocking makes no user");
    let (record, _) = gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    let blocked = UserRecord { blocked_at: Some(at(1)), ..record.clone() };
    assert_eq!(gallery.set_blocked(&ann, Some(at(1))).await.unwrap(), Some(blocked.clone()));
    assert_eq!(gallery.set_blocked(&ann, Some(at(2))).await.unwrap(), Some(blocked.clone()));
    let (again, _) = gallery.sign_in(&ann, &new_user("p2"), at(3)).await.unwrap();
    assert_eq!(again, blocked, "signing in lifts no block");
    assert_eq!(gallery.users(&[ann.clone(), user("nobody")]).await.unwrap(), [blocked]);
    for (wanted, count) in [(Some(true), 1), (Some(false), 0), (None, 1)] {
        let page = UserPage { by: UsersBy::Creation, reverse: false, after: None, limit: 9, blocked: wanted };
        assert_eq!(gallery.user_page(&page).await.unwrap().rows.len(), count, "{wanted:?}");
    }
    assert_eq!(gallery.set_blocked(&ann, None).await.unwrap(), Some(record));
}

async fn drawings<G: Reports>(gallery: &G, page: &DrawingPage) -> Vec<(UserKey, String)> {
    let rows =
        one_by_one(async |after| gallery.drawing_page(&DrawingPage { after, ..page.clone() }).await.unwrap());
    rows.await.into_iter().map(|(user, header)| (user, header.id)).collect()
}

pub async fn drawings_of_all_users_are_paged<G: GalleryUnderTest + Reports>(gallery: &G) {
    let (ann, ben) = (user("ann"), user("ben"));
    draw(gallery, &ann, "small", 1, at(1)).await;
    draw(gallery, &ben, "small", 2, at(2)).await;
    draw(gallery, &ann, "big", 9, at(3)).await;
    gallery.append(&ann, "small", &batch(1, vec![blob(1, 4)]), None, at(9)).await.unwrap();
    gallery.set_deleted(&ben, "small", true, at(8)).await.unwrap();
    let page = |order| DrawingPage {
        order,
        reverse: false,
        after: None,
        limit: 1,
        filter: DrawingFilter::default(),
    };
    let named = |user: &UserKey, id: &str| (user.clone(), id.to_owned());
    let (a_small, b_small, big) = (named(&ann, "small"), named(&ben, "small"), named(&ann, "big"));
    for (order, expected) in [
        // A deletion is no change of the drawing: the operators' order stays, too.
        (DrawingOrder::Updated, [&a_small, &big, &b_small]),
        (DrawingOrder::Created, [&big, &b_small, &a_small]),
        (DrawingOrder::Size, [&big, &b_small, &a_small]),
    ] {
        let expected = expected.map(Clone::clone);
        assert_eq!(drawings(gallery, &page(order)).await, expected, "{order:?}");
        let mut reversed = drawings(gallery, &DrawingPage { reverse: true, ..page(order) }).await;
        reversed.reverse();
        assert_eq!(reversed, expected, "{order:?}");
    }
    for (filter, expected) in [
        (DrawingFilter { deleted: Some(true), ..DrawingFilter::default() }, vec![&b_small]),
        (DrawingFilter { deleted: Some(false), ..DrawingFilter::default() }, vec![&a_small, &big]),
        (DrawingFilter { since: Some(at(3)), ..DrawingFilter::default() }, vec![&a_small, &big]),
        (DrawingFilter { until: Some(at(8)), ..DrawingFilter::default() }, vec![&big, &b_small]),
    ] {
        let page = DrawingPage { filter: filter.clone(), ..page(DrawingOrder::Updated) };
        let found = drawings(gallery, &page).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert_eq!(gallery.estimates().await.unwrap().1, 3);
}

pub async fn the_audit_log_is_paged_from_its_end<G: GalleryUnderTest + Reports>(gallery: &G) {
    let entry = |number: i64| AuditEntry {
        at: at(number).to_string(),
        who: "token:ann".to_owned(),
        from: "socket".to_owned(),
        change: Change::BlockUser,
        user: format!("p{number}"),
        target: None,
        reason: None,
        request_id: format!("r{number}"),
    };
    // Two entries at the same time stay separate.
    for number in [1, 2, 3, 3] {
        gallery.audit(at(number), &entry(number)).await.unwrap();
    }
    let all = one_by_one(async |after| gallery.audit_page(after.as_ref(), 1).await.unwrap()).await;
    assert_eq!(all, [entry(3), entry(3), entry(2), entry(1)]);
}

pub async fn the_users_of_a_person_are_found<G: GalleryUnderTest + Reports>(gallery: &G) {
    for (app, openid, unionid) in
        [("wxb", "o1", Some("u1")), ("wxa", "o2", Some("u1")), ("wxa", "o3", Some("u2")), ("wxa", "o4", None)]
    {
        let new = NewUser {
            public_id: format!("{app}{openid}"),
            origin: None,
            unionid: unionid.map(ToOwned::to_owned),
            reopen: false,
        };
        gallery.sign_in(&UserKey::new(app, openid), &new, at(1)).await.unwrap();
    }
    let found = async |unionid: &str, limit| -> Vec<String> {
        let users = gallery.users_of_person(unionid, limit).await.unwrap();
        users.into_iter().map(|user| user.key.to_string()).collect()
    };
    assert_eq!(found("u1", 10).await, ["wxa/o2", "wxb/o1"]);
    assert_eq!(found("u1", 1).await, ["wxa/o2"]);
    assert_eq!(found("u2", 10).await, ["wxa/o3"]);
    assert_eq!(found("$u", 10).await, Vec::<String>::new());
}
