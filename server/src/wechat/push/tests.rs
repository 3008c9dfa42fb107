use data_encoding::BASE64_NOPAD;
use proptest::prelude::*;
use serde_json::json;
use wechat_simulator::crypto::{encrypt_push, push_signature};

use super::*;

const APP: &str = "wxba5fad812f8e6fb9";
const ENCRYPTED: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";

fn key(safe: bool) -> PushKey {
    let aes_key = safe.then(|| AesKey::decode(&"A".repeat(43)).unwrap());
    PushKey { app_id: APP.to_owned(), token: SecretString::from("AAAAA"), aes_key }
}

fn query(timestamp: &str, nonce: &str) -> PushQuery {
    PushQuery { timestamp: timestamp.to_owned(), nonce: nonce.to_owned(), ..PushQuery::default() }
}

fn plain_query() -> PushQuery {
    let signature = Some("899cf89e464efb63f54ddac96b0a0a235f53aa78".to_owned());
    PushQuery { signature, ..query("1714037059", "486452656") }
}

fn safe_query() -> PushQuery {
    let signature = Some("046e02f8204d34f8ba5fa3b1db94908f3df2e9b3".to_owned());
    PushQuery { msg_signature: signature, ..query("1714112445", "415670741") }
}

/// The AES key of [`key`] in safe mode, whose text is 43 times `A`.
const AES_KEY: [u8; 32] = [0; 32];

/// Query of a plain push, or of an encrypted one, signed like WeChat's.
fn signed_query(token: &str, timestamp: i64, nonce: &str, encrypted: Option<&str>) -> PushQuery {
    let timestamp = timestamp.to_string();
    PushQuery {
        signature: Some(push_signature(token, &[&timestamp, nonce])),
        msg_signature: encrypted.map(|encrypted| push_signature(token, &[&timestamp, nonce, encrypted])),
        ..query(&timestamp, nonce)
    }
}

const DEMO: &str = r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#;

fn demo() -> Message {
    Message {
        id: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY/1714112445/debug_demo".to_owned(),
        event: Event::Other("debug_demo".to_owned()),
    }
}

#[test]
fn the_published_address_check_is_answered() {
    let signed = PushQuery {
        signature: Some("f464b24fc39322e44b38aa78f5edd27bd1441696".to_owned()),
        echostr: Some("4375120948345356249".to_owned()),
        ..query("1714036504", "1514711492")
    };
    assert_eq!(key(false).verify(&signed, 1_714_036_504), Ok("4375120948345356249"));
    assert_eq!(key(true).verify(&signed, 1_714_036_504 + 600), Ok("4375120948345356249"));
    assert_eq!(key(true).verify(&signed, 1_714_036_504 + 601), Err(PushError::Stale));
    assert_eq!(key(true).verify(&signed, 1_714_036_504 - 601), Err(PushError::Stale));
    for wrong in ["", "<b>", "a b", "汉", &"1".repeat(129)] {
        let echo = PushQuery { echostr: Some(wrong.to_owned()), ..signed.clone() };
        assert_eq!(key(false).verify(&echo, 1_714_036_504), Err(PushError::Malformed), "{wrong}");
    }
    let unsigned = PushQuery { signature: None, ..signed.clone() };
    assert_eq!(key(false).verify(&unsigned, 1_714_036_504), Err(PushError::Signature));
    let empty = PushKey { token: SecretString::default(), ..key(false) };
    let forged = signed_query("", 1_714_036_504, "1", None);
    assert_eq!(empty.verify(&forged, 1_714_036_504), Err(PushError::Signature));
}

#[test]
fn the_published_messages_open() {
    assert_eq!(key(false).open(&plain_query(), DEMO.as_bytes(), 1_714_037_059), Ok(demo()));
    let json = json!({"ToUserName": "gh_97417a04a28d", "Encrypt": ENCRYPTED}).to_string();
    let xml = format!(
        "<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encrypt><![CDATA[{ENCRYPTED}]]></Encrypt></xml>"
    );
    for body in [json, xml] {
        assert_eq!(key(true).open(&safe_query(), body.as_bytes(), 1_714_112_445), Ok(demo()));
    }
}

