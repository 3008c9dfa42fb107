use super::*;

#[test]
fn late_answers_are_dropped() {
    let mut desk = sessions(80, 24);
    let first = desk.press("/nick<C-u>dialect:yibi<Enter>");
    let second = desk.press("/<C-u>dialect:weapp<Enter>");
    desk.answer(&first, Slot::List(Kind::Sessions), Ok(page(vec![session(9, "late", 1)], None)));
    assert_eq!(desk.model.lists[&Kind::Sessions].len(), 0);
    let (_, request) = sent(&second, Slot::List(Kind::Sessions)).unwrap();
    assert!(request.path().contains("dialect=weapp"), "{}", request.path());
    desk.answer(&second, Slot::List(Kind::Sessions), Ok(page(vec![session(8, "now", 1)], None)));
    assert_eq!(desk.model.lists[&Kind::Sessions].len(), 1);
}

#[test]
fn a_filter_that_is_wrong_says_so_and_asks_nothing() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("/color:red<Enter>");
    assert!(effects.is_empty());
    let Some(Overlay::Filter(prompt)) = &desk.model.overlay else { panic!("no prompt") };
    let error = prompt.error.as_deref().unwrap();
    assert!(error.contains("no filter color:") && prompt.input.text == "color:red");
}

#[test]
fn the_far_end_of_a_long_list_is_the_other_order() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("3");
    desk.answer(
        &effects,
        Slot::List(Kind::Users),
        Ok(page((0..200).map(|n| session(n, "", 1)).collect(), Some("c"))),
    );
    desk.model.pending.clear();
    let effects = desk.press("G");
    let (_, request) = sent(&effects, Slot::List(Kind::Users)).unwrap();
    assert_eq!(request.path(), "/admin/v1/users?reverse=true&limit=200");
}

#[test]
fn the_palette_finds_commands_and_opens_ids() {
    let mut desk = sessions(80, 24);
    desk.press(":audit<Enter>");
    assert_eq!(desk.model.view, View::List(Kind::Audit));
    let effects = desk.press(":req abc<Enter>");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Failed("abc".into()));
    let no = Trouble::Refused { status: 404, code: "not_found".into(), words: "no such request".into() };
    desk.answer(&effects, Slot::Detail, Err(no));
    assert!(desk.model.details.is_empty());
    desk.press(":zzz<Enter>");
    assert!(desk.model.flash.as_ref().unwrap().bad);
}

#[test]
fn rows_narrow_at_once_and_the_server_is_asked_when_typing_pauses() {
    let mut desk = sessions(80, 24);
    let narrowed = |desk: &Desk| desk.model.list().unwrap().narrowed.as_ref().map(|known| known.rows.len());
    assert!(desk.press("/oX00000").is_empty());
    assert_eq!(narrowed(&desk), Some(3));
    desk.press("2");
    assert_eq!(narrowed(&desk), Some(1));
    assert!(desk.wait(149).is_empty());
    let effects = desk.wait(1);
    let (_, request) = sent(&effects, Slot::List(Kind::Sessions)).unwrap();
    assert!(request.path().contains("openid=oX000002"), "{}", request.path());
    assert_eq!(narrowed(&desk), Some(1), "what is known is shown until the server has answered");
    desk.answer(&effects, Slot::List(Kind::Sessions), Ok(page(vec![session(2, "", 1)], None)));
    assert_eq!((narrowed(&desk), desk.model.list().unwrap().len()), (None, 1));
    // What is half typed is not asked for, and not complained of.
    desk.press("<C-u>dialect:yi");
    assert!(desk.wait(1000).is_empty());
    let effects = desk.press("<Esc>");
    let (_, request) = sent(&effects, Slot::List(Kind::Sessions)).unwrap();
    assert_eq!(request.path(), "/admin/v1/sessions?limit=200");
    assert_eq!(narrowed(&desk), None);
}

#[test]
fn a_list_without_filters_of_the_server_is_narrowed_here() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("7/block_user<Enter>");
    let (_, request) = sent(&effects, Slot::List(Kind::Audit)).unwrap();
    assert_eq!(request.path(), "/admin/v1/audit?limit=200");
    let Request::Page(request) = request else { panic!("no page") };
    assert_eq!(crate::filter::held_here(&request.parameters), Some("block_user"));
}

