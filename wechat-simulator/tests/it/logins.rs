//! Logins and the exchange of their codes.

use std::time::Duration;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::BASE64;
use serde_json::{Value, json};
use wechat_simulator::crypto::raw_data_signature;
use wechat_simulator::{DEVTOOLS_USER, MiniProgram};

use super::{Http, OTHER_APP, apps, code, errcode};

fn decrypt(session_key: &str, encrypted: &str, iv: &str) -> Value {
    let block = |text: &str| <[u8; 16]>::try_from(BASE64.decode(text.as_bytes()).unwrap()).unwrap();
    let cipher = cbc::Decryptor::<Aes128>::new(&block(session_key).into(), &block(iv).into());
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(&BASE64.decode(encrypted.as_bytes()).unwrap());
    serde_json::from_slice(&plain.unwrap()).unwrap()
}

#[tokio::test]
async fn a_name_has_the_same_ids_at_every_login_and_after_a_restart() {
    let app = MiniProgram::development();
    let mut seen = Vec::new();
    for http in [Http::start(), Http::start()] {
        for _ in 0..2 {
            let login = http.login(json!({ "user": "爱丽丝" })).await;
            let session = http.exchange(&app, code(&login)).await;
            assert!(session.get("errcode").is_none(), "{session}");
            seen.push((
                session["openid"].clone(),
                session["unionid"].clone(),
                session["session_key"].clone(),
            ));
        }
    }
    assert!(seen.iter().all(|(openid, unionid, _)| (openid, unionid) == (&seen[0].0, &seen[0].1)));
    let mut keys: Vec<_> = seen.iter().map(|seen| seen.2.to_string()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4, "every login has a session_key of its own");
}

#[tokio::test]
async fn ids_differ_by_user_and_openids_by_mini_program() {
    let http = Http::start();
    let [app, other] = &apps()[..] else { panic!() };
    let alice = http.exchange(app, code(&http.login(json!({ "user": "alice" })).await)).await;
    let bob = http.exchange(app, code(&http.login(json!({ "user": "bob" })).await)).await;
    let there = http.login(json!({ "user": "alice", "app_id": OTHER_APP })).await;
    let alice_there = http.exchange(other, code(&there)).await;
    assert_ne!(alice["openid"], bob["openid"]);
    assert_ne!(alice["unionid"], bob["unionid"]);
    assert_ne!(alice["openid"], alice_there["openid"]);
    assert_eq!(alice["unionid"], alice_there["unionid"]);
}

#[tokio::test]
async fn a_login_has_the_signed_and_the_encrypted_profile_of_2016() {
    let http = Http::start();
    let login = http.login(json!({ "user": "李\"雷\"" })).await;
    let session = http.exchange(&MiniProgram::development(), code(&login)).await;
    let key = session["session_key"].as_str().unwrap();
    let raw_data = login["raw_data"].as_str().unwrap();
    assert_eq!(login["signature"], raw_data_signature(raw_data, key));
    let profile: Value = serde_json::from_str(raw_data).unwrap();
    assert_eq!(profile["nickName"], "李\"雷\"");
    let open = decrypt(key, login["encrypted_data"].as_str().unwrap(), login["iv"].as_str().unwrap());
    assert_eq!(open["watermark"]["appid"], MiniProgram::development().id);
    assert!(open["watermark"]["timestamp"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(open["openId"], session["openid"]);
    assert_eq!(open["unionId"], session["unionid"]);
    for (name, value) in profile.as_object().unwrap() {
        assert_eq!(&open[name], value);
    }
}

#[tokio::test]
async fn a_code_is_valid_once_for_five_minutes_in_its_mini_program() {
    let http = Http::start();
    let [app, other] = &apps()[..] else { panic!() };

    let login = http.login(json!({ "user": "alice" })).await;
    assert_eq!(errcode(&http.exchange(other, code(&login)).await), 40029);
    assert!(http.exchange(app, code(&login)).await["openid"].is_string());
    assert_eq!(errcode(&http.exchange(app, code(&login)).await), 40163);

    let login = http.login(json!({ "user": "alice" })).await;
    http.wechat.simulator.advance(Duration::from_secs(290));
    let (status, _) = http.post("/simulator/clock", json!({ "advance_ms": 10_000 })).await;
    assert_eq!(status, 200);
    assert_eq!(errcode(&http.exchange(app, code(&login)).await), 40029);

    let login = http.login(json!({ "user": "alice" })).await;
    http.wechat.simulator.advance(Duration::from_secs(290));
    assert!(http.exchange(app, code(&login)).await["openid"].is_string());
}

#[tokio::test]
async fn a_code_from_elsewhere_signs_in_the_devtools_user_repeatedly() {
    let http = Http::start();
    let app = MiniProgram::development();
    let first = http.exchange(&app, "the%20code%20is%20a%20mock%20one").await;
    assert_eq!(http.exchange(&app, "the+code+is+a+mock+one").await, first);
    assert_eq!(http.exchange(&app, "0b1").await["openid"], first["openid"]);
    let named = http.login(json!({ "user": DEVTOOLS_USER })).await;
    assert_eq!(http.exchange(&app, code(&named)).await["openid"], first["openid"]);
    for refused in ["invalid", "invalid-code", "sim-0000000000000000000000000000", "sim-"] {
        assert_eq!(errcode(&http.exchange(&app, refused).await), 40029, "{refused}");
    }
}

#[tokio::test]
async fn missing_and_wrong_parameters_have_wechats_errcodes() {
    let http = Http::start();
    let app = MiniProgram::development();
    let (id, secret) = (&app.id, &app.secret);
    for (query, expected) in [
        (String::new(), 41002),
        (format!("appid={id}"), 41004),
        (format!("appid={id}&secret={secret}"), 41008),
        (format!("appid={id}&secret={secret}&js_code=c"), 40002),
        (format!("appid={id}&secret={secret}&js_code=c&grant_type=client_credential"), 40002),
        (format!("appid=wx1&secret={secret}&js_code=c&grant_type=authorization_code"), 40013),
        (format!("appid={id}&secret=another&js_code=c&grant_type=authorization_code"), 40125),
    ] {
        assert_eq!(errcode(&http.query(&query).await), expected, "{query}");
    }
}
