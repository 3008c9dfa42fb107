//! Quotas under concurrent requests, and purges of the bin that free space.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, Backend, Server, Wechat};

on_both_backends! {
    parallel_appends_stay_within_the_bytes_of_a_user,
    parallel_appends_stay_within_the_drawings_of_a_user,
    an_append_that_lacks_room_even_without_the_bin_purges_nothing,
}

const AT_ONCE: usize = 300;

async fn alice(backend: Backend, settings: &[(&str, &str)]) -> (Wechat, Server, Api) {
    let wechat = Wechat::start();
    let settings = [&[("LIMITS__ENABLED", "false")], settings].concat();
    let server = Server::start_with(backend, &wechat, &settings);
    let alice = server.signed_in(&wechat, "alice").await;
    (wechat, server, alice)
}

async fn usage(api: &Api) -> (u64, u64) {
    let usage = api.get("/api/v1/me").await.ok()["usage"].clone();
    (usage["drawings"].as_u64().unwrap(), usage["bytes"].as_u64().unwrap())
}

async fn bin(api: &Api) -> Vec<Value> {
    let list = api.get("/api/v1/drawings?deleted=true").await.ok();
    list["drawings"].as_array().unwrap().iter().map(|drawing| drawing["id"].clone()).collect()
}

/// Sends one stroke to each of many new drawings concurrently; returns the number of stored strokes.
async fn append_everywhere(api: &Api, refusal: &str) -> u64 {
    let appends = (0..AT_ONCE).map(|number| async move {
        let reply = api.append(&format!("d{number}"), 0, json!([stroke(1)])).await;
        if reply.status.is_success() {
            return 1;
        }
        if reply.status.as_u16() != 503 {
            reply.problem(422, refusal);
        }
        0
    });
    join_all(appends).await.into_iter().sum()
}

async fn parallel_appends_stay_within_the_bytes_of_a_user(backend: Backend) {
    let (_wechat, mut server, alice) = alice(backend, &[("LIMITS__DRAWING__BYTES_PER_USER", "1000")]).await;
    alice.append("first", 0, json!([stroke(1)])).await.ok();
    let (_, one) = usage(&alice).await;
    let stored = append_everywhere(&alice, "storage_full").await;
    assert!(stored < AT_ONCE as u64, "the quota is below what was sent");
    let counted = usage(&alice).await;
    assert_eq!(counted, (stored + 1, (stored + 1) * one), "refused appends give their room back");
    assert!(counted.1 <= 1_000, "{counted:?}");
    assert_eq!(usage_after_restart(&mut server, &alice).await, counted);
    let alice = alice.at(&server.public);
    let room = (1_000 - counted.1) / one;
    alice
        .append("rest", 0, json!(vec![stroke(1); usize::try_from(room).unwrap() + 1]))
        .await
        .problem(422, "storage_full");
}

async fn parallel_appends_stay_within_the_drawings_of_a_user(backend: Backend) {
    let (_wechat, mut server, alice) = alice(backend, &[("LIMITS__DRAWING__DRAWINGS_PER_USER", "20")]).await;
    let stored = append_everywhere(&alice, "too_many_drawings").await;
    let (drawings, _) = usage_after_restart(&mut server, &alice).await;
    let alice = alice.at(&server.public);
    assert_eq!(drawings, stored);
    assert!(drawings <= 20, "{drawings}");
    // Appends to existing drawings succeed at the limit, also concurrently.
    for number in drawings..20 {
        alice.append(&format!("more{number}"), 0, json!([stroke(1)])).await.ok();
    }
    let seqs =
        join_all((0..20).map(|_| async { alice.append("more", 0, json!([stroke(1)])).await.status })).await;
    assert!(seqs.iter().all(|status| status.as_u16() == 422 || status.as_u16() == 503), "{seqs:?}");
    assert_eq!(usage(&alice).await.0, 20);
}

/// The usage that the server reports after a restart, without cached counts. The embedded store allows one server only,
/// so the same server restarts.
async fn usage_after_restart(server: &mut Server, api: &Api) -> (u64, u64) {
    server.restart();
    usage(&api.at(&server.public)).await
}

async fn an_append_that_lacks_room_even_without_the_bin_purges_nothing(backend: Backend) {
    let (_wechat, _server, alice) = alice(backend, &[("LIMITS__DRAWING__BYTES_PER_USER", "400")]).await;
    for id in ["a", "b", "c", "d"] {
        alice.append(id, 0, json!([stroke(1)])).await.ok();
    }
    let (_, bytes) = usage(&alice).await;
    let one = bytes / 4;
    for id in ["b", "c"] {
        assert!(alice.delete(&format!("/api/v1/drawings/{id}")).await.status.is_success());
    }
    // Two live drawings are never purged.
    let room = usize::try_from(400 / one).unwrap() - 2;
    alice.append("d", 1, json!(vec![stroke(1); room + 1])).await.problem(422, "storage_full");
    assert_eq!(bin(&alice).await, ["c", "b"]);
    assert_eq!(usage(&alice).await, (4, bytes));
    alice.append("d", 1, json!(vec![stroke(1); room])).await.ok();
    assert_eq!(bin(&alice).await, Vec::<Value>::new(), "all of the bin is enough");
}
