//! Generated strokes: lines that wander over the paper, different for each mark.

use std::fmt::Write;

struct Wander(u32);

impl Wander {
    fn new(mark: u32) -> Self {
        Self(mark.wrapping_mul(2_654_435_761).wrapping_add(1))
    }

    fn step(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i64::from(self.0 >> 16) % (2 * most + 1) - most
    }
}

/// A stroke of v1 with this number of points.
#[must_use]
pub fn stroke(mark: u32, points: usize) -> String {
    let mut wander = Wander::new(mark);
    let mut text = format!(
        "{{\"type\":\"stroke\",\"tool\":\"pen\",\"color\":\"#1a3c5e\",\"width\":24,\"at\":{mark},\"points\":[{},{},0",
        1_024 + wander.step(700),
        1_365 + wander.step(900)
    );
    let (mut dx, mut dy) = (wander.step(12), wander.step(12));
    for _ in 1..points {
        (dx, dy) = ((dx + wander.step(3)).clamp(-20, 20), (dy + wander.step(3)).clamp(-20, 20));
        let _ = write!(text, ",{dx},{dy},16");
    }
    text.push_str("]}");
    text
}

/// The save of a phone of 2016 with four lines of fifty points, about 9 KB of text. Coordinates are thirds of a CSS
/// pixel, as on a screen with three pixels to one.
#[must_use]
pub fn weapp_list(mark: u32) -> String {
    let mut wander = Wander::new(mark);
    let mut text = "[".to_owned();
    for line in 0..4 {
        if line > 0 {
            text.push(',');
        }
        text.push_str(
            "{\"method\":\"save\",\"data\":[]},{\"method\":\"setStrokeStyle\",\"data\":[\"#1a3c5e\"]},\
             {\"method\":\"setLineWidth\",\"data\":[5]},{\"method\":\"strokePath\",\"data\":[",
        );
        let (mut x, mut y) = (169 + wander.step(100), 244 + wander.step(150));
        for point in 0..50 {
            let method = if point == 0 { "{\"method\":\"moveTo\"" } else { ",{\"method\":\"lineTo\"" };
            let [part_x, part_y] = [(); 2].map(|()| ["00", "33", "67"][(wander.step(1) + 1) as usize]);
            let _ = write!(text, "{method},\"data\":[{x}.{part_x},{y}.{part_y}]}}");
            (x, y) = (x + wander.step(4), y + wander.step(4));
        }
        text.push_str("]},{\"method\":\"restore\",\"data\":[]}");
    }
    text.push(']');
    text
}
