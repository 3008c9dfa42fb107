//! Two backends behind Debian's nginx with the configuration of the deploy kit.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::process::Process;
use yibi_tests::wafer::{Pair, signed_in};
use yibi_tests::weapp::{MAGIC, Phone};
use yibi_tests::{Api, Backend, Server, TempDir, binary, service};

use super::start;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// nginx and the two example backends.
struct Site {
    url: String,
    _processes: [Process; 3],
    _directory: TempDir,
}

fn example(mut command: Command) -> (Process, String) {
    let process = Process::start(command.env("PORT", "0"));
    let url = process
        .wait_for("a backend's address", |line| line.strip_prefix("listening on ").map(ToOwned::to_owned));
    (process, url)
}

impl Site {
    fn before(server: &Server) -> Self {
        let mut node = Command::new("node");
        node.arg(format!("{ROOT}/examples/backends/node/server.mjs"));
        let (node, node_url) = example(node);
        let (actix, actix_url) = example(Command::new(binary("yibi-example-backend")));
        for _ in 0..8 {
            if let Some(site) = Self::try_before(server, &node_url, &actix_url) {
                let (nginx, url, directory) = site;
                return Self { url, _processes: [nginx, node, actix], _directory: directory };
            }
            // Another process took the port.
        }
        panic!("nginx does not start");
    }

    fn try_before(server: &Server, node: &str, actix: &str) -> Option<(Process, String, TempDir)> {
        let directory = TempDir::new();
        let path = directory.path().display().to_string();
        for name in ["auth-request.conf", "auth-request-location.conf"] {
            let lines = std::fs::read_to_string(format!("{ROOT}/deploy/nginx/{name}")).unwrap();
            let lines = lines.replace("http://127.0.0.1:5760", &server.internal);
            std::fs::write(directory.path().join(name), lines).unwrap();
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .collect();
        let location = format!("include {path}/auth-request-location.conf;");
        let conf = format!(
            "daemon off; master_process off; error_log stderr warn; pid {path}/pid;\n\
             events {{}}\n\
             http {{\n{temporary}access_log off;\n\
             server {{\n listen 127.0.0.1:{port};\n include {path}/auth-request.conf;\n\
             location /node/ {{ {location} proxy_pass {node}; }}\n\
             location /actix/ {{ {location} proxy_pass {actix}; }}\n\
             location / {{ return 404; }}\n }} }}\n"
        );
        std::fs::write(directory.path().join("nginx.conf"), conf).unwrap();
        let mut command = Command::new(service("YIBI_TEST_NGINX"));
        let mut nginx = Process::start(command.args(["-e", "stderr", "-c", &format!("{path}/nginx.conf")]));
        let end = std::time::Instant::now() + yibi_tests::DEADLINE;
        while nginx.runs() && std::time::Instant::now() < end {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some((nginx, format!("http://127.0.0.1:{port}"), directory));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        eprintln!("{}", nginx.output());
        None
    }
}

const PLACES: [&str; 2] = ["/node/hello", "/actix/hello"];

#[tokio::test]
async fn a_backend_learns_the_user_in_every_dialect() {
    let app = start(Backend::Embedded, &[]);
    let site = Site::before(&app);
    let modern = app.user("alice").await;
    let id = modern.get("/api/v1/me").await.ok()["id"].clone();
    let openid = app.wechat.session(&app.wechat.code("alice").await).await["openid"].clone();
    let of_2016 = app.wechat.login("alice").await;
    let phones = [
        (Phone::with_login(&site.url, &of_2016), "weapp"),
        (Phone::with_code(&site.url, &of_2016.code), "weapp"),
        (signed_in(&app.public, &app.wechat.login("alice").await).await.at(&site.url), "wafer"),
        (
            Phone::stranger(&site.url).header("Authorization", format!("Bearer {}", modern.token.unwrap())),
            "yibi",
        ),
    ];
    for place in PLACES {
        for (phone, dialect) in &phones {
            let request = phone.request_at(Method::GET, place);
            // nginx removes the identity headers of clients.
            let forged = request.header("X-User-Id", "root").header("X-Session-Dialect", "x");
            let told = Api::send(forged).await.ok();
            assert_eq!((&told["user"], &told["openid"]), (&id, &openid), "{place}");
            assert_eq!(told["dialect"], *dialect, "{place}");
        }
    }
    let mut score = 0;
    for (phone, _) in phones {
        let body = phone.request_at(Method::POST, "/node/score").json(&json!({"much": "x".repeat(100_000)}));
        score += 1;
        assert_eq!(Api::send(body).await.ok()["score"], score);
    }
}

#[tokio::test]
async fn rejections_have_the_format_of_each_dialect() {
    let mut app = start(Backend::Embedded, &[]);
    let site = Site::before(&app);
    let api = Api::new(&site.url);
    let pair = Pair { id: "a".to_owned(), skey: "b".to_owned() };
    for place in PLACES {
        for method in [Method::GET, Method::POST] {
            let forged =
                api.request(method, place).header("X-User-Id", "root").header("X-Session-Reply", "{}");
            let reply = Api::send(forged).await;
            assert_eq!(reply.status, 401);
            assert_eq!(reply.header("content-type"), "application/problem+json");
            assert_eq!(reply.json()["code"], "unauthenticated");
        }
        let reply = api.with_token("x").get(place).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (401, &json!("unauthenticated")));
        // Clients of 2016 and 2017 read only the JSON of the rejection.
        let expired = Api::send(Phone::with_code(&site.url, "nope").request_at(Method::GET, place)).await;
        expired.expired();
        let invalid = Api::send(Phone::with_pair(&site.url, &pair).request_at(Method::POST, place)).await;
        invalid.wafer_error("ERR_INVALID_SESSION");
        let mut login = app.wechat.login("小明").await;
        login.signature = "画".to_owned();
        let untrusted = Phone::with_login(&site.url, &login).request_at(Method::GET, place);
        Api::send(untrusted).await.untrusted();
    }
    for path in ["/_session", "/_session/reply/200", "/_session/reply/x"] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
    let refused = app.wechat.login("alice").await;
    app.wechat.session(&refused.code).await;
    let reply = Api::send(Phone::with_login(&site.url, &refused).request_at(Method::GET, PLACES[0])).await;
    assert_eq!(reply.not_exchanged().unwrap()["errcode"], 40163);

    // nginx denies access while yibi is down.
    let modern = app.user("alice").await;
    let known = api.with_token(modern.token.as_deref().unwrap());
    known.get(PLACES[0]).await.ok();
    app.process().kill();
    let reply = known.get(PLACES[0]).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "2"));
    assert_eq!((&reply.json()["code"], &reply.json()[MAGIC]), (&json!("unavailable"), &Value::Null));
}

#[tokio::test]
async fn rate_limit_replies_of_yibi_reach_the_client() {
    let few = [("LIMITS__ADDRESS_FAILURES", "1"), ("LIMITS__ADDRESS_FAILURES_BURST", "2")];
    let app = start(Backend::Embedded, &few);
    let site = Site::before(&app);
    let api = Api::new(&site.url).with_token("x");
    for _ in 0..50 {
        let reply = api.get(PLACES[0]).await;
        if reply.status == 429 {
            assert_eq!((reply.header("retry-after"), &reply.json()["code"]), ("1", &json!("rate_limited")));
            return;
        }
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (401, &json!("unauthenticated")));
    }
    panic!("it is heard without end");
}
