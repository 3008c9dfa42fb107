//! Size and rate limits.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::weapp::Phone;
use yibi_tests::{App, Backend, on_both_backends};

use super::line;

on_both_backends!(
    saves_have_a_rate,
    failures_have_a_rate_but_no_user_pays_for_them,
    a_gallery_holds_so_many_drawings,
    a_drawing_and_a_gallery_hold_so_many_bytes,
    a_single_stroke_takes_no_picture,
);

async fn saves_have_a_rate(backend: Backend) {
    let settings = [("LIMITS__USER_WRITES", "1"), ("LIMITS__USER_WRITES_BURST", "3")];
    let app = App::start_with(backend, &settings);
    let alice = app.phone_2016("alice").await;
    let second = app.phone_2016("alice").await;
    let bob = app.phone_2016("bob").await;
    let mut done = 0;
    let mut refused = 0;
    while refused == 0 {
        let phone = if done % 2 == 0 { &alice } else { &second };
        let reply = phone.save(done, line(1.0)).await;
        if reply.applet()["code"] == 0 {
            done += 1;
        } else {
            reply.fails("too many requests");
            refused += 1;
        }
        // The bucket refills one a second, so a slow machine allows a few more.
        assert!(done < 100);
    }
    assert!(done >= 3);
    assert_eq!(alice.ids().await.len(), done);
    bob.save("p1", line(1.0)).await.done();
    // A deletion counts as a write.
    yibi_tests::eventually("a deletion is accepted", std::time::Duration::from_secs(30), async || {
        alice.delete(0).await.applet()["code"] == 0
    })
    .await;
    assert_eq!(alice.ids().await.len(), done - 1);
}

async fn failures_have_a_rate_but_no_user_pays_for_them(backend: Backend) {
    let settings = [("LIMITS__ADDRESS_FAILURES", "1"), ("LIMITS__ADDRESS_FAILURES_BURST", "5")];
    let app = App::start_with(backend, &settings);
    let alice = app.phone_2016("alice").await;
    let guesser = Phone::with_code(&app.public, "guess").header("X-Forwarded-For", "203.0.113.9");
    let mut expired = 0;
    loop {
        let reply = guesser.list().await;
        if reply.applet()["code"] == -1 {
            reply.fails("too many requests");
            break;
        }
        reply.expired();
        expired += 1;
        assert!(expired < 100);
    }
    assert!(expired >= 5);
    alice.clone().header("X-Forwarded-For", "203.0.113.9").save("p1", line(1.0)).await.done();
    guesser.clone().header("X-Forwarded-For", "203.0.113.10").list().await.expired();
    Phone::with_code(&app.public, "guess").list().await.expired();
}

async fn a_gallery_holds_so_many_drawings(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__DRAWING__DRAWINGS_PER_USER", "3")]);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let bin = async || {
        let reply = modern.get("/api/v1/drawings?deleted=true").await.ok();
        reply["drawings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for id in ["a", "b", "c"] {
        phone.save(id, line(1.0)).await.done();
    }
    let reply = phone.save("d", line(1.0)).await.applet();
    assert_eq!((&reply["code"], &reply["msg"]), (&json!(-1), &json!("fail")), "{reply}");
    assert!(!reply["error"]["reason"].as_str().unwrap().is_empty());
    phone.save("a", line(2.0)).await.done();

    phone.delete("b").await.done();
    phone.save("c", line(2.0)).await.done();
    modern.append("c", 2, json!([stroke(1)])).await.ok();
    modern.append("b", 0, json!([stroke(1)])).await.problem(410, "drawing_deleted");
    assert_eq!(bin().await, ["b"], "what needs no room takes none from the bin");
    phone.save("b", line(2.0)).await.done();
    assert_eq!(phone.ids().await, ["a", "c", "b"]);
    assert_eq!(modern.drawing("b").await["seq"], 2, "it came back, it was not made anew");
    phone.delete("c").await.done();
    phone.save("d", line(1.0)).await.done();
    assert_eq!((bin().await, phone.ids().await), (vec![], ["a", "b", "d"].map(str::to_owned).to_vec()));
}

/// An incompressible list of about this length.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut digits = String::with_capacity(length);
    while digits.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        digits.push_str(&format!("{:x}", state >> 8));
    }
    format!(r#"[{{"method":"fillText","data":["{digits}"]}}]"#)
}

async fn a_drawing_and_a_gallery_hold_so_many_bytes(backend: Backend) {
    let settings =
        [("LIMITS__DRAWING__BYTES_PER_DRAWING", "40000"), ("LIMITS__DRAWING__BYTES_PER_USER", "60000")];
    let app = App::start_with(backend, &settings);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let refused = async |id: &str, actions: &str| {
        let reply = phone.save(id, actions).await.applet();
        assert_eq!(reply["code"], -1, "{reply}");
        assert!(!reply["error"]["reason"].as_str().unwrap().is_empty());
    };
    refused("a", &noise(100_000)).await;
    assert_eq!(phone.shown().await, []);
    phone.save("a", noise(50_000)).await.done();
    let before = modern.get("/api/v1/me").await.ok()["usage"]["bytes"].as_u64().unwrap();
    assert!((20_000..35_000).contains(&before), "{before}");
    refused("a", &noise(100_000)).await;
    assert_eq!(phone.shown().await, [("a".to_owned(), noise(50_000))], "what is refused replaces nothing");
    phone.save("b", noise(40_000)).await.done();
    refused("c", &noise(40_000)).await;
    assert_eq!(phone.ids().await, ["a", "b"]);
    phone.save("a", line(1.0)).await.done();
    phone.save("c", noise(40_000)).await.done();
    assert_eq!(phone.ids().await, ["a", "b", "c"]);
    let after = modern.get("/api/v1/me").await.ok()["usage"].clone();
    assert_eq!(after["drawings"], 3);
    assert!(after["bytes"].as_u64().unwrap() < 60_000, "{after}");
}

async fn a_single_stroke_takes_no_picture(backend: Backend) {
    let app = App::start(backend);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let first = json!({"from_seq": 0, "drawing": {"mode": "one_stroke"}, "actions": [stroke(1)]});
    modern.post("/api/v1/drawings/one/actions", &first).await.ok();
    let before = phone.shown().await;
    let reply = phone.save("one", line(1.0)).await.applet();
    assert_eq!((&reply["code"], &reply["msg"]), (&json!(-1), &json!("fail")), "{reply}");
    assert_eq!(phone.shown().await, before);
    assert_eq!(modern.drawing("one").await["seq"], 1);
}
