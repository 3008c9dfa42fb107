//! The filter grammar of `/` and of `--filter`: words apart by blanks, each `name:value` or `name<span>`.
//!
//! `dialect:yibi ttl<5m`, `nick:小 blocked:no`, `user:k3v since:2d deleted:yes`. A value with blanks stands in
//! double quotes. A word without a name is meant for the list's first field.

use std::fmt;

use crate::moment::{self, Millis};
use crate::row::Row;

/// What a field's value has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `yes` or `no`.
    Flag,
    /// A span (`5m`), sent as seconds.
    Seconds,
    /// A span before now (`2d`) or a moment (RFC 3339), sent as a moment.
    Moment,
}

/// Something that a list can be filtered by.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// What is typed.
    pub name: &'static str,
    /// `:` or `<`.
    pub sign: char,
    /// The value's form.
    pub form: Form,
    /// The API's parameter.
    pub parameter: &'static str,
    /// An example, for the prompt.
    pub example: &'static str,
}

const fn field(
    name: &'static str,
    sign: char,
    form: Form,
    parameter: &'static str,
    example: &'static str,
) -> Field {
    Field { name, sign, form, parameter, example }
}

/// What sessions are filtered by.
pub static SESSIONS: &[Field] = &[
    field("openid", ':', Form::Text, "openid", "openid:oX"),
    field("user", ':', Form::Text, "user", "user:k3v"),
    field("dialect", ':', Form::OneOf(&["yibi", "weapp", "wafer"]), "dialect", "dialect:weapp"),
    field("online", ':', Form::Seconds, "online", "online:5m"),
    field("ttl", '<', Form::Seconds, "ttl", "ttl<5m"),
];

/// What users are filtered by.
pub static USERS: &[Field] = &[
    field("nick", ':', Form::Text, "nickname", "nick:小"),
    field("openid", ':', Form::Text, "openid", "openid:oX"),
    field("blocked", ':', Form::Flag, "blocked", "blocked:yes"),
];

/// What drawings are filtered by.
pub static DRAWINGS: &[Field] = &[
    field("user", ':', Form::Text, "user", "user:k3v"),
    field("mode", ':', Form::OneOf(&["free", "one_stroke"]), "mode", "mode:one_stroke"),
    field("deleted", ':', Form::Flag, "deleted", "deleted:yes"),
    field("since", ':', Form::Moment, "since", "since:2d"),
    field("until", ':', Form::Moment, "until", "until:1h"),
];

/// What the lists are narrowed by that the server has no filters for: here, page by page as they come.
pub static HERE: &[Field] = &[field("text", ':', Form::Text, "", "text:timeout")];

/// A query parameter and its value; without a name, one that is not sent but held to rows that come.
pub type Parameter = (&'static str, String);

/// Why a filter can't be understood, for who typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misunderstood(pub String);

impl fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parameters that a filter asks for.
///
/// # Errors
/// The first word that the list can't be filtered by.
pub fn parse(text: &str, fields: &'static [Field], now: Millis) -> Result<Vec<Parameter>, Misunderstood> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for word in words(text)? {
        let (field, value) = find(&word, fields)?;
        let value = read(field, value, now)?;
        if parameters.iter().any(|(parameter, _)| *parameter == field.parameter) {
            return Err(Misunderstood(format!("{} stands twice", field.name)));
        }
        parameters.push((field.parameter, value));
    }
    Ok(parameters)
}

/// Whether a row is one that a filter finds, as far as it can be told here: what only the server can tell, and
/// words that are not yet complete, keep it.
pub fn keeps(text: &str, fields: &'static [Field], row: &Row) -> bool {
    text.split_whitespace().all(|word| match find(word, fields) {
        Ok((field, value)) => {
            let value = value.trim_matches('"').to_lowercase();
            row.is_found(field.name, &value)
        }
        Err(_) => true,
    })
}

/// The text by which rows are narrowed here, among a filter's parameters.
pub fn held_here(parameters: &[Parameter]) -> Option<&str> {
    parameters.iter().find(|(name, _)| name.is_empty()).map(|(_, value)| value.as_str())
}

