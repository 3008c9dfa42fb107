//! Orders and a gateway that fails in every way, checked against the gateway's own ledger.

mod bank;

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use yibi_common::codec;
use yibi_common::drawing::{Action, Color, Mode, Paper, Point, Stroke, Tool};
use yibi_common::shop::{OrderState, PostalAddress, PrintCheck, RefundState};

use self::bank::Bank;
use super::*;
use crate::domain::batch::Batch;
use crate::domain::clock::Micros;
use crate::domain::drawing::NewDrawing;
use crate::domain::order::{Receipt, out_trade_no};
use crate::domain::user::NewUser;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::random;
use crate::service::rooms::RoomRecords;
use crate::service::shares::ShareRecords;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, Drawings, GalleryStore, SessionStore, Users};
use crate::wechat::Wechat;
use crate::wechat::pay as wechat_pay;
use crate::wechat::testing::{client, development_app};

const PRODUCTS: &str = r#"[{"id": "a4", "name": "A4", "paper": "a4", "price": 1990}]"#;

struct Given {
    orders: OrderService,
    bank: Arc<Bank>,
    ann: UserKey,
    directory: PathBuf,
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Given {
    /// A shop, and a user with the drawing `d`.
    async fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("yibi-orders-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let environment = [
            ("YIBI_SHOP__ENABLED".to_owned(), "true".to_owned()),
            ("YIBI_SHOP__PRODUCTS".to_owned(), PRODUCTS.to_owned()),
            ("YIBI_LIMITS__ENABLED".to_owned(), "false".to_owned()),
        ];
        let settings = Settings::load(None, environment, &[]).unwrap();
        let keys = LazyKeyring::new(settings.keys.clone(), KeyPlace::Directory(directory.clone()));
        let keys = Arc::new(keys);
        let sqlite = SqliteStore::open(&directory).unwrap();
        let store = GalleryStore::new(Backend::Embedded(sqlite.clone()), Arc::default());
        let drawings = DrawingService::new(
            store.clone(),
            Arc::clone(&keys),
            settings.limits.drawing.clone(),
            settings.gallery.clone(),
            "",
            Arc::default(),
        );
        let records = OrderRecords::new(store.clone(), Arc::clone(&keys), "");
        let shares = ShareRecords::new(store, Arc::clone(&keys), "", settings.sharing);
        let sessions = SessionStore::new(Backend::Embedded(sqlite.clone()), Arc::default());
        let wechat = Wechat::new(client("http://127.0.0.1:9", Duration::from_secs(1)), sessions, keys);
        let app = development_app();
        let ann = UserKey::new(&app.id, "ann");
        let moderation = Moderation::new(
            settings.moderation.clone(),
            drawings.clone(),
            (RoomRecords::new(drawings.clone(), shares), records.clone()),
            wechat,
            vec![app],
            Arc::default(),
        );
        let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
        sqlite.sign_in(&ann, &new, Micros::now()).await.unwrap();
        draw(&sqlite, &ann).await;
        let bank = Arc::new(Bank::default());
        let limits = Arc::new(RateLimits::new(&settings.limits));
        let gateway = Arc::clone(&bank) as Arc<dyn PaymentGateway>;
        let orders =
            OrderService::new(&settings, records, drawings, moderation, gateway, limits, Arc::default());
        Self { orders, bank, ann, directory }
    }

    async fn order(&self, key: &str) -> Order {
        let (order, is_new) = self.orders.create(&self.ann, &new_order(key)).await.unwrap();
        assert!(is_new);
        order
    }

    /// An order whose payment was begun.
    async fn paying(&self, key: &str) -> Order {
        let order = self.order(key).await;
        self.orders.pay(&self.ann, &order.id, None).await.unwrap();
        self.now(&order).await
    }

    async fn now(&self, order: &Order) -> Order {
        self.orders.find(&order.id).await.unwrap()
    }

    /// Runs what is due until nothing of the order is due before `until`.
    async fn run(&self, order: &Order, until: Micros) -> Order {
        for _ in 0..200 {
            let current = self.now(order).await;
            match current.due_at().filter(|due| *due <= until) {
                Some(due) => self.orders.run_due(due).await.unwrap(),
                None => return current,
            }
        }
        panic!("still due: {:?}", self.now(order).await);
    }

    fn script(&self, change: impl Fn(&mut bank::Script)) {
        change(&mut self.bank.script.lock().unwrap());
    }
}

