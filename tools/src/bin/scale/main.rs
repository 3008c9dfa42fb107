//! Estimates the machines for a number of daily users from measured rates and a simulated day:
//!
//!     cargo run --release -p yibi-tools --bin scale
//!     cargo run --release -p yibi-tools --bin scale -- --users 100000 --into docs/scale.md
//!
//! The inputs are in `figures.rs` and `people.rs`. `--into` writes the tables between the two marks of a document.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a command line tool, over arrays of fixed lengths"
)]

mod day;
mod demand;
mod figures;
mod people;
mod random;
mod report;

use std::io::Write;
use std::path::PathBuf;

use day::Day;
use demand::Demand;

/// The marks around the tables in a document.
const MARKS: [&str; 2] = ["<!-- begin of what `scale` prints -->\n", "<!-- end -->"];

fn main() -> std::io::Result<()> {
    let (mut users, mut into) = (1_000_000, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--users" => users = value.parse().unwrap_or_else(|error| panic!("{value}: {error}")),
            "--into" => into = Some(PathBuf::from(value)),
            other => panic!("there is no {other}: --users N --into DOCUMENT"),
        }
    }
    let day = Day::of(users, 1);
    let tables = report::tables(users, &day, &Demand::of(&day));
    let Some(path) = into else { return write!(std::io::stdout(), "{tables}") };
    let text = std::fs::read_to_string(&path)?;
    let parts =
        text.split_once(MARKS[0]).and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?)));
    let Some((before, (_, after))) = parts else { panic!("{} has no marks", path.display()) };
    std::fs::write(&path, format!("{before}{}{tables}{}{after}", MARKS[0], MARKS[1]))
}
