//! XML as WeChat writes it, as the JSON that it would have written: elements with text and elements with
//! elements. There is no document type, so there are no entities but the five that XML is born with, and
//! nothing is ever fetched or expanded.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// The deepest nesting; WeChat's has three levels.
const MAX_DEPTH: usize = 8;
/// The most elements; WeChat's has about thirty.
const MAX_ELEMENTS: usize = 1_000;

/// An element that is not closed yet.
struct Open {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Open {
    /// What it holds; text beside elements is the white space that indents them.
    fn close(self) -> (String, Value) {
        let value =
            if self.members.is_empty() { Value::String(self.text) } else { Value::Object(self.members) };
        (self.name, value)
    }
}

/// The content of the document's one element, or nothing when it is not as above.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let (mut root, mut elements) = (None, 0);
    loop {
        let ended = match reader.read_event().ok()? {
            Event::Start(start) => {
                elements += 1;
                if root.is_some() || open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return None;
                }
                let name = start.name().as_ref().to_owned();
                open.push(Open { name, text: String::new(), members: Map::new() });
                None
            }
            Event::Empty(start) => {
                elements += 1;
                if root.is_some() || elements > MAX_ELEMENTS {
                    return None;
                }
                Some((start.name().as_ref().to_owned(), Value::String(String::new())))
            }
            Event::End(_) => Some(open.pop()?.close()),
            Event::Text(text) => {
                match open.last_mut() {
                    Some(element) => element.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => return None,
                }
                None
            }
            Event::CData(text) => {
                open.last_mut()?.text.push_str(&text);
                None
            }
            Event::GeneralRef(reference) => {
                open.last_mut()?.text.push_str(&resolve(&reference)?);
                None
            }
            Event::Decl(_) | Event::Comment(_) => None,
            Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => return root.filter(|_| open.is_empty()),
        };
        if let Some((name, value)) = ended {
            match open.last_mut() {
                Some(parent) => add(&mut parent.members, name, value),
                None => root = Some(value),
            }
        }
    }
}

/// Elements of one name are a list.
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
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_predefined_entity(reference).map(ToOwned::to_owned),
    }
}
