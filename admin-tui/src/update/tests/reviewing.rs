//! The review queue: the covered picture, claims, decisions and taking them back.

use serde_json::json;
use yibi_common::admin::{Change, ReviewDetail, ReviewRow};

use super::*;
use crate::act::Body;
use crate::msg::{Avatar, Copied};

pub fn case_json(number: usize, author: &str, state: &str) -> serde_json::Value {
    json!({
        "id": format!("case-{number}"), "kind": "share", "code": format!("k7q2m9x0abc{number}"), "drawing": "d1",
        "seq": 118, "author": user(number, author), "state": state, "opened_by": "reports", "reason": 4,
        "reports": 3, "web_reports": 2, "opened_at": crate::time::rfc3339(NOW - 11_520_000)
    })
}

pub fn case(number: usize, author: &str) -> Row {
    Row::new(serde_json::from_value::<ReviewRow>(case_json(number, author, "held")).unwrap())
}

/// The reply to `GET /reviews/{case}`, with fields of its own in place of the usual ones.
pub fn detail(number: usize, author: &str, fields: &serde_json::Value) -> Reply {
    let at = |ago: i64| crate::time::rfc3339(NOW - ago);
    let mut reply = case_json(number, author, "held");
    let usual = json!({
        "title": "山水", "now": at(0), "others": [], "notes": [{"at": at(60_000), "operator": "token:li", "text": "先看中间"}],
        "reported": [
            {"reporter": user(8, "小明"), "seq": 118, "reason": 1, "note": "中间那一段", "at": at(90_000)},
            {"seq": 118, "reason": 4, "note": "", "at": at(95_000)}],
        "share": {"code": "k7q2m9x0abc1", "drawing": "d1", "state": "held", "shown_seq": 118, "audience": "link",
            "created_at": at(90_000_000), "updated_at": at(11_520_000)},
        "claim": {"operator": "uid:0", "until": at(-112_000)}
    });
    for (name, value) in usual.as_object().unwrap().iter().chain(fields.as_object().unwrap()) {
        reply[name] = value.clone();
    }
    Reply::Review(Box::new(serde_json::from_value::<ReviewDetail>(reply).unwrap()))
}

/// A console of the operator `uid:0` that shows the queue.
pub fn queue(width: u16, height: u16, rows: Vec<Row>) -> Desk {
    let mut desk = Desk::new(width, height);
    let effects = desk.tell(Msg::Start);
    let me = json!({"name": "uid:0", "role": "operator", "server": "s", "version": "0", "now": ""});
    desk.answer(&effects, Slot::Link, Ok(Reply::Me(serde_json::from_value(me).unwrap())));
    let effects = desk.press("8");
    desk.answer(
        &effects,
        Slot::List(Kind::Reviews),
        Ok(Reply::Page(Page { rows, next: None, total: None, now: String::new() })),
    );
    desk.model.pending.clear();
    desk
}

/// A console that shows the first of two cases, its picture covered.
pub fn covered(width: u16, height: u16, fields: &serde_json::Value) -> Desk {
    let mut desk = queue(width, height, vec![case(1, "小芳45"), case(2, "阿云")]);
    let effects = desk.press("<Enter>");
    let effects = desk.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", fields)));
    let copy = Copied { paper: (2048, 2731), entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Copy, Ok(Reply::Copy(Box::new(copy))));
    desk.model.pending.clear();
    desk
}

fn refused(code: &str) -> ApiError {
    ApiError::Refused { status: 409, code: code.into(), words: "token:li has the case open".into() }
}

fn decision(effects: &[Effect]) -> Option<(Change, Option<String>, Option<Body>)> {
    let Request::Act(act) = sent(effects, Slot::Act)?.1 else { return None };
    Some((act.change, act.target, act.body))
}

fn flashed(desk: &Desk) -> &str {
    desk.model.flash.as_ref().map_or("", |flash| flash.text.as_str())
}

