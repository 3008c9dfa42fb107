//! Requests through nginx.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use yibi_tests::api::stroke;
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, Server, wait_until};

use super::read;
use super::site::{DOMAIN, Site};

fn address(server: &Server) -> &str {
    server.public.strip_prefix("http://").unwrap()
}

async fn running(further: &[(&str, &str)]) -> (App, Site) {
    let app = App::start_with(Backend::Embedded, further);
    let site = Site::before(&[address(&app)]).await;
    (app, site)
}

#[tokio::test]
async fn a_session_in_either_dialect() {
    let (app, site) = running(&[]).await;
    let code = app.wechat.code("alice").await;
    let alice = site.api().sign_in(&code).await;
    alice.append("a", 0, json!([stroke(1), stroke(2)])).await.ok();
    assert_eq!(alice.drawing("a").await["seq"], 2);
    let list = alice.get("/api/v1/drawings").await.ok();
    let image = list["drawings"][0]["image_url"].as_str().unwrap().to_owned();
    assert!(site.api().get(&image).await.ok_bytes().starts_with(b"\x89PNG"));
    alice.delete("/api/v1/drawings/a").await.ok();

    let login = app.wechat.login("bob").await;
    let bob = Phone::by(site.api(), &login);
    let actions = r#"[{"method":"stroke","data":[]}]"#;
    bob.save("p1", actions).await.done();
    assert_eq!(bob.shown().await, [("p1".to_owned(), actions.to_owned())]);
    bob.delete("p1").await.done();
    let mut mallory = app.wechat.login("mallory").await;
    mallory.signature.clone_from(&login.signature);
    Phone::by(site.api(), &mallory).list().await.untrusted();

    // The reply, nginx's log and the server's log have the same id, and neither log contains a credential.
    let reply = alice.get("/api/v1/me?code=in-the-query").await;
    let id = reply.header("x-request-id").to_owned();
    assert_eq!(id.len(), 32, "{id}");
    wait_until("the server's log has it", || async { app.log().contains(&id) }).await;
    wait_until("the access log has it", || async { site.access_log().contains(&id) }).await;
    let log = site.access_log();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["client"], "127.0.0.1");
        assert!(line["upstream"].as_str().is_some_and(|upstream| upstream == address(&app)), "{line}");
    }
    let token = image.split("sig=").nth(1).unwrap();
    for secret in [token, "in-the-query", &code, &login.code, "sig="] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn only_public_paths_are_proxied() {
    let (app, site) = running(&[]).await;
    for path in
        ["/healthz", "/readyz", "/metrics", "/admin/v1/overview", "/api/../metrics", "/internal/v1/session"]
    {
        let reply = site.api().get(path).await;
        let mut problem = reply.problem(404, "not_found");
        let mut own = app.api().get(path).await.problem(404, "not_found");
        for problem in [&mut problem, &mut own] {
            problem["request_id"].take();
        }
        assert_eq!(problem, own);
        assert_eq!(reply.header("strict-transport-security"), "max-age=63072000");
    }
    // nginx passes the base path on, so the server answers unknown paths below it.
    site.api().get("/api/none").await.problem(404, "not_found");
    assert_eq!(site.api().get("/applet/none").await.status, 404);
    assert_eq!(site.api().get("/wx/none").await.status, 404);
}

#[tokio::test]
async fn json_is_compressed_and_pictures_are_not() {
    let (app, site) = running(&[]).await;
    let alice = site.api().sign_in(&app.wechat.code("alice").await).await;
    let strokes: Vec<Value> = (0..40).map(stroke).collect();
    alice.append("a", 0, json!(strokes)).await.ok();
    for (path, coding) in [("/api/v1/drawings/a", "gzip"), ("/api/v1/drawings/a/image.png?size=512", "")] {
        let request = alice.request(Method::GET, path).header("accept-encoding", "gzip");
        let reply = Api::send(request).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-encoding")), (200, coding), "{path}");
    }
}

/// Posts a body of this length that is not JSON.
async fn post(api: &Api, length: usize) -> yibi_tests::Reply {
    let request = api.request(Method::POST, "/api/v1/drawings/a/actions");
    Api::send(request.header("content-type", "application/json").body(vec![b'x'; length])).await
}

