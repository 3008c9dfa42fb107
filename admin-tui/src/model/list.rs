//! A list of any length, of which only the pages around the view are kept.
//!
//! Pages are read by cursors, one after the other; a page that was dropped is read again by its cursor. The
//! selection is held by the row's key, because rows move when a page is read again.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use yibi_common::admin::Count;

use crate::filter::Parameter;
use crate::lists::{Kind, Order, Page, Row};
use crate::request::{PAGE, PageRequest};
use crate::time::Millis;

/// Pages that are kept.
const KEPT: usize = 20;

/// A list and the part of it that is shown.
#[derive(Debug)]
pub struct List {
    pub kind: Kind,
    /// The filter as it was typed.
    pub filter: String,
    /// The filter as it is sent.
    pub parameters: Vec<Parameter>,
    /// The selected order, an index of [`crate::lists::ListView::orders`].
    pub order: usize,
    pub reverse: bool,
    /// Whether the list is read from its end. It is then shown from the bottom up: the last row of the list
    /// stands at the bottom of the screen, and has index 0 here.
    pub from_end: bool,
    /// The number of all rows, whatever the filter.
    pub total: Option<Count>,
    /// The number of rows that the filter finds, once it was counted.
    pub counted: Option<Count>,
    /// The row under the cursor.
    pub selected: usize,
    /// The first visible row.
    pub top: usize,
    /// A row that is not loaded yet, to which the cursor goes as pages arrive.
    pub wish: Option<usize>,
    /// The marked rows by their keys.
    pub marks: BTreeMap<String, Row>,
    /// The key of the row at which a range of marks begins; it ends at the cursor.
    pub range: Option<String>,
    /// The column selected for sorting.
    pub column: Option<usize>,
    /// The loaded rows that pass the filter being typed, until the server has answered.
    pub narrowed: Option<Narrowed>,
    /// When a page last arrived.
    pub loaded_at: Option<Millis>,
    /// Why the last page did not arrive; the list does not ask again by itself.
    pub error: Option<String>,
    anchor: Option<String>,
    pages: Vec<Slot>,
    next: Next,
}

/// Loaded rows, filtered here while the server searches all of them.
#[derive(Debug)]
pub struct Narrowed {
    known: Vec<Row>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
struct Slot {
    cursor: Option<String>,
    start: usize,
    len: usize,
    rows: Option<Vec<Row>>,
}

#[derive(Debug, PartialEq)]
enum Next {
    First,
    At(String),
    End,
}

fn initial_filter(kind: Kind) -> (String, Vec<Parameter>) {
    kind.initial_filter()
        .map_or_else(Default::default, |(text, parameter)| (text.to_owned(), vec![parameter]))
}

impl List {
    pub fn new(kind: Kind) -> Self {
        let (filter, parameters) = initial_filter(kind);
        Self {
            kind,
            filter,
            parameters,
            order: 0,
            reverse: false,
            from_end: false,
            total: None,
            counted: None,
            selected: 0,
            top: 0,
            wish: None,
            marks: BTreeMap::new(),
            range: None,
            column: None,
            narrowed: None,
            loaded_at: None,
            error: None,
            anchor: None,
            pages: Vec::new(),
            next: Next::First,
        }
    }

    /// Whether another filter than the initial one is in force.
    pub fn is_filtered(&self) -> bool {
        self.filter != self.kind.initial_filter().map_or("", |(text, _)| text)
    }

    /// Goes back to the initial filter.
    pub fn drop_filter(&mut self) {
        (self.filter, self.parameters) = initial_filter(self.kind);
        self.reset();
    }

    /// Drops all rows, because another question is asked from now on.
    pub fn reset(&mut self) {
        self.pages.clear();
        self.next = Next::First;
        (self.selected, self.top, self.wish, self.anchor, self.counted) = (0, 0, None, None, None);
        self.marks.clear();
        (self.range, self.error) = (None, None);
    }

    /// Filters the loaded rows while a filter is typed.
    pub fn narrow(&mut self, text: &str) {
        let known = match self.narrowed.take() {
            Some(narrowed) => narrowed.known,
            None => self.pages.iter().filter_map(|page| page.rows.as_ref()).flatten().cloned().collect(),
        };
        let rows = known.iter().filter(|row| self.kind.keeps(text, row)).cloned().collect();
        self.narrowed = Some(Narrowed { known, rows });
    }

    /// The order in which the server sends the rows, and its index.
    pub fn order_in_force(&self) -> (usize, Option<&'static Order>) {
        let index = self.kind.order_in_force(self.order, &self.parameters);
        (index, self.kind.orders().get(index))
    }

    /// Rows that are known to exist, loaded or not.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |page| page.start + page.len)
    }

    pub fn has_more(&self) -> bool {
        self.next != Next::End
    }

