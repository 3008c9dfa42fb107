//! Cases of the [`Orders`](yibi_server::store::Orders).

use futures_util::future::join_all;
use yibi_common::drawing::Paper;
use yibi_common::shop::{OrderState, Parcel, PrintCheck, PrintPaper};
use yibi_server::domain::order::{AfterOrder, EffectKind, Order, OrderCopy, OrderedProduct, order_id};
use yibi_server::domain::user::UserKey;

use crate::given::{GalleryUnderTest, at, blobs, new_user, user};

/// An order of this user that can be paid until `created + 1000`.
fn order(openid: &str, key: &str, created: i64) -> Order {
    let user = user(openid);
    let mut order = Order {
        id: order_id(&user, key),
        user,
        drawing: "d $x".to_owned(),
        product: OrderedProduct {
            id: "a4".to_owned(),
            name: "海报".to_owned(),
            paper: PrintPaper::A4,
            price: 1_990,
        },
        shipping: 10,
        amount: 2_000,
        currency: "CNY".to_owned(),
        address: Some("sealed".to_owned()),
        state: OrderState::Created,
        check: PrintCheck::Pending,
        created_at: at(created),
        deadline: at(created + 1_000),
        updated_at: at(created),
        paid_at: None,
        shipped_at: None,
        attempts: Vec::new(),
        paid_by: None,
        effects: Vec::new(),
        parcel: None,
        fault: None,
        version: 0,
    };
    order.plan_expiry();
    order
}

fn copy(from: u32) -> OrderCopy {
    OrderCopy { seq: from, paper: Paper { width: 2048, height: 3000 }, actions: blobs(from, 7) }
}

async fn stored<G: GalleryUnderTest>(gallery: &G, openid: &str, key: &str, created: i64) -> Order {
    let order = order(openid, key, created);
    assert!(gallery.add_order(&order, &copy(1)).await.unwrap());
    order
}

fn ids(orders: &[Order]) -> Vec<String> {
    orders.iter().map(|order| order.id.clone()).collect()
}

