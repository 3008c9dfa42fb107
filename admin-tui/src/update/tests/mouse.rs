use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::*;

fn at(kind: MouseEventKind, column: u16, row: u16) -> Msg {
    Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

fn click(column: u16, row: u16) -> Msg {
    at(MouseEventKind::Down(MouseButton::Left), column, row)
}

#[test]
fn rows_are_chosen_and_opened_and_scrolled() {
    let mut desk = sessions(80, 24);
    desk.tell(click(10, 5));
    assert_eq!(desk.model.list().unwrap().selected, 2);
    desk.tell(click(10, 20));
    assert_eq!(desk.model.list().unwrap().selected, 2, "there is no row");
    desk.tell(at(MouseEventKind::ScrollUp, 10, 5));
    assert_eq!(desk.model.list().unwrap().selected, 0);
    let effects = desk.tell(click(10, 3));
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Session("session-0001".into()));
}

#[test]
fn views_are_chosen_where_their_names_are() {
    for width in [60, 80, 120] {
        let mut desk = sessions(width, 24);
        let found: Vec<View> = (0..width)
            .filter_map(|column| crate::view::bar::tab_at(&desk.model, column))
            .fold(Vec::new(), |mut seen, view| {
                if seen.last() != Some(&view) {
                    seen.push(view);
                }
                seen
            });
        assert_eq!(found, View::ALL, "{width}");
        let column = (0..width)
            .find(|column| crate::view::bar::tab_at(&desk.model, *column) == Some(View::Live))
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
        Some(Detail::Drawing(drawing)) => {
            crate::view::replay::scrubber_span(drawing.player.as_ref().unwrap(), 80)
        }
        _ => panic!("no drawing"),
    };
    desk.tell(click(start, 21));
    assert_eq!(position(&desk).0, 0);
    desk.tell(at(MouseEventKind::Drag(MouseButton::Left), start + room - 1, 21));
    assert_eq!(position(&desk).0, position(&desk).1);
    desk.tell(click(start, 10));
    assert_eq!(position(&desk).0, position(&desk).1, "the picture is no scrubber");
}
