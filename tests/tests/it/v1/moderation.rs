//! Content security: WeChat's verdicts on nicknames, avatars and titles, and their effects.

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use rusqlite::OptionalExtension;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::form::plain_png;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Server, Wechat, free_address, wait_until};

use super::push::{TOKEN, counter, outcomes};

on_both_backends! {
    texts_are_checked,
    avatars_are_checked,
    failed_checks_are_retried_also_after_a_crash,
    an_avatar_check_without_a_verdict_is_repeated,
    unexpected_verdicts_are_ignored,
    a_rejected_nickname_of_2016_stays_away,
    a_resent_first_append_leaves_the_newer_titles_check,
    of_concurrent_titles_the_stored_one_is_checked,
}

const KEY: &str = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";
const RISKY: &str = "risky";

async fn start_moderated(backend: Backend, mode: &str, further: &[(&str, &str)]) -> (App, Api) {
    let address = free_address();
    let public_url = format!("http://{address}");
    let mut settings = vec![
        ("HTTP__LISTEN", address.as_str()),
        ("HTTP__PUBLIC_URL", &public_url),
        ("MODERATION__MODE", mode),
        ("MODERATION__RETRY", "1"),
        ("WECHAT__PUSH_TOKEN", TOKEN),
    ];
    settings.extend(further);
    let app = App::start_with(backend, &settings);
    let key = further.iter().find(|(name, _)| *name == "WECHAT__PUSH_AES_KEY").map(|(_, key)| *key);
    app.wechat.push_to(&format!("{public_url}/wx/push"), TOKEN, key, false).await;
    let alice = app.user("alice").await;
    (app, alice)
}

async fn me(api: &Api) -> Value {
    api.get("/api/v1/me").await.ok()
}

async fn becomes(api: &Api, name: &str, state: &str) -> Value {
    wait_until(&format!("{name} is {state}"), async || me(api).await[name] == state).await;
    me(api).await
}

async fn nickname(api: &Api, nickname: &str) -> Value {
    api.patch("/api/v1/me", &json!({"nickname": nickname})).await.ok()
}

fn verdict(suggest: &str) -> Value {
    json!({"verdict": {"suggest": suggest, "label": if suggest == "pass" { 100 } else { 20_002 }}})
}

/// The path of a link; the server's address may change after a restart.
fn path(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url[url.find("/api/").unwrap()..].to_owned()
}

async fn asked(wechat: &Wechat, api: &str) -> u64 {
    wechat.calls().await["apis"][api].as_u64().unwrap_or(0)
}

async fn texts_are_checked(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[]).await;
    assert_eq!(me(&alice).await["nickname_state"], Value::Null);
    nickname(&alice, "小明").await;
    assert_eq!(becomes(&alice, "nickname_state", "passed").await["nickname"], "小明");
    for bad in ["违规", "请复核"] {
        nickname(&alice, bad).await;
        assert_eq!(becomes(&alice, "nickname_state", "rejected").await["nickname"], "");
    }
    let id = me(&alice).await["id"].as_str().unwrap().to_owned();
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    let shown = operator.get(&format!("/admin/v1/users/{id}")).await.ok();
    assert_eq!((&shown["nickname_state"], &shown["avatar_state"]), (&json!("rejected"), &Value::Null));
    nickname(&alice, "小红").await;
    assert_eq!(becomes(&alice, "nickname_state", "passed").await["nickname"], "小红");
    assert_eq!(asked(&app.wechat, "msg_sec_check").await, 4);

    let titled = json!({"from_seq": 0, "drawing": {"title": "违规"}, "actions": [stroke(1)]});
    alice.post("/api/v1/drawings/a/actions", &titled).await.ok();
    let rejected = "yibi_content_checks_total{subject=\"title\",outcome=\"rejected\"}";
    wait_until("the title is looked at", async || counter(&app, rejected).await == 1).await;
    assert_eq!(alice.drawing("a").await["title"], "违规", "her own, and nobody else's");
    let log = app.log();
    assert!(!log.contains("违规") && !log.contains("小红"), "contents are in the log");
}

async fn avatars_are_checked(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[("WECHAT__PUSH_AES_KEY", KEY)]).await;
    app.wechat.image_results(json!(["twice", verdict(RISKY), verdict("pass")])).await;
    let first = alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    assert_eq!(first["avatar_state"], "pending");
    app.api().get(&path(&first["avatar_url"])).await.ok_bytes();
    becomes(&alice, "avatar_state", "passed").await;
    wait_until("the second delivery is known to be one", async || {
        outcomes(&app, "wxa_media_check", "repeated").await == 1
    })
    .await;
    let second = alice.upload_avatar(&plain_png(64, 64, [99, 9, 9])).await.ok();
    let seen = becomes(&alice, "avatar_state", "rejected").await;
    assert_eq!(seen["avatar_url"], Value::Null);
    app.api().get(&path(&second["avatar_url"])).await.problem(404, "avatar_not_found");
    // The same in XML.
    app.wechat.push_to(&format!("{}/wx/push", app.public), TOKEN, Some(KEY), true).await;
    let third = alice.upload_avatar(&plain_png(64, 64, [9, 99, 9])).await.ok();
    becomes(&alice, "avatar_state", "passed").await;
    app.api().get(&path(&third["avatar_url"])).await.ok_bytes();
    assert_eq!(asked(&app.wechat, "media_check_async").await, 3);
}

