//! Things that have a page of their own, by their ids.

/// A thing with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Session(String),
    User(String),
    Request(String),
    Review(String),
    Drawing { user: String, id: String },
}
