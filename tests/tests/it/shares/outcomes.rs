//! The effect of WeChat's verdicts.

use mongodb::bson::{Document, doc};
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends, wait_until};

use super::{Sharing, everywhere, path};

on_both_backends! {
    a_share_is_shown_once_both_pictures_passed,
    wechat_is_asked_at_once,
    the_worst_verdict_counts,
    a_silent_wechat_leaves_the_share_to_a_person,
    an_update_stays_hidden_until_it_passes,
    a_rejected_update_leaves_the_old_copy,
    a_doubtful_update_leaves_the_old_copy_and_opens_a_case,
    a_removed_share_needs_more_strokes_and_a_person,
    ending_a_share_undoes_no_removal,
    a_repeated_verdict_changes_nothing,
    a_verdict_arrives_after_a_crash,
    a_stored_verdict_is_applied_after_a_crash,
}

/// Number of pictures that WeChat was asked about.
async fn asked(sharing: &Sharing) -> u64 {
    sharing.app.wechat.calls().await["apis"]["media_check_async"].as_u64().unwrap_or(0)
}

async fn cases(sharing: &Sharing) -> serde_json::Value {
    let operator = Api::new(&sharing.app.admin).with_token(ADMIN_TOKEN);
    operator.get("/admin/v1/reviews?state=held").await.ok()
}

async fn a_share_is_shown_once_both_pictures_passed(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["pass", "silence"]).await;
    let code = sharing.shared("kite").await;
    wait_until("both pictures are asked about", async || asked(&sharing).await == 2).await;
    let share = sharing.of("kite").await;
    assert_eq!((&share["state"], &share["checking_seq"]), (&json!("checking"), &json!(1)));
    everywhere(&sharing, &code, 202).await;
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    everywhere(&sharing, &code, 200).await;
}

async fn wechat_is_asked_at_once(backend: Backend) {
    // No repetition of a call can be due during the test.
    let sharing = Sharing::start_with(backend, &[("MODERATION__RETRY", "3600")]).await;
    let code = sharing.shown("kite").await;
    everywhere(&sharing, &code, 200).await;
}

async fn the_worst_verdict_counts(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    for (first, second, state, status) in [
        ("pass", "review", "held", 202),
        ("review", "pass", "held", 202),
        ("review", "risky", "removed", 410),
        ("pass", "risky", "removed", 410),
    ] {
        sharing.verdicts(&[first, second]).await;
        let drawing = format!("{first}-{second}");
        let code = sharing.shared(&drawing).await;
        let share = sharing.becomes(&drawing, state).await;
        assert_eq!(share["reason"], if state == "removed" { json!(1) } else { json!(null) }, "{drawing}");
        everywhere(&sharing, &code, status).await;
    }
    assert_eq!(cases(&sharing).await["reviews"].as_array().unwrap().len(), 2, "one for each doubtful share");
}

async fn a_silent_wechat_leaves_the_share_to_a_person(backend: Backend) {
    let further = [("MODERATION__VERDICT", "1"), ("MODERATION__TRIES", "2")];
    let sharing = Sharing::start_with(backend, &further).await;
    sharing.verdicts(&["silence"; 4]).await;
    let code = sharing.shared("kite").await;
    sharing.becomes("kite", "held").await;
    everywhere(&sharing, &code, 202).await;
    let reviews = cases(&sharing).await;
    assert_eq!(reviews["reviews"][0]["opened_by"], "wechat");
    assert_eq!(reviews["reviews"][0]["code"], json!(code));
}

async fn an_update_stays_hidden_until_it_passes(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let strokes = async || {
        let shown = sharing.public().get(&format!("/s/{code}.json")).await.ok();
        shown["strokes"].as_array().unwrap().len()
    };
    assert_eq!(strokes().await, 1);
    sharing.verdicts(&["silence", "silence"]).await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    assert_eq!(strokes().await, 1, "a drawing is shared as it was");
    let share = sharing.share("kite").await;
    assert_eq!(
        (&share["state"], &share["shown_seq"], &share["checking_seq"]),
        (&json!("shown"), &json!(1), &json!(2))
    );
    assert_eq!(strokes().await, 1);
    wait_until("the update is asked about", async || asked(&sharing).await == 4).await;
    sharing.alice.append("kite", 2, json!([stroke(3)])).await.ok();
    assert_eq!(sharing.share("kite").await["code"], json!(code));
    sharing.until("kite", "the newest copy passes", |share| share["shown_seq"] == 3).await;
    assert_eq!(strokes().await, 3);
}

