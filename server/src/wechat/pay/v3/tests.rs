use std::path::PathBuf;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::notification::Resource;
use super::signing::{payment_text, request_text};
use super::*;

const NOTIFICATION: &[u8] = include_bytes!("vectors/notification.json");
const NOTIFIED_AT: i64 = 1_624_523_846;
const SERIAL_NUMBER: &str = "D7CE59D1F522D701";
const API_V3_KEY: &str = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";

fn vectors() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/wechat/pay/v3/vectors"))
}

fn merchant_key() -> MerchantKey {
    MerchantKey::read(&vectors().join("merchant.key.pem")).unwrap()
}

fn stamp(seconds: i64, nonce: &str) -> Stamp {
    Stamp { seconds, nonce: nonce.to_owned() }
}

fn signer() -> Signer {
    Signer {
        merchant_id: "1230000109".to_owned(),
        serial: "F5765756002FDD77".to_owned(),
        key: merchant_key(),
    }
}

fn sha256(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

/// The published notification, signed by the key of the certificate.
fn notification() -> RawNotification<'static> {
    RawNotification {
        timestamp: "1624523846",
        nonce: "EcZ9Cmy4Xyx1i6RlJQzLcCyEqDa26NBz",
        serial: SERIAL_NUMBER,
        signature: "tJHIiIS9eB2hAYstmAmbbD3ZE5LiIm/Ug5tuL4fC0YOFRWIHV39UFIZXC0e9Wl6lBu6sKvkqDkzpqzBsVHyXFlbYZTOQrV\
                    dG4b6LfTnK4mikv9++ixJMd3vTf2yCqvBkh98zs3Ds5zsYQakzbcwhmw4fMJs4nPLws28H0UW9FjDR//rxELLwXvV1VEA1I\
                    BLX70xptjL8hrfUjEE8kkry6yNJTHZRU8CAc7qHli2Ng1V1qb9ARbK8A3ThmFmPQvRGrapI/jS2laKKgYUmfdEdkNO6B2C\
                    ke5e8VTxY406ArAmQ90GAihDwIcb16TQMnzCMBoutnwZKNiKRACrFmtxw2Q==",
        body: NOTIFICATION,
    }
}

fn platform_keys(public_key: Option<&str>) -> PlatformKeys {
    let path = vectors().join("platform.pub.pem");
    PlatformKeys::read(public_key.map(|id| (id, path.as_path())), Some(&vectors().join("certificates")))
        .unwrap()
}

#[test]
fn the_published_text_is_signed_alike() {
    let signature = "BKyAfU4iMCuvXMXS0Wzam3V/cnxZ+JaqigPM5OhljS2iOT95OO6Fsuml2JkFANJU9K6q9bLlDhPXuoVz+pp4hAm6\
                     pHU4ld815U4jsKu1RkyaII+1CYBUYC8TK0XtJ8FwUXXz8vZHh58rrAVN1XwNyvD1vfpxrMT4SL536GLwvpUHlCqIMzo\
                     ZUguLli/K8V29QiOhuH6IEqLNJn8e9b3nwNcQ7be3CzYGpDAKBfDGPCqCv8Rw5zndhlffk2FEA70G4hvMwe51qMN/RA\
                     JbknXG23bSlObuTCN7Ndj1aJGH6/L+hdwfLpUtJm4QYVazzW7DFD27EpSQEqA8bX9+8m1rLg==";
    assert_eq!(merchant_key().sign("source").unwrap(), signature);
}

#[test]
fn a_request_is_signed_with_its_path_and_query() {
    let stamp = stamp(1_554_208_460, "593BEC0C930BF1AFEB40B4A08C8FB242");
    for (target, expected) in [
        (
            "/v3/refund/domestic/refunds/123123123123",
            "c65a830c3a6f61f3312ff204f6e4fda6397078cb96775237273c1d0f8da02dcd",
        ),
        (
            "/v3/pay/transactions/out-trade-no/1217752501201407033233368018?mchid=1230000109",
            "911a30bdd5372710c72b5848b973a6f50836c145fd0f51b6a0f1e2292b749e78",
        ),
    ] {
        assert_eq!(sha256(&request_text("GET", target, "", &stamp)), expected);
        let header = signer().authorization("GET", target, "", &stamp).unwrap();
        let signature = merchant_key().sign(&request_text("GET", target, "", &stamp)).unwrap();
        assert_eq!(
            header,
            format!(
                "WECHATPAY2-SHA256-RSA2048 mchid=\"1230000109\",nonce_str=\"593BEC0C930BF1AFEB40B4A08C8FB242\",\
                 signature=\"{signature}\",timestamp=\"1554208460\",serial_no=\"F5765756002FDD77\""
            )
        );
    }
}

