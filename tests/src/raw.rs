//! A raw connection for malformed and slow requests.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Time limit of a reply.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A reply with a body of a known length.
#[derive(Debug)]
pub struct RawReply {
    pub status: u16,
    /// The head as received.
    pub head: String,
    pub body: Vec<u8>,
}

impl RawReply {
    /// The value of a header, empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values =
            lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
        values.next().unwrap_or_default()
    }

    /// The `code` of a problem.
    #[must_use]
    pub fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl Raw {
    /// Connects to a server at `http://…`.
    pub async fn connect(server: &str) -> Self {
        let address = server.strip_prefix("http://").unwrap();
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// Writes bytes; `false` if the server has closed the connection.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Closes the sending side.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Resets the connection, as when a phone loses its network; bytes in flight are lost.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Reads the next reply; nothing if the connection closes before it is complete.
    pub async fn reply(&mut self) -> Option<RawReply> {
        let mut reply = self.head().await?;
        let length: usize = reply.header("content-length").parse().unwrap_or(0);
        while self.read.len() < length {
            self.more().await?;
        }
        reply.body = self.read.drain(..length).collect();
        Some(reply)
    }

    /// The head and the body of a reply that ends with the connection.
    pub async fn to_the_end(&mut self) -> (String, Vec<u8>) {
        let reply = self.head().await.expect("a reply");
        while self.more().await.is_some() {}
        (reply.head, std::mem::take(&mut self.read))
    }

    async fn head(&mut self) -> Option<RawReply> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(RawReply { status, head, body: Vec::new() })
    }

    /// Reads the status of a reply to HEAD, which has a length and no body.
    pub async fn reply_to_head(&mut self) -> Option<u16> {
        Some(self.head().await?.status)
    }

    /// Whether the server closes the connection without sending more.
    pub async fn closes(&mut self) -> bool {
        self.read.is_empty() && self.more().await.is_none()
    }

    async fn more(&mut self) -> Option<()> {
        let mut bytes = [0; 4096];
        let count =
            timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("an answer or an end").unwrap_or(0);
        self.read.extend_from_slice(&bytes[..count]);
        (count > 0).then_some(())
    }
}
