//! Themes: dark, light, or without any colour.
//!
//! `NO_COLOR` is honoured here and not by the terminal library, whose way of dropping colours also drops the
//! reversed row that shows the cursor.

use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    Dark,
    Light,
    /// Bold, dim, reversed and underlined only.
    Monochrome,
}

impl Palette {
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Monochrome => "monochrome",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub palette: Palette,
    /// Whether the terminal shows 24-bit colours, rather than 256 of them.
    pub true_color: bool,
    /// Whether colours may be used at all.
    pub color: bool,
    /// Whether the palette follows the terminal's background.
    pub follows_background: bool,
    /// Whether marks are ASCII, and pictures Braille, whose width is one column everywhere.
    pub ascii: bool,
}

/// The meaning of a text, from which its style follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    Text,
    Dim,
    Faint,
    Accent,
    Heading,
    Good,
    Warn,
    Bad,
    Selected,
    Marked,
    Bar,
    Tab,
    Danger,
    Key,
}

impl Theme {
    /// The theme of the environment: `NO_COLOR`, `COLORTERM`, and `COLORFGBG` for a light background.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let color = set("NO_COLOR").is_none() && variable("TERM").as_deref() != Some("dumb");
        let true_color =
            set("COLORTERM").is_some_and(|value| value.contains("truecolor") || value.contains("24bit"));
        let background = set("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
        let light = matches!(background.as_deref(), Some("7" | "15"));
        let palette = match (color, light) {
            (false, _) => Palette::Monochrome,
            (true, true) => Palette::Light,
            (true, false) => Palette::Dark,
        };
        Self { palette, true_color, color, follows_background: color && background.is_none(), ascii: false }
    }

    /// The theme with another palette, unless colours are forbidden.
    pub fn with(self, palette: Palette) -> Self {
        if self.color { Self { palette, follows_background: false, ..self } } else { self }
    }

    /// The theme for the background that the terminal has told, unless a palette was chosen.
    pub fn on_background(self, [r, g, b]: [u8; 3]) -> Self {
        if !self.follows_background {
            return self;
        }
        let luma = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
        Self { palette: if luma > 127_500 { Palette::Light } else { Palette::Dark }, ..self }
    }

    /// The theme with the next palette. Without colours there is only one.
    pub fn next(self) -> Self {
        let palette = match self.palette {
            Palette::Dark if self.color => Palette::Light,
            Palette::Monochrome if self.color => Palette::Dark,
            Palette::Dark | Palette::Light | Palette::Monochrome => Palette::Monochrome,
        };
        Self { palette, follows_background: false, ..self }
    }

    /// Whether pictures are drawn in Braille.
    pub fn braille(self) -> bool {
        self.monochrome() || self.ascii
    }

    pub fn monochrome(self) -> bool {
        self.palette == Palette::Monochrome
    }

    pub fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        if self.monochrome() {
            return match tone {
                Tone::Text | Tone::Good => plain,
                Tone::Dim | Tone::Faint => plain.add_modifier(Modifier::DIM),
                Tone::Accent | Tone::Key | Tone::Warn | Tone::Marked => plain.add_modifier(Modifier::BOLD),
                Tone::Heading => plain.add_modifier(Modifier::UNDERLINED),
                Tone::Bad => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                // Dim cells would make grey holes in the reversed row.
                Tone::Selected => plain.add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM),
                Tone::Tab => plain.add_modifier(Modifier::REVERSED),
                Tone::Bar => plain,
                Tone::Danger => plain.add_modifier(Modifier::REVERSED | Modifier::BOLD),
            };
        }
        let colors = match self.palette {
            Palette::Light => Colors::LIGHT,
            Palette::Dark | Palette::Monochrome => Colors::DARK,
        };
        let ink = |rgb| plain.fg(self.rgb(rgb));
        match tone {
            // The terminal's own foreground is readable on its background, whatever that is.
            Tone::Text => plain,
            Tone::Dim => ink(colors.dim),
            Tone::Faint => ink(colors.faint),
            Tone::Accent => ink(colors.accent).add_modifier(Modifier::BOLD),
            Tone::Heading => ink(colors.dim).add_modifier(Modifier::BOLD),
            Tone::Good => ink(colors.good),
            Tone::Warn => ink(colors.warn),
            Tone::Bad => ink(colors.bad).add_modifier(Modifier::BOLD),
            Tone::Selected => ink(colors.selected.0).bg(self.rgb(colors.selected.1)),
            Tone::Marked => ink(colors.warn).add_modifier(Modifier::BOLD),
            Tone::Bar => ink(colors.bar.0).bg(self.rgb(colors.bar.1)),
            Tone::Tab => ink(colors.tab.0).bg(self.rgb(colors.tab.1)).add_modifier(Modifier::BOLD),
            Tone::Danger => ink([255, 255, 255]).bg(self.rgb([190, 24, 36])).add_modifier(Modifier::BOLD),
            Tone::Key => ink(colors.accent),
        }
    }

    /// The style of a latency: from the good tone at 20 ms and below to the bad one at 1 s and above, on a
    /// logarithmic scale. Without colours, slow ones are underlined.
    pub fn heat(self, ms: f64) -> Style {
        if self.monochrome() {
            let slow = if ms < 500.0 { Modifier::empty() } else { Modifier::UNDERLINED };
            return Style::new().add_modifier(slow);
        }
        let colors = match self.palette {
            Palette::Light => Colors::LIGHT,
            Palette::Dark | Palette::Monochrome => Colors::DARK,
        };
        let part = ((ms.max(1.0) / 20.0).log10() / 50_f64.log10()).clamp(0.0, 1.0) as f32 * 2.0;
        let (from, to, part) =
            if part < 1.0 { (colors.good, colors.warn, part) } else { (colors.warn, colors.bad, part - 1.0) };
        let mut mixed = [0; 3];
        for ((out, from), to) in mixed.iter_mut().zip(from).zip(to) {
            *out = (f32::from(from) + (f32::from(to) - f32::from(from)) * part).round() as u8;
        }
        Style::new().fg(self.rgb(mixed))
    }

    /// The nearest colour that the terminal can show.
    pub fn rgb(self, [r, g, b]: [u8; 3]) -> Color {
        if self.true_color { Color::Rgb(r, g, b) } else { Color::Indexed(indexed([r, g, b])) }
    }
}

