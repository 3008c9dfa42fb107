//! The session layer: every row of its specification table.

use serde_json::{Value, json};
use yibi_tests::weapp::{BASE, MAGIC, Phone, encode_uri_component};
use yibi_tests::wechat::Login;
use yibi_tests::{App, Backend, Reply, on_both_backends, unique};

use super::{line, raw_exchange};

on_both_backends!(
    without_a_code_there_is_no_user,
    an_unknown_code_is_expired,
    raw_data_comes_encoded_or_as_it_is,
    headers_are_known_in_any_case,
    data_with_a_wrong_signature_is_refused,
    broken_raw_data_is_told_apart,
    empty_raw_data_counts_as_missing,
    the_profile_does_not_say_who_calls,
);

async fn every_route(phone: &Phone) -> [Reply; 3] {
    [phone.list().await, phone.save("p1", line(1.0)).await, phone.delete("p1").await]
}

async fn without_a_code_there_is_no_user(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let stranger = Phone::stranger(&app.public);
    let phones = [
        stranger.clone(),
        stranger.clone().header("X-WX-Code", ""),
        stranger.clone().header("X-WX-RawData", &login.raw_data).header("X-WX-Signature", &login.signature),
        stranger.header("X-WX-RawData", "%").header("Cookie", "code=1").header("Authorization", "Bearer x"),
    ];
    for phone in phones {
        for reply in every_route(&phone).await {
            reply.fails("openId does not exists");
        }
    }
    assert_eq!(app.wechat.calls().await["apis"], json!({}));
}

async fn an_unknown_code_is_expired(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let openid = app.wechat.session(&login.code).await["openid"].as_str().unwrap().to_owned();
    // The 2016 server accepted an openid as a code once its user had signed in.
    app.phone_2016("alice").await;
    let asked = app.wechat.calls().await;
    let fresh = app.wechat.code("alice").await;
    for code in [openid.as_str(), &fresh, "1", "null", "undefined", "{}", "s:*", "../x", &"c".repeat(2_000)] {
        for reply in every_route(&Phone::with_code(&app.public, code)).await {
            reply.expired();
        }
    }
    assert_eq!(app.wechat.calls().await, asked, "a code alone is nothing to ask WeChat about");
}

async fn raw_data_comes_encoded_or_as_it_is(backend: Backend) {
    let app = App::start(backend);
    let names =
        ["alice", "小明", "🎨画家", "a+b &=;,/?:@#$", "quo\"te\\back", "100% 一笔", "ünï", "\u{2028}"];
    let mut secrets = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let percent = name.contains('%');
        let encoded = |raw: &str| encode_uri_component(raw);
        let lower = |raw: &str| encoded(raw).replace("%E", "%e").replace("%2F", "%2f");
        let sparing = |raw: &str| raw.replace('%', "%25").replace('"', "%22");
        let as_it_is = |raw: &str| if percent { encoded(raw) } else { raw.to_owned() };
        let ways: [&dyn Fn(&str) -> String; 4] = [&encoded, &lower, &sparing, &as_it_is];
        for (way, of) in ways.into_iter().enumerate() {
            let login = app.wechat.login(name).await;
            assert!(login.raw_data.contains("nickName"));
            let first = Phone::with_code(&app.public, &login.code)
                .header("X-WX-RawData", of(&login.raw_data))
                .header("X-WX-Signature", &login.signature);
            first.save(format!("d{way}"), line(1.0)).await.done();
            let later = Phone::with_code(&app.public, &login.code);
            assert_eq!(later.shown().await.len(), way + 1, "{name}, number {index}");
            assert_eq!(app.wechat.exchanges(&login.code).await, 1);
            secrets.extend([login.code, login.signature]);
        }
    }
    let log = app.log();
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "codes are tokens and stay out of logs");
}

