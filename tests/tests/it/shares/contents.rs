//! Nicknames, avatars and titles that WeChat leaves to a person.

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::form::plain_png;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends, wait_until};

use super::Sharing;

on_both_backends! {
    a_doubtful_nickname_waits_for_an_operator,
    a_doubtful_avatar_waits_for_an_operator,
    a_doubtful_title_waits_for_an_operator,
    a_newer_nickname_closes_the_case_of_the_one_before,
    an_operator_passes_names_and_avatar_with_the_picture,
}

impl Sharing {
    pub(super) fn operator(&self) -> Api {
        Api::new(&self.app.admin).with_token(ADMIN_TOKEN)
    }

    pub(super) async fn queue(&self) -> Vec<Value> {
        self.operator().get("/admin/v1/reviews?state=held").await.ok()["reviews"].as_array().unwrap().clone()
    }

    /// The only case that waits for a decision.
    pub(super) async fn only_case(&self) -> Value {
        wait_until("a case is open", async || !self.queue().await.is_empty()).await;
        let queue = self.queue().await;
        assert_eq!(queue.len(), 1, "{queue:?}");
        queue[0].clone()
    }

    pub(super) async fn decide(&self, case: &Value, decision: &str, body: Value) -> Reply {
        let id = case["id"].as_str().unwrap();
        self.operator().post(&format!("/admin/v1/reviews/{id}/{decision}"), &body).await
    }

    async fn me(&self) -> Value {
        self.alice.get("/api/v1/me").await.ok()
    }

    async fn author(&self, code: &str) -> Value {
        self.public().get(&format!("/s/{code}.json")).await.ok()["author"].clone()
    }

    pub(super) async fn audited(&self) -> Vec<Value> {
        let entries = self.operator().get("/admin/v1/audit").await.ok();
        let changes = entries["entries"].as_array().unwrap().iter().rev();
        changes.map(|entry| entry["change"].clone()).collect()
    }
}

async fn a_doubtful_nickname_waits_for_an_operator(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "请复核"})).await.ok();
    let case = sharing.only_case().await;
    assert_eq!(
        (&case["kind"], &case["content"], &case["opened_by"], &case["state"]),
        (&json!("nickname"), &json!("请复核"), &json!("wechat"), &json!("held"))
    );
    let me = sharing.me().await;
    assert_eq!((&me["nickname"], &me["nickname_state"]), (&json!("请复核"), &json!("pending")));
    assert_eq!(sharing.author(&code).await["nickname"], Value::Null, "nobody has passed it");
    assert!(!case["id"].as_str().unwrap().contains(me["id"].as_str().unwrap()), "the id names nobody");

    let removed = sharing.decide(&case, "remove", json!({"reason": 3})).await.ok();
    assert_eq!((&removed["state"], &removed["reason"]), (&json!("removed"), &json!(3)));
    let me = sharing.me().await;
    assert_eq!((&me["nickname"], &me["nickname_state"]), (&json!(""), &json!("rejected")));
    sharing.decide(&case, "hold", json!({})).await.ok();
    let me = sharing.me().await;
    assert_eq!((&me["nickname"], &me["nickname_state"]), (&json!("请复核"), &json!("pending")));
    sharing.decide(&case, "pass", json!({})).await.ok();
    assert_eq!(sharing.me().await["nickname_state"], "passed");
    assert_eq!(sharing.author(&code).await["nickname"], "请复核");
    sharing.decide(&case, "hold", json!({})).await.ok();
    assert_eq!(sharing.author(&code).await["nickname"], Value::Null, "the pass is taken back");
    sharing.decide(&case, "pass", json!({})).await.ok();
    assert_eq!(sharing.audited().await, ["remove_case", "hold_case", "pass_case", "hold_case", "pass_case"]);

    // The person's decision holds when the same name comes again.
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    wait_until("the other name passed", async || sharing.author(&code).await["nickname"] == "小明").await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "请复核"})).await.ok();
    wait_until("the name passed again", async || sharing.author(&code).await["nickname"] == "请复核").await;
    assert!(sharing.queue().await.is_empty());
}

async fn a_doubtful_avatar_waits_for_an_operator(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.verdicts(&["review"]).await;
    sharing.alice.upload_avatar(&plain_png(64, 64, [9, 99, 9])).await.ok();
    let case = sharing.only_case().await;
    assert_eq!(case["kind"], "avatar");
    let id = case["id"].as_str().unwrap();
    let one = sharing.operator().get(&format!("/admin/v1/reviews/{id}")).await.ok();
    assert_eq!(one["has_avatar"], true);
    let avatar = format!("/admin/v1/reviews/{id}/avatar.png");
    let picture = sharing.operator().get(&avatar).await;
    assert_eq!(picture.header("content-type"), "image/png");
    assert!(picture.ok_bytes().starts_with(b"\x89PNG"));
    sharing.public().at(&sharing.app.admin).get(&avatar).await.problem(401, "unauthenticated");
    for none in ["picture.png", "drawing"] {
        let address = format!("/admin/v1/reviews/{id}/{none}");
        sharing.operator().get(&address).await.problem(404, "evidence_not_found");
    }
    assert_eq!(sharing.author(&code).await["avatar_url"], Value::Null);

    sharing.decide(&case, "remove", json!({"reason": 1})).await.ok();
    let me = sharing.me().await;
    assert_eq!((&me["avatar_url"], &me["avatar_state"]), (&Value::Null, &json!("rejected")));
    sharing.operator().get(&avatar).await.ok_bytes();
    sharing.decide(&case, "hold", json!({})).await.ok();
    let me = sharing.me().await;
    assert_eq!((me["avatar_url"].is_string(), &me["avatar_state"]), (true, &json!("pending")));
    sharing.decide(&case, "pass", json!({})).await.ok();
    assert!(sharing.author(&code).await["avatar_url"].is_string());
    sharing.public().get(&format!("/s/{code}/avatar.jpg")).await.ok_bytes();
}