#[tokio::test]
async fn size_limits_agree_in_nginx_and_server() {
    let (app, site) = running(&[]).await;
    let alice = site.api().sign_in(&app.wechat.code("alice").await).await;
    let limit = 2 << 20;
    for api in [alice.clone(), alice.at(&app.public)] {
        post(&api, limit).await.problem(400, "invalid_json");
    }
    let mut problems = Vec::new();
    for api in [alice.clone(), alice.at(&app.public)] {
        let mut problem = post(&api, limit + 1).await.problem(413, "body_too_large");
        problem["request_id"].take();
        problems.push(problem);
    }
    assert_eq!(problems[0], problems[1]);
    // The headers of 2016 clients may be long.
    let long = "%E7".repeat(4_000);
    let reply =
        Api::send(site.api().request(Method::GET, "/api/v1/limits").header("x-wx-rawdata", &long)).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn stalled_bodies_time_out_in_nginx_and_server() {
    let app = App::start_with(Backend::Embedded, &[("HTTP__BODY_TIMEOUT", "1")]);
    let edits = [("client_body_timeout 15s;", "client_body_timeout 1s;")];
    let site = Site::edited(&[address(&app)], &edits).await;
    let alice = site.api().sign_in(&app.wechat.code("alice").await).await;
    let stalled = |api: &Api| {
        let body =
            reqwest::Body::wrap_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = api.request(Method::POST, "/api/v1/drawings/a/actions");
        request.header("content-type", "application/json").header("content-length", "100").body(body).send()
    };
    // nginx closes a request with an incomplete body without a reply and does not contact the server. The server itself
    // replies 408.
    let asked = |server: &Server| server.log().matches("/actions").count();
    let before = asked(&app);
    stalled(&alice).await.unwrap_err();
    assert_eq!(asked(&app), before);
    assert_eq!(stalled(&alice.at(&app.public)).await.unwrap().status(), 408);
}

#[tokio::test]
async fn client_supplied_addresses_are_ignored() {
    let further = [("LIMITS__ADDRESS_FAILURES", "1"), ("LIMITS__ADDRESS_FAILURES_BURST", "3")];
    let (app, site) = running(&further).await;
    let bad = async |api: Api, number: u8| {
        let request = api.request(Method::GET, "/api/v1/me").bearer_auth("A".repeat(43));
        let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        let request = request.header("x-request-id", "chosen-by-the-client");
        Api::send(request.header("forwarded", format!("for=198.51.100.{number}"))).await
    };
    let mut refused = false;
    for number in 0..50 {
        let reply = bad(site.api(), number).await;
        assert_ne!(reply.header("x-request-id"), "chosen-by-the-client");
        refused |= reply.status == 429;
    }
    assert!(refused, "all come from one address");
    // The server trusts the address that nginx reports, so these are fifty clients.
    for number in 0..50 {
        bad(app.api(), number).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_websocket_is_passed_through() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = upstream.local_addr().unwrap().to_string();
    let stub = tokio::spawn(async move {
        let (mut stream, _) = upstream.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut frame = [0; 4];
        stream.read_exact(&mut frame).await.unwrap();
        frame.reverse();
        stream.write_all(&frame).await.unwrap();
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    });
    let site = Site::before(&[&address]).await;
    let request = site.client().get(format!("{}/api/v1/live", site.url));
    let request = request.header("connection", "Upgrade").header("upgrade", "websocket");
    let reply = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").send().await.unwrap();
    assert_eq!(reply.status(), 101);
    let mut socket = reply.upgrade().await.unwrap();
    socket.write_all(b"ping").await.unwrap();
    let mut frame = [0; 4];
    socket.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame, b"gnip");
    let head = stub.await.unwrap();
    for line in [
        "upgrade: websocket\r\n",
        "connection: upgrade\r\n",
        "sec-websocket-key: dghl",
        &format!("host: {DOMAIN}\r\n"),
    ] {
        assert!(head.contains(line), "{line}\n{head}");
    }
}

#[tokio::test]
async fn nginx_replies_with_a_problem_while_the_server_is_down() {
    let site = Site::before(&["127.0.0.1:1"]).await;
    let reply = site.api().get("/api/v1/limits").await;
    let problem = reply.problem(503, "unavailable");
    assert_eq!(problem["title"], "The server can't do this at the moment; try again soon.");
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(reply.header("strict-transport-security"), "max-age=63072000");
}

/// Seconds or bytes of a directive: `15s`, `2m`.
fn directive(text: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_suffix(';'));
    let value = lines.next().unwrap_or_else(|| panic!("no {name}")).trim();
    let (number, unit) = value.split_at(value.len() - 1);
    number.parse::<u64>().unwrap()
        * match (name, unit) {
            (_, "s") => 1,
            ("client_max_body_size", "m") => 1 << 20,
            (name, unit) => panic!("{name}: {unit}"),
        }
}

#[test]
fn time_outs_and_sizes_agree_in_nginx_and_server() {
    let settings: toml::Table = read("server/settings.default.toml").parse().unwrap();
    let http = |key: &str| u64::try_from(settings["http"][key].as_integer().unwrap()).unwrap();
    let (site, upstream) = (read("deploy/nginx/yibi.conf"), read("deploy/nginx/yibi-upstream.conf"));
    assert_eq!(directive(&site, "client_max_body_size"), http("body_limit"));
    assert_eq!(directive(&site, "client_header_timeout"), http("head_timeout"));
    assert_eq!(directive(&site, "client_body_timeout"), http("body_timeout"));
    assert!(directive(&upstream, "keepalive_timeout") < http("keep_alive"));
    assert!(upstream.contains(&format!("server {} ", settings["http"]["listen"].as_str().unwrap())));
    assert!(!site.contains("5758;"), "the operator's listener is not for the public");
}
