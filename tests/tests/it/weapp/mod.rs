//! The dialect of 2016: replies as on the wire of the 2016 server, on both backends.

mod actions;
mod bodies;
mod colours;
mod dialects;
mod exchange;
mod gallery;
mod half_emoji;
mod ids;
mod limits;
mod lists;
mod marks;
mod points;
mod profile;
mod routes;
mod session;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The save of a 2016 phone with a red line that begins at `x`, in CSS pixels.
pub(super) fn line(x: f64) -> String {
    let end = x + 8.5;
    [
        r##"[{"method":"save","data":[]},{"method":"setStrokeStyle","data":["#ff0000"]},"##,
        r#"{"method":"setLineWidth","data":[5]},{"method":"strokePath","data":["#,
        &format!(r#"{{"method":"moveTo","data":[{x},40]}},{{"method":"lineTo","data":[{end},44.33]}}"#),
        r#"]},{"method":"restore","data":[]}]"#,
    ]
    .concat()
}

/// A line on a canvas: colour, width, start and end.
#[derive(Debug, Clone, PartialEq)]
struct Drawn {
    color: String,
    width: f64,
    ends: [(f64, f64); 2],
}

/// The lines that a 2016 canvas draws from a list.
fn drawn(actions: &str) -> Vec<Drawn> {
    let actions: Value = serde_json::from_str(actions).unwrap();
    let (mut color, mut width) = ("#000000".to_owned(), 1.0);
    let mut lines = Vec::new();
    for action in actions.as_array().unwrap() {
        let data = action["data"].as_array().unwrap();
        match action["method"].as_str().unwrap() {
            "setStrokeStyle" => match data[0].as_str().unwrap() {
                "normal" => {
                    let channel = |at: usize| data[1][at].as_u64().unwrap();
                    color = format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2));
                }
                css => css.clone_into(&mut color),
            },
            "setLineWidth" => width = data[0].as_f64().unwrap(),
            "strokePath" | "stroke" => {
                let end = |step: &Value| {
                    let numbers = step["data"].as_array().unwrap();
                    let at = |from_end: usize| numbers[numbers.len() - from_end].as_f64().unwrap();
                    (at(2), at(1))
                };
                assert_eq!(data[0]["method"], "moveTo");
                lines.push(Drawn {
                    color: color.clone(),
                    width,
                    ends: [end(&data[0]), end(&data[data.len() - 1])],
                });
            }
            _ => {}
        }
    }
    lines
}

/// Sends raw bytes and reads until the server closes; returns the status and the whole reply.
async fn raw_exchange(server: &str, request: &[u8]) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(server.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let reply = String::from_utf8(reply).unwrap();
    let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
    (status, reply)
}
