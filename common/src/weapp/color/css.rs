//! CSS colours (CSS Color Module Level 4, sections 4 to 8): names, hexadecimal notation, `rgb()`, `hsl()`, `hwb()`.

use super::Ink;
use super::names;
use crate::drawing::Color;

/// The longest text that is looked at, in bytes. No sensible colour is longer.
const MAX_LEN: usize = 128;

/// Reads a CSS colour in any case, with white space around it. `currentcolor` is black, as on a canvas that is not
/// part of a page. `None` for everything that CSS does not define as an sRGB colour.
pub(super) fn parse(text: &str) -> Option<Ink> {
    if text.len() > MAX_LEN {
        return None;
    }
    let text = text.trim_ascii().to_ascii_lowercase();
    if let Some(digits) = text.strip_prefix('#') {
        return hexadecimal(digits);
    }
    if let Some((function, arguments)) = text.split_once('(') {
        return functional(function, arguments.strip_suffix(')')?);
    }
    match &*text {
        "transparent" => Some(Ink { color: Color::BLACK, alpha: 0.0 }),
        "currentcolor" => Some(Ink::BLACK),
        name => names::find(name).map(|color| Ink { color, alpha: 1.0 }),
    }
}

/// Reads the digits of `#rgb`, `#rgba`, `#rrggbb` and `#rrggbbaa`.
fn hexadecimal(digits: &str) -> Option<Ink> {
    let nibbles = digits
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let channels: Vec<u8> = match nibbles.len() {
        3 | 4 => nibbles.iter().map(|value| value * 17).collect(),
        6 | 8 => {
            nibbles.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, value| sum * 16 + value)).collect()
        }
        _ => return None,
    };
    let rgb = Color(*channels.first_chunk()?);
    let alpha = channels.get(3).copied().unwrap_or(u8::MAX);
    Some(Ink { color: rgb, alpha: f64::from(alpha) / 255.0 })
}

/// One argument of a colour function.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Number(f64),
    Percentage(f64),
    /// An angle in degrees.
    Angle(f64),
    /// The keyword `none`, which counts as 0.
    Missing,
}

impl Value {
    fn parse(text: &str) -> Option<Self> {
        let units = [("%", 0.0), ("deg", 1.0), ("grad", 0.9), ("turn", 360.0), ("rad", 1_f64.to_degrees())];
        if text == "none" {
            return Some(Self::Missing);
        }
        for (unit, degrees) in units {
            if let Some(value) = text.strip_suffix(unit).and_then(number) {
                return Some(if unit == "%" {
                    Self::Percentage(value)
                } else {
                    Self::Angle(value * degrees)
                });
            }
        }
        number(text).map(Self::Number)
    }

    /// The value as a number, where 100 % are `whole`. `None` for an angle.
    fn resolve(self, whole: f64) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            Self::Percentage(value) => Some(value * whole / 100.0),
            Self::Missing => Some(0.0),
            Self::Angle(_) => None,
        }
    }

    /// The value as a hue in degrees. `None` for a percentage.
    fn hue(self) -> Option<f64> {
        match self {
            Self::Number(value) | Self::Angle(value) => Some(value),
            Self::Missing => Some(0.0),
            Self::Percentage(_) => None,
        }
    }
}

