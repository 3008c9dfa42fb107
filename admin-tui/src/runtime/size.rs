//! The terminal's size.

use std::env;

/// Columns and rows where nothing tells them.
const USUAL: (u16, u16) = (80, 24);

/// Columns and rows of the terminal. Serial lines and some containers tell 0, at least at the start.
pub fn size() -> (u16, u16) {
    let told = crossterm::terminal::size().unwrap_or_default();
    or_else(told, |name| env::var(name).ok())
}

fn or_else(told: (u16, u16), variable: impl Fn(&str) -> Option<String>) -> (u16, u16) {
    let number = |told: u16, name: &str, usual: u16| {
        let set = || variable(name)?.parse().ok().filter(|number| *number > 0);
        Some(told).filter(|number| *number > 0).or_else(set).unwrap_or(usual)
    };
    (number(told.0, "COLUMNS", USUAL.0), number(told.1, "LINES", USUAL.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_zero_is_replaced() {
        let variables = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let nothing = variables(&[]);
        assert_eq!(or_else((120, 40), nothing), (120, 40));
        assert_eq!(or_else((0, 0), nothing), (80, 24));
        assert_eq!(or_else((0, 40), nothing), (80, 40));
        let set = variables(&[("COLUMNS", "132"), ("LINES", "0")]);
        assert_eq!(or_else((0, 0), set), (132, 24));
        assert_eq!(or_else((100, 30), set), (100, 30));
    }
}
