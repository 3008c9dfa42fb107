//! The cost of an append to a long drawing compared with a short one.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::site::Site;
use super::strokes::stroke;
use yibi_tests::Api;

/// Number of actions of the long drawing.
const LONG: u64 = 4_000;
/// Number of appends to one kind of drawing before the other kind.
const BLOCK: u64 = 25;
/// Minimum and maximum number of rounds.
const BLOCKS: std::ops::Range<u64> = 8..39;
/// Number of points of a stroke.
const POINTS: usize = 60;

/// Appends to short drawings and to a long one in turns, so that both run on the machine in the same state. A short
/// drawing has one action already, because the append at 0 also creates the drawing.
pub async fn measure(site: &Site, seconds: Duration) -> String {
    let user = site.server.api().with_token(&site.people.tokens[0]);
    for from in (0..LONG).step_by(50) {
        user.append("long", from, batch(from, 50)).await.ok();
    }
    let (mut short, mut long): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let (end, mut seq, mut block) = (Instant::now() + seconds / 2, LONG, 0);
    while block < BLOCKS.start || (block < BLOCKS.end && Instant::now() < end) {
        for number in 0..BLOCK {
            let id = format!("short{block}-{number}");
            user.append(&id, 0, batch(0, 1)).await.ok();
            short.push(timed(&user, &id, 1).await);
        }
        for _ in 0..BLOCK {
            long.push(timed(&user, "long", seq).await);
            seq += 1;
        }
        block += 1;
    }
    let (count, short, long) = (short.len(), median(short), median(long));
    format!(
        "append to a drawing of 1 action {short:.2} ms, of {LONG} actions {long:.2} ms: ratio {:.2}, {count} of each",
        long / short
    )
}

fn batch(mark: u64, count: u64) -> Value {
    let strokes: Vec<String> =
        (mark..mark + count).map(|mark| stroke(u32::try_from(mark).unwrap(), POINTS)).collect();
    serde_json::from_str(&format!("[{}]", strokes.join(","))).unwrap()
}

async fn timed(user: &Api, id: &str, seq: u64) -> f64 {
    let actions = batch(seq, 1);
    let begun = Instant::now();
    user.append(id, seq, actions).await.ok();
    begun.elapsed().as_secs_f64() * 1_000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
