//! Vectors that this crate and the mini-program's JavaScript both have to match. `UPDATE_VECTORS=1` writes
//! what the code says now into the files, new cases included (give those a `null` where the answer goes);
//! the diff then has to be right.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the lints' allowance for tests covers no function beside them"
)]

use std::path::PathBuf;

use serde_json::{Value, json};
use yibi_common::drawing::{Action, DEFAULT_HEIGHT, Paper, Stroke};
use yibi_common::geometry::{self, Segment, Shape};
use yibi_common::picture;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn read(name: &str) -> (String, Value) {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

/// Compares the file with the expected text, one case a line.
fn hold(name: &str, text: &str, about: &Value, cases: &[String]) {
    let expected =
        format!("{{\n\"about\": {},\n\"cases\": [\n{}\n]\n}}\n", pretty_lines(about), cases.join(",\n"));
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(path(name), expected).unwrap();
        return;
    }
    for (line, (is, should)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, should, "{name}, line {}", line + 1);
    }
    assert_eq!(text.len(), expected.len(), "{name}");
}

fn pretty_lines(about: &Value) -> String {
    let lines: Vec<String> = about.as_array().unwrap().iter().map(Value::to_string).collect();
    format!("[\n  {}\n]", lines.join(",\n  "))
}

fn stroke(value: &Value) -> Stroke {
    let mut value = value.clone();
    value["type"] = json!("stroke");
    value["at"] = json!(0);
    let Action::Stroke { stroke, .. } = serde_json::from_value(value).unwrap() else { panic!("no stroke") };
    stroke
}

fn shape_json(shape: &Shape) -> String {
    match shape {
        Shape::Line { width, start, segments } => {
            let segments: Vec<Vec<f64>> = segments
                .iter()
                .map(|segment| match segment {
                    Segment::Line(to) => to.to_vec(),
                    Segment::Quad(control, to) => [*control, *to].concat(),
                })
                .collect();
            format!(
                r#"{{"kind":"line","width":{},"start":{},"segments":{}}}"#,
                json!(width),
                json!(start),
                json!(segments)
            )
        }
        Shape::Outline(polygons) => {
            let polygons: Vec<Vec<f64>> = polygons.iter().map(|polygon| polygon.concat()).collect();
            format!(r#"{{"kind":"outline","polygons":{}}}"#, json!(polygons))
        }
        Shape::Dot { center: [x, y], radius } => {
            format!(r#"{{"kind":"dot","x":{},"y":{},"radius":{}}}"#, json!(x), json!(y), json!(radius))
        }
    }
}

#[test]
fn shapes_are_what_the_vectors_say_to_the_last_bit() {
    let (text, vectors) = read("geometry.json");
    let cases: Vec<String> = vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let stroke = stroke(&case["stroke"]);
            let (unit, paper) = match case["paper_width"].as_u64() {
                Some(width) => {
                    let paper = Paper { width: u32::try_from(width).unwrap(), height: DEFAULT_HEIGHT };
                    (paper.unit(), format!(r#""paper_width":{width},"#))
                }
                None => (1.0, String::new()),
            };
            format!(
                r#"{{"name":{},{paper}"stroke":{},"length":{},"shape":{}}}"#,
                case["name"],
                serde_json::to_string(&stroke).unwrap(),
                json!(geometry::path_length(&stroke.points)),
                shape_json(&geometry::shape(&stroke, unit))
            )
        })
        .collect();
    hold("geometry.json", &text, &vectors["about"], &cases);
}

#[test]
fn folds_are_what_the_vectors_say() {
    let (text, vectors) = read("fold.json");
    let cases: Vec<String> = vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let actions: Vec<Action> = case["actions"].as_array().unwrap().iter().map(action).collect();
            let first = case["first"].as_u64();
            let picture = picture::fold(u32::try_from(first.unwrap_or(0)).unwrap(), &actions);
            let first = first.map(|first| format!(r#""first":{first},"#)).unwrap_or_default();
            let index = |wanted: &Stroke| {
                let same = |action: &Action| {
                    matches!(action, Action::Stroke { stroke, .. } if std::ptr::eq(stroke, wanted))
                };
                actions.iter().position(same).expect("the strokes of these cases are actions of their own")
            };
            let strokes: Vec<usize> = picture.strokes.iter().map(|stroke| index(stroke)).collect();
            format!(
                r#"{{"name":{},{first}"actions":{},"strokes":{},"background":{}}}"#,
                case["name"],
                serde_json::to_string(&actions).unwrap(),
                json!(strokes),
                json!(picture.background)
            )
        })
        .collect();
    hold("fold.json", &text, &vectors["about"], &cases);
}

/// A client reads 2016 pictures as the server writes them; here it is the empty one.
fn action(value: &Value) -> Action {
    if *value == json!({"type": "weapp", "strokes": []}) {
        return Action::Weapp { text: "[]".into() };
    }
    serde_json::from_value(value.clone()).unwrap()
}
