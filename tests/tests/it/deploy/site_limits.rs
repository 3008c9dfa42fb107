//! Filters and limits of the nginx site.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use yibi_tests::api::stroke;
use yibi_tests::form::form;
use yibi_tests::{Api, Backend, Reply, Server, TempDir, Wechat, wait_until};

use super::site::Site;
use super::{edited, output, read};

/// A server that records the head of each request and closes the connection after a reply.
async fn recording() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heads, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let _ = heads.send(String::from_utf8_lossy(&head).to_ascii_lowercase());
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        }
    });
    (address, received)
}

fn public(server: &Server) -> &str {
    server.public.strip_prefix("http://").unwrap()
}

/// The problem without its request id.
fn problem(reply: &Reply, status: u16, code: &str) -> Value {
    let mut problem = reply.problem(status, code);
    problem["request_id"].take();
    problem
}

#[tokio::test]
async fn the_largest_avatar_is_the_same_on_both_sides() {
    let wechat = Wechat::start();
    let server = Server::start(Backend::Embedded, &wechat);
    let site = Site::before(&[public(&server)]).await;
    let alice = site.api().sign_in(&wechat.code("alice").await).await;
    let field = "x".repeat(60 << 10);
    let limit = 2 << 20;
    for (fields, length, status, code) in [
        (&[][..], limit, 422, "invalid_image"),
        (&[("from", field.as_str())][..], limit, 422, "invalid_image"),
        (&[], limit + 1, 413, "body_too_large"),
        (&[("from", &field), ("more", &field)], limit, 413, "body_too_large"),
        (&[], 2 * limit, 413, "body_too_large"),
    ] {
        let body = form(fields, "a.png", &vec![0; length]);
        let mut problems = Vec::new();
        for api in [alice.clone(), alice.at(&server.public)] {
            problems.push(problem(&api.post_form("/api/v1/me/avatar", body.clone()).await, status, code));
        }
        assert_eq!(problems[0], problems[1], "{length}");
    }
}

#[tokio::test]
async fn a_connection_is_upgraded_at_the_sockets_address_alone() {
    let (address, mut heads) = recording().await;
    let site = Site::before(&[&address]).await;
    for (path, protocol, passed) in [
        ("/api/v1/live", "websocket", true),
        ("/api/v1/live?room=a", "WebSocket", true),
        ("/api/v1/live", "h2c", false),
        ("/api/v1/live", "h2c, websocket", false),
        ("/api/v1/live/", "websocket", false),
        ("/api/v1/lives", "websocket", false),
        ("/api/v1/me", "websocket", false),
        ("/api/v1/me/export", "h2c", false),
        ("/applet/session/paints/list", "websocket", false),
        ("/wx/push", "websocket", false),
        ("/", "websocket", false),
    ] {
        let request = site.client().get(format!("{}{path}", site.url));
        let request = request.header("connection", "upgrade, http2-settings").header("upgrade", protocol);
        let reply = request.header("http2-settings", "AAMAAABk").send().await.unwrap();
        assert_eq!(reply.status(), 204, "{path}");
        let head = heads.recv().await.unwrap();
        assert_eq!(head.contains("\r\nupgrade: websocket\r\n"), passed, "{path} {protocol}\n{head}");
        assert_eq!(head.contains("\r\nconnection: upgrade\r\n"), passed, "{path} {protocol}\n{head}");
        assert!(passed || !head.contains("upgrade:"), "{head}");
    }
}

#[tokio::test]
async fn an_upgrade_elsewhere_is_an_ordinary_request() {
    let wechat = Wechat::start();
    let server = Server::start(Backend::Embedded, &wechat);
    let site = Site::before(&[public(&server)]).await;
    let alice = site.api().sign_in(&wechat.code("alice").await).await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let ask = |method: Method, path: &str| {
        alice.request(method, path).header("connection", "upgrade").header("upgrade", "websocket")
    };
    let renamed = Api::send(ask(Method::PATCH, "/api/v1/me").json(&json!({"nickname": "爱丽丝"}))).await;
    assert_eq!(renamed.ok()["nickname"], "爱丽丝");
    let export = Api::send(ask(Method::GET, "/api/v1/me/export")).await;
    assert!(export.ok_bytes().starts_with(b"PK"), "{export:?}");
}

