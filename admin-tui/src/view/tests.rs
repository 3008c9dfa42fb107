//! Snapshots of the screens with their colours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use crate::lists::Kind;
use crate::model::link::Link;
use crate::msg::{Msg, Reply, Slot};
use crate::theme::{Palette, Theme};
use crate::update::tests::{Desk, NOW, drawing_row, drawings, page, replaying, session, sessions, user};
use crate::view::draw;

pub fn screen(desk: &Desk) -> Buffer {
    let (width, height) = desk.model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(&desk.model, &mut buffer);
    buffer
}

/// Compares cells and styles.
macro_rules! shows {
    ($name:expr, $desk:expr) => {
        insta::assert_snapshot!($name, format!("{:?}", screen(&$desk)))
    };
}

fn overview(width: u16, height: u16) -> Desk {
    let mut desk = Desk::new(width, height);
    let effects = desk.tell(Msg::Start);
    let at = |ago: i64| crate::time::rfc3339(NOW - ago);
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
    let minute = |n: u64| json!({"requests": n * 7 % 60 * 10, "failures": 0, "p50_ms": 0.8, "p99_ms": n * n});
    let history = json!({"until": at(9_000), "routes": [
        {"route": "POST /api/v1/drawings/{id}/actions", "minutes": (0..60).map(minute).collect::<Vec<_>>()},
        {"route": "GET /api/v1/limits", "minutes": (0..60).map(|n| minute(n % 9)).collect::<Vec<_>>()}]});
    desk.answer(&effects, Slot::History, Ok(Reply::History(serde_json::from_value(history).unwrap())));
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
fn a_server_that_does_not_answer() {
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
fn hostile_names_are_harmless() {
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
    desk.model.theme = Theme {
        palette: Palette::Light,
        true_color: false,
        color: true,
        follows_background: false,
        ascii: false,
    };
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
fn confirmations() {
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
        json!({"session": session, "others": [other], "drawings": [], "now": crate::time::rfc3339(NOW)});
    desk.answer(
        &effects,
        Slot::Detail,
        Ok(Reply::Session(Box::new(serde_json::from_value(detail).unwrap()))),
    );
    shows!("session", desk);
}

#[test]
fn the_live_view() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    let at = crate::time::rfc3339(NOW);
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
fn small_drawings() {
    let mut desk = drawings(120, 40);
    let effects = desk.wait(120);
    let drawn = || crate::msg::Drawn {
        row: drawing_row(1, "山"),
        authors: Vec::new(),
        since: 0,
        entries: crate::update::tests::strokes(0, 2),
    };
    desk.answer(&effects, Slot::Preview, Ok(Reply::Drawing(Box::new(drawn()))));
    shows!("drawings_120", desk);
    desk.press("5");
    let event = json!({"server": "a-1", "at": crate::time::rfc3339(NOW), "type": "save", "user": user(1, "小明"),
        "drawing": "d001", "created": true, "base": 0, "from_seq": 0, "seq": 2});
    let effects = desk.tell(Msg::Event(Box::new(serde_json::from_value(event).unwrap())));
    desk.answer(&effects, Slot::Thumb, Ok(Reply::Drawing(Box::new(drawn()))));
    desk.wait(200);
    shows!("live_120", desk);
}

#[test]
fn production_is_red() {
    let mut desk = sessions(80, 24);
    desk.model.server.production = true;
    desk.model.server.label = "一笔到底 华东一区 production".into();
    desk.model.read_only = true;
    shows!("production", desk);
}

#[test]
fn grace_tasks_and_json() {
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
fn rows_are_filtered_while_typing() {
    let mut desk = sessions(80, 24);
    desk.press("/oX000002");
    shows!("narrowed", desk);
}

/// Nothing is written outside the screen.
#[test]
fn any_size_is_drawn() {
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
    shows!("sessions_40", sessions(40, 12));
    shows!("drawings_40", drawings(40, 12));
}

#[test]
fn a_refused_token_and_a_failed_change() {
    let mut desk = Desk::new(80, 24);
    desk.model.server.token_source = Some("/home/li/bad.token".into());
    let effects = desk.tell(Msg::Start);
    let no =
        crate::msg::ApiError::Refused { status: 401, code: "unauthenticated".into(), words: String::new() };
    desk.answer(&effects, Slot::Link, Err(no));
    shows!("refused", desk);
    let mut desk = drawings(80, 24);
    let effects = desk.press("Dy");
    desk.answer(&effects, Slot::Act, Err(crate::msg::ApiError::Unreachable("no reply in time".into())));
    shows!("failed", desk);
}

#[test]
fn one_failed_request_and_the_question_before_quitting() {
    let mut desk = sessions(80, 24);
    let effects = desk.press(":req r2<Enter>");
    let at = crate::time::rfc3339(NOW);
    let row = |id: &str, status: u16| {
        json!({"request_id": id, "server": "a", "at": at, "method": "POST", "route": "/api/v1/drawings/{id}/actions",
            "status": status, "duration_us": 1500})
    };
    let failure = json!({"request_id": "r2", "server": "a", "at": at, "method": "POST",
        "route": "/api/v1/drawings/{id}/actions", "status": 503, "code": "unavailable",
        "cause": "redis: connection lost: timed out", "user": "user-0001"});
    let detail = json!({"failure": failure, "neighbours": [row("r1", 200), row("r2", 503), row("r3", 404)]});
    let reply = Reply::Failed(Box::new(serde_json::from_value(detail).unwrap()));
    desk.answer(&effects, Slot::Detail, Ok(reply));
    desk.press("jj");
    shows!("request", desk);
    let mut desk = sessions(80, 24);
    desk.press("Dy<C-c>");
    shows!("leave", desk);
}

#[test]
fn the_selected_row_of_a_page_is_visible_on_a_small_screen() {
    let mut desk = sessions(40, 12);
    let effects = desk.press("<Enter>");
    let [session, other] = [session(1, "小明", 45_000), session(2, "小明", 400_000)].map(|row| row.json());
    let drawing = serde_json::to_value(drawing_row(1, "山")).unwrap();
    let detail = json!({"session": session, "others": [other], "drawings": [drawing], "now": ""});
    let reply = Reply::Session(Box::new(serde_json::from_value(detail).unwrap()));
    desk.answer(&effects, Slot::Detail, Ok(reply));
    let has_cursor = |desk: &Desk| {
        let buffer = screen(desk);
        (1..10).any(|y| buffer[(0, y)].symbol() == "▸")
    };
    for _ in 0..3 {
        assert!(has_cursor(&desk));
        desk.press("j");
    }
}

mod reviews;
