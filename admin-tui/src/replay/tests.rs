use yibi_common::drawing::{Action, OWNER, Point, Stroke, Tool};

use super::*;

const ROOM: (u16, u16) = (40, 40);
const PAPER: (u32, u32) = (1000, 1000);

fn stroke(at: u64, y: i32, color: [u8; 3]) -> Entry {
    let points =
        (0..=10).map(|step| Point { x: step * 100, y, dt: if step == 0 { 0 } else { 10 } }).collect();
    Entry::Action(Action::Stroke {
        by: OWNER,
        at,
        stroke: Stroke { tool: Tool::Pen, color: Color(color), alpha: Stroke::OPAQUE, width: 60, points },
    })
}

fn shown(player: &Player) -> Vec<Option<Color>> {
    let (width, height) = player.raster().size();
    (0..width * height).map(|i| player.raster().pixel(i % width, i / width, player.background())).collect()
}

/// Two hundred strokes with undos, redos, a clear and a background among them.
fn long() -> Vec<Entry> {
    (0..200)
        .map(|index: u64| match index % 10 {
            3 | 4 => Entry::Action(Action::Undo { by: OWNER, at: None }),
            5 => Entry::Action(Action::Redo { by: OWNER, at: None }),
            7 if index == 107 => Entry::Action(Action::Clear { at: None }),
            8 => Entry::Action(Action::Background { color: Color([index as u8, 9, 9]), at: None }),
            _ => stroke(index * 2000, (index as i32 * 37) % 1000, [index as u8, 100, 200]),
        })
        .collect()
}

#[test]
fn a_position_looks_the_same_from_every_direction() {
    let mut wanderer = Player::new(PAPER, 0, long(), ROOM);
    for position in [70_000, 3, 69_950, 12_345, 12_346, 70_000, 0, 500, 40_000, 39_000, 39_001] {
        wanderer.seek(position);
        let mut fresh = Player::new(PAPER, 0, long(), ROOM);
        fresh.seek(0);
        fresh.seek(position);
        assert_eq!(shown(&wanderer), shown(&fresh), "{position}");
    }
}

#[test]
fn the_end_is_the_fold_of_the_actions() {
    let actions: Vec<Action> = long()
        .into_iter()
        .map(|entry| match entry {
            Entry::Action(action) => action,
            Entry::Picture(_) => panic!("a picture"),
        })
        .collect();
    let picture = yibi_common::picture::fold(0, &actions);
    let mut raster = Raster::new(PAPER, ROOM);
    for stroke in &picture.strokes {
        raster.draw(stroke);
    }
    let player = Player::new(PAPER, 0, long(), ROOM);
    assert_eq!(player.background(), picture.background);
    assert_eq!(player.raster(), &raster);
}

#[test]
fn a_replay_keeps_the_original_speed_and_stops() {
    let mut player =
        Player::new(PAPER, 0, vec![stroke(5000, 100, [1; 3]), stroke(90_000, 900, [2; 3])], ROOM);
    assert_eq!(player.length(), 100 + 400 + 100);
    player.toggle();
    assert_eq!((player.position(), player.progress()), (0, (0, 2)));
    player.pass(50);
    assert_eq!(player.progress(), (0, 2));
    player.pass(50);
    assert_eq!(player.progress(), (1, 2));
    player.accelerate(-9);
    assert_eq!(player.speed(), "¼×");
    for _ in 0..3 {
        player.pass(1);
    }
    assert_eq!(player.position(), 100);
    player.pass(1);
    assert_eq!(player.position(), 101);
    player.accelerate(99);
    assert_eq!(player.speed(), "256×");
    player.pass(60_000);
    assert!(!player.playing);
    assert_eq!((player.position(), player.progress()), (600, (2, 2)));
}

#[test]
fn steps_show_entries_with_the_same_time_one_by_one() {
    let undo = || Entry::Action(Action::Undo { by: OWNER, at: None });
    let mut player =
        Player::new(PAPER, 0, vec![stroke(0, 100, [1; 3]), undo(), stroke(9000, 500, [2; 3])], ROOM);
    player.step(-1);
    assert_eq!(player.progress(), (2, 3));
    let empty = shown(&player);
    player.step(-1);
    assert_eq!(player.progress(), (1, 3));
    assert_ne!(shown(&player), empty);
    player.step(1);
    assert_eq!(shown(&player), empty);
    player.step(-10);
    assert_eq!(player.progress(), (0, 3));
    player.step(10);
    assert_eq!(player.progress(), (3, 3));
}

