use std::time::Duration;

use proptest::prelude::*;
use yibi_common::shop::RefundState;

use super::*;

const AMOUNT: u32 = 1_990;

fn order() -> Order {
    testing::new_order("key")
}

fn minutes(minutes: u64) -> Micros {
    Micros(0).plus(Duration::from_secs(60 * minutes))
}

fn money(transaction: &str) -> Money {
    Money {
        transaction_id: transaction.to_owned(),
        amount: AMOUNT.into(),
        fault: None,
        currency: "CNY".to_owned(),
        payer: Some("ann".to_owned()),
    }
}

fn parcel() -> Parcel {
    Parcel { carrier: "SF".to_owned(), tracking: "SF1".to_owned() }
}

fn paid() -> Order {
    let mut order = order();
    assert_eq!(order.begin_attempt(Micros(1)), Some(1));
    assert_eq!(order.receive(1, &money("t1"), Micros(2)), Receipt::Paid);
    order
}

#[test]
fn an_order_is_paid_printed_sent_and_received_once() {
    let mut order = paid();
    assert!(!order.print(Micros(3)), "the picture is not checked yet");
    assert!(order.judge(PrintCheck::Passed, false, Micros(3)));
    assert!(order.print(Micros(4)) && !order.print(Micros(5)));
    assert!(!order.arrive(Micros(5)));
    assert!(order.ship(parcel(), Micros(6)) && !order.ship(parcel(), Micros(7)));
    assert_eq!(order.due_at(), Some(Micros(6).plus(Duration::from_secs(864_000))));
    assert!(order.arrive(Micros(8)) && !order.arrive(Micros(9)));
    assert_eq!((order.state, order.due_at()), (OrderState::Received, None));
}

#[test]
fn repeated_news_of_a_payment_change_nothing() {
    let mut order = paid();
    let known = order.clone();
    for _ in 0..8 {
        assert_eq!(order.receive(1, &money("t1"), Micros(9)), Receipt::Repeated);
    }
    assert_eq!(order, known);
    assert_eq!(order.receive(2, &money("t1"), Micros(9)), Receipt::Unknown);
}

#[test]
fn an_open_attempt_is_reused_until_the_deadline() {
    let mut order = order();
    assert_eq!(order.begin_attempt(Micros(1)), Some(1));
    assert!(order.note_prepay(1, "p1") && !order.note_prepay(1, "p1"));
    assert_eq!(order.begin_attempt(minutes(29)), Some(1));
    assert_eq!(order.attempts.len(), 1);
    assert_eq!(order.begin_attempt(minutes(30)), None, "the deadline has passed");
    assert!(!order.close(minutes(31)), "WeChat may still take the money");
    assert!(order.close_attempt(1, minutes(31)) && !order.close_attempt(1, minutes(31)));
    assert!(order.close(minutes(31)) && !order.close(minutes(32)));
    assert_eq!((order.state, order.due_at()), (OrderState::Closed, None));
}

#[test]
fn the_money_of_a_second_attempt_goes_back_and_the_order_stays_paid() {
    let mut order = order();
    order.begin_attempt(Micros(1));
    assert!(order.close_attempt(1, Micros(2)));
    assert_eq!(order.begin_attempt(Micros(3)), Some(2));
    assert_eq!(order.receive(2, &money("t2"), Micros(4)), Receipt::Paid);
    assert_eq!(order.receive(1, &money("t1"), Micros(5)), Receipt::Surplus);
    assert_eq!((order.state, order.paid_by), (OrderState::Paid, Some(2)));
    assert_eq!(order.due(Micros(5)), [(EffectKind::Refund, Some(1))]);
    assert!(order.note_refund(1, RefundState::Processing, Micros(6)));
    assert!(order.note_refund(1, RefundState::Success, Micros(7)));
    assert!(!order.note_refund(1, RefundState::Failed, Micros(8)), "a success is final");
    assert_eq!((order.state, order.due_at()), (OrderState::Paid, None));
}

