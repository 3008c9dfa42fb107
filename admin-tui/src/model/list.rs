//! A list of any length, of which only pages around the view are kept.
//!
//! Pages come by cursors, one after the other; a page that was let go comes back by the cursor it had. What is
//! selected is held by its key: rows may move under it when a page is read again.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use yibi_common::admin::Count;

use crate::filter::{self, Parameter};
use crate::moment::Millis;
use crate::request::{Kind, PAGE, PageRequest};
use crate::row::{Page, Row};

/// Pages that are kept at most.
const KEPT: usize = 20;

/// A list and the part of it that is seen.
#[derive(Debug)]
pub struct List {
    /// Which list.
    pub kind: Kind,
    /// The filter as it was typed.
    pub filter: String,
    /// The filter as it is asked for.
    pub parameters: Vec<Parameter>,
    /// An index of [`Kind::orders`].
    pub order: usize,
    /// Whether it is sorted from the other end.
    pub reverse: bool,
    /// Which question the pages answer: replies to an older one are dropped.
    pub generation: u64,
    /// All rows, whatever the filter, as the server last said.
    pub total: Option<Count>,
    /// How many the filter finds, once that was counted.
    pub counted: Option<Count>,
    /// The row under the cursor.
    pub selected: usize,
    /// The first row to be seen.
    pub top: usize,
    /// The rows marked, by their keys.
    pub marks: BTreeMap<String, Row>,
    /// The key of the row at which a range of marks begins; it ends under the cursor.
    pub range: Option<String>,
    /// The column to sort by when asked to, an index of the columns of the view.
    pub column: Option<usize>,
    /// What the filter being typed leaves of the rows that are known, until the server has answered.
    pub narrowed: Option<Narrowed>,
    /// When a page last came.
    pub loaded_at: Option<Millis>,
    /// Why the last page did not come; nothing is asked again by itself then.
    pub trouble: Option<String>,
    anchor: Option<String>,
    pages: Vec<Slot>,
    next: Next,
}

