//! `rooms`: all rooms, as JSON lines or as columns separated by tabs.

use yibi_common::admin::{AdminRoom, RoomPage};
use yibi_common::rooms::RoomKind;

use super::{Failure, failure, print, unless_closed};
use crate::client::Client;
use crate::msg::ApiError;
use crate::request::Request;
use crate::text;

pub async fn list(client: &Client, state: Option<&'static str>, json: bool) -> Result<u8, Failure> {
    let mut cursor = None;
    loop {
        let value = client.value(&Request::Rooms { state, cursor }).await.map_err(failure)?;
        let page: RoomPage = serde_json::from_value(value).map_err(unexpected)?;
        for room in &page.rooms {
            let line = if json { serde_json::to_string(room).map_err(unexpected)? } else { columns(room) };
            if let Err(error) = print(&line) {
                return unless_closed(&error);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(0);
        }
    }
}

fn columns(room: &AdminRoom) -> String {
    let progress = match (room.strokes, room.goal) {
        (Some(strokes), Some(goal)) => format!("{strokes}/{goal}"),
        _ => room.authors.len().to_string(),
    };
    let kind = match room.kind {
        RoomKind::Together => "together",
        RoomKind::Relay => "relay",
    };
    let owner = if room.owner.nickname.is_empty() { &room.owner.id } else { &room.owner.nickname };
    [&room.code, kind, room.state.name(), &progress, owner, &room.title, &room.last_at]
        .map(|cell| text::clean(cell).into_owned())
        .join("\t")
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err takes it")]
fn unexpected(error: serde_json::Error) -> Failure {
    failure(ApiError::Failed(format!("the server's reply can't be read: {error}")))
}
