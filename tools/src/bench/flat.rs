//! Whether an append costs the same however long its drawing is.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::site::Site;
use super::strokes::stroke;
use yibi_tests::Api;

/// Actions of a long drawing.
const LONG: u64 = 4_000;
/// Appends to one kind of drawing before it is the other's turn.
const BLOCK: u64 = 25;
/// How many turns each has: as many as there is time for, within these bounds.
const BLOCKS: std::ops::Range<u64> = 8..39;
/// Points of a stroke.
const POINTS: usize = 60;

/// Appends by turns to short drawings and to a long one, so that both meet the same machine. The short ones have
/// one action: the append at 0 may also have to make the drawing, which would flatter the long one.
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