/// Rows narrowed down here while the server looks for all of them.
#[derive(Debug)]
pub struct Narrowed {
    known: Vec<Row>,
    /// Those that the filter keeps.
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

impl List {
    /// An empty list.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            filter: String::new(),
            parameters: Vec::new(),
            order: 0,
            reverse: false,
            generation: 0,
            total: None,
            counted: None,
            selected: 0,
            top: 0,
            marks: BTreeMap::new(),
            range: None,
            column: None,
            narrowed: None,
            loaded_at: None,
            trouble: None,
            anchor: None,
            pages: Vec::new(),
            next: Next::First,
        }
    }

    /// Forgets all rows: another question is asked from now on.
    pub fn ask_anew(&mut self) {
        self.generation += 1;
        self.pages.clear();
        self.next = Next::First;
        (self.selected, self.top, self.anchor, self.counted) = (0, 0, None, None);
        self.marks.clear();
        (self.range, self.trouble) = (None, None);
    }

    /// Narrows the rows that are known by a filter as it is typed.
    pub fn narrow(&mut self, text: &str) {
        let known = match self.narrowed.take() {
            Some(narrowed) => narrowed.known,
            None => self.pages.iter().filter_map(|page| page.rows.as_ref()).flatten().cloned().collect(),
        };
        let fields = self.kind.fields();
        let rows = known.iter().filter(|row| filter::keeps(text, fields, row)).cloned().collect();
        self.narrowed = Some(Narrowed { known, rows });
    }

    /// Rows that are known to be there.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |page| page.start + page.len)
    }

    /// Whether more follow.
    pub fn has_more(&self) -> bool {
        self.next != Next::End
    }

    /// A row; `None` where it is not loaded.
    pub fn row(&self, index: usize) -> Option<&Row> {
        let page = self.pages.get(self.page_of(index)?)?;
        page.rows.as_ref()?.get(index - page.start)
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&Row> {
        self.row(self.selected)
    }

    fn page_of(&self, index: usize) -> Option<usize> {
        let after = self.pages.partition_point(|page| page.start + page.len <= index);
        self.pages.get(after).filter(|page| page.start <= index).map(|_| after)
    }

    /// Moves the cursor by so many rows, and the view with it.
    pub fn move_by(&mut self, by: isize, height: usize) {
        self.select(self.selected.saturating_add_signed(by), height);
    }

    /// Puts the cursor on a row, or on the last that is known.
    pub fn select(&mut self, index: usize, height: usize) {
        self.selected = index.min(self.len().saturating_sub(1));
        self.anchor = self.current().map(Row::key);
        self.keep_in_view(height);
    }

    /// Moves the view so that the cursor is in it.
    pub fn keep_in_view(&mut self, height: usize) {
        let height = height.max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(height), self.selected);
    }

    /// The page to be asked for next, if the view needs one: its number and its request.
    pub fn wanted(&self, height: usize) -> Option<(usize, PageRequest)> {
        if self.trouble.is_some() {
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
        if self.top + 2 * height < self.len() {
            return None;
        }
        let cursor = match &self.next {
            Next::First => None,
            Next::At(cursor) => Some(cursor.clone()),
            Next::End => return None,
        };
        Some((self.pages.len(), self.request(cursor)))
    }

    /// The page that is seen, to be read again.
    pub fn refresh(&self) -> Option<(usize, PageRequest)> {
        // An empty page has no row to be seen, but may get some.
        let page = self.page_of(self.top).or_else(|| self.pages.len().checked_sub(1))?;
        Some((page, self.request(self.pages.get(page)?.cursor.clone())))
    }

    fn request(&self, cursor: Option<String>) -> PageRequest {
        PageRequest {
            kind: self.kind,
            parameters: self.parameters.clone(),
            order: self.order,
            reverse: self.reverse,
            cursor,
            limit: PAGE,
        }
    }

    /// Takes a page that came; whether anything of it is new.
    pub fn accept(&mut self, number: usize, page: Page, height: usize, now: Millis) -> bool {
        self.loaded_at = Some(now);
        self.trouble = None;
        let known = self.pages.get(number);
        if known.is_some_and(|known| known.rows.as_ref() == Some(&page.rows)) && self.total == page.total {
            return false;
        }
        if number > self.pages.len() {
            return false;
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
            // What lay behind it begins elsewhere now, and is asked for again where it is seen.
            self.pages.truncate(number);
            self.next = next;
        }
        let slot = Slot { cursor, start, len, rows: Some(page.rows) };
        match self.pages.get_mut(number) {
            Some(known) => *known = slot,
            None => self.pages.push(slot),
        }
        self.find_anchor(number);
        self.let_go();
        self.selected = self.selected.min(self.len().saturating_sub(1));
        if self.anchor.is_none() {
            self.anchor = self.current().map(Row::key);
        }
        self.keep_in_view(height);
        true
    }

    /// Puts the cursor back on the row it was on, where that is still in the page.
    fn find_anchor(&mut self, number: usize) {
        let (Some(anchor), Some(page)) = (&self.anchor, self.pages.get(number)) else { return };
        let found = page.rows.iter().flatten().position(|row| row.key() == *anchor);
        if let Some(index) = found {
            let index = page.start + index;
            self.top = (self.top + index).saturating_sub(self.selected);
            self.selected = index;
        } else if self.page_of(self.selected) == Some(number) {
            self.anchor = self.current().map(Row::key);
        }
    }

    /// Lets go of the pages furthest from the view.
    fn let_go(&mut self) {
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

    /// Marks the row under the cursor, or takes its mark away; or marks the range that was begun.
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

    /// Begins a range of marks under the cursor, or ends the one that was begun.
    pub fn toggle_range(&mut self) {
        if self.range.is_some() {
            self.mark_range();
        } else {
            self.range = self.current().map(Row::key);
        }
    }

    /// The rows from where a range was begun to the cursor. A beginning that is no longer known is the cursor.
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

    /// Marks all rows in view, or takes all marks away where they are all marked.
    pub fn mark_view(&mut self, height: usize) {
        let rows: Vec<Row> =
            (self.top..self.top + height).filter_map(|index| self.row(index).cloned()).collect();
        if rows.iter().all(|row| self.marks.contains_key(&row.key())) {
            self.marks.clear();
        } else {
            self.marks.extend(rows.into_iter().map(|row| (row.key(), row)));
        }
    }

    /// The rows that a command is about: the marked ones and those of a range, or the one under the cursor.
    pub fn chosen(&self) -> Vec<Row> {
        let mut chosen = self.marks.clone();
        let ranged = self.ranged().into_iter().flatten().filter_map(|index| self.row(index));
        chosen.extend(ranged.map(|row| (row.key(), row.clone())));
        if chosen.is_empty() {
            self.current().cloned().into_iter().collect()
        } else {
            chosen.into_values().collect()
        }
    }
}

#[cfg(test)]
mod tests;
