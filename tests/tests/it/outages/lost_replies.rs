//! Replies that never arrive.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::proxy::Proxy;
use yibi_tests::{Api, App, Backend};

async fn a_batch_that_is_sent_again_is_there_once(backend: Backend) {
    let app = App::start(backend);
    let network = Proxy::before(app.public.strip_prefix("http://").unwrap()).await;
    let user = app.user("alice").await;
    let far = user.at(&format!("http://{}", network.address));
    let mut sent = Vec::new();
    for (mark, count) in [(0, 1), (10, 3), (20, 1), (30, 50)] {
        let from = sent.len() as u64;
        let batch: Vec<_> = (0..count).map(|more| stroke(mark + more)).collect();
        network.lose_replies(true);
        for lost in 1..=2 {
            assert!(attempt(&far, from, &batch).await.is_none());
            // The first attempt stored the stroke; the retry stored nothing.
            let stored = user.drawing("d").await;
            assert_eq!(stored["seq"], from + batch.len() as u64, "lost {lost} times");
        }
        network.lose_replies(false);
        sent.extend(batch.clone());
        assert_eq!(attempt(&far, from, &batch).await, Some(sent.len() as u64));
    }
    assert_eq!(network.lost(), 8);
    assert_eq!(user.drawing("d").await["actions"], json!(sent));

    // A sign-in whose reply is lost: the same code gets in.
    let code = app.wechat.code("bob").await;
    network.lose_replies(true);
    let anybody = app.api().at(&format!("http://{}", network.address));
    let request = anybody.request(reqwest::Method::POST, "/api/v1/session").json(&json!({"code": code}));
    assert!(request.send().await.is_err());
    network.lose_replies(false);
    anybody.sign_in(&code).await.get("/api/v1/me").await.ok();
}

/// Sends an append; returns the new end if the reply arrives.
async fn attempt(user: &Api, from_seq: u64, batch: &[serde_json::Value]) -> Option<u64> {
    let request = user.request(reqwest::Method::POST, "/api/v1/drawings/d/actions");
    let reply = request.json(&json!({"from_seq": from_seq, "actions": batch})).send().await.ok()?;
    assert_eq!(reply.status(), 200);
    reply.json::<serde_json::Value>().await.unwrap()["seq"].as_u64()
}

#[tokio::test]
async fn embedded() {
    a_batch_that_is_sent_again_is_there_once(Backend::Embedded).await;
}

#[tokio::test]
async fn shared() {
    a_batch_that_is_sent_again_is_there_once(Backend::Shared).await;
}