#[test]
fn the_view_asks_for_the_queue_and_its_filter_is_dropped_back_to_it() {
    let mut desk = Desk::new(80, 24);
    desk.tell(Msg::Start);
    let path =
        |effects: &[Effect]| sent(effects, Slot::List(Kind::Reviews)).map(|(_, request)| request.path());
    let effects = desk.press("8");
    assert_eq!(path(&effects).unwrap(), "/admin/v1/reviews?state=held&limit=200");
    desk.answer(&effects, Slot::List(Kind::Reviews), Ok(page(vec![case(1, "a")], None)));
    let effects = desk.press("/<C-u>state:removed reason:4 by:wechat age>6h<Enter>");
    let wanted = "/admin/v1/reviews?state=removed&reason=4&by=wechat&older=21600&limit=200";
    assert_eq!(path(&effects).unwrap(), wanted);
    desk.answer(&effects, Slot::List(Kind::Reviews), Ok(page(vec![case(1, "a")], None)));
    let effects = desk.press("<Esc>");
    assert_eq!(path(&effects).unwrap(), "/admin/v1/reviews?state=held&limit=200");
    desk.answer(&effects, Slot::List(Kind::Reviews), Ok(page(vec![case(1, "a")], None)));
    assert!(desk.press("<Esc>").is_empty(), "the queue is the view itself");
}

#[test]
fn a_picture_is_covered_until_space_and_then_plays() {
    let mut desk = covered(80, 24, &json!({}));
    let state = |desk: &Desk| {
        let Some(Detail::Review(review)) = desk.model.details.last() else { panic!("no case is open") };
        (review.covered, review.drawing.player.as_ref().unwrap().playing)
    };
    assert_eq!(state(&desk), (true, false));
    desk.press(" ");
    assert_eq!(state(&desk), (false, false));
    desk.press(" ");
    assert_eq!(state(&desk), (false, true));
}

#[test]
fn a_case_is_decided_from_the_list_only_after_it_was_looked_at() {
    let mut desk = queue(80, 24, vec![case(1, "小芳45"), case(2, "阿云")]);
    assert_eq!(decision(&desk.press("a")), None);
    assert!(flashed(&desk).contains("look at it first"), "{}", flashed(&desk));
    let mut desk = covered(80, 24, &json!({}));
    desk.press(" <Esc>");
    let effects = desk.press("a");
    assert_eq!(decision(&effects), Some((Change::PassCase, Some("case-1".into()), None)));
}

#[test]
fn a_removal_asks_for_its_reason_and_is_taken_back_within_five_seconds() {
    let mut desk = covered(80, 24, &json!({}));
    assert_eq!(decision(&desk.press(" X")), None);
    assert_eq!(decision(&desk.press("9x")), None, "only 1 to 6 are reasons");
    let effects = desk.press("4");
    let reason = Some(Body::Reason(yibi_common::sharing::Reason::Advertising));
    assert_eq!(decision(&effects), Some((Change::RemoveCase, Some("case-1".into()), reason)));
    let request = sent(&effects, Slot::Act).unwrap().1;
    assert_eq!((request.method(), request.path().as_str()), ("POST", "/admin/v1/reviews/case-1/remove"));
    assert_eq!(request.body(), Some(json!({"reason": 4})));
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    desk.wait(4_000);
    let effects = desk.press("u");
    assert_eq!(decision(&effects), Some((Change::HoldCase, Some("case-1".into()), None)));
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    let effects = desk.press("X2");
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    desk.wait(6_000);
    assert_eq!(decision(&desk.press("u")), None);
    assert!(flashed(&desk).contains("5 s are over"), "{}", flashed(&desk));
}

#[test]
fn a_case_that_another_operator_has_open_is_only_shown() {
    let at = crate::time::rfc3339(NOW + 60_000);
    let mut desk = covered(80, 24, &json!({"claim": {"operator": "token:li", "until": at}}));
    for key in ["a", "X", "E"] {
        assert_eq!(decision(&desk.press(key)), None, "{key}");
        assert!(flashed(&desk).contains("li has this case open"), "{key}: {}", flashed(&desk));
    }
    desk.wait(61_000);
    assert_eq!(decision(&desk.press("a")).unwrap().0, Change::PassCase, "the claim is over");
}

