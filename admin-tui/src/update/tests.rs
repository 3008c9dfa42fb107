//! The console without a terminal, a server or a clock.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;
use yibi_common::admin::{Change, Event};

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
                Some(("C-u", _)) => (KeyCode::Char('u'), KeyModifiers::CONTROL),
                _ => (KeyCode::Char(c), KeyModifiers::NONE),
            };
            let known = code != KeyCode::Char(c);
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

fn acts(effects: &[Effect]) -> Vec<Change> {
    let act = |effect: &Effect| {
        if let Effect::Send(_, Request::Act(act)) = effect { Some(act.change) } else { None }
    };
    effects.iter().filter_map(act).collect()
}

#[test]
fn late_answers_are_dropped() {
    let mut desk = sessions(80, 24);
    let first = desk.press("/nick<C-u>dialect:yibi<Enter>");
    let second = desk.press("/<C-u>dialect:weapp<Enter>");
    desk.answer(&first, Slot::List(Kind::Sessions), Ok(page(vec![session(9, "late", 1)], None)));
    assert_eq!(desk.model.lists[&Kind::Sessions].len(), 0);
    let (_, request) = sent(&second, Slot::List(Kind::Sessions)).unwrap();
    assert!(request.path().contains("dialect=weapp"), "{}", request.path());
    desk.answer(&second, Slot::List(Kind::Sessions), Ok(page(vec![session(8, "now", 1)], None)));
    assert_eq!(desk.model.lists[&Kind::Sessions].len(), 1);
}

#[test]
fn a_filter_that_is_wrong_says_so_and_asks_nothing() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("/color:red<Enter>");
    assert!(effects.is_empty());
    let Some(Overlay::Filter { error: Some(error), input }) = &desk.model.overlay else { panic!("no error") };
    assert!(error.contains("no filter color:") && input.text == "color:red");
}

#[test]
fn nothing_is_deleted_by_the_keys_that_come_to_hand() {
    for keys in
        ["D", "DD", "DDDDD", "D<Enter>", "DD<Enter><Enter>", "D<Esc>y", "Dq", "Dn", "D<C-d>d", "<C-d>D "]
    {
        let mut desk = drawings(80, 24);
        assert_eq!(acts(&desk.press(keys)), [], "{keys}");
    }
}