#[test]
fn money_after_the_end_of_an_order_goes_back() {
    let mut order = order();
    order.begin_attempt(Micros(1));
    assert!(order.close_attempt(1, Micros(2)) && order.close(Micros(2)));
    assert_eq!(order.receive(1, &money("t1"), Micros(3)), Receipt::Surplus);
    assert_eq!(order.state, OrderState::Closed);
    let refund = order.refund().unwrap();
    assert_eq!((refund.amount, refund.cause), (AMOUNT.into(), RefundCause::Surplus));
    assert!(order.note_refund(1, RefundState::Failed, Micros(4)) && order.due_at().is_none());
    assert_eq!(order.state, OrderState::RefundFailed, "an operator sees it");
    assert!(order.repeat_refunds(Micros(5)) && !order.repeat_refunds(Micros(5)));
    assert_eq!(order.due(Micros(5)), [(EffectKind::Refund, Some(1))]);
    assert_eq!(order.state, OrderState::Refunding);
    assert!(order.note_refund(1, RefundState::Success, Micros(6)));
    assert_eq!((order.state, order.due_at()), (OrderState::Refunded, None));
}

#[test]
fn late_money_of_two_attempts_is_back_once_both_refunds_are() {
    let mut order = order();
    for number in 1..=2 {
        assert_eq!(order.begin_attempt(Micros(1)), Some(number));
        assert!(order.close_attempt(number, Micros(2)));
    }
    assert!(order.close(Micros(3)));
    for number in 1..=2 {
        assert_eq!(order.receive(number, &money(&format!("t{number}")), Micros(4)), Receipt::Surplus);
    }
    assert!(order.note_refund(1, RefundState::Failed, Micros(5)));
    assert!(order.note_refund(2, RefundState::Success, Micros(6)));
    assert_eq!(order.state, OrderState::RefundFailed);
    assert!(order.give_back(Micros(7)) && order.state == OrderState::Refunding);
    assert!(order.note_refund(1, RefundState::Success, Micros(8)));
    assert_eq!(order.state, OrderState::Refunded);
}

#[test]
fn an_operator_repeats_a_surplus_refund_before_the_good_payment_goes_back() {
    let mut order = order();
    order.begin_attempt(Micros(1));
    assert!(order.close_attempt(1, Micros(2)));
    order.begin_attempt(Micros(3));
    assert_eq!(order.receive(2, &money("t2"), Micros(4)), Receipt::Paid);
    assert_eq!(order.receive(1, &money("t1"), Micros(5)), Receipt::Surplus);
    assert!(order.note_refund(1, RefundState::Failed, Micros(6)));
    assert_eq!(order.state, OrderState::Paid);
    assert!(order.give_back(Micros(7)) && !order.give_back(Micros(7)), "a repeated request changes nothing");
    assert_eq!((order.state, order.due(Micros(7))), (OrderState::Paid, vec![(EffectKind::Refund, Some(1))]));
    assert!(order.has_refund() && order.refund().is_none());
    assert!(order.note_refund(1, RefundState::Success, Micros(8)));
    assert!(order.give_back(Micros(9)));
    assert_eq!(
        (order.state, order.due(Micros(9))),
        (OrderState::Refunding, vec![(EffectKind::Refund, Some(2))])
    );
}

#[test]
fn money_that_the_merchant_does_not_have_pays_no_order() {
    for fault in [Fault::Merchant, Fault::Refunded] {
        let mut order = order();
        order.begin_attempt(Micros(1));
        let elsewhere = Money { fault: Some(fault), ..money("t") };
        assert_eq!(order.receive(1, &elsewhere, Micros(2)), Receipt::Held);
        assert!(!order.release(Micros(3)) && order.state == OrderState::Held);
        assert!(order.give_back(Micros(4)));
        let is_back = fault == Fault::Refunded;
        assert_eq!(order.state == OrderState::Refunded, is_back);
        assert_eq!(order.due(Micros(4)).is_empty(), is_back, "what is back needs no call");
        assert_eq!(order.refund().unwrap().state == RefundState::Success, is_back);
    }
}