async fn draw(store: &SqliteStore, user: &UserKey) {
    let points = vec![Point { x: 100, y: 100, dt: 0 }, Point { x: 900, y: 700, dt: 16 }];
    let stroke = Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 28, points };
    let blob = codec::encode(&Action::Stroke { at: 0, by: 0, stroke });
    let batch = Batch {
        from_seq: 0,
        blobs: vec![blob.into()],
        stroke_count: 1,
        point_count: 2,
        min_paper: Paper { width: 1, height: 1 },
        one_stroke_width: None,
        max_actions: 99,
        max_bytes: 9_999,
        max_points: 9_999,
        in_room: false,
    };
    let new = NewDrawing { title: String::new(), paper: Paper::default(), mode: Mode::Free, explicit: true };
    store.append(user, "d", &batch, Some(&new), Micros::now()).await.unwrap();
}

fn new_order(key: &str) -> NewOrder {
    let part = || "广州".to_owned();
    let address = PostalAddress {
        name: "小明".to_owned(),
        phone: "020-81167888".to_owned(),
        province: part(),
        city: part(),
        district: String::new(),
        detail: "新港中路397号".to_owned(),
        postcode: "510000".to_owned(),
    };
    NewOrder { drawing: "d".to_owned(), product: "a4".to_owned(), address, idempotency_key: key.to_owned() }
}

fn after(order: &Order, minutes: u64) -> Micros {
    order.deadline.plus(Duration::from_secs(60 * minutes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_key_finds_its_order_and_no_more_than_five_wait_for_money() {
    let given = Given::new().await;
    let first = given.order("k").await;
    let (again, is_new) = given.orders.create(&given.ann, &new_order("k")).await.unwrap();
    assert!(!is_new && again == first);
    let mut other = new_order("k");
    other.address.detail = "新港中路398号".to_owned();
    assert!(matches!(given.orders.create(&given.ann, &other).await, Err(OrderError::KeyReused)));
    let orders = (0..8).map(|number| {
        let (orders, ann) = (given.orders.clone(), given.ann.clone());
        tokio::spawn(async move { orders.create(&ann, &new_order(&format!("more-{number}"))).await })
    });
    let made = join_all(orders).await.into_iter().map(Result::unwrap);
    let (made, refused): (Vec<_>, Vec<_>) = made.partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (4, 4));
    assert!(refused.iter().all(|refused| matches!(refused, Err(OrderError::TooMany))));
    given.orders.cancel(&given.ann, &first.id).await.unwrap();
    given.order("sixth").await;
}

#[tokio::test]
async fn a_payment_before_the_reply_of_the_order_call_is_taken() {
    let given = Given::new().await;
    let order = given.order("k").await;
    given.script(|script| script.lost_reply = true);
    let lost = given.orders.pay(&given.ann, &order.id, None).await;
    assert!(matches!(lost, Err(OrderError::Payment(_))));
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Paid);
    assert_eq!(given.now(&order).await.state, OrderState::Paid);
    assert!(matches!(given.orders.pay(&given.ann, &order.id, None).await, Err(OrderError::State)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_notifications_at_once_pay_an_order_once() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    let news = (0..8).map(|_| {
        let (orders, payment) = (given.orders.clone(), payment.clone());
        tokio::spawn(async move { orders.money(&payment).await.unwrap() })
    });
    let receipts: Vec<_> = join_all(news).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts.iter().filter(|receipt| **receipt == Receipt::Paid).count(), 1, "{receipts:?}");
    assert_eq!(receipts.iter().filter(|receipt| **receipt == Receipt::Repeated).count(), 7);
}

#[tokio::test]
async fn a_lost_notification_is_made_up_for_by_a_query() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    given.bank.pay(&out_trade_no(&order.id, 1));
    given.script(|script| script.gone = true);
    let soon = order.created_at.plus(Duration::from_secs(60));
    assert_eq!(given.run(&order, soon).await.state, OrderState::Paying, "a failed query decides nothing");
    given.script(|script| script.gone = false);
    assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::Paid);
}

