//! A WeChat that replies at once, so that a benchmark measures the server. Every code is valid and names its user.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The session_key of every user.
pub const SESSION_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";

/// The behaviour of this WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Replies with success at once.
    Good,
    Hangs,
    /// Replies with errcode -1, system busy.
    Fails,
    /// Replies with a body that is not JSON.
    Babbles,
}

/// Serves on a free port until the runtime ends.
pub async fn start() -> SocketAddr {
    start_in(&watch::Sender::new(Mood::Good)).await
}

/// Serves with a behaviour that may change.
pub async fn start_in(mood: &watch::Sender<Mood>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mood = mood.subscribe();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, mood.clone()));
        }
    });
    address
}

/// Exchanges a code `USER.ANYTHING` for the user with the openid `o-USER`.
fn reply(head: &str, mood: Mood) -> String {
    let code = head.split_once("js_code=").map_or("", |(_, rest)| rest);
    let user = code.split(['.', '&', ' ']).next().unwrap_or_default();
    let body = match mood {
        Mood::Good | Mood::Hangs => format!("{{\"openid\":\"o-{user}\",\"session_key\":\"{SESSION_KEY}\"}}"),
        Mood::Fails => "{\"errcode\":-1,\"errmsg\":\"system error\"}".to_owned(),
        Mood::Babbles => "<html>\0 {\"openid\":[[[".to_owned(),
    };
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(mut stream: TcpStream, mut mood: watch::Receiver<Mood>) {
    let _ = stream.set_nodelay(true);
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|read| read > 0) {
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = read.drain(..end + 4).collect();
            // Without its sender the behaviour stays the same.
            let _ = mood.wait_for(|mood| *mood != Mood::Hangs).await;
            let mood = *mood.borrow();
            if stream.write_all(reply(&String::from_utf8_lossy(&head), mood).as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
