//! The pace of a replay: the times of a picture's strokes with the rests shortened, by the same rules as
//! `miniprogram/lib/player.js`.

use yibi_common::drawing::Stroke;
use yibi_common::picture::TimedPicture;

/// The longest rest between two strokes and between two points, in milliseconds.
const LONGEST_REST: u64 = 500;
/// How long a stroke without times of its own takes, in milliseconds; a tap takes half of that.
const STEP: u64 = 220;

/// When a stroke begins and ends in the replay, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// The moments of all strokes of a picture.
#[derive(Debug)]
pub(super) struct Timetable {
    moments: Vec<Moment>,
    /// Milliseconds from the first point to the last.
    pub(super) duration: u64,
}

impl Timetable {
    pub(super) fn new(timed: &TimedPicture<'_>) -> Self {
        let times = timed.times.iter().copied().chain(std::iter::repeat(0));
        let (mut clock, mut before) = (0, 0);
        let mut moments: Vec<Moment> = Vec::with_capacity(timed.picture.strokes.len());
        for (stroke, at) in timed.picture.strokes.iter().zip(times) {
            // As in the player, a stroke without a time follows its predecessor.
            let at = if at == 0 { before } else { at };
            if !moments.is_empty() {
                clock += at.saturating_sub(before).min(LONGEST_REST);
            }
            let to = clock + duration(stroke);
            moments.push(Moment { from: clock, to });
            clock = to;
            before = before.max(at) + stroke.points.iter().map(|point| u64::from(point.dt)).sum::<u64>();
        }
        Self { moments, duration: clock }
    }

    /// The moment of a stroke; one that is not in the picture ends the replay.
    pub(super) fn moment(&self, index: usize) -> Moment {
        let end = Moment { from: self.duration, to: self.duration };
        self.moments.get(index).copied().unwrap_or(end)
    }
}

/// How long a stroke takes. The player shows a stroke without times at once; here it grows evenly, so that a
/// picture of 2016, whose strokes have no times, is seen as it is drawn.
fn duration(stroke: &Stroke) -> u64 {
    match (time_of_points(stroke), stroke.points.len()) {
        (0, 0) => 0,
        (0, 1) => STEP / 2,
        (0, _) => STEP,
        (time, _) => time,
    }
}

fn time_of_points(stroke: &Stroke) -> u64 {
    stroke.points.iter().map(|point| u64::from(point.dt).min(LONGEST_REST)).sum()
}

/// Number of the stroke's points that are drawn `elapsed` milliseconds after its beginning: at least one.
pub(super) fn points_drawn(stroke: &Stroke, elapsed: f64) -> usize {
    let count = if time_of_points(stroke) == 0 {
        let share = elapsed / duration(stroke).max(1) as f64;
        (share * stroke.points.len() as f64) as usize
    } else {
        let mut time = 0;
        let drawn = stroke.points.iter().take_while(|point| {
            time += u64::from(point.dt).min(LONGEST_REST);
            time as f64 <= elapsed
        });
        drawn.count()
    };
    count.clamp(1, stroke.points.len().max(1))
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Action;
    use yibi_common::picture::fold_timed;

    use super::*;

    fn actions(json: &str) -> Vec<Action> {
        serde_json::from_str(json).unwrap()
    }

    fn stroke(at: u64, points: &str) -> String {
        format!(r##"{{"type":"stroke","color":"#000000","width":9,"at":{at},"points":[{points}]}}"##)
    }

    fn moments(strokes: &[String]) -> Vec<(u64, u64)> {
        let actions = actions(&format!("[{}]", strokes.join(",")));
        let timed = fold_timed(0, &actions);
        let table = Timetable::new(&timed);
        (0..strokes.len()).map(|index| (table.moment(index).from, table.moment(index).to)).collect()
    }

    #[test]
    fn rests_are_shortened_between_strokes_and_points() {
        let strokes = [
            stroke(9_000, "0,0,0,1,1,100,1,1,2000"),
            stroke(11_300, "0,0,0,1,1,30"),
            stroke(60_000, "5,5,0"),
            stroke(60_000, "5,5,0,1,1,40"),
        ];
        // 100 + 500; then 200 ms after the first stroke's real end; then the longest rest; then at once.
        assert_eq!(moments(&strokes), [(0, 600), (800, 830), (1330, 1440), (1440, 1480)]);
    }

    #[test]
    fn strokes_without_times_follow_each_other_and_grow_evenly() {
        let strokes = [stroke(0, "0,0,0,1,1,0,1,1,0,1,1,0"), stroke(0, "9,9,0,1,1,0")];
        assert_eq!(moments(&strokes), [(0, 220), (220, 440)]);
        let actions = actions(&format!("[{}]", strokes[0]));
        let timed = fold_timed(0, &actions);
        let grown =
            [0.0, 54.0, 56.0, 111.0, 219.0, 500.0].map(|ms| points_drawn(&timed.picture.strokes[0], ms));
        assert_eq!(grown, [1, 1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_point_is_drawn_when_its_time_has_come() {
        let actions = actions(&format!("[{}]", stroke(0, "0,0,0,1,1,10,1,1,10,1,1,900,1,1,10")));
        let timed = fold_timed(0, &actions);
        let drawn = |elapsed| points_drawn(&timed.picture.strokes[0], elapsed);
        assert_eq!([0.0, 9.9, 10.0, 20.0, 519.0, 520.0, 530.0].map(drawn), [1, 1, 2, 3, 3, 4, 5]);
    }
}