#[tokio::test]
async fn unknown_methods_are_refused() {
    let (address, mut heads) = recording().await;
    let site = Site::before(&[&address]).await;
    for method in ["AAAA", &"A".repeat(15_000), "PROPFIND", "TRACE", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = Api::send(site.api().request(method.clone(), "/api/v1/limits")).await;
        if method == "get" {
            // nginx rejects it as malformed.
            reply.problem(400, "invalid_request");
        } else {
            reply.problem(501, "method_unknown");
        }
        assert_eq!(reply.header("strict-transport-security"), "max-age=63072000");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(Api::send(site.api().request(method.clone(), "/api/v1/limits")).await.status, 204);
        let head = heads.recv().await.unwrap();
        assert!(head.starts_with(&method.as_str().to_ascii_lowercase()), "{head}");
    }
    assert!(heads.try_recv().is_err(), "nothing else was passed on");
}

#[tokio::test]
async fn a_line_of_the_log_is_short_whatever_a_client_sends() {
    let (address, _heads) = recording().await;
    let site = Site::before(&[&address]).await;
    let path = format!("/api/{}", "%E7%94%BB%0A".repeat(1_000));
    for (method, path) in
        [("A".repeat(15_000).as_str(), "/api/v1/limits"), ("GET", &path), ("GET", "/api/v1/me")]
    {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = site.api().request(method, path).header("user-agent", "u".repeat(15_000));
        Api::send(request).await;
    }
    wait_until("three lines are written", async || site.access_log().lines().count() == 3).await;
    for line in site.access_log().lines() {
        assert!(line.len() < 3_000, "{} bytes", line.len());
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["agent"], format!("{}…", "u".repeat(200)));
        assert!(["other", "GET"].contains(&line["method"].as_str().unwrap()));
    }
    assert!(site.access_log().contains(r#""path":"/api/v1/me""#));
}

#[tokio::test]
async fn a_malformed_request_is_answered_in_the_servers_form() {
    let site = Site::before(&["127.0.0.1:1"]).await;
    let long = "x".repeat(20_000);
    let request = site.api().request(Method::GET, "/api/v1/limits").header("x-wx-rawdata", &long);
    Api::send(request).await.problem(400, "invalid_request");
    site.api().get(&format!("/api/{long}")).await.problem(400, "invalid_request");
}

/// A server that never replies and reports its connections.
async fn silent() -> (String, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (connections, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut streams = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            streams.push(stream);
            let _ = connections.send(());
        }
    });
    (address, received)
}

#[tokio::test]
async fn one_address_has_a_bounded_number_of_requests_in_flight() {
    let (address, mut connections) = silent().await;
    let edits = [("limit_conn yibi_clients 100;", "limit_conn yibi_clients 3;")];
    let site = Site::edited(&[&address], &edits).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let api = site.hasty_api();
        waiting.spawn(async move { api.get("/api/v1/limits").await });
    }
    // Three requests wait for the server, two are refused.
    for _ in 0..2 {
        let refused = waiting.join_next().await.unwrap().unwrap();
        assert_eq!(refused.header("retry-after"), "2");
        refused.problem(429, "rate_limited");
    }
    // WebSockets have a separate limit, so this request reaches the server.
    let request = site.client().get(format!("{}/api/v1/live", site.url));
    let socket = tokio::spawn(request.header("connection", "upgrade").header("upgrade", "websocket").send());
    for _ in 0..4 {
        connections.recv().await.unwrap();
    }
    waiting.abort_all();
    socket.abort();
}

