//! Certificates that phones reject.

use yibi_tests::certificates::{Authority, Certificate, serve};
use yibi_tests::command::Ended;

use super::{Patient, about, tells};

/// Checks a domain with this certificate, trusting an authority or none.
async fn seen(certificate: &Certificate, answer: &'static str, authority: Option<&Authority>) -> Ended {
    let at = serve(certificate, answer).await.to_string();
    let root = authority.map(|authority| authority.root().display().to_string());
    let mut arguments = vec!["--at", &at];
    arguments.extend(root.iter().flat_map(|root| ["--ca", root.as_str()]));
    let patient = Patient::new();
    tokio::task::block_in_place(|| patient.check(&arguments, &[]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_phones_refuse() {
    let authority = Authority::new();
    for (name, days, told) in [
        ("draw.example.com", -1, "ended at"),
        ("other.example.com", 60, "not for draw.example.com"),
        ("example.com", 60, "not for draw.example.com"),
    ] {
        let ended = seen(&authority.issue(name, days), "", Some(&authority)).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stdout);
        tells(&ended, "error", "certificate", told);
    }
    let ended = seen(&authority.issue("draw.example.com", 60), "", None).await;
    tells(&ended, "error", "certificate", "full chain");
    let soon = seen(&authority.issue("draw.example.com", 5), "", Some(&authority)).await;
    tells(&soon, "warning", "certificate", "renew");
    let other = Authority::new();
    let ended = seen(&authority.issue("draw.example.com", 60), "", Some(&other)).await;
    tells(&ended, "error", "certificate", "nobody that phones know");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_behind_the_certificate_is_checked() {
    let authority = Authority::new();
    let certificate = authority.issue("draw.example.com", 60);
    for (answer, verdict, told) in [
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "warning", "start the server"),
        ("HTTP/1.1 200 OK\r\n\r\nWelcome to nginx!", "error", "not as yibi"),
        ("", "error", "nothing"),
    ] {
        tells(&seen(&certificate, answer, Some(&authority)).await, verdict, "nginx", told);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_without_tls_is_reported() {
    let patient = Patient::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    tells(&patient.check(&["--at", &closed], &[]), "error", "tls", "nobody answers");
    // The simulator speaks plain HTTP.
    let plain = patient.wechat.url.trim_start_matches("http://").to_owned();
    tells(&patient.check(&["--at", &plain], &[]), "error", "tls", "");
    let ended = patient.check(&["--ca", "/no/such/file", "--at", &plain], &[]);
    tells(&ended, "error", "certificate", "/no/such/file");
    let ended = patient.check(&[], &[("HTTP__PUBLIC_URL", "https://203.0.113.7")]);
    tells(&ended, "error", "domain", "IP address");
    assert!(about(&ended, "tls").is_empty(), "{}", ended.stdout);
    let ended = patient.check(&[], &[("HTTP__PUBLIC_URL", "https://no.such.invalid")]);
    tells(&ended, "error", "dns", "no.such.invalid");
}