fn words(text: &str) -> Result<Vec<String>, Misunderstood> {
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
        return Err(Misunderstood("a quote is not closed".into()));
    }
    if any {
        words.push(word);
    }
    Ok(words)
}

fn find<'a>(word: &'a str, fields: &'static [Field]) -> Result<(&'static Field, &'a str), Misunderstood> {
    let names = || fields.iter().map(|field| field.example).collect::<Vec<_>>().join("  ");
    let Some(at) = word.find([':', '<']) else {
        let first = fields.first().ok_or_else(|| Misunderstood("this list has no filter".into()))?;
        return Ok((first, word));
    };
    let (name, rest) = word.split_at(at);
    let value = rest.get(1..).unwrap_or_default();
    let field =
        fields.iter().find(|field| field.name == name && rest.starts_with(field.sign)).ok_or_else(|| {
            Misunderstood(format!(
                "no filter {name}{}; there are: {}",
                rest.get(..1).unwrap_or_default(),
                names()
            ))
        })?;
    if value.is_empty() {
        return Err(Misunderstood(format!("{name} needs a value, such as {}", field.example)));
    }
    Ok((field, value))
}

fn read(field: &Field, value: &str, now: Millis) -> Result<String, Misunderstood> {
    let wrong = || Misunderstood(format!("{} is no {}; such as {}", value, field.name, field.example));
    match field.form {
        Form::Text => Ok(value.to_owned()),
        Form::OneOf(words) if words.contains(&value) => Ok(value.to_owned()),
        Form::OneOf(words) => Err(Misunderstood(format!("{} is one of {}", field.name, words.join(", ")))),
        Form::Flag if value == "yes" => Ok("true".into()),
        Form::Flag if value == "no" => Ok("false".into()),
        Form::Flag => Err(Misunderstood(format!("{} is yes or no", field.name))),
        Form::Seconds => Ok((moment::parse_span(value).ok_or_else(wrong)? / 1000).to_string()),
        Form::Moment => {
            let moment = moment::parse_span(value).map(|span| now.saturating_sub(span));
            let moment = moment.or_else(|| moment::parse(value)).ok_or_else(wrong)?;
            Some(moment::rfc3339(moment)).filter(|text| !text.is_empty()).ok_or_else(wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_205_107_000;

    #[test]
    fn words_become_parameters() {
        let sessions = parse("dialect:yibi ttl<5m  online:1h oX", SESSIONS, NOW).unwrap();
        let wanted = [("dialect", "yibi"), ("ttl", "300"), ("online", "3600"), ("openid", "oX")];
        assert_eq!(sessions, wanted.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(parse(r#"nick:"小 明""#, USERS, NOW).unwrap(), [("nickname", "小 明".to_owned())]);
        let drawings = parse("deleted:no since:1d until:2026-11-20T00:00:00Z", DRAWINGS, NOW).unwrap();
        assert_eq!(drawings[0], ("deleted", "false".to_owned()));
        assert_eq!(drawings[1], ("since", moment::rfc3339(NOW - 86_400_000)));
        assert_eq!(drawings[2], ("until", "2026-11-20T00:00:00Z".to_owned()));
        assert_eq!(parse("  ", USERS, NOW).unwrap(), []);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, fields, words) in [
            ("ttl:5m", SESSIONS, "no filter ttl:"),
            ("ttl<soon", SESSIONS, "soon is no ttl"),
            ("ttl<", SESSIONS, "needs a value"),
            ("dialect:html", SESSIONS, "one of yibi"),
            ("user:a user:b", SESSIONS, "twice"),
            ("nick:\"a", USERS, "not closed"),
            ("blocked:maybe", USERS, "yes or no"),
            ("since:tomorrow", DRAWINGS, "is no since"),
            ("since:99999999999d", DRAWINGS, "is no since"),
            ("昵称:小", USERS, "no filter 昵称:"),
            ("x", &[], "no filter"),
        ] {
            let error = parse(text, fields, NOW).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