#[tokio::test]
async fn an_order_closes_at_its_deadline_only_once_wechat_has_closed_it() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    given.script(|script| script.gone = true);
    assert_eq!(given.run(&order, after(&order, 5)).await.state, OrderState::Paying);
    given.script(|script| script.gone = false);
    let closed = given.run(&order, after(&order, 60)).await;
    assert_eq!((closed.state, closed.due_at()), (OrderState::Closed, None));

    // Never paid for: nobody asks WeChat.
    let queries = given.bank.calls("query");
    let unpaid = given.order("unpaid").await;
    assert_eq!(given.run(&unpaid, after(&unpaid, 1)).await.state, OrderState::Closed);
    assert_eq!(given.bank.calls("query"), queries);
}

#[tokio::test]
async fn an_attempt_that_wechat_never_saw_ends_after_the_deadline() {
    let given = Given::new().await;
    let order = given.order("k").await;
    given.script(|script| script.gone = true);
    given.orders.pay(&given.ann, &order.id, None).await.unwrap_err();
    given.script(|script| script.gone = false);
    let cancelled = given.orders.cancel(&given.ann, &order.id).await.unwrap();
    assert_eq!(cancelled.state, OrderState::Paying, "the call may still arrive");
    assert_eq!(given.run(&order, order.deadline).await.state, OrderState::Paying);
    assert_eq!(given.run(&order, after(&order, 30)).await.state, OrderState::Closed);
}

#[tokio::test]
async fn a_payment_between_the_query_and_the_close_is_kept() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    given.script(|script| script.pays_before_close = true);
    let cancelled = given.orders.cancel(&given.ann, &order.id).await;
    assert!(matches!(cancelled, Err(OrderError::State)));
    assert_eq!(given.now(&order).await.state, OrderState::Paid);
    assert_eq!(given.bank.balance(), 1_990);
}

#[tokio::test]
async fn money_after_the_close_goes_back() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    let closed = given.orders.cancel(&given.ann, &order.id).await.unwrap();
    assert_eq!(closed.state, OrderState::Closed);
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Surplus);
    let settled = given.run(&order, after(&order, 60)).await;
    assert_eq!(settled.refund().unwrap().state, RefundState::Success);
    assert_eq!((settled.state, given.bank.balance()), (OrderState::Closed, 0));
    assert_eq!(given.bank.calls("refund"), 1);
}

#[tokio::test]
async fn of_two_attempts_that_are_paid_one_goes_back() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    // Closed at WeChat's console: the next try needs another number.
    given.bank.trades().get_mut(&out_trade_no(&order.id, 1)).unwrap().state =
        crate::wechat::pay::TradeState::Closed;
    given.orders.refresh(&given.ann, &order.id).await.unwrap();
    let fields = given.orders.pay(&given.ann, &order.id, None).await.unwrap();
    assert!(fields.package.ends_with("-2"), "{fields:?}");
    for (number, receipt) in [(1, Receipt::Paid), (2, Receipt::Surplus)] {
        let payment = given.bank.pay(&out_trade_no(&order.id, number));
        assert_eq!(given.orders.money(&payment).await.unwrap(), receipt);
    }
    let settled = given.run(&order, after(&order, 60)).await;
    assert_eq!((settled.state, settled.paid_by), (OrderState::Paid, Some(1)));
    assert_eq!(given.bank.balance(), 1_990);
}

#[tokio::test]
async fn a_payment_of_another_sum_waits_for_an_operator() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    let mut payment = given.bank.pay(&out_trade_no(&order.id, 1));
    payment.amount = Some(1);
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Held);
    assert!(matches!(given.orders.print(&order.id).await, Err(OrderError::State)));
    assert!(given.orders.0.records.has_open_orders(&given.ann).await.unwrap());
    assert_eq!(given.orders.release(&order.id).await.unwrap().state, OrderState::Paid);
    assert_eq!(given.orders.release(&order.id).await.unwrap().state, OrderState::Paid);

    let foreign = given.paying("foreign").await;
    let mut payment = given.bank.pay(&out_trade_no(&foreign.id, 1));
    payment.merchant_id = "1".to_owned();
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Held);
    assert!(matches!(given.orders.release(&foreign.id).await, Err(OrderError::State)));
    payment.out_trade_no = out_trade_no(&foreign.id, 9);
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Unknown);
}

