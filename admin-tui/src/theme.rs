//! How things look: dark, light, or without any colour.
//!
//! `NO_COLOR` is honoured here and not by the terminal library, whose way of dropping colours also drops the
//! reversed row that shows the cursor.

use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// For a dark terminal.
    Dark,
    /// For a light one.
    Light,
    /// Bold, dim, reversed and underlined only.
    Monochrome,
}

/// The looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// The colours.
    pub palette: Palette,
    /// Whether the terminal shows 24-bit colours, rather than 256 of them.
    pub true_color: bool,
    /// Whether it shows any.
    pub color: bool,
}

/// What something means, from which follows how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// What is there to be read.
    Text,
    /// What can be overlooked.
    Dim,
    /// Lines between things.
    Faint,
    /// What leads the eye.
    Accent,
    /// A heading.
    Heading,
    /// It is well.
    Good,
    /// It wants watching.
    Warn,
    /// It is not well.
    Bad,
    /// Under the cursor.
    Selected,
    /// Marked.
    Marked,
    /// The bar at the top and at the bottom.
    Bar,
    /// The view that is shown, in the bar.
    Tab,
    /// Where mistakes are expensive.
    Danger,
    /// A key's name.
    Key,
}

impl Theme {
    /// What the environment asks for: `NO_COLOR`, `COLORTERM`, and `COLORFGBG` for a light background.
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
        Self { palette, true_color, color }
    }

    /// The set of colours that is asked for, unless the terminal is to show none.
    pub fn with(self, palette: Palette) -> Self {
        if self.color { Self { palette, ..self } } else { self }
    }

    /// The next set of colours. Where the terminal shows none, there is one only.
    pub fn next(self) -> Self {
        let palette = match self.palette {
            Palette::Dark if self.color => Palette::Light,
            Palette::Monochrome if self.color => Palette::Dark,
            Palette::Dark | Palette::Light | Palette::Monochrome => Palette::Monochrome,
        };
        Self { palette, ..self }
    }

    /// Whether colours are to be done without.
    pub fn monochrome(self) -> bool {
        self.palette == Palette::Monochrome
    }

    /// The style of a tone.
    pub fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        if self.monochrome() {
            return match tone {
                Tone::Text | Tone::Good => plain,
                Tone::Dim | Tone::Faint => plain.add_modifier(Modifier::DIM),
                Tone::Accent | Tone::Key | Tone::Warn | Tone::Marked => plain.add_modifier(Modifier::BOLD),
                Tone::Heading => plain.add_modifier(Modifier::UNDERLINED),
                Tone::Bad => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                Tone::Selected | Tone::Tab => plain.add_modifier(Modifier::REVERSED),
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
            // The terminal's own foreground: whatever its background is, this can be read on it.
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

    /// How warm a latency is: from the good tone at 20 ms and below to the bad one at 1 s and above, by its
    /// logarithm. Without colours the slow ones are underlined.
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

    /// A colour as the terminal can show it.
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
        assert_eq!((mono.next(), mono.with(Palette::Light)), (mono, mono));
        for tone in [Tone::Selected, Tone::Bad, Tone::Danger, Tone::Bar, Tone::Tab, Tone::Dim] {
            assert_eq!((mono.style(tone).fg, mono.style(tone).bg), (None, None));
        }
        assert!(mono.style(Tone::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn themes_go_round() {
        let dark = theme(&[]);
        assert_eq!(dark.next().next().next(), dark);
    }

    #[test]
    fn colours_have_near_ones() {
        assert_eq!(
            [indexed([0; 3]), indexed([255; 3]), indexed([255, 0, 0]), indexed([128; 3])],
            [16, 231, 196, 244]
        );
    }
}