#[test]
fn a_refund_at_the_console_stops_the_print_or_ends_the_order() {
    let mut before = paid();
    assert!(before.note_foreign_refund(1, "console", Micros(3)));
    assert_eq!((before.state, before.fault), (OrderState::Held, Some(Fault::Refunded)));
    assert!(!before.note_foreign_refund(1, "console", Micros(4)) && !before.release(Micros(4)));
    assert!(before.give_back(Micros(5)) && before.state == OrderState::Refunded);

    let mut sent = paid();
    assert!(sent.judge(PrintCheck::Passed, false, Micros(3)) && sent.print(Micros(3)));
    assert!(sent.ship(parcel(), Micros(4)) && sent.note_foreign_refund(1, "console", Micros(5)));
    assert_eq!((sent.state, sent.due_at()), (OrderState::Refunded, None));
    assert_eq!(sent.attempt_of_refund("console"), Some(1));

    let mut asked = paid();
    assert!(asked.give_back(Micros(3)) && asked.note_refund(1, RefundState::Processing, Micros(4)));
    asked.postpone(EffectKind::Refund, Some(1), Micros(4));
    assert!(asked.note_foreign_refund(1, "console", Micros(5)));
    assert_eq!((asked.state, asked.due_at()), (OrderState::Refunding, Some(Micros(5))), "the query decides");
    assert!(asked.note_refund(1, RefundState::Failed, Micros(6)));
    assert!(asked.note_foreign_refund(1, "console", Micros(7)) && asked.state == OrderState::Refunded);
}

#[test]
fn an_order_that_closes_unpaid_drops_its_address() {
    let mut order = order();
    assert!(order.close(Micros(1)));
    assert_eq!((order.address, order.amount), (None, AMOUNT));
}

#[test]
fn a_payment_that_differs_is_held_and_fulfils_nothing() {
    let differing = [
        (Money { amount: 1, ..money("t") }, Fault::Amount),
        (Money { currency: "HKD".to_owned(), ..money("t") }, Fault::Currency),
        (Money { payer: Some("ben".to_owned()), ..money("t") }, Fault::Payer),
        (Money { fault: Some(Fault::App), ..money("t") }, Fault::App),
    ];
    for (money, fault) in differing {
        let mut order = order();
        order.begin_attempt(Micros(1));
        assert!(order.judge(PrintCheck::Passed, false, Micros(1)));
        assert_eq!(order.receive(1, &money, Micros(2)), Receipt::Held);
        assert_eq!((order.state, order.fault), (OrderState::Held, Some(fault)));
        assert!(
            !order.print(Micros(3))
                && !order.ship(parcel(), Micros(3))
                && order.begin_attempt(Micros(3)).is_none()
        );
        let mut released = order.clone();
        assert!(
            released.release(Micros(4)) && released.state == OrderState::Paid && !released.release(Micros(5))
        );
        assert!(order.ask_refund(RefundCause::Operator, Micros(4)));
        assert_eq!(order.refund().unwrap().amount, money.amount, "what was paid goes back");
        assert!(order.note_refund(1, RefundState::Success, Micros(5)) && order.state == OrderState::Refunded);
    }
}

#[test]
fn a_failed_refund_is_tried_again_under_the_same_number() {
    let mut order = paid();
    assert!(order.ask_refund(RefundCause::Operator, Micros(3)));
    assert!(!order.ask_refund(RefundCause::Operator, Micros(3)));
    let number = order.refund().unwrap().out_refund_no.clone();
    assert_eq!(order.attempt_of_refund(&number), Some(1));
    assert!(order.note_refund(1, RefundState::Failed, Micros(4)));
    assert_eq!(order.state, OrderState::RefundFailed);
    assert!(order.ask_refund(RefundCause::Operator, Micros(5)));
    assert_eq!((&order.refund().unwrap().out_refund_no, order.state), (&number, OrderState::Refunding));
    assert!(order.note_refund(1, RefundState::Success, Micros(6)));
    assert_eq!(order.state, OrderState::Refunded);
}