#[tokio::test]
async fn a_refused_refund_waits_for_an_operator_and_is_made_once() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    given.orders.money(&payment).await.unwrap();
    assert!(matches!(given.orders.print(&order.id).await, Err(OrderError::Unchecked)));
    given.script(|script| script.refuses_refunds = true);
    let rejected = given.orders.judge(&order.id, PrintCheck::Rejected).await.unwrap();
    assert_eq!(rejected.state, OrderState::Refunding);
    assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::RefundFailed);
    given.script(|script| script.refuses_refunds = false);
    for _ in 0..2 {
        given.orders.refund(&order.id).await.unwrap();
    }
    let settled = given.run(&order, after(&order, 60)).await;
    assert_eq!((settled.state, given.bank.balance()), (OrderState::Refunded, 0));
    assert!(!given.orders.0.records.has_open_orders(&given.ann).await.unwrap());
}

#[tokio::test]
async fn the_parts_of_an_address_are_checked_and_it_is_sealed() {
    let given = Given::new().await;
    let order = given.order("k").await;
    let sealed = order.address.clone().unwrap();
    assert!(!sealed.contains("小明") && !sealed.contains("81167888"));
    assert_eq!(given.orders.address(&order.id).await.unwrap(), new_order("k").address);
    let changes: [fn(&mut PostalAddress); 8] = [
        |address| address.phone = "+- 12 - ".to_owned(),
        |address| address.phone = "1".repeat(21),
        |address| address.name.clear(),
        |address| address.phone = "call me".to_owned(),
        |address| address.city = "x".repeat(41),
        |address| address.detail = "a\u{202e}b".to_owned(),
        |address| address.postcode = "postcode".to_owned(),
        |address| address.province = " ".to_owned(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut wrong = new_order(&format!("wrong-{number}"));
        change(&mut wrong.address);
        let refused = given.orders.create(&given.ann, &wrong).await;
        assert!(matches!(refused, Err(OrderError::Value(_))), "{number}: {refused:?}");
    }
}

fn refund_news(order: &Order, out_refund_no: &str, state: wechat_pay::RefundState) -> wechat_pay::Refund {
    wechat_pay::Refund {
        out_trade_no: out_trade_no(&order.id, 1),
        out_refund_no: out_refund_no.to_owned(),
        state,
        refund_id: None,
        amount: Some(1_990),
    }
}

async fn paid(given: &Given, key: &str) -> Order {
    let order = given.paying(key).await;
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Paid);
    given.now(&order).await
}

#[tokio::test]
async fn a_failed_refund_of_late_money_is_repeated_by_an_operator() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    given.orders.cancel(&given.ann, &order.id).await.unwrap();
    let payment = given.bank.pay(&out_trade_no(&order.id, 1));
    given.script(|script| script.refuses_refunds = true);
    assert_eq!(given.orders.money(&payment).await.unwrap(), Receipt::Surplus);
    assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::RefundFailed);
    given.script(|script| script.refuses_refunds = false);
    for _ in 0..2 {
        assert_eq!(given.orders.refund(&order.id).await.unwrap().state, OrderState::Refunding);
    }
    let settled = given.run(&order, after(&order, 60)).await;
    assert_eq!((settled.state, given.bank.balance()), (OrderState::Refunded, 0));
}

#[tokio::test]
async fn an_operator_who_repeats_a_surplus_refund_keeps_the_good_payment() {
    let given = Given::new().await;
    let order = given.paying("k").await;
    given.bank.trades().get_mut(&out_trade_no(&order.id, 1)).unwrap().state = wechat_pay::TradeState::Closed;
    given.orders.refresh(&given.ann, &order.id).await.unwrap();
    given.orders.pay(&given.ann, &order.id, None).await.unwrap();
    given.script(|script| script.refuses_refunds = true);
    for number in 1..=2 {
        let payment = given.bank.pay(&out_trade_no(&order.id, number));
        given.orders.money(&payment).await.unwrap();
    }
    assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::Paid);
    given.script(|script| script.refuses_refunds = false);
    for _ in 0..2 {
        assert_eq!(given.orders.refund(&order.id).await.unwrap().state, OrderState::Paid);
    }
    assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::Paid);
    assert_eq!(given.bank.balance(), 1_990);
}

