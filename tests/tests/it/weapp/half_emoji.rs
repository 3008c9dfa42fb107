//! Texts with half an emoji, as programs write that cut a text in the middle of a surrogate pair.

use reqwest::Method;
use serde_json::json;
use yibi_tests::weapp::Phone;
use yibi_tests::wechat::Login;
use yibi_tests::{Api, App, Backend};

use super::line;

const PROFILE: &str = r#"{"nickName":"小明\ud83d","gender":1}"#;
const NICKNAME: &str = "小明\u{fffd}";

/// The login with another text of the same profile.
fn repaired(login: &Login) -> Login {
    Login { raw_data: login.raw_data.replace(r"\ud83d", "\u{fffd}"), ..login.clone() }
}

#[tokio::test]
async fn a_signed_profile_of_2016_may_hold_half_an_emoji() {
    let app = App::start(Backend::Embedded);
    let login = app.wechat.tourist(PROFILE).await;
    // The signature is over the text as it was sent.
    Phone::with_login(&app.public, &repaired(&login)).list().await.untrusted();
    let login = app.wechat.tourist(PROFILE).await;
    Phone::signed_in(&app.public, &login).await;
    let modern = app.api().sign_in(&app.wechat.tourist("{}").await.code).await;
    assert_eq!(modern.get("/api/v1/me").await.ok()["nickname"], NICKNAME);
}

#[tokio::test]
async fn signed_open_data_may_hold_half_an_emoji() {
    let app = App::start(Backend::Embedded);
    let login = app.wechat.tourist(PROFILE).await;
    let modern = app.api().sign_in(&login.code).await;
    let send = async |login: &Login| {
        let body = json!({"raw_data": login.raw_data, "signature": login.signature});
        modern.post("/api/v1/me/open-data", &body).await
    };
    send(&repaired(&login)).await.problem(422, "open_data_invalid");
    assert_eq!(send(&login).await.ok()["data"]["nickName"], NICKNAME);
    assert_eq!(modern.get("/api/v1/me").await.ok()["nickname"], NICKNAME);
}

#[tokio::test]
async fn a_picture_of_2016_may_hold_half_an_emoji() {
    let app = App::start(Backend::Embedded);
    let modern = app.user("alice").await;
    let phone = app.phone_2016("alice").await;
    let text = line(12.5).replacen('[', r#"[{"method":"fillText","data":["\ud83d",1,2]},"#, 1);
    phone.save("p1", &text).await.done();
    assert_eq!(phone.shown().await, [("p1".to_owned(), text)]);
    assert_eq!(modern.get("/api/v1/drawings").await.ok()["drawings"][0]["stroke_count"], 1);
}

#[tokio::test]
async fn a_body_of_2016_may_hold_half_an_emoji() {
    let app = App::start(Backend::Embedded);
    let phone = app.phone_2016("alice").await;
    let body = r#"{"id":"p1","actions":"[{\"method\":\"fillText\",\"data\":[\"\ud83d\"]}]"}"#;
    let request = phone.request(Method::POST, "/paints/save").header("Content-Type", "application/json");
    Api::send(request.body(body)).await.done();
    let text = "[{\"method\":\"fillText\",\"data\":[\"\u{fffd}\"]}]";
    assert_eq!(phone.shown().await, [("p1".to_owned(), text.to_owned())]);
}
