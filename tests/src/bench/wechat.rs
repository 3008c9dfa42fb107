//! A WeChat that answers at once, so that what is measured is the server: each code is good, and names its user.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Every user's.
pub const SESSION_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";

/// Serves on a free port as long as the runtime lives.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A code `USER.ANYTHING` is the user's whose openid is `o-USER`.
fn reply(head: &str) -> String {
    let code = head.split_once("js_code=").map_or("", |(_, rest)| rest);
    let user = code.split(['.', '&', ' ']).next().unwrap_or_default();
    let body = format!("{{\"openid\":\"o-{user}\",\"session_key\":\"{SESSION_KEY}\"}}");
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|read| read > 0) {
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = read.drain(..end + 4).collect();
            if stream.write_all(reply(&String::from_utf8_lossy(&head)).as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
