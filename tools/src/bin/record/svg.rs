//! Screens as an animated SVG. A row that several screens share is written once.

use std::collections::HashMap;
use std::fmt::Write;

use vt100::{Color, Screen};

/// Pixels of a cell.
const CELL: (f64, f64) = (8.4, 18.0);
/// Margin around the screen and height of the bar above it, in pixels.
const EDGE: f64 = 14.0;
const BAR: f64 = 30.0;
/// The terminal's default colours.
const INK: [u8; 3] = [214, 219, 227];
const PAPER: [u8; 3] = [16, 19, 25];

/// Screens with their durations.
pub struct Film {
    size: (u16, u16),
    rows: HashMap<String, usize>,
    defined: String,
    frames: Vec<(Vec<usize>, f64)>,
}

/// Adjacent cells of one style.
struct Run {
    column: u16,
    cells: u16,
    text: String,
    fg: [u8; 3],
    bold: bool,
    underline: bool,
}

impl Film {
    pub fn new(size: (u16, u16)) -> Self {
        Self { size, rows: HashMap::new(), defined: String::new(), frames: Vec::new() }
    }

    /// Adds a screen for a duration in seconds.
    pub fn take(&mut self, screen: &Screen, seconds: f64) {
        let mut rows = Vec::new();
        for y in 0..self.size.1 {
            let drawn = row(screen, y, self.size.0);
            let next = self.rows.len();
            let number = *self.rows.entry(drawn.clone()).or_insert(next);
            if number == next {
                let _ = write!(self.defined, "<g id=\"r{number}\">{drawn}</g>");
            }
            rows.push(number);
        }
        self.frames.push((rows, seconds));
    }

    pub fn end(self) -> String {
        let (width, height) = (f64::from(self.size.0) * CELL.0, f64::from(self.size.1) * CELL.1);
        let (outer_width, outer_height) = (width + 2.0 * EDGE, height + BAR + EDGE);
        let total: f64 = self.frames.iter().map(|(_, seconds)| seconds).sum();
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {outer_width:.0} {outer_height:.0}\" \
             font-family=\"'JetBrains Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace\" \
             font-size=\"14\"><title>yibi-admin: the operator's console</title><style>\
             text{{white-space:pre}}path{{shape-rendering:crispEdges}}.b{{font-weight:700}}.f{{visibility:hidden;\
             animation:{total:.2}s step-end infinite}}.f:first-of-type{{visibility:visible}}"
        );
        let mut at = 0.0;
        for (number, (_, seconds)) in self.frames.iter().enumerate() {
            let (from, to) = (at / total * 100.0, (at + seconds) / total * 100.0);
            at += seconds;
            let before = if number == 0 { "" } else { "0%{visibility:hidden}" };
            let after = if number + 1 == self.frames.len() {
                String::new()
            } else {
                format!("{to:.3}%{{visibility:hidden}}")
            };
            let _ = write!(
                out,
                "@keyframes k{number}{{{before}{from:.3}%{{visibility:visible}}{after}}}\
                 #f{number}{{animation-name:k{number}}}"
            );
        }
        let _ = write!(
            out,
            "</style><defs>{}</defs><rect width=\"{outer_width:.0}\" height=\"{outer_height:.0}\" rx=\"10\" \
             fill=\"{}\"/>",
            self.defined,
            hex(PAPER)
        );
        for (number, color) in ["#ff5f57", "#febc2e", "#28c840"].iter().enumerate() {
            let x = 20 + number * 20;
            let _ = write!(out, "<circle cx=\"{x}\" cy=\"15\" r=\"6\" fill=\"{color}\"/>");
        }
        let _ = write!(out, "<g transform=\"translate({EDGE},{BAR})\">");
        for (number, (rows, _)) in self.frames.iter().enumerate() {
            let _ = write!(out, "<g class=\"f\" id=\"f{number}\">");
            for (y, row) in rows.iter().enumerate() {
                let _ = write!(out, "<use href=\"#r{row}\" y=\"{}\"/>", y as f64 * CELL.1);
            }
            out.push_str("</g>");
        }
        out.push_str("</g></svg>\n");
        out
    }
}

