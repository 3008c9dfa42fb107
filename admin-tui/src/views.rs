//! The views, in the order of their keys.

use crate::lists::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    Overview,
    List(Kind),
    Live,
}

impl View {
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::List(Kind::Sessions),
        Self::List(Kind::Users),
        Self::List(Kind::Drawings),
        Self::Live,
        Self::List(Kind::Errors),
        Self::List(Kind::Audit),
        Self::List(Kind::Reviews),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::List(kind) => kind.name(),
            Self::Live => "live",
        }
    }

    /// The name in a narrow tab bar.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Overview => "over",
            Self::List(kind) => kind.short_name(),
            Self::Live => "live",
        }
    }

    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Overview => &["1"],
            Self::List(kind) => kind.keys(),
            Self::Live => &["5"],
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Self::Overview => "The servers and their load",
            Self::List(kind) => kind.help(),
            Self::Live => "Events as they happen",
        }
    }
}