#[test]
fn the_way_back_and_forth() {
    let mut desk = sessions(80, 24);
    desk.press("<Enter>4");
    let opened = |desk: &Desk| desk.model.details.len();
    assert_eq!((desk.model.view, opened(&desk)), (View::List(Kind::Drawings), 0));
    let effects = desk.press("[");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Session("session-0001".into()));
    assert_eq!((desk.model.view, opened(&desk)), (View::List(Kind::Sessions), 1));
    desk.press("[");
    assert_eq!((desk.model.view, opened(&desk)), (View::List(Kind::Sessions), 0));
    desk.press("]]");
    assert_eq!((desk.model.view, opened(&desk)), (View::List(Kind::Drawings), 0));
}

#[test]
fn a_column_is_chosen_and_sorted_by() {
    let mut desk = drawings(80, 24);
    let path = |effects: &[Effect]| sent(effects, Slot::List(Kind::Drawings)).unwrap().1.path();
    assert_eq!(path(&desk.press("hS")), "/admin/v1/drawings?order=size&limit=200");
    assert_eq!(path(&desk.press("S")), "/admin/v1/drawings?order=size&reverse=true&limit=200");
    assert_eq!(path(&desk.press("lS")), "/admin/v1/drawings?limit=200");
}

#[test]
fn goto_finds_rows_moments_and_ids() {
    let mut desk = drawings(80, 24);
    desk.press(":goto d002<Enter>");
    assert_eq!(desk.model.list().unwrap().selected, 1);
    let effects = desk.press(":goto 2026-11-19T00:00:00Z<Enter>");
    let (_, request) = sent(&effects, Slot::List(Kind::Drawings)).unwrap();
    assert!(request.path().contains("until=2026-11-19T00%3A00%3A00Z"), "{}", request.path());
    let mut desk = sessions(80, 24);
    let effects = desk.press(":goto abc<Enter>");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Session("abc".into()));
}

#[test]
fn json_is_read_and_searched() {
    let mut desk = sessions(80, 24);
    desk.press("d/微信<Enter>");
    let Some(Overlay::Text(reader)) = &desk.model.overlay else { panic!("no text") };
    let first = reader.top;
    assert!(reader.lines[first].contains("微信"), "{:?}", reader.lines);
    desk.press("/user<Enter>");
    let at = |desk: &Desk| match &desk.model.overlay {
        Some(Overlay::Text(reader)) => reader.top,
        _ => panic!("no text"),
    };
    let found = at(&desk);
    desk.press("n");
    let next = at(&desk);
    desk.press("N");
    assert_eq!(at(&desk), found);
    assert_ne!(next, found);
    desk.press("<Esc>");
    let Some(Effect::Page(text)) = desk.press("e").pop() else { panic!("nothing to page") };
    assert!(text.contains("session-0001"));
}

#[test]
fn the_drawing_under_the_cursor_is_loaded_once_the_cursor_rests() {
    let mut desk = drawings(120, 40);
    assert!(sent(&desk.wait(119), Slot::Preview).is_none());
    desk.press("j");
    let effects = desk.wait(120);
    let (_, request) = sent(&effects, Slot::Preview).unwrap();
    assert_eq!(request.path(), "/admin/v1/users/user-0001/drawings/d002");
    let effects = desk.press("k");
    assert!(effects.contains(&Effect::Cancel(Slot::Preview)));
    let effects = desk.wait(120);
    let Row::Drawing(row) = drawing(1, "山") else { panic!("no drawing") };
    let drawn = Drawn { row, since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Preview, Ok(Reply::Drawing(Box::new(drawn))));
    assert!(desk.model.preview.as_ref().unwrap().player.is_some());
    desk.model.flash = None;
    assert!(desk.wait(1).is_empty(), "it is loaded once");
}

#[test]
fn who_cannot_at_the_moment_is_asked_again() {
    let refused =
        |status| Err(Trouble::Refused { status, code: "unavailable".into(), words: "try again soon".into() });
    for (status, again) in [(503, true), (403, false)] {
        let mut desk = sessions(80, 24);
        let effects = desk.press("3");
        desk.answer(&effects, Slot::List(Kind::Users), refused(status));
        assert!(sent(&desk.wait(4_999), Slot::List(Kind::Users)).is_none());
        assert_eq!(sent(&desk.wait(1), Slot::List(Kind::Users)).is_some(), again, "{status}");
    }
}