#[test]
fn a_key_has_43_characters_whatever_its_last_bits() {
    let zero = AesKey::decode(&"A".repeat(43)).unwrap();
    for last in ["A", "B", "C", "D"] {
        let text = format!("{}{last}", "A".repeat(42));
        assert_eq!(AesKey::decode(&text).unwrap(), zero);
        assert_eq!(AesKey::decode(&format!("{text}=")).unwrap(), zero);
    }
    for wrong in ["", &"A".repeat(42), &"A".repeat(44), &"!".repeat(43)] {
        assert!(AesKey::decode(wrong).is_none());
    }
    assert_eq!(format!("{zero:?}"), "AesKey(…)");
}

#[test]
fn with_an_aes_key_only_safe_mode_is_taken() {
    let plain = key(true).open(&plain_query(), DEMO.as_bytes(), 1_714_037_059);
    assert_eq!(plain, Err(PushError::Plain));
    let encrypted = json!({"Encrypt": ENCRYPTED}).to_string();
    // The valid signature of a plain push is not accepted in safe mode.
    let signed = signed_query("AAAAA", 1_714_112_445, "1", None);
    assert_eq!(key(true).open(&signed, encrypted.as_bytes(), 1_714_112_445), Err(PushError::Signature));
}

#[test]
fn what_the_query_shows_is_checked_before_the_body() {
    let (plain_at, safe_at) = (1_714_037_059, 1_714_112_445);
    assert_eq!(key(false).precheck(&plain_query(), plain_at), Ok(()));
    assert_eq!(key(true).precheck(&safe_query(), safe_at), Ok(()));
    assert_eq!(key(false).precheck(&plain_query(), plain_at + 601), Err(PushError::Stale));
    assert_eq!(key(true).precheck(&safe_query(), safe_at + 601), Err(PushError::Stale));
    assert_eq!(key(true).precheck(&plain_query(), plain_at), Err(PushError::Plain));
    for signature in [None, Some("0".repeat(40))] {
        let forged = PushQuery { signature, ..plain_query() };
        assert_eq!(key(false).precheck(&forged, plain_at), Err(PushError::Signature));
    }
    assert_eq!(key(false).precheck(&PushQuery::default(), plain_at), Err(PushError::Stale));
}

#[test]
fn what_was_changed_or_kept_is_refused() {
    let body = json!({"Encrypt": ENCRYPTED}).to_string();
    let open = |query: &PushQuery, now| key(true).open(query, body.as_bytes(), now);
    assert_eq!(open(&safe_query(), 1_714_112_445 + 601), Err(PushError::Stale));
    assert_eq!(
        open(&PushQuery { nonce: "1".to_owned(), ..safe_query() }, 1_714_112_445),
        Err(PushError::Signature)
    );
    for nonce in ["", "a/b", &"1".repeat(65)] {
        let signed = signed_query("AAAAA", 1_714_112_445, nonce, Some(ENCRYPTED));
        assert_eq!(open(&signed, 1_714_112_445), Err(PushError::Stale), "{nonce}");
    }
    let other = PushKey { app_id: "wx0000000000000000".to_owned(), ..key(true) };
    assert_eq!(other.open(&safe_query(), body.as_bytes(), 1_714_112_445), Err(PushError::App));
    let plain = r#"{"MsgType":"event","Event":"a","FromUserName":"o","CreateTime":1,"appid":"wx1"}"#;
    assert_eq!(key(false).open(&plain_query(), plain.as_bytes(), 1_714_037_059), Err(PushError::App));
}

