//! The console without a terminal, a server or a clock.

mod changes;
mod finding;
mod live;
mod mouse;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;
use yibi_common::admin::Event;

use super::*;
use crate::model::Server;
use crate::msg::{Drawn, Reply, Trouble};
use crate::request::Kind;
use crate::row::{Page, Row};
use crate::theme::Theme;

/// 2026-11-20T20:05:07Z.
pub const NOW: Millis = 1_795_205_107_000;

/// A console with a hand on its keys and its clock.
pub struct Desk {
    pub model: Model,
    pub now: Millis,
}

impl Desk {
    pub fn new(width: u16, height: u16) -> Self {
        let server =
            Server { label: "here".into(), base: "http://127.0.0.1:5758".into(), ..Server::default() };
        let theme = Theme::from_environment(|name| (name == "COLORTERM").then(|| "truecolor".into()));
        Self { model: Model::new(server, theme, false, (width, height), NOW), now: NOW }
    }

    pub fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.model, self.now, msg)
    }

    /// Presses keys, each a character or a name between angle brackets.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let (code, modifiers) = match named {
                Some(("Enter", _)) => (KeyCode::Enter, KeyModifiers::NONE),
                Some(("Esc", _)) => (KeyCode::Esc, KeyModifiers::NONE),
                Some(("Tab", _)) => (KeyCode::Tab, KeyModifiers::NONE),
                Some(("C-d", _)) => (KeyCode::Char('d'), KeyModifiers::CONTROL),
                Some(("C-c", _)) => (KeyCode::Char('c'), KeyModifiers::CONTROL),
                Some(("C-r", _)) => (KeyCode::Char('r'), KeyModifiers::CONTROL),
                Some(("C-u", _)) => (KeyCode::Char('u'), KeyModifiers::CONTROL),
                _ => (KeyCode::Char(c), KeyModifiers::NONE),
            };
            let known = named.is_some() && (code, modifiers) != (KeyCode::Char(c), KeyModifiers::NONE);
            rest = if known { named.unwrap().1 } else { &rest[c.len_utf8()..] };
            effects.extend(self.tell(Msg::Key(KeyEvent::new(code, modifiers))));
        }
        effects
    }

    pub fn wait(&mut self, millis: Millis) -> Vec<Effect> {
        self.now += millis;
        self.tell(Msg::Tick)
    }

    /// Answers a request among the effects.
    pub fn answer(&mut self, effects: &[Effect], slot: Slot, result: Result<Reply, Trouble>) -> Vec<Effect> {
        let ticket = sent(effects, slot).expect("the request was sent").0;
        self.tell(Msg::Answer { ticket, result, server_now: None })
    }
}

/// The latest request for a purpose.
pub fn sent(effects: &[Effect], slot: Slot) -> Option<(Ticket, Request)> {
    effects.iter().rev().find_map(|effect| {
        if let Effect::Send(ticket, request) = effect
            && ticket.slot == slot
        {
            return Some((ticket.clone(), request.clone()));
        }
        None
    })
}

pub fn user(number: usize, nickname: &str) -> serde_json::Value {
    json!({"id": format!("user-{number:04}"), "app_id": "wx1", "openid": format!("oX{number:06}"), "nickname": nickname})
}

pub fn session(number: usize, nickname: &str, left: Millis) -> Row {
    let at = |offset| moment(NOW + offset);
    Row::Session(
        serde_json::from_value(json!({
            "id": format!("session-{number:04}"), "user": user(number, nickname), "dialect": "yibi",
            "device": "iPhone 15, 微信 8.0", "address": "203.0.113.7", "created_at": at(-3_600_000),
            "last_seen": at(-65_000), "expires_at": at(left), "ends_at": at(86_400_000)
        }))
        .unwrap(),
    )
}

pub fn drawing(number: usize, title: &str) -> Row {
    Row::Drawing(
        serde_json::from_value(json!({
            "id": format!("d{number:03}"), "user": user(1, "小明"), "title": title, "width": 2048, "height": 2731,
            "mode": "free", "base": 0, "seq": 2, "stroke_count": 2, "point_count": 22, "bytes": 4_096,
            "created_at": moment(NOW - 90_000), "updated_at": moment(NOW - 30_000)
        }))
        .unwrap(),
    )
}

fn moment(at: Millis) -> String {
    crate::moment::rfc3339(at)
}

pub fn page(rows: Vec<Row>, next: Option<&str>) -> Reply {
    let total = Some(yibi_common::admin::Count { value: 1_000_000, exact: false });
    Reply::Page(Page { rows, next: next.map(str::to_owned), total, now: String::new() })
}

/// A console that shows three sessions.
pub fn sessions(width: u16, height: u16) -> Desk {
    let mut desk = Desk::new(width, height);
    desk.tell(Msg::Start);
    let effects = desk.press("2");
    let rows = vec![session(1, "小明", 45_000), session(2, "一笔到底", 200_000), session(3, "", 7_000_000)];
    desk.answer(&effects, Slot::List(Kind::Sessions), Ok(page(rows, None)));
    desk.model.link = Link::Up;
    desk.model.pending.clear();
    desk
}

/// A console that shows two drawings.
pub fn drawings(width: u16, height: u16) -> Desk {
    let mut desk = sessions(width, height);
    let effects = desk.press("4");
    let rows = vec![drawing(1, "山"), drawing(2, "")];
    desk.answer(&effects, Slot::List(Kind::Drawings), Ok(page(rows, None)));
    desk
}

