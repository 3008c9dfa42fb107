use std::time::Duration;

use secrecy::ExposeSecret;
use yibi_common::limits::Limits;
use yibi_common::sharing::SharingLevel;

use super::*;

fn load(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(None, owned, &[])
}

#[test]
fn the_defaults_stand_alone() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:5757");
    assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:5758");
    assert_eq!(settings.limits.drawing, Limits::default());
    assert_eq!(settings.apps().count(), 0);
    assert!(settings.fit_to_serve().is_err());
}

#[test]
fn later_sources_win() {
    let dir = std::env::temp_dir().join(format!("yibi-settings-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("yibi.toml");
    std::fs::write(&file, "[http]\nbody_timeout = 1\nhead_timeout = 1\n[store]\nredis_prefix = \"a:\"\n")
        .unwrap();
    std::fs::write(dir.join("secret"), "s3cret\n").unwrap();
    let environment = [
        ("YIBI_HTTP__BODY_TIMEOUT".to_owned(), "2".to_owned()),
        ("YIBI_HTTP__TRUSTED_PROXIES".to_owned(), "10.1.0.0/16, ::1".to_owned()),
        ("YIBI_LIMITS__ENABLED".to_owned(), "false".to_owned()),
        ("YIBI_WECHAT__APP_SECRET_FILE".to_owned(), dir.join("secret").display().to_string()),
        ("YIBI_TEST_SOMETHING".to_owned(), "of no concern".to_owned()),
    ];
    let flags = [("http.listen", "127.0.0.1:0".to_owned())];
    let settings = Settings::load(Some(&file), environment, &flags).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:0");
    assert_eq!(settings.http.body_timeout, Duration::from_secs(2));
    assert_eq!(settings.http.head_timeout, Duration::from_secs(1));
    assert_eq!(settings.store.redis_prefix, "a:");
    assert!(!settings.limits.enabled);
    assert_eq!(settings.wechat.app_secret.expose_secret(), "s3cret");
    assert!(settings.http.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    assert!(!settings.http.trusted_proxies[0].contains("10.2.2.3".parse().unwrap()));
    assert!(settings.http.trusted_proxies[1].contains("::1".parse().unwrap()));
    assert!(!settings.http.trusted_proxies[1].contains("::2".parse().unwrap()));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (name, value) in [
        ("YIBI_HTTP__LISTEN", "everywhere"),
        ("YIBI_HTTP__LISTEN", "unix:http.sock"),
        ("YIBI_HTTP__DRAIN_DELAY", "3601"),
        ("YIBI_HTTP__LISTENN", "127.0.0.1:1"),
        ("YIBI_HTTP__TRUSTED_PROXIES", "10.0.0.0/33"),
        ("YIBI_WECHAT__API_URL", "http://api.example.com"),
        ("YIBI_WECHAT__API_URL", "http://127.0.0.1.example.com:80"),
        ("YIBI_WECHAT__APP_ID", "wx/1"),
        ("YIBI_KEYS__SEALING", "c2hvcnQ="),
        ("YIBI_LIMITS__USER_WRITES", "0"),
        ("YIBI_SESSION__IDLE", "0"),
        ("YIBI_SESSION__YIBI_DAYS", "366"),
        ("YIBI_HTTP__WEAPP_BASE_PATH", "/"),
        ("YIBI_HTTP__WEAPP_BASE_PATH", "/applet/"),
        ("YIBI_WECHAT__APP_SECRET_FILE", "/nonexistent/secret"),
    ] {
        assert!(load(&[(name, value)]).is_err(), "{name}={value}");
    }
    assert!(load(&[("YIBI_WECHAT__API_URL", "http://localhost:9/")]).is_ok());
    assert!(load(&[("YIBI_WECHAT__API_URL", "http://[::1]:9")]).is_ok());
}

#[test]
fn the_old_dialects_keep_out_of_each_others_way() {
    let with = |weapp: &str, wafer: &str| {
        let paths = [("YIBI_HTTP__WEAPP_BASE_PATH", weapp), ("YIBI_HTTP__WAFER_BASE_PATH", wafer)];
        load(&paths).map(|_| ()).map_err(|error| error.to_string())
    };
    for (weapp, wafer) in [
        ("/applet", "/applet"),
        ("/applet", "/applet/session"),
        ("/applet/login", "/applet"),
        ("/applet/user", "/applet"),
    ] {
        let unfit = with(weapp, wafer).unwrap_err();
        assert!(unfit.contains("http.weapp_base_path"), "{weapp} {wafer}: {unfit}");
    }
    for path in ["/wx/push", "/wx/push/old"] {
        assert!(with(path, "/applet").unwrap_err().contains("/wx/push"), "{path}");
        assert!(with("/applet/session", path).unwrap_err().contains("/wx/push"), "{path}");
    }
    for (weapp, wafer) in
        [("/applet/session", "/applet"), ("/applet", "/applets"), ("/a/logins", "/a"), ("/old", "/wx/pushes")]
    {
        with(weapp, wafer).unwrap();
    }
}

#[test]
fn secrets_do_not_show() {
    let settings = load(&[("YIBI_WECHAT__APP_SECRET", "s3cret"), ("YIBI_ADMIN__TOKEN", "t0ken")]).unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken"));
}

#[test]
fn pushes_need_a_token_and_a_whole_key() {
    let with = |further: &[(&str, &str)]| {
        let all = [&[("YIBI_WECHAT__APP_ID", "wx0123456789abcdef")], further].concat();
        load(&all).map(|_| ())
    };
    let key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";
    with(&[("YIBI_WECHAT__PUSH_TOKEN", "aToken7")]).unwrap();
    with(&[("YIBI_WECHAT__PUSH_TOKEN", "aToken7"), ("YIBI_WECHAT__PUSH_AES_KEY", key)]).unwrap();
    for wrong in ["ab", "a token", &"a".repeat(33)] {
        assert!(with(&[("YIBI_WECHAT__PUSH_TOKEN", wrong)]).is_err(), "{wrong}");
    }
    assert!(with(&[("YIBI_WECHAT__PUSH_AES_KEY", key)]).is_err(), "a key without a token");
    let short = [("YIBI_WECHAT__PUSH_TOKEN", "aToken7"), ("YIBI_WECHAT__PUSH_AES_KEY", &key[1..])];
    assert!(with(&short).is_err());
}

#[test]
fn moderation_needs_to_be_reached_by_wechat() {
    let production = [
        ("YIBI_WECHAT__APP_ID", "wx0123456789abcdef"),
        ("YIBI_WECHAT__APP_SECRET", "s3cret"),
        ("YIBI_ADMIN__TOKEN", "a-token-of-the-tests-alone-32-characters"),
        ("YIBI_MODERATION__MODE", "enforce"),
    ];
    let unfit = load(&production).unwrap().fit_to_serve().unwrap_err().to_string();
    assert!(unfit.contains("http.public_url") && unfit.contains("push_token"), "{unfit}");
    let reached =
        [("YIBI_HTTP__PUBLIC_URL", "https://draw.example.com"), ("YIBI_WECHAT__PUSH_TOKEN", "aToken7")];
    load(&[&production[..], &reached].concat()).unwrap().fit_to_serve().unwrap();
    load(&production[..3]).unwrap().fit_to_serve().unwrap();
    assert!(load(&[("YIBI_MODERATION__MODE", "sometimes")]).is_err());
    assert!(load(&[("YIBI_MODERATION__RETRY", "0")]).is_err());
}

const PRODUCTION: [(&str, &str); 3] = [
    ("YIBI_WECHAT__APP_ID", "wx0123456789abcdef"),
    ("YIBI_WECHAT__APP_SECRET", "s3cret"),
    ("YIBI_ADMIN__TOKEN", "a-token-of-the-tests-alone-32-characters"),
];

#[test]
fn sharing_needs_checks_or_operators() {
    let fit = |further: &[(&str, &str)]| {
        let settings = load(&[&PRODUCTION[..], further].concat()).unwrap();
        settings.fit_to_serve().map_err(|error| error.to_string())
    };
    let url = ("YIBI_HTTP__PUBLIC_URL", "https://draw.example.com");
    let push = ("YIBI_WECHAT__PUSH_TOKEN", "aToken7");
    for level in ["link", "wall"] {
        let level = ("YIBI_SHARING__LEVEL", level);
        let unfit = fit(&[level]).unwrap_err();
        assert!(
            unfit.contains("YIBI_MODERATION__MODE") && unfit.contains("YIBI_HTTP__PUBLIC_URL"),
            "{unfit}"
        );
        assert!(unfit.contains("YIBI_SHARING__REVIEW") && unfit.lines().count() == 1, "{unfit}");
        let unfit = fit(&[level, url, push, ("YIBI_MODERATION__MODE", "log")]).unwrap_err();
        assert!(unfit.contains("YIBI_MODERATION__MODE") && !unfit.contains("PUBLIC_URL"), "{unfit}");
        fit(&[level, ("YIBI_SHARING__REVIEW", "operator")]).unwrap();
        fit(&[level, url, push, ("YIBI_MODERATION__MODE", "enforce")]).unwrap();
    }
    fit(&[("YIBI_SHARING__LEVEL", "off")]).unwrap();
    for (name, value) in [
        ("YIBI_SHARING__LEVEL", "everyone"),
        ("YIBI_SHARING__REVIEW", "nobody"),
        ("YIBI_SHARING__LEVELS", "off"),
        ("YIBI_WECHAT__ENV", "beta"),
    ] {
        assert!(load(&[(name, value)]).is_err(), "{name}={value}");
    }
}

#[test]
fn sections_of_a_newer_version_are_left_out_and_named() {
    let settings = load(&[("YIBI_LATER__KEY", "1"), ("YIBI_A__B__C", "x")]).unwrap();
    assert_eq!(settings.unknown_sections, ["a", "later"]);
    assert_eq!(load(&[]).unwrap().unknown_sections, Vec::<String>::new());
}

#[test]
fn development_checks_and_shares_unless_it_asks_the_real_wechat() {
    let develop = |environment: &[(&str, &str)]| {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::load_for_development(None, owned.collect(), &[]).unwrap();
        (settings.moderation.mode, settings.sharing.level)
    };
    assert_eq!(develop(&[]), (ModerationMode::Enforce, SharingLevel::Wall));
    assert_eq!(develop(&[("YIBI_SHARING__LEVEL", "link")]), (ModerationMode::Enforce, SharingLevel::Link));
    assert_eq!(develop(&PRODUCTION), (ModerationMode::Off, SharingLevel::Off));
}

#[test]
fn a_merchant_needs_keys_and_an_address() {
    let fit = |further: &[(&str, &str)]| {
        let settings =
            load(&[&PRODUCTION[..], &[("YIBI_PAY__MERCHANT_ID", "1900000001")], further].concat())?;
        settings.fit_to_serve()
    };
    let url = ("YIBI_HTTP__PUBLIC_URL", "https://draw.example.com");
    let faults = fit(&[]).unwrap_err().to_string();
    for missing in
        ["pay.serial", "pay.private_key_file", "pay.api_v3_key_file", "pay.public_key_id", "http.public_url"]
    {
        assert!(faults.contains(missing), "{missing}: {faults}");
    }
    let v3 = [
        url,
        ("YIBI_PAY__SERIAL", "5157570DEAD5E55E"),
        ("YIBI_PAY__PRIVATE_KEY_FILE", "/etc/yibi/pay/apiclient_key.pem"),
        ("YIBI_PAY__API_V3_KEY_FILE", "/etc/yibi/pay/api-v3.key"),
        ("YIBI_PAY__CERTIFICATES_DIR", "/etc/yibi/pay/certificates"),
    ];
    fit(&v3).unwrap();
    fit(&[url, ("YIBI_PAY__API", "v2"), ("YIBI_PAY__V2_KEY_FILE", "/etc/yibi/pay/v2.key")]).unwrap();
    assert!(fit(&[url, ("YIBI_PAY__API", "v2")]).unwrap_err().to_string().contains("pay.v2_key_file"));
    let plain = [&v3[1..], &[("YIBI_HTTP__PUBLIC_URL", "http://draw.example.com")]].concat();
    assert!(fit(&plain).is_err(), "WeChat notifies https only");
    let settings = load(&v3).unwrap();
    assert_eq!(
        settings.pay.private_key_file.to_str(),
        Some("/etc/yibi/pay/apiclient_key.pem"),
        "the variable holds the path, not the content"
    );
    let urls = ["notify", "refund"].map(|end| format!("https://draw.example.com/wx/pay/{end}"));
    assert_eq!(settings.pay_notify_urls(), urls.into());
    let set = load(&[("YIBI_PAY__NOTIFY_URL", "https://pay.example.com/hooks/wx/pay/notify")]).unwrap();
    assert_eq!(set.pay_notify_urls().1, "https://pay.example.com/hooks/wx/pay/refund");
}

#[test]
fn wrong_payment_settings_are_refused() {
    for (name, value) in [
        ("YIBI_PAY__API", "v4"),
        ("YIBI_PAY__API_URL", "http://api.example.com"),
        ("YIBI_PAY__MERCHANT_ID", "19x"),
        ("YIBI_PAY__PUBLIC_KEY_ID", "PUB_KEY_ID_01"),
        ("YIBI_PAY__PUBLIC_KEY_FILE", "/etc/yibi/pay/pub_key.pem"),
        ("YIBI_PAY__NOTIFY_URL", "http://draw.example.com/wx/pay/notify"),
        ("YIBI_PAY__NOTIFY_URL", "http://127.0.0.1/wx/pay/notify"),
        ("YIBI_PAY__NOTIFY_URL", "https://draw.example.com/wx/pay/paid"),
        ("YIBI_PAY__NOTIFY_URL", "https://draw.example.com/wx/pay/notify?a=1"),
        ("YIBI_PAY__PRIVATE_KEYFILE", "/etc/yibi/pay/apiclient_key.pem"),
    ] {
        assert!(load(&[(name, value)]).is_err(), "{name}={value}");
    }
    let simulated = [
        ("YIBI_PAY__API_URL", "http://127.0.0.1:5759"),
        ("YIBI_PAY__NOTIFY_URL", "http://127.0.0.1:5757/wx/pay/notify"),
    ];
    load(&simulated).unwrap();
}
