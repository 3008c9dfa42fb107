//! Cases of shares: what opens one, and what closes it.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Backend, on_both_backends};

use super::{Sharing, everywhere, path};

on_both_backends! {
    a_single_report_opens_a_case_and_hides_nothing,
    an_operator_opens_a_case_of_a_share,
    a_newer_copy_closes_the_case_of_the_one_before,
    a_decision_about_an_ended_share_is_refused,
    a_report_of_a_copy_that_a_person_passed_opens_nothing,
    a_removal_takes_every_copy,
}

async fn a_single_report_opens_a_case_and_hides_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let (first, second) = (sharing.shown("kite").await, sharing.shown("tree").await);
    assert_eq!(sharing.visit(&first, "reason=5").await.status, 200);
    let case = sharing.only_case().await;
    assert_eq!(
        (&case["code"], &case["opened_by"], &case["reason"], &case["reports"], &case["web_reports"]),
        (&json!(first), &json!("reports"), &json!(5), &json!(0), &json!(1))
    );
    everywhere(&sharing, &first, 200).await;
    assert_eq!(sharing.of("kite").await["state"], "shown");
    // More reports come first in the queue.
    for user in ["bob", "carol"] {
        assert_eq!(sharing.report(user, &second).await.status, 204);
    }
    let queue = sharing.queue().await;
    let codes: Vec<&Value> = queue.iter().map(|case| &case["code"]).collect();
    assert_eq!(codes, [&json!(second), &json!(first)]);
    assert_eq!(queue[0]["reports"], 2);
    everywhere(&sharing, &second, 200).await;
    sharing.decide(&queue[0], "remove", json!({"reason": 4})).await.ok();
    everywhere(&sharing, &second, 410).await;
    sharing.decide(&queue[1], "pass", json!({})).await.ok();
    everywhere(&sharing, &first, 200).await;
}

async fn an_operator_opens_a_case_of_a_share(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let open = async |code: &str| sharing.operator().post("/admin/v1/reviews", &json!({"code": code})).await;
    let case = open(&code).await.ok();
    assert_eq!(
        (&case["code"], &case["opened_by"], &case["state"], &case["seq"]),
        (&json!(code), &json!("operator"), &json!("held"), &json!(1))
    );
    assert_eq!(open(&code).await.ok()["id"], case["id"], "an open case stays");
    everywhere(&sharing, &code, 200).await;
    assert_eq!(sharing.audited().await, ["open_case"]);
    sharing.decide(&case, "hold", json!({})).await.ok();
    everywhere(&sharing, &code, 202).await;
    sharing.decide(&case, "pass", json!({})).await.ok();
    assert_eq!(open(&code).await.ok()["state"], "held", "a decided case is opened again");
    open("000000000000").await.problem(404, "share_not_found");
    open("../x").await.problem(404, "share_not_found");
    sharing.alice.delete(&path("kite")).await;
    open(&code).await.problem(410, "share_gone");
    assert!(sharing.queue().await.is_empty(), "the end of a share closes its cases");
}

async fn a_newer_copy_closes_the_case_of_the_one_before(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["review", "pass"]).await;
    let code = sharing.shared("kite").await;
    sharing.becomes("kite", "held").await;
    let former = sharing.only_case().await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    let case = sharing.only_case().await;
    assert_eq!((&case["code"], &case["seq"]), (&json!(code), &json!(2)));
    for (decision, body) in [("pass", json!({})), ("hold", json!({})), ("remove", json!({"reason": 1}))] {
        sharing.decide(&former, decision, body).await.problem(409, "case_closed");
    }
    let closed = sharing.operator().get("/admin/v1/reviews?state=closed").await.ok();
    assert_eq!(closed["reviews"][0]["id"], former["id"]);
    everywhere(&sharing, &code, 202).await;
    sharing.decide(&case, "pass", json!({})).await.ok();
    everywhere(&sharing, &code, 200).await;
}

async fn a_decision_about_an_ended_share_is_refused(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["review", "pass", "review", "pass"]).await;
    for drawing in ["kite", "tree"] {
        sharing.shared(drawing).await;
        sharing.becomes(drawing, "held").await;
    }
    let cases = sharing.queue().await;
    assert_eq!(cases.len(), 2);
    sharing.alice.delete(&path("kite")).await;
    sharing.alice.delete("/api/v1/drawings/tree").await;
    sharing.alice.delete("/api/v1/bin/tree").await;
    for (case, decision, body) in [
        (&cases[0], "pass", json!({})),
        (&cases[0], "remove", json!({"reason": 1})),
        (&cases[1], "remove", json!({"reason": 1})),
        (&cases[1], "hold", json!({})),
    ] {
        sharing.decide(case, decision, body).await.problem(409, "case_closed");
    }
    assert!(sharing.queue().await.is_empty());
    assert!(sharing.audited().await.is_empty(), "nothing was changed");
}

async fn a_report_of_a_copy_that_a_person_passed_opens_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.visit(&code, "reason=1").await;
    let case = sharing.only_case().await;
    sharing.decide(&case, "pass", json!({})).await.ok();
    for user in ["bob", "carol", "dave", "erin"] {
        sharing.report(user, &code).await;
    }
    assert!(sharing.queue().await.is_empty());
    everywhere(&sharing, &code, 200).await;
}

async fn a_removal_takes_every_copy(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.verdicts(&["review", "pass"]).await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    let update = sharing.only_case().await;
    everywhere(&sharing, &code, 200).await;
    sharing.decide(&update, "remove", json!({"reason": 2})).await.ok();
    let share = sharing.of("kite").await;
    assert_eq!((&share["state"], &share["reason"]), (&json!("removed"), &json!(2)));
    everywhere(&sharing, &code, 410).await;
    sharing.alice.post(&path("kite"), &json!({})).await.problem(409, "share_removed");
}
