//! Where things stand on the screen. The model, its updates and the view all measure with these functions.

use ratatui::layout::Rect;

use crate::keys::{Binding, Command};
use crate::replay::Player;
use crate::text;
use crate::time;
use crate::views::View;

/// The smallest screen that the console works on.
pub const SMALLEST: (u16, u16) = (40, 10);
/// The row of the screen on which the first row of a list stands.
pub const FIRST_ROW: usize = 3;
/// The narrowest screen that shows the drawing under the cursor beside its list.
const BESIDE: u16 = 100;
/// Lines below the drawing beside a list.
pub const CAPTION: u16 = 3;
/// Lines around a replayed drawing: two bars, the status line, the title and the scrubber.
const AROUND_PAPER: u16 = 5;
/// Lines of the body around the picture of a review case: the title, two blank lines and the scrubber.
const AROUND_CASE: u16 = 4;
/// The narrowest screen that shows the picture of a review case beside its text.
const NARROW: u16 = 56;
/// The least height of the live view's body that has room for thumbnails.
const THUMBNAILS_FROM: usize = 18;
/// Columns between thumbnails, and before the first one.
const THUMBNAIL_GAP: u16 = 2;

/// A terminal's size, and whether pictures are drawn in Braille.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub size: (u16, u16),
    pub braille: bool,
    /// Lines above the lower bar that tell what is happening; at least one.
    pub status_lines: u16,
}

/// The thumbnails of the live view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbnails {
    pub most: usize,
    /// Columns and rows of each.
    pub cells: (u16, u16),
    pub pixels: (u16, u16),
}

/// Pixels in so many cells: two to a cell in half-blocks, eight in Braille.
pub fn pixels(cells: (u16, u16), braille: bool) -> (u16, u16) {
    let (columns, rows) = (cells.0.clamp(1, 1000), cells.1.clamp(1, 1000));
    if braille { (columns * 2, rows * 4) } else { (columns, rows * 2) }
}

impl Screen {
    /// Rows between the upper bar and the status lines.
    pub fn body_height(self) -> usize {
        usize::from(self.size.1.saturating_sub(2 + self.status_lines))
    }

    /// Rows of a list: the body without the title and the column heads.
    pub fn list_height(self) -> usize {
        self.body_height().saturating_sub(2).max(1)
    }

    /// Columns of the picture beside a list; 0 where there is no room for one.
    pub fn preview_width(self) -> u16 {
        if self.size.0 >= BESIDE { (self.size.0 * 3 / 10).min(60) } else { 0 }
    }

    /// Pixels of the picture beside a list, where there is room for one.
    pub fn preview_pixels(self) -> Option<(u16, u16)> {
        let columns = self.preview_width().checked_sub(2)?;
        let rows = u16::try_from(self.body_height()).unwrap_or(0).saturating_sub(CAPTION + 2);
        Some(pixels((columns, rows), self.braille))
    }

    /// Pixels of a replayed drawing.
    pub fn paper_pixels(self, braille: bool) -> (u16, u16) {
        let rows = self.size.1.saturating_sub(AROUND_PAPER);
        pixels((self.size.0, rows), braille || self.braille)
    }

    /// Columns and rows of the picture of a review case; no columns where there is no room for one.
    pub fn review_cells(self) -> (u16, u16) {
        let rows = u16::try_from(self.body_height()).unwrap_or(0).saturating_sub(AROUND_CASE);
        let columns = if self.size.0 < NARROW { 0 } else { (self.size.0 * 2 / 5).min(rows * 2).min(72) };
        (columns, rows)
    }

    /// Pixels of the picture of a review case.
    pub fn review_pixels(self, braille: bool) -> (u16, u16) {
        pixels(self.review_cells(), braille || self.braille)
    }

    pub fn thumbnails(self) -> Thumbnails {
        if self.body_height() < THUMBNAILS_FROM {
            return Thumbnails { most: 0, cells: (0, 0), pixels: (1, 1) };
        }
        let rows = u16::try_from(self.body_height() * 2 / 5).unwrap_or(0).clamp(6, 16);
        // As wide as paper of 3 by 4 is in half-blocks.
        let columns = rows * 2 * 3 / 4;
        let most = self.size.0.saturating_sub(THUMBNAIL_GAP) / (columns + THUMBNAIL_GAP);
        let cells = (columns, rows);
        Thumbnails { most: usize::from(most), cells, pixels: pixels(cells, self.braille) }
    }

    /// Rows of events below so many thumbnails.
    pub fn live_height(self, thumbnails: usize) -> usize {
        let taken = if thumbnails == 0 { 0 } else { usize::from(self.thumbnails().cells.1) + 2 };
        self.body_height().saturating_sub(2 + taken).max(1)
    }

    /// The row of the screen on which the first event stands.
    pub fn first_event(self, thumbnails: usize) -> usize {
        (self.body_height() + 1).saturating_sub(self.live_height(thumbnails))
    }
}

