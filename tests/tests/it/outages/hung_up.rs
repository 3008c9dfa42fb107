//! Clients that disconnect during a call to WeChat. WeChat's codes are valid once, so the server completes the call.

use serde_json::{Value, json};
use yibi_tests::proxy::Proxy;
use yibi_tests::weapp::{BASE, Phone, encode_uri_component};
use yibi_tests::{Backend, Raw, Server, Wechat, on_both_backends, wait_until};

on_both_backends!(a_phone_number_is_bound_all_the_same, a_sign_in_of_2016_is_finished_all_the_same);

/// A WeChat with delayable replies, and a server that uses it.
async fn given(backend: Backend) -> (Wechat, Proxy, Server) {
    let wechat = Wechat::start();
    let network = Proxy::before(&super::host(&wechat.url)).await;
    let url = format!("http://{}", network.address);
    // With one worker, a later reply proves that the server has noticed the disconnect.
    let settings = [("WECHAT__API_URL", url.as_str()), ("WECHAT__TIMEOUT", "60"), ("HTTP__WORKERS", "1")];
    let server = Server::start_with(backend, &wechat, &settings);
    (wechat, network, server)
}

/// Sends a request and disconnects between WeChat's reply and its arrival.
async fn hang_up(server: &Server, network: &Proxy, request: String) {
    network.hold_replies(true);
    let mut client = Raw::connect(&server.public).await;
    assert!(client.write(request).await);
    wait_until("WeChat has answered", async || network.held() > 0).await;
    client.reset();
}

async fn a_phone_number_is_bound_all_the_same(backend: Backend) {
    let (wechat, network, server) = given(backend).await;
    // This sign-in fetches the access token.
    let bob = server.signed_in(&wechat, "bob").await;
    bob.post("/api/v1/me/phone", &json!({"code": wechat.phone("bob").await.code})).await.ok();
    let alice = server.signed_in(&wechat, "alice").await;
    let phone = async || alice.get("/api/v1/me").await.ok()["phone"].clone();
    let body = json!({"code": wechat.phone("alice").await.code}).to_string();
    let request = format!(
        "POST /api/v1/me/phone HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        alice.token.as_ref().unwrap(),
        body.len()
    );
    hang_up(&server, &network, request).await;
    assert_eq!(phone().await, Value::Null);
    network.hold_replies(false);
    wait_until("it is bound", async || phone().await != Value::Null).await;
    assert_eq!(wechat.calls().await["apis"]["getuserphonenumber"], 2);
}

async fn a_sign_in_of_2016_is_finished_all_the_same(backend: Backend) {
    let (wechat, network, server) = given(backend).await;
    let modern = server.signed_in(&wechat, "alice").await;
    let avatar = async || modern.get("/api/v1/me").await.ok()["avatar_url"].clone();
    let login = wechat.login("alice").await;
    let request = format!(
        "GET {BASE}/paints/list HTTP/1.1\r\nHost: a\r\nX-WX-Code: {}\r\nX-WX-RawData: {}\r\nX-WX-Signature: {}\r\n\r\n",
        login.code,
        encode_uri_component(&login.raw_data),
        login.signature
    );
    hang_up(&server, &network, request).await;
    assert_eq!(avatar().await, Value::Null);
    network.hold_replies(false);
    wait_until("the profile is kept", async || avatar().await != Value::Null).await;
    // The code identifies the session as soon as the exchange is complete.
    let old = Phone::with_code(&server.public, &login.code);
    wait_until("the session is there", async || old.list().await.json()["code"] == 0).await;
    assert_eq!(wechat.exchanges(&login.code).await, 1);
}
