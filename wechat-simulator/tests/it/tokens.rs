//! Access tokens.

use std::time::Duration;

use serde_json::{Value, json};
use wechat_simulator::MiniProgram;

use super::{Http, errcode};

impl Http {
    pub(super) async fn token(&self, force_refresh: bool) -> Value {
        let app = MiniProgram::development();
        let request = json!({
            "grant_type": "client_credential", "appid": app.id, "secret": app.secret,
            "force_refresh": force_refresh,
        });
        self.post("/cgi-bin/stable_token", request).await.1
    }

    /// The errcode of a call with this token; 40029, because its code is invalid, when the token is valid.
    async fn errcode_with(&self, token: &Value) -> i64 {
        let token = token["access_token"].as_str().unwrap();
        let path = format!("/wxa/business/getuserphonenumber?access_token={token}");
        errcode(&self.post(&path, json!({ "code": "none" })).await.1)
    }

    fn advance(&self, seconds: u64) {
        self.wechat.simulator.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_token_stays_the_same_until_five_minutes_before_its_end_and_overlaps_with_the_next() {
    let http = Http::start();
    let first = http.token(false).await;
    assert_eq!(first["expires_in"], 7200);
    http.advance(6_800);
    let same = http.token(false).await;
    assert_eq!(same["access_token"], first["access_token"]);
    assert!((398..=400).contains(&same["expires_in"].as_u64().unwrap()), "{same}");
    http.advance(120);
    let next = http.token(false).await;
    assert_ne!(next["access_token"], first["access_token"]);
    assert_eq!(
        (http.errcode_with(&first).await, http.errcode_with(&next).await),
        (40029, 40029),
        "both are valid"
    );
    http.advance(300);
    assert_eq!((http.errcode_with(&first).await, http.errcode_with(&next).await), (42001, 40029));
    let (_, none) = http.post("/wxa/business/getuserphonenumber", json!({})).await;
    assert_eq!(errcode(&none), 41001);
    let (_, unknown) = http.post("/wxa/business/getuserphonenumber?access_token=x", json!({})).await;
    assert_eq!(errcode(&unknown), 40001);
}

#[tokio::test]
async fn a_forced_refresh_ends_the_token_and_has_a_quota() {
    let http = Http::start();
    let mut token = http.token(false).await;
    for spent in 1..=20 {
        let next = http.token(true).await;
        assert_eq!((http.errcode_with(&token).await, http.errcode_with(&next).await), (40001, 40029));
        token = next;
        let expected = if spent < 20 { 45011 } else { 45009 };
        assert_eq!(errcode(&http.token(true).await), expected, "30 s apart, and 20 a day");
        http.advance(30);
    }
    assert_eq!(errcode(&http.token(true).await), 45009, "20 a day");
    assert_eq!(http.token(false).await["access_token"], token["access_token"]);
    assert_eq!(http.wechat.simulator.calls().forced_refreshes, 20);
    http.advance(86_400);
    assert!(http.token(true).await["access_token"].is_string());
}

#[tokio::test]
async fn stable_token_has_wechats_errcodes() {
    let http = Http::start();
    let app = MiniProgram::development();
    for (request, expected) in [
        (json!({ "appid": app.id }), 40002),
        (json!({ "grant_type": "client_credential" }), 41002),
        (json!({ "grant_type": "client_credential", "appid": "wx1", "secret": "s" }), 40013),
        (json!({ "grant_type": "client_credential", "appid": app.id }), 41004),
        (json!({ "grant_type": "client_credential", "appid": app.id, "secret": "s" }), 40125),
        (json!([1]), 47001),
    ] {
        let (_, reply) = http.post("/cgi-bin/stable_token", request.clone()).await;
        assert_eq!(errcode(&reply), expected, "{request}");
    }
}
