//! The signatures and the encryption against WeChat's published samples.

use data_encoding::BASE64;
use wechat_simulator::crypto::{
    decode_push_key, encrypt_open_data, encrypt_push, push_signature, raw_data_signature, session_signature,
};

const RAW_DATA: &str = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
const RAW_DATA_KEY: &str = "HyVFkGl5F5OQWJZZaNzBBg==";
const RAW_DATA_SIGNATURE: &str = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";

const OPEN_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const OPEN_IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
const OPEN_ENCRYPTED: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";
const OPEN_PLAIN: &str = r#"{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}"#;

#[test]
fn the_published_signatures_are_reproduced() {
    assert_eq!(raw_data_signature(RAW_DATA, RAW_DATA_KEY), RAW_DATA_SIGNATURE);
    assert_eq!(
        session_signature("o0q0otL8aEzpcZL/FT9WsQ==", br#"{"foo":"bar"}"#),
        "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
    );
}

#[test]
fn the_published_open_data_is_reproduced() {
    let iv = BASE64.decode(OPEN_IV.as_bytes()).unwrap().try_into().unwrap();
    let encrypted = encrypt_open_data(OPEN_KEY, iv, OPEN_PLAIN.as_bytes());
    assert_eq!(encrypted, Some((OPEN_ENCRYPTED.to_owned(), OPEN_IV.to_owned())));
    assert_eq!(encrypt_open_data("AAAA", iv, b"{}"), None);
}

#[test]
fn the_published_push_is_reproduced() {
    let key = decode_push_key(&"A".repeat(43)).unwrap();
    let message = br#"{"demo_resp":"good luck"}"#;
    let encrypted = encrypt_push(&key, *b"707722b803182950", message, "wxba5fad812f8e6fb9");
    assert_eq!(
        encrypted,
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    );
    let signature = push_signature("AAAAA", &["1713424427", "415670741", &encrypted]);
    assert_eq!(signature, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1");
}
