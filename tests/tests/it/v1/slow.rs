//! Slow clients: slow heads, slow bodies, and unread bodies.

use std::time::Duration;

use yibi_tests::{Api, App, Backend, Raw};

fn append_head(token: &str, length: usize) -> String {
    format!(
        "POST /api/v1/drawings/a/actions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn chunked(head: &str) -> String {
    let (before, _) = head.split_once("content-length").unwrap();
    format!("{before}transfer-encoding: chunked\r\n\r\n")
}

const ROOT: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const BODY: &str = "{\"from_seq\":0,\"actions\":[]}";

async fn nothing_stored(alice: &Api) {
    alice.get("/api/v1/drawings/a").await.problem(404, "drawing_not_found");
}

#[tokio::test]
async fn requests_without_a_session_are_answered_before_the_body() {
    let app = App::start(Backend::Embedded);
    for token in ["", "A", &"A".repeat(64)] {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(append_head(token, 2_000_000)).await;
        raw.write("{").await;
        let reply = raw.reply().await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (401, "unauthenticated"));
    }
}

#[tokio::test]
async fn bodies_without_a_session_are_not_read_to_the_end() {
    let app = App::start(Backend::Embedded);
    let sized = append_head("A", 1_000_000_000);
    let chunked = chunked(&sized);
    for (head, piece) in [(sized, " ".repeat(1000)), (chunked, format!("3e8\r\n{}\r\n", " ".repeat(1000)))] {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(&head).await;
        let reply = raw.reply().await.unwrap();
        assert_eq!(reply.status, 401);
        assert_eq!(reply.header("connection"), "close", "{head}");
        let mut pieces = 0;
        while raw.write(&piece).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
            pieces += 1;
            assert!(pieces < 3_000, "still read: {head}");
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = App::start_with(Backend::Embedded, &[("HTTP__BODY_TIMEOUT", "1")]);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let sized = append_head(&token, BODY.len());
    let chunked = chunked(&sized);
    for (head, piece) in [(&sized, "{"), (&chunked, "1\r\n{\r\n")] {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(head).await;
        // Single bytes do not extend the time-out, which covers the whole body.
        let mut pieces = 0;
        let reply = loop {
            raw.write(piece).await;
            if let Ok(reply) = tokio::time::timeout(Duration::from_millis(150), raw.reply()).await {
                break reply.unwrap();
            }
            pieces += 1;
            assert!(pieces < 400, "each piece extends the time-out");
        };
        assert_eq!((reply.status, reply.code().as_str()), (408, "body_timeout"));
        // The rest of that body must not be parsed as another request.
        raw.write(ROOT).await;
        assert!(raw.closes().await, "the connection is used on");
    }
    nothing_stored(&alice).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_taken_for_whole() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let mut raw = Raw::connect(&app.public).await;
    raw.write(append_head(&token, BODY.len() + 1)).await;
    raw.write(BODY).await;
    raw.finish().await;
    if let Some(reply) = raw.reply().await {
        assert_eq!(reply.status / 100, 4, "{}", reply.head);
    }
    let mut raw = Raw::connect(&app.public).await;
    let head = chunked(&append_head(&token, 0));
    raw.write(format!("{head}{:x}\r\n{BODY}\r\n", BODY.len())).await;
    raw.finish().await;
    if let Some(reply) = raw.reply().await {
        assert_eq!(reply.status / 100, 4, "{}", reply.head);
    }
    nothing_stored(&alice).await;
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let app = App::start_with(Backend::Embedded, &[("HTTP__HEAD_TIMEOUT", "1")]);
    for begin in ["", "GET", "GET / HTTP/1.1\r\nhost: a\r\nx-"] {
        let mut raw = Raw::connect(&app.public).await;
        raw.write(begin).await;
        if let Some(reply) = raw.reply().await {
            assert_eq!(reply.status, 408);
            assert!(raw.closes().await);
        }
    }
}

#[tokio::test]
async fn requests_on_one_connection_are_kept_apart() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let mut raw = Raw::connect(&app.public).await;
    // An unread body that looks like a request must not be parsed as one.
    let disguise = "DELETE /api/v1/session HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ";
    let disguise = format!("{disguise}{token}\r\n\r\n");
    raw.write(append_head("A", disguise.len())).await;
    raw.write(&disguise).await;
    raw.write(ROOT).await;
    assert_eq!(raw.reply().await.unwrap().status, 401);
    if let Some(reply) = raw.reply().await {
        assert_eq!(reply.status, 200);
        assert!(String::from_utf8_lossy(&reply.body).contains("yibi"), "{reply:?}");
    }
    alice.get("/api/v1/me").await.ok();
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_server_ends() {
    let mut app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let mut raw = Raw::connect(&app.public).await;
    raw.write(append_head(&token, BODY.len())).await;
    raw.write(&BODY[..5]).await;
    // A reply on another connection shows that the server has read the head.
    alice.get("/api/v1/me").await.ok();
    app.process().signal("TERM");
    app.process().wait_for("the stop", |line| line.contains("stopping").then_some(()));
    raw.write(&BODY[5..]).await;
    let reply = raw.reply().await.unwrap();
    assert_eq!((reply.status, String::from_utf8(reply.body).unwrap().as_str()), (200, "{\"seq\":0}"));
    assert_eq!(app.process().wait(), Some(0));
    app.start_again();
    assert_eq!(alice.at(&app.public).drawing("a").await["seq"], 0);
}
