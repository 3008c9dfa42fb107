//! The published samples, and invalid inputs.

use cbc::cipher::BlockModeEncrypt;
use proptest::prelude::*;
use wechat_simulator::crypto::encrypt_open_data;

use super::*;

const RAW_DATA: &str = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
const RAW_DATA_KEY: &str = "HyVFkGl5F5OQWJZZaNzBBg==";
const RAW_DATA_SIGNATURE: &str = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";

const OPEN_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const OPEN_IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
const OPEN_ENCRYPTED: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";
const OPEN_PLAIN: &str = r#"{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}"#;

fn key(text: &str) -> SecretString {
    SecretString::from(text)
}

/// Encrypts bytes without adding padding.
fn encrypt_unpadded(plain: &[u8]) -> String {
    use cbc::cipher::block_padding::NoPadding;
    let key = decode_block(OPEN_KEY).unwrap();
    let iv = decode_block(OPEN_IV).unwrap();
    BASE64.encode(
        &cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(plain),
    )
}

#[test]
fn the_published_signature_verifies() {
    assert_eq!(raw_data_signature(RAW_DATA, &key(RAW_DATA_KEY)), RAW_DATA_SIGNATURE);
    assert!(verify_raw_data(RAW_DATA, &key(RAW_DATA_KEY), RAW_DATA_SIGNATURE));
}

#[test]
fn any_other_signature_does_not() {
    let upper = RAW_DATA_SIGNATURE.to_uppercase();
    let longer = format!("{RAW_DATA_SIGNATURE}0");
    let other = RAW_DATA_SIGNATURE.replacen('7', "8", 1);
    for wrong in ["", &upper, &longer, &other, &RAW_DATA_SIGNATURE[..39], "75é"] {
        assert!(!verify_raw_data(RAW_DATA, &key(RAW_DATA_KEY), wrong), "{wrong}");
    }
    assert!(!verify_raw_data(&RAW_DATA.replace("Band", "Bond"), &key(RAW_DATA_KEY), RAW_DATA_SIGNATURE));
    assert!(!verify_raw_data(RAW_DATA, &key(OPEN_KEY), RAW_DATA_SIGNATURE));
}

#[test]
fn the_published_open_data_decrypts() {
    let data = decrypt_open_data(&key(OPEN_KEY), OPEN_ENCRYPTED, OPEN_IV).unwrap();
    assert_eq!(Value::Object(data.members().clone()), serde_json::from_str::<Value>(OPEN_PLAIN).unwrap());
    assert_eq!(data.app_id(), Some("wx4f4bc4dec97d474b"));
    assert_eq!(data.timestamp(), Some(1_477_314_187));
    assert_eq!(data.open_id(), Some("oGZUI0egBJY1zhBYw2KhdUfwVJJE"));
}

#[test]
fn the_published_session_signature_is_keyed_by_the_text_of_the_key() {
    assert_eq!(
        session_signature(&key("o0q0otL8aEzpcZL/FT9WsQ=="), br#"{"foo":"bar"}"#),
        "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
    );
}

#[test]
fn malformed_open_data_is_refused_and_never_says_where() {
    let oversized = "A".repeat(MAX_ENCRYPTED + 4);
    let zero_padding = encrypt_unpadded(&[0; 16]);
    let long_padding = encrypt_unpadded(&[17; 32]);
    let uneven_padding = encrypt_unpadded(b"{}\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0d\x0e\x0e");
    let not_json = encrypt_unpadded(b"no json at all\x02\x02");
    let not_utf8 = encrypt_unpadded(b"{\"a\":\"\xff\xfe\"}\x06\x06\x06\x06\x06\x06");
    let not_an_object = encrypt_unpadded(b"[1]\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d");
    let nothing = encrypt_unpadded(&[16; 16]);
    let cut = &OPEN_ENCRYPTED[..OPEN_ENCRYPTED.len() - 4];
    let half_block = BASE64.encode(&[7; 24]);
    for (session_key, data, iv) in [
        (OPEN_KEY, "", OPEN_IV),
        (OPEN_KEY, "=", OPEN_IV),
        (OPEN_KEY, "汉字", OPEN_IV),
        (OPEN_KEY, cut, OPEN_IV),
        (OPEN_KEY, &half_block, OPEN_IV),
        (OPEN_KEY, &oversized, OPEN_IV),
        (OPEN_KEY, &zero_padding, OPEN_IV),
        (OPEN_KEY, &long_padding, OPEN_IV),
        (OPEN_KEY, &uneven_padding, OPEN_IV),
        (OPEN_KEY, &not_json, OPEN_IV),
        (OPEN_KEY, &not_utf8, OPEN_IV),
        (OPEN_KEY, &not_an_object, OPEN_IV),
        (OPEN_KEY, &nothing, OPEN_IV),
        (OPEN_KEY, OPEN_ENCRYPTED, ""),
        (OPEN_KEY, OPEN_ENCRYPTED, "r7BXXKkLb8qrSNn05n0qiA"),
        (OPEN_KEY, OPEN_ENCRYPTED, "AAAA"),
        (OPEN_KEY, OPEN_ENCRYPTED, RAW_DATA_KEY),
        (RAW_DATA_KEY, OPEN_ENCRYPTED, OPEN_IV),
        ("", OPEN_ENCRYPTED, OPEN_IV),
        ("no base64!", OPEN_ENCRYPTED, OPEN_IV),
    ] {
        assert_eq!(decrypt_open_data(&key(session_key), data, iv), Err(OpenDataError), "{data} {iv}");
    }
}

#[test]
fn open_data_without_a_watermark_has_no_app_id() {
    for json in ["{}", r#"{"watermark":null}"#, r#"{"watermark":{"appid":7,"timestamp":"x"}}"#] {
        let (data, iv) = encrypt_open_data(OPEN_KEY, [9; 16], json.as_bytes()).unwrap();
        let data = decrypt_open_data(&key(OPEN_KEY), &data, &iv).unwrap();
        assert_eq!((data.app_id(), data.timestamp(), data.open_id()), (None, None, None), "{json}");
    }
}

#[test]
fn a_session_key_is_base64_of_16_bytes() {
    assert!(is_session_key(OPEN_KEY));
    for wrong in ["", "tiihtNczf5v6AKRyjwEUhQ", "tiihtNczf5v6AKRyjwEU", "tiihtNczf5v6AKRyjwEUhQ== ", "é"] {
        assert!(!is_session_key(wrong), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_input_panics(session_key: [u8; 16], data: Vec<u8>, iv: [u8; 16], text in ".*") {
        let session_key = key(&BASE64.encode(&session_key));
        let iv = BASE64.encode(&iv);
        let _ = decrypt_open_data(&session_key, &BASE64.encode(&data), &iv);
        prop_assert!(decrypt_open_data(&session_key, &text, &iv).is_err());
        prop_assert!(!verify_raw_data(&text, &session_key, &text));
    }

    #[test]
    fn what_is_encrypted_decrypts(session_key: [u8; 16], iv: [u8; 16], nick in ".*") {
        let session_key = BASE64.encode(&session_key);
        let plain = serde_json::json!({ "nickName": nick });
        let (data, iv) = encrypt_open_data(&session_key, iv, plain.to_string().as_bytes()).unwrap();
        let opened = decrypt_open_data(&key(&session_key), &data, &iv).unwrap();
        prop_assert_eq!(Value::Object(opened.into_members()), plain);
    }
}
