//! The lists: JSON lines, columns separated by tabs, or a table on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use super::arguments::ListArgs;
use super::{Failure, failure, note, print, unless_closed, wrong};
use crate::client::Client;
use crate::filter;
use crate::lists::{Kind, Row};
use crate::request::{PAGE, PageRequest};
use crate::text;
use crate::time::Clock;

/// Columns between two columns of a table.
const GAP: usize = 2;

pub async fn run(client: &Client, kind: Kind, args: ListArgs) -> Result<u8, Failure> {
    let parameters = filter::parse(&args.filter, kind.fields(), &Clock::system())
        .map_err(|error| wrong(error.to_string()))?;
    let order = match &args.order {
        None => 0,
        Some(name) => order(kind, name)?,
    };
    let most = if args.limit == 0 { u64::MAX } else { args.limit };
    let progress = io::stderr().is_terminal() && !io::stdout().is_terminal() && most > u64::from(PAGE);
    let mut form = Output::new(&args, kind);
    let (mut printed, mut cursor) = (0, None);
    let (more, total) = loop {
        let room = most - printed;
        // One more row than is printed, to know whether the list is cut.
        let limit = u32::try_from(room).unwrap_or(PAGE).min(PAGE) + 1;
        let parameters = parameters.clone();
        let request = PageRequest { kind, parameters, order, reverse: args.reverse, cursor, limit };
        let page = client.page(&request).await.map_err(failure)?;
        let rows = usize::try_from(room).ok().and_then(|room| page.rows.get(..room));
        let cut = rows.is_some_and(|rows| rows.len() < page.rows.len());
        let rows = rows.unwrap_or(&page.rows);
        if let Err(error) = form.write(rows) {
            return unless_closed(&error);
        }
        printed += rows.len() as u64;
        let total = page.total.map(|total| total.value);
        if progress {
            bar(printed, total.map_or(most, |total| total.min(most)));
        }
        cursor = page.next;
        if cut || cursor.is_none() {
            break (cut.then_some("there are more"), total);
        }
        if printed >= most {
            // Pages of a filter may hold fewer rows than were asked for.
            break (Some("there may be more"), total);
        }
    };
    if progress {
        let _ = writeln!(io::stderr());
    }
    if let Some(more) = more {
        // The number of all rows says nothing about those that a filter finds.
        let of = total.filter(|_| args.filter.trim().is_empty()).map(|total| format!(" of {total}"));
        note(&format!("{printed}{} rows; {more}, and --limit 0 prints all", of.unwrap_or_default()));
    }
    Ok(0)
}

fn order(kind: Kind, name: &str) -> Result<usize, Failure> {
    let named = || kind.orders().iter().enumerate().filter(|(_, order)| !order.name.is_empty());
    named().find(|(_, order)| order.name == name).map(|(index, _)| index).ok_or_else(|| {
        let names: Vec<&str> = named().map(|(_, order)| order.name).collect();
        match names.join(", ") {
            names if names.is_empty() => wrong(format!("{} can't be sorted", kind.name())),
            names => wrong(format!("no order {name}; there are: {names}")),
        }
    })
}

/// The form of the output.
enum Output {
    Json,
    Tabs,
    Table {
        heads: Vec<&'static str>,
        /// The columns' widths; the first rows decide them.
        widths: Vec<usize>,
    },
}

impl Output {
    fn new(args: &ListArgs, kind: Kind) -> Self {
        match (args.json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, false) => Self::Tabs,
            (false, true) => Self::Table { heads: kind.plain_heads().to_vec(), widths: Vec::new() },
        }
    }

    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        match self {
            Self::Json => rows.iter().try_for_each(|row| print(&row.json().to_string())),
            Self::Tabs => rows.iter().try_for_each(|row| print(&cells(row).join("\t"))),
            Self::Table { heads, widths } => {
                let table: Vec<Vec<String>> = rows.iter().map(cells).collect();
                if widths.is_empty() && !table.is_empty() {
                    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
                    *widths = measure(&heads, &table);
                    print(&align(&heads, widths))?;
                }
                table.iter().try_for_each(|row| print(&align(row, widths)))
            }
        }
    }
}

/// The cells of a row, safe to be shown on a terminal.
fn cells(row: &Row) -> Vec<String> {
    row.plain().into_iter().map(|cell| text::clean(cell).into_owned()).collect()
}

fn measure(heads: &[String], table: &[Vec<String>]) -> Vec<usize> {
    let columns = table.first().map_or(0, Vec::len);
    let width = |row: &[String], column: usize| row.get(column).map_or(0, |cell| text::width(cell));
    (0..columns)
        .map(|column| {
            let head = heads.get(column).map_or(0, |head| text::width(head));
            table.iter().map(|row| width(row, column)).max().unwrap_or(0).max(head)
        })
        .collect()
}

fn align(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(text::width(cell)) + GAP));
    }
    line.truncate(line.trim_end().len());
    line
}

/// A progress bar of forty steps on the terminal.
fn bar(done: u64, all: u64) {
    let steps = usize::try_from((done * 40).checked_div(all).unwrap_or(40).min(40)).unwrap_or(40);
    let line = format!("\r{}{} {done} of {all}", "█".repeat(steps), "░".repeat(40 - steps));
    let _ = io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_table_are_aligned_by_their_width_on_the_screen() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let (heads, table) =
            (row(["ID", "NAME", "X"]), vec![row(["a", "小明", ""]), row(["bcd", "li", "y"])]);
        let widths = measure(&heads, &table);
        assert_eq!(align(&heads, &widths), "ID   NAME  X");
        assert_eq!(align(&table[0], &widths), "a    小明");
        assert_eq!(align(&table[1], &widths), "bcd  li    y");
    }
}
