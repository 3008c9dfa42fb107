//! TLS handshakes and redirects of the site.

use std::process::{Command, Stdio};

use yibi_tests::{App, Backend};

use super::output;
use super::site::{DOMAIN, Site};

/// Runs `openssl s_client`; returns its success and its output.
fn handshake(site: &Site, name: &str, more: &[&str]) -> (bool, String) {
    let mut command = Command::new("openssl");
    command.args([
        "s_client",
        "-connect",
        &site.tls.to_string(),
        "-servername",
        name,
        "-verify_return_error",
    ]);
    command.arg("-CAfile").arg(site.authority()).args(["-verify_hostname", DOMAIN]).args(more);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

#[tokio::test]
async fn the_handshake_is_one_that_wechat_takes() {
    let site = Site::before(&["127.0.0.1:1"]).await;
    for (version, protocol) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let (shaken, said) = handshake(&site, DOMAIN, &[version, "-alpn", "h2,http/1.1"]);
        assert!(shaken, "{said}");
        assert!(said.contains(protocol) && said.contains("Verification: OK"), "{said}");
        assert!(said.contains("ALPN protocol: h2"), "{said}");
    }
    // OpenSSL offers this only with the security level lowered.
    let (shaken, said) = handshake(&site, DOMAIN, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(!shaken, "{said}");
    let (shaken, said) = handshake(&site, "other.example.com", &[]);
    assert!(!shaken && said.contains("unrecognized name"), "{said}");
}

#[tokio::test]
async fn http_2_and_redirects_from_http() {
    let app = App::start(Backend::Embedded);
    let site = Site::before(&[app.public.strip_prefix("http://").unwrap()]).await;
    let resolve = format!("{DOMAIN}:{}:127.0.0.1", site.tls.port());
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "--http2", "--resolve", &resolve, "--cacert"]).arg(site.authority());
    let said = output(curl.args(["-w", "\n%{http_version} %{header_json}", &site.url]));
    assert!(
        said.starts_with(&format!(r#"{{"name":"yibi","version":"{}"}}"#, env!("CARGO_PKG_VERSION"))),
        "{said}"
    );
    assert!(said.contains("\n2 ") && said.contains("max-age=63072000"), "{said}");

    let plain = format!("http://{}", site.plain);
    let client = site.client();
    let get = |path: &str, host: &str| client.get(format!("{plain}{path}")).header("host", host).send();
    let moved = get("/api/v1/limits?a=b", DOMAIN).await.unwrap();
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.headers()["location"], "https://draw.example.com/api/v1/limits?a=b");
    std::fs::write(site.acme().join("token"), "proof").unwrap();
    let proof = get("/.well-known/acme-challenge/token", DOMAIN).await.unwrap();
    assert_eq!((proof.status().as_u16(), proof.text().await.unwrap().as_str()), (200, "proof"));
    assert_eq!(get("/.well-known/acme-challenge/none", DOMAIN).await.unwrap().status(), 404);
    // The site closes connections for another host name without a reply.
    get("/", "other.example.com").await.unwrap_err();
}
