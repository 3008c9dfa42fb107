//! Parses any bytes as the body of an append: valid actions are stored and read back unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yibi_common::api::AppendRequest;
use yibi_common::codec::{decode, encode};
use yibi_common::drawing::{Mode, Paper};
use yibi_common::limits::Limits;
use yibi_common::object::Object;
use yibi_common::picture::fold;

fuzz_target!(|body: &[u8]| {
    let Ok(Object(append)) = serde_json::from_slice::<Object<AppendRequest>>(body) else { return };
    let limits = Limits::default();
    let paper = Paper { width: 2048, height: 2731 };
    for mode in [Mode::Free, Mode::OneStroke] {
        let taken = append.actions.iter().filter(|action| action.validate(paper, mode, &limits).is_ok());
        for action in taken.clone() {
            assert_eq!(decode(&encode(action)).as_ref(), Ok(action));
            let json = serde_json::to_string(action).expect("an action has a JSON form");
            assert_eq!(&serde_json::from_str::<yibi_common::drawing::Action>(&json).expect("its own JSON"), action);
        }
        fold(taken);
    }
});
