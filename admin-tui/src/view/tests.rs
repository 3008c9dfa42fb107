//! The screens, with their colours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use crate::model::link::Link;
use crate::msg::{Msg, Reply, Slot};
use crate::request::Kind;
use crate::theme::{Palette, Theme};
use crate::update::tests::{Desk, NOW, drawings, page, replaying, session, sessions, user};
use crate::view::draw;

fn screen(desk: &Desk) -> Buffer {
    let (width, height) = desk.model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(&desk.model, &mut buffer);
    buffer
}

/// Cells and styles: what is shown, and how.
macro_rules! shows {
    ($name:expr, $desk:expr) => {
        insta::assert_snapshot!($name, format!("{:?}", screen(&$desk)))
    };
}

fn overview(width: u16, height: u16) -> Desk {
    let mut desk = Desk::new(width, height);
    let effects = desk.tell(Msg::Start);
    let at = |ago: i64| crate::moment::rfc3339(NOW - ago);
    let server = |name: &str, state: &str, redis: &str| {
        json!({"name": name, "version": "0.1.0", "state": state, "started_at": at(7_300_000), "heard_at": at(9_000),
            "figures": {"requests": 1234, "failures": 2, "sign_ins": 12, "saves": 480, "p50_ms": 1.25, "p99_ms": 140.0,
                "per_second": (0..60).map(|n| n * n % 37).collect::<Vec<_>>(),
                "routes": [{"route": "POST /api/v1/drawings/{id}/actions", "requests": 480, "failures": 0, "p50_ms": 0.8, "p99_ms": 12.0}],
                "dependencies": [
                    {"name": "gallery", "backend": "mongodb", "state": "ok", "ping_ms": 0.7},
                    {"name": "sessions", "backend": "redis", "state": redis}]}})
    };
    let count = |value: u64, exact: bool| json!({"value": value, "exact": exact});
    let overview = json!({"now": at(0), "server": "a-1",
        "servers": [server("a-1", "up", "ok"), server("b-7", "missing", "unavailable")],
        "sessions": count(1_000_000, true), "online": count(321, true), "users": count(81_000, false), "drawings": null});
    desk.answer(&effects, Slot::Overview, Ok(Reply::Overview(serde_json::from_value(overview).unwrap())));
    desk.model.pending.clear();
    desk
}

#[test]
fn overview_at_both_sizes() {
    shows!("overview_80", overview(80, 24));
    shows!("overview_120", overview(120, 40));
}

#[test]
fn before_any_answer() {
    shows!("start", Desk::new(80, 24));
}

#[test]
fn a_server_that_is_gone() {
    let mut desk = overview(80, 24);
    desk.model.link = Link::Connecting.failed("connection refused".into(), NOW);
    shows!("gone", desk);
}

#[test]
fn sessions_at_both_sizes() {
    shows!("sessions_80", sessions(80, 24));
    shows!("sessions_120", sessions(120, 40));
}

#[test]
fn names_that_deceive_do_not() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("<C-r>");
    let names = [
        "\u{202e}txt.exe",
        "a\u{1b}[31mred\u{7}",
        "two\nlines",
        "一笔到底一笔到底一笔到底一笔到底",
        "👩\u{200d}🎨\u{200b}x",
    ];
    let rows = names.iter().enumerate().map(|(number, name)| session(number, name, 60_000)).collect();
    desk.answer(&effects, Slot::List(Kind::Sessions), Ok(page(rows, None)));
    let buffer = screen(&desk);
    for cell in buffer.content() {
        assert!(!cell.symbol().chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
    }
    insta::assert_snapshot!("names", format!("{buffer:?}"));
}

#[test]
fn without_colours_the_cursor_is_reversed() {
    let mut desk = sessions(80, 24);
    desk.model.theme = Theme::from_environment(|name| (name == "NO_COLOR").then(|| "1".into()));
    let buffer = screen(&desk);
    for cell in buffer.content() {
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
    }
    assert!(buffer[(0, 3)].modifier.contains(ratatui::style::Modifier::REVERSED));
    shows!("no_color", desk);
    desk.model.theme = Theme { palette: Palette::Light, true_color: false, color: true };
    shows!("light", desk);
}

#[test]
fn a_drawing_in_half_blocks_and_in_braille() {
    let mut desk = replaying(80, 24);
    shows!("replay", desk);
    desk.press("gl");
    desk.press("r");
    shows!("replay_braille", desk);
}

