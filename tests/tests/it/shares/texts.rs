//! Names and titles of strangers on public addresses.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{Backend, on_both_backends, wait_until};

use super::{Sharing, html, path};

on_both_backends! {
    texts_are_escaped,
    nicknames_are_escaped,
    names_are_shown_as_last_passed,
}

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='x",
    "</title></head><body>",
    "a&lt;b&amp;c",
    "风筝 \u{202e}gnp.exe",
];

async fn texts_are_escaped(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let (flags, emoji) = ("🏳️‍🌈".repeat(16), "🎨".repeat(64));
    for (number, title) in HOSTILE.into_iter().chain([flags.as_str(), emoji.as_str()]).enumerate() {
        let drawing = format!("d{number}");
        let first = json!({"from_seq": 0, "drawing": {"title": title}, "actions": [stroke(1)]});
        let reply = sharing.alice.post(&format!("/api/v1/drawings/{drawing}/actions"), &first).await;
        if reply.status == 422 {
            continue;
        }
        let code = sharing.share(&drawing).await["code"].as_str().unwrap().to_owned();
        sharing.becomes(&drawing, "shown").await;
        let json_address = format!("/s/{code}.json");
        wait_until("the title passed", async || {
            sharing.public().get(&json_address).await.ok()["title"] != ""
        })
        .await;
        let stored = sharing.alice.drawing(&drawing).await["title"].clone();
        assert_eq!(sharing.public().get(&json_address).await.ok()["title"], stored);
        let reply = sharing.public().get(&format!("/s/{code}")).await;
        let page = html(&reply);
        for raw in ["<script>alert", "<img src=x", "</title></head>"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        assert_eq!(page.matches("<script").count(), 1, "the page's own script alone");
        let code_picture = usize::from(page.contains("/code.png"));
        assert_eq!(page.matches("<img").count(), 2 + code_picture);
        let policy = reply.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

async fn names_are_shown_as_last_passed(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let author =
        async || sharing.public().get(&format!("/s/{code}.json")).await.ok()["author"]["nickname"].clone();
    assert_eq!(author().await, json!(null));
    assert!(html(&sharing.public().get(&format!("/s/{code}")).await).contains("一位画友"));
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    wait_until("the nickname passed", async || author().await == "小明").await;
    sharing.app.wechat.script(json!([{"step": "hang", "api": "msg_sec_check"}])).await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "新名字"})).await.ok();
    assert_eq!(author().await, "小明", "the new one has not passed");
    let own = sharing.alice.get(&path("kite")).await.ok();
    assert_eq!(own["state"], "shown");
}

async fn nicknames_are_escaped(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let json_address = format!("/s/{code}.json");
    let emoji = "🎨".repeat(32);
    for nickname in ["<script>alert(1)</script>", "\"><img src=x onerror=a>", "'\" x='", "שלום <b>", &emoji]
    {
        sharing.alice.patch("/api/v1/me", &json!({"nickname": nickname})).await.ok();
        wait_until("the nickname passed", async || {
            sharing.public().get(&json_address).await.ok()["author"]["nickname"] == nickname
        })
        .await;
        let page = html(&sharing.public().get(&format!("/s/{code}")).await);
        for raw in ["<script>alert", "<img src=x", "<b>"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        assert_eq!(page.matches("<script").count(), 1, "the page's own script alone");
        assert!(page.contains("<p class=\"by\"><bdi>"), "{page}");
    }
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "a\u{202e}b"})).await.problem(422, "invalid_value");
}
