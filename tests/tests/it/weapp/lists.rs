//! The list: its order and its size limit.

use std::io::Read;

use flate2::read::GzDecoder;
use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{App, Backend, on_both_backends};

use super::line;

on_both_backends!(
    drawings_come_in_the_order_of_their_first_save,
    only_the_newest_two_hundred_are_listed,
    only_sixteen_mebibytes_are_listed,
    the_gzip_list_equals_the_plain_list,
    saves_at_once_do_not_disturb_each_other,
);

async fn drawings_come_in_the_order_of_their_first_save(backend: Backend) {
    let mut app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    for id in ["c", "a", "画", "b", "c", "a"] {
        phone.save(id, line(1.0)).await.done();
    }
    assert_eq!(phone.ids().await, ["c", "a", "画", "b"]);
    phone.delete("a").await.done();
    phone.save("c", line(2.0)).await.done();
    assert_eq!(phone.ids().await, ["c", "画", "b"]);
    phone.save("a", line(3.0)).await.done();
    phone.save("b", line(3.0)).await.done();
    assert_eq!(phone.ids().await, ["c", "画", "b", "a"], "deleted and saved again, it is a new one");
    app.crash_and_restart();
    assert_eq!(phone.at(&app.public).ids().await, ["c", "画", "b", "a"]);
}

async fn only_the_newest_two_hundred_are_listed(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let phone = app.phone_2016("alice").await;
    for number in 0..205 {
        phone.save(number, line(f64::from(number))).await.done();
    }
    // A change does not affect the order.
    phone.save(1, line(1.5)).await.done();
    let from = |first: i32| -> Vec<_> { (first..205).map(|n| (n.to_string(), line(f64::from(n)))).collect() };
    assert_eq!(phone.shown().await, from(5));
    phone.delete(204).await.done();
    let mut expected = from(4);
    expected.pop();
    assert_eq!(phone.shown().await, expected);
}

async fn only_sixteen_mebibytes_are_listed(backend: Backend) {
    const LENGTH: usize = 1_600_000;
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    // As repetitive as real lists, so that it compresses well.
    let mut text = String::from("[");
    for entry in 0.. {
        let next = format!(r#"{{"method":"lineTo","data":[{},{}.5]}}"#, entry % 331, entry % 487);
        if text.len() + next.len() + 2 > LENGTH {
            break;
        }
        if entry > 0 {
            text.push(',');
        }
        text.push_str(&next);
    }
    text.push(']');
    for number in 0..11 {
        phone.save(number, &text).await.done();
    }
    let fitting = (16 << 20) / text.len();
    let shown = phone.shown().await;
    let ids: Vec<&str> = shown.iter().map(|(id, _)| id.as_str()).collect();
    let expected: Vec<String> = (11 - fitting..11).map(|number| number.to_string()).collect();
    assert_eq!(ids, expected, "the newest that fit");
    assert!(shown.iter().all(|(_, actions)| *actions == text));
}

async fn saves_at_once_do_not_disturb_each_other(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let saves = (0..8).map(|number| phone.save("same", line(f64::from(number))));
    let others = (0..8).map(|number| phone.save(number, line(f64::from(number))));
    let (same, others) = tokio::join!(join_all(saves), join_all(others));
    for reply in same.iter().chain(&others) {
        reply.done();
    }
    let shown = phone.shown().await;
    assert_eq!(shown.len(), 9);
    let (_, same) = shown.iter().find(|(id, _)| id == "same").unwrap();
    assert!((0..8).any(|number| *same == line(f64::from(number))));
    let drawing = modern.drawing("same").await;
    assert_eq!((&drawing["base"], &drawing["seq"]), (&7.into(), &8.into()));
}

/// Covers texts stored as gzip, texts stored otherwise, and pictures generated for the list.
async fn the_gzip_list_equals_the_plain_list(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let unpacked = async || {
        let reply = phone.list_as("gzip, deflate, br").await;
        assert_eq!((reply.header("content-encoding"), reply.header("vary")), ("gzip", "Accept-Encoding"));
        assert_eq!(reply.header("content-type"), phone.list().await.header("content-type"));
        let mut text = String::new();
        GzDecoder::new(&*reply.body).read_to_string(&mut text).unwrap();
        (text, reply.body.len())
    };
    assert_eq!(unpacked().await.0, r#"{"code":0,"msg":"success","data":[]}"#);

    let modern = app.user("alice").await;
    let long = format!("[{}]", [r#"{"method":"\u753b \"","data":["\n 画",1.5]}"#; 400].join(","));
    phone.save("short", "[]").await.done();
    phone.save("\"画", &long).await.done();
    modern.append("modern", 0, json!([stroke(1), stroke(2)])).await.ok();
    phone.save("undone", &long).await.done();
    phone.save("undone", line(1.0)).await.done();
    modern.append("undone", 2, json!([{"type": "undo"}])).await.ok();
    phone.save("again", line(2.0)).await.done();
    let plain = phone.list().await;
    assert!(!plain.headers.contains_key("content-encoding"));
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    assert_eq!(phone.shown().await.len(), 5);
    let (text, packed) = unpacked().await;
    assert_eq!(text, plain.text());
    assert!(packed < text.len() / 8, "{packed} of {}", text.len());

    for none in ["identity", "gzip;q=0", "br", ""] {
        let reply = phone.list_as(none).await;
        assert_eq!(reply.text(), text, "{none}");
    }
}
