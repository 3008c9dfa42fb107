//! The filter grammar of `/` and of `--filter`: words separated by blanks, each `name:value`, `name<duration>` or
//! `name>duration`.
//!
//! `dialect:yibi ttl<5m`, `nick:小 blocked:no`, `user:ID since:2d deleted:yes`. A value with blanks stands in
//! double quotes. A word without a name belongs to the list's first field.

use std::fmt;

use crate::time::{self, Clock};

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    /// A whole public id: the server refuses a part of one.
    Id,
    OneOf(&'static [&'static str]),
    /// `yes` or `no`.
    Flag,
    /// A duration (`5m`), sent in seconds.
    Seconds,
    /// A time as [`Clock::parse`] reads it, sent in RFC 3339.
    Moment,
}

/// A field that a list is filtered by.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// `:`, `<` or `>`.
    pub sign: char,
    pub form: Form,
    pub parameter: &'static str,
    pub example: &'static str,
}

pub const fn field(
    name: &'static str,
    sign: char,
    form: Form,
    parameter: &'static str,
    example: &'static str,
) -> Field {
    Field { name, sign, form, parameter, example }
}

/// The field of lists that the server does not filter: the console filters each page as it arrives.
pub static LOCAL: &[Field] = &[field("text", ':', Form::Text, "", "text:timeout")];

/// The length of a user's public id.
const ID: usize = 16;

/// A query parameter and its value. One without a name is not sent: the console applies it to each page.
pub type Parameter = (&'static str, String);

/// Why a filter is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFilter(pub String);

impl fmt::Display for InvalidFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The query parameters of a filter.
///
/// # Errors
/// The first invalid word.
pub fn parse(text: &str, fields: &'static [Field], clock: &Clock) -> Result<Vec<Parameter>, InvalidFilter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for word in words(text)? {
        let (field, value) = find(&word, fields)?;
        let value = read(field, value, clock)?;
        if parameters.iter().any(|(parameter, _)| *parameter == field.parameter) {
            return Err(InvalidFilter(format!("{}{} is given twice", field.name, field.sign)));
        }
        parameters.push((field.parameter, value));
    }
    Ok(parameters)
}

/// Whether every word is complete: an id that is still being typed is not worth a request.
pub fn is_complete(text: &str, fields: &'static [Field]) -> bool {
    text.split_whitespace().all(|word| {
        find(word, fields).is_ok_and(|(field, value)| field.form != Form::Id || value.chars().count() >= ID)
    })
}

/// The value of the parameter that the console applies itself.
pub fn local_text(parameters: &[Parameter]) -> Option<&str> {
    parameters.iter().find(|(name, _)| name.is_empty()).map(|(_, value)| value.as_str())
}

fn words(text: &str) -> Result<Vec<String>, InvalidFilter> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if c == '"' {
            (quoted, any) = (!quoted, true);
        } else if c.is_whitespace() && !quoted {
            if any {
                words.push(std::mem::take(&mut word));
            }
            any = false;
        } else {
            word.push(c);
            any = true;
        }
    }
    if quoted {
        return Err(InvalidFilter("a quote is not closed".into()));
    }
    if any {
        words.push(word);
    }
    Ok(words)
}

/// The field and the value of a word.
pub fn find<'a>(word: &'a str, fields: &'static [Field]) -> Result<(&'static Field, &'a str), InvalidFilter> {
    let names = || fields.iter().map(|field| field.example).collect::<Vec<_>>().join("  ");
    let Some(at) = word.find([':', '<', '>']) else {
        let first = fields.first().ok_or_else(|| InvalidFilter("this list has no filter".into()))?;
        return Ok((first, word));
    };
    let (name, rest) = word.split_at(at);
    let value = rest.get(1..).unwrap_or_default();
    let field =
        fields.iter().find(|field| field.name == name && rest.starts_with(field.sign)).ok_or_else(|| {
            InvalidFilter(format!(
                "no filter {name}{}; there are: {}",
                rest.get(..1).unwrap_or_default(),
                names()
            ))
        })?;
    if value.is_empty() {
        return Err(InvalidFilter(format!("{name} needs a value, such as {}", field.example)));
    }
    Ok((field, value))
}