    /// A row, if it is loaded.
    pub fn row(&self, index: usize) -> Option<&Row> {
        let page = self.pages.get(self.page_of(index)?)?;
        page.rows.as_ref()?.get(index - page.start)
    }

    pub fn current(&self) -> Option<&Row> {
        self.row(self.selected)
    }

    fn page_of(&self, index: usize) -> Option<usize> {
        let after = self.pages.partition_point(|page| page.start + page.len <= index);
        self.pages.get(after).filter(|page| page.start <= index).map(|_| after)
    }

    /// Moves the cursor down by so many rows of the screen, and the view with it.
    pub fn move_by(&mut self, by: isize, height: usize) {
        let by = if self.from_end { by.saturating_neg() } else { by };
        let from = if by > 0 { self.wish.unwrap_or(self.selected) } else { self.selected };
        self.select(from.saturating_add_signed(by), height);
    }

    /// Scrolls the view by so many rows of the screen; the cursor stays where it can.
    pub fn scroll_by(&mut self, by: isize, height: usize) {
        let by = if self.from_end { by.saturating_neg() } else { by };
        let last = self.len().saturating_sub(height);
        self.top = self.top.saturating_add_signed(by).min(last);
        let seen = self.top..=self.top + height.max(1) - 1;
        self.selected = self.selected.clamp(*seen.start(), *seen.end()).min(self.len().saturating_sub(1));
        self.anchor = self.current().map(|row| row.key());
    }

    /// Puts the cursor on a row. Where that is not known yet, it goes on as pages arrive.
    pub fn select(&mut self, index: usize, height: usize) {
        let last = self.len().saturating_sub(1);
        self.wish = (index > last && self.has_more() && self.error.is_none()).then_some(index);
        self.selected = index.min(last);
        self.anchor = self.current().map(|row| row.key());
        self.keep_in_view(height);
    }

    /// The row on a line of the list.
    pub fn index_at(&self, line: usize, height: usize) -> Option<usize> {
        let shown = self.len().saturating_sub(self.top).min(height);
        let line = if self.from_end { shown.checked_sub(line + 1)? } else { line };
        let index = self.top + line;
        (line < shown).then_some(index)
    }

