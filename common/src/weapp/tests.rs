use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::drawing::{Color, MAX_POINTS, Point, Stroke, Tool, arbitrary};
use crate::picture::Picture;

/// As a phone saved it.
const SAVED: &str = r##"[{"method":"save","data":[]},{"method":"setStrokeStyle","data":["#ff0000"]},{"method":"setLineWidth","data":[5]},{"method":"strokePath","data":[{"method":"moveTo","data":[12.5,40]},{"method":"lineTo","data":[13,44.33]}]},{"method":"restore","data":[]}]"##;

fn check(text: &str) -> Result<(), NotCanvasActions> {
    read(text).map(drop)
}

fn refusal(text: &str) -> String {
    check(text).unwrap_err().to_string()
}

/// The positions of each stroke's points.
fn places(text: &str) -> Vec<Vec<(i32, i32)>> {
    check(text).unwrap();
    strokes(text)
        .iter()
        .map(|stroke| stroke.points.iter().map(|point| (point.x, point.y)).collect())
        .collect()
}

/// A list of one entry that strokes a path; 169 CSS pixels are 1024 grid units.
fn path(steps: &str) -> String {
    format!(r#"[{{"method":"strokePath","data":[{steps}]}}]"#)
}

/// The colour and opacity of a tap in that stroke style; none where it is invisible.
fn inks(style: &str) -> Vec<([u8; 3], u8)> {
    inks_after(&format!(r#"{{"method":"setStrokeStyle","data":{style}}}"#))
}

/// The colour and opacity of a tap after some entries.
fn inks_after(entries: &str) -> Vec<([u8; 3], u8)> {
    let text =
        format!(r#"[{entries},{{"method":"strokePath","data":[{{"method":"moveTo","data":[1,1]}}]}}]"#);
    check(&text).unwrap();
    strokes(&text).iter().map(|stroke| (stroke.color.0, stroke.alpha)).collect()
}

fn picture(strokes: Vec<Stroke>) -> Picture<'static> {
    Picture { background: Color::WHITE, strokes: strokes.into_iter().map(Cow::Owned).collect(), weapp: None }
}

fn pen(width: u16, points: &[(i32, i32)]) -> Stroke {
    let points = points.iter().map(|&(x, y)| Point { x, y, dt: 0 }).collect();
    Stroke { tool: Tool::Pen, color: Color([255, 0, 0]), alpha: Stroke::OPAQUE, width, points }
}

#[test]
fn a_saved_list_is_read_and_drawn() {
    assert_eq!(check(SAVED), Ok(()));
    assert_eq!(strokes(SAVED), [pen(30, &[(76, 242), (79, 269)])]);
}

#[test]
fn unknown_methods_and_members_are_ignored() {
    for text in [
        "[]",
        " [ ] ",
        r#"[{"data":[],"method":"setShadow"}]"#,
        r#"[{"method":"","data":[{"deep":[{"er":[null,true,1e9,"\u00e9"]}]}],"reserve":{"x":[1]}}]"#,
        r##"[{"method":"setFillStyle","data":["linear",[0,0,1,1],[[0,[1,2,3,4]],[1,[1,2,3,4]]]]}]"##,
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
        assert_eq!(strokes(text), [], "{text}");
    }
}

#[test]
fn other_texts_are_refused_with_a_reason() {
    for (text, why) in [
        ("", "it is not JSON"),
        ("[object Object]", "it is not JSON"),
        ("undefined", "it is not JSON"),
        ("[1e999]", "it is not JSON"),
        ("[] []", "it is not JSON"),
        (r#"[{"method":"save","data":[]}"#, "it is not JSON"),
        ("null", "it is not a JSON array"),
        ("{}", "it is not a JSON array"),
        (r#""[]""#, "it is not a JSON array"),
        ("[1]", "entry 0 is not an object"),
        (r#"[{"method":"save","data":[]},[]]"#, "entry 1 is not an object"),
        (r#"[{"method":"save","data":[]},{"data":[]}]"#, "entry 1 has no method"),
        (r#"[{"method":7,"data":[]}]"#, "entry 0 has no method"),
        (r#"[{"method":null,"data":[]}]"#, "entry 0 has no method"),
        (r#"[{"method":"save"}]"#, "entry 0 has no data"),
        (r#"[{"method":"save","data":{}}]"#, "the data of entry 0 is not an array"),
        (r#"[{"data":"[]","method":"save"}]"#, "the data of entry 0 is not an array"),
    ] {
        assert_eq!(refusal(text), why, "{text}");
        assert_eq!(strokes(text), [], "{text}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 3), "]".repeat(depth - 3));
        format!(r#"[{{"method":"x","data":[{open}"[[[\"[["{close}]}}]"#)
    };
    assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(refusal(&nested(MAX_DEPTH + 1)), "it is nested deeper than 32 levels");
    assert_eq!(refusal(&"[".repeat(1 << 20)), "it is nested deeper than 32 levels");
    assert_eq!(refusal(&r#"{"a":"#.repeat(1 << 16)), "it is nested deeper than 32 levels");
    assert_eq!(check(&format!("[{}]", " ".repeat(MAX_TEXT - 2))), Ok(()));
    assert_eq!(refusal(&format!("[{}]", " ".repeat(MAX_TEXT - 1))), "it is longer than 4194304 bytes");
}

#[test]
fn styles_are_css_colours_or_channels() {
    for style in [
        r##"["#ff0000"]"##,
        r##"["#F00"]"##,
        r##"["normal",[255,0,0,255]]"##,
        r##"["normal",[255,0,0]]"##,
        r##"["normal",[300,-1,0.2,999]]"##,
        r##"["rgb(255, 0,0)"]"##,
        r##"["rgba(255,0,0,1)"]"##,
        r##"["Red"]"##,
    ] {
        assert_eq!(inks(style), [([255, 0, 0], 255)], "{style}");
    }
    assert_eq!(inks(r##"["rgba(255,255,0,0.3)"]"##), [([255, 255, 0], 77)]);
    assert_eq!(inks(r##"["normal",[255,255,0,76]]"##), [([255, 255, 0], 76)]);
    for invisible in [r##"["normal",[0,0,0,0]]"##, r##"["transparent"]"##, r##"["#ff00"]"##] {
        assert_eq!(inks(invisible), [], "{invisible}");
    }
    for style in [r##"["#ff"]"##, r##"["#é0"]"##, r##"["rgb(1,2)"]"##, r##"["normal"]"##, "[]", "[5]"] {
        assert_eq!(inks(style), [([0; 3], 255)], "{style} is no colour");
    }
}

#[test]
fn the_global_alpha_multiplies_the_opacity_of_styles() {
    let alpha = |value: &str| format!(r#"{{"method":"setGlobalAlpha","data":[{value}]}}"#);
    let yellow = r##"{"method":"setStrokeStyle","data":["normal",[255,255,0,128]]}"##;
    assert_eq!(inks_after(&alpha("0.3")), [([0; 3], 77)]);
    assert_eq!(inks_after(&format!("{yellow},{}", alpha("0.5"))), [([255, 255, 0], 64)]);
    assert_eq!(inks_after(&format!("{},{yellow}", alpha("0.5"))), [([255, 255, 0], 64)]);
    assert_eq!(inks_after(&alpha("0")), []);
    for ignored in ["1.5", "-0.1", r#""0.5""#, "null"] {
        assert_eq!(inks_after(&format!("{},{}", alpha("0.2"), alpha(ignored))), [([0; 3], 51)], "{ignored}");
    }
    let (save, restore) = (r#"{"method":"save","data":[]}"#, r#"{"method":"restore","data":[]}"#);
    assert_eq!(inks_after(&format!("{save},{},{restore}", alpha("0.2"))), [([0; 3], 255)]);
}

#[test]
fn shadows_do_not_show() {
    let shadow = r##"{"method":"setShadow","data":[5,5,5,"red"]}"##;
    assert_eq!(inks_after(shadow), [([0; 3], 255)]);
}

#[test]
fn states_are_saved_and_transforms_compose() {
    let text = r##"[
        {"method":"setLineWidth","data":[16.5]},
        {"method":"save","data":[]},
        {"method":"translate","data":[169,0]},
        {"method":"rotate","data":[1.5707963267948966]},
        {"method":"scale","data":[0.5,0.5]},
        {"method":"setStrokeStyle","data":["#0000ff"]},
        {"method":"strokePath","data":[{"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[338,0]}]},
        {"method":"restore","data":[]},
        {"method":"setLineWidth","data":[-1]},
        {"method":"strokePath","data":[{"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[338,0]}]},
        {"method":"restore","data":[]},
        {"method":"setTransform","data":[2,0,0,2,0,0]},
        {"method":"stroke","data":[{"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[0,169]}]}
    ]"##;
    assert_eq!(places(text), [[(1024, 0), (1024, 1024)], [(0, 0), (2048, 0)], [(0, 0), (0, 2048)]]);
    let looks: Vec<_> = strokes(text).iter().map(|stroke| (stroke.color, stroke.width)).collect();
    assert_eq!(looks, [(Color([0, 0, 255]), 50), (Color::BLACK, 100), (Color::BLACK, 200)]);
}

#[test]
fn a_path_is_also_made_by_entries_before_the_stroke() {
    let text = r#"[
        {"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[169,0]},
        {"method":"stroke","data":[]},
        {"method":"lineTo","data":[169,169]},
        {"method":"stroke","data":[]},
        {"method":"beginPath","data":[]},
        {"method":"stroke","data":[]},
        {"method":"moveTo","data":[169,169]},
        {"method":"stroke","data":[]}
    ]"#;
    let corner = vec![(0, 0), (1024, 0), (1024, 1024)];
    assert_eq!(places(text), [corner[..2].to_vec(), corner.clone(), vec![(1024, 1024)]]);
}

#[test]
fn a_path_continues_from_the_start_of_the_closed_one() {
    let rect = r#"{"method":"rect","data":[0,0,169,338]},{"method":"lineTo","data":[-169,0]}"#;
    let closed = vec![(0, 0), (1024, 0), (1024, 2048), (0, 2048), (0, 0)];
    assert_eq!(places(&path(rect)), [closed, vec![(0, 0), (-1024, 0)]]);
    let triangle = r#"{"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[169,0]},{"method":"lineTo","data":[169,169]},{"method":"closePath","data":[]},{"method":"closePath","data":[]}"#;
    assert_eq!(places(&path(triangle)), [[(0, 0), (1024, 0), (1024, 1024), (0, 0)]]);
}

#[test]
fn pieces_of_a_curve_stay_within_a_unit_of_it() {
    let quadratic =
        path(r#"{"method":"moveTo","data":[0,0]},{"method":"quadraticCurveTo","data":[169,0,169,169]}"#);
    let cubic = path(
        r#"{"method":"moveTo","data":[0,0]},{"method":"bezierCurveTo","data":[112.666666667,0,169,56.333333333,169,169]}"#,
    );
    assert_eq!(places(&quadratic), places(&cubic));
    let points = places(&quadratic).remove(0);
    assert_eq!((points[0], points[points.len() - 1]), ((0, 0), (1024, 1024)));
    for pair in points.windows(2) {
        let middle = (f64::from(pair[0].0 + pair[1].0) / 2.0, f64::from(pair[0].1 + pair[1].1) / 2.0);
        let distances = (0..=2000).map(|i| {
            let t = f64::from(i) / 2000.0;
            (1024.0 * (2.0 * t - t * t) - middle.0).hypot(1024.0 * t * t - middle.1)
        });
        // The tolerance plus the rounding to the grid.
        assert!(distances.fold(f64::MAX, f64::min) < 1.8, "{pair:?}");
    }
    assert!(points.len() < 25);

    let circle =
        places(&path(r#"{"method":"arc","data":[169,169,84.5,0,6.283185307179586,true]}"#)).remove(0);
    assert_eq!((circle[0], circle[circle.len() - 1]), ((1536, 1024), (1536, 1024)));
    assert!(circle[1].1 < 1024, "counterclockwise is upwards from the right");
    for pair in circle.windows(2) {
        let middle = (f64::from(pair[0].0 + pair[1].0) / 2.0, f64::from(pair[0].1 + pair[1].1) / 2.0);
        let distance = (middle.0 - 1024.0).hypot(middle.1 - 1024.0);
        assert!((510.0..513.0).contains(&distance), "{pair:?}");
    }
    let half = places(&path(r#"{"method":"arc","data":[0,0,169,3.141592653589793,0]}"#)).remove(0);
    assert_eq!((half[0], half[half.len() / 2], half[half.len() - 1]), ((-1024, 0), (0, -1024), (1024, 0)));
}

#[test]
fn a_filled_circle_is_a_tap_and_other_fills_do_not_show() {
    let fill = |steps: &str| {
        format!(
            r##"[{{"method":"setFillStyle","data":["#008000"]}},{{"method":"fillPath","data":[{steps}]}}]"##
        )
    };
    let dot = strokes(&fill(r#"{"method":"arc","data":[169,169,8.25,0,6.28]}"#));
    assert_eq!(dot, [Stroke { color: Color([0, 128, 0]), ..pen(100, &[(1024, 1024)]) }]);
    for steps in [
        r#"{"method":"arc","data":[169,169,8.25,0,3.14]}"#,
        r#"{"method":"rect","data":[0,0,338,488]}"#,
        r#"{"method":"arc","data":[169,169,9,0,6.29]},{"method":"lineTo","data":[0,0]}"#,
        "",
    ] {
        assert_eq!(strokes(&fill(steps)), [], "{steps}");
    }
}

#[test]
fn clearing_the_whole_canvas_removes_all_strokes() {
    let line = r#"{"method":"strokePath","data":[{"method":"moveTo","data":[9,9]},{"method":"lineTo","data":[99,99]}]}"#;
    let with = |rect: &str| format!(r#"[{line},{{"method":"clearRect","data":{rect}}}]"#);
    assert_eq!(strokes(&with("[0,0,338,488]")), []);
    assert_eq!(strokes(&with("[338,488,-338,-488]")), []);
    assert_eq!(strokes(&with("[0,0,50,50]")).len(), 1);
    assert_eq!(strokes(&with("[]")).len(), 1);
}

#[test]
fn huge_and_malformed_numbers_stay_on_the_grid() {
    let far = path(
        r#"{"method":"moveTo","data":[1e300,-1e300]},{"method":"lineTo","data":[123456789012345678901234567890,0]}"#,
    );
    assert_eq!(places(&far), [[(8192, -11828), (8192, 0)]]);
    let broken = path(
        r#"{"method":"moveTo","data":[null,1]},{"method":"moveTo","data":["1",1]},{"method":"lineTo","data":[1]},{"method":"arc","data":[1,1,-1,0,7]},{"method":"spiral","data":[1,1]},{"data":[1,1]},{"method":"moveTo"},7,"x",null,[]"#,
    );
    assert_eq!(places(&broken), Vec::<Vec<_>>::new());
    let overflowing = r#"[{"method":"scale","data":[1e308,1e308]},{"method":"scale","data":[1e308,1e308]},{"method":"setLineWidth","data":[1e308]},{"method":"strokePath","data":[{"method":"moveTo","data":[1,1]},{"method":"bezierCurveTo","data":[1,2,3,4,5,6]},{"method":"arc","data":[0,0,1e308,0,1e308]}]}]"#;
    assert_eq!(places(overflowing), Vec::<Vec<_>>::new());
}

#[test]
fn the_points_of_a_list_are_bounded() {
    let repeat = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let total = |text: &str| strokes(text).iter().map(|stroke| stroke.points.len()).sum::<usize>();
    let circle = r#"{"method":"strokePath","data":[{"method":"arc","data":[169,169,160,0,7]}]}"#;
    assert_eq!(total(&repeat(circle, 1_000)), 10_000 + (circle.len() + 1) * 1_000 / 32);
    assert_eq!(total(&repeat(circle, 50_000)), MAX_POINTS);
    let growing = r#"{"method":"arc","data":[9,9,1e9,0,9]},{"method":"stroke","data":[]},{"method":"fill","data":[]},{"method":"clearRect","data":[-1e9,-1e9,2e9,2e9]}"#;
    assert!(total(&repeat(growing, 20_000)) <= MAX_POINTS);
    let still = r#"{"method":"lineTo","data":[9,9]},{"method":"stroke","data":[]}"#;
    assert!(total(&repeat(still, 40_000)) < 10_000);
}

#[test]
fn every_step_that_a_list_spells_out_is_drawn() {
    let steps: Vec<String> =
        (0..60_000).map(|i| format!(r#"{{"method":"lineTo","data":[{},{}]}}"#, i % 9, i % 7)).collect();
    let points: usize = places(&path(&steps.join(","))).iter().map(Vec::len).sum();
    assert_eq!(points, 60_000);
}

#[test]
fn a_picture_is_written_for_every_base_library() {
    let eraser = Stroke { tool: Tool::Eraser, ..pen(61, &[(0, 0), (0, 2048)]) };
    let strokes = vec![pen(28, &[(10, 20), (30, 20), (30, 41)]), pen(28, &[(-1024, 512)]), eraser];
    let picture = Picture { background: Color([255, 248, 231]), ..picture(strokes) };
    let expected = [
        r##"{"method":"save","data":[]},{"method":"setFillStyle","data":["#fff8e7"]},{"method":"setFillStyle","data":["normal",[255,248,231,255]]},"##,
        r##"{"method":"fillPath","data":[{"method":"rect","data":[0,0,338,488.02]}]},{"method":"restore","data":[]},"##,
        r##"{"method":"save","data":[]},{"method":"setStrokeStyle","data":["#ff0000"]},{"method":"setStrokeStyle","data":["normal",[255,0,0,255]]},"##,
        r##"{"method":"setLineWidth","data":[4.62]},{"method":"setLineCap","data":["round"]},{"method":"setLineJoin","data":["round"]},"##,
        r##"{"method":"strokePath","data":[{"method":"moveTo","data":[1.65,3.3]},{"method":"lineTo","data":[3.3,3.3]},"##,
        r##"{"method":"quadraticCurveTo","data":[4.95,3.3,4.95,5.03]},{"method":"lineTo","data":[4.95,6.77]}]},{"method":"restore","data":[]},"##,
        r##"{"method":"save","data":[]},{"method":"setFillStyle","data":["#ff0000"]},{"method":"setFillStyle","data":["normal",[255,0,0,255]]},"##,
        r##"{"method":"fillPath","data":[{"method":"arc","data":[-169,84.5,2.31,0,6.283185307179586]}]},{"method":"restore","data":[]},"##,
        r##"{"method":"save","data":[]},{"method":"setStrokeStyle","data":["#fff8e7"]},{"method":"setStrokeStyle","data":["normal",[255,248,231,255]]},"##,
        r##"{"method":"setLineWidth","data":[10.07]},{"method":"setLineCap","data":["round"]},{"method":"setLineJoin","data":["round"]},"##,
        r##"{"method":"strokePath","data":[{"method":"moveTo","data":[0,0]},{"method":"lineTo","data":[0,169]},{"method":"lineTo","data":[0,338]}]},{"method":"restore","data":[]}"##,
    ];
    assert_eq!(list(&picture, PAPER), format!("[{}]", expected.concat()));
    assert_eq!(list(&super::tests::picture(vec![]), PAPER), "[]");
}

#[test]
fn a_list_stays_within_its_length_bound() {
    let far = (0..50).map(|i| if i % 2 == 0 { (i32::MIN, i32::MIN) } else { (i32::MIN + 1, i32::MIN) });
    let far: Vec<_> = far.collect();
    let narrow = Paper { width: 64, height: 8192 };
    for strokes in [vec![], vec![pen(512, &far)], vec![pen(512, &far[..1]); 9], vec![pen(512, &far[..2]); 9]]
    {
        let points = strokes.iter().map(|stroke| stroke.points.len()).sum();
        let bound = list_len_bound(strokes.len(), points);
        let picture = Picture { background: Color([200; 3]), ..picture(strokes) };
        for paper in [narrow, PAPER, Paper { width: 0, height: u32::MAX }] {
            let text = list(&picture, paper);
            check(&text).unwrap();
            assert!(text.len() <= bound, "{} > {bound}", text.len());
        }
        assert!(bound < 1_100 + list(&picture, narrow).len() * 2, "a bound that is far too large");
    }
    assert_eq!(list_len_bound(usize::MAX, usize::MAX), usize::MAX);
}

#[test]
fn every_2016_id_has_a_v1_id() {
    for id in ["a", "k3v-_Z", &"x".repeat(64)] {
        assert!(matches!(v1_id(id), Cow::Borrowed(same) if same == id));
    }
    // printf %s a.b | sha256sum | xxd -r -p | base32
    assert_eq!(v1_id("a.b"), "w-fzztnxeoxkd66rzn6vumgvecvpzfoxod4xvmbrogfoh7v2wcze2a");
    for id in ["", "a b", "画", "a\n", &"x".repeat(65)] {
        let v1 = v1_id(id);
        assert_eq!(v1.len(), 54, "{id}");
        assert_eq!(v1_id(&v1), v1, "a v1 id maps to itself");
    }
}

fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<f64>().prop_map(|value| if value.is_finite() {
            format!("{value:e}")
        } else {
            "null".to_owned()
        }),
        (-500..500_i32).prop_map(|value| value.to_string()),
    ];
    let leaf = prop_oneof![
        4 => number,
        1 => prop::sample::select(vec!["true", "null", r##""#f00""##, r#""normal""#, r#""""#]).prop_map(str::to_owned),
    ];
    let methods = vec![
        "save",
        "restore",
        "setStrokeStyle",
        "setFillStyle",
        "setLineWidth",
        "translate",
        "scale",
        "rotate",
        "transform",
        "setTransform",
        "beginPath",
        "stroke",
        "strokePath",
        "fill",
        "fillPath",
        "clearRect",
        "moveTo",
        "lineTo",
        "quadraticCurveTo",
        "bezierCurveTo",
        "arc",
        "rect",
        "closePath",
        "other",
    ];
    let entry = move |item: BoxedStrategy<String>| {
        (prop::sample::select(methods.clone()), vec(item, 0..8))
            .prop_map(|(method, data)| format!(r#"{{"method":"{method}","data":[{}]}}"#, data.join(",")))
    };
    let array = vec(leaf.clone(), 0..8).prop_map(|items| format!("[{}]", items.join(",")));
    let step = entry(leaf.clone().boxed());
    let item = prop_oneof![4 => leaf, 1 => array, 3 => step];
    vec(entry(item.boxed()), 0..12).prop_map(|entries| format!("[{}]", entries.join(",")))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String, place: prop::sample::Index) {
        let _ = check(&text);
        prop_assert!(check(&text).is_ok() || strokes(&text).is_empty());
        let mut damaged = SAVED.to_owned();
        damaged.insert_str(place.index(SAVED.len()), &text);
        let _ = check(&damaged);
        let _ = strokes(&damaged);
    }

    #[test]
    fn any_list_draws_valid_strokes(text in json()) {
        prop_assert_eq!(check(&text), Ok(()));
        for stroke in strokes(&text) {
            prop_assert!(!stroke.points.is_empty() && stroke.alpha > 0);
            prop_assert!(crate::drawing::WIDTH_RANGE.contains(&stroke.width));
            prop_assert!(stroke.points.iter().all(|point| point.x.abs() <= 8192 && point.y.abs() <= 11828));
        }
    }

    #[test]
    fn a_written_picture_is_read_again(strokes in vec(arbitrary::stroke(crate::drawing::WIDTH_RANGE, arbitrary::hand_points()), 0..5)) {
        let picture = picture(strokes);
        let text = list(&picture, PAPER);
        prop_assert_eq!(check(&text), Ok(()));
        let points = picture.strokes.iter().map(|stroke| stroke.points.len()).sum();
        prop_assert!(text.len() <= list_len_bound(picture.strokes.len(), points));

        let read = super::strokes(&text);
        prop_assert_eq!(read.len(), picture.strokes.len());
        for (stroke, read) in picture.strokes.iter().zip(&read) {
            prop_assert_eq!(read.width, stroke.width);
            let color = if stroke.tool == Tool::Eraser { picture.background } else { stroke.color };
            prop_assert_eq!(read.color, color);
            prop_assert_eq!(read.alpha, stroke.alpha);
            let near = |a: &Point, b: &Point| (a.x - b.x).abs() <= 1 && (a.y - b.y).abs() <= 1;
            prop_assert!(near(&read.points[0], &stroke.points[0]));
            prop_assert!(near(read.points.last().unwrap(), stroke.points.last().unwrap()));
            // The path lies in the hull of its points and passes the midpoint of every two.
            let (xs, ys) = (stroke.points.iter().map(|p| p.x), stroke.points.iter().map(|p| p.y));
            let (left, right) = (xs.clone().min().unwrap(), xs.max().unwrap());
            let (top, bottom) = (ys.clone().min().unwrap(), ys.max().unwrap());
            for point in &read.points {
                prop_assert!((left - 1..=right + 1).contains(&point.x) && (top - 1..=bottom + 1).contains(&point.y));
            }
            for pair in stroke.points.windows(2) {
                let middle = Point { x: (pair[0].x + pair[1].x) / 2, y: (pair[0].y + pair[1].y) / 2, dt: 0 };
                prop_assert!(read.points.iter().any(|point| near(point, &middle)));
            }
        }
    }
}
