use std::io::Cursor;

use yibi_common::drawing::{Action, Paper};
use yibi_common::picture::{Picture, TimedPicture, fold_timed};

use super::*;
use crate::render::png;
use crate::render::testing::decode as decode_png;
use crate::render::timetable::{Timetable, points_drawn};

const PAPER: Paper = Paper { width: 2048, height: 2731 };

/// An animation as a viewer shows it.
struct Shown {
    width: u32,
    height: u32,
    repeats: ::gif::Repeat,
    /// Delay in hundredths of a second, transmitted rectangle and resulting pixels of each frame.
    frames: Vec<(u16, [u16; 4], Vec<[u8; 3]>)>,
}

impl Shown {
    fn first(&self) -> &[[u8; 3]] {
        &self.frames.first().unwrap().2
    }

    fn last(&self) -> &[[u8; 3]] {
        &self.frames.last().unwrap().2
    }

    fn delays(&self) -> Vec<u16> {
        self.frames.iter().map(|(delay, ..)| *delay).collect()
    }
}

fn decode(file: &[u8]) -> Shown {
    let mut options = ::gif::DecodeOptions::new();
    options.set_color_output(::gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(Cursor::new(file)).unwrap();
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    let palette = decoder.global_palette().unwrap().to_vec();
    let mut screen = vec![[0; 3]; (width * height) as usize];
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        assert!(frame.palette.is_none(), "one palette");
        for (at, index) in frame.buffer.iter().enumerate() {
            if Some(*index) != frame.transparent {
                let x = usize::from(frame.left) + at % usize::from(frame.width);
                let y = usize::from(frame.top) + at / usize::from(frame.width);
                let color = &palette[usize::from(*index) * 3..][..3];
                screen[y * width as usize + x] = color.try_into().unwrap();
            }
        }
        let rectangle = [frame.left, frame.top, frame.width, frame.height];
        frames.push((frame.delay, rectangle, screen.clone()));
    }
    Shown { width, height, repeats: decoder.repeat(), frames }
}

fn animate(json: &str, paper: Paper, size: GifSize) -> Vec<u8> {
    let actions: Vec<Action> = serde_json::from_str(json).unwrap();
    animation(&fold_timed(0, &actions), paper, size, &Budget::unlimited()).unwrap()
}

fn png_pixels(json: &str, paper: Paper, size: u32) -> Vec<[u8; 3]> {
    let actions: Vec<Action> = serde_json::from_str(json).unwrap();
    decode_png(&png(&fold_timed(0, &actions).picture, paper, size, &Budget::unlimited()).unwrap()).rgb
}

/// The largest difference of a channel, and the mean one.
fn difference(a: &[[u8; 3]], b: &[[u8; 3]]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let channels = || a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = channels().map(f64::from).sum();
    (channels().max().unwrap(), sum / (3 * a.len()) as f64)
}

/// A line that turns often and crosses itself, `step` ms a point.
fn wave(tool: &str, color: &str, width: u32, at: u64, step: u32, points: u32) -> String {
    let deltas: Vec<String> = (1..points)
        .map(|i| {
            let turn = f64::from(i) * 0.21 + f64::from(width);
            format!(
                "{},{},{step}",
                (turn.cos() * 90.0) as i32,
                (turn.sin() * (70.0 + f64::from(i % 9))) as i32
            )
        })
        .collect();
    format!(
        r#"{{"type":"stroke","tool":"{tool}","color":"{color}","width":{width},"at":{at},"points":[{},{},0,{}]}}"#,
        900 + width,
        1_200 - width,
        deltas.join(",")
    )
}

fn mixed() -> String {
    let strokes = [
        r##"{"type":"background","color":"#fff8e7","at":0}"##.to_owned(),
        wave("pen", "#c0392b", 40, 0, 16, 60),
        wave("ink", "#1f2a44", 90, 1_500, 12, 80),
        wave("eraser", "#000000", 70, 3_000, 9, 50),
        wave("pen", "#2d6cdf", 2, 9_000, 16, 70),
        wave("ink", "#27ae60", 30, 11_000, 8, 120),
        r##"{"type":"stroke","color":"#000000","width":160,"at":13000,"points":[1024,1024,0]}"##.to_owned(),
    ];
    format!("[{}]", strokes.join(","))
}

#[test]
fn the_first_and_the_last_frame_are_the_finished_picture() {
    for (size, pixels) in [(GifSize::Large, 720), (GifSize::Medium, 480)] {
        let shown = decode(&animate(&mixed(), PAPER, size));
        assert_eq!((shown.width, shown.height), (pixels * 3 / 4, pixels));
        assert_eq!(shown.repeats, ::gif::Repeat::Infinite);
        let png = png_pixels(&mixed(), PAPER, pixels);
        for frame in [shown.first(), shown.last()] {
            let (most, mean) = difference(frame, &png);
            assert!(most <= 32 && mean < 0.5, "{most}, {mean}");
        }
        assert_eq!(shown.frames[0].1, [0, 0, shown.width as u16, shown.height as u16]);
        assert_eq!(shown.frames[0].0, 5);
    }
}

