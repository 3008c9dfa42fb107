//! Reads any text as a 2016 save: an accepted text is stored unchanged, drawn, and written again as a list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yibi_common::codec::{decode, encode};
use yibi_common::drawing::Action;
use yibi_common::picture::fold;
use yibi_common::weapp::{PAPER, list, read, v1_id};

fuzz_target!(|text: &str| {
    let id = v1_id(text);
    assert!((1..=64).contains(&id.len()));
    let Ok(drawn) = read(text) else { return };
    let action = Action::Weapp { text: text.to_owned() };
    assert_eq!(decode(&encode(&action)).as_ref(), Ok(&action), "the text is stored unchanged");
    // With a further stroke, the picture is written as a new list.
    let further = drawn.first().map(|stroke| Action::Stroke { at: 0, stroke: stroke.clone() });
    let actions: Vec<Action> = std::iter::once(action).chain(further).collect();
    let shown = list(&fold(&actions), PAPER);
    assert!(read(&shown).is_ok(), "a 2016 client receives a valid list");
});
