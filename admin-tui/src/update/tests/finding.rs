use super::*;

#[test]
fn late_replies_are_dropped() {
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
fn an_invalid_filter_is_explained_and_not_sent() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("/color:red<Enter>");
    assert!(effects.is_empty());
    let Some(Overlay::Filter(prompt)) = &desk.model.overlay else { panic!("no prompt") };
    let error = prompt.error.as_deref().unwrap();
    assert!(error.contains("no filter color:") && prompt.input.text == "color:red");
}

#[test]
fn the_end_of_a_long_list_is_read_in_the_reversed_order() {
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
    assert!(desk.model.list().unwrap().from_end);
    let rows = (0..200).map(|n| session(n, "", 1)).collect();
    desk.answer(&effects, Slot::List(Kind::Users), Ok(page(rows, Some("c"))));
    // The last row stands at the bottom; up leads towards the beginning.
    desk.press("k");
    assert_eq!(desk.model.list().unwrap().selected, 1);
    desk.press("G");
    assert_eq!(desk.model.list().unwrap().selected, 0);
    let effects = desk.press("g");
    let (_, request) = sent(&effects, Slot::List(Kind::Users)).unwrap();
    assert_eq!(request.path(), "/admin/v1/users?limit=200");
}

#[test]
fn the_palette_finds_commands_and_opens_ids() {
    let mut desk = sessions(80, 24);
    desk.press(":audit<Enter>");
    assert_eq!(desk.model.view, View::List(Kind::Audit));
    let effects = desk.press(":req abc<Enter>");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Failed("abc".into()));
    let no = ApiError::Refused { status: 404, code: "not_found".into(), words: "no such request".into() };
    desk.answer(&effects, Slot::Detail, Err(no));
    assert!(desk.model.details.is_empty());
    desk.press(":zzz<Enter>");
    assert!(desk.model.flash.as_ref().unwrap().bad);
}

#[test]
fn rows_are_filtered_at_once_and_the_server_is_asked_after_a_pause() {
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
    assert_eq!(narrowed(&desk), Some(1), "known rows stay until the server has answered");
    desk.answer(&effects, Slot::List(Kind::Sessions), Ok(page(vec![session(2, "", 1)], None)));
    assert_eq!((narrowed(&desk), desk.model.list().unwrap().len()), (None, 1));
    // An incomplete filter is neither sent nor reported.
    desk.press("<C-u>dialect:yi");
    assert!(desk.wait(1000).is_empty());
    let effects = desk.press("<Esc>");
    let (_, request) = sent(&effects, Slot::List(Kind::Sessions)).unwrap();
    assert_eq!(request.path(), "/admin/v1/sessions?limit=200");
    assert_eq!(narrowed(&desk), None);
}

#[test]
fn the_console_filters_lists_that_the_server_does_not() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("7/block_user<Enter>");
    let (_, request) = sent(&effects, Slot::List(Kind::Audit)).unwrap();
    assert_eq!(request.path(), "/admin/v1/audit?limit=200");
    let Request::Page(request) = request else { panic!("no page") };
    assert_eq!(crate::filter::local_text(&request.parameters), Some("block_user"));
}

