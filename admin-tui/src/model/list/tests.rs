use yibi_common::admin::{Change, Count};

use super::*;

const HEIGHT: usize = 20;

fn row(number: usize) -> Row {
    Row::new(yibi_common::admin::AuditEntry {
        at: String::new(),
        who: String::new(),
        from: String::new(),
        change: Change::BlockUser,
        user: String::new(),
        target: None,
        reason: None,
        request_id: number.to_string(),
    })
}

fn page(rows: std::ops::Range<usize>, next: Option<usize>) -> Page {
    let total = Some(Count { value: 1_000_000, exact: false });
    let next = next.map(|next| next.to_string());
    Page { rows: rows.map(row).collect(), next, total, now: String::new() }
}

/// Answers every request of the list as a server with a million rows does.
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
fn an_unchanged_page_changes_nothing() {
    let mut list = List::new(Kind::Audit);
    assert!(list.accept(0, page(0..200, Some(200)), HEIGHT, 0));
    assert!(!list.accept(0, page(0..200, Some(200)), HEIGHT, 1));
    assert!(list.accept(0, page(0..199, None), HEIGHT, 2));
    assert_eq!((list.len(), list.has_more()), (199, false));
}

#[test]
fn empty_pages_lead_to_the_next() {
    let mut list = List::new(Kind::Audit);
    list.accept(0, page(0..0, Some(5)), HEIGHT, 0);
    let (number, request) = list.wanted(HEIGHT).unwrap();
    assert_eq!((number, request.cursor.as_deref()), (1, Some("5")));
    list.accept(1, page(5..8, None), HEIGHT, 0);
    assert_eq!((list.len(), list.current()), (3, Some(&row(5))));
    assert!(list.wanted(HEIGHT).is_none());
}

#[test]
fn a_shorter_page_drops_the_pages_behind_it() {
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
fn the_cursor_goes_on_as_pages_arrive() {
    let mut list = List::new(Kind::Audit);
    settle(&mut list);
    for _ in 0..60 {
        list.move_by(20, HEIGHT);
    }
    assert_eq!(list.wish, Some(1200));
    settle(&mut list);
    assert_eq!((list.selected, list.wish), (1200, None));
    // Moving back cancels the wish.
    list.move_by(100_000, HEIGHT);
    list.move_by(-1, HEIGHT);
    assert_eq!(list.wish, None);
}

#[test]
fn the_end_of_a_list_is_shown_from_the_bottom_up() {
    let mut list = List::new(Kind::Audit);
    list.from_end = true;
    assert!(list.wanted(HEIGHT).unwrap().1.reverse);
    list.accept(0, page(0..200, Some(200)), HEIGHT, 0);
    assert_eq!((list.index_at(0, HEIGHT), list.index_at(19, HEIGHT)), (Some(19), Some(0)));
    list.move_by(-3, HEIGHT);
    assert_eq!(list.selected, 3);
    list.move_by(1, HEIGHT);
    assert_eq!(list.selected, 2);
    list.mark();
    list.move_by(-1, HEIGHT);
    list.mark();
    assert_eq!(list.chosen(), [row(3), row(2)]);
    let mut short = List::new(Kind::Audit);
    short.from_end = true;
    short.accept(0, page(0..3, None), HEIGHT, 0);
    assert_eq!((short.index_at(0, HEIGHT), short.index_at(3, HEIGHT)), (Some(2), None));
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

#[test]
fn a_range_reaches_from_its_beginning_to_the_cursor() {
    let mut list = List::new(Kind::Audit);
    list.accept(0, page(100..130, None), HEIGHT, 0);
    list.select(7, HEIGHT);
    list.toggle_range();
    list.move_by(-3, HEIGHT);
    assert_eq!(list.ranged(), Some(4..=7));
    assert_eq!(list.chosen().len(), 4);
    // Rows that come before it move it along.
    list.accept(0, page(98..128, None), HEIGHT, 1);
    assert_eq!(list.ranged(), Some(6..=9));
    list.toggle_range();
    assert_eq!((list.marks.len(), list.range.is_none()), (4, true));
    list.toggle_range();
    list.accept(0, page(120..130, None), HEIGHT, 2);
    assert_eq!(list.ranged().map(RangeInclusive::count), Some(1));
}