fn row(screen: &Screen, y: u16, columns: u16) -> String {
    let mut out = String::new();
    let mut runs: Vec<Run> = Vec::new();
    // Background rectangles: whole cells, and the halves that pictures consist of.
    let mut fields: Vec<(u16, u16, f64, f64, [u8; 3])> = Vec::new();
    let mut fill = |x: u16, cells: u16, top: f64, height: f64, color: [u8; 3]| {
        if let Some(last) = fields.iter_mut().rev().find(|field| field.2 == top && field.3 == height)
            && (last.0 + last.1, last.4) == (x, color)
        {
            last.1 += cells;
        } else {
            fields.push((x, cells, top, height, color));
        }
    };
    for x in 0..columns {
        let Some(cell) = screen.cell(y, x).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let (mut fg, mut bg) = (rgb(cell.fgcolor(), INK), rgb(cell.bgcolor(), PAPER));
        if cell.inverse() {
            (fg, bg) = (bg, fg);
        }
        let cells = if cell.is_wide() { 2 } else { 1 };
        let text = cell.contents();
        if text == "▀" {
            fill(x, 1, 0.0, 0.5, fg);
            fill(x, 1, 0.5, 0.5, bg);
            continue;
        }
        if bg != PAPER {
            fill(x, cells, 0.0, 1.0, bg);
        }
        let bar = text.chars().next().filter(|c| ('▁'..='█').contains(c));
        if let Some(bar) = bar {
            let height = f64::from(u32::from(bar) - u32::from('▁') + 1) / 8.0;
            fill(x, 1, 1.0 - height, height, fg);
            continue;
        }
        if text.trim().is_empty() {
            continue;
        }
        let wide = cells == 2;
        match runs.last_mut() {
            Some(run)
                if run.column + run.cells == x
                    && (run.fg, run.bold, run.underline) == (fg, cell.bold(), cell.underline())
                    && (usize::from(run.cells) > run.text.chars().count()) == wide
                    && !is_drawn(text)
                    && !is_drawn(&run.text) =>
            {
                run.text.push_str(text);
                run.cells += cells;
            }
            _ => runs.push(Run {
                column: x,
                cells,
                text: text.to_owned(),
                fg,
                bold: cell.bold(),
                underline: cell.underline(),
            }),
        }
    }
    // One path for each colour.
    let mut paths: Vec<([u8; 3], String)> = Vec::new();
    for (x, cells, top, height, color) in fields {
        let index = paths.iter().position(|(known, _)| *known == color).unwrap_or_else(|| {
            paths.push((color, String::new()));
            paths.len() - 1
        });
        let (x, width) = (f64::from(x) * CELL.0, f64::from(cells) * CELL.0);
        let (y, height) = (top * CELL.1, height * CELL.1);
        let _ = write!(paths[index].1, "M{x:.1} {y}h{width:.1}v{height}h-{width:.1}z");
    }
    for (color, path) in paths {
        let _ = write!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex(color));
    }
    for run in runs {
        let width = f64::from(run.cells) * CELL.0;
        let class = if run.bold { " class=\"b\"" } else { "" };
        let line = if run.underline { " text-decoration=\"underline\"" } else { "" };
        let text = run.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"13.3\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{class}{line}>{text}</text>",
            f64::from(run.column) * CELL.0,
            hex(run.fg)
        );
    }
    out
}

/// Box-drawing characters and symbols, whose width differs in fallback fonts: each is placed in its own cell.
fn is_drawn(text: &str) -> bool {
    text.chars().any(|c| ('\u{2500}'..='\u{28ff}').contains(&c))
}

fn rgb(color: Color, default: [u8; 3]) -> [u8; 3] {
    match color {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Default | Color::Idx(_) => default,
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