#[test]
fn a_deletion_is_confirmed_made_and_taken_back() {
    let mut desk = drawings(80, 24);
    let effects = desk.press("Dy");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert!(desk.model.flash.as_ref().unwrap().text.contains("moved to the bin d001"));
    let effects = desk.press("z");
    assert_eq!(acts(&effects), [Change::RestoreDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("z")), []);
    let effects = desk.press("D<Tab><Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
}

#[test]
fn many_at_once_need_an_id_typed() {
    let mut desk = drawings(80, 24);
    assert_eq!(acts(&desk.press("  D<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("y<Enter>")), []);
    desk.tell(Msg::Paste("d002".into()));
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!((confirm.acts.len(), confirm.typed.text.as_str()), (2, "y"));
    let effects = desk.press("<C-u>d002<Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let effects = desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let no = Trouble::Refused { status: 404, code: "not_found".into(), words: "no such drawing".into() };
    desk.answer(&effects, Slot::Act, Err(no));
    let flash = desk.model.flash.clone().unwrap();
    assert!(flash.bad && flash.text.contains("1 failed: d002: no such drawing"), "{}", flash.text);
    assert_eq!(desk.model.undo[0].len(), 1);
}

#[test]
fn in_production_one_is_enough_to_be_asked_for_its_id() {
    let mut desk = drawings(80, 24);
    desk.model.server.production = true;
    assert_eq!(acts(&desk.press("Dy<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("<C-u>d001<Enter>")), [Change::DeleteDrawing]);
}

#[test]
fn read_only_is_left_on_purpose_only() {
    let mut desk = drawings(80, 24);
    desk.press("!");
    assert_eq!(acts(&desk.press("Dy")), []);
    assert_eq!(acts(&desk.press("!<Enter>Dy")), []);
    assert_eq!(acts(&desk.press("!yDy")), [Change::DeleteDrawing]);
    let mut desk = drawings(80, 24);
    desk.model.identity = Some(
        serde_json::from_value(
            json!({"name": "token:a", "role": "viewer", "server": "s", "version": "0", "now": ""}),
        )
        .unwrap(),
    );
    desk.press("D");
    assert!(desk.model.overlay.is_none());
    assert!(desk.model.flash.as_ref().unwrap().text.contains("viewer"));
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
fn a_drawing_grows_while_it_is_followed() {
    let mut desk = replaying(80, 24);
    let save = |from: usize, count: usize| {
        let actions: Vec<serde_json::Value> = strokes(from, count)
            .iter()
            .map(|entry| match entry {
                Entry::Action(action) => serde_json::to_value(action).unwrap(),
                Entry::Picture(_) => panic!("a picture"),
            })
            .collect();
        let event = json!({"server": "s", "at": "", "type": "save", "user": user(1, "小明"), "drawing": "d001",
            "created": false, "base": 0, "from_seq": from, "seq": from + count, "actions": actions});
        Msg::Event(Box::new(serde_json::from_value::<Event>(event).unwrap()))
    };
    let progress = |desk: &Desk| match desk.model.details.last() {
        Some(Detail::Drawing(drawing)) => drawing.player.as_ref().unwrap().progress(),
        _ => panic!("no drawing"),
    };
    desk.tell(save(2, 1));
    assert_eq!(progress(&desk), (2, 2));
    let effects = desk.press("f");
    assert!(effects.contains(&Effect::Listen));
    desk.tell(save(2, 1));
    assert_eq!(progress(&desk), (2, 3));
    desk.wait(2_000);
    assert_eq!(progress(&desk), (3, 3));
    // One that was missed is loaded.
    let effects = desk.tell(save(4, 1));
    assert_eq!(
        sent(&effects, Slot::Tail).unwrap().1.path(),
        "/admin/v1/users/user-0001/drawings/d001?since=3"
    );
    assert!(desk.press("<Esc>").contains(&Effect::StopListening));
}

#[test]
fn events_are_held_while_one_reads() {
    let mut desk = sessions(80, 24);
    assert!(desk.press("5").contains(&Effect::Listen));
    let event = |number: usize| {
        let event = json!({"server": "s", "at": "", "type": "revoked", "user": user(number, "")});
        Msg::Event(Box::new(serde_json::from_value::<Event>(event).unwrap()))
    };
    for number in 0..3 {
        desk.tell(event(number));
    }
    desk.press("j");
    desk.tell(event(3));
    assert_eq!(
        (desk.model.live.events.len(), desk.model.live.held.len(), desk.model.live.selected),
        (3, 1, 1)
    );
    desk.press(".");
    assert_eq!((desk.model.live.events.len(), desk.model.live.selected), (4, 0));
    desk.press("p");
    desk.tell(event(4));
    assert_eq!(desk.model.live.events.len(), 4);
    desk.press("p");
    assert_eq!(desk.model.live.events.len(), 5);
    assert!(desk.press("1").contains(&Effect::StopListening));
}

#[test]
fn a_stream_that_ends_is_opened_again_later() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    assert!(!desk.tell(Msg::StreamClosed(Trouble::Unreachable("gone".into()))).contains(&Effect::Listen));
    assert!(!desk.wait(499).contains(&Effect::Listen));
    assert!(desk.wait(1).contains(&Effect::Listen));
}

#[test]
fn the_far_end_of_a_long_list_is_the_other_order() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("3");
    desk.answer(
        &effects,
        Slot::List(Kind::Users),
        Ok(page((0..200).map(|n| session(n, "", 1)).collect(), Some("c"))),
    );
    desk.model.pending.clear();
    let effects = desk.press("G");
    let (_, request) = sent(&effects, Slot::List(Kind::Users)).unwrap();
    assert_eq!(request.path(), "/admin/v1/users?reverse=true&limit=200");
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

#[test]
fn the_palette_finds_commands_and_opens_ids() {
    let mut desk = sessions(80, 24);
    desk.press(":audit<Enter>");
    assert_eq!(desk.model.view, View::List(Kind::Audit));
    let effects = desk.press(":req abc<Enter>");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Failed("abc".into()));
    let no = Trouble::Refused { status: 404, code: "not_found".into(), words: "no such request".into() };
    desk.answer(&effects, Slot::Detail, Err(no));
    assert!(desk.model.details.is_empty());
    desk.press(":zzz<Enter>");
    assert!(desk.model.flash.as_ref().unwrap().bad);
}