/// Reads a number as CSS writes one: no `inf`, no `nan`, no point at its end.
fn number(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte));
    if digits && text.ends_with(|last: char| last.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Three channels and, where it is given, an opacity.
struct Arguments {
    channels: [Value; 3],
    alpha: Option<Value>,
    /// Whether commas separate them: the legacy syntax, which allows less.
    legacy: bool,
}

impl Arguments {
    fn parse(text: &str) -> Option<Self> {
        let legacy = text.contains(',');
        let (channels, alpha) = if legacy {
            let values =
                text.split(',').map(|value| Value::parse(value.trim_ascii())).collect::<Option<Vec<_>>>()?;
            (values.get(..3)?.to_vec(), values.get(3..)?.to_vec())
        } else {
            let (channels, alpha) =
                text.split_once('/').map_or((text, None), |(left, right)| (left, Some(right)));
            let channels = channels.split_ascii_whitespace().map(Value::parse).collect::<Option<Vec<_>>>()?;
            let alpha = alpha.map(|alpha| Value::parse(alpha.trim_ascii()));
            (channels, alpha.map_or(Some(Vec::new()), |alpha| alpha.map(|alpha| vec![alpha]))?)
        };
        let channels: [Value; 3] = channels.try_into().ok()?;
        if alpha.len() > 1 || legacy && channels.iter().chain(&alpha).any(|value| *value == Value::Missing) {
            return None;
        }
        Some(Self { channels, alpha: alpha.first().copied(), legacy })
    }

    fn alpha(&self) -> Option<f64> {
        self.alpha.map_or(Some(1.0), |alpha| alpha.resolve(1.0))
    }

    /// The channels of `rgb()`. The legacy syntax does not mix numbers and percentages.
    fn rgb(&self) -> Option<[f64; 3]> {
        let [r, g, b] = self.channels;
        let percentages = self.channels.iter().filter(|value| matches!(value, Value::Percentage(_))).count();
        if self.legacy && !matches!(percentages, 0 | 3) {
            return None;
        }
        Some([r.resolve(255.0)?, g.resolve(255.0)?, b.resolve(255.0)?])
    }

    /// A hue in degrees and two shares between 0 and 1, as `hsl()` and `hwb()` take them. The legacy syntax of
    /// `hsl()` takes percentages alone.
    fn hue_and_shares(&self) -> Option<[f64; 3]> {
        let [hue, first, second] = self.channels;
        let percentages = [first, second].iter().all(|value| matches!(value, Value::Percentage(_)));
        if self.legacy && !percentages {
            return None;
        }
        let share = |value: Value| value.resolve(100.0).map(|value| value.clamp(0.0, 100.0) / 100.0);
        Some([hue.hue()?, share(first)?, share(second)?])
    }
}

fn functional(function: &str, arguments: &str) -> Option<Ink> {
    let arguments = Arguments::parse(arguments)?;
    let rgb = match function {
        "rgb" | "rgba" => arguments.rgb()?,
        "hsl" | "hsla" => {
            let [hue, saturation, lightness] = arguments.hue_and_shares()?;
            hsl(hue, saturation, lightness)
        }
        "hwb" if !arguments.legacy => {
            let [hue, white, black] = arguments.hue_and_shares()?;
            // Beyond the whole, the two stand in proportion and leave no room for the hue.
            let whole = (white + black).max(1.0);
            let (white, black) = (white / whole, black / whole);
            hsl(hue, 1.0, 0.5).map(|channel| channel * (1.0 - white - black) + 255.0 * white)
        }
        _ => return None,
    };
    Some(Ink::new(rgb, arguments.alpha()?))
}

/// Converts hue (degrees), saturation and lightness (0 to 1) to channels of 0 to 255.
fn hsl(hue: f64, saturation: f64, lightness: f64) -> [f64; 3] {
    let reach = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let sector = (offset + hue / 30.0).rem_euclid(12.0);
        let ramp = (sector - 3.0).min(9.0 - sector).clamp(-1.0, 1.0);
        (lightness - reach * ramp) * 255.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_gives_the_colour_of_a_browser() {
        // As Chromium's 2D canvas resolves them: the opacity in 255ths.
        for (text, rgb, alpha) in [
            ("#f00", [255, 0, 0], 255),
            ("#F00F", [255, 0, 0], 255),
            ("#ff000080", [255, 0, 0], 128),
            (" Pink ", [255, 192, 203], 255),
            ("CRIMSON", [220, 20, 60], 255),
            ("rebeccapurple", [102, 51, 153], 255),
            ("transparent", [0, 0, 0], 0),
            ("RGB(255,0,0)", [255, 0, 0], 255),
            ("rgb(255 0 0)", [255, 0, 0], 255),
            ("rgb( 255 0 0 / .5 )", [255, 0, 0], 128),
            ("rgb(100%,0%,0%)", [255, 0, 0], 255),
            ("rgb(50% 128 none)", [128, 128, 0], 255),
            ("rgba(255,0,0,50%)", [255, 0, 0], 128),
            ("rgb(300, -5, 2e1)", [255, 0, 20], 255),
            ("hsl(0,100%,50%)", [255, 0, 0], 255),
            ("hsl(120deg 100% 25%)", [0, 128, 0], 255),
            ("hsla(-120, 100%, 50%, 0.3)", [0, 0, 255], 77),
            ("hsl(0.5turn 50 50)", [64, 191, 191], 255),
            ("hwb(90 10% 10%)", [128, 230, 26], 255),
            ("hwb(0 80% 80%)", [128, 128, 128], 255),
        ] {
            let ink = parse(text).unwrap_or_else(|| panic!("{text} is a colour"));
            assert_eq!((ink.color.0, (ink.alpha * 255.0).round() as u8), (rgb, alpha), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_colours() {
        for text in [
            "",
            "#",
            "#ff",
            "#ff00000",
            "#é0",
            "rgb",
            "rgb(1,2,3",
            "rgb(1,2)",
            "rgb(1,2,3,4,5)",
            "rgb(1%,2,3)",
            "rgb(1,2,none)",
            "rgb(1 2 3 4)",
            "rgb(1 2 3 / )",
            "rgb(1,2 3)",
            "rgb(inf,0,0)",
            "rgb(1.,0,0)",
            "rgb(1deg 2 3)",
            "hsl(0,100,50)",
            "hsl(10% 10% 10%)",
            "hwb(0,1%,1%)",
            "lab(1 2 3)",
            "reddish",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&" ".repeat(4 << 20)), None);
    }
}