fn read(field: &Field, value: &str, clock: &Clock) -> Result<String, InvalidFilter> {
    let Field { name, example, .. } = field;
    match field.form {
        Form::Text | Form::Id => Ok(value.to_owned()),
        Form::OneOf(words) if words.contains(&value) => Ok(value.to_owned()),
        Form::OneOf(words) => Err(InvalidFilter(format!("{name} is one of {}", words.join(", ")))),
        Form::Flag if value == "yes" => Ok("true".into()),
        Form::Flag if value == "no" => Ok("false".into()),
        Form::Flag => Err(InvalidFilter(format!("{name} is yes or no"))),
        Form::Seconds => time::parse_span(value)
            .map(|span| (span / 1000).to_string())
            .ok_or_else(|| InvalidFilter(format!("{name} needs a number and s, m, h, d or w: {example}"))),
        Form::Moment => clock
            .parse(value)
            .map(time::rfc3339)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| InvalidFilter(format!("{name} takes 2d, 21:00 or 2026-11-28"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::Kind;
    use crate::time::Millis;

    const NOW: Millis = 1_795_205_107_000;

    fn parsed(text: &str, kind: Kind) -> Result<Vec<Parameter>, InvalidFilter> {
        parse(text, kind.fields(), &Clock::utc(NOW))
    }

    #[test]
    fn words_become_parameters() {
        let sessions = parsed("dialect:yibi ttl<5m  online:1h oX", Kind::Sessions).unwrap();
        let wanted = [("dialect", "yibi"), ("ttl", "300"), ("online", "3600"), ("openid", "oX")];
        assert_eq!(sessions, wanted.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(parsed(r#"nick:"小 明""#, Kind::Users).unwrap(), [("nickname", "小 明".to_owned())]);
        let drawings = parsed("deleted:no since:1d until:2026-11-20T00:00:00Z", Kind::Drawings).unwrap();
        assert_eq!(drawings[0], ("deleted", "false".to_owned()));
        assert_eq!(drawings[1], ("since", time::rfc3339(NOW - 86_400_000)));
        assert_eq!(drawings[2], ("until", "2026-11-20T00:00:00Z".to_owned()));
        let day = parsed("since:2026-11-20 until:20:00", Kind::Drawings).unwrap();
        assert_eq!(day[0].1, "2026-11-20T00:00:00Z");
        assert_eq!(day[1].1, "2026-11-20T20:00:00Z");
        assert_eq!(parsed("  ", Kind::Users).unwrap(), []);
    }

    #[test]
    fn invalid_words_are_explained() {
        for (text, kind, words) in [
            ("ttl:5m", Kind::Sessions, "no filter ttl:"),
            ("ttl<soon", Kind::Sessions, "ttl needs a number and s, m, h, d or w: ttl<5m"),
            ("ttl<", Kind::Sessions, "needs a value"),
            ("dialect:html", Kind::Sessions, "one of yibi"),
            ("user:a user:b", Kind::Sessions, "user: is given twice"),
            ("nick:\"a", Kind::Users, "not closed"),
            ("blocked:maybe", Kind::Users, "yes or no"),
            ("since:tomorrow", Kind::Drawings, "since takes 2d, 21:00 or 2026-11-28"),
            ("since:99999999999d", Kind::Drawings, "since takes"),
            ("昵称:小", Kind::Users, "no filter 昵称:"),
        ] {
            let error = parsed(text, kind).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(parse("x", &[], &Clock::utc(NOW)).is_err());
    }

    #[test]
    fn an_id_is_complete_with_its_last_character() {
        assert!(!is_complete("user:3utztkuzts34zhv", Kind::Sessions.fields()));
        assert!(is_complete("user:3utztkuzts34zhvl ttl<5m", Kind::Sessions.fields()));
        assert!(is_complete("小", Kind::Users.fields()) && !is_complete("color:red", Kind::Users.fields()));
    }
}