async fn failed_checks_are_retried_also_after_a_crash(backend: Backend) {
    let (mut app, alice) = start_moderated(backend, "enforce", &[]).await;
    let failing = json!([
        {"step": {"error": {"errcode": 45009, "errmsg": "reach max api daily quota limit"}}, "api": "msg_sec_check", "times": 2},
        {"step": "hang", "api": "media_check_async"},
    ]);
    app.wechat.script(failing).await;
    nickname(&alice, "违规").await;
    alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    wait_until("one fails, and the other hangs", async || {
        app.log().contains("a content was not checked") && asked(&app.wechat, "media_check_async").await == 1
    })
    .await;
    app.crash_and_restart();
    // The former client's connections are closed, so this is a new one.
    let alice = app.api().with_token(&alice.token.unwrap());
    becomes(&alice, "nickname_state", "rejected").await;
    assert_eq!(me(&alice).await["nickname"], "");
    assert!(asked(&app.wechat, "msg_sec_check").await >= 3);
}

async fn an_avatar_check_without_a_verdict_is_repeated(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[("MODERATION__VERDICT", "1")]).await;
    app.wechat.image_results(json!(["silence", verdict("pass")])).await;
    alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    becomes(&alice, "avatar_state", "passed").await;
    assert!(asked(&app.wechat, "media_check_async").await >= 2);
}

async fn unexpected_verdicts_are_ignored(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[]).await;
    app.wechat.image_results(json!(["silence"])).await;
    let before = alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    wait_until("WeChat was asked", async || asked(&app.wechat, "media_check_async").await == 1).await;
    super::push::forged_verdict(&app, "60f96f1d-3845297a-1976a3ae").await;
    wait_until("nobody waits for that", async || outcomes(&app, "wxa_media_check", "ignored").await == 1)
        .await;
    let after = me(&alice).await;
    assert_eq!((&after["avatar_state"], &after["avatar_url"]), (&json!("pending"), &before["avatar_url"]));
}

#[tokio::test]
async fn mode_log_removes_nothing() {
    let (app, alice) = start_moderated(Backend::Embedded, "log", &[]).await;
    app.wechat.image_results(json!([verdict(RISKY)])).await;
    nickname(&alice, "违规").await;
    let avatar = alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    becomes(&alice, "avatar_state", "rejected").await;
    let seen = becomes(&alice, "nickname_state", "rejected").await;
    assert_eq!((&seen["nickname"], &seen["avatar_url"]), (&json!("违规"), &avatar["avatar_url"]));
    app.api().get(&path(&seen["avatar_url"])).await.ok_bytes();
}

#[tokio::test]
async fn checks_of_users_without_a_recent_visit_are_given_up() {
    let (app, alice) = start_moderated(Backend::Embedded, "enforce", &[]).await;
    app.wechat
        .script(json!([{"step": {"error": {"errcode": 61010, "errmsg": "code is expired"}}, "api": "msg_sec_check"}]))
        .await;
    nickname(&alice, "小明").await;
    let given_up = "yibi_content_checks_total{subject=\"nickname\",outcome=\"given_up\"}";
    wait_until("it is given up", async || counter(&app, given_up).await == 1).await;
    let seen = me(&alice).await;
    assert_eq!((&seen["nickname"], &seen["nickname_state"]), (&json!("小明"), &json!("pending")));
}

#[tokio::test]
async fn attempts_are_bounded() {
    let (app, alice) = start_moderated(Backend::Embedded, "enforce", &[("MODERATION__TRIES", "2")]).await;
    app.wechat
        .script(json!([{"step": {"error": {"errcode": 45009, "errmsg": "quota"}}, "api": "msg_sec_check", "times": 9}]))
        .await;
    nickname(&alice, "小明").await;
    let given_up = "yibi_content_checks_total{subject=\"nickname\",outcome=\"given_up\"}";
    wait_until("it is given up", async || counter(&app, given_up).await == 1).await;
    assert_eq!(asked(&app.wechat, "msg_sec_check").await, 2);
}

#[tokio::test]
async fn an_avatar_check_without_a_verdict_is_given_up() {
    let further = [("MODERATION__TRIES", "2"), ("MODERATION__VERDICT", "1")];
    let (app, alice) = start_moderated(Backend::Embedded, "enforce", &further).await;
    app.wechat.image_results(json!(["silence", "silence", "silence", "silence", "silence"])).await;
    alice.upload_avatar(&plain_png(64, 64, [9, 9, 9])).await.ok();
    let given_up = "yibi_content_checks_total{subject=\"avatar\",outcome=\"given_up\"}";
    wait_until("it is given up", async || counter(&app, given_up).await == 1).await;
    assert_eq!(asked(&app.wechat, "media_check_async").await, 2);
    assert_eq!(me(&alice).await["avatar_state"], "pending");
}