#[test]
fn skipping_pauses_keeps_the_picture() {
    let mut player = Player::new(PAPER, 0, long(), ROOM);
    player.seek(30_000);
    let before = (shown(&player), player.progress());
    player.toggle_idle();
    assert!(player.length() > 300_000);
    assert_eq!((shown(&player), player.progress()), before);
    player.toggle_idle();
    assert_eq!((shown(&player), player.progress()), before);
}

#[test]
fn appended_entries_are_played() {
    let mut player = Player::new(PAPER, 0, vec![stroke(0, 100, [1; 3])], ROOM);
    player.extend(vec![stroke(8000, 500, [2; 3])]);
    assert!(player.playing);
    assert_eq!(player.progress(), (1, 2));
    player.pass(1000);
    assert_eq!((player.playing, player.progress()), (false, (2, 2)));
    assert_eq!(
        shown(&player),
        shown(&Player::new(PAPER, 0, vec![stroke(0, 100, [1; 3]), stroke(8000, 500, [2; 3])], ROOM))
    );
}

#[test]
fn another_size_shows_the_same_position() {
    let mut player = Player::new(PAPER, 0, long(), ROOM);
    player.seek(12_345);
    player.resize((60, 30));
    let mut fresh = Player::new(PAPER, 0, long(), (60, 30));
    fresh.seek(12_345);
    assert_eq!(shown(&player), shown(&fresh));
}

#[test]
fn an_empty_drawing_is_harmless() {
    let mut player = Player::new(PAPER, 0, Vec::new(), ROOM);
    player.toggle();
    player.pass(100);
    player.step(1);
    player.step(-1);
    player.scrub(500);
    player.toggle_idle();
    assert_eq!((player.position(), player.progress()), (0, (0, 0)));
    assert!(player.entry().is_none());
}

/// Prints what frames cost: `cargo test -p yibi-admin --bin yibi-admin figures -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement: it has no wrong result"]
fn figures() {
    let strokes: Vec<Entry> = (0..3_000_u64)
        .map(|number| {
            let points = (0..80)
                .map(|step| Point {
                    x: (number as i32 * 37 + step * 23) % 2048,
                    y: (number as i32 * 53 + step * 7) % 2731,
                    dt: if step == 0 { 0 } else { 12 },
                })
                .collect();
            let stroke = Stroke {
                tool: Tool::Ink,
                color: Color([number as u8, 90, 180]),
                alpha: Stroke::OPAQUE,
                width: 24,
                points,
            };
            Entry::Action(Action::Stroke { by: OWNER, at: number * 1_000, stroke })
        })
        .collect();
    let began = std::time::Instant::now();
    let mut player = Player::new((2048, 2731), 0, strokes, (100, 100));
    println!("3000 strokes of 80 points, 100x100 pixels: first {:?}", began.elapsed());
    player.toggle();
    for at in [0, 30_000, player.length() / 2, player.length() - 60_000] {
        player.seek(at);
        let began = std::time::Instant::now();
        for _ in 0..200 {
            player.pass(33);
        }
        println!("at {:>7} ms: {:?} a frame", at, began.elapsed() / 200);
    }
}

#[test]
fn a_summary_takes_twenty_seconds() {
    let mut player = Player::new(PAPER, 0, long(), ROOM);
    player.toggle_idle();
    player.summarize();
    assert_eq!((player.position(), player.speed()), (0, "all in 20s".to_owned()));
    for _ in 0..19 {
        player.pass(1000);
    }
    assert!(player.playing && player.position() < player.length());
    player.pass(1000);
    player.pass(10);
    assert!(!player.playing && player.position() == player.length());
}

#[test]
fn a_replay_repeats_and_jumps_by_tenths() {
    let mut player = Player::new(PAPER, 0, long(), ROOM);
    player.repeats = true;
    player.seek(player.length() - 10);
    player.playing = true;
    player.pass(100);
    assert!(player.playing && player.position() == 0);
    player.jump(3);
    assert_eq!(player.position(), player.length() * 3 / 10);
    player.jump(-9);
    assert!(player.playing && player.position() == 0);
    player.jump(99);
    assert!(!player.playing && player.position() == player.length());
}