pub async fn an_order_is_stored_once_with_its_picture<G: GalleryUnderTest>(gallery: &G) {
    let first = order("ann", "k", 5);
    assert_eq!(gallery.order(&first.id).await.unwrap(), None);
    assert_eq!(gallery.order_copy(&first.id).await.unwrap(), None);
    assert!(gallery.add_order(&first, &copy(3)).await.unwrap());
    let second = Order { amount: 1, ..first.clone() };
    assert!(!gallery.add_order(&second, &copy(4)).await.unwrap(), "the id is taken");
    assert_eq!(gallery.order(&first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(gallery.order_copy(&first.id).await.unwrap(), Some(copy(3)));
}

pub async fn an_order_changes_at_the_version_that_was_read<G: GalleryUnderTest>(gallery: &G) {
    let mut order = stored(gallery, "ann", "k", 5).await;
    assert_eq!(order.begin_attempt(at(6)), Some(1));
    assert!(gallery.change_order(&order).await.unwrap());
    assert!(!gallery.change_order(&order).await.unwrap(), "the version is another now");
    order.version = 1;
    assert_eq!(gallery.order(&order.id).await.unwrap(), Some(order.clone()));
    assert_eq!(gallery.order_copy(&order.id).await.unwrap(), Some(copy(1)), "the picture stays");
    let tasks = (0..8).map(|task| {
        let (gallery, mut order) = (gallery.clone(), order.clone());
        order.updated_at = at(task);
        tokio::spawn(async move { gallery.change_order(&order).await.unwrap() })
    });
    let won = join_all(tasks).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(won, 1);

    let mut closed = stored(gallery, "ann", "closed", 5).await;
    assert!(closed.close(at(6)) && gallery.change_order(&closed).await.unwrap());
    assert_eq!(gallery.order_copy(&closed.id).await.unwrap(), None, "a closed order needs no picture");
    closed.version = 1;
    assert_eq!(gallery.order(&closed.id).await.unwrap(), Some(closed));
}

pub async fn the_earliest_effect_makes_an_order_due<G: GalleryUnderTest>(gallery: &G) {
    let late = stored(gallery, "ann", "late", 9).await;
    let mut early = stored(gallery, "ben", "early", 5).await;
    assert!(gallery.orders_due(at(1_004), 9).await.unwrap().is_empty());
    assert_eq!(ids(&gallery.orders_due(at(1_009), 9).await.unwrap()), [early.id.clone(), late.id.clone()]);
    assert_eq!(ids(&gallery.orders_due(at(1_009), 1).await.unwrap()), [early.id.clone()]);
    early.finish(EffectKind::Expire, None, at(7));
    assert!(gallery.change_order(&early).await.unwrap());
    assert_eq!(ids(&gallery.orders_due(at(1_009), 9).await.unwrap()), [late.id]);
}

pub async fn orders_are_paged_by_user_and_by_state<G: GalleryUnderTest>(gallery: &G) {
    let mut all = Vec::new();
    for (number, created) in [3, 1, 2, 2].into_iter().enumerate() {
        all.push(stored(gallery, "ann", &format!("k{number}"), created).await);
    }
    let other = stored(gallery, "ben", "k", 9).await;
    all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = gallery.orders_of(&user("ann"), after.as_ref(), 1).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(AfterOrder { created_at: last.created_at, id: last.id.clone() });
        found.extend(page);
    }
    assert_eq!(found, all);
    assert_eq!(ids(&gallery.order_page(None, None, 1).await.unwrap()), [other.id.as_str()]);
    let behind = AfterOrder { created_at: other.created_at, id: other.id.clone() };
    assert_eq!(gallery.order_page(None, Some(&behind), 9).await.unwrap(), all);

    let mut paying = other;
    paying.begin_attempt(at(10));
    assert!(gallery.change_order(&paying).await.unwrap());
    paying.version = 1;
    assert_eq!(gallery.order_page(Some(OrderState::Paying), None, 9).await.unwrap(), [paying]);
    assert_eq!(gallery.order_page(Some(OrderState::Created), Some(&behind), 9).await.unwrap(), all);
    assert!(gallery.order_page(Some(OrderState::Held), None, 9).await.unwrap().is_empty());
    let states = [OrderState::Created, OrderState::Paying];
    assert_eq!(gallery.count_orders_of(&user("ann"), &states, 3).await.unwrap(), 3);
    assert_eq!(gallery.count_orders_of(&user("ann"), &states, 9).await.unwrap(), 4);
    assert_eq!(gallery.count_orders_of(&user("ann"), &states[1..], 9).await.unwrap(), 0);
    assert_eq!(gallery.count_orders_of(&user("ben"), &states, 9).await.unwrap(), 1);
    assert_eq!(gallery.orders_in(OrderState::Created, 9).await.unwrap(), (4, Some(at(1))));
    assert_eq!(gallery.orders_in(OrderState::Held, 9).await.unwrap(), (0, None));
}

pub async fn an_order_outlives_its_user_without_address_and_picture<G: GalleryUnderTest>(gallery: &G) {
    for (openid, public_id) in [("ann", "p1"), ("ben", "p2")] {
        gallery.sign_in(&user(openid), &new_user(public_id), at(0)).await.unwrap();
    }
    let mut order = stored(gallery, "ann", "k", 5).await;
    let kept = stored(gallery, "ben", "k", 5).await;
    order.parcel = Some(Parcel { carrier: "SF".to_owned(), tracking: "SF1".to_owned() });
    assert!(gallery.change_order(&order).await.unwrap());
    assert!(gallery.schedule_erasure(&user("ann"), at(50)).await.unwrap());
    gallery.erase(&user("ann"), at(100)).await.unwrap();
    let after = gallery.order(&order.id).await.unwrap().unwrap();
    let expected = Order {
        user: UserKey::from_text(""),
        drawing: String::new(),
        address: None,
        parcel: None,
        version: 2,
        ..order.clone()
    };
    assert_eq!(after, expected);
    assert_eq!(gallery.order_copy(&order.id).await.unwrap(), None);
    assert!(gallery.orders_of(&user("ann"), None, 9).await.unwrap().is_empty());
    assert!(gallery.change_order(&after).await.unwrap(), "money that arrives late is still noted");
    assert_eq!(gallery.order(&kept.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(gallery.order_copy(&kept.id).await.unwrap(), Some(copy(1)));
}

pub async fn orders_are_read_and_written_for_a_move<G: GalleryUnderTest>(gallery: &G) {
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(stored(gallery, "ann", &format!("k{number}"), number).await);
    }
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    let (mut found, mut place) = (Vec::new(), None);
    loop {
        let turn = gallery.orders_behind(place.as_deref(), 2).await.unwrap();
        found.extend(turn.items);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    let moved = Order { version: 7, ..expected.swap_remove(0) };
    for _ in 0..2 {
        gallery.put_order(&moved, Some(&copy(8))).await.unwrap();
    }
    assert_eq!(gallery.order(&moved.id).await.unwrap(), Some(moved.clone()));
    assert_eq!(gallery.order_copy(&moved.id).await.unwrap(), Some(copy(8)));
    gallery.put_order(&moved, None).await.unwrap();
    assert_eq!(gallery.order_copy(&moved.id).await.unwrap(), None);
}
