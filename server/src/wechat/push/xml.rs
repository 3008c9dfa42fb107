//! Conversion of WeChat's XML to the equivalent JSON: elements contain either text or elements. Document
//! types are rejected, so no entities exist besides the five predefined ones, and nothing is fetched or
//! expanded.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Maximum nesting depth; WeChat's messages have three levels.
const MAX_DEPTH: usize = 8;
/// Maximum number of elements; WeChat's messages have about thirty.
const MAX_ELEMENTS: usize = 1_000;

/// An element that is not closed yet.
struct Open {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Open {
    /// Closes the element and returns its value; text beside child elements is indentation and is dropped.
    fn close(self) -> (String, Value) {
        let value =
            if self.members.is_empty() { Value::String(self.text) } else { Value::Object(self.members) };
        (self.name, value)
    }
}

/// Reason why a document is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XmlError {
    /// A document type, a processing instruction, an unknown reference, or far more elements than WeChat
    /// writes.
    Forbidden,
    /// The document is not well formed.
    Broken,
}

/// Content of the root element.
pub(super) fn parse(text: &str) -> Result<Value, XmlError> {
    let mut reader = Reader::from_str(text);
    // WeChat does not escape users' names.
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Open> = Vec::new();
    let (mut root, mut elements) = (None, 0);
    loop {
        let ended = match reader.read_event().map_err(|_| XmlError::Broken)? {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(XmlError::Forbidden);
                }
                if root.is_some() {
                    return Err(XmlError::Broken);
                }
                let name = start.name().as_ref().to_owned();
                open.push(Open { name, text: String::new(), members: Map::new() });
                None
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(XmlError::Forbidden);
                }
                if root.is_some() {
                    return Err(XmlError::Broken);
                }
                Some((start.name().as_ref().to_owned(), Value::String(String::new())))
            }
            Event::End(_) => Some(open.pop().ok_or(XmlError::Broken)?.close()),
            Event::Text(text) => {
                match open.last_mut() {
                    Some(element) => element.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => return Err(XmlError::Broken),
                }
                None
            }
            Event::CData(text) => {
                open.last_mut().ok_or(XmlError::Broken)?.text.push_str(&text);
                None
            }
            Event::GeneralRef(reference) => {
                let text = resolve(&reference).ok_or(XmlError::Forbidden)?;
                open.last_mut().ok_or(XmlError::Broken)?.text.push_str(&text);
                None
            }
            Event::Decl(_) | Event::Comment(_) => None,
            Event::DocType(_) | Event::PI(_) => return Err(XmlError::Forbidden),
            Event::Eof => return root.filter(|_| open.is_empty()).ok_or(XmlError::Broken),
        };
        if let Some((name, value)) = ended {
            match open.last_mut() {
                Some(parent) => add(&mut parent.members, name, value),
                None => root = Some(value),
            }
        }
    }
}

/// Adds an element; repeated names form a list.
fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(several)) => several.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    let Ok(character) = reference.resolve_char_ref() else { return Some("\u{fffd}".to_owned()) };
    match character {
        Some(character) => Some(character.to_string()),
        None => resolve_predefined_entity(reference).map(ToOwned::to_owned),
    }
}
