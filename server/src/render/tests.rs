use std::borrow::Cow;

use yibi_common::drawing::{Action, Color, Paper, Point, Stroke, Tool};
use yibi_common::picture::{Picture, fold};

use super::testing::{Decoded, decode};
use super::{Budget, MOST_POINTS, RenderError, png, svg};

const SQUARE: Paper = Paper { width: 2048, height: 2048 };

fn actions(json: &str) -> Vec<Action> {
    serde_json::from_str(json).unwrap()
}

fn drawn(json: &str) -> Decoded {
    decode(&png(&fold(0, &actions(json)), SQUARE, 256, &Budget::start()).unwrap())
}

#[test]
fn the_longer_side_is_the_size_and_the_other_keeps_the_proportions() {
    let empty = fold(0, &[]);
    for (width, height, size, expected) in [
        (2048, 2731, 256, (192, 256)),
        (2731, 2048, 1080, (1080, 810)),
        (2048, 2048, 64, (64, 64)),
        (8192, 64, 64, (64, 1)),
        (64, 8192, 2048, (16, 2048)),
    ] {
        let picture = decode(&png(&empty, Paper { width, height }, size, &Budget::start()).unwrap());
        assert_eq!((picture.width, picture.height), expected);
        assert!(picture.rgb.iter().all(|pixel| *pixel == [255; 3]));
        let text = svg(&empty, Paper { width, height }, size, &Budget::start()).unwrap();
        assert!(text.contains(&format!(r#"width="{}" height="{}""#, expected.0, expected.1)), "{text}");
    }
}

#[test]
fn a_size_out_of_range_is_refused() {
    for size in [0, 63, 2049, u32::MAX] {
        let refused = |error| matches!(error, RenderError::Size { size: named } if named == size);
        assert!(refused(png(&fold(0, &[]), SQUARE, size, &Budget::start()).unwrap_err()));
        assert!(refused(svg(&fold(0, &[]), SQUARE, size, &Budget::start()).unwrap_err()));
    }
}

#[test]
fn colours_are_exact_and_few_of_them_make_a_palette() {
    let picture = drawn(
        r##"[{"type":"background","color":"#fff8e7"},
            {"type":"stroke","color":"#c0392b","width":64,"at":0,"points":[200,1024,0,1600,0,900]},
            {"type":"stroke","tool":"ink","color":"#1f2a44","width":64,"at":0,"points":[200,600,0,800,0,900]}]"##,
    );
    assert_eq!(picture.color, ::png::ColorType::Indexed);
    assert_eq!(picture.at(5, 5), [0xff, 0xf8, 0xe7]);
    assert_eq!(picture.at(128, 128), [0xc0, 0x39, 0x2b]);
    assert_eq!(picture.at(70, 75), [0x1f, 0x2a, 0x44]);
    // In this drawing, 64 units are 8 pixels.
    assert_eq!(picture.at(128, 131), [0xc0, 0x39, 0x2b]);
    assert_eq!(picture.at(128, 132), [0xff, 0xf8, 0xe7]);
}

#[test]
fn more_colours_than_a_palette_holds_are_true_colours() {
    let strokes: Vec<String> = (0..300)
        .map(|i| {
            let (x, y) = (60 + i % 20 * 100, 60 + i / 20 * 100);
            let color = format!("#{:02x}{:02x}40", i % 250, i / 2);
            format!(r#"{{"type":"stroke","color":"{color}","width":80,"at":0,"points":[{x},{y},0]}}"#)
        })
        .collect();
    let picture = drawn(&format!("[{}]", strokes.join(",")));
    assert_eq!(picture.color, ::png::ColorType::Rgb);
    for i in 0..300 {
        let (x, y) = ((60 + i % 20 * 100) / 8, (60 + i / 20 * 100) / 8);
        assert_eq!(picture.at(x, y), [(i % 250) as u8, (i / 2) as u8, 0x40], "dot {i}");
    }
}

#[test]
fn a_tap_is_a_disc_with_every_tool() {
    for tool in ["pen", "ink"] {
        let picture = drawn(&format!(
            r##"[{{"type":"stroke","tool":"{tool}","color":"#000000","width":160,"at":0,"points":[1024,1024,0]}}]"##
        ));
        // Ten pixels around the middle; the corners of the square around the disc stay white.
        for (x, y, expected) in
            [(128, 128, 0), (119, 128, 0), (128, 136, 0), (120, 120, 255), (139, 128, 255)]
        {
            assert_eq!(picture.at(x, y), [expected; 3], "{tool} at {x}, {y}");
        }
    }
}

#[test]
fn an_eraser_shows_the_background_and_what_is_drawn_later() {
    let picture = drawn(
        r##"[{"type":"stroke","tool":"eraser","color":"#ff0000","width":64,"at":0,"points":[0,300,0,2048,0,90]},
            {"type":"stroke","color":"#000000","width":64,"at":0,"points":[0,300,0,2048,0,90]},
            {"type":"stroke","color":"#000000","width":200,"at":0,"points":[0,1024,0,2048,0,90]},
            {"type":"stroke","tool":"eraser","color":"#ff0000","width":64,"at":0,"points":[1024,0,0,0,2048,90]},
            {"type":"background","color":"#fff8e7"},
            {"type":"stroke","color":"#2d6cdf","width":40,"at":0,"points":[0,1024,0,2048,0,90]}]"##,
    );
    assert_eq!(picture.at(60, 37), [0; 3], "an eraser takes nothing from what comes after it");
    assert_eq!(picture.at(60, 118), [0; 3]);
    assert_eq!(picture.at(128, 118), [0xff, 0xf8, 0xe7]);
    assert_eq!(picture.at(128, 128), [0x2d, 0x6c, 0xdf]);
}

#[test]
fn strokes_beside_the_paper_leave_nothing() {
    let stroke = |tool, x, y| Stroke {
        tool,
        color: Color::BLACK,
        alpha: Stroke::OPAQUE,
        width: 100,
        points: vec![Point { x, y, dt: 0 }, Point { x: x + 1, y: y + 1, dt: 9 }],
    };
    let mut picture = fold(0, &[]);
    let empty = png(&picture, SQUARE, 256, &Budget::start()).unwrap();
    for (x, y) in [(-70, 100), (100, -70), (2120, 100), (100, 2120), (i32::MIN, i32::MAX - 1)] {
        picture
            .strokes
            .extend([Tool::Pen, Tool::Ink, Tool::Eraser].map(|tool| Cow::Owned(stroke(tool, x, y))));
    }
    assert_eq!(png(&picture, SQUARE, 256, &Budget::start()).unwrap(), empty);
    assert!(!svg(&picture, SQUARE, 256, &Budget::start()).unwrap().contains("stroke-width"));
    picture.strokes.push(Cow::Owned(stroke(Tool::Pen, -40, 100)));
    assert_ne!(png(&picture, SQUARE, 256, &Budget::start()).unwrap(), empty);
}

/// Stored drawings are not validated again before they are rendered.
#[test]
fn any_stroke_is_drawn_without_harm() {
    let ends = [i32::MIN, -40_000, -1, 0, 1024, 40_000, i32::MAX];
    for tool in [Tool::Pen, Tool::Ink, Tool::Eraser] {
        for width in [0, 1, u16::MAX] {
            let points: Vec<Point> = ends
                .iter()
                .flat_map(|x| {
                    ends.iter().map(|y| Point { x: *x, y: *y, dt: u32::MAX / 7 * u32::from(*y > 0) })
                })
                .collect();
            for points in [points, Vec::new()] {
                let below = Stroke {
                    tool: Tool::Pen,
                    color: Color::BLACK,
                    alpha: Stroke::OPAQUE,
                    width: 28,
                    points: points.clone(),
                };
                let stroke = Stroke { tool, color: Color::BLACK, alpha: Stroke::OPAQUE, width, points };
                let strokes = vec![Cow::Owned(below), Cow::Owned(stroke)];
                let picture = Picture { background: Color::WHITE, strokes, weapp: None };
                assert!(png(&picture, SQUARE, 64, &Budget::start()).is_ok());
                assert!(svg(&picture, SQUARE, 64, &Budget::start()).is_ok());
            }
        }
    }
}

#[test]
fn a_drawing_beyond_all_measure_is_refused() {
    let points = vec![Point { x: 5, y: 5, dt: 0 }; MOST_POINTS / 10];
    let stroke = Stroke { tool: Tool::Pen, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 9, points };
    let mut picture = fold(0, &[]);
    picture.strokes = (0..10).map(|_| Cow::Borrowed(&stroke)).collect();
    assert!(png(&picture, SQUARE, 64, &Budget::start()).is_ok());
    picture.strokes.push(Cow::Borrowed(&stroke));
    assert!(matches!(png(&picture, SQUARE, 64, &Budget::start()), Err(RenderError::TooLarge)));
    assert!(matches!(svg(&picture, SQUARE, 64, &Budget::start()), Err(RenderError::TooLarge)));
}

#[test]
fn a_translucent_stroke_shows_the_strokes_below_it() {
    // A black stroke, crossed by yellow strokes of opacity 0.3, one of which is erased in its middle.
    let text = r##"[{"method":"setLineWidth","data":[40]},
        {"method":"strokePath","data":[{"method":"moveTo","data":[0,100]},{"method":"lineTo","data":[338,100]}]},
        {"method":"setStrokeStyle","data":["rgba(255,255,0,0.3)"]},
        {"method":"strokePath","data":[{"method":"moveTo","data":[100,0]},{"method":"lineTo","data":[100,338]}]}]"##;
    let mut drawing = vec![Action::Weapp { text: text.to_owned() }];
    for erased in [false, true] {
        let picture = fold(0, &drawing);
        let pixels = decode(&png(&picture, SQUARE, 338, &Budget::start()).unwrap());
        let close = |x, y, expected: [u8; 3]| {
            let pixel = pixels.at(x, y);
            let near = pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(near, "{pixel:?} at {x}, {y}, erased: {erased}");
        };
        close(200, 100, [0; 3]);
        close(100, 100, [77, 77, 0]);
        close(100, 50, [255, 255, 178]);
        close(100, 200, if erased { [255; 3] } else { [255, 255, 178] });
        let svg = svg(&picture, SQUARE, 338, &Budget::start()).unwrap();
        assert_eq!(
            svg.matches(r##"<path stroke="#ffff00" opacity="0.302" stroke-width"##).count(),
            1,
            "{svg}"
        );
        drawing.extend(actions(
            r##"[{"type":"stroke","tool":"eraser","color":"#000000","width":400,"at":0,"points":[606,1212,0]}]"##,
        ));
    }
}

#[test]
fn the_depth_of_an_svg_does_not_grow_with_the_erasures() {
    let pen = r##"{"type":"stroke","color":"#c0392b","width":28,"at":0,"points":[10,20,0,300,5,9]}"##;
    let eraser =
        r##"{"type":"stroke","tool":"eraser","color":"#000000","width":60,"at":0,"points":[50,20,0,9,9,9]}"##;
    let list = vec![format!("{pen},{eraser}"); 2_500].join(",");
    let text = svg(&fold(0, &actions(&format!("[{list}]"))), SQUARE, 256, &Budget::start()).unwrap();
    assert_eq!(text.matches("<g").count(), 1);
    assert_eq!(text.matches("<path").count(), 5_001);
}

#[test]
fn an_svg_is_short_and_erasers_have_the_papers_colour() {
    let json = r##"[{"type":"background","color":"#fff8e7"},
        {"type":"stroke","color":"#c0392b","width":28,"at":0,"points":[10,20,0,11,-5,9,3,40,9,-2,8,9]},
        {"type":"stroke","tool":"eraser","color":"#c0392b","width":60,"at":0,"points":[50,50,0,10,0,9]},
        {"type":"stroke","tool":"eraser","color":"#c0392b","width":60,"at":0,"points":[70,80,0]},
        {"type":"stroke","color":"#1f2a44","width":13,"at":0,"points":[100,200,0]},
        {"type":"stroke","tool":"eraser","color":"#c0392b","width":9,"at":0,"points":[99,199,0]},
        {"type":"stroke","tool":"ink","color":"#1f2a44","width":1,"at":0,"points":[9,9,0,1,0,500]}]"##;
    let ground = "M0 0h4096v4096H0z";
    let expected = [
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 2048 2048" preserveAspectRatio="xMinYMin">"#,
        &format!(r##"<path fill="#fff8e7" d="{ground}"/>"##),
        r#"<g fill="none" stroke-linecap="round" stroke-linejoin="round">"#,
        r##"<path stroke="#c0392b" stroke-width="28" d="M10 20l5.5-2.5q5.5-2.5 7 17.5t.5 24l-1 4"/>"##,
        r##"<path stroke="#fff8e7" stroke-width="60" d="M50 50l5 0l5 0"/>"##,
        r##"<circle fill="#fff8e7" cx="70" cy="80" r="30"/>"##,
        r##"<circle fill="#1f2a44" cx="100" cy="200" r="6.5"/>"##,
        r##"<circle fill="#fff8e7" cx="99" cy="199" r="4.5"/>"##,
        r##"<path fill="#1f2a44" d="M9 8.4"##,
    ]
    .concat();
    let text = svg(&fold(0, &actions(json)), SQUARE, 256, &Budget::start()).unwrap();
    assert!(text.starts_with(&expected), "{text}\n{expected}");
    assert!(text.ends_with("z\"/></g></svg>\n"), "{text}");
}
