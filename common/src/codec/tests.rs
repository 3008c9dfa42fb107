use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::*;
use crate::drawing::arbitrary;
use crate::weapp;

/// A blob in the older form, where the text itself is deflated.
fn old_blob(len: u64, bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::with_capacity(bytes.len() + 64);
    Compress::new(Compression::new(9), false)
        .compress_vec(bytes, &mut stream, FlushCompress::Finish)
        .unwrap();
    let mut blob = vec![tag(VERSION, WEAPP, true)];
    put(&mut blob, len);
    [blob, stream].concat()
}

fn stroke(points: Vec<Point>) -> Action {
    Action::Stroke { by: OWNER, at: 7, stroke: pen(Stroke::OPAQUE, points) }
}

fn pen(alpha: u8, points: Vec<Point>) -> Stroke {
    Stroke { tool: Tool::Pen, color: Color([1, 2, 3]), alpha, width: 28, points }
}

/// The bytes of a stroke up to its first point.
fn header(tag: u8, width: u64, count: u64) -> Vec<u8> {
    let mut blob = vec![tag, 0, 1, 2, 3];
    put(&mut blob, width);
    put(&mut blob, count);
    blob.extend([0, 0]);
    blob
}

#[test]
fn the_bytes_match_the_documented_format() {
    let points = [(10, 20, 0), (7, 24, 16), (4, 28, 17), (0, 33, 18)];
    let action = stroke(points.map(|(x, y, dt)| Point { x, y, dt }).to_vec());
    #[rustfmt::skip]
    let plain = [
        0x20, 7, 1, 2, 3, 28, 4, 20, 40,
        5, 0, 1,
        8, 0, 2,
        1, 0, 2,
    ];
    assert_eq!(encode_uncompressed(&action), plain);
    // x: 0 0101, 0 0000, 0 001; y: 0 1000, 0 0000, 0 010; dt: 10, 0, 110; and zeros.
    #[rustfmt::skip]
    let coded = [
        0x30, 7, 1, 2, 3, 28, 4, 20, 40,
        0b0010_1000, 0b0000_0101, 0b0000_0000, 0b0010_1001, 0b1000_0000,
    ];
    assert_eq!(encode(&action), coded);
    let translucent =
        Action::Stroke { by: OWNER, at: 7, stroke: pen(76, vec![Point { x: 10, y: 20, dt: 0 }]) };
    assert_eq!(encode(&translucent), [0x23, 7, 1, 2, 3, 76, 28, 1, 20, 40]);
    assert_eq!(encode(&Action::Undo { by: OWNER, at: None }), [0x29]);
    assert_eq!(encode(&Action::Redo { by: OWNER, at: Some(0) }), [0x3a, 0]);
    assert_eq!(
        encode(&Action::Background { color: Color([9, 8, 7]), at: Some(128) }),
        [0x38, 0x80, 1, 9, 8, 7]
    );
    assert_eq!(encode(&Action::Weapp { text: "[]".into() }), [0x2c, 2, b'[', b']']);
}

#[test]
fn actions_of_others_and_removals_have_a_version_of_their_own() {
    let dot =
        |by| Action::Stroke { by, at: 7, stroke: pen(Stroke::OPAQUE, vec![Point { x: 10, y: 20, dt: 0 }]) };
    assert_eq!(encode(&dot(OWNER)), [0x20, 7, 1, 2, 3, 28, 1, 20, 40]);
    assert_eq!(encode(&dot(1)), [0x40, 1, 7, 1, 2, 3, 28, 1, 20, 40]);
    assert_eq!(encode(&dot(199)), [0x40, 0xc7, 1, 7, 1, 2, 3, 28, 1, 20, 40]);
    assert_eq!(encode(&Action::Undo { by: 2, at: None }), [0x49, 2]);
    assert_eq!(encode(&Action::Redo { by: 2, at: Some(5) }), [0x5a, 2, 5]);
    assert_eq!(encode(&Action::Remove { seq: 130, at: None }), [0x4e, 0, 0x82, 1]);
    assert_eq!(encode(&Action::Remove { seq: 0, at: Some(5) }), [0x5e, 0, 5, 0]);
}

