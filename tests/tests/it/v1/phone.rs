//! The phone number.

use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    a_number_is_bound_by_either_proof_and_removed,
    a_code_is_good_once_and_in_its_time,
    phone_errors_of_wechat_are_distinguished,
    a_number_goes_with_its_user,
}

/// The full number in the export.
async fn kept(api: &Api) -> Value {
    let zip = api.get("/api/v1/me/export").await;
    super::export::file(zip.ok_bytes(), "profile.json")["phone"].clone()
}

async fn a_number_is_bound_by_either_proof_and_removed(backend: Backend) {
    let mut app = App::start(backend);
    let alice = app.user("alice").await;
    assert_eq!(alice.get("/api/v1/me").await.ok().get("phone"), None);
    assert_eq!(kept(&alice).await, Value::Null);
    assert_eq!(alice.delete("/api/v1/me/phone").await.status, 204, "there is none already");

    let phone = app.wechat.phone("alice").await;
    let me = alice.post("/api/v1/me/phone", &json!({"code": phone.code})).await.ok();
    let number = kept(&alice).await;
    assert_eq!(number["country_code"], "86");
    let number = number["number"].as_str().unwrap().to_owned();
    assert_eq!((number.len(), me["phone"].clone()), (11, json!(format!("138****{}", &number[7..]))));
    assert_eq!(alice.get("/api/v1/me").await.ok(), me);
    assert!(!me.to_string().contains(&number));
    // Operators do not see the number.
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    let seen = operator.get(&format!("/admin/v1/users/{}", me["id"].as_str().unwrap())).await;
    assert!(!seen.text().contains(&number[7..]), "{}", seen.text());

    app.restart();
    let alice = alice.at(&app.public);
    assert_eq!(alice.get("/api/v1/me").await.ok(), me);
    assert_eq!(alice.delete("/api/v1/me/phone").await.status, 204);
    assert_eq!(alice.get("/api/v1/me").await.ok().get("phone"), None);
    assert_eq!(kept(&alice).await, Value::Null);

    // The 2018 form, which has the country as text.
    let phone = app.wechat.phone("alice").await;
    let body = json!({"encrypted_data": phone.encrypted_data, "iv": phone.iv});
    assert_eq!(alice.post("/api/v1/me/phone", &body).await.ok(), me);
    assert_eq!(kept(&alice).await, json!({"country_code": "86", "number": number}));

    if backend == Backend::Embedded {
        let file = std::fs::read(app.data_dir().join("yibi.sqlite3")).unwrap();
        let wal = std::fs::read(app.data_dir().join("yibi.sqlite3-wal")).unwrap_or_default();
        for bytes in [file, wal] {
            assert!(
                !bytes.windows(11).any(|window| window == number.as_bytes()),
                "it lies there in the clear"
            );
        }
    }
    assert!(!app.log().contains(&number));
}

async fn a_code_is_good_once_and_in_its_time(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let bind = async |code: &str| alice.post("/api/v1/me/phone", &json!({"code": code})).await;
    let phone = app.wechat.phone("alice").await;
    bind(&phone.code).await.ok();
    bind(&phone.code).await.problem(422, "phone_code_invalid");
    let late = app.wechat.phone("alice").await;
    app.wechat.advance(5 * 60 * 1_000).await;
    bind(&late.code).await.problem(422, "phone_code_invalid");
    // A code of wx.login is not a code of the phone-number button.
    bind(&app.wechat.code("alice").await).await.problem(422, "phone_code_invalid");
    bind("nonsense").await.problem(422, "phone_code_invalid");
    for body in [
        json!({}),
        json!({"code": ""}),
        json!({"code": "x".repeat(257)}),
        json!({"code": "a\u{0}b"}),
        json!({"code": 1}),
        json!({"code": "a", "iv": "b"}),
        json!({"phone": "13800000000"}),
    ] {
        alice.post("/api/v1/me/phone", &body).await.problem(422, "invalid_value");
    }
    // Open data without a phone number is rejected.
    let login = app.wechat.login("alice").await;
    let alice = app.api().sign_in(&login.code).await;
    let body = json!({"encrypted_data": login.encrypted_data, "iv": login.iv});
    alice.post("/api/v1/me/phone", &body).await.problem(422, "open_data_invalid");
}

async fn phone_errors_of_wechat_are_distinguished(backend: Backend) {
    let app = App::start_with(backend, &[("WECHAT__TIMEOUT", "1")]);
    let alice = app.user("alice").await;
    let error = |errcode: i64| json!({"error": {"errcode": errcode, "errmsg": "in words of WeChat's"}});
    for (step, status, code) in [
        (error(40029), 422, "phone_code_invalid"),
        (error(40163), 422, "phone_code_invalid"),
        (error(45011), 503, "wechat_unavailable"),
        (error(48001), 503, "wechat_misconfigured"),
        (json!({"http": {"status": 502}}), 503, "wechat_unavailable"),
        (json!("hang"), 503, "wechat_unavailable"),
        (json!({"garbage": {"bytes": 10}}), 503, "wechat_unavailable"),
    ] {
        app.wechat.script(json!([{"step": step, "api": "getuserphonenumber"}])).await;
        let code_of_phone = app.wechat.phone("alice").await.code;
        let reply = alice.post("/api/v1/me/phone", &json!({"code": code_of_phone})).await;
        let problem = reply.problem(status, code);
        assert!(!problem.to_string().contains("in words of"), "{problem}");
        assert_eq!(status == 503, !reply.header("retry-after").is_empty(), "{step}");
    }
    let calls = app.wechat.calls().await["apis"]["getuserphonenumber"].as_u64().unwrap();
    assert_eq!(calls, 7, "a code is never sent twice");
    // A rejected access token does not invalidate the code.
    app.wechat.refuse_tokens().await;
    let phone = app.wechat.phone("alice").await;
    alice.post("/api/v1/me/phone", &json!({"code": phone.code})).await.ok();
    assert_eq!(app.wechat.fetches().await, 2);
    let told = json!({"errcode": 0, "phone_info": {"phoneNumber": "1", "purePhoneNumber": "13800000000",
        "countryCode": 86, "watermark": {"appid": "wxother", "timestamp": 1}}});
    let step = json!({"http": {"status": 200, "body": told.to_string()}});
    app.wechat.script(json!([{"step": step, "api": "getuserphonenumber"}])).await;
    alice.post("/api/v1/me/phone", &json!({"code": "c"})).await.problem(422, "open_data_invalid");
}

async fn a_number_goes_with_its_user(backend: Backend) {
    let mut app = App::start_with(backend, &[("GALLERY__ERASURE_DAYS", "0")]);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    let code = app.wechat.phone("alice").await.code;
    alice.post("/api/v1/me/phone", &json!({"code": code})).await.ok();
    assert_eq!(bob.get("/api/v1/me").await.ok().get("phone"), None);
    alice.delete("/api/v1/me").await;
    // Housekeeping runs at the start of a server and then once a minute.
    app.restart();
    yibi_tests::wait_until("the erasure", async || {
        let code = app.wechat.code("alice").await;
        let reply = app.api().post("/api/v1/session", &json!({"code": code})).await;
        reply.status == 200 && reply.json()["user"]["new"] == true
    })
    .await;
    let alice = app.user("alice").await;
    assert_eq!(alice.get("/api/v1/me").await.ok().get("phone"), None);
}
