//! `status`: whether the server is ready, and whether it knows the caller.

use serde_json::{Value, json};

use super::{Failure, failure, print, unless_closed};
use crate::client::Client;
use crate::msg::{ApiError, Reply};
use crate::profile::Place;
use crate::request::Request;
use crate::text;

/// A line for the server, each dependency and the caller; 1 where one is not ready.
pub async fn run(client: &Client, place: &Place, as_json: bool) -> Result<u8, Failure> {
    let (ready, mut report) = client.ready().await.map_err(failure)?;
    let caller = caller(client, place).await?;
    let lines = if as_json {
        if let Some(report) = report.as_object_mut() {
            report.insert("caller".into(), json!(caller));
        }
        vec![report.to_string()]
    } else {
        let state = |state: Option<&Value>| {
            text::clean(state.and_then(Value::as_str).unwrap_or("unknown")).into_owned()
        };
        let line = |name: &str, state: &str| format!("{:<10} {state}", text::clean(name));
        let dependencies = report.get("dependencies").and_then(Value::as_object).into_iter().flatten();
        let mut lines = vec![line("server", &state(report.get("status")))];
        lines.extend(dependencies.map(|(name, told)| line(name, &state(Some(told)))));
        lines.push(line("caller", caller.as_deref().unwrap_or("unknown (no token was given)")));
        lines
    };
    match print(&lines.join("\n")) {
        Ok(()) => Ok(u8::from(!ready)),
        Err(error) => unless_closed(&error),
    }
}

/// The name and role of the caller; `None` without a token. A token that the server does not know is a failure.
async fn caller(client: &Client, place: &Place) -> Result<Option<String>, Failure> {
    if place.target.token.is_none() && place.target.socket.is_none() {
        return Ok(None);
    }
    match client.ask(&Request::Me).await {
        Ok((Reply::Me(me), _)) => Ok(Some(format!("{} ({})", text::clean(&me.name), me.role))),
        Ok(_) => Ok(None),
        Err(error @ ApiError::Refused { status: 401 | 403 | 404, .. }) => Err(failure(error)),
        // A server that is not ready says so in its report.
        Err(_) => Ok(None),
    }
}
