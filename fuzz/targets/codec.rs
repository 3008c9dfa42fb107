//! Decodes any bytes as a stored action: an action that decodes survives another round trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yibi_common::codec::{decode, encode, is_weapp, weapp_text};
use yibi_common::drawing::Action;

fuzz_target!(|blob: &[u8]| {
    let Ok(action) = decode(blob) else { return };
    let again = encode(&action);
    assert_eq!(decode(&again).as_ref(), Ok(&action));
    let picture = matches!(action, Action::Weapp { .. });
    assert_eq!(is_weapp(blob), picture);
    assert_eq!(weapp_text(blob).is_some(), picture);
    if !picture {
        // Deflate streams may differ; every other action has one stored form.
        assert_eq!(encode(&decode(&again).expect("it was decoded before")), again);
    }
});
