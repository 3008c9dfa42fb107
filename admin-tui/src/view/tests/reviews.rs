//! Snapshots of the review queue.

use serde_json::json;

use super::screen;
use crate::theme::Theme;
use crate::update::tests::reviewing::{case, case_json, covered, queue};
use crate::update::tests::{Desk, NOW};

fn rows() -> Vec<crate::lists::Row> {
    vec![case(1, "小芳45"), case(2, "阿云"), case(3, "")]
}

#[test]
fn the_queue_at_both_sizes() {
    shows!("queue_80", queue(80, 24, rows()));
    shows!("queue_120", queue(120, 40, rows()));
    shows!("queue_empty", queue(80, 24, Vec::new()));
}

#[test]
fn a_case_before_and_after_it_is_uncovered() {
    shows!("covered_80", covered(80, 24, &json!({})));
    let mut desk = covered(120, 40, &json!({}));
    desk.press(" ");
    shows!("uncovered_120", desk);
}

#[test]
fn a_removed_case_with_others_of_its_author() {
    let others = json!([case_json(5, "小芳45", "held"), case_json(6, "小芳45", "held")]);
    let decision = json!({"operator": "token:li", "at": crate::time::rfc3339(NOW - 2_000)});
    let mut desk =
        covered(80, 30, &json!({"state": "removed", "claim": null, "decision": decision, "others": others}));
    desk.press(" ");
    shows!("removed", desk);
}

#[test]
fn the_reason_and_the_note_are_asked_for() {
    let mut desk = covered(80, 24, &json!({}));
    desk.press("X");
    shows!("reason", desk);
    desk.press("<Esc>N先看中间");
    shows!("note", desk);
}

#[test]
fn a_case_in_monochrome() {
    let mut desk = covered(80, 24, &json!({}));
    desk.model.theme = Theme::from_environment(|name| (name == "NO_COLOR").then(|| "1".into()));
    shows!("monochrome", desk);
}

/// Text of strangers never moves the cursor, and never reaches beyond its place.
#[test]
fn hostile_texts_stay_in_their_places() {
    let hostile = format!("\u{1b}[2J\u{202e}{}\u{7}", "👩\u{200d}🎨".repeat(64));
    for (width, height) in [(40, 10), (56, 14), (80, 24), (120, 40)] {
        let others = json!([case_json(5, &hostile, "held")]);
        let report = json!({"seq": 1, "reason": 1, "note": hostile, "at": crate::time::rfc3339(NOW)});
        let note = json!({"at": crate::time::rfc3339(NOW), "operator": hostile, "text": hostile});
        let fields = json!({"title": hostile, "others": others, "reported": [report], "notes": [note]});
        let mut desk = covered(width, height, &fields);
        for keys in ["", " ", "X", "<Esc>N", "<Esc>jjjjjjjjjj"] {
            desk.press(keys);
            let text: String = screen(&desk).content().iter().map(|cell| cell.symbol().to_owned()).collect();
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{width}x{height} {keys}");
            assert!(text.contains(" 8 ") || width < 60, "the bar stays: {width}x{height} {keys}");
        }
        let desk: Desk = queue(width, height, vec![case(1, &hostile)]);
        let rows = screen(&desk);
        assert!(rows.content().iter().all(|cell| !cell.symbol().contains('\u{202e}')));
    }
}