#[test]
fn every_prefix_and_every_extension_is_refused() {
    let points = (0..100).map(|i| Point { x: i * i, y: -i, dt: u32::from(i > 0) * 16 }).collect();
    let text = r#"{"method":"save","data":[]},"#.repeat(20);
    let actions = [
        stroke(points),
        stroke(vec![Point::default()]),
        Action::Stroke { by: OWNER, at: 7, stroke: pen(76, vec![Point::default()]) },
        Action::Background { color: Color::WHITE, at: Some(300) },
        Action::Clear { at: Some(1) },
        Action::Stroke { by: 130, at: 7, stroke: pen(76, vec![Point::default()]) },
        Action::Remove { seq: 300, at: Some(300) },
        Action::Weapp { text },
    ];
    for action in actions {
        let mut blob = encode(&action);
        assert_eq!(decode(&blob).as_ref(), Ok(&action));
        for end in 0..blob.len() {
            assert!(decode(&blob[..end]).is_err(), "{action:?} cut to {end} bytes");
        }
        blob.push(0);
        assert!(decode(&blob).is_err(), "{action:?} and a byte");
    }
    // A short text is stored uncompressed; its length shows what is missing.
    assert_eq!(decode(&[0x2c, 3, b'[', b']']), Err(Malformed::Number));
}

#[test]
fn malformed_blobs_are_refused() {
    let pen = tag(VERSION, PEN, false);
    let coded = tag(VERSION, PEN, true);
    let refused = [
        (vec![], Malformed::Truncated),
        (vec![0x09], Malformed::Version(0)),
        (vec![0x69], Malformed::Version(3)),
        (vec![0x2e, 0], Malformed::Kind(14)),
        (vec![0x49], Malformed::Truncated),
        (vec![0x49, 0], Malformed::Number),
        (vec![0x49, 200, 1], Malformed::Number),
        (vec![0x49, 0x81, 0x80, 4], Malformed::Number),
        (vec![0x48, 1, 1, 2, 3], Malformed::Kind(8)),
        (vec![0x4b, 1], Malformed::Kind(11)),
        (vec![0x4c, 1, 2, b'[', b']'], Malformed::Kind(12)),
        (vec![0x4e, 1, 0], Malformed::Number),
        (vec![0x4e, 0], Malformed::Truncated),
        (vec![0x4e, 0, 0x80, 0x80, 0x80, 0x80, 0x10], Malformed::Number),
        (vec![0x23, 7, 1, 2, 3], Malformed::Truncated),
        (vec![0x23, 7, 1, 2, 3, 0, 28, 1, 20, 40], Malformed::Number),
        (vec![0x23, 7, 1, 2, 3, 255, 28, 1, 20, 40], Malformed::Number),
        (vec![0x24], Malformed::Kind(4)),
        (vec![0x2f], Malformed::Kind(15)),
        (vec![0x29, 0], Malformed::Trailing),
        (header(pen, 0, 1), Malformed::Number),
        (header(pen, 2049, 1), Malformed::Number),
        (header(pen, 28, 0), Malformed::Number),
        (header(pen, 28, MAX_POINTS as u64 + 1), Malformed::Number),
        (header(pen, 28, u64::MAX), Malformed::Number),
        (header(pen, 28, MAX_POINTS as u64), Malformed::Truncated),
        ([header(pen, 28, 2), vec![0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0]].concat(), Malformed::Number),
        (header(coded, 28, MAX_POINTS as u64), Malformed::Truncated),
        ([header(coded, 28, 2), vec![0]].concat(), Malformed::Truncated),
        ([header(coded, 28, 2), vec![0xff; 3]].concat(), Malformed::Truncated),
        ([header(coded, 28, 2), vec![0, 1]].concat(), Malformed::Trailing),
        ([header(coded, 28, 2), vec![0, 0, 0]].concat(), Malformed::Trailing),
        ([vec![0x39], vec![0xff; 9], vec![2]].concat(), Malformed::Number),
        (vec![0x2c, 1, 0xff], Malformed::Text),
    ];
    for (blob, malformed) in refused {
        assert_eq!(decode(&blob), Err(malformed), "{blob:02x?}");
    }
}

#[test]
fn a_decompression_bomb_is_refused() {
    let zeros = vec![0; 8 << 20];
    let most = weapp::MAX_TEXT as u64;
    assert_eq!(decode(&old_blob(most, &zeros)), Err(Malformed::Deflate));
    assert_eq!(decode(&old_blob(most + 1, &zeros)), Err(Malformed::Number));
    let part = crate::gzip::Part::deflate(&zeros, 9).unwrap();
    let ready = |len: u64, escaped: u64| {
        let mut blob = vec![tag(VERSION, WEAPP_READY, false)];
        put(&mut blob, len);
        put(&mut blob, escaped);
        [&blob[..], &part.crc.to_le_bytes(), &part.stream].concat()
    };
    assert_eq!(decode(&ready(most, most)), Err(Malformed::Deflate));
    assert_eq!(decode(&ready(most + 1, most)), Err(Malformed::Number));
    assert_eq!(decode(&ready(1, 7)), Err(Malformed::Number));
    // The length is right, but a JSON string has no such characters.
    assert_eq!(decode(&ready(most, zeros.len() as u64)), Err(Malformed::Text));
}