struct Colors {
    dim: [u8; 3],
    faint: [u8; 3],
    accent: [u8; 3],
    good: [u8; 3],
    warn: [u8; 3],
    bad: [u8; 3],
    selected: ([u8; 3], [u8; 3]),
    bar: ([u8; 3], [u8; 3]),
    tab: ([u8; 3], [u8; 3]),
}

impl Colors {
    const DARK: Self = Self {
        dim: [128, 136, 148],
        faint: [64, 70, 80],
        accent: [122, 190, 255],
        good: [126, 206, 138],
        warn: [240, 190, 92],
        bad: [255, 110, 110],
        selected: ([245, 248, 252], [38, 68, 104]),
        bar: ([170, 178, 190], [32, 36, 44]),
        tab: ([18, 22, 28], [122, 190, 255]),
    };
    const LIGHT: Self = Self {
        dim: [108, 112, 122],
        faint: [200, 204, 210],
        accent: [0, 92, 175],
        good: [18, 120, 48],
        warn: [150, 90, 0],
        bad: [190, 24, 36],
        selected: ([16, 24, 36], [196, 220, 246]),
        bar: ([70, 76, 88], [228, 232, 238]),
        tab: ([255, 255, 255], [0, 92, 175]),
    };
}

/// The nearest of the 216 colours and 24 greys of a 256-colour terminal.
fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        let near = LEVELS.iter().enumerate().min_by_key(|(_, level)| level.abs_diff(value));
        near.map_or((0, 0), |(index, level)| (u8::try_from(index).unwrap_or(0), *level))
    };
    let distance =
        |other: [u8; 3]| -> u32 { rgb.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    let [(r, red), (g, green), (b, blue)] = rgb.map(nearest);
    let mean = u16::midpoint(
        u16::from(rgb.iter().copied().min().unwrap_or(0)),
        u16::from(rgb.iter().copied().max().unwrap_or(0)),
    );
    let grey = u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let level = 8 + 10 * grey;
    if distance([level; 3]) < distance([red, green, blue]) { 232 + grey } else { 16 + 36 * r + 6 * g + b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(pairs: &[(&str, &str)]) -> Theme {
        Theme::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        assert!(theme(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]).monochrome());
        assert!(!theme(&[("NO_COLOR", "")]).monochrome());
        assert!(theme(&[("TERM", "dumb")]).monochrome());
        assert_eq!(theme(&[("COLORFGBG", "0;15")]).palette, Palette::Light);
        assert_eq!(theme(&[("COLORFGBG", "15;default;0")]).palette, Palette::Dark);
        assert!(theme(&[("COLORTERM", "truecolor")]).true_color && !theme(&[]).true_color);
    }

    #[test]
    fn without_colour_there_is_none() {
        let mono = theme(&[("NO_COLOR", "1")]);
        assert_eq!((mono.next().palette, mono.with(Palette::Light)), (mono.palette, mono));
        for tone in [Tone::Selected, Tone::Bad, Tone::Danger, Tone::Bar, Tone::Tab, Tone::Dim] {
            assert_eq!((mono.style(tone).fg, mono.style(tone).bg), (None, None));
        }
        assert!(mono.style(Tone::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn the_background_decides_where_nothing_was_chosen() {
        let dark = theme(&[]);
        assert_eq!(dark.on_background([255, 255, 255]).palette, Palette::Light);
        assert_eq!(dark.on_background([253, 246, 227]).palette, Palette::Light);
        assert_eq!(dark.on_background([0, 43, 54]).palette, Palette::Dark);
        assert_eq!(dark.with(Palette::Dark).on_background([255; 3]).palette, Palette::Dark);
        assert_eq!(theme(&[("COLORFGBG", "15;0")]).on_background([255; 3]).palette, Palette::Dark);
        assert!(theme(&[("NO_COLOR", "1")]).on_background([255; 3]).monochrome());
    }

    /// The contrast of two colours by WCAG 2.2.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let luminance = |rgb: [u8; 3]| {
            let linear = rgb.map(|value| {
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn texts_have_the_contrast_of_level_aa() {
        for (colors, background) in
            [(Colors::LIGHT, [255; 3]), (Colors::LIGHT, [250; 3]), (Colors::DARK, [30; 3])]
        {
            for ink in [colors.dim, colors.accent, colors.good, colors.warn, colors.bad] {
                assert!(contrast(ink, background) >= 4.5, "{ink:?}: {}", contrast(ink, background));
            }
            for (ink, background) in [colors.selected, colors.bar, colors.tab] {
                assert!(contrast(ink, background) >= 4.5, "{ink:?}: {}", contrast(ink, background));
            }
            assert!(contrast(colors.accent, colors.bar.1) >= 4.5, "keys in the footer");
        }
    }

    #[test]
    fn themes_go_round() {
        let dark = theme(&[]);
        assert_eq!(dark.next().next().next().palette, dark.palette);
    }

    #[test]
    fn colours_map_to_the_nearest_of_256() {
        assert_eq!(
            [indexed([0; 3]), indexed([255; 3]), indexed([255, 0, 0]), indexed([128; 3])],
            [16, 231, 196, 244]
        );
    }
}