pub fn strokes(from: usize, count: usize) -> Vec<Entry> {
    let stroke = |number: usize| {
        let y = 300 + 400 * number;
        let points: Vec<i64> =
            std::iter::once([200, y as i64, 0]).chain((0..10).map(|_| [160, 20, 16])).flatten().collect();
        json!({"type": "stroke", "color": "#c03020", "width": 90, "at": number * 1000, "points": points})
    };
    Entry::all((from..from + count).map(stroke).collect()).unwrap()
}

/// A console that shows a drawing of two strokes.
pub fn replaying(width: u16, height: u16) -> Desk {
    let mut desk = drawings(width, height);
    let effects = desk.press("<Enter>");
    let Row::Drawing(row) = drawing(1, "山") else { panic!("no drawing") };
    let drawn = Drawn { row, since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Detail, Ok(Reply::Drawing(Box::new(drawn))));
    desk
}

#[test]
fn a_server_that_is_gone_is_asked_ever_less_often_and_found_again() {
    let mut desk = Desk::new(80, 24);
    let gone = || Err(Trouble::Unreachable("connection refused".into()));
    let mut effects = desk.tell(Msg::Start);
    desk.answer(&effects, Slot::Overview, gone());
    let mut waits = Vec::new();
    for _ in 0..7 {
        desk.answer(&effects, Slot::Link, gone());
        let wait = desk.model.link.retry_at().unwrap() - desk.now;
        waits.push(wait);
        assert!(sent(&desk.wait(wait - 1), Slot::Link).is_none());
        effects = desk.wait(1);
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    let me = json!({"name": "uid:0", "role": "operator", "server": "s", "version": "0", "now": ""});
    let effects = desk.answer(&effects, Slot::Link, Ok(Reply::Me(serde_json::from_value(me).unwrap())));
    assert_eq!(desk.model.link, Link::Up);
    assert!(sent(&effects, Slot::Overview).is_some());
}

#[test]
fn what_takes_long_can_be_cancelled_and_stays_cancelled() {
    let mut desk = sessions(80, 24);
    desk.press("3");
    desk.wait(400);
    let effects = desk.press("<Esc>");
    assert!(effects.contains(&Effect::Cancel(Slot::List(Kind::Users))), "{effects:?}");
    assert!(sent(&desk.wait(10_000), Slot::List(Kind::Users)).is_none());
    let effects = desk.tell(Msg::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL)));
    assert!(sent(&effects, Slot::List(Kind::Users)).is_some());
}

#[test]
fn where_nothing_moves_nothing_wakes() {
    let mut desk = replaying(80, 24);
    desk.model.flash = None;
    assert_eq!(desk.model.wake(), None);
    desk.press(" ");
    assert_eq!(desk.model.wake(), Some(desk.now + crate::model::FRAME));
    let mut desk = sessions(80, 24);
    desk.model.flash = None;
    assert_eq!(desk.model.wake(), Some(desk.now + 1000));
    desk.tell(Msg::Focus(false));
    assert_eq!(desk.model.wake(), None);
}

/// A moment that has come and still lies behind after it was told would be told again and again.
#[test]
fn what_is_waited_for_wakes_nobody_over_and_over() {
    let calm = |desk: &mut Desk, what: &str| {
        for millis in [1, 200, 2_000, 6_000, 20_000] {
            desk.wait(millis);
            let wake = desk.model.wake();
            assert!(wake.is_none_or(|at| at > desk.now), "{what}: {:?} ms", wake.map(|at| at - desk.now));
        }
    };
    let mut desk = Desk::new(80, 24);
    desk.tell(Msg::Start);
    calm(&mut desk, "a server that says nothing");
    let mut desk = sessions(80, 24);
    desk.press("3");
    calm(&mut desk, "a list that does not come");
    let mut desk = sessions(80, 24);
    let effects = desk.press("7");
    desk.answer(&effects, Slot::List(Kind::Audit), Ok(page(Vec::new(), None)));
    let effects = desk.wait(6_000);
    assert!(sent(&effects, Slot::List(Kind::Audit)).is_some(), "an empty list may get rows");
    calm(&mut desk, "an empty list");
    let mut desk = sessions(80, 24);
    desk.press("5");
    desk.tell(Msg::StreamClosed(Trouble::Unreachable("gone".into())));
    calm(&mut desk, "a stream that does not open");
    let mut desk = sessions(80, 24);
    let effects = desk.wait(6_000);
    desk.answer(&effects, Slot::List(Kind::Sessions), Err(Trouble::Unreachable("gone".into())));
    calm(&mut desk, "a server that does not come back");
    let mut desk = sessions(80, 24);
    desk.press("/ttl<");
    calm(&mut desk, "a filter that is half typed");
    let mut desk = drawings(120, 40);
    desk.press("j");
    calm(&mut desk, "a drawing that does not come");
}

#[test]
fn an_unchanged_answer_draws_nothing() {
    let mut desk = drawings(80, 24);
    desk.model.flash = None;
    let effects = desk.wait(6_000);
    desk.model.dirty = false;
    let rows = vec![drawing(1, "山"), drawing(2, "")];
    desk.answer(&effects, Slot::List(Kind::Drawings), Ok(page(rows, None)));
    assert!(!desk.model.dirty);
}

#[test]
fn what_is_copied_is_named() {
    let mut desk = drawings(80, 24);
    assert_eq!(desk.press("y"), [Effect::Copy("d001".into())]);
    let Some(Effect::Copy(curl)) = desk.press("c").pop() else { panic!("nothing copied") };
    assert!(curl.contains("$YIBI_ADMIN_TOKEN") && curl.contains("/drawings/d001"));
    let Some(Effect::Copy(json)) = desk.press("Y").pop() else { panic!("nothing copied") };
    assert!(json.contains(r#""title":"山""#));
}