async fn a_doubtful_title_waits_for_an_operator(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let first = json!({"from_seq": 0, "drawing": {"title": "请复核"}, "actions": [stroke(1)]});
    sharing.alice.post("/api/v1/drawings/kite/actions", &first).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    sharing.becomes("kite", "shown").await;
    let case = sharing.only_case().await;
    assert_eq!(
        (&case["kind"], &case["content"], &case["drawing"]),
        (&json!("title"), &json!("请复核"), &json!("kite"))
    );
    let title = async || sharing.public().get(&format!("/s/{code}.json")).await.ok()["title"].clone();
    for (decision, body, shown) in [
        ("pass", json!({}), "请复核"),
        ("hold", json!({}), ""),
        ("remove", json!({"reason": 6}), ""),
        ("hold", json!({}), ""),
        ("pass", json!({}), "请复核"),
    ] {
        sharing.decide(&case, decision, body).await.ok();
        assert_eq!(title().await, shown, "{decision}");
    }
    assert_eq!(sharing.alice.drawing("kite").await["title"], "请复核", "the owner's own in any case");
}

async fn a_newer_nickname_closes_the_case_of_the_one_before(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "请复核"})).await.ok();
    let case = sharing.only_case().await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    assert!(sharing.queue().await.is_empty());
    let id = case["id"].as_str().unwrap();
    assert_eq!(sharing.operator().get(&format!("/admin/v1/reviews/{id}")).await.ok()["state"], "closed");
    for (decision, body) in
        [("claim", json!({})), ("pass", json!({})), ("hold", json!({})), ("remove", json!({"reason": 1}))]
    {
        sharing.decide(&case, decision, body).await.problem(409, "case_closed");
    }
    assert_eq!(sharing.me().await["nickname"], "小明");
    assert!(sharing.audited().await.is_empty(), "nothing was changed");
}

async fn an_operator_passes_names_and_avatar_with_the_picture(backend: Backend) {
    let further = [("MODERATION__MODE", "off"), ("SHARING__REVIEW", "operator")];
    let sharing = Sharing::start_with(backend, &further).await;
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    sharing.alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    let first = json!({"from_seq": 0, "drawing": {"title": "风筝"}, "actions": [stroke(1)]});
    sharing.alice.post("/api/v1/drawings/kite/actions", &first).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    let case = sharing.only_case().await;
    let path = format!("/admin/v1/reviews/{}", case["id"].as_str().unwrap());
    let one = sharing.operator().get(&path).await.ok();
    assert_eq!(
        (&one["nickname"], &one["title"], &one["has_avatar"]),
        (&json!("小明"), &json!("风筝"), &json!(true))
    );
    assert!(sharing.operator().get(&format!("{path}/avatar.png")).await.ok_bytes().starts_with(b"\x89PNG"));
    sharing.decide(&case, "pass", json!({})).await.ok();
    let author = sharing.author(&code).await;
    assert_eq!((&author["nickname"], author["avatar_url"].is_string()), (&json!("小明"), true));
    sharing.public().get(&format!("/s/{code}/avatar.jpg")).await.ok_bytes();

    // Nobody has seen the later ones.
    sharing.alice.patch("/api/v1/me", &json!({"nickname": "另一个"})).await.ok();
    sharing.alice.upload_avatar(&plain_png(64, 64, [99, 9, 9])).await.ok();
    sharing.alice.patch("/api/v1/drawings/kite", &json!({"title": "另一幅"})).await.ok();
    let shown = sharing.public().get(&format!("/s/{code}.json")).await.ok();
    let author = &shown["author"];
    assert_eq!(
        (&author["nickname"], &author["avatar_url"], &shown["title"]),
        (&Value::Null, &Value::Null, &json!("风筝"))
    );
    assert_eq!(sharing.public().get(&format!("/s/{code}/avatar.jpg")).await.status, 404);
    assert!(super::html(&sharing.public().get(&format!("/s/{code}")).await).contains("一位画友"));
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    let case = sharing.only_case().await;
    sharing.decide(&case, "pass", json!({})).await.ok();
    let shown = sharing.public().get(&format!("/s/{code}.json")).await.ok();
    assert_eq!((&shown["author"]["nickname"], &shown["title"]), (&json!("另一个"), &json!("另一幅")));
}
