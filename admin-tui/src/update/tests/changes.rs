use yibi_common::admin::Change;

use super::*;

fn acts(effects: &[Effect]) -> Vec<Change> {
    let act = |effect: &Effect| {
        if let Effect::Send(_, Request::Act(act)) = effect { Some(act.change) } else { None }
    };
    effects.iter().filter_map(act).collect()
}

#[test]
fn careless_keys_delete_nothing() {
    for keys in
        ["D", "DD", "DDDDD", "D<Enter>", "DD<Enter><Enter>", "D<Esc>y", "Dq", "Dn", "D<C-d>d", "<C-d>D "]
    {
        let mut desk = drawings(80, 24);
        assert_eq!(acts(&desk.press(keys)), [], "{keys}");
    }
}

#[test]
fn a_deletion_is_confirmed_made_and_undone() {
    let mut desk = drawings(80, 24);
    let effects = desk.press("Dy");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert!(
        desk.model.flash.as_ref().unwrap().text.contains("drawing 山 by 小明 moved to the bin · u: undo")
    );
    let effects = desk.press("u");
    assert_eq!(acts(&effects), [Change::RestoreDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("z")), []);
    let effects = desk.press("D<Tab><Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
}

#[test]
fn many_at_once_need_a_typed_id() {
    let mut desk = drawings(80, 24);
    assert_eq!(acts(&desk.press("  D<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("y<Enter>")), []);
    desk.tell(Msg::Paste("d001".into()));
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!((confirm.acts.len(), confirm.typed.text.as_str()), (2, "y"));
    let effects = desk.press("<C-u>d001<Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let effects = desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let no = ApiError::Refused { status: 404, code: "not_found".into(), words: "no such drawing".into() };
    desk.answer(&effects, Slot::Act, Err(no));
    let flash = desk.model.flash.clone();
    assert!(flash.is_none(), "{flash:?}");
    let failed = desk.model.failed.as_ref().unwrap();
    let text = "drawing 山 by 小明 moved to the bin; not done: move to bin drawing d002 by 小明 (no such drawing (not_found))";
    assert_eq!((failed.text.as_str(), failed.acts.len()), (text, 1));
    assert_eq!(desk.model.undo[0].len(), 1);
}

#[test]
fn production_asks_for_the_id_of_a_single_thing() {
    let mut desk = drawings(80, 24);
    desk.model.server.production = true;
    assert_eq!(acts(&desk.press("Dy<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("<C-u>d001<Enter>")), [Change::DeleteDrawing]);
}

#[test]
fn read_only_is_lifted_deliberately() {
    let mut desk = drawings(80, 24);
    desk.press("!");
    assert_eq!(acts(&desk.press("Dy")), []);
    assert_eq!(acts(&desk.press("!<Enter>Dy")), []);
    assert_eq!(acts(&desk.press("!yDy")), [Change::DeleteDrawing]);
    let mut desk = drawings(80, 24);
    desk.model.identity = Some(
        serde_json::from_value(
            json!({"name": "token:a", "role": "viewer", "server": "s", "version": "0", "now": ""}),
        )
        .unwrap(),
    );
    desk.press("D");
    assert!(desk.model.overlay.is_none());
    assert!(desk.model.flash.as_ref().unwrap().text.contains("viewer"));
}

#[test]
fn a_revocation_can_be_cancelled_before_it_is_made() {
    let mut desk = sessions(80, 24);
    assert_eq!(acts(&desk.press("Dy")), []);
    assert_eq!(acts(&desk.wait(acts::GRACE - 1)), []);
    desk.press("u");
    assert!(desk.model.flash.as_ref().unwrap().text == "cancelled, nothing was revoked");
    assert_eq!(acts(&desk.wait(60_000)), []);
    desk.press("Dy");
    let effects = desk.wait(acts::GRACE);
    assert_eq!(acts(&effects), [Change::RevokeSession]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("u")), []);
}

#[test]
fn a_session_key_is_reset() {
    let mut desk = sessions(80, 24);
    assert_eq!(acts(&desk.press("Ky")), []);
    assert_eq!(acts(&desk.wait(acts::GRACE)), [Change::ResetSessionKey]);
    desk.press("<Esc>3K");
    assert!(desk.model.overlay.is_none());
}

#[test]
fn quitting_asks_about_waiting_changes() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("Dy<C-c>");
    assert_eq!((acts(&effects), effects.contains(&Effect::Quit)), (vec![], false));
    assert!(matches!(desk.model.overlay, Some(Overlay::Leave)));
    // Esc stays, and the grace goes on.
    desk.press("<Esc>");
    assert!(desk.model.work.due.is_some());
    let effects = desk.press("<C-c><Enter>");
    assert_eq!(acts(&effects), [Change::RevokeSession]);
    assert!(desk.answer(&effects, Slot::Act, Ok(Reply::Done)).contains(&Effect::Quit));
    let mut desk = sessions(80, 24);
    let effects = desk.press("Dy<C-c>u");
    assert_eq!((acts(&effects), effects.contains(&Effect::Quit)), (vec![], true));
    assert!(desk.model.work.queue.is_empty());
}

#[test]
fn a_failed_change_stays_until_it_is_repeated_or_dropped() {
    let mut desk = drawings(80, 24);
    let effects = desk.press("Dy");
    desk.answer(&effects, Slot::Act, Err(ApiError::Unreachable("no reply in time".into())));
    assert!(matches!(desk.model.link, Link::Down { .. }));
    let status = |desk: &Desk| -> Vec<String> {
        crate::model::status::lines(&desk.model).into_iter().map(|(line, _)| line).collect()
    };
    let text = "not done: move to bin drawing 山 by 小明 (no reply in time)";
    assert!(status(&desk).join(" ").contains(text), "{:?}", status(&desk));
    assert!(status(&desk).iter().any(|line| line.contains("here does not answer")), "{:?}", status(&desk));
    // The server is back; the outcome is still there.
    desk.wait(60_000);
    desk.model.link = Link::Up;
    assert!(status(&desk).join(" ").contains(text));
    let effects = desk.press("<Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert!(desk.model.failed.is_none() && desk.model.undo.len() == 1);
    let effects = desk.press("Dy");
    desk.answer(&effects, Slot::Act, Err(ApiError::Unreachable("gone".into())));
    desk.press("<Esc>");
    assert!(desk.model.failed.is_none());
}

#[test]
fn changes_after_a_lost_connection_are_kept_for_the_repetition() {
    let mut desk = drawings(80, 24);
    let effects = desk.press("  Dd001<Enter>");
    desk.answer(&effects, Slot::Act, Err(ApiError::Unreachable("gone".into())));
    assert_eq!(desk.model.failed.as_ref().unwrap().acts.len(), 2);
    assert!(desk.model.failed.as_ref().unwrap().text.contains("not done: move to bin 2 drawings (gone)"));
}

#[test]
fn the_grace_names_the_change() {
    for (keys, text) in
        [("Dy", "revoking 1 session in 5s · u: cancel"), ("Ky", "resetting 1 session_key in 5s · u: cancel")]
    {
        let mut desk = sessions(80, 24);
        desk.press(keys);
        assert_eq!(crate::model::status::lines(&desk.model)[0].0, text);
    }
    let mut desk = sessions(80, 24);
    desk.press("Kyu");
    assert_eq!(desk.model.flash.as_ref().unwrap().text, "cancelled, nothing was changed");
}

#[test]
fn a_drawing_is_taken_out_of_the_bin() {
    let mut desk = drawings(80, 24);
    let mut row = drawing_row(3, "春");
    row.deleted_at = Some(crate::time::rfc3339(NOW));
    let effects = desk.press("<C-r>");
    desk.answer(&effects, Slot::List(Kind::Drawings), Ok(page(vec![Row::new(row)], None)));
    desk.press("D");
    assert!(desk.model.flash.as_ref().unwrap().text.contains("already in the bin · U takes it out"));
    assert_eq!(acts(&desk.press("U")), []);
    let effects = desk.press("y");
    assert_eq!(acts(&effects), [Change::RestoreDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("u")), [Change::DeleteDrawing]);
}

#[test]
fn a_user_is_blocked_from_the_list_of_sessions() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("B");
    assert_eq!(sent(&effects, Slot::Block).unwrap().1, Request::User("user-0001".into()));
    let detail = |blocked: Option<&str>| {
        let row = json!({"user": user(1, "小明"), "created_at": "", "blocked_at": blocked});
        let detail = json!({"user": row, "drawings": 0, "bytes": 0, "sessions": [], "latest": [], "now": ""});
        Ok(Reply::User(Box::new(serde_json::from_value(detail).unwrap())))
    };
    desk.answer(&effects, Slot::Block, detail(None));
    assert_eq!(acts(&desk.press("y")), [Change::BlockUser]);
    let mut desk = sessions(80, 24);
    let effects = desk.press("B");
    desk.answer(&effects, Slot::Block, detail(Some("2026-11-20T00:00:00Z")));
    assert_eq!(acts(&desk.press("y")), [Change::UnblockUser]);
}

#[test]
fn the_keys_of_a_page_act_on_its_subject() {
    let mut desk = sessions(80, 24);
    let effects = desk.press("<Enter>");
    let [session, other] = [session(1, "小明", 45_000), session(2, "小明", 400_000)].map(|row| row.json());
    let drawing = serde_json::to_value(drawing_row(1, "山")).unwrap();
    let detail = json!({"session": session, "others": [other], "drawings": [drawing], "now": ""});
    let reply = Reply::Session(Box::new(serde_json::from_value(detail).unwrap()));
    desk.answer(&effects, Slot::Detail, Ok(reply));
    assert_eq!(desk.press("y"), [Effect::Copy("session-0001".into())]);
    let Some(Effect::Copy(curl)) = desk.press("c").pop() else { panic!("nothing copied") };
    assert!(curl.contains("/sessions/session-0001"), "{curl}");
    desk.press("D");
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!(confirm.acts[0].target.as_deref(), Some("session-0001"));
    // Rows have to be selected first.
    desk.press("<Esc>jjD");
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!(confirm.acts[0].target.as_deref(), Some("d001"));
}

#[test]
fn a_console_started_read_only_stays_so() {
    let mut desk = drawings(80, 24);
    (desk.model.read_only, desk.model.locked) = (true, true);
    desk.press("!");
    assert!(desk.model.overlay.is_none());
    assert!(desk.model.flash.as_ref().unwrap().text.contains("started read-only"));
    assert_eq!(acts(&desk.press("yDy")), []);
}

#[test]
fn the_right_text_and_enter_confirm() {
    let mut desk = drawings(80, 24);
    desk.model.server.production = true;
    // An incomplete text is neither a yes nor a no.
    assert_eq!(acts(&desk.press("Dd00<Enter>")), []);
    assert!(desk.model.overlay.is_some());
    assert_eq!(acts(&desk.press("1<Enter>")), [Change::DeleteDrawing]);
}

#[test]
fn marked_rows_are_listed_in_the_order_of_the_list() {
    let mut desk = sessions(80, 24);
    desk.press("jj k D");
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    let ids: Vec<&str> = confirm.acts.iter().map(|act| act.id()).collect();
    assert_eq!((ids, confirm.suffix.as_deref()), (vec!["session-0002", "session-0003"], Some("0002")));
    assert!(confirm.lines[0].ends_with("0002"), "the text to type is on the screen: {:?}", confirm.lines);
}

#[test]
fn a_range_is_marked_and_given_up() {
    let mut desk = sessions(80, 24);
    desk.press("vjj");
    assert_eq!(desk.model.list().unwrap().chosen().len(), 3);
    desk.press("<Esc>");
    assert_eq!(desk.model.list().unwrap().chosen().len(), 1);
    desk.press("gvjv");
    assert_eq!(desk.model.list().unwrap().marks.len(), 2);
    desk.press("D");
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!(confirm.acts.len(), 2);
}
