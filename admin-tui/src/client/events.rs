//! The stream of server-sent events (WHATWG HTML, "Server-sent events"), reduced to the parts that this API uses.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use yibi_common::admin::Event;

use super::Client;
use crate::msg::ApiError;
use crate::request::Request;

const MOST: usize = 1 << 20;
/// The longest silence; the server sends at least a comment before.
const SILENCE: Duration = Duration::from_secs(60);

/// Splits a stream into lines and events.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    data: String,
}

impl Lines {
    /// Takes bytes, and returns the `data` of the events that they complete.
    ///
    /// # Errors
    /// An event exceeds the limit.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, ApiError> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                if !self.data.is_empty() {
                    events.push(std::mem::take(&mut self.data));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            }
        }
        if self.buffer.len() + self.data.len() > MOST {
            return Err(ApiError::Failed("an event without end".into()));
        }
        Ok(events)
    }
}

/// Reads an event. Actions that can't be read, such as a picture of 2016, are left out: a console that follows the
/// drawing then loads them.
pub fn parse(data: &str) -> Option<Event> {
    if let Ok(event) = serde_json::from_str(data) {
        return Some(event);
    }
    let mut value: Value = serde_json::from_str(data).ok()?;
    value.as_object_mut()?.remove("actions");
    serde_json::from_value(value).ok()
}

pub struct Events {
    client: Client,
    response: Response,
    lines: Lines,
    ready: VecDeque<String>,
}

impl Client {
    /// Opens the stream of events.
    ///
    /// # Errors
    /// The stream could not be opened.
    pub async fn events(&self) -> Result<Events, ApiError> {
        let response = self.send(&Request::Events, None).await?;
        Ok(Events { client: self.clone(), response, lines: Lines::default(), ready: VecDeque::new() })
    }
}

impl Events {
    /// Waits for the data of the next event.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next(&mut self) -> Result<String, ApiError> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                return Ok(data);
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk())
                .await
                .map_err(|_| ApiError::Unreachable("no data for a minute".into()))?
                .map_err(|error| self.client.unreachable(error))?
                .ok_or_else(|| ApiError::Unreachable("the server closed the stream".into()))?;
            self.ready.extend(self.lines.take(&chunk)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::Happening;

    use super::*;

    #[test]
    fn events_are_split_whatever_the_chunks() {
        let stream = ": hello\r\n\r\nevent: save\ndata: {\"a\":\ndata: 1}\n\nid: 3\ndata:小\n\n".as_bytes();
        for size in 1..stream.len() {
            let mut lines = Lines::default();
            let events: Vec<String> =
                stream.chunks(size).flat_map(|chunk| lines.take(chunk).unwrap()).collect();
            assert_eq!(events, ["{\"a\":\n1}", "小"]);
        }
        assert!(Lines::default().take(&vec![b'x'; MOST + 1]).is_err());
    }

    #[test]
    fn a_2016_save_is_an_event_without_its_actions() {
        let user = r#""user":{"id":"u","app_id":"a","openid":"o","nickname":""}"#;
        let data = format!(
            r#"{{"server":"s","at":"","type":"save",{user},"drawing":"d","created":false,"base":1,"from_seq":1,"seq":2,"actions":[{{"type":"weapp","strokes":[]}}]}}"#
        );
        let event = parse(&data).unwrap();
        assert!(matches!(event.what, Happening::Save { actions: None, seq: 2, .. }));
        assert!(parse("{").is_none() && parse(r#"{"type":"unheard"}"#).is_none());
    }
}
