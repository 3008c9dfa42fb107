//! No log at any level contains secrets or personal data.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::{ADMIN_TOKEN, APP_SECRET};
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Raw};

on_both_backends! {
    no_log_holds_a_secret,
}

/// All messages, including those of libraries.
const EVERYTHING: (&str, &str) = ("LOG__FILTER", "trace");

async fn no_log_holds_a_secret(backend: Backend) {
    let key = "c2VhbGluZy1rZXktb2YtdGVzdHMtYWxvbmUtMzIhISE=";
    let mut server =
        App::start_with(backend, &[EVERYTHING, ("KEYS__SEALING", key), ("WECHAT__TIMEOUT", "1")]);
    let mut secrets: Vec<(&str, String)> = vec![
        ("the app secret", APP_SECRET.to_owned()),
        ("the admin token", ADMIN_TOKEN.to_owned()),
        ("the sealing key", key.to_owned()),
    ];
    // A complete session of v1.
    let code = server.wechat.code("alice").await;
    let alice = server.api().sign_in(&code).await;
    let renewed =
        alice.post("/api/v1/session/renew", &json!({})).await.ok()["token"].as_str().unwrap().to_owned();
    secrets.extend([
        ("a code", code.clone()),
        ("a token", alice.token.clone().unwrap()),
        ("a token", renewed.clone()),
    ]);
    let alice = server.api().with_token(&renewed);
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let url = alice.drawing("a").await["image_url"].as_str().unwrap().to_owned();
    server.api().get(&url).await.ok_bytes();
    alice.get("/api/v1/me/export").await.ok_bytes();
    secrets.push(("a link's signature", url.rsplit_once("sig=").unwrap().1.to_owned()));
    // The 2017 dialect, whose sign-in sends more data and whose pair the server generates.
    let login = server.wechat.login("alice").await;
    let pair = yibi_tests::wafer::log_in(&server.public, &login).await.opened();
    yibi_tests::wafer::user(&Phone::with_pair(&server.public, &pair)).await.wafer_user();
    secrets.extend([("a code", login.code), ("open data", login.encrypted_data), ("a key", pair.skey)]);
    // Other data from WeChat: a phone number, open data, and the access token for them.
    let phone = server.wechat.phone("alice").await;
    alice.post("/api/v1/me/phone", &json!({"code": phone.code})).await.ok();
    let zip = alice.get("/api/v1/me/export").await;
    let profile = super::export::file(zip.ok_bytes(), "profile.json");
    secrets.push(("a phone number", profile["phone"]["number"].as_str().unwrap().to_owned()));
    let encrypted = json!({"encrypted_data": phone.encrypted_data, "iv": phone.iv});
    for path in ["/api/v1/me/phone", "/api/v1/me/open-data"] {
        alice.post(path, &encrypted).await;
        alice.post(path, &json!({"code": phone.code, "encrypted_data": phone.encrypted_data})).await;
    }
    let echo = json!({"error": {"errcode": 40003, "errmsg": format!("no {} of {}", phone.code, phone.iv)}});
    server.wechat.script(json!([{"step": echo, "api": "getuserphonenumber"}])).await;
    alice.post("/api/v1/me/phone", &json!({"code": phone.code})).await.problem(503, "wechat_misconfigured");
    server.wechat.refuse_tokens().await;
    alice.get("/api/v1/me/session-key").await.ok();
    let tourist = server.wechat.tourist("{}").await;
    let key = server.wechat.session(&tourist.code).await["session_key"].as_str().unwrap().to_owned();
    let devtools = server.api().sign_in(&tourist.code).await;
    devtools.get("/api/v1/me/session-key").await.ok();
    secrets.extend([
        ("a phone's code", phone.code),
        ("open data", phone.encrypted_data),
        ("an access token", server.wechat.access_token().await),
        ("a session_key", key),
    ]);
    // Failures of every kind.
    for step in [
        json!({"error": {"errcode": 40029, "errmsg": format!("invalid code {APP_SECRET}")}}),
        json!({"error": {"errcode": 40125, "errmsg": format!("invalid secret {APP_SECRET}")}}),
        json!({"http": {"status": 500, "body": "no"}}),
        json!({"garbage": {"bytes": 1000}}),
        json!("close"),
        json!("hang"),
    ] {
        server.wechat.script(json!([{"step": step}])).await;
        let code = server.wechat.code("alice").await;
        server.api().post("/api/v1/session", &json!({"code": code})).await;
        secrets.push(("a refused code", code));
        server.wechat.clear_script().await;
    }
    let wrong = "WrongTokenWrongTokenWrongTokenWrongTokenWrongTokenWrongTokenWron";
    server.api().with_token(wrong).get("/api/v1/me").await.problem(401, "unauthenticated");
    server.api().get(&format!("/api/v1/me?token={renewed}")).await.problem(401, "unauthenticated");
    alice.append("a", 0, json!([{"type": renewed}])).await.problem(422, "invalid_action");
    alice.patch("/api/v1/me", &json!({"nickname": renewed})).await.problem(422, "invalid_value");
    secrets.push(("a wrong token", wrong.to_owned()));
    let mut raw = Raw::connect(&server.public).await;
    raw.write(format!("GARBAGE\r\nauthorization: Bearer {renewed}\r\n\r\n")).await;
    raw.reply().await;
    // The dialect of 2016.
    let login = server.wechat.login("bob").await;
    let encoded = login.raw_data.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for signature in ["0000000000000000000000000000000000000000", &login.signature] {
        let request = server.api().request(Method::GET, "/applet/session/paints/list");
        let request = request.header("x-wx-code", &login.code).header("x-wx-rawdata", &encoded);
        assert_eq!(Api::send(request.header("x-wx-signature", signature)).await.status, 200);
    }
    secrets.push(("a code of 2016", login.code));
    secrets.push(("a signature", login.signature));
    // Sign-out, a crash, and the requests afterwards.
    alice.delete("/api/v1/session").await;
    server.api().post("/api/v1/session", &json!({"code": code})).await.problem(401, "sign_in_again");
    let before = server.log();
    server.restart();
    alice.at(&server.public).get("/api/v1/me").await.problem(401, "unauthenticated");
    let log = before + &server.log();

    assert!(log.lines().count() > 50, "{log}");
    for (what, secret) in &secrets {
        assert!(secret.len() >= 11, "{what}");
        let found = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(found, None, "{what} is in the log");
    }
    let keys = ["session_key", "sessionKey", "authorization", "x-wx-code"];
    for line in log.lines() {
        let lower = line.to_lowercase();
        assert!(
            !keys
                .iter()
                .any(|key| lower.contains(&format!("{key}\": \"")) || lower.contains(&format!("{key}="))),
            "{line}"
        );
    }
    // The log contains the fields that operators need.
    let events: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let request = events.iter().find(|event| event["route"] == "/api/v1/drawings/{id}/actions").unwrap();
    assert!(request["status"].is_u64() && request["duration_ms"].is_number(), "{request}");
    assert!(request["span"]["request_id"].is_string(), "{request}");
    let alarm =
        events.iter().find(|event| event["level"] == "WARN" && event.to_string().contains("40125")).unwrap();
    assert!(alarm["rid"].as_str().is_some_and(|rid| rid.len() == 26), "{alarm}");
}