#[test]
fn an_open_case_is_claimed_and_the_claim_renewed() {
    let mut desk = queue(80, 24, vec![case(1, "小芳45")]);
    let effects = desk.press("<Enter>");
    let effects = desk.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", &json!({}))));
    let (_, request) = sent(&effects, Slot::Claim).unwrap();
    assert_eq!((request.method(), request.path().as_str()), ("POST", "/admin/v1/reviews/case-1/claim"));
    desk.answer(
        &effects,
        Slot::Claim,
        Ok(Reply::Claimed(Box::new(serde_json::from_value(case_json(1, "小芳45", "held")).unwrap()))),
    );
    assert!(sent(&desk.wait(59_000), Slot::Claim).is_none());
    let effects = desk.wait(1_000);
    assert!(sent(&effects, Slot::Claim).is_some(), "renewed each minute");
    let effects = desk.answer(&effects, Slot::Claim, Err(refused("case_claimed")));
    assert!(sent(&effects, Slot::Detail).is_some(), "the page shows who has it");
    desk.press("<Esc>");
    assert!(sent(&desk.wait(120_000), Slot::Claim).is_none(), "a closed case is left to others");
}

#[test]
fn a_decided_case_is_not_claimed_and_is_held_before_another_decision() {
    let decision_of_li = json!({"operator": "token:li", "at": crate::time::rfc3339(NOW)});
    let fields = json!({"state": "removed", "claim": null, "decision": decision_of_li});
    let mut desk = queue(80, 24, vec![case(1, "小芳45")]);
    let effects = desk.press("<Enter>");
    let effects = desk.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", &fields)));
    assert!(sent(&effects, Slot::Claim).is_none());
    assert_eq!(decision(&desk.press("a")), None);
    assert!(flashed(&desk).contains("already removed"), "{}", flashed(&desk));
    assert_eq!(decision(&desk.press("E")).unwrap().0, Change::HoldCase);
}

#[test]
fn n_goes_through_what_is_undecided() {
    let taken = json!({"claim": {"operator": "token:li", "until": crate::time::rfc3339(NOW + 60_000)}});
    let mut third = case_json(3, "墨客", "held");
    third["claim"] = taken["claim"].clone();
    let third = Row::new(serde_json::from_value::<ReviewRow>(third).unwrap());
    let mut desk = queue(80, 24, vec![case(1, "小芳45"), case(2, "阿云"), third]);
    let open = |desk: &Desk| desk.model.details.last().map(Detail::subject);
    let review = |id: &str| Some(crate::subject::Subject::Review(id.into()));
    desk.press("n");
    assert_eq!(open(&desk), review("case-1"));
    desk.press("n");
    assert_eq!((open(&desk), desk.model.details.len()), (review("case-2"), 1));
    desk.press("n");
    assert_eq!(open(&desk), review("case-1"), "the third one is another operator's");
    let effects = desk.press("E");
    assert_eq!(decision(&effects), None, "a case is decided once it has arrived");
    let mut desk = covered(80, 24, &json!({}));
    let effects = desk.press(" a");
    desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    desk.press("n");
    assert_eq!(open(&desk), review("case-2"));
    desk.press("n");
    assert_eq!(open(&desk), None, "the first one is decided");
    assert!(flashed(&desk).contains("nothing else waits"), "{}", flashed(&desk));
}

