//! `POST /internal/access-token`: for whom, how often, and what is written down of it.

use std::process::Command;

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, Server, TempDir, Wechat, binary, on_both_backends};

use super::start;

on_both_backends!(
    a_service_gets_the_token_of_the_fleet,
    nobody_else_does,
    a_refused_token_is_replaced_once,
    it_is_given_so_often_only,
    wechats_trouble_is_told,
);

const PATH: &str = "/internal/access-token";

/// What `yibi-server token new` prints: the token, and the settings that go with it.
fn new_token(name: &str, role: &str) -> (String, String) {
    let made = Command::new(binary("yibi-server")).args(["token", "new", name, "--role", role]).output();
    let made = String::from_utf8(made.unwrap().stdout).unwrap();
    let token = made.lines().find_map(|line| line.strip_prefix("# ").filter(|line| line.len() == 64));
    (token.unwrap().to_owned(), format!("[[admin.tokens]]{}", made.split_once("[[admin.tokens]]").unwrap().1))
}

/// A server with a token of each role but the first operator's.
struct Given {
    server: Server,
    service: Api,
    other: Api,
    viewer: String,
    operator: String,
    secrets: Vec<String>,
    _settings: TempDir,
}

fn given(backend: Backend, wechat: &Wechat) -> Given {
    let names = [("shop", "service"), ("other", "service"), ("ann", "viewer"), ("ben", "operator")];
    let made = names.map(|(name, role)| new_token(name, role));
    let settings = TempDir::new();
    let file = settings.path().join("yibi.toml");
    std::fs::write(&file, made.iter().map(|(_, lines)| lines.as_str()).collect::<String>()).unwrap();
    let further = [("CONFIG", file.to_str().unwrap()), ("WECHAT__TIMEOUT", "2")];
    let server = start(backend, wechat, &further);
    let secrets: Vec<String> = made.into_iter().map(|(token, _)| token).collect();
    let api = Api::new(&server.internal);
    Given {
        service: api.with_token(&secrets[0]),
        other: api.with_token(&secrets[1]),
        viewer: secrets[2].clone(),
        operator: secrets[3].clone(),
        server,
        secrets,
        _settings: settings,
    }
}

async fn fetched(wechat: &Wechat) -> u64 {
    wechat.calls().await["apis"]["stable_token"].as_u64().unwrap_or(0)
}

async fn audited(server: &Server) -> Vec<Value> {
    let operator = Api::new(&server.admin).with_token(ADMIN_TOKEN);
    operator.get("/admin/v1/audit").await.ok()["entries"].as_array().unwrap().clone()
}

