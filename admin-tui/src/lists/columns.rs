//! The columns of a list, and their widths on a given screen.

/// A column. Where the screen is too narrow for all, the column with the highest rank goes first; rank 0 stays.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    pub width: Width,
    pub right: bool,
    pub rank: u8,
    /// The narrowest screen on which the column is worth its room.
    pub from: u16,
    /// The order of the list that sorts by this column, an index of [`super::ListView::orders`].
    pub order: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
pub enum Width {
    Fixed(u16),
    /// At least `min` columns of the screen, and a share of those that are left.
    Share {
        min: u16,
        share: u16,
    },
}

/// Blank columns of the screen before the first column, where the cursor stands.
pub const MARGIN: u16 = 2;
/// Blank columns of the screen between two columns.
pub const GAP: u16 = 2;

pub const fn fixed(rank: u8, title: &'static str, width: u16) -> Column {
    Column { title, width: Width::Fixed(width), right: false, rank, from: 0, order: None }
}

pub const fn number(rank: u8, title: &'static str, width: u16) -> Column {
    Column { title, width: Width::Fixed(width), right: true, rank, from: 0, order: None }
}

pub const fn share(rank: u8, title: &'static str, min: u16, share: u16) -> Column {
    Column { title, width: Width::Share { min, share }, right: false, rank, from: 0, order: None }
}

pub const fn wide(from: u16, column: Column) -> Column {
    Column { from, ..column }
}

pub const fn sorted_by(order: usize, column: Column) -> Column {
    Column { order: Some(order), ..column }
}

impl Column {
    fn least(&self) -> u16 {
        match self.width {
            Width::Fixed(width) => width,
            Width::Share { min, .. } => min,
        }
    }
}

/// The width of each column on a screen; 0 for a column that does not fit.
pub fn widths(columns: &[Column], screen: u16) -> Vec<u16> {
    let is_kept = |column: &&Column, rank: u8| column.rank <= rank && column.from <= screen;
    let needed = |rank: u8| -> u16 {
        let kept = columns.iter().filter(|column| is_kept(column, rank));
        kept.map(|column| column.least() + GAP).sum::<u16>().saturating_sub(GAP) + MARGIN
    };
    let mut rank = columns.iter().map(|column| column.rank).max().unwrap_or(0);
    while rank > 0 && needed(rank) > screen {
        rank -= 1;
    }
    let mut left = screen.saturating_sub(needed(rank));
    let mut shares: u16 = columns
        .iter()
        .filter(|column| is_kept(column, rank))
        .map(|column| if let Width::Share { share, .. } = column.width { share } else { 0 })
        .sum();
    let mut room = screen.saturating_sub(MARGIN);
    let width = |column: &Column| {
        if !is_kept(&column, rank) || room == 0 {
            return 0;
        }
        let mut width = column.least();
        if let Width::Share { share, .. } = column.width {
            let more = left * share / shares.max(1);
            (left, shares) = (left - more, shares - share);
            width += more;
        }
        let width = width.min(room);
        room = room.saturating_sub(width + GAP);
        width
    };
    columns.iter().map(width).collect()
}

/// The column at a place of a screen.
pub fn at(columns: &[Column], screen: u16, x: u16) -> Option<usize> {
    let mut left = MARGIN;
    for (index, width) in widths(columns, screen).into_iter().enumerate().filter(|(_, width)| *width > 0) {
        if (left..left + width).contains(&x) {
            return Some(index);
        }
        left += width + GAP;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] =
        &[share(0, "NAME", 12, 3), fixed(2, "ID", 16), share(1, "BY", 8, 1), number(3, "SIZE", 9)];

    #[test]
    fn narrow_screens_keep_the_name() {
        assert_eq!(widths(COLUMNS, 80), [32, 16, 15, 9]);
        assert_eq!(widths(COLUMNS, 53), [12, 16, 8, 9]);
        assert_eq!(widths(COLUMNS, 52), [19, 16, 11, 0]);
        assert_eq!(widths(COLUMNS, 40), [24, 0, 12, 0]);
        assert_eq!(widths(COLUMNS, 20), [18, 0, 0, 0]);
        assert_eq!(widths(COLUMNS, 8), [6, 0, 0, 0]);
        assert_eq!(widths(COLUMNS, 0), [0, 0, 0, 0]);
        assert_eq!((at(COLUMNS, 80, 2), at(COLUMNS, 80, 34), at(COLUMNS, 80, 36)), (Some(0), None, Some(1)));
    }
}
