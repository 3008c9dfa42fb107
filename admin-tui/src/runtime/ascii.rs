//! Marks in ASCII, for terminals whose fonts or widths differ: those of East Asian locales may show lines, arrows and
//! blocks in two columns ("ambiguous width", Unicode Standard Annex #11).

use ratatui::buffer::{Buffer, Cell};
use unicode_width::UnicodeWidthStr as _;

/// The ASCII form of a mark that the console draws.
fn replacement(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "│" | "▏" | "┊" => "|",
        "─" | "—" | "–" => "-",
        "═" => "=",
        "╭" | "╮" | "╰" | "╯" | "┼" | "╪" | "┌" | "┐" | "└" | "┘" => "+",
        "▸" | "▶" => ">",
        "▪" | "●" | "█" => "*",
        "○" | "◐" => "o",
        "✗" | "×" => "x",
        "▲" | "↑" => "^",
        "▼" | "↓" => "v",
        "·" | "▁" | "▂" => ".",
        "▃" | "▄" | "▅" | "░" | "▒" => ":",
        "▆" | "▇" | "▀" | "▓" => "#",
        "…" | "⋯" | "≈" => "~",
        "‖" => "=",
        "↻" => "@",
        "␊" => "/",
        "“" | "”" => "\"",
        "✓" => "+",
        "\u{fffd}" => "?",
        "½" => "2",
        "¼" => "4",
        _ => return None,
    })
}

/// Replaces the marks of a screen.
pub fn replace(screen: &mut Buffer) {
    for cell in &mut screen.content {
        if let Some(ascii) = replacement(cell.symbol()) {
            cell.set_symbol(ascii);
        }
    }
}

/// Whether a terminal may show the cell wider than it is here: the cursor has to be placed again behind it. Letters
/// count, too, such as those of the Cyrillic script; Braille is narrow everywhere.
pub fn is_ambiguous(cell: &Cell) -> bool {
    let is_certain = |c: char| c.is_ascii() || ('\u{2800}'..='\u{28ff}').contains(&c);
    cell.symbol().width() == 1 && !cell.symbol().chars().all(is_certain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_ascii_and_names_stay() {
        let mut screen = Buffer::with_lines(["│▸ 小明 é · Ж"]);
        replace(&mut screen);
        let row: String = screen.content.iter().map(Cell::symbol).collect();
        assert_eq!(row.replace(' ', ""), "|>小明é.Ж");
        let ambiguous: Vec<&str> =
            screen.content.iter().filter(|cell| is_ambiguous(cell)).map(Cell::symbol).collect();
        assert_eq!(ambiguous, ["é", "Ж"]);
    }
}
