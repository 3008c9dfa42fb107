//! `show` and `overview`: one thing as JSON.

use super::arguments::Shown;
use super::{Failure, failure, print, unless_closed};
use crate::client::Client;
use crate::request::Request;

pub async fn run(client: &Client, what: Shown, one_line: bool) -> Result<u8, Failure> {
    let request = match what {
        Shown::Session { id } => Request::Session(id),
        Shown::User { id } => Request::User(id),
        Shown::Drawing { user, id } => Request::Drawing { user, id, since: 0 },
        Shown::Request { id } => Request::Failed(id),
        Shown::Review { id } => Request::Review(id),
        Shown::Order { id } => Request::Order(id),
    };
    write(client, &request, one_line).await
}

pub async fn overview(client: &Client, one_line: bool) -> Result<u8, Failure> {
    write(client, &Request::Overview, one_line).await
}

async fn write(client: &Client, request: &Request, one_line: bool) -> Result<u8, Failure> {
    let value = client.value(request).await.map_err(failure)?;
    let text = if one_line { value.to_string() } else { format!("{value:#}") };
    match print(&text) {
        Ok(()) => Ok(0),
        Err(error) => unless_closed(&error),
    }
}