#[test]
fn a_rejected_picture_gives_the_money_back() {
    let mut before = order();
    before.begin_attempt(Micros(1));
    assert!(before.judge(PrintCheck::Rejected, false, Micros(2)));
    assert!(before.begin_attempt(Micros(3)).is_none());
    assert_eq!(before.due(Micros(2)), [(EffectKind::Expire, None)], "the attempt is closed at WeChat");
    assert_eq!(before.receive(1, &money("t"), Micros(3)), Receipt::Paid);
    assert_eq!(before.state, OrderState::Refunding);

    let mut after = paid();
    assert!(
        after.judge(PrintCheck::Held, false, Micros(3)) && !after.judge(PrintCheck::Passed, false, Micros(3))
    );
    assert!(after.judge(PrintCheck::Rejected, true, Micros(4)));
    assert_eq!(after.refund().unwrap().cause, RefundCause::Picture);

    let mut unpaid = order();
    assert!(unpaid.judge(PrintCheck::Rejected, false, Micros(1)) && unpaid.state == OrderState::Closed);

    let mut sent = paid();
    assert!(sent.judge(PrintCheck::Passed, false, Micros(3)) && sent.print(Micros(3)));
    assert!(sent.ship(parcel(), Micros(4)) && !sent.judge(PrintCheck::Rejected, true, Micros(5)));
}

#[test]
fn queries_follow_their_schedule() {
    let mut order = order();
    order.begin_attempt(Micros(0));
    let mut now = Micros(0);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let due = order.effects.iter().find(|effect| effect.kind == EffectKind::Reconcile).unwrap().due;
        pauses.push(due.since(now).as_secs());
        now = due;
        assert!(order.postpone(EffectKind::Reconcile, Some(1), now));
    }
    assert_eq!(pauses, [5, 30, 60, 180, 300, 600, 1_800, 1_800]);
    assert!(!order.postpone(EffectKind::Refund, Some(1), now));
}

#[test]
fn numbers_are_what_wechat_takes_and_lead_back() {
    let ann = UserKey::new("wx1", "ann");
    let id = order_id(&ann, "key");
    assert!(is_order_id(&id));
    assert_eq!(id, order_id(&ann, "key"));
    assert_ne!(id, order_id(&UserKey::new("wx1", "ben"), "key"));
    assert_ne!(id, order_id(&ann, "Key"));
    let number = out_trade_no(&id, 4_000_000_000);
    assert!(number.len() <= 32, "{number}");
    assert_eq!(parse_out_trade_no(&number), Some((id.as_str(), 4_000_000_000)));
    for wrong in
        ["", "-1", &id, &format!("{id}-"), &format!("{id}-01"), &format!("{id}-+1"), &format!("{id}-1-r")]
    {
        assert_eq!(parse_out_trade_no(wrong), None, "{wrong}");
    }
}