    /// Scrolls so that the cursor is visible.
    pub fn keep_in_view(&mut self, height: usize) {
        let height = height.max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(height), self.selected);
    }

    /// The page that the view needs next: its number and its request.
    pub fn wanted(&self, height: usize) -> Option<(usize, PageRequest)> {
        if self.error.is_some() {
            return None;
        }
        let first = self.page_of(self.top);
        let last = self.page_of(self.top + height).or(self.pages.len().checked_sub(1));
        if let (Some(first), Some(last)) = (first, last)
            && let Some(gone) =
                (first..=last).find(|page| self.pages.get(*page).is_some_and(|page| page.rows.is_none()))
        {
            return Some((gone, self.request(self.pages.get(gone)?.cursor.clone())));
        }
        // One view ahead, so that scrolling does not wait.
        if self.wish.is_none() && self.top + 2 * height < self.len() {
            return None;
        }
        let cursor = match &self.next {
            Next::First => None,
            Next::At(cursor) => Some(cursor.clone()),
            Next::End => return None,
        };
        Some((self.pages.len(), self.request(cursor)))
    }

    /// The visible page, to be read again.
    pub fn refresh(&self) -> Option<(usize, PageRequest)> {
        // An empty page has no visible row, but may get some.
        let page = self.page_of(self.top).or_else(|| self.pages.len().checked_sub(1))?;
        Some((page, self.request(self.pages.get(page)?.cursor.clone())))
    }

    fn request(&self, cursor: Option<String>) -> PageRequest {
        PageRequest {
            kind: self.kind,
            parameters: self.parameters.clone(),
            order: self.order,
            reverse: self.reverse != self.from_end,
            cursor,
            limit: PAGE,
        }
    }

    /// Takes a page, and tells whether anything changed.
    pub fn accept(&mut self, number: usize, page: Page, height: usize, now: Millis) -> bool {
        self.loaded_at = Some(now);
        self.error = None;
        let known = self.pages.get(number);
        if known.is_some_and(|known| known.rows.as_ref() == Some(&page.rows)) && self.total == page.total {
            return false;
        }
        if number > self.pages.len() {
            return false;
        }
        if known.is_some() {
            // The rows have changed since they were counted.
            self.counted = None;
        }
        self.total = page.total.or(self.total);
        let start = known.map_or_else(|| self.len(), |known| known.start);
        let cursor = match (known, &self.next) {
            (Some(known), _) => known.cursor.clone(),
            (None, Next::At(cursor)) => Some(cursor.clone()),
            (None, Next::First | Next::End) => None,
        };
        let len = page.rows.len();
        let next = page.next.map_or(Next::End, Next::At);
        let follows = self.pages.get(number + 1).map(|next| next.cursor.clone());
        let same_end = match (&follows, &next) {
            (Some(cursor), Next::At(next)) => cursor.as_deref() == Some(next.as_str()),
            (Some(_), Next::First | Next::End) => false,
            (None, _) => true,
        };
        let same_len = known.is_some_and(|known| known.len == len);
        if !(same_len && same_end && follows.is_some()) {
            // The pages behind it begin elsewhere now; they are read again once they are visible.
            self.pages.truncate(number);
            self.next = next;
        }
        let slot = Slot { cursor, start, len, rows: Some(page.rows) };
        match self.pages.get_mut(number) {
            Some(known) => *known = slot,
            None => self.pages.push(slot),
        }
        self.find_anchor(number);
        self.drop_distant_pages();
        self.selected = self.selected.min(self.len().saturating_sub(1));
        if let Some(wish) = self.wish {
            self.select(wish, height);
        }
        if self.anchor.is_none() {
            self.anchor = self.current().map(|row| row.key());
        }
        self.keep_in_view(height);
        true
    }

    /// Puts the cursor back on its row, where the page still has it.
    fn find_anchor(&mut self, number: usize) {
        let (Some(anchor), Some(page)) = (&self.anchor, self.pages.get(number)) else { return };
        let found = page.rows.iter().flatten().position(|row| row.key() == *anchor);
        if let Some(index) = found {
            let index = page.start + index;
            self.top = (self.top + index).saturating_sub(self.selected);
            self.selected = index;
        } else if self.page_of(self.selected) == Some(number) {
            self.anchor = self.current().map(|row| row.key());
        }
    }

    /// Drops the rows of the pages furthest from the view.
    fn drop_distant_pages(&mut self) {
        let here = self.page_of(self.top).unwrap_or_default();
        let mut loaded: Vec<usize> = self
            .pages
            .iter()
            .enumerate()
            .filter(|(_, page)| page.rows.is_some())
            .map(|(number, _)| number)
            .collect();
        loaded.sort_by_key(|number| number.abs_diff(here));
        for number in loaded.into_iter().skip(KEPT) {
            if let Some(page) = self.pages.get_mut(number) {
                page.rows = None;
            }
        }
    }

    /// Marks the row under the cursor, or unmarks it; marks the range if one was begun.
    pub fn mark(&mut self) {
        if self.range.is_some() {
            self.mark_range();
        } else if let Some(row) = self.current().cloned() {
            let key = row.key();
            if self.marks.remove(&key).is_none() {
                self.marks.insert(key, row);
            }
        }
    }

    /// Begins a range of marks at the cursor, or ends the one that was begun.
    pub fn toggle_range(&mut self) {
        if self.range.is_some() {
            self.mark_range();
        } else {
            self.range = self.current().map(|row| row.key());
        }
    }

    /// The rows of the range. Where its beginning is no longer known, it is the cursor alone.
    pub fn ranged(&self) -> Option<RangeInclusive<usize>> {
        let key = self.range.as_ref()?;
        let known = self.pages.iter().find_map(|page| {
            let at = page.rows.as_ref()?.iter().position(|row| row.key() == *key)?;
            Some(page.start + at)
        });
        let from = known.unwrap_or(self.selected);
        Some(from.min(self.selected)..=from.max(self.selected))
    }

    fn mark_range(&mut self) {
        let rows: Vec<Row> =
            self.ranged().into_iter().flatten().filter_map(|index| self.row(index).cloned()).collect();
        self.marks.extend(rows.into_iter().map(|row| (row.key(), row)));
        self.range = None;
    }

    /// Marks all visible rows, or removes all marks if they are all marked.
    pub fn mark_view(&mut self, height: usize) {
        let rows: Vec<Row> =
            (self.top..self.top + height).filter_map(|index| self.row(index).cloned()).collect();
        if rows.iter().all(|row| self.marks.contains_key(&row.key())) {
            self.marks.clear();
        } else {
            self.marks.extend(rows.into_iter().map(|row| (row.key(), row)));
        }
    }

    /// The rows that a command acts on, in the order of the list: the marked ones and those of the range, or the
    /// one under the cursor.
    pub fn chosen(&self) -> Vec<Row> {
        if self.marks.is_empty() && self.range.is_none() {
            return self.current().cloned().into_iter().collect();
        }
        let mut marks = self.marks.clone();
        let ranged = self.ranged().into_iter().flatten().filter_map(|index| self.row(index));
        marks.extend(ranged.map(|row| (row.key(), row.clone())));
        let loaded = self.pages.iter().filter_map(|page| page.rows.as_ref()).flatten();
        let mut chosen: Vec<Row> = loaded.filter_map(|row| marks.remove(&row.key())).collect();
        if self.from_end {
            chosen.reverse();
        }
        chosen.extend(marks.into_values());
        chosen
    }
}

#[cfg(test)]
mod tests;