#[tokio::test]
async fn shared_pages_have_a_limit_by_address() {
    let text = read("deploy/nginx/yibi.conf");
    assert!(text.contains("limit_req_zone $yibi_client zone=yibi_shares:10m rate=60r/s;"));
    assert!(text.contains("limit_req zone=yibi_shares burst=300 nodelay;"));
    let (address, mut heads) = recording().await;
    let edits = [("rate=60r/s;", "rate=1r/m;"), ("burst=300 nodelay;", "burst=2 nodelay;")];
    let site = Site::edited(&[&address], &edits).await;
    for path in ["/s/0123456789ab", "/s/0123456789ab.png?size=720", "/s/-/player.js"] {
        assert_eq!(site.api().get(path).await.status, 204, "{path}");
        assert!(heads.recv().await.unwrap().starts_with(&format!("get {path} http/1.1")));
    }
    let refused = site.api().get("/s/0123456789ab").await;
    assert_eq!(refused.header("retry-after"), "2");
    refused.problem(429, "rate_limited");
    // The API has no such limit, and a name that only begins alike is not passed on.
    assert_eq!(site.api().get("/api/v1/limits").await.status, 204);
    site.api().get("/shares").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_line_of_the_log_has_address_and_port() {
    let (address, _heads) = recording().await;
    let site = Site::before(&[&address]).await;
    site.api().get("/s/0123456789ab").await;
    wait_until("a line is written", async || site.access_log().lines().count() == 1).await;
    let line: Value = serde_json::from_str(site.access_log().lines().next().unwrap()).unwrap();
    assert_eq!(line["client"], "127.0.0.1");
    assert!(line["port"].as_str().unwrap().parse::<u16>().unwrap() > 0, "{line}");
}

#[test]
fn logs_are_kept_for_six_months() {
    let days = |text: &str| -> u32 {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("rotate ")).unwrap();
        line.parse().unwrap()
    };
    let logrotate = read("deploy/pm2/logrotate");
    assert!(logrotate.contains("    daily\n") && days(&logrotate) >= 184);
    for guide in ["deploy/guide/start.md", "deploy/guide/start.zh.md"] {
        let guide = read(guide);
        let command = guide.lines().find(|line| line.contains("/etc/logrotate.d/nginx"));
        let command = command.unwrap();
        let directory = TempDir::new();
        let path = directory.path().join("nginx");
        std::fs::write(&path, "/var/log/nginx/*.log {\n\tdaily\n\trotate 14\n}\n").unwrap();
        let command = command.replace("/etc/logrotate.d/nginx", path.to_str().unwrap());
        output(Command::new("sh").args(["-c", &command]));
        assert!(days(&std::fs::read_to_string(&path).unwrap()) >= 184, "{command}");
        assert!(guide.contains("MaxRetentionSec=7month"));
    }
}

#[test]
fn the_guide_names_the_duties_of_sharing() {
    for (guide, words) in [
        ("deploy/guide/before.md", ["6 months", "YibiReviewWaits", "complaint contact", "self-assessment"]),
        ("deploy/guide/before.zh.md", ["6 个月", "YibiReviewWaits", "投诉渠道", "安全评估"]),
    ] {
        let guide = read(guide);
        for word in words.into_iter().chain(["公安备案", "sharing.require_phone", "服务内容声明"]) {
            assert!(guide.contains(word), "{word}");
        }
    }
}

#[test]
fn replies_on_nginxs_disk_are_bounded() {
    let site = read("deploy/nginx/yibi.conf");
    let megabytes = site.lines().find_map(|line| {
        line.trim().strip_prefix("proxy_max_temp_file_size ")?.strip_suffix("m;")?.parse::<u64>().ok()
    });
    // The buffer holds a whole export, so a slow reader does not occupy one of the server's export slots.
    let settings: toml::Table = read("server/settings.default.toml").parse().unwrap();
    let export = settings["limits"]["drawing"]["bytes_per_user"].as_integer().unwrap();
    assert_eq!(megabytes.unwrap() << 20, u64::try_from(export).unwrap());
}

/// The guide's command for a host without IPv6.
#[test]
fn the_site_starts_on_a_host_without_ipv6() {
    let directory = TempDir::new();
    let path = directory.path().join("yibi.conf");
    for guide in ["deploy/guide/start.md", "deploy/guide/start.zh.md"] {
        let guide = read(guide);
        let mut commands = guide.lines().filter(|line| line.starts_with("grep -qs . /proc/net/if_inet6 || "));
        for (file, default) in
            [("/etc/nginx/sites-available/default", true), ("/etc/nginx/conf.d/yibi.conf", false)]
        {
            let command = commands.next().unwrap();
            assert!(command.ends_with(file), "{command}");
            let debians = "server {\n\tlisten 80 default_server;\n\tlisten [::]:80 default_server;\n}\n";
            let text = if default { debians.to_owned() } else { edited("deploy/nginx/yibi.conf", &[]) };
            std::fs::write(&path, &text).unwrap();
            let command = command.replace(file, path.to_str().unwrap());
            let command = command.replace("/proc/net/if_inet6", "/nowhere");
            output(Command::new("sh").args(["-c", &command]));
            let left = std::fs::read_to_string(&path).unwrap();
            let listens = |text: &str| text.lines().filter(|line| line.trim().starts_with("listen ")).count();
            assert!(!left.contains("listen [::]"), "{left}");
            assert_eq!(listens(&left) * 2, listens(&text));
        }
    }
}