#[test]
fn questions() {
    let mut desk = drawings(80, 24);
    desk.press("D");
    shows!("confirm", desk);
    desk.press("<Esc>  D");
    desk.model.server.production = true;
    shows!("confirm_many", desk);
}

#[test]
fn prompts_and_help() {
    let mut desk = sessions(80, 24);
    desk.press("/ttl:5m<Enter>");
    shows!("filter", desk);
    desk.press("<Esc>:se");
    shows!("palette", desk);
    desk.press("<Esc>?");
    shows!("help", desk);
}

#[test]
fn one_session() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("<Enter>");
    let rows = [session(1, "小明", 45_000), session(2, "小明", 400_000)].map(|row| row.json());
    let [session, other] = rows;
    let detail =
        json!({"session": session, "others": [other], "drawings": [], "now": crate::moment::rfc3339(NOW)});
    desk.answer(
        &effects,
        Slot::Detail,
        Ok(Reply::Session(Box::new(serde_json::from_value(detail).unwrap()))),
    );
    shows!("session", desk);
}

#[test]
fn what_happens() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    let at = crate::moment::rfc3339(NOW);
    let events = [
        json!({"type": "sign_in", "user": user(1, "小明"), "session": "s", "dialect": "yibi", "new": true}),
        json!({"type": "save", "user": user(1, "小明"), "drawing": "d1", "created": true, "base": 0, "from_seq": 0, "seq": 3}),
        json!({"type": "failed", "failure": {"request_id": "r1", "server": "a-1", "at": at, "method": "GET",
            "route": "/api/v1/drawings", "status": 503, "code": "unavailable", "cause": "redis: timed out"}}),
    ];
    for mut event in events {
        event["server"] = "a-1".into();
        event["at"] = at.clone().into();
        desk.tell(Msg::Event(Box::new(serde_json::from_value(event).unwrap())));
    }
    shows!("live", desk);
}

#[test]
fn drawings_in_small() {
    let mut desk = drawings(120, 40);
    let effects = desk.wait(120);
    let drawn = || {
        let crate::row::Row::Drawing(row) = crate::update::tests::drawing(1, "山") else {
            panic!("no drawing")
        };
        crate::msg::Drawn { row, since: 0, entries: crate::update::tests::strokes(0, 2) }
    };
    desk.answer(&effects, Slot::Preview, Ok(Reply::Drawing(Box::new(drawn()))));
    shows!("drawings_120", desk);
    desk.press("5");
    let event = json!({"server": "a-1", "at": crate::moment::rfc3339(NOW), "type": "save", "user": user(1, "小明"),
        "drawing": "d001", "created": true, "base": 0, "from_seq": 0, "seq": 2});
    let effects = desk.tell(Msg::Event(Box::new(serde_json::from_value(event).unwrap())));
    desk.answer(&effects, Slot::Thumb, Ok(Reply::Drawing(Box::new(drawn()))));
    desk.wait(200);
    shows!("live_120", desk);
}

#[test]
fn where_mistakes_are_expensive_it_is_red() {
    let mut desk = sessions(80, 24);
    desk.model.server.production = true;
    desk.model.server.label = "一笔到底 华东一区 production".into();
    desk.model.read_only = true;
    shows!("production", desk);
}

#[test]
fn second_thoughts_tasks_and_json() {
    let mut desk = sessions(80, 24);
    desk.press("Dy");
    desk.wait(1_200);
    shows!("grace", desk);
    desk.press("w");
    shows!("tasks", desk);
    desk.press("<Esc>ud/dialect<Enter>");
    shows!("describe", desk);
}

#[test]
fn rows_are_narrowed_while_one_types() {
    let mut desk = sessions(80, 24);
    desk.press("/oX000002");
    shows!("narrowed", desk);
}

/// Whatever the size, nothing is written outside the screen.
#[test]
fn any_size_is_survived() {
    for (width, height) in [(0, 0), (1, 1), (39, 9), (40, 10), (41, 60), (300, 12), (80, 24)] {
        let mut desk = replaying(80, 24);
        desk.tell(Msg::Resize(width, height));
        screen(&desk);
        for keys in ["?", "<Esc>:", "<Esc><Esc>", "D", "<Esc>/", "<Esc>1", "5", "2", "@"] {
            desk.press(keys);
            screen(&desk);
        }
    }
    shows!("tiny", Desk::new(30, 8));
}