/// An event in the life of an order.
#[derive(Debug, Clone)]
enum Event {
    Begin,
    Receive(u32, u64),
    CloseAttempt(u32),
    Close,
    Judge(PrintCheck, bool),
    Print,
    Ship,
    Arrive,
    Refund,
    NoteRefund(u32, RefundState),
    Release,
    RepeatRefunds,
    GiveBack,
    ForeignRefund(u32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let number = 1..4_u32;
    let refund = prop_oneof![
        Just(RefundState::Processing),
        Just(RefundState::Success),
        Just(RefundState::Failed),
        Just(RefundState::Pending)
    ];
    let verdict = prop_oneof![
        Just(PrintCheck::Passed),
        Just(PrintCheck::Held),
        Just(PrintCheck::Rejected),
        Just(PrintCheck::Pending)
    ];
    let event = prop_oneof![
        4 => Just(Event::Begin),
        6 => (number.clone(), prop_oneof![4 => Just(u64::from(AMOUNT)), 1 => Just(1_u64)])
            .prop_map(|(number, amount)| Event::Receive(number, amount)),
        3 => number.clone().prop_map(Event::CloseAttempt),
        2 => Just(Event::Close),
        2 => (verdict, any::<bool>()).prop_map(|(verdict, by_person)| Event::Judge(verdict, by_person)),
        3 => Just(Event::Print),
        3 => Just(Event::Ship),
        2 => Just(Event::Arrive),
        2 => Just(Event::Refund),
        1 => number.clone().prop_map(Event::ForeignRefund),
        1 => Just(Event::GiveBack),
        3 => (number, refund).prop_map(|(number, state)| Event::NoteRefund(number, state)),
        1 => Just(Event::Release),
        1 => Just(Event::RepeatRefunds),
    ];
    proptest::collection::vec(event, 0..40)
}

fn happen(order: &mut Order, event: &Event, now: Micros) {
    match event {
        Event::Begin => drop(order.begin_attempt(now)),
        Event::Receive(number, amount) => {
            let payment = Money { amount: *amount, ..money(&format!("t{number}")) };
            order.receive(*number, &payment, now);
        }
        Event::CloseAttempt(number) => drop(order.close_attempt(*number, now)),
        Event::Close => drop(order.close(now)),
        Event::Judge(verdict, by_person) => drop(order.judge(*verdict, *by_person, now)),
        Event::Print => drop(order.print(now)),
        Event::Ship => drop(order.ship(parcel(), now)),
        Event::Arrive => drop(order.arrive(now)),
        Event::Refund => drop(order.ask_refund(RefundCause::Operator, now)),
        Event::NoteRefund(number, state) => drop(order.note_refund(*number, *state, now)),
        Event::Release => drop(order.release(now)),
        Event::RepeatRefunds => drop(order.repeat_refunds(now)),
        Event::GiveBack => drop(order.give_back(now)),
        Event::ForeignRefund(number) => drop(order.note_foreign_refund(*number, "console", now)),
    }
}

/// The states that may follow a state.
fn may_follow(from: OrderState, to: OrderState) -> bool {
    use OrderState::{
        Closed, Created, Held, Paid, Paying, Printing, Received, RefundFailed, Refunded, Refunding, Shipped,
    };
    from == to
        || match from {
            Created => matches!(to, Paying | Closed),
            // A picture that was rejected before the payment sends the money back in one change.
            Paying => matches!(to, Paid | Held | Closed | Refunding),
            // A refund at WeChat's console holds what is not sent, and ends what is.
            Paid => matches!(to, Printing | Refunding | Held),
            Printing => matches!(to, Shipped | Refunding | Held),
            Shipped => matches!(to, Received | Refunding | Refunded),
            Received => matches!(to, Refunding | Refunded),
            Refunding => matches!(to, Refunded | RefundFailed),
            RefundFailed => matches!(to, Refunding | Refunded),
            Held => matches!(to, Paid | Refunding | Refunded),
            // The refund of late money failed.
            Closed => to == RefundFailed,
            Refunded => false,
        }
}

proptest! {
    #[test]
    fn no_state_goes_back_and_no_money_is_forgotten(events in events()) {
        let mut order = order();
        let (mut sent, mut passed) = (0, false);
        for (moment, event) in events.iter().enumerate() {
            let now = Micros(i64::try_from(moment).unwrap() + 1);
            let before = order.clone();
            happen(&mut order, event, now);
            prop_assert!(may_follow(before.state, order.state), "{:?} {:?} {:?}", before.state, event, order.state);
            passed |= order.check == PrintCheck::Passed;
            if before.state != OrderState::Shipped && order.state == OrderState::Shipped {
                sent += 1;
                prop_assert!(passed && order.paid_by.is_some());
            }
            // Every payment that arrived pays the order, is held, or goes back.
            for attempt in order.attempts.iter().filter(|attempt| attempt.payment.is_some()) {
                let pays = order.paid_by == Some(attempt.number);
                prop_assert!(pays || attempt.refund.is_some(), "{:?}", attempt);
            }
            for attempt in &before.attempts {
                let now_paid = order.attempt(attempt.number).and_then(|attempt| attempt.payment.as_ref());
                let numbers = |payment: &Payment| (payment.transaction_id.clone(), payment.amount);
                let known = attempt.payment.as_ref().map(numbers);
                prop_assert!(known.is_none() || now_paid.map(numbers) == known);
            }
            // A refund that WeChat did not end is due, an attempt that may be paid is asked about.
            for attempt in &order.attempts {
                let is_due = |kind| {
                    order.effects.iter().any(|effect| {
                        effect.kind == kind && effect.attempt == Some(attempt.number) && effect.done.is_none()
                    })
                };
                let pending = attempt.refund.as_ref().is_some_and(|refund| {
                    matches!(refund.state, RefundState::Pending | RefundState::Processing)
                });
                prop_assert_eq!(pending, is_due(EffectKind::Refund));
                prop_assert_eq!(attempt.state == AttemptState::Open, is_due(EffectKind::Reconcile));
            }
        }
        prop_assert!(sent <= 1);
    }
}