/// The part of a picture that is drawn after so many milliseconds of the replay.
fn drawn_after<'a>(timed: &TimedPicture<'a>, table: &Timetable, time: f64) -> Picture<'a> {
    let mut picture = timed.picture.clone();
    picture.strokes.clear();
    for (index, stroke) in timed.picture.strokes.iter().enumerate() {
        let elapsed = time - table.moment(index).from as f64;
        if elapsed >= 0.0 {
            let mut stroke = stroke.clone();
            let drawn = points_drawn(&stroke, elapsed);
            stroke.to_mut().points.truncate(drawn);
            picture.strokes.push(stroke);
        }
    }
    picture
}

/// Each frame equals a picture of the strokes up to its moment, drawn at once: no rectangle is too small.
#[test]
fn every_frame_is_the_picture_of_its_moment() {
    let actions: Vec<Action> = serde_json::from_str(&mixed()).unwrap();
    let timed = fold_timed(0, &actions);
    let table = Timetable::new(&timed);
    let shown = decode(&animate(&mixed(), PAPER, GifSize::Medium));
    let count = table.duration.div_ceil(100).min(59);
    let mut number = 0;
    for (delay, _, pixels) in shown.frames.iter().skip(1) {
        let mut expected = drawn_after(&timed, &table, table.duration as f64 * number as f64 / count as f64);
        if number == 0 {
            expected.strokes.clear();
        }
        let file = png(&expected, PAPER, 480, &Budget::unlimited()).unwrap();
        let (most, mean) = difference(pixels, &decode_png(&file).rgb);
        // A shift by whole pixels changes the rounding of an edge, which may choose the next of five levels.
        assert!(most <= 80 && mean < 0.2, "frame {number}: {most}, {mean}");
        number += u64::from(*delay) / 10;
    }
    assert!(number >= count, "{number} of {count}");
    assert!(shown.frames.len() > 20, "{}", shown.frames.len());
}

#[test]
fn a_long_drawing_takes_six_seconds_and_a_short_one_its_own_time() {
    let long = decode(&animate(&mixed(), PAPER, GifSize::Large));
    let delays = long.delays();
    assert!(delays.iter().all(|delay| *delay >= 5), "{delays:?}");
    let total: u16 = delays.iter().sum();
    assert!((730..=750).contains(&total), "{total}");
    assert!(delays.last().unwrap() >= &150);

    let short = format!("[{}]", wave("pen", "#000000", 30, 0, 20, 51));
    let delays = decode(&animate(&short, PAPER, GifSize::Medium)).delays();
    // The finished picture, the empty paper, and one second of drawing that ends with the hold.
    assert_eq!(delays.iter().sum::<u16>(), 5 + 10 + 90 + 150, "{delays:?}");
}

#[test]
fn a_frame_holds_the_rectangle_that_changes() {
    let json = format!("[{}]", wave("pen", "#000000", 20, 0, 60, 90));
    let shown = decode(&animate(&json, PAPER, GifSize::Large));
    assert!(shown.frames.len() > 15);
    let area = |rectangle: &[u16; 4]| u32::from(rectangle[2]) * u32::from(rectangle[3]);
    // The first two show the whole picture and the empty paper; the last one may mend edges anywhere.
    for (_, rectangle, _) in shown.frames.iter().skip(2).rev().skip(1) {
        assert!(area(rectangle) < shown.width * shown.height / 20, "{rectangle:?}");
    }
}

#[test]
fn a_rest_adds_no_frames() {
    let strokes = [wave("pen", "#000000", 20, 0, 10, 3), wave("pen", "#000000", 30, 60_000, 10, 3)];
    let shown = decode(&animate(&format!("[{}]", strokes.join(",")), PAPER, GifSize::Medium));
    assert!(shown.frames.len() <= 5, "{:?}", shown.delays());
    assert!(shown.delays()[2..].iter().any(|delay| *delay >= 40), "{:?}", shown.delays());
}

#[test]
fn a_sticker_is_a_square_with_the_paper_in_its_middle() {
    let background = r##"{"type":"background","color":"#203040","at":0}"##;
    let json = format!("[{background},{}]", wave("ink", "#ffffff", 60, 0, 16, 60));
    let file = animate(&json, PAPER, GifSize::Sticker);
    assert!(file.len() <= 4_000, "a sticker of one stroke has {} bytes", file.len());
    let shown = decode(&file);
    assert_eq!((shown.width, shown.height), (240, 240));
    let png = png_pixels(&json, PAPER, 240);
    for frame in [shown.first(), shown.last()] {
        let middle: Vec<[u8; 3]> = frame.chunks(240).flat_map(|row| row[30..210].to_vec()).collect();
        let (most, mean) = difference(&middle, &png);
        assert!(most <= 32 && mean < 0.5, "{most}, {mean}");
        assert!(
            frame
                .chunks(240)
                .all(|row| row[..30].iter().chain(&row[210..]).all(|p| *p == [0x20, 0x30, 0x40]))
        );
    }
}

