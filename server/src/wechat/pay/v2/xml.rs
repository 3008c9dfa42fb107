//! The XML of version 2: one element with a flat list of fields. Whatever WeChat does not write is refused, since the
//! signature covers the fields that a reader finds, and two readers of an unusual document find different ones.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Maximum length of a document in bytes.
const MAX_DOCUMENT: usize = 64 * 1024;

/// Fields of a message by their names, which is the order of their signature.
pub(super) type Fields = BTreeMap<String, String>;

/// Reason why a document is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XmlError {
    /// The document exceeds 64 KiB.
    TooLong,
    /// The document is not UTF-8 or not well formed.
    Broken,
    /// A document type, a processing instruction, a comment, an attribute, or an unknown reference.
    Forbidden,
    /// An element within a field, text beside fields, or a second root.
    Nested,
    /// Two fields have the same name.
    Duplicate,
}

/// The element that is being read.
enum Place {
    Before,
    Root,
    Field { name: String, text: String },
    After,
}

/// Reads a document whose root has that name.
pub(super) fn parse(document: &[u8], root: &str) -> Result<Fields, XmlError> {
    if document.len() > MAX_DOCUMENT {
        return Err(XmlError::TooLong);
    }
    let text = std::str::from_utf8(document).map_err(|_| XmlError::Broken)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut place, mut fields) = (Place::Before, Fields::new());
    loop {
        let event = reader.read_event().map_err(|_| XmlError::Broken)?;
        if matches!(event, Event::Eof) {
            return if matches!(place, Place::After) { Ok(fields) } else { Err(XmlError::Broken) };
        }
        place = step(event, place, root, &mut fields)?;
    }
}

/// The place after an event.
fn step(event: Event<'_>, place: Place, root: &str, fields: &mut Fields) -> Result<Place, XmlError> {
    match (event, place) {
        (Event::Decl(_), Place::Before) => Ok(Place::Before),
        (Event::Start(start), Place::Before) if name(&start)? == root => Ok(Place::Root),
        (Event::Start(start), Place::Root) => Ok(Place::Field { name: name(&start)?, text: String::new() }),
        (Event::Empty(start), Place::Root) => {
            insert(fields, name(&start)?, String::new())?;
            Ok(Place::Root)
        }
        (Event::End(_), Place::Field { name, text }) => {
            insert(fields, name, text)?;
            Ok(Place::Root)
        }
        (Event::End(_), Place::Root) => Ok(Place::After),
        (Event::Text(more), Place::Field { name, text }) => Ok(Place::Field { name, text: text + &more }),
        (Event::CData(more), Place::Field { name, text }) => Ok(Place::Field { name, text: text + &more }),
        (Event::GeneralRef(reference), Place::Field { name, text }) => {
            Ok(Place::Field { name, text: text + &resolve(&reference).ok_or(XmlError::Forbidden)? })
        }
        (Event::Text(space), place) if space.trim().is_empty() => Ok(place),
        (Event::DocType(_) | Event::PI(_) | Event::Comment(_) | Event::GeneralRef(_) | Event::Decl(_), _) => {
            Err(XmlError::Forbidden)
        }
        (
            Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Eof,
            _,
        ) => Err(XmlError::Nested),
    }
}

fn name(start: &BytesStart<'_>) -> Result<String, XmlError> {
    if start.attributes().next().is_some() {
        return Err(XmlError::Forbidden);
    }
    Ok(start.name().as_ref().to_owned())
}

fn insert(fields: &mut Fields, name: String, text: String) -> Result<(), XmlError> {
    match fields.insert(name, text) {
        None => Ok(()),
        Some(_) => Err(XmlError::Duplicate),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_predefined_entity(reference).map(ToOwned::to_owned),
    }
}

/// Writes a request. No field is written as CDATA, so that none needs a check for `]]>`.
pub(super) fn write(fields: &Fields) -> String {
    let mut document = String::from("<xml>");
    for (name, text) in fields {
        document.push_str(&format!("<{name}>{}</{name}>", escape(text.as_str())));
    }
    document.push_str("</xml>");
    document
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_text(text: &str) -> Result<Fields, XmlError> {
        parse(text.as_bytes(), "xml")
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn text_references_and_cdata_are_one_value() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<xml>\n <a><![CDATA[1 < 2]]></a>\n <b>x &amp; y&#x21;</b><c/><d></d>\
                    \n</xml>\n";
        let expected = fields(&[("a", "1 < 2"), ("b", "x & y!"), ("c", ""), ("d", "")]);
        assert_eq!(parse_text(text).unwrap(), expected);
    }

    #[test]
    fn hostile_documents_are_refused() {
        let doctype = "<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><a>&e;</a></xml>";
        for (text, error) in [
            (doctype, XmlError::Forbidden),
            ("<xml><a>&e;</a></xml>", XmlError::Forbidden),
            ("<xml><a>&#xFFFFFFFF;</a></xml>", XmlError::Forbidden),
            ("<xml>&amp;<a>1</a></xml>", XmlError::Forbidden),
            ("<xml><?php x?></xml>", XmlError::Forbidden),
            ("<xml><a>1<!-- -->2</a></xml>", XmlError::Forbidden),
            ("<xml><a b=\"1\">1</a></xml>", XmlError::Forbidden),
            ("<xml x=\"1\"><a>1</a></xml>", XmlError::Forbidden),
            ("<xml><a>1</a><a>2</a></xml>", XmlError::Duplicate),
            ("<xml><a>1</a><a/></xml>", XmlError::Duplicate),
            ("<xml><a><b>1</b></a></xml>", XmlError::Nested),
            ("<xml><a>1</a></xml>more", XmlError::Nested),
            ("<xml><a>1</a></xml><xml><a>1</a></xml>", XmlError::Nested),
            ("<xml>loose<a>1</a></xml>", XmlError::Nested),
            ("<html><a>1</a></html>", XmlError::Nested),
            ("<xml><a>1</b></xml>", XmlError::Broken),
            ("<xml><a>1</a>", XmlError::Broken),
            ("<xml><a>1 & 2</a></xml>", XmlError::Broken),
            ("", XmlError::Broken),
        ] {
            assert_eq!(parse_text(text), Err(error), "{text}");
        }
        assert_eq!(parse(b"<xml><a>\xff</a></xml>", "xml"), Err(XmlError::Broken));
        let long = format!("<xml><a>{}</a></xml>", "1".repeat(MAX_DOCUMENT));
        assert_eq!(parse_text(&long), Err(XmlError::TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = parse(&bytes, "xml");
        }

        #[test]
        fn pieces_of_xml_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
            "<xml>", "</xml>", "<a>", "</a>", "<b/>", "&amp;", "&#x41;", "&x;", "<![CDATA[", "]]>", "<!--", "-->",
            "<!DOCTYPE x>", "<?x?>", "1", " ", "<", "&", "\"",
        ]), 0..24)) {
            let text = pieces.concat();
            if let Ok(fields) = parse_text(&text) {
                prop_assert!(!text.contains("<!DOCTYPE") || text.contains("<![CDATA["));
                prop_assert_eq!(parse_text(&write(&fields)), Ok(fields));
            }
        }

        #[test]
        fn written_fields_are_read_again(texts in prop::collection::vec("[^\u{0}-\u{1f}\u{fffe}\u{ffff}]{0,40}", 0..6)) {
            let fields: Fields =
                texts.into_iter().enumerate().map(|(at, text)| (format!("f{at}"), text)).collect();
            prop_assert_eq!(parse_text(&write(&fields)), Ok(fields));
        }
    }
}