#[test]
fn places_are_visited_back_and_forward() {
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
fn a_selected_column_is_sorted_by() {
    let mut desk = drawings(80, 24);
    let path = |effects: &[Effect]| sent(effects, Slot::List(Kind::Drawings)).unwrap().1.path();
    assert_eq!(path(&desk.press("hS")), "/admin/v1/drawings?order=size&limit=200");
    assert_eq!(path(&desk.press("S")), "/admin/v1/drawings?order=size&reverse=true&limit=200");
    assert_eq!(path(&desk.press("lS")), "/admin/v1/drawings?limit=200");
}

#[test]
fn goto_finds_rows_times_and_ids() {
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
fn json_is_shown_and_searched() {
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
fn the_drawing_under_a_resting_cursor_is_loaded() {
    let mut desk = drawings(120, 40);
    assert!(sent(&desk.wait(119), Slot::Preview).is_none());
    desk.press("j");
    let effects = desk.wait(120);
    let (_, request) = sent(&effects, Slot::Preview).unwrap();
    assert_eq!(request.path(), "/admin/v1/users/user-0001/drawings/d002");
    let effects = desk.press("k");
    assert!(effects.contains(&Effect::Cancel(Slot::Preview)));
    let effects = desk.wait(120);
    let drawn = Drawn { row: drawing_row(1, "山"), authors: Vec::new(), since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Preview, Ok(Reply::Drawing(Box::new(drawn))));
    assert!(desk.model.preview.as_ref().unwrap().player.is_some());
    desk.model.flash = None;
    assert!(desk.wait(1).is_empty(), "it is loaded once");
}

#[test]
fn an_unavailable_server_is_asked_again() {
    let refused = |status| {
        Err(ApiError::Refused { status, code: "unavailable".into(), words: "try again soon".into() })
    };
    for (status, again) in [(503, true), (403, false)] {
        let mut desk = sessions(80, 24);
        let effects = desk.press("3");
        desk.answer(&effects, Slot::List(Kind::Users), refused(status));
        assert!(sent(&desk.wait(4_999), Slot::List(Kind::Users)).is_none());
        assert_eq!(sent(&desk.wait(1), Slot::List(Kind::Users)).is_some(), again, "{status}");
    }
}

#[test]
fn local_filters_follow_the_rules_of_the_server() {
    let mut desk = sessions(80, 24);
    let narrowed = |desk: &Desk| desk.model.list().unwrap().narrowed.as_ref().map(|known| known.rows.len());
    // Openids are matched by their beginning, with case; users by their whole id.
    desk.press("/ox");
    assert_eq!(narrowed(&desk), Some(0));
    desk.press("<C-u>user:user-000");
    assert_eq!(narrowed(&desk), Some(0));
    assert!(desk.wait(1_000).is_empty(), "a part of an id is not sent");
    desk.press("<C-u>user:user-0001-and-mo");
    assert!(sent(&desk.wait(1_000), Slot::List(Kind::Sessions)).is_some());
}

#[test]
fn a_single_chinese_character_is_worth_a_request() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("3");
    desk.answer(&effects, Slot::List(Kind::Users), Ok(page(Vec::new(), None)));
    desk.press("/家");
    assert!(sent(&desk.wait(150), Slot::List(Kind::Users)).unwrap().1.path().contains("nickname="));
    desk.press("<C-u>a");
    assert!(sent(&desk.wait(150), Slot::List(Kind::Users)).is_none());
}

#[test]
fn a_nickname_filter_is_sorted_by_nickname() {
    let mut desk = sessions(80, 24);
    desk.press("3");
    let order = |desk: &Desk| desk.model.list().unwrap().order_in_force().1.unwrap().words;
    assert_eq!(order(&desk), "newest");
    desk.press("/nick:小<Enter>");
    assert_eq!(order(&desk), "by nickname");
}

#[test]
fn typed_ahead_pages_are_reached_as_they_arrive() {
    let mut desk = sessions(80, 24);
    let mut effects = desk.press("3");
    let rows = || (0..200).map(|n| session(n, "", 1)).collect::<Vec<_>>();
    for _ in 0..3 {
        effects = desk.answer(&effects, Slot::List(Kind::Users), Ok(page(rows(), Some("c"))));
        effects.extend(desk.press(&"<C-f>".repeat(15)));
    }
    assert!(desk.model.list().unwrap().selected > 400, "{}", desk.model.list().unwrap().selected);
}

#[test]
fn commands_act_on_all_marked_rows() {
    let mut desk = drawings(80, 24);
    desk.press("  ");
    let Some(Effect::Copy(curl)) = desk.press("c").pop() else { panic!("nothing copied") };
    assert_eq!(curl.lines().count(), 2);
    desk.press("d");
    let Some(Overlay::Text(reader)) = &desk.model.overlay else { panic!("no text") };
    assert_eq!(reader.lines.iter().filter(|line| line.contains("\"title\"")).count(), 2);
    let effects = desk.press("<Esc>xp");
    assert!(sent(&effects, Slot::Export).unwrap().1.path().contains("/drawings/d001/image.png"));
    let effects = desk.answer(&effects, Slot::Export, Ok(Reply::Saved("/tmp/a.png".into())));
    assert!(sent(&effects, Slot::Export).unwrap().1.path().contains("/drawings/d002/image.png"));
    desk.answer(&effects, Slot::Export, Ok(Reply::Saved("/tmp/b.png".into())));
    assert_eq!(desk.model.flash.as_ref().unwrap().text, "2 files saved, the last one as /tmp/b.png");
}

#[test]
fn a_request_page_keeps_the_promises_of_its_keys() {
    let mut desk = sessions(80, 24);
    let effects = desk.press(":req r2<Enter>");
    let row = |id: &str, status: u16| {
        json!({"request_id": id, "server": "a", "at": crate::time::rfc3339(NOW), "method": "GET",
            "route": "/api/v1/me", "status": status, "duration_us": 1500})
    };
    let failure = json!({"request_id": "r2", "server": "a", "at": crate::time::rfc3339(NOW), "method": "GET",
        "route": "/api/v1/me", "status": 409, "code": "conflict", "user": "user-0001"});
    let detail = json!({"failure": failure, "neighbours": [row("r1", 200), row("r2", 409), row("r3", 503)]});
    let reply = Reply::Failed(Box::new(serde_json::from_value(detail).unwrap()));
    desk.answer(&effects, Slot::Detail, Ok(reply));
    assert_eq!(desk.press("y"), [Effect::Copy("r2".into())]);
    let Some(Effect::Copy(curl)) = desk.press("c").pop() else { panic!("nothing copied") };
    assert!(curl.contains("/admin/v1/requests/r2"), "{curl}");
    desk.press("d");
    assert!(matches!(desk.model.overlay, Some(Overlay::Text(_))));
    desk.press("<Esc>j<Enter>");
    assert!(desk.model.flash.as_ref().unwrap().text.contains("only failed requests"));
    let effects = desk.press("jj<Enter>");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::Failed("r3".into()));
    let effects = desk.press("<Esc>o");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::User("user-0001".into()));
}

