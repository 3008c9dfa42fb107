use super::*;

fn save(id: &str, from: usize, count: usize) -> Msg {
    let actions: Vec<serde_json::Value> = strokes(from, count)
        .iter()
        .map(|entry| match entry {
            Entry::Action(action) => serde_json::to_value(action).unwrap(),
            Entry::Picture(_) => panic!("a picture"),
        })
        .collect();
    let event = json!({"server": "s", "at": "", "type": "save", "user": user(1, "小明"), "drawing": id,
        "created": false, "base": 0, "from_seq": from, "seq": from + count, "actions": actions});
    Msg::Event(Box::new(serde_json::from_value::<Event>(event).unwrap()))
}

#[test]
fn a_drawing_grows_while_it_is_followed() {
    let mut desk = replaying(80, 24);
    let progress = |desk: &Desk| match desk.model.details.last() {
        Some(Detail::Drawing(drawing)) => drawing.player.as_ref().unwrap().progress(),
        _ => panic!("no drawing"),
    };
    desk.tell(save("d001", 2, 1));
    assert_eq!(progress(&desk), (2, 2));
    let effects = desk.press("f");
    assert!(effects.contains(&Effect::Listen));
    desk.tell(save("d001", 2, 1));
    assert_eq!(progress(&desk), (2, 3));
    desk.wait(2_000);
    assert_eq!(progress(&desk), (3, 3));
    // Missing actions are loaded.
    let effects = desk.tell(save("d001", 4, 1));
    assert_eq!(
        sent(&effects, Slot::Tail).unwrap().1.path(),
        "/admin/v1/users/user-0001/drawings/d001?since=3"
    );
    assert!(desk.press("<Esc>").contains(&Effect::StopListening));
}

#[test]
fn events_are_held_back_while_a_row_is_selected() {
    let mut desk = sessions(80, 24);
    assert!(desk.press("5").contains(&Effect::Listen));
    let event = |number: usize| {
        let event = json!({"server": "s", "at": "", "type": "revoked", "user": user(number, "")});
        Msg::Event(Box::new(serde_json::from_value::<Event>(event).unwrap()))
    };
    for number in 0..3 {
        desk.tell(event(number));
    }
    desk.press("j");
    desk.tell(event(3));
    assert_eq!(
        (desk.model.live.events.len(), desk.model.live.held.len(), desk.model.live.selected),
        (3, 1, 1)
    );
    desk.press(".");
    assert_eq!((desk.model.live.events.len(), desk.model.live.selected), (4, 0));
    desk.press("p");
    desk.tell(event(4));
    assert_eq!(desk.model.live.events.len(), 4);
    desk.press("p");
    assert_eq!(desk.model.live.events.len(), 5);
    assert!(desk.press("1").contains(&Effect::StopListening));
}

#[test]
fn a_stream_that_ended_is_opened_again_later() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    assert!(!desk.tell(Msg::StreamClosed(ApiError::Unreachable("gone".into()))).contains(&Effect::Listen));
    assert!(!desk.wait(499).contains(&Effect::Listen));
    assert!(desk.wait(1).contains(&Effect::Listen));
}

#[test]
fn thumbnails_grow() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    let effects = desk.tell(save("d001", 0, 2));
    let (_, request) = sent(&effects, Slot::Thumb).unwrap();
    assert_eq!(request.path(), "/admin/v1/users/user-0001/drawings/d001");
    let drawn = Drawn { row: drawing_row(1, "山"), authors: Vec::new(), since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Thumb, Ok(Reply::Drawing(Box::new(drawn))));
    let progress = |desk: &Desk| {
        let player = desk.model.live.thumbs.shown()[0].player.as_ref().unwrap();
        (player.progress(), player.playing)
    };
    assert_eq!(progress(&desk), ((0, 2), true));
    assert_eq!(desk.model.wake(), Some(desk.now + crate::model::LIVE_FRAME));
    for _ in 0..10 {
        desk.wait(900);
    }
    assert_eq!(progress(&desk), ((2, 2), false));
    desk.tell(save("d001", 2, 1));
    assert_eq!(progress(&desk), ((2, 3), true));
    // Paused, nothing changes; resumed, it catches up.
    desk.press("p");
    desk.tell(save("d001", 3, 1));
    desk.tell(save("d002", 0, 1));
    assert_eq!((progress(&desk).0, desk.model.live.thumbs.shown().len()), ((2, 3), 1));
    let effects = desk.press("p");
    assert_eq!((progress(&desk).0.1, desk.model.live.thumbs.shown().len()), (4, 2));
    let no = ApiError::Refused { status: 404, code: "drawing_not_found".into(), words: String::new() };
    assert!(
        sent(&desk.answer(&effects, Slot::Thumb, Err(no)), Slot::Thumb).is_none(),
        "it is not asked again"
    );
}

#[test]
fn a_thumbnail_keeps_its_place_until_it_is_needed() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    let ids = |desk: &Desk| -> Vec<String> {
        desk.model.live.thumbs.shown().iter().map(|thumb| thumb.id.clone()).collect()
    };
    for number in 0..5 {
        desk.now += 1;
        desk.tell(save(&format!("d{number}"), 0, 1));
    }
    assert_eq!(ids(&desk), ["d0", "d1", "d2", "d3", "d4"]);
    desk.now += 1;
    desk.tell(save("d0", 1, 1));
    desk.now += 1;
    desk.tell(save("d9", 0, 1));
    assert_eq!(ids(&desk), ["d0", "d9", "d2", "d3", "d4"]);
    desk.tell(Msg::Resize(50, 24));
    assert_eq!(ids(&desk).len(), 3);
}

#[test]
fn a_drawing_is_binned_from_the_live_view() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    desk.tell(save("d001", 0, 1));
    let effects = desk.press("Dy");
    let Some((_, Request::Act(act))) = sent(&effects, Slot::Act) else { panic!("no change") };
    assert_eq!((act.user.as_str(), act.id()), ("user-0001", "d001"));
    assert_eq!(act.label, "drawing d001 by 小明");
}

#[test]
fn without_the_focus_the_live_view_moves_slowly() {
    let mut desk = sessions(80, 24);
    desk.press("5");
    let effects = desk.tell(save("d001", 0, 2));
    let drawn = Drawn { row: drawing_row(1, "山"), authors: Vec::new(), since: 0, entries: strokes(0, 2) };
    desk.answer(&effects, Slot::Thumb, Ok(Reply::Drawing(Box::new(drawn))));
    desk.model.flash = None;
    desk.tell(Msg::Focus(false));
    let wake = desk.model.wake().unwrap();
    assert!(wake >= desk.now + crate::model::UNFOCUSED_FRAME, "{}", wake - desk.now);
}

#[test]
fn a_drawing_is_zoomed_and_panned() {
    let mut desk = replaying(80, 24);
    let size = |desk: &Desk| match desk.model.details.last() {
        Some(Detail::Drawing(drawing)) => (drawing.player.as_ref().unwrap().raster().size(), drawing.offset),
        _ => panic!("no drawing"),
    };
    let (once, _) = size(&desk);
    desk.press("++");
    let (more, offset) = size(&desk);
    assert!(more.0 > 3 * once.0 && more.1 > 3 * once.1, "{more:?}");
    assert_eq!(offset, (375, 375), "the middle stays in the middle");
    desk.tell(Msg::Key(KeyEvent::new(KeyCode::Left, KeyModifiers::ALT)));
    assert_eq!(size(&desk).1, (313, 375));
    for _ in 0..9 {
        desk.press("_");
    }
    assert_eq!(size(&desk), (once, (0, 0)));
}
