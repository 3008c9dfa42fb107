//! What a push says.

use serde_json::Value;

use crate::wechat::lenient;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What tells this message from all others of the app: WeChat sends one again when it had no answer in time.
    pub id: String,
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// WeChat has looked at an image that `media_check_async` named.
    MediaCheck(MediaVerdict),
    /// Something that this server does not act upon, by its name: the event's, or the message's type.
    Other(String),
}

impl Event {
    /// Its name, out of a few, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MediaCheck(_) => "wxa_media_check",
            Self::Other(_) => "other",
        }
    }
}

/// What WeChat says of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaVerdict {
    /// Of which call's image: what `media_check_async` answered.
    pub trace_id: String,
    /// The verdict; nothing when WeChat could not look, because it could not fetch the image, say.
    pub suggestion: Option<Suggestion>,
    /// What is shown, in WeChat's numbers: 100 is nothing bad, 20002 is pornography, and so on.
    pub label: Option<u32>,
}

/// What WeChat suggests to do with a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggestion {
    Pass,
    /// Have a person look at it.
    Review,
    /// Do not show it.
    Risky,
}

impl Suggestion {
    /// The suggestion of its name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "pass" => Some(Self::Pass),
            "review" => Some(Self::Review),
            "risky" => Some(Self::Risky),
            _ => None,
        }
    }
}

impl Message {
    pub(super) fn of(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(text);
        let kind = text("MsgType")?;
        let name = if kind == "event" { text("Event")? } else { kind };
        let event = match name.as_str() {
            "wxa_media_check" => Event::MediaCheck(media_verdict(body)?),
            _ => Event::Other(name.chars().take(64).collect()),
        };
        let id = match (&event, text("MsgId")) {
            (Event::MediaCheck(verdict), _) => verdict.trace_id.clone(),
            (Event::Other(_), Some(id)) => id,
            (Event::Other(name), None) => {
                format!("{}/{}/{name}", text("FromUserName")?, text("CreateTime")?)
            }
        };
        Some(Self { id, event })
    }
}

/// Of version 2, and of version 1, which still comes when a call did not name its version.
fn media_verdict(body: &Value) -> Option<MediaVerdict> {
    let trace_id = text(body.get("trace_id")?).filter(|id| (1..=128).contains(&id.len()))?;
    let number = |value: Option<&Value>| value.and_then(lenient::whole);
    let result = body.get("result");
    let suggestion = result.and_then(|result| text(result.get("suggest")?));
    let (failed, suggestion) = match suggestion {
        Some(name) => (number(body.get("errcode")).unwrap_or(0) != 0, Suggestion::of(&name)),
        None => {
            let risky = match number(body.get("isrisky")) {
                Some(0) => Some(Suggestion::Pass),
                Some(_) => Some(Suggestion::Risky),
                None => None,
            };
            (number(body.get("status_code")).unwrap_or(0) != 0, risky)
        }
    };
    let label = number(result.and_then(|result| result.get("label")));
    Some(MediaVerdict {
        trace_id,
        suggestion: suggestion.filter(|_| !failed),
        label: label.and_then(|label| u32::try_from(label).ok()),
    })
}

/// A text or a number; XML knows no difference.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
