//! Records the console as an animated SVG: a real server with real handwriting, and the console in a terminal.
//!
//!     cargo build -p yibi-server -p yibi-admin -p yibi-tools --bins
//!     target/debug/record docs/console.svg

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a tool of the project's own a failure is what is to be told"
)]

mod svg;

use std::time::Duration;

use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, Server, TempDir, Terminal, Wechat};

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (116, 34);
/// The users and their papers.
const USERS: [(&str, &str); 16] = [
    ("小明", "iPhone 15, WeChat 8.0.50"),
    ("王芳", "HUAWEI Mate 60, WeChat 8.0.49"),
    ("李雷", "Xiaomi 14, WeChat 8.0.50"),
    ("韩梅梅", "iPad Air, WeChat 8.0.48"),
    ("墨客", "OPPO Find X7, WeChat 8.0.50"),
    ("Ada", "Pixel 8, WeChat 8.0.47"),
    ("青禾", "iPhone 13 mini, WeChat 8.0.50"),
    ("佐藤さくら", "iPhone 14, WeChat 8.0.50"),
    ("云中鹤", "vivo X100, WeChat 8.0.49"),
    ("김하늘", "Galaxy S24, WeChat 8.0.50"),
    ("竹影", "HONOR Magic6, WeChat 8.0.50"),
    ("Émile", "Pixel 7a, WeChat 8.0.46"),
    ("白露", "iPhone 15 Pro, WeChat 8.0.50"),
    ("張三", "Redmi K70, WeChat 8.0.50"),
    ("阿杏", "OnePlus 12, WeChat 8.0.49"),
    ("山水", "iPhone 12, WeChat 8.0.50"),
];
/// Papers and matching inks.
const LOOKS: [(&str, [&str; 3]); 4] = [
    ("#fff8e7", ["#1f2a44", "#c0392b", "#2e7d5b"]),
    ("#20242c", ["#f5d76e", "#7fd1c7", "#f2a0a1"]),
    ("#eef4ef", ["#2e7d5b", "#2d6cdf", "#7a4b9a"]),
    ("#fdf0ee", ["#c0392b", "#1f2a44", "#d35400"]),
];

#[tokio::main]
async fn main() {
    let file = std::env::args().nth(1).unwrap();
    let (home, wechat) = (TempDir::new(), Wechat::start());
    let server = Server::start_with(Backend::Embedded, &wechat, &[("LIMITS__ENABLED", "false")]);
    let fixtures: Value =
        serde_json::from_str(include_str!("../../../../tests/fixtures/drawings.json")).unwrap();
    let glyphs: Vec<Vec<Value>> = fixtures["drawings"].as_array().unwrap().iter().map(strokes).collect();
    let mut users = Vec::new();
    for (name, device) in USERS {
        let api = Api::new(&server.public).with_header("user-agent", device);
        let user = api.sign_in(&wechat.code(name).await).await;
        user.patch("/api/v1/me", &json!({"nickname": name})).await.ok();
        users.push(user);
    }
    for (number, user) in users.iter().enumerate() {
        user.append(&format!("sheet-{number:02}"), 0, sheet(&glyphs, number, 1 + number % 3)).await.ok();
    }
    users[3].append("page-of-six", 0, sheet(&glyphs, 7, 6)).await.ok();

    std::fs::create_dir(home.path().join("yibi")).unwrap();
    std::fs::write(home.path().join("token"), ADMIN_TOKEN).unwrap();
    let token = home.path().join("token").display().to_string();
    let profile = format!("[profiles.yibi-1]\nserver = \"{}\"\ntoken_file = \"{token}\"\n", server.admin);
    std::fs::write(home.path().join("yibi/admin.toml"), profile).unwrap();

    let busy = tokio::spawn(rush(users.clone()));
    let mut terminal = Terminal::start(SIZE, home.path(), &["--profile", "yibi-1"], &[]);
    let mut film = svg::Film::new(SIZE);
    terminal.look_on(Duration::from_secs(26));
    film.take(terminal.screen(), 2.6);

    press(&mut terminal, "2", 900);
    film.take(terminal.screen(), 1.6);
    press(&mut terminal, "/", 200);
    press(&mut terminal, "dialect:yi", 250);
    film.take(terminal.screen(), 0.7);
    press(&mut terminal, "bi ttl<3h", 700);
    film.take(terminal.screen(), 1.2);
    press(&mut terminal, "\rjjjD", 500);
    film.take(terminal.screen(), 1.8);
    press(&mut terminal, "y", 1_300);
    film.take(terminal.screen(), 1.2);
    press(&mut terminal, "u", 400);
    film.take(terminal.screen(), 1.4);
    busy.abort();

    press(&mut terminal, "4", 900);
    film.take(terminal.screen(), 1.2);
    for _ in 0..3 {
        press(&mut terminal, "j", 500);
        film.take(terminal.screen(), 0.7);
    }
    press(&mut terminal, "k", 100);
    press(&mut terminal, ":goto page-of-six\r", 700);
    film.take(terminal.screen(), 1.0);
    press(&mut terminal, "\r", 700);
    press(&mut terminal, "gi ", 10);
    for _ in 0..9 {
        terminal.look_on(Duration::from_millis(850));
        film.take(terminal.screen(), 0.45);
    }
    press(&mut terminal, "G", 300);
    film.take(terminal.screen(), 1.8);

    press(&mut terminal, "5", 900);
    for (number, user) in users.iter().enumerate().skip(4).take(5) {
        let id = format!("live-{number}");
        user.append(&id, 0, sheet(&glyphs, number + 3, 2 + number % 3)).await.ok();
        terminal.look_on(Duration::from_millis(600));
        film.take(terminal.screen(), 0.6);
    }
    for _ in 0..4 {
        terminal.look_on(Duration::from_millis(900));
        film.take(terminal.screen(), 0.6);
    }
    terminal.look_on(Duration::from_secs(6));
    film.take(terminal.screen(), 2.2);
    press(&mut terminal, "?", 300);
    film.take(terminal.screen(), 1.6);
    std::fs::write(file, film.end()).unwrap();
}

