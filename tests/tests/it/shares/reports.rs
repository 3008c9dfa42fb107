//! Reports by users and by visitors.

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends};

use super::{Sharing, everywhere, html};

on_both_backends! {
    three_reporters_hide_a_share,
    ten_reports_of_one_person_hide_nothing,
    visitors_and_the_author_hide_nothing,
    ending_a_share_undoes_no_report,
    a_persons_pass_holds,
    reports_are_checked,
}

impl Sharing {
    pub(super) async fn report(&self, user: &str, code: &str) -> Reply {
        let user = self.app.user(user).await;
        user.post(&format!("/api/v1/shares/{code}/reports"), &json!({"reason": 4, "note": "广告"})).await
    }

    pub(super) async fn visit(&self, code: &str, form: &str) -> Reply {
        let request = self.public().request(reqwest::Method::POST, &format!("/s/{code}/report"));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        Api::send(request).await
    }

    async fn reviews(&self) -> Vec<Value> {
        let operator = Api::new(&self.app.admin).with_token(ADMIN_TOKEN);
        let page = operator.get("/admin/v1/reviews?state=held").await.ok();
        page["reviews"].as_array().unwrap().clone()
    }
}

async fn three_reporters_hide_a_share(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for user in ["bob", "carol"] {
        assert_eq!(sharing.report(user, &code).await.status, 204);
    }
    everywhere(&sharing, &code, 200).await;
    assert_eq!(sharing.report("dave", &code).await.status, 204);
    everywhere(&sharing, &code, 202).await;
    assert_eq!(sharing.of("kite").await["state"], "held");
    let reviews = sharing.reviews().await;
    assert_eq!(reviews.len(), 1);
    assert_eq!(
        (&reviews[0]["opened_by"], &reviews[0]["reports"], &reviews[0]["reason"]),
        (&json!("reports"), &json!(3), &json!(4))
    );
    assert_eq!(sharing.report("erin", &code).await.status, 204, "a report of a hidden share is no failure");
}

async fn ten_reports_of_one_person_hide_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for _ in 0..10 {
        assert_eq!(sharing.report("bob", &code).await.status, 204);
    }
    everywhere(&sharing, &code, 200).await;
    let reviews = sharing.reviews().await;
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0]["reports"], 1, "one person is one report");
}

async fn visitors_and_the_author_hide_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for _ in 0..5 {
        let page = html(&sharing.visit(&code, "reason=1&note=%E5%BE%88%E7%B3%9F").await);
        assert!(page.contains("举报已收到") && page.contains("href=\"../-/page."), "{page}");
    }
    for user in ["alice", "bob", "carol"] {
        assert_eq!(sharing.report(user, &code).await.status, 204);
    }
    everywhere(&sharing, &code, 200).await;
    sharing.report("dave", &code).await;
    let reviews = sharing.reviews().await;
    assert_eq!((&reviews[0]["reports"], &reviews[0]["web_reports"]), (&json!(3), &json!(1)));
}

async fn ending_a_share_undoes_no_report(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for user in ["bob", "carol", "dave"] {
        sharing.report(user, &code).await;
    }
    sharing.alice.delete(&super::path("kite")).await;
    let second = sharing.share("kite").await;
    assert_eq!(second["state"], "held", "a person decides");
    everywhere(&sharing, second["code"].as_str().unwrap(), 202).await;
}

async fn a_persons_pass_holds(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for user in ["bob", "carol", "dave"] {
        sharing.report(user, &code).await;
    }
    let operator = Api::new(&sharing.app.admin).with_token(ADMIN_TOKEN);
    let id = sharing.reviews().await[0]["id"].as_str().unwrap().to_owned();
    operator.post(&format!("/admin/v1/reviews/{id}/pass"), &json!({})).await.ok();
    everywhere(&sharing, &code, 200).await;
    for user in ["erin", "frank", "grace", "heidi"] {
        sharing.report(user, &code).await;
    }
    everywhere(&sharing, &code, 200).await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    sharing.until("kite", "the update passes", |share| share["shown_seq"] == 2).await;
    for user in ["ivan", "judy", "ken"] {
        sharing.report(user, &code).await;
    }
    everywhere(&sharing, &code, 202).await;
}

async fn reports_are_checked(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let bob = sharing.app.user("bob").await;
    let address = format!("/api/v1/shares/{code}/reports");
    for bad in [
        json!({}),
        json!({"reason": 0}),
        json!({"reason": 7}),
        json!({"reason": "1"}),
        json!({"reason": 1, "note": "长".repeat(201)}),
    ] {
        bob.post(&address, &bad).await.problem(422, "invalid_value");
    }
    bob.post("/api/v1/shares/000000000000/reports", &json!({"reason": 1}))
        .await
        .problem(404, "share_not_found");
    sharing.public().post(&address, &json!({"reason": 1})).await.problem(401, "unauthenticated");
    for form in ["", "reason=0", "reason=7", "note=x", "reason=1&reason=x"] {
        assert_eq!(sharing.visit(&code, form).await.status, 422, "{form}");
    }
    assert_eq!(sharing.visit(&code, &format!("reason=1&note={}", "x".repeat(5_000))).await.status, 413);
    assert_eq!(sharing.visit("000000000000", "reason=1").await.status, 404);
    sharing.alice.delete(&super::path("kite")).await;
    bob.post(&address, &json!({"reason": 1})).await.problem(410, "share_gone");
}