async fn a_service_gets_the_token_of_the_fleet(backend: Backend) {
    let wechat = Wechat::start();
    let given = given(backend, &wechat);
    let app = json!({"app_id": wechat.app_id});
    let asked = [(&given.service, json!({})), (&given.service, app), (&given.other, json!({}))];
    let replies = join_all(asked.iter().map(|(api, body)| api.post(PATH, body))).await;
    let tokens: Vec<String> = replies
        .iter()
        .map(|reply| {
            let told = reply.ok();
            assert_eq!(reply.header("cache-control"), "no-store");
            assert!((300..=7_200).contains(&told["expires_in"].as_u64().unwrap()), "{told}");
            assert_eq!(told.as_object().unwrap().len(), 2);
            told["access_token"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(tokens.iter().all(|token| *token == tokens[0] && !token.is_empty()));
    assert_eq!(fetched(&wechat).await, 1);
    let entries = audited(&given.server).await;
    assert_eq!(entries.len(), 3);
    for entry in &entries {
        assert_eq!(
            (&entry["change"], &entry["target"]),
            (&json!("give_access_token"), &json!(wechat.app_id))
        );
        assert!(["token:shop", "token:other"].contains(&entry["who"].as_str().unwrap()), "{entry}");
        assert!(!entry["request_id"].as_str().unwrap().is_empty());
    }
    let log = given.server.log();
    assert!(!log.contains(&tokens[0]) && given.secrets.iter().all(|secret| !log.contains(secret)));
}

async fn nobody_else_does(backend: Backend) {
    let wechat = Wechat::start();
    let given = given(backend, &wechat);
    let server = &given.server;
    let api = Api::new(&server.internal);
    for role in [&given.viewer, &given.operator, ADMIN_TOKEN] {
        api.with_token(role).post(PATH, &json!({})).await.problem(403, "role_needed");
    }
    let user = server.signed_in(&wechat, "alice").await;
    for stranger in [api.clone(), api.with_token(""), api.with_token("x"), user.at(&server.internal)] {
        stranger.post(PATH, &json!({})).await.problem(401, "unauthenticated");
    }
    assert_eq!(given.service.get(PATH).await.status, 405);
    for elsewhere in [&server.public, &server.admin] {
        assert_eq!(given.service.at(elsewhere).post(PATH, &json!({})).await.status, 404);
    }
    // And a service sees and does nothing of the operators'.
    let at_admin = given.service.at(&server.admin);
    for path in ["me", "users", "sessions", "audit", "overview"] {
        at_admin.get(&format!("/admin/v1/{path}")).await.problem(403, "role_needed");
    }
    let id = user.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    at_admin.post(&format!("/admin/v1/users/{id}/block"), &Value::Null).await.problem(403, "role_needed");
    for wrong in [json!({"app_id": "wx0"}), json!({"app": 1}), json!({"refused": 1}), json!([])] {
        let refused = given.service.post(PATH, &wrong).await;
        assert!(refused.status.is_client_error(), "{wrong}: {}", refused.text());
    }
    assert_eq!(fetched(&wechat).await, 0);
    assert_eq!(audited(server).await.len(), 0);
}

async fn a_refused_token_is_replaced_once(backend: Backend) {
    let wechat = Wechat::start();
    let given = given(backend, &wechat);
    let text = |told: Value| told["access_token"].as_str().unwrap().to_owned();
    let first = text(given.service.post(PATH, &json!({})).await.ok());
    wechat.revoke_access_token().await;
    let refused = json!({"refused": first});
    let asked = join_all([&given.service, &given.other].map(|api| api.post(PATH, &refused))).await;
    let second: Vec<String> = asked.iter().map(|reply| text(reply.ok())).collect();
    assert!(second[0] != first && second[0] == second[1], "both get the one other");
    assert_eq!(fetched(&wechat).await, 2);
    // Who is late with the same complaint changes nothing.
    assert_eq!(text(given.other.post(PATH, &refused).await.ok()), second[0]);
    assert_eq!(fetched(&wechat).await, 2);
}

async fn it_is_given_so_often_only(backend: Backend) {
    let wechat = Wechat::start();
    let given = given(backend, &wechat);
    let nothing = json!({});
    let replies = join_all((0..40).map(|_| given.service.post(PATH, &nothing))).await;
    let refused: Vec<_> = replies.iter().filter(|reply| !reply.status.is_success()).collect();
    assert!((20..=30).contains(&refused.len()), "{} of 40", refused.len());
    for reply in refused {
        reply.problem(429, "rate_limited");
        assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    given.other.post(PATH, &json!({})).await.ok();
    assert_eq!(fetched(&wechat).await, 1);
}

async fn wechats_trouble_is_told(backend: Backend) {
    let wechat = Wechat::start();
    let given = given(backend, &wechat);
    wechat
        .script(json!([{"api": "stable_token", "step": {"error": {"errcode": 40125, "errmsg": "invalid appsecret"}}}]))
        .await;
    let reply = given.service.post(PATH, &json!({})).await;
    let problem = reply.problem(503, "wechat_misconfigured");
    assert!(!problem.to_string().contains("appsecret"), "{problem}");
    assert_eq!(audited(&given.server).await.len(), 1, "written down before it is done");
}