async fn headers_are_known_in_any_case(backend: Backend) {
    let app = App::start(backend);
    for [code, raw_data, signature] in [
        ["X-WX-Code", "X-WX-RawData", "X-WX-Signature"],
        ["X-WX-CODE", "X-WX-RAWDATA", "X-WX-SIGNATURE"],
        ["x-wx-code", "x-wx-rawdata", "x-wx-signature"],
        ["x-Wx-cOdE", "X-wX-rAwDaTa", "x-wX-SIGNature"],
    ] {
        let login = app.wechat.login("小明").await;
        let head = |more: &str| {
            let code = format!("{code}: {}", login.code);
            format!("GET {BASE}/paints/list HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{code}\r\n{more}\r\n")
        };
        let all = format!("{raw_data}:   {} \r\n{signature}:{}\r\n", login.raw_data, login.signature);
        for request in [head(&all), head("")] {
            let (status, reply) = raw_exchange(&app.public, request.as_bytes()).await;
            assert_eq!(status, 200);
            assert!(reply.contains(r#"{"code":0,"msg":"success","data":["#), "{reply}");
        }
    }
}

async fn data_with_a_wrong_signature_is_refused(backend: Backend) {
    let app = App::start(backend);
    let other = app.wechat.login("bob").await;
    let wrong = |right: &str| {
        [
            None,
            Some(String::new()),
            Some(right.to_uppercase()),
            Some(right[..39].to_owned()),
            Some(format!("{right}0")),
            Some(format!("\"{right}\"")),
            Some(other.signature.clone()),
            Some("画".to_owned()),
        ]
    };
    for index in 0..wrong(&other.signature).len() {
        let login = app.wechat.login("alice").await;
        let phone = Phone::with_code(&app.public, &login.code)
            .header("X-WX-RawData", encode_uri_component(&login.raw_data));
        let phone = match &wrong(&login.signature)[index] {
            Some(signature) => phone.header("X-WX-Signature", signature),
            None => phone,
        };
        phone.save("p1", line(1.0)).await.untrusted();
        Phone::with_code(&app.public, &login.code).list().await.expired();
    }
    let login = app.wechat.login("alice").await;
    let forged = Login { raw_data: login.raw_data.replace("alice", "boss"), ..login };
    Phone::with_login(&app.public, &forged).save("p1", line(1.0)).await.untrusted();
    let alice = app.phone_2016("alice").await;
    assert_eq!(alice.shown().await, []);
}

async fn broken_raw_data_is_told_apart(backend: Backend) {
    let app = App::start(backend);
    let turned_away = async |raw: &[u8], signature: &str, name: &str| {
        let code = format!("tourist-{}", unique());
        let phone = Phone::with_code(&app.public, &code)
            .header("X-WX-RawData", raw)
            .header("X-WX-Signature", signature);
        for reply in [phone.list().await, phone.save("p1", line(1.0)).await] {
            let reply = reply.applet();
            let of = String::from_utf8_lossy(raw);
            assert_eq!(reply[MAGIC], 1, "{of}: {reply}");
            assert_eq!(reply["error"]["name"], name, "{of}");
            assert!(reply["error"]["message"].is_string());
            assert_eq!(
                reply.as_object().unwrap().len(),
                2,
                "no reason, or the client signs in for nothing: {reply}"
            );
        }
        Phone::with_code(&app.public, &code).list().await.expired();
    };
    for raw in
        [&b"%"[..], b"%7", b"{%zz}", b"{\"nickName\":\"100%\"}", b"%FF", b"%E6%B1", b"\xff\xfe", b"%C0%80"]
    {
        turned_away(raw, "", "URIError").await;
    }
    for raw in ["{", "nick", "{\"a\":1}}", "{'a':1}", "undefined", "[1,", "%7B", "{\"a\":NaN}"] {
        let login = app.wechat.tourist(raw).await;
        turned_away(raw.as_bytes(), &login.signature, "SyntaxError").await;
    }
    for raw in ["null", "42", "-0.5e3", "true", "\"{}\"", "[]", "[{\"nickName\":\"a\"}]"] {
        let login = app.wechat.tourist(raw).await;
        let phone = Phone::with_login(&app.public, &login);
        let reply = phone.list().await.applet();
        assert_eq!(reply[MAGIC], 1);
        assert_eq!((&reply["error"]["name"], &reply["reason"]), (&json!("TypeError"), &Value::Null));
        turned_away(raw.as_bytes(), &login.signature, "TypeError").await;
    }
}

async fn empty_raw_data_counts_as_missing(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let phone =
        Phone::with_code(&app.public, &login.code).header("X-WX-RawData", "").header("X-WX-Signature", "");
    phone.list().await.expired();
    Phone::signed_in(&app.public, &login).await;
    assert_eq!(phone.shown().await, []);
}

async fn the_profile_does_not_say_who_calls(backend: Backend) {
    let app = App::start(backend);
    let login = app.wechat.login("alice").await;
    let alice = Phone::signed_in(&app.public, &login).await;
    alice.save("hers", line(1.0)).await.done();
    let openid = app.wechat.session(&app.wechat.code("alice").await).await["openid"].clone();
    let profile =
        json!({"openId": openid, "openid": openid, "nickName": "alice", "__proto__": {"openId": openid}});
    let stranger = app.wechat.tourist(&profile.to_string()).await;
    let stranger = Phone::signed_in(&app.public, &stranger).await;
    assert_eq!(stranger.shown().await, []);
    stranger.save("hers", line(9.0)).await.done();
    stranger.delete("hers").await.done();
    assert_eq!(alice.shown().await, [("hers".to_owned(), line(1.0))]);
}
