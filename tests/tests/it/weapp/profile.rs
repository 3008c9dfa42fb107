//! The 2016 profile sets a missing nickname and the avatar.

use serde_json::{Value, json};
use yibi_tests::form::plain_png;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Server, Wechat, on_both_backends, wait_until};

on_both_backends!(
    a_profile_of_2016_sets_a_missing_nickname,
    a_profiles_avatar_is_shown_until_it_has_another,
    an_uploaded_avatar_stands_before_the_profiles,
    a_profiles_avatar_goes_with_its_user,
);

const FIRST: &str = "https://wx.qlogo.cn/mmopen/vi_32/PiajxSqBRaEL8iaRRRxtE2w/132";
const SECOND: &str = "https://thirdwx.qlogo.cn/mmopen/vi_32/Q0j4TwGTfTJ1ZQ/132";

/// Signs in as a 2016 client with this profile.
async fn with_profile(server: &Server, wechat: &Wechat, profile: &Value) {
    Phone::signed_in(&server.public, &wechat.tourist(&profile.to_string()).await).await;
}

async fn with_avatar(server: &Server, wechat: &Wechat, address: &str) {
    with_profile(server, wechat, &json!({"nickName": "小明", "avatarUrl": address})).await;
}

/// The same user in v1.
async fn modern(server: &Server, wechat: &Wechat) -> Api {
    server.api().sign_in(&wechat.tourist("{}").await.code).await
}

async fn avatar(api: &Api) -> Value {
    api.get("/api/v1/me").await.ok()["avatar_url"].clone()
}

async fn exported(api: &Api) -> Value {
    let zip = api.get("/api/v1/me/export").await;
    crate::v1::export::file(zip.ok_bytes(), "profile.json")["wechat_avatar"].clone()
}

async fn a_profile_of_2016_sets_a_missing_nickname(backend: Backend) {
    let app = App::start(backend);
    let modern = app.api().sign_in(&app.wechat.tourist("{}").await.code).await;
    let nickname = async || modern.get("/api/v1/me").await.ok()["nickname"].clone();
    for (profile, named) in [
        (r#"{"nickName":"微信用户","avatarUrl":""}"#, ""),
        (r#"{"nickName":"a\u202eb"}"#, ""),
        (r#"{"gender":1}"#, ""),
        (r#"{"nickName":" 小明 "}"#, "小明"),
        (r#"{"nickName":"小红"}"#, "小明"),
    ] {
        Phone::signed_in(&app.public, &app.wechat.tourist(profile).await).await;
        assert_eq!(nickname().await, named, "{profile}");
    }
    modern.patch("/api/v1/me", &json!({"nickname": "chosen"})).await.ok();
    Phone::signed_in(&app.public, &app.wechat.tourist(r#"{"nickName":"小红"}"#).await).await;
    assert_eq!(nickname().await, "chosen");
}

async fn a_profiles_avatar_is_shown_until_it_has_another(backend: Backend) {
    let mut app = App::start(backend);
    let modern = modern(&app, &app.wechat).await;
    assert_eq!((avatar(&modern).await, exported(&modern).await), (Value::Null, Value::Null));
    with_avatar(&app, &app.wechat, FIRST).await;
    let seen = modern.get("/api/v1/me").await.ok();
    assert_eq!((&seen["avatar_url"], &seen["avatar_state"]), (&json!(FIRST), &Value::Null));
    assert_eq!(exported(&modern).await, FIRST);
    // Other hosts and WeChat's default picture leave the avatar unchanged.
    let grey = "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132";
    for other in [
        "",
        "http://wx.qlogo.cn/mmopen/0",
        "https://qlogo.cn/0",
        "https://evil.example/wx.qlogo.cn/0",
        "https://wx.qlogo.cn.evil.example/0",
        "https://me@wx.qlogo.cn/0",
        "https://wx.qlogo.cn:444/0",
        "https://wx.qlogo.cn/0#1",
        "javascript:alert(1)",
        grey,
        &format!("https://wx.qlogo.cn/{}", "a".repeat(500)),
    ] {
        with_avatar(&app, &app.wechat, other).await;
        assert_eq!(avatar(&modern).await, FIRST, "{other}");
    }
    with_profile(&app, &app.wechat, &json!({"nickName": "微信用户", "avatarUrl": SECOND})).await;
    with_profile(&app, &app.wechat, &json!({"nickName": "小明", "avatarUrl": {"a": 1}})).await;
    assert_eq!(avatar(&modern).await, FIRST);
    // An unsigned profile is ignored.
    let mut forged = app.wechat.tourist("{}").await;
    forged.raw_data = json!({"avatarUrl": SECOND}).to_string();
    Phone::with_login(&app.public, &forged).list().await.untrusted();
    assert_eq!(avatar(&modern).await, FIRST);

    with_avatar(&app, &app.wechat, SECOND).await;
    assert_eq!(avatar(&modern).await, SECOND);
    app.restart();
    assert_eq!(avatar(&modern.at(&app.public)).await, SECOND);
    // Other users are unaffected.
    assert_eq!(avatar(&app.user("bob").await).await, Value::Null);
}

async fn an_uploaded_avatar_stands_before_the_profiles(backend: Backend) {
    let app = App::start(backend);
    let modern = modern(&app, &app.wechat).await;
    with_avatar(&app, &app.wechat, FIRST).await;
    let uploaded = modern.upload_avatar(&plain_png(8, 8, [9, 9, 9])).await.ok()["avatar_url"].clone();
    assert!(uploaded.as_str().unwrap().starts_with("/api/v1/images/"), "{uploaded}");
    with_avatar(&app, &app.wechat, SECOND).await;
    assert_eq!(avatar(&modern).await, uploaded);
    assert_eq!(exported(&modern).await, SECOND);
    // An avatar that the user removed stays removed.
    assert_eq!(modern.delete("/api/v1/me/avatar").await.status, 204);
    assert_eq!((avatar(&modern).await, exported(&modern).await), (Value::Null, Value::Null));
    with_avatar(&app, &app.wechat, FIRST).await;
    assert_eq!((avatar(&modern).await, exported(&modern).await), (Value::Null, Value::Null));
}

async fn a_profiles_avatar_goes_with_its_user(backend: Backend) {
    let mut app = App::start_with(backend, &[("GALLERY__ERASURE_DAYS", "0")]);
    with_avatar(&app, &app.wechat, FIRST).await;
    let user = modern(&app, &app.wechat).await;
    assert_eq!(avatar(&user).await, FIRST);
    user.delete("/api/v1/me").await.ok();
    // Housekeeping runs at the start of a server and then once a minute.
    app.restart();
    wait_until("the erasure", async || {
        let code = app.wechat.tourist("{}").await.code;
        let reply = app.api().post("/api/v1/session", &json!({"code": code})).await;
        reply.status == 200 && reply.json()["user"]["new"] == true
    })
    .await;
    assert_eq!(avatar(&modern(&app, &app.wechat).await).await, Value::Null);
}