impl Thumbnails {
    /// The column of a thumbnail's left edge.
    pub fn left(self, index: u16) -> u16 {
        THUMBNAIL_GAP + index * (self.cells.0 + THUMBNAIL_GAP)
    }

    /// The thumbnail at a place of the screen.
    pub fn at(self, column: u16, row: u16) -> Option<usize> {
        // The upper bar and the view's title stand above.
        let line = row.checked_sub(2)?;
        let step = self.cells.0 + THUMBNAIL_GAP;
        let (index, offset) = (column.checked_sub(THUMBNAIL_GAP)? / step, (column - THUMBNAIL_GAP) % step);
        (line <= self.cells.1 && offset < self.cells.0).then_some(usize::from(index))
    }
}

/// A view's name in the upper bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    pub x: u16,
    pub label: String,
    pub view: View,
}

impl Tab {
    fn end(&self) -> u16 {
        self.x + columns(&self.label)
    }
}

/// The name before the tabs.
pub const NAME: &str = " 一笔 ";

/// The tabs in a bar of this width beside the server's name. Where not all names fit, they are shortened, then
/// reduced to their numbers; on the narrowest screens only the selected view is named.
pub fn tabs(screen: u16, server: &str, selected: View) -> Vec<Tab> {
    let room = screen.saturating_sub(columns(NAME) + columns(server));
    let names: [fn(View) -> &'static str; 3] = [View::name, View::short_name, |_| ""];
    let labelled = |name: fn(View) -> &'static str| {
        (1..).zip(View::ALL).map(move |(number, view)| {
            let label = match (name(view), view == selected) {
                (_, true) => format!(" {number} {} ", view.name()),
                ("", false) => format!(" {number} "),
                (name, false) => format!(" {number} {name} "),
            };
            (label, view)
        })
    };
    let fits =
        |labels: &Vec<(String, View)>| labels.iter().map(|(label, _)| columns(label)).sum::<u16>() <= room;
    let labels = names.into_iter().map(|name| labelled(name).collect()).find(fits);
    let labels =
        labels.unwrap_or_else(|| labelled(|_| "").filter(|(_, view)| *view == selected).collect::<Vec<_>>());
    let mut x = columns(NAME);
    let placed = labels.into_iter().map(|(label, view)| {
        let tab = Tab { x, label, view };
        x = tab.end();
        tab
    });
    placed.collect()
}

/// The view whose tab stands at a column.
pub fn tab_at(tabs: &[Tab], column: u16) -> Option<View> {
    tabs.iter().find(|tab| (tab.x..tab.end()).contains(&column)).map(|tab| tab.view)
}

/// A key in the footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    pub x: u16,
    pub key: &'static str,
    pub word: &'static str,
    pub command: Command,
}

impl Hint {
    fn end(&self) -> u16 {
        self.x + columns(self.key) + 1 + columns(self.word)
    }
}

/// The hints of a footer from left to right, as many as fit; the help, through which all others are found,
/// stands at the right.
pub fn hints(screen: u16, bindings: impl Iterator<Item = &'static Binding>) -> Vec<Hint> {
    let (mut hints, mut help) = (Vec::new(), None);
    let mut x = 1;
    for binding in bindings {
        let (Some(key), word) = (binding.keys.first(), binding.footer) else { continue };
        let hint = Hint { x, key, word, command: binding.command };
        if binding.command == Command::Help {
            help = Some(hint);
        } else if !word.is_empty() {
            x = hint.end() + 2;
            hints.push(hint);
        }
    }
    if let Some(help) = help {
        let left = screen.saturating_sub(help.end() - help.x + 1);
        hints.retain(|hint| hint.end() < left);
        hints.push(Hint { x: left, ..help });
    }
    hints
}

/// The command whose hint stands at a column.
pub fn hint_at(hints: &[Hint], column: u16) -> Option<Command> {
    hints.iter().find(|hint| (hint.x..hint.end()).contains(&column)).map(|hint| hint.command)
}

/// A box of this size in the middle of the screen.
pub fn centered(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}

/// The texts on both sides of a scrubber.
pub fn scrubber_labels(player: &Player) -> (String, String) {
    let (done, all) = player.progress();
    let left = format!(" {} {} ", if player.playing { "▶" } else { "‖" }, time::position(player.position()));
    let idle = if player.skip_idle { "pauses cut" } else { "with pauses" };
    let again = if player.repeats { " ↻" } else { "" };
    let right =
        format!(" {}  {done}/{all}  {}{again}  {idle} ", time::position(player.length()), player.speed());
    (left, right)
}

/// The column at which a scrubber begins, and its length.
pub fn scrubber(player: &Player, screen: u16) -> (u16, u16) {
    let (left, right) = scrubber_labels(player);
    let start = columns(&left);
    (start, screen.saturating_sub(columns(&right)).saturating_sub(start))
}

/// Columns of the screen that a text takes.
pub fn columns(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}
