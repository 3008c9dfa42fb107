//! Colours as 2016 canvases were given them.

use super::parse::Data;
use crate::drawing::Color;

/// The names that HTML 4.01 defines, and orange.
const NAMES: [(&str, [u8; 3]); 17] = [
    ("aqua", [0, 255, 255]),
    ("black", [0, 0, 0]),
    ("blue", [0, 0, 255]),
    ("fuchsia", [255, 0, 255]),
    ("gray", [128, 128, 128]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("maroon", [128, 0, 0]),
    ("navy", [0, 0, 128]),
    ("olive", [128, 128, 0]),
    ("orange", [255, 165, 0]),
    ("purple", [128, 0, 128]),
    ("red", [255, 0, 0]),
    ("silver", [192, 192, 192]),
    ("teal", [0, 128, 128]),
    ("white", [255, 255, 255]),
    ("yellow", [255, 255, 0]),
];

/// What strokes and fills are drawn with: a colour as it looks on white paper, or nothing to be seen.
pub(super) type Ink = Option<Color>;

/// The colour that `setStrokeStyle` or `setFillStyle` takes, `["#ff0000"]` or `["normal",[255,0,0,255]]`;
/// `None` for what is no colour, which leaves a canvas as it was.
pub(super) fn ink(data: &Data<'_>) -> Option<Ink> {
    match data.text.as_deref()? {
        "normal" => {
            let list = data.list?;
            let [r, g, b] = list.first()?;
            let alpha = list.first::<4>().map_or(255.0, |[.., alpha]| alpha);
            Some(on_white([r, g, b], alpha / 255.0))
        }
        css => parse(css.trim()),
    }
}

fn parse(css: &str) -> Option<Ink> {
    if let Some(color) = Color::parse(css) {
        return Some(Some(color));
    }
    if let Some(hex) = css.strip_prefix('#') {
        let digit = |place| hex.as_bytes().get(place).and_then(|byte| char::from(*byte).to_digit(16));
        let channel = |place| digit(place).and_then(|digit| u8::try_from(digit * 17).ok());
        return match (hex.len(), channel(0), channel(1), channel(2)) {
            (3, Some(r), Some(g), Some(b)) => Some(Some(Color([r, g, b]))),
            _ => None,
        };
    }
    if let Some((function, arguments)) = css.split_once('(') {
        let arguments = arguments.strip_suffix(')')?;
        let mut numbers = arguments.split(',').map(|number| number.trim().parse::<f64>().ok());
        let rgb = [numbers.next()??, numbers.next()??, numbers.next()??];
        let alpha = match function.trim_end() {
            "rgb" => 1.0,
            "rgba" => numbers.next()??,
            _ => return None,
        };
        return numbers.next().is_none().then(|| on_white(rgb, alpha));
    }
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(css));
    named.map(|(_, rgb)| Some(Color(*rgb)))
}

/// A colour of the given opacity, laid on white.
fn on_white(rgb: [f64; 3], alpha: f64) -> Ink {
    let alpha = alpha.clamp(0.0, 1.0);
    let channel = |value: f64| (value.clamp(0.0, 255.0) * alpha + 255.0 * (1.0 - alpha)).round() as u8;
    (alpha > 0.0).then(|| Color(rgb.map(channel)))
}