#[test]
fn the_fields_of_request_payment_are_signed() {
    let (app_id, prepay_id) = ("wx8888888888888888", "wx201410272009395522657a690389285100");
    let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    let package = format!("prepay_id={prepay_id}");
    let text = payment_text(app_id, &package, &stamp(1_414_561_699, nonce));
    assert_eq!(text, format!("{app_id}\n1414561699\n{nonce}\n{package}\n"));
    assert_eq!(text.len(), 110);
    let fields = signer().parameters(app_id, prepay_id, stamp(1_414_561_699, nonce)).unwrap();
    let pay_sign = "UV+EKQ3OdnOkUbbKaVi53s/67T59JbHx9gc9MaWoQEOaiZH+uYMByfW2MWXTZW1gnOXl1CqwzHtx7QUxfatSdSxgBhbNhJx1Qax\
                    kP0zSXAgXIoWPAktOlj9n/phfOH95rNl8bHzRDUoNAMQmfQy8SHGooKtEU6/87nWXHhcYarv/nmtgAJcwsV+lGJQ4jLZhGl5BaA\
                    vpLW1Xg8yYg1DXNjik2SPK8d+4FRSkW671wIvxXQCYqG3mi3FvxP5XJ3OBVbPk4GRf/8wi2r2eiqXYd5e4mRMIAOGxqape9Cm46\
                    kxrjlHF0uM+wSir4Nychn2H5geUh2YvE8vJJMAqmkN2gg==";
    assert_eq!(fields.pay_sign, pay_sign);
    let shown = serde_json::to_value(&fields).unwrap();
    assert_eq!(shown["timeStamp"], "1414561699", "the time is a text");
    assert_eq!(shown["signType"], "RSA");
    assert_eq!(shown.as_object().unwrap().len(), 5);
}

#[test]
fn a_published_notification_is_verified_by_either_kind_of_key() {
    assert_eq!(
        HEXLOWER.encode(&Sha256::digest(NOTIFICATION)),
        "b6fdfc5e4afdc463950d873c4fdc3c494df05965016225c6a1e8e2e887cdc94d"
    );
    let id = "PUB_KEY_ID_0119000000012026112800000000000001";
    let keys = platform_keys(Some(id));
    assert_eq!(keys.preferred(), id);
    verify(&keys, &notification(), NOTIFIED_AT).unwrap();
    verify(&keys, &RawNotification { serial: id, ..notification() }, NOTIFIED_AT + 300).unwrap();
    assert_eq!(platform_keys(None).preferred(), SERIAL_NUMBER);
}

#[test]
fn what_is_not_signed_by_wechat_is_refused() {
    let keys = platform_keys(None);
    let probe = format!("WECHATPAY/SIGNTEST/{}", notification().signature);
    let mut changed = NOTIFICATION.to_vec();
    changed[20] ^= 1;
    for (wrong, now) in [
        (notification(), NOTIFIED_AT + 301),
        (notification(), NOTIFIED_AT - 301),
        (RawNotification { timestamp: "1624523847", ..notification() }, NOTIFIED_AT),
        (RawNotification { timestamp: "now", ..notification() }, NOTIFIED_AT),
        (RawNotification { timestamp: "", ..notification() }, NOTIFIED_AT),
        (RawNotification { timestamp: "-9223372036854775808", ..notification() }, NOTIFIED_AT),
        (RawNotification { nonce: "", ..notification() }, NOTIFIED_AT),
        (RawNotification { serial: "D7CE59D1F522D702", ..notification() }, NOTIFIED_AT),
        (RawNotification { serial: "d7ce59d1f522d701", ..notification() }, NOTIFIED_AT),
        (RawNotification { serial: "", ..notification() }, NOTIFIED_AT),
        (RawNotification { signature: &probe, ..notification() }, NOTIFIED_AT),
        (RawNotification { signature: "", ..notification() }, NOTIFIED_AT),
        (RawNotification { signature: "?", ..notification() }, NOTIFIED_AT),
        (RawNotification { body: &changed, ..notification() }, NOTIFIED_AT),
        (RawNotification { body: b"", ..notification() }, NOTIFIED_AT),
    ] {
        assert!(matches!(verify(&keys, &wrong, now), Err(PayError::Signature(_))), "{wrong:?}");
    }
}

#[test]
fn published_resources_are_decrypted() {
    let key = ResourceKey::new(&API_V3_KEY.into()).unwrap();
    let certificate: Resource = serde_json::from_slice(include_bytes!("vectors/certificate.json")).unwrap();
    let pem = key.open(&certificate).unwrap();
    assert_eq!(pem.len(), 1_475);
    assert!(pem.starts_with(b"-----BEGIN CERTIFICATE-----"));
    for (aad, ciphertext, plain) in [
        ("associatedData", "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=", "message"),
        (
            "transaction",
            "rBsOjpObCas9vy6OmZQTTYRrNcAqBReMhrzS4v9nbzVCfuyE15jdqDO98sy54NhYvmNmUmtirh47ptF1RMMBqDNyuvX5OEpcl/IZ4dO29\
             symJ4NwWw==",
            "{\"out_trade_no\":\"YB1\",\"trade_state\":\"SUCCESS\",\"amount\":{\"total\":990}}",
        ),
    ] {
        let resource = |aad: &str| {
            serde_json::from_value::<Resource>(serde_json::json!({
                "algorithm": "AEAD_AES_256_GCM", "nonce": "uluk4a9R25RW",
                "associated_data": aad, "ciphertext": ciphertext,
            }))
            .unwrap()
        };
        assert_eq!(key.open(&resource(aad)).unwrap(), plain.as_bytes());
        assert_eq!(key.open(&resource("another")), None);
    }
    assert!(ResourceKey::new(&"testMchAPIv3Key0".into()).is_none(), "a key has 32 bytes");
}

#[test]
fn a_number_is_escaped_in_a_path() {
    assert_eq!(path_segment("abc-1_2"), "abc-1_2");
    assert_eq!(path_segment("a|b*/?#"), "a%7Cb%2A%2F%3F%23");
}