/// Opens a message that is correctly signed and encrypted, whatever its content.
fn opened(message: &[u8]) -> Result<Message, PushError> {
    let key = key(true);
    let encrypted = encrypt_push(&AES_KEY, [7; 16], message, APP);
    let query = signed_query("AAAAA", 1_000, "5", Some(&encrypted));
    key.open(&query, json!({"Encrypt": encrypted}).to_string().as_bytes(), 1_000)
}

fn verdict(message: &str) -> MediaVerdict {
    match opened(message.as_bytes()).unwrap().event {
        Event::MediaCheck(verdict) => verdict,
        Event::Other(name) => panic!("{name}"),
    }
}

#[test]
fn verdicts_are_read_in_each_of_their_shapes() {
    let json = r#"{"ToUserName":"gh_9df7d78a1234","FromUserName":"o4_t144jTUSEoxydysUA2E234_tc","CreateTime":1626959646,"MsgType":"event","Event":"wxa_media_check","appid":"wxba5fad812f8e6fb9","trace_id":"60f96f1d-3845297a-1976a3ae","version":2,"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}}"#;
    let expected = |suggestion, label| MediaVerdict {
        trace_id: "60f96f1d-3845297a-1976a3ae".to_owned(),
        suggestion,
        label,
    };
    assert_eq!(verdict(json), expected(Some(Suggestion::Pass), Some(100)));
    assert_eq!(opened(json.as_bytes()).unwrap().id, "60f96f1d-3845297a-1976a3ae");
    let risky =
        json.replace("\"suggest\":\"pass\",\"label\":100}}", "\"suggest\":\"risky\",\"label\":20002}}");
    assert_eq!(verdict(&risky), expected(Some(Suggestion::Risky), Some(20_002)));
    let failed = json.replace("\"errcode\":0,\"errmsg\":\"ok\"", "\"errcode\":-1008,\"errmsg\":\"download\"");
    assert_eq!(verdict(&failed), expected(None, Some(100)));
    let xml = "<?xml version=\"1.0\"?>\n<xml>\n<ToUserName><![CDATA[gh_9df7d78a1234]]></ToUserName>\
        <FromUserName><![CDATA[o4_t]]></FromUserName><CreateTime>1626959646</CreateTime>\
        <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event>\
        <trace_id><![CDATA[60f96f1d-3845297a-1976a3ae]]></trace_id><version>2</version>\n\
        <detail><strategy>a</strategy></detail><detail><strategy>b</strategy></detail>\
        <errcode>0</errcode><result>\n <suggest><![CDATA[review]]></suggest> <label>21000</label> </result></xml>\n";
    assert_eq!(verdict(xml), expected(Some(Suggestion::Review), Some(21_000)));
    let old = |rest: &str| {
        verdict(&format!(
            r#"{{"MsgType":"event","Event":"wxa_media_check","trace_id":"60f96f1d-3845297a-1976a3ae",{rest}}}"#
        ))
    };
    assert_eq!(old(r#""isrisky":0,"status_code":0"#), expected(Some(Suggestion::Pass), None));
    assert_eq!(old(r#""isrisky":1,"status_code":0"#), expected(Some(Suggestion::Risky), None));
    assert_eq!(old(r#""isrisky":0,"status_code":4294966288"#), expected(None, None));
    assert_eq!(old(r#""result":{"suggest":"block"}"#), expected(None, None));
}

#[test]
fn xml_has_no_entities_of_its_own() {
    let message =
        |text: &str| format!("<xml><MsgType>text</MsgType><MsgId>7</MsgId><Content>{text}</Content></xml>");
    assert_eq!(opened(message("a &lt;b&gt; &#27721;").as_bytes()).unwrap().id, "7");
    for declared in [
        "<!DOCTYPE xml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
        "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE xml SYSTEM \"http://127.0.0.1/\">",
        "<?xml-stylesheet href=\"http://127.0.0.1/\"?>",
    ] {
        assert_eq!(opened(format!("{declared}{}", message("x")).as_bytes()), Err(PushError::Malformed));
    }
    for wrong in [message("<b>"), message("</b>"), format!("{}<a/>", message("a"))] {
        assert_eq!(opened(wrong.as_bytes()), Err(PushError::Unreadable), "{wrong}");
    }
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let wide = format!("<xml>{}</xml>", "<a/>".repeat(100_000));
    for wrong in [deep, wide, message("&a;")] {
        assert_eq!(opened(wrong.as_bytes()), Err(PushError::Malformed));
    }
}

#[test]
fn a_signed_body_that_is_no_message_is_refused_or_unreadable() {
    for wrong in [&b"null"[..], b"[]", b"{}", b"<xml/>", b"<xml></xml>"] {
        assert_eq!(opened(wrong), Err(PushError::Malformed), "{wrong:?}");
    }
    for wrong in [&b""[..], b"{\"MsgType\":1", b"\xff", b"success", b"<xml><a></xml>", b"<xml>a < b</xml>"] {
        assert_eq!(opened(wrong), Err(PushError::Unreadable), "{wrong:?}");
    }
    for wrong in [
        "{\"MsgType\":\"event\"}",
        "{\"MsgType\":\"text\"}",
        "{\"MsgType\":\"event\",\"Event\":\"wxa_media_check\"}",
    ] {
        assert_eq!(opened(wrong.as_bytes()), Err(PushError::Malformed), "{wrong}");
    }
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(opened(nested.as_bytes()), Err(PushError::Unreadable));
}

#[test]
fn odd_characters_leave_a_signed_message_readable() {
    for odd in ["a & b", "&#xD83D;&#xDE00;", "&#x1d;", "half \u{fffd}"] {
        let xml = format!("<xml><MsgType>text</MsgType><MsgId>7</MsgId><Content>{odd}</Content></xml>");
        assert_eq!(opened(xml.as_bytes()).unwrap().id, "7", "{odd}");
    }
    for odd in [&b"\\ud83d"[..], b"\x1d", b"\xe5\x93", b"\xd6\xd0\xce\xc4"] {
        let json = [b"{\"MsgType\":\"text\",\"MsgId\":7.0,\"Content\":\"", odd, b"\"}"].concat();
        assert!(opened(&json).is_ok(), "{odd:?}");
        let xml = [
            b"<?xml version=\"1.0\" encoding=\"GBK\"?><xml><MsgType>text</MsgType><MsgId>7</MsgId><Content>",
            odd,
            b"</Content></xml>",
        ]
        .concat();
        assert!(opened(&xml).is_ok(), "{odd:?}");
    }
}

proptest! {
    #[test]
    fn anything_signed_is_a_message_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = opened(&bytes);
        let query = signed_query("AAAAA", 1_000, "5", None);
        let _ = key(false).open(&query, &bytes, 1_000);
    }

    #[test]
    fn near_xml_is_a_message_or_a_refusal(text in "(<xml>|</xml>|<a|>|/|&|;|#|!|\\[CDATA\\[|\\]\\]|amp|x|\"| ){0,40}") {
        let _ = opened(text.as_bytes());
    }

    #[test]
    fn anything_encrypted_wrongly_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let key = key(true);
        let encrypted = data_encoding::BASE64.encode(&bytes);
        let query = signed_query("AAAAA", 1_000, "5", Some(&encrypted));
        let opened = key.open(&query, json!({"Encrypt": encrypted}).to_string().as_bytes(), 1_000);
        prop_assert!(matches!(opened, Err(PushError::Encryption | PushError::App)));
    }

    #[test]
    fn what_is_encrypted_comes_back(message in prop::collection::vec(any::<u8>(), 0..200), app in "[a-z0-9]{0,20}") {
        let encrypted = encrypt_push(&[3; 32], [4; 16], &message, &app);
        prop_assert_eq!(decrypt(&AesKey::decode(&BASE64_NOPAD.encode(&[3; 32])).unwrap(), &encrypted), Some((message, app.into_bytes())));
    }
}
