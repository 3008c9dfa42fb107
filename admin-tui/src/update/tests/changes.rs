use yibi_common::admin::Change;

use super::*;

fn acts(effects: &[Effect]) -> Vec<Change> {
    let act = |effect: &Effect| {
        if let Effect::Send(_, Request::Act(act)) = effect { Some(act.change) } else { None }
    };
    effects.iter().filter_map(act).collect()
}

#[test]
fn nothing_is_deleted_by_the_keys_that_come_to_hand() {
    for keys in
        ["D", "DD", "DDDDD", "D<Enter>", "DD<Enter><Enter>", "D<Esc>y", "Dq", "Dn", "D<C-d>d", "<C-d>D "]
    {
        let mut desk = drawings(80, 24);
        assert_eq!(acts(&desk.press(keys)), [], "{keys}");
    }
}

#[test]
fn a_deletion_is_confirmed_made_and_taken_back() {
    let mut desk = drawings(80, 24);
    let effects = desk.press("Dy");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert!(desk.model.flash.as_ref().unwrap().text.contains("moved to the bin d001"));
    let effects = desk.press("u");
    assert_eq!(acts(&effects), [Change::RestoreDrawing]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("z")), []);
    let effects = desk.press("D<Tab><Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
}

#[test]
fn many_at_once_need_an_id_typed() {
    let mut desk = drawings(80, 24);
    assert_eq!(acts(&desk.press("  D<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("y<Enter>")), []);
    desk.tell(Msg::Paste("d002".into()));
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("no question") };
    assert_eq!((confirm.acts.len(), confirm.typed.text.as_str()), (2, "y"));
    let effects = desk.press("<C-u>d002<Enter>");
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let effects = desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&effects), [Change::DeleteDrawing]);
    let no = Trouble::Refused { status: 404, code: "not_found".into(), words: "no such drawing".into() };
    desk.answer(&effects, Slot::Act, Err(no));
    let flash = desk.model.flash.clone().unwrap();
    assert!(flash.bad && flash.text.contains("1 failed: d002: no such drawing"), "{}", flash.text);
    assert_eq!(desk.model.undo[0].len(), 1);
}

#[test]
fn in_production_one_is_enough_to_be_asked_for_its_id() {
    let mut desk = drawings(80, 24);
    desk.model.server.production = true;
    assert_eq!(acts(&desk.press("Dy<Tab><Enter>")), []);
    assert_eq!(acts(&desk.press("<C-u>d001<Enter>")), [Change::DeleteDrawing]);
}

#[test]
fn read_only_is_left_on_purpose_only() {
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
fn a_revocation_can_be_taken_back_before_it_is_made() {
    let mut desk = sessions(80, 24);
    assert_eq!(acts(&desk.press("Dy")), []);
    assert_eq!(acts(&desk.wait(acts::GRACE - 1)), []);
    desk.press("u");
    assert!(desk.model.flash.as_ref().unwrap().text.contains("taken back"));
    assert_eq!(acts(&desk.wait(60_000)), []);
    desk.press("Dy");
    let effects = desk.wait(acts::GRACE);
    assert_eq!(acts(&effects), [Change::RevokeSession]);
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(acts(&desk.press("u")), []);
}

#[test]
fn a_session_gets_a_new_key_of_wechat() {
    let mut desk = sessions(80, 24);
    assert_eq!(acts(&desk.press("Ky")), []);
    assert_eq!(acts(&desk.wait(acts::GRACE)), [Change::ResetSessionKey]);
    desk.press("<Esc>3K");
    assert!(desk.model.overlay.is_none());
}

#[test]
fn who_leaves_has_confirmed_it() {
    let mut desk = sessions(80, 24);
    desk.press("Dy");
    let effects = desk.press("<C-c>");
    assert_eq!(acts(&effects), [Change::RevokeSession]);
    assert!(!effects.contains(&Effect::Quit));
    assert!(desk.answer(&effects, Slot::Act, Ok(Reply::Done)).contains(&Effect::Quit));
    let mut desk = sessions(80, 24);
    desk.press("Dy<C-c>");
    assert!(desk.press("<C-c>").contains(&Effect::Quit));
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