#[test]
fn footer_and_palette_offer_what_applies() {
    use crate::keys::{Command, Edit};
    let offers = |desk: &Desk, command| desk.model.hints().iter().any(|hint| hint.command == command);
    let mut desk = drawings(200, 24);
    assert!(offers(&desk, Command::Edit(Edit::Delete)) && offers(&desk, Command::Export));
    assert!(!offers(&desk, Command::Edit(Edit::Restore)));
    let effects = desk.press("7");
    let entry = json!({"at": "", "who": "token:li", "from": "socket", "change": "block_user", "user": "u1",
        "request_id": "r1"});
    let entry: yibi_common::admin::AuditEntry = serde_json::from_value(entry).unwrap();
    desk.answer(&effects, Slot::List(Kind::Audit), Ok(page(vec![Row::new(entry)], None)));
    assert!(offers(&desk, Command::Open) && offers(&desk, Command::OpenUser));
    assert!(!offers(&desk, Command::Edit(Edit::Delete)) && !offers(&desk, Command::Export));
    assert!(!offers(&desk, Command::Follow));
}

#[test]
fn a_filter_has_an_end() {
    let mut desk = sessions(80, 24);
    desk.press("/");
    desk.tell(Msg::Paste("x".repeat(10_000)));
    let Some(Overlay::Filter(prompt)) = &desk.model.overlay else { panic!("no prompt") };
    assert_eq!(prompt.input.text.len(), 200);
}