fn press(terminal: &mut Terminal, keys: &str, millis: u64) {
    terminal.press(keys);
    terminal.look_on(Duration::from_millis(millis));
}

/// Clients that make requests, so that the counters move.
async fn rush(users: Vec<Api>) {
    for turn in 0_u64.. {
        let user = &users[usize::try_from(turn * 7).unwrap() % users.len()];
        match turn % 5 {
            0 => drop(user.get("/api/v1/me").await),
            1 => drop(user.get("/api/v1/me/sessions").await),
            2 => drop(user.get("/api/v1/drawings/sheet-03/image.png?size=512").await),
            _ => drop(user.get("/api/v1/drawings").await),
        }
        tokio::time::sleep(Duration::from_millis(20 + turn * 13 % 90)).await;
    }
}

/// The strokes of a fixture that leave ink.
fn strokes(drawing: &Value) -> Vec<Value> {
    let inked = |action: &&Value| action["type"] == "stroke" && action["tool"] != "eraser";
    drawing["actions"].as_array().unwrap().iter().filter(inked).cloned().collect()
}

/// Glyphs in rows of two on one sheet, drawn in order.
fn sheet(glyphs: &[Vec<Value>], first: usize, count: usize) -> Value {
    let (paper, inks) = LOOKS[first % LOOKS.len()];
    let (columns, rows) = (count.clamp(1, 2), count.div_ceil(2));
    let scale = if count == 1 { 1.0 } else { (1.0 / columns as f64).min(1.1 / rows as f64) };
    let mut actions = vec![json!({"type": "background", "color": paper, "at": 0})];
    let mut at = 300;
    for number in 0..count {
        let left = (number % columns) as f64 * 2048.0 / columns as f64;
        let top = (number / columns) as f64 * 2731.0 / rows as f64;
        let shift =
            ((2048.0 / columns as f64 - 2048.0 * scale) / 2.0, (2731.0 / rows as f64 - 2731.0 * scale) / 2.0);
        for stroke in &glyphs[(first + number) % glyphs.len()] {
            let numbers: Vec<f64> =
                stroke["points"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
            let (mut x, mut y, mut from, mut points, mut took) = (0.0, 0.0, (0, 0), Vec::new(), 0);
            for point in numbers.chunks(3) {
                (x, y) = (x + point[0], y + point[1]);
                let to = ((x * scale + left + shift.0) as i64, (y * scale + top + shift.1) as i64);
                points.extend([to.0 - from.0, to.1 - from.1, point[2] as i64]);
                took += point[2] as i64;
                from = to;
            }
            let width = if count == 1 { 110 } else { 84 };
            actions.push(
                json!({"type": "stroke", "tool": "ink", "color": inks[number % 3], "width": width, "at": at,
                "points": points}),
            );
            at += took + 250;
        }
    }
    Value::Array(actions)
}