#[tokio::test]
async fn a_refund_at_the_console_stops_the_print() {
    let given = Given::new().await;
    let order = paid(&given, "k").await;
    let news = refund_news(&order, "console", wechat_pay::RefundState::Succeeded);
    assert_eq!(given.orders.take_refund(&news).await.unwrap(), "other", "WeChat does not say so");
    given.script(|script| script.gone = true);
    assert!(matches!(given.orders.take_refund(&news).await, Err(NotifyError::Payment(_))));
    given.script(|script| script.gone = false);
    given.bank.refund_at_console(&out_trade_no(&order.id, 1));
    assert_eq!(given.orders.take_refund(&news).await.unwrap(), "refund");
    assert_eq!(given.orders.take_refund(&news).await.unwrap(), "repeated");
    assert_eq!(given.now(&order).await.state, OrderState::Held);
    assert!(matches!(given.orders.release(&order.id).await, Err(OrderError::State)));
    assert_eq!(given.orders.refund(&order.id).await.unwrap().state, OrderState::Refunded);
    assert_eq!((given.bank.calls("refund"), given.bank.balance()), (0, 0));

    // The order did not know of the money.
    let unknown = given.paying("unknown").await;
    given.bank.pay(&out_trade_no(&unknown.id, 1));
    given.bank.refund_at_console(&out_trade_no(&unknown.id, 1));
    let news = refund_news(&unknown, "console", wechat_pay::RefundState::Succeeded);
    assert_eq!(given.orders.take_refund(&news).await.unwrap(), "refund");
    assert_eq!(given.now(&unknown).await.state, OrderState::Held);
    let nobody = wechat_pay::Refund { out_trade_no: out_trade_no(&unknown.id, 9), ..news };
    assert!(matches!(given.orders.take_refund(&nobody).await, Err(NotifyError::Unknown)));
}

#[tokio::test]
async fn news_of_a_refund_are_believed_only_if_signed_and_good() {
    for is_old in [false, true] {
        let given = Given::new().await;
        given.script(|script| script.is_old = is_old);
        let order = paid(&given, "k").await;
        let asked = given.orders.refund(&order.id).await.unwrap();
        let number = asked.refund().unwrap().out_refund_no.clone();
        given.orders.run_due(asked.due_at().unwrap()).await.unwrap();
        let waiting = given.now(&order).await;
        // Far from now, so that the haste shows.
        let later = Micros::now().plus(Duration::from_secs(3_600));
        let put_off = given.orders.0.records.change(&order.id, |order| {
            order.postpone(crate::domain::order::EffectKind::Refund, Some(1), later)
        });
        put_off.await.unwrap();
        assert_eq!(waiting.refund().unwrap().state, RefundState::Processing);
        let failed = refund_news(&order, &number, wechat_pay::RefundState::Abnormal);
        assert_eq!(given.orders.take_refund(&failed).await.unwrap(), "refund");
        let hastened = given.now(&order).await;
        assert_eq!(hastened.state, OrderState::Refunding, "the query decides");
        assert!(hastened.due_at().unwrap() < later);
        let done = refund_news(&order, &number, wechat_pay::RefundState::Succeeded);
        given.orders.take_refund(&done).await.unwrap();
        let state = given.now(&order).await.state;
        assert_eq!(state, if is_old { OrderState::Refunding } else { OrderState::Refunded });
        assert_eq!(given.run(&order, after(&order, 60)).await.state, OrderState::Refunded);
    }
}

#[tokio::test]
async fn an_order_that_closes_unpaid_keeps_neither_picture_nor_address() {
    let given = Given::new().await;
    let order = given.order("k").await;
    let store = given.orders.0.records.store.clone();
    assert!(store.order_copy(&order.id).await.unwrap().is_some());
    given.orders.cancel(&given.ann, &order.id).await.unwrap();
    assert_eq!(store.order_copy(&order.id).await.unwrap(), None);
    let closed = given.now(&order).await;
    assert_eq!((closed.address.as_ref(), closed.amount), (None, order.amount));
    let (again, is_new) = given.orders.create(&given.ann, &new_order("k")).await.unwrap();
    assert!(!is_new && again == closed);
}

#[tokio::test]
async fn an_address_whose_key_is_gone_is_null_in_the_export() {
    let given = Given::new().await;
    let order = given.order("k").await;
    let lost = given.orders.0.records.change(&order.id, |order| {
        order.address = Some("lost".to_owned());
        true
    });
    lost.await.unwrap();
    let exported = given.orders.0.records.export(&given.ann).await.unwrap();
    let first = exported.first().unwrap();
    assert!(first.get("address").unwrap().is_null() && first.get("amount").unwrap() == 1_990);
    assert!(matches!(given.orders.create(&given.ann, &new_order("k")).await, Err(OrderError::KeyReused)));
}
