use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::layout;

fn at(kind: MouseEventKind, column: u16, row: u16) -> Msg {
    Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

fn click(column: u16, row: u16) -> Msg {
    at(MouseEventKind::Down(MouseButton::Left), column, row)
}

#[test]
fn rows_are_selected_and_opened() {
    let mut desk = sessions(80, 24);
    desk.tell(click(10, 5));
    assert_eq!(desk.model.list().unwrap().selected, 2);
    desk.tell(click(10, 20));
    assert_eq!(desk.model.list().unwrap().selected, 2, "there is no row");
    desk.tell(click(10, 3));
    let effects = desk.tell(click(10, 3));
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Session("session-0001".into()));
}

#[test]
fn tabs_are_clicked() {
    for width in [60, 80, 120] {
        let mut desk = sessions(width, 24);
        let found: Vec<View> = (0..width)
            .filter_map(|column| layout::tab_at(&desk.model.tabs(), column))
            .fold(Vec::new(), |mut seen, view| {
                if seen.last() != Some(&view) {
                    seen.push(view);
                }
                seen
            });
        assert_eq!(found, View::ALL, "{width}");
        let column = (0..width)
            .find(|column| layout::tab_at(&desk.model.tabs(), *column) == Some(View::Live))
            .unwrap();
        desk.tell(click(column, 0));
        assert_eq!(desk.model.view, View::Live);
    }
}

#[test]
fn the_scrubber_follows_the_mouse() {
    let mut desk = replaying(80, 24);
    let position = |desk: &Desk| match desk.model.details.last() {
        Some(Detail::Drawing(drawing)) => {
            let player = drawing.player.as_ref().unwrap();
            (player.position(), player.length())
        }
        _ => panic!("no drawing"),
    };
    let (start, room) = match desk.model.details.last() {
        Some(Detail::Drawing(drawing)) => layout::scrubber(drawing.player.as_ref().unwrap(), 80),
        _ => panic!("no drawing"),
    };
    desk.tell(click(start, 21));
    assert_eq!(position(&desk).0, 0);
    desk.tell(at(MouseEventKind::Drag(MouseButton::Left), start + room - 1, 21));
    assert_eq!(position(&desk).0, position(&desk).1);
    desk.tell(click(start, 10));
    assert_eq!(position(&desk).0, position(&desk).1, "a click on the picture does not move the scrubber");
}

#[test]
fn the_wheel_scrolls_the_view() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("3");
    let rows = (0..100).map(|number| session(number, "", 1)).collect();
    desk.answer(&effects, Slot::List(Kind::Users), Ok(page(rows, None)));
    desk.press("jjjjjjjjjj");
    desk.tell(at(MouseEventKind::ScrollDown, 10, 5));
    let list = desk.model.list().unwrap();
    assert_eq!((list.top, list.selected), (3, 10));
    for _ in 0..100 {
        desk.tell(at(MouseEventKind::ScrollUp, 10, 5));
    }
    assert_eq!(desk.model.list().unwrap().top, 0);
}

#[test]
fn heads_hints_and_buttons_are_clicked() {
    let mut desk = drawings(80, 24);
    let order = |desk: &Desk| (desk.model.list().unwrap().order, desk.model.list().unwrap().reverse);
    let head = |desk: &Desk, order: usize| {
        let (kind, width) = (desk.model.list().unwrap().kind, desk.model.list_width());
        let column = kind.column(order).unwrap();
        let at = |x: &u16| crate::lists::columns::at(kind.columns(), width, *x) == Some(column);
        (0..width).find(at).unwrap()
    };
    let x = head(&desk, 2);
    desk.tell(click(x, 2));
    assert_eq!(order(&desk), (2, false));
    desk.tell(click(x, 2));
    assert_eq!(order(&desk), (2, true));
    let mut desk = drawings(80, 24);
    let hint = desk.model.hints().into_iter().find(|hint| hint.word == "delete").unwrap();
    desk.tell(click(hint.x, 23));
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    let place = confirm.place((80, 24));
    let (row, go) = (place.bottom() - 3, place.x + 3 + 10 + 3 + 1);
    let effects = desk.tell(click(go, row));
    assert!(sent(&effects, Slot::Act).is_some());
}
