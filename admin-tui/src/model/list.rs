//! A list of any length, of which only pages around the view are kept.
//!
//! Pages come by cursors, one after the other; a page that was let go comes back by the cursor it had. What is
//! selected is held by its key: rows may move under it when a page is read again.

use std::collections::BTreeMap;

use yibi_common::admin::Count;

use crate::filter::Parameter;
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
    /// When a page last came.
    pub loaded_at: Option<Millis>,
    /// Why the last page did not come; nothing is asked again by itself then.
    pub trouble: Option<String>,
    anchor: Option<String>,
    pages: Vec<Slot>,
    next: Next,
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
        self.trouble = None;
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
        let page = self.page_of(self.top)?;
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

    /// Marks the row under the cursor, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(row) = self.current().cloned() {
            let key = row.key();
            if self.marks.remove(&key).is_none() {
                self.marks.insert(key, row);
            }
        }
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

    /// The rows that a command is about: the marked ones, or the one under the cursor.
    pub fn chosen(&self) -> Vec<Row> {
        if self.marks.is_empty() {
            self.current().cloned().into_iter().collect()
        } else {
            self.marks.values().cloned().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::{Change, Count};

    use super::*;

    const HEIGHT: usize = 20;

    fn row(number: usize) -> Row {
        Row::Audit(yibi_common::admin::AuditEntry {
            at: String::new(),
            who: String::new(),
            from: String::new(),
            change: Change::BlockUser,
            user: String::new(),
            target: None,
            request_id: number.to_string(),
        })
    }

    fn page(rows: std::ops::Range<usize>, next: Option<usize>) -> Page {
        let total = Some(Count { value: 1_000_000, exact: false });
        let next = next.map(|next| next.to_string());
        Page { rows: rows.map(row).collect(), next, total, now: String::new() }
    }

    /// Answers everything the list wants, as a server with a million rows would.
    fn settle(list: &mut List) {
        while let Some((number, request)) = list.wanted(HEIGHT) {
            let from = request.cursor.map_or(0, |cursor| cursor.parse().unwrap());
            list.accept(number, page(from..from + 200, Some(from + 200)), HEIGHT, 0);
        }
    }

    fn loaded(list: &List) -> usize {
        list.pages.iter().filter_map(|page| page.rows.as_ref()).map(Vec::len).sum()
    }

    #[test]
    fn a_million_rows_cost_twenty_pages() {
        let mut list = List::new(Kind::Audit);
        settle(&mut list);
        while list.len() < 30_000 {
            list.move_by(150, HEIGHT);
            settle(&mut list);
        }
        assert!(loaded(&list) <= KEPT * 200, "{}", loaded(&list));
        assert!(list.row(0).is_none());
        assert_eq!(list.current(), Some(&row(list.selected)));
        list.select(0, HEIGHT);
        settle(&mut list);
        assert_eq!(list.current(), Some(&row(0)));
        assert!(loaded(&list) <= KEPT * 200);
    }

    #[test]
    fn the_cursor_stays_on_its_row_when_rows_come_before_it() {
        let mut list = List::new(Kind::Audit);
        list.accept(0, page(100..300, Some(300)), HEIGHT, 0);
        list.select(30, HEIGHT);
        let (selected, top) = (list.selected, list.top);
        let mut rows = page(90..290, Some(290));
        assert!(list.accept(0, rows.clone(), HEIGHT, 1));
        assert_eq!(list.current(), Some(&row(130)));
        assert_eq!((list.selected, list.top), (selected + 10, top + 10));
        rows.rows.retain(|other| *other != row(130));
        list.accept(0, rows, HEIGHT, 2);
        assert_eq!(list.current(), Some(&row(131)));
    }

    #[test]
    fn a_page_without_news_changes_nothing() {
        let mut list = List::new(Kind::Audit);
        assert!(list.accept(0, page(0..200, Some(200)), HEIGHT, 0));
        assert!(!list.accept(0, page(0..200, Some(200)), HEIGHT, 1));
        assert!(list.accept(0, page(0..199, None), HEIGHT, 2));
        assert_eq!((list.len(), list.has_more()), (199, false));
    }

    #[test]
    fn empty_pages_lead_on() {
        let mut list = List::new(Kind::Audit);
        list.accept(0, page(0..0, Some(5)), HEIGHT, 0);
        let (number, request) = list.wanted(HEIGHT).unwrap();
        assert_eq!((number, request.cursor.as_deref()), (1, Some("5")));
        list.accept(1, page(5..8, None), HEIGHT, 0);
        assert_eq!((list.len(), list.current()), (3, Some(&row(5))));
        assert!(list.wanted(HEIGHT).is_none());
    }

    #[test]
    fn a_shorter_page_forgets_what_lay_behind_it() {
        let mut list = List::new(Kind::Audit);
        list.accept(0, page(0..200, Some(200)), HEIGHT, 0);
        list.accept(1, page(200..400, Some(400)), HEIGHT, 0);
        list.select(399, HEIGHT);
        list.accept(0, page(0..10, None), HEIGHT, 0);
        assert_eq!((list.len(), list.selected), (10, 9));
        list.accept(5, page(0..10, None), HEIGHT, 0);
        assert_eq!(list.len(), 10);
    }

    #[test]
    fn marks_are_toggled() {
        let mut list = List::new(Kind::Audit);
        list.accept(0, page(0..30, None), HEIGHT, 0);
        assert_eq!(list.chosen(), [row(0)]);
        list.mark();
        list.move_by(1, HEIGHT);
        list.mark();
        assert_eq!(list.chosen().len(), 2);
        list.mark();
        assert_eq!(list.chosen(), [row(0)]);
        list.mark_view(HEIGHT);
        assert_eq!(list.marks.len(), HEIGHT);
        list.mark_view(HEIGHT);
        assert!(list.marks.is_empty());
    }
}
