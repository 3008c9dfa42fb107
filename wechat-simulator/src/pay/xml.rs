//! The flat XML of version 2.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

pub(super) type Fields = BTreeMap<String, String>;

/// Fields of a request; `None` when it is not XML.
pub(super) fn read(text: &str) -> Option<Fields> {
    let mut reader = Reader::from_str(text);
    let (mut fields, mut open) = (Fields::new(), Vec::<(String, String)>::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push((start.name().as_ref().to_owned(), String::new())),
            Event::End(_) => {
                let (name, text) = open.pop()?;
                if open.len() == 1 {
                    fields.insert(name, text);
                }
            }
            Event::Text(more) => {
                if let Some((_, text)) = open.last_mut() {
                    text.push_str(&more);
                }
            }
            Event::CData(more) => open.last_mut()?.1.push_str(&more),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok()?.map(String::from);
                let named = || resolve_predefined_entity(&reference).map(ToOwned::to_owned);
                open.last_mut()?.1.push_str(&character.or_else(named)?);
            }
            Event::Empty(_) | Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => return Some(fields),
        }
    }
}

/// A document with CDATA, as WeChat writes it.
pub(super) fn write(root: &str, fields: &Fields) -> String {
    let elements: String =
        fields.iter().map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>\n")).collect();
    format!("<{root}>{elements}</{root}>")
}

/// Fields from pairs.
pub(super) fn fields<const N: usize>(pairs: [(&str, String); N]) -> Fields {
    pairs.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}