#[test]
fn the_largest_actions_are_kept() {
    let points = (0..MAX_POINTS).map(|i| {
        let far = if i % 2 == 0 { i32::MIN } else { i32::MAX };
        Point { x: far, y: far.wrapping_add(i as i32), dt: if i == 0 { 0 } else { u32::MAX } }
    });
    let action = stroke(points.collect());
    assert_eq!(decode(&encode(&action)), Ok(action));
    let action = Action::Weapp { text: "x".repeat(weapp::MAX_TEXT) };
    let blob = encode(&action);
    assert!(blob.len() < 10_000);
    assert_eq!(decode(&blob), Ok(action));
}

#[test]
fn a_2016_text_is_stored_as_a_list_sends_it() {
    let text = r#"{"method":"lineTo","data":[12.5,40]},"#.repeat(30);
    let blob = encode(&Action::Weapp { text: text.clone() });
    let stored = weapp_text(&blob).unwrap();
    assert_eq!((stored.len, stored.text().as_deref()), (text.len(), Ok(&*text)));
    let part = stored.part().unwrap();
    assert!(blob.ends_with(&part.stream) && part.stream.len() < 120);
    let mut sent = b"\"".to_vec();
    stored.escape(&mut sent).unwrap();
    assert_eq!(part.len, sent.len() - 1);
    sent.push(b'"');
    assert_eq!(sent, serde_json::to_vec(&text).unwrap());

    for plain in [
        encode(&Action::Weapp { text: "[]".into() }),
        encode_uncompressed(&Action::Weapp { text: text.clone() }),
    ] {
        assert_eq!(weapp_text(&plain).unwrap().part(), None);
        assert!(is_weapp(&plain) && is_weapp(&blob));
    }
    for other in [vec![], encode(&Action::Undo { by: OWNER, at: None }), vec![0x4c, 0]] {
        assert!(!is_weapp(&other));
        assert_eq!(weapp_text(&other), None);
    }
}

#[test]
fn the_older_form_of_a_2016_text_is_still_read() {
    let text = r#"{"method":"lineTo","data":[12.5,40]},"#.repeat(30);
    let blob = old_blob(text.len() as u64, text.as_bytes());
    assert_eq!(decode(&blob), Ok(Action::Weapp { text: text.clone() }));
    let stored = weapp_text(&blob).unwrap();
    assert_eq!((stored.len, stored.part()), (text.len(), None));
    let mut sent = Vec::new();
    stored.escape(&mut sent).unwrap();
    assert_eq!(sent, text.replace('"', "\\\"").as_bytes());
    for end in 0..blob.len() {
        assert!(decode(&blob[..end]).is_err());
    }
}

proptest! {
    #[test]
    fn decoding_restores_every_action(action in arbitrary::action()) {
        let blob = encode(&action);
        prop_assert_eq!(is_weapp(&blob), matches!(action, Action::Weapp { .. }));
        prop_assert_eq!(author(&blob), action.by());
        let is_removal = matches!(action, Action::Remove { .. });
        prop_assert_eq!(is_of_room(&blob), is_removal || action.by() != OWNER);
        let plain = encode_uncompressed(&action);
        prop_assert!(blob.len() <= plain.len());
        prop_assert_eq!(decode(&plain), Ok(action.clone()));
        prop_assert_eq!(decode(&blob), Ok(action));
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(mut blob in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..16_u8, flag: bool, authored: bool) {
        let _ = decode(&blob);
        if let Some(first) = blob.first_mut() {
            *first = tag(if authored { AUTHORED } else { VERSION }, kind, flag);
        }
        if let Ok(action) = decode(&blob) {
            prop_assert_eq!(decode(&encode(&action)), Ok(action));
        }
    }

    #[test]
    fn a_damaged_action_is_decoded_or_refused(
        action in arbitrary::action(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let mut blob = encode(&action);
        for (place, byte) in damage {
            let place = place.index(blob.len());
            blob[place] = byte;
        }
        if let Ok(action) = decode(&blob) {
            prop_assert_eq!(decode(&encode(&action)), Ok(action));
        }
        blob.truncate(cut.index(blob.len()));
        let _ = decode(&blob);
    }
}
