//! Tests of the updates, without a terminal, a server or a real clock.

mod changes;
mod finding;
mod live;
mod mouse;
pub mod reviewing;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;
use yibi_common::admin::{DrawingRow, Event, SessionRow};

use super::*;
use crate::lists::{Kind, Page, Row};
use crate::model::Server;
use crate::msg::{ApiError, Drawn, Reply};
use crate::theme::Theme;
use crate::time::Clock;

/// 2026-11-20T20:05:07Z.
pub const NOW: Millis = 1_795_205_107_000;

/// A console whose keys and clock the test controls.
pub struct Desk {
    pub model: Model,
    pub now: Millis,
}

impl Desk {
    pub fn new(width: u16, height: u16) -> Self {
        let server =
            Server { label: "here".into(), base: "http://127.0.0.1:5758".into(), ..Server::default() };
        let theme = Theme::from_environment(|name| (name == "COLORTERM").then(|| "truecolor".into()));
        Self { model: Model::new(server, theme, false, (width, height), &Clock::utc(NOW)), now: NOW }
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
                Some(("C-f", _)) => (KeyCode::Char('f'), KeyModifiers::CONTROL),
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
    pub fn answer(&mut self, effects: &[Effect], slot: Slot, result: Result<Reply, ApiError>) -> Vec<Effect> {
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
    let at = |offset| crate::time::rfc3339(NOW + offset);
    let row = json!({
        "id": format!("session-{number:04}"), "user": user(number, nickname), "dialect": "yibi",
        "device": "iPhone 15, 微信 8.0", "address": "203.0.113.7", "created_at": at(-3_600_000),
        "last_seen": at(-65_000), "expires_at": at(left), "ends_at": at(86_400_000)
    });
    Row::new(serde_json::from_value::<SessionRow>(row).unwrap())
}

pub fn drawing_row(number: usize, title: &str) -> DrawingRow {
    let at = |offset| crate::time::rfc3339(NOW + offset);
    let row = json!({
        "id": format!("d{number:03}"), "user": user(1, "小明"), "title": title, "width": 2048, "height": 2731,
        "mode": "free", "base": 0, "seq": 2, "stroke_count": 2, "point_count": 22, "bytes": 4_096,
        "created_at": at(-90_000), "updated_at": at(-30_000)
    });
    serde_json::from_value(row).unwrap()
}

pub fn drawing(number: usize, title: &str) -> Row {
    Row::new(drawing_row(number, title))
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
    let drawn = Drawn { row: drawing_row(1, "山"), authors: Vec::new(), since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Detail, Ok(Reply::Drawing(Box::new(drawn))));
    desk
}

#[test]
fn an_absent_server_is_retried_with_backoff_until_it_answers() {
    let mut desk = Desk::new(80, 24);
    let gone = || Err(ApiError::Unreachable("connection refused".into()));
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
fn a_slow_request_can_be_cancelled_and_stays_cancelled() {
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
fn a_still_screen_schedules_no_wake_up() {
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

/// A wake-up in the past would come again and again, and keep the processor busy.
#[test]
fn every_wake_up_lies_in_the_future() {
    let calm = |desk: &mut Desk, what: &str| {
        for millis in [1, 200, 2_000, 6_000, 20_000] {
            desk.wait(millis);
            let wake = desk.model.wake();
            assert!(wake.is_none_or(|at| at > desk.now), "{what}: {:?} ms", wake.map(|at| at - desk.now));
        }
    };
    let mut desk = Desk::new(80, 24);
    desk.tell(Msg::Start);
    calm(&mut desk, "a silent server");
    let mut desk = sessions(80, 24);
    desk.press("3");
    calm(&mut desk, "a list that does not arrive");
    let mut desk = sessions(80, 24);
    let effects = desk.press("7");
    desk.answer(&effects, Slot::List(Kind::Audit), Ok(page(Vec::new(), None)));
    let effects = desk.wait(6_000);
    assert!(sent(&effects, Slot::List(Kind::Audit)).is_some(), "an empty list may get rows");
    calm(&mut desk, "an empty list");
    let mut desk = sessions(80, 24);
    desk.press("5");
    desk.tell(Msg::StreamClosed(ApiError::Unreachable("gone".into())));
    calm(&mut desk, "a stream that does not open");
    let mut desk = sessions(80, 24);
    let effects = desk.wait(6_000);
    desk.answer(&effects, Slot::List(Kind::Sessions), Err(ApiError::Unreachable("gone".into())));
    calm(&mut desk, "a server that does not come back");
    let mut desk = sessions(80, 24);
    desk.press("/ttl<");
    calm(&mut desk, "an incomplete filter");
    let mut desk = drawings(120, 40);
    desk.press("j");
    calm(&mut desk, "a drawing that does not arrive");
}

#[test]
fn an_unchanged_reply_draws_nothing() {
    let mut desk = drawings(80, 24);
    desk.model.flash = None;
    let effects = desk.wait(6_000);
    desk.model.dirty = false;
    let rows = vec![drawing(1, "山"), drawing(2, "")];
    desk.answer(&effects, Slot::List(Kind::Drawings), Ok(page(rows, None)));
    assert!(!desk.model.dirty);
}

#[test]
fn copies_hold_ids_and_never_the_token() {
    let mut desk = drawings(80, 24);
    assert_eq!(desk.press("y"), [Effect::Copy("d001".into())]);
    let Some(Effect::Copy(curl)) = desk.press("c").pop() else { panic!("nothing copied") };
    assert!(curl.contains("$YIBI_ADMIN_TOKEN") && curl.contains("/drawings/d001"));
    let Some(Effect::Copy(json)) = desk.press("Y").pop() else { panic!("nothing copied") };
    assert!(json.contains(r#""title":"山""#));
}

#[test]
fn a_wrong_token_stays_on_the_screen_with_its_remedy() {
    let mut desk = Desk::new(80, 24);
    desk.model.server.token_source = Some("/home/li/bad.token".into());
    let effects = desk.tell(Msg::Start);
    let no =
        |status| ApiError::Refused { status, code: "unauthenticated".into(), words: "A valid token".into() };
    desk.answer(&effects, Slot::Link, Err(no(401)));
    desk.answer(&effects, Slot::Overview, Err(no(401)));
    desk.wait(60_000);
    let lines = crate::model::status::lines(&desk.model);
    let text: String = lines.iter().map(|(line, _)| format!("{line} ")).collect();
    assert!(text.contains("does not know the token (401)") && text.contains("/home/li/bad.token"), "{text}");
    assert!(
        desk.press("5").iter().all(|effect| *effect != Effect::Listen),
        "the stream would be refused too"
    );
    // Ctrl-R asks again, and a token that works clears the message.
    let effects = desk.press("<C-r>");
    let me = json!({"name": "uid:0", "role": "operator", "server": "s", "version": "0", "now": ""});
    desk.answer(&effects, Slot::Link, Ok(Reply::Me(serde_json::from_value(me).unwrap())));
    assert_eq!(desk.model.link, Link::Up);
}

#[test]
fn the_public_listener_is_told_apart() {
    let mut desk = Desk::new(80, 24);
    let effects = desk.tell(Msg::Start);
    let no = ApiError::Refused { status: 404, code: "not found".into(), words: String::new() };
    desk.answer(&effects, Slot::Link, Err(no.clone()));
    desk.answer(&effects, Slot::Overview, Err(no));
    let Link::Refused { remedy } = &desk.model.link else { panic!("{:?}", desk.model.link) };
    assert!(remedy.contains("admin.listen"), "{remedy}");
}

#[test]
fn control_c_ends_a_prompt_before_the_console() {
    let mut desk = sessions(80, 24);
    for prompt in ["/ttl<", ":aud", "?", "D"] {
        assert!(!desk.press(&format!("{prompt}<C-c>")).contains(&Effect::Quit), "{prompt}");
        assert!(desk.model.overlay.is_none(), "{prompt}");
    }
    assert!(desk.press("<C-c>").contains(&Effect::Quit));
    assert!(desk.press(":q<Enter>").contains(&Effect::Quit));
    desk.press("1q");
    assert_eq!(desk.model.flash.as_ref().unwrap().text, "Ctrl-C or :q quits");
}

#[test]
fn messages_belong_to_their_view() {
    let mut desk = sessions(80, 24);
    desk.press("U");
    assert!(desk.model.flash.is_some());
    desk.press("1");
    assert_eq!(desk.model.flash, None);
}

#[test]
fn other_profiles_are_reached_by_name() {
    let mut desk = sessions(80, 24);
    desk.model.profiles = vec!["beijing".into(), "shanghai".into()];
    assert_eq!(desk.press(":profile shanghai<Enter>"), [Effect::Switch("shanghai".into())]);
    assert_eq!(desk.press(":profile paris<Enter>"), []);
    assert!(desk.model.flash.as_ref().unwrap().text.contains("there are: beijing, shanghai"));
    // Waiting changes belong to this server.
    desk.press("Dy");
    assert_eq!(desk.press(":profile beijing<Enter>"), []);
}
