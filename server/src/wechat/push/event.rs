//! Content of a push.

use serde_json::Value;

use crate::wechat::lenient;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifies the message within the app: WeChat repeats a message when the reply was too slow.
    pub id: String,
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// WeChat's verdict on an image of a `media_check_async` call.
    MediaCheck(MediaVerdict),
    /// A message that this server does not handle, with the name of its event or type.
    Other(String),
}

impl Event {
    /// Name of the event from a fixed set, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MediaCheck(_) => "wxa_media_check",
            Self::Other(_) => "other",
        }
    }
}

/// WeChat's verdict on an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaVerdict {
    /// Id of the check, as `media_check_async` returned it.
    pub trace_id: String,
    /// The verdict; `None` if WeChat could not check the image, for example because it could not fetch it.
    pub suggestion: Option<Suggestion>,
    /// Category of the content in WeChat's numbers: 100 is harmless, 20002 is pornography, and so on.
    pub label: Option<u32>,
}

/// Handling of a content that WeChat suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggestion {
    Pass,
    /// A person should review the content.
    Review,
    /// The content should not be shown.
    Risky,
}

impl Suggestion {
    /// Parses WeChat's name of a suggestion.
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

/// Parses a verdict of version 2, or of version 1, which WeChat still sends for calls that do not name a
/// version.
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

/// A text or a number; XML does not distinguish them.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