#[test]
fn an_empty_drawing_is_an_empty_paper_that_stays() {
    for size in [GifSize::Sticker, GifSize::Medium, GifSize::Large] {
        let shown = decode(&animate(r##"[{"type":"background","color":"#fff8e7"}]"##, PAPER, size));
        assert_eq!(shown.frames.len(), 1);
        assert!(shown.first().iter().all(|pixel| *pixel == [0xff, 0xf8, 0xe7]));
    }
}

#[test]
fn a_tap_appears_on_an_empty_paper() {
    let json = r##"[{"type":"stroke","color":"#c0392b","width":200,"at":0,"points":[1024,1024,0]}]"##;
    let shown = decode(&animate(json, PAPER, GifSize::Medium));
    assert_eq!(shown.frames.len(), 3, "{:?}", shown.delays());
    assert!(shown.frames[1].2.iter().all(|pixel| *pixel == [255; 3]));
    assert!(difference(shown.first(), shown.last()).0 <= 32);
}

#[test]
fn a_picture_of_2016_is_drawn_stroke_by_stroke() {
    let path = |y: u32| {
        format!(
            r#"{{"method":"strokePath","data":[{{"method":"moveTo","data":[20,{y}]}},
            {{"method":"lineTo","data":[150,{y}]}},{{"method":"lineTo","data":[300,{y}]}}]}}"#
        )
    };
    let text = format!(r#"[{{"method":"setLineWidth","data":[12]}},{},{}]"#, path(100), path(300));
    let actions = [Action::Weapp { text }];
    let timed = fold_timed(0, &actions);
    let paper = yibi_common::weapp::PAPER;
    let shown = decode(&animation(&timed, paper, GifSize::Medium, &Budget::unlimited()).unwrap());
    let at = |pixels: &[[u8; 3]], y: u32| pixels[(y * 480 / 488 * shown.width + 40 * 480 / 488) as usize];
    let first_alone = shown
        .frames
        .iter()
        .skip(1)
        .any(|(.., pixels)| at(pixels, 100) == [0; 3] && at(pixels, 300) == [255; 3]);
    assert!(first_alone, "{:?}", shown.delays());
    let png = decode_png(&png(&timed.picture, paper, 480, &Budget::unlimited()).unwrap()).rgb;
    assert!(difference(shown.last(), &png).0 <= 32);
}

#[test]
fn an_animation_that_is_too_large_has_fewer_pixels_and_frames() {
    let actions: Vec<Action> = serde_json::from_str(&mixed()).unwrap();
    let timed = fold_timed(0, &actions);
    let replay = Replay::new(&timed, PAPER).unwrap();
    let budget = Budget::unlimited();
    let mut limit = 900_000;
    let mut sizes = Vec::new();
    loop {
        let file = fit(&replay, PAPER, GifSize::Large, limit, &budget).unwrap();
        let shown = decode(&file);
        let png = decode_png(&png(&timed.picture, PAPER, shown.height, &budget).unwrap()).rgb;
        assert!(difference(shown.last(), &png).0 <= 32);
        sizes.push((shown.height, shown.frames.len()));
        if shown.frames.len() == 1 {
            break;
        }
        assert!(file.len() <= limit, "{} of {limit}", file.len());
        limit = file.len() - 1;
    }
    // Each attempt in turn, and the finished picture alone.
    let heights: Vec<u32> = sizes.iter().map(|(height, _)| *height).collect();
    assert_eq!(heights, [720, 480, 320, 320, 240, 240], "{sizes:?}");
    assert!(sizes.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{sizes:?}");
}

/// Papers that are a pixel wide, and strokes without effect.
#[test]
fn extreme_drawings_become_animations() {
    let lines =
        format!("[{},{}]", wave("pen", "#000000", 20, 0, 9, 40), wave("ink", "#c0392b", 512, 0, 9, 9));
    let invisible = r##"[{"type":"stroke","color":"#ffffff","width":20,"at":0,"points":[500,500,0,90,90,30]},
        {"type":"stroke","color":"#000000","width":20,"at":0,"points":[-4000,-4000,0,1,1,30]}]"##;
    for (width, height) in [(8192, 64), (64, 8192), (64, 64), (8192, 8192)] {
        for json in [lines.as_str(), invisible] {
            for size in [GifSize::Sticker, GifSize::Medium, GifSize::Large] {
                let shown = decode(&animate(json, Paper { width, height }, size));
                assert!(shown.delays().iter().all(|delay| *delay >= 5));
                // Each of both is within the palette's tolerance of the picture.
                let (most, _) = difference(shown.first(), shown.last());
                assert!(most <= 2 * 26, "{most}");
            }
        }
    }
}

#[test]
fn an_abandoned_animation_ends() {
    let actions: Vec<Action> = serde_json::from_str(&mixed()).unwrap();
    let budget = Budget::start();
    drop(budget.guard());
    let result = animation(&fold_timed(0, &actions), PAPER, GifSize::Large, &budget);
    assert!(matches!(result, Err(RenderError::Abandoned)));
}
