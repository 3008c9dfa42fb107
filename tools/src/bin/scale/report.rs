//! The tables of the report.

use yibi_tools::bench::{Table, thousands};

use super::day::{Day, Kind};
use super::demand::{Demand, megabits, rate};
use super::figures::{BOUNDS, BUSY, EMBEDDED, SHARED};

/// All tables in Markdown.
pub fn tables(users: u32, day: &Day, demand: &Demand) -> String {
    let blocks = [hours(day), growth(day, demand), busiest(demand), breaks(users, demand)];
    blocks.iter().map(|block| format!("```\n{block}\n```\n\n")).collect()
}

/// The columns of requests: heading and kinds.
const COLUMNS: [(&str, &[Kind]); 7] = [
    ("sign-in", &[Kind::SignIn, Kind::Renewal]),
    ("me", &[Kind::Me]),
    ("gallery", &[Kind::Gallery]),
    ("read", &[Kind::Read]),
    ("append", &[Kind::Append]),
    ("picture", &[Kind::Picture]),
    ("of 2016", &[Kind::WeappList, Kind::WeappSave]),
];

fn hours(day: &Day) -> String {
    let names = COLUMNS.map(|(name, _)| name);
    let mut table = Table::new(
        &[&["requests/s", "visits"][..], &names[..], &["all", "sessions", "Mbit/s", ""][..]].concat(),
    );
    for hour in 0..24 {
        let minutes = hour * 60..(hour + 1) * 60;
        let visits: u32 = day.visits[minutes.clone()].iter().sum();
        let sessions = day.sessions[minutes.clone()].iter().max().map_or(0.0, |&most| most as f64);
        let mut cells = vec![format!("{hour:02}:00"), thousands(f64::from(visits))];
        cells.extend(COLUMNS.iter().map(|(_, kinds)| thousands(rate(day, kinds, minutes.clone()))));
        cells.extend([
            thousands(rate(day, &Kind::ALL, minutes.clone())),
            thousands(sessions),
            thousands(megabits(day, minutes)),
            String::new(),
        ]);
        table.row(cells);
    }
    table.text()
}

fn growth(day: &Day, demand: &Demand) -> String {
    let strokes: u64 = day.drawings.iter().map(|&(strokes, _)| u64::from(strokes)).sum();
    let points: u64 = day.drawings.iter().map(|&(_, points)| u64::from(points)).sum();
    let mut drawn = day.drawn.clone();
    drawn.sort_unstable_by(|a, b| b.cmp(a));
    let all: u32 = drawn.iter().sum();
    let most: u32 = drawn.iter().take(drawn.len() / 10).sum();
    let gigabytes = |bytes: f64| format!("{:.2} GB", bytes / 1e9);
    let year = |bytes: f64| format!("{:.2} TB", 365.0 * bytes / 1e12);
    let mut table = Table::new(&["what is kept", "a day", "a year", ""]);
    let mut row =
        |name: &str, day: String, year: String| table.row(vec![name.to_owned(), day, year, String::new()]);
    let millions = |count: f64| format!("{:.2} M", count / 1e6);
    for (name, count) in
        [("drawings", f64::from(all)), ("strokes", strokes as f64), ("points", points as f64)]
    {
        row(name, millions(count), millions(365.0 * count));
    }
    row("actions as the codec makes them", gigabytes(demand.stored), year(demand.stored));
    row("in the embedded file", gigabytes(demand.sqlite), year(demand.sqlite));
    row("in MongoDB, once", gigabytes(demand.mongodb), year(demand.mongodb));
    row("in MongoDB, three times", gigabytes(3.0 * demand.mongodb), year(3.0 * demand.mongodb));
    format!(
        "{}\nof those who draw, a tenth makes {:.0} % of the drawings",
        table.text(),
        100.0 * f64::from(most) / f64::from(all.max(1))
    )
}

fn busiest(demand: &Demand) -> String {
    let mut table = Table::new(&[
        "at its busiest ten minutes",
        "requests/s",
        "of a machine: embedded",
        "Redis and MongoDB",
        "",
    ]);
    let mut row = |name: &str, kinds: &[Kind]| {
        let of = |rates| format!("{:.2}", demand.machines(kinds, rates));
        table.row(vec![
            name.to_owned(),
            thousands(demand.asked(kinds)),
            of(&EMBEDDED),
            of(&SHARED),
            String::new(),
        ]);
    };
    for (name, kinds) in COLUMNS {
        row(name, kinds);
    }
    row("all, as if at the same time", &Kind::ALL);
    let [embedded, shared] =
        [&EMBEDDED, &SHARED].map(|rates| (demand.machines(&Kind::ALL, rates) / BUSY).ceil());
    format!(
        "{}\nmachines, {:.0} % busy: {embedded} embedded, {shared} with Redis and MongoDB; {:.0} Mbit/s to clients;\n\
         {} sessions alive at most, {:.2} GB in Redis",
        table.text(),
        100.0 * BUSY,
        demand.megabits,
        thousands(demand.sessions),
        demand.redis / 1e9
    )
}

/// The number of daily users at each bound: all demands grow linearly with the users.
fn breaks(users: u32, demand: &Demand) -> String {
    let demands = [
        demand.machines(&Kind::ALL, &EMBEDDED) / BUSY,
        demand.machines(&Kind::ALL, &SHARED) / BUSY,
        demand.megabits,
        demand.megabits,
        demand.asked(&[Kind::Picture]),
        365.0 * demand.sqlite / 1e9,
        365.0 * demand.mongodb / 1e12,
        demand.asked(&[Kind::Append, Kind::WeappSave, Kind::SignIn, Kind::Renewal]),
        demand.asked(&Kind::ALL),
        demand.redis / 1e9,
    ];
    let mut reached: Vec<(f64, &str, f64)> = BOUNDS
        .iter()
        .zip(demands)
        .map(|(&(name, bound), asked)| (f64::from(users) * bound / asked.max(f64::MIN_POSITIVE), name, asked))
        .collect();
    reached.sort_by(|a, b| a.0.total_cmp(&b.0));
    let asked = format!("asked by {}", thousands(f64::from(users)));
    let mut table = Table::new(&["what is reached, in order", "at daily users", &asked, ""]);
    for (at, name, asked) in reached {
        let rounded = thousands((at / 1_000.0).round() * 1_000.0);
        table.row(vec![name.to_owned(), rounded, format!("{asked:.1}"), String::new()]);
    }
    table.text()
}