#[test]
fn after_a_removal_the_other_cases_of_the_author_are_offered() {
    let others = json!([case_json(5, "小芳45", "held"), case_json(6, "小芳45", "held")]);
    let fields = json!({"state": "removed", "claim": null, "others": others});
    let mut desk = covered(80, 24, &fields);
    desk.press("A");
    let Some(Overlay::Confirm(confirm)) = &desk.model.overlay else { panic!("nothing was asked") };
    assert_eq!(confirm.acts.len(), 2);
    let suffix = confirm.suffix.clone().unwrap();
    let effects = desk.press(&format!("{suffix}<Enter>"));
    assert_eq!(decision(&effects).unwrap().1, Some("case-5".into()));
    let effects = desk.answer(&effects, Slot::Act, Ok(Reply::Done));
    assert_eq!(decision(&effects).unwrap().1, Some("case-6".into()));
}

#[test]
fn a_note_is_typed_and_sent_once() {
    let mut desk = covered(80, 24, &json!({}));
    assert_eq!(decision(&desk.press("N<Enter>")), None, "an empty note is none");
    let effects = desk.press("N先看中间 ok<Enter>");
    let text = Some(Body::Text("先看中间 ok".into()));
    assert_eq!(decision(&effects), Some((Change::NoteCase, Some("case-1".into()), text)));
}

#[test]
fn a_viewer_looks_and_changes_nothing() {
    let mut desk = queue(80, 24, vec![case(1, "小芳45")]);
    desk.model.identity.as_mut().unwrap().role = yibi_common::admin::Role::Viewer;
    let effects = desk.press("<Enter>");
    let effects = desk.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", &json!({"claim": null}))));
    assert!(sent(&effects, Slot::Claim).is_none());
    for key in ["a", "X", "E", "N"] {
        assert_eq!(decision(&desk.press(key)), None, "{key}");
        assert!(flashed(&desk).contains("viewer"), "{key}: {}", flashed(&desk));
    }
}

#[test]
fn the_author_is_opened_and_blocked_from_a_case() {
    let mut desk = covered(80, 24, &json!({}));
    let effects = desk.press("B");
    assert_eq!(sent(&effects, Slot::Block).unwrap().1, Request::User("user-0001".into()));
    let effects = desk.press("o");
    assert_eq!(sent(&effects, Slot::Detail).unwrap().1, Request::User("user-0001".into()));
}

#[test]
fn an_avatar_is_covered_until_space_and_a_name_is_read_at_once() {
    let about = |kind: &str, content: &str| {
        json!({"kind": kind, "content": content, "code": null, "drawing": null, "seq": null, "title": "",
            "share": null, "reported": [], "has_avatar": kind == "avatar"})
    };
    let mut desk = queue(80, 24, vec![case(1, "小芳45")]);
    let effects = desk.press("<Enter>");
    let effects = desk.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", &about("avatar", "a1"))));
    assert_eq!(sent(&effects, Slot::Avatar).unwrap().1.path(), "/admin/v1/reviews/case-1/avatar.png");
    assert!(sent(&effects, Slot::Copy).is_none(), "there is no drawing");
    let avatar = Avatar { case: "case-1".into(), width: 2, pixels: vec![[200, 30, 60]; 4] };
    desk.answer(&effects, Slot::Avatar, Ok(Reply::Avatar(Box::new(avatar))));
    let is_covered = |desk: &Desk| {
        let Some(Detail::Review(review)) = desk.model.details.last() else { panic!("no case is open") };
        review.covered
    };
    assert!(is_covered(&desk));
    desk.press(" ");
    assert!(!is_covered(&desk));
    assert_eq!(decision(&desk.press("a")).unwrap().0, Change::PassCase);

    let mut named = queue(80, 24, vec![case(1, "小芳45")]);
    let effects = named.press("<Enter>");
    named.answer(&effects, Slot::Detail, Ok(detail(1, "小芳45", &about("nickname", "请复核"))));
    named.model.pending.clear();
    let text: String =
        crate::view::tests::screen(&named).content().iter().map(|cell| cell.symbol()).collect();
    assert!(text.contains("nickname") && text.contains("请"), "{text}");
    assert_eq!(decision(&named.press("a")).unwrap().0, Change::PassCase);
}