async fn a_rejected_nickname_of_2016_stays_away(backend: Backend) {
    let (app, _alice) = start_moderated(backend, "enforce", &[]).await;
    let profile = async |nickname: &str| {
        let login = app.wechat.tourist(&json!({"nickName": nickname}).to_string()).await;
        Phone::signed_in(&app.public, &login).await;
    };
    let looked_at = async |outcome: &str| {
        let name = format!("yibi_content_checks_total{{subject=\"nickname\",outcome=\"{outcome}\"}}");
        wait_until(&format!("it is {outcome}"), async || counter(&app, &name).await == 1).await;
    };
    // Clients of 2016 send no other request, so the sign-in triggers the check.
    profile("违规").await;
    looked_at("rejected").await;
    profile("违规").await;
    let modern = app.api().sign_in(&app.wechat.tourist("{}").await.code).await;
    let seen = me(&modern).await;
    assert_eq!((&seen["nickname"], &seen["nickname_state"]), (&json!(""), &json!("rejected")));
    profile("小明").await;
    looked_at("passed").await;
    assert_eq!(me(&modern).await["nickname"], "小明");
    assert_eq!(asked(&app.wechat, "msg_sec_check").await, 2);
}

async fn a_resent_first_append_leaves_the_newer_titles_check(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[]).await;
    let looked_at = async |outcome: &str, times: u64| {
        let name = format!("yibi_content_checks_total{{subject=\"title\",outcome=\"{outcome}\"}}");
        wait_until(&format!("one is {outcome}"), async || counter(&app, &name).await == times).await;
    };
    let rename = async |title: &str| {
        alice.patch("/api/v1/drawings/a", &json!({"title": title})).await.ok();
    };
    let first = json!({"from_seq": 0, "drawing": {"title": "小树"}, "actions": [stroke(1)]});
    alice.post("/api/v1/drawings/a/actions", &first).await.ok();
    looked_at("passed", 1).await;
    rename("违规").await;
    looked_at("rejected", 1).await;
    alice.post("/api/v1/drawings/a/actions", &first).await.ok();
    // The verdict is cached, so WeChat is not asked.
    rename("违规").await;
    rename("小花").await;
    looked_at("passed", 2).await;
    assert_eq!(asked(&app.wechat, "msg_sec_check").await, 3);
}

async fn of_concurrent_titles_the_stored_one_is_checked(backend: Backend) {
    let (app, alice) = start_moderated(backend, "enforce", &[("LIMITS__ENABLED", "false")]).await;
    let devices = [alice.clone(), app.user("alice").await];
    let ids: Vec<String> = (0..12).map(|number| format!("d{number}")).collect();
    for id in &ids {
        let creating =
            devices.iter().zip(["风筝", "小树"]).zip([1, 2]).map(async |((device, title), mark)| {
                let first = json!({"from_seq": 0, "drawing": {"title": title}, "actions": [stroke(mark)]});
                device.post(&format!("/api/v1/drawings/{id}/actions"), &first).await.status.as_u16()
            });
        let mut statuses = join_all(creating).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let renaming = devices.iter().zip(["月亮", "太阳"]).map(async |(device, title)| {
            device.patch(&format!("/api/v1/drawings/{id}"), &json!({"title": title})).await.ok();
        });
        join_all(renaming).await;
    }
    for id in &ids {
        let title = alice.drawing(id).await["title"].as_str().unwrap().to_owned();
        wait_until(&format!("{title} of {id} has passed"), async || {
            check_of_title(&app, id).await == Some((title.clone(), "passed".to_owned()))
        })
        .await;
    }
}

/// Content and status of the stored check of a drawing's title.
async fn check_of_title(server: &Server, drawing: &str) -> Option<(String, String)> {
    let subject = format!("title/{drawing}");
    if let Some(database) = server.setting("STORE__MONGODB_DATABASE") {
        let client =
            mongodb::Client::with_uri_str(yibi_tests::service("YIBI_TEST_MONGODB_URI")).await.unwrap();
        let checks = client.database(database).collection::<Document>("checks");
        let check = checks.find_one(doc! {"subject": subject}).await.unwrap()?;
        let text = |name: &str| check.get_str(name).unwrap().to_owned();
        return Some((text("content"), text("standing")));
    }
    let file = rusqlite::Connection::open(server.data_dir().join("yibi.sqlite3")).unwrap();
    let query = "SELECT content, standing FROM checks WHERE subject = ?";
    file.query_row(query, [subject], |row| Ok((row.get(0)?, row.get(1)?))).optional().unwrap()
}
