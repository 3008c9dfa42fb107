//! Measures the bytes of a stored point: reads real strokes, resamples them on the grid at 60 Hz as a phone does, and
//! encodes each stroke as one action.
//!
//! `gunzip -c strokes.ndjson.gz | cargo run --release --example bytes_per_point [strokes.ndjson]`
//!
//! A line of the input is `{"strokes": [[[x, y, t], …], …]}`: x and y on a paper of 105 x 105, t in
//! milliseconds since the drawing began.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use yibi_common::codec;
use yibi_common::drawing::{Action, Color, DEFAULT_WIDTH, OWNER, Point, Stroke, Tool};

/// The width and height of the input's paper.
const PAPER: f64 = 105.0;
/// Milliseconds between two samples of a phone.
const FRAME: f64 = 1000.0 / 60.0;

#[derive(serde::Deserialize)]
struct Drawing {
    strokes: Vec<Vec<[f64; 3]>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let input: Box<dyn Read> = match std::env::args_os().nth(1) {
        Some(path) => Box::new(std::fs::File::open(path)?),
        None => Box::new(std::io::stdin()),
    };
    let mut drawings: Vec<Drawing> = Vec::new();
    for line in BufReader::new(input).lines() {
        drawings.push(serde_json::from_str(&line?)?);
    }
    for speed in [1.0, 4.0] {
        let strokes = drawings.iter().flat_map(|drawing| &drawing.strokes);
        let actions: Vec<Action> = strokes.filter_map(|way| action(way, speed)).collect();
        report(&format!("{speed}x speed"), &actions);
        let sixty: Vec<Action> = actions.iter().filter_map(|action| first_points(action, 60)).collect();
        report(&format!("{speed}x speed, cut to 60 points"), &sixty);
    }
    Ok(())
}

fn report(name: &str, actions: &[Action]) {
    let mut points = 0;
    let (mut raw, mut stored) = (0, 0);
    let (mut encoding, mut decoding) = (Duration::ZERO, Duration::ZERO);
    for action in actions {
        let start = Instant::now();
        let blob = codec::encode(action);
        encoding += start.elapsed();
        let start = Instant::now();
        let decoded = codec::decode(&blob);
        decoding += start.elapsed();
        assert_eq!(decoded.as_ref(), Ok(action), "decoding restores the stroke");
        points += action.point_count();
        stored += blob.len();
        raw += codec::encode_uncompressed(action).len();
    }
    let (of_points, of_actions) = (f64::from(points.max(1)), actions.len().max(1) as f64);
    println!(
        "{name}: {} strokes, {:.1} points each; bytes a point: {:.3} raw, {:.3} stored; \
         microseconds a stroke: {:.1} to encode, {:.1} to decode",
        actions.len(),
        of_points / of_actions,
        raw as f64 / of_points,
        stored as f64 / of_points,
        encoding.as_secs_f64() * 1e6 / of_actions,
        decoding.as_secs_f64() * 1e6 / of_actions,
    );
}

fn action(way: &[[f64; 3]], speed: f64) -> Option<Action> {
    let start = way.first()?[2];
    let way: Vec<[f64; 3]> = smooth(way).map(|[x, y, t]| [x, y, (t - start) / speed]).collect();
    let end = way.last()?[2];
    let frames = (end / FRAME).ceil() as u32;
    let scale = f64::from(DEFAULT_WIDTH) / PAPER;
    let mut before = 0;
    let points = (0..=frames).map(|frame| {
        let t = (f64::from(frame) * FRAME).min(end);
        let [x, y] = position(&way, t);
        let ms = t.round() as u32;
        let dt = ms - std::mem::replace(&mut before, ms);
        Point { x: (x * scale).round() as i32, y: (y * scale).round() as i32, dt }
    });
    let points = points.collect();
    let stroke =
        Stroke { tool: Tool::Pen, color: Color([255, 0, 0]), alpha: Stroke::OPAQUE, width: 28, points };
    Some(Action::Stroke { by: OWNER, at: (start / speed) as u64, stroke })
}

/// Replaces each sample by the mean of five neighbours; the ends stay.
fn smooth(way: &[[f64; 3]]) -> impl Iterator<Item = [f64; 3]> {
    way.iter().enumerate().map(|(i, &[x, y, t])| {
        if i == 0 || i + 1 == way.len() {
            return [x, y, t];
        }
        let near = way.get(i.saturating_sub(2)..(i + 3).min(way.len())).unwrap_or_default();
        let mean = |axis: fn(&[f64; 3]) -> f64| near.iter().map(axis).sum::<f64>() / near.len() as f64;
        [mean(|&[x, ..]| x), mean(|&[_, y, _]| y), t]
    })
}

/// The position of the hand at a time, interpolated between two samples.
fn position(way: &[[f64; 3]], t: f64) -> [f64; 2] {
    let after = way.partition_point(|sample| sample[2] <= t);
    let before = after.checked_sub(1).and_then(|i| way.get(i));
    match (before, way.get(after)) {
        (Some(a), Some(b)) => {
            let part = (t - a[2]) / (b[2] - a[2]);
            [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]
        }
        (Some(only), None) | (None, Some(only)) => [only[0], only[1]],
        (None, None) => [0.0; 2],
    }
}

fn first_points(action: &Action, count: usize) -> Option<Action> {
    let Action::Stroke { at, stroke, .. } = action else { return None };
    let points = stroke.points.get(..count)?.to_vec();
    Some(Action::Stroke { by: OWNER, at: *at, stroke: Stroke { points, ..stroke.clone() } })
}