async fn a_rejected_update_leaves_the_old_copy(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.verdicts(&["risky", "pass"]).await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    let share =
        sharing.until("kite", "the update is rejected", |share| share["checking_seq"].is_null()).await;
    assert_eq!(
        (&share["state"], &share["shown_seq"], &share["reason"]),
        (&json!("shown"), &json!(1), &json!(1))
    );
    everywhere(&sharing, &code, 200).await;
    let again = sharing.share("kite").await;
    assert_eq!((&again["checking_seq"], &again["state"]), (&json!(null), &json!("shown")), "not tried again");
}

async fn a_doubtful_update_leaves_the_old_copy_and_opens_a_case(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.verdicts(&["review", "pass"]).await;
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    wait_until("a case is open", async || !cases(&sharing).await["reviews"].as_array().unwrap().is_empty())
        .await;
    let share = sharing.of("kite").await;
    assert_eq!(
        (&share["state"], &share["shown_seq"], &share["checking_seq"]),
        (&json!("shown"), &json!(1), &json!(2))
    );
    everywhere(&sharing, &code, 200).await;
}

async fn a_removed_share_needs_more_strokes_and_a_person(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["risky", "risky"]).await;
    let code = sharing.shared("kite").await;
    sharing.becomes("kite", "removed").await;
    sharing.alice.post(&path("kite"), &json!({})).await.problem(409, "share_removed");
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    assert_eq!(sharing.share("kite").await["code"], json!(code));
    assert_eq!(sharing.of("kite").await["state"], "held");
    everywhere(&sharing, &code, 202).await;
    assert_eq!(cases(&sharing).await["reviews"].as_array().unwrap().len(), 1);
}

async fn ending_a_share_undoes_no_removal(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["risky", "risky"]).await;
    let code = sharing.shared("kite").await;
    sharing.becomes("kite", "removed").await;
    assert_eq!(sharing.alice.delete(&path("kite")).await.status, 204);
    sharing.alice.post(&path("kite"), &json!({})).await.problem(409, "share_removed");
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    let share = sharing.share("kite").await;
    assert_eq!(share["state"], "held", "a person decides");
    assert_ne!(share["code"], json!(code));
    everywhere(&sharing, share["code"].as_str().unwrap(), 202).await;
    everywhere(&sharing, &code, 410).await;
}

async fn a_repeated_verdict_changes_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["twice", "twice"]).await;
    let code = sharing.shown("kite").await;
    everywhere(&sharing, &code, 200).await;
}

async fn a_verdict_arrives_after_a_crash(backend: Backend) {
    let mut sharing = Sharing::start_with(backend, &[("MODERATION__VERDICT", "1")]).await;
    sharing.verdicts(&["silence", "silence"]).await;
    let code = sharing.shared("kite").await;
    sharing.app.crash_and_restart();
    sharing.alice = sharing.app.api().with_token(sharing.alice.token.as_deref().unwrap());
    sharing.becomes("kite", "shown").await;
    everywhere(&sharing, &code, 200).await;
}

async fn a_stored_verdict_is_applied_after_a_crash(backend: Backend) {
    let mut sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    go_back_to_checking(&sharing).await;
    sharing.app.crash_and_restart();
    sharing.alice = sharing.app.api().with_token(sharing.alice.token.as_deref().unwrap());
    sharing.becomes("kite", "shown").await;
    everywhere(&sharing, &code, 200).await;
    assert_eq!(asked(&sharing).await, 2, "the verdict is not asked for again");
}

/// The state that a crash between the verdicts and the change of the share leaves behind.
async fn go_back_to_checking(sharing: &Sharing) {
    if let Some(database) = sharing.app.setting("STORE__MONGODB_DATABASE") {
        let uri = yibi_tests::service("YIBI_TEST_MONGODB_URI");
        let database = mongodb::Client::with_uri_str(uri).await.unwrap().database(database);
        let collection = |name: &str| database.collection::<Document>(name);
        let checking = doc! {"$set": {"state": "checking", "shown_seq": null, "checking_seq": 1}};
        assert_eq!(collection("shares").update_many(doc! {}, checking).await.unwrap().modified_count, 1);
        let due = doc! {"$set": {"due_at": 1_i64}};
        collection("checks").update_many(doc! {"standing": "passed"}, due).await.unwrap();
        return;
    }
    let file = rusqlite::Connection::open(sharing.app.data_dir().join("yibi.sqlite3")).unwrap();
    let checking = "UPDATE shares SET
        body = json_set(body, '$.state', 'checking', '$.shown_seq', NULL, '$.checking_seq', 1)";
    assert_eq!(file.execute(checking, []).unwrap(), 1);
    file.execute("UPDATE checks SET due_at = 1 WHERE standing = 'passed'", []).unwrap();
}
