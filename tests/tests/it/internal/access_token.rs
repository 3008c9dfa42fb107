//! `POST /internal/access-token`: authorization, refresh limits and audit entries.

use std::process::Command;

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, Server, TempDir, Wechat, binary, on_both_backends};

use super::start;

on_both_backends!(
    a_service_gets_the_token_of_the_fleet,
    other_roles_and_users_get_no_token,
    a_refused_token_is_replaced_once,
    requests_for_the_token_are_rate_limited,
    failures_of_wechat_are_reported,
);

const PATH: &str = "/internal/access-token";

/// Output of `yibi-server token new`: the token and its settings.
fn new_token(name: &str, role: &str) -> (String, String) {
    let made = Command::new(binary("yibi-server")).args(["token", "new", name, "--role", role]).output();
    let made = String::from_utf8(made.unwrap().stdout).unwrap();
    let token = made.lines().find_map(|line| line.strip_prefix("# ").filter(|line| line.len() == 64));
    (token.unwrap().to_owned(), format!("[[admin.tokens]]{}", made.split_once("[[admin.tokens]]").unwrap().1))
}

/// A server with a token of each role besides the first operator's.
struct Services {
    app: App,
    service: Api,
    other: Api,
    viewer: String,
    operator: String,
    secrets: Vec<String>,
    _settings: TempDir,
}

fn start_with_services(backend: Backend) -> Services {
    let names = [("shop", "service"), ("other", "service"), ("ann", "viewer"), ("ben", "operator")];
    let made = names.map(|(name, role)| new_token(name, role));
    let settings = TempDir::new();
    let file = settings.path().join("yibi.toml");
    std::fs::write(&file, made.iter().map(|(_, lines)| lines.as_str()).collect::<String>()).unwrap();
    let further = [("CONFIG", file.to_str().unwrap()), ("WECHAT__TIMEOUT", "2")];
    let app = start(backend, &further);
    let secrets: Vec<String> = made.into_iter().map(|(token, _)| token).collect();
    let api = Api::new(&app.internal);
    Services {
        service: api.with_token(&secrets[0]),
        other: api.with_token(&secrets[1]),
        viewer: secrets[2].clone(),
        operator: secrets[3].clone(),
        app,
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
    let services = start_with_services(backend);
    let app = json!({"app_id": services.app.wechat.app_id});
    let asked = [(&services.service, json!({})), (&services.service, app), (&services.other, json!({}))];
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
    assert_eq!(fetched(&services.app.wechat).await, 1);
    let entries = audited(&services.app).await;
    assert_eq!(entries.len(), 3);
    for entry in &entries {
        assert_eq!(
            (&entry["change"], &entry["target"]),
            (&json!("give_access_token"), &json!(services.app.wechat.app_id))
        );
        assert!(["token:shop", "token:other"].contains(&entry["who"].as_str().unwrap()), "{entry}");
        assert!(!entry["request_id"].as_str().unwrap().is_empty());
    }
    let log = services.app.log();
    assert!(!log.contains(&tokens[0]) && services.secrets.iter().all(|secret| !log.contains(secret)));
}

async fn other_roles_and_users_get_no_token(backend: Backend) {
    let services = start_with_services(backend);
    let server = &services.app;
    let api = Api::new(&server.internal);
    for role in [&services.viewer, &services.operator, ADMIN_TOKEN] {
        api.with_token(role).post(PATH, &json!({})).await.problem(403, "role_needed");
    }
    let user = server.signed_in(&services.app.wechat, "alice").await;
    for stranger in [api.clone(), api.with_token(""), api.with_token("x"), user.at(&server.internal)] {
        stranger.post(PATH, &json!({})).await.problem(401, "unauthenticated");
    }
    assert_eq!(services.service.get(PATH).await.status, 405);
    for elsewhere in [&server.public, &server.admin] {
        assert_eq!(services.service.at(elsewhere).post(PATH, &json!({})).await.status, 404);
    }
    // A service has no access to the operators' API.
    let at_admin = services.service.at(&server.admin);
    for path in ["me", "users", "sessions", "audit", "overview"] {
        at_admin.get(&format!("/admin/v1/{path}")).await.problem(403, "role_needed");
    }
    let id = user.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    at_admin.post(&format!("/admin/v1/users/{id}/block"), &Value::Null).await.problem(403, "role_needed");
    for wrong in [json!({"app_id": "wx0"}), json!({"app": 1}), json!({"refused": 1}), json!([])] {
        let refused = services.service.post(PATH, &wrong).await;
        assert!(refused.status.is_client_error(), "{wrong}: {}", refused.text());
    }
    assert_eq!(fetched(&services.app.wechat).await, 0);
    assert_eq!(audited(server).await.len(), 0);
}

async fn a_refused_token_is_replaced_once(backend: Backend) {
    let services = start_with_services(backend);
    let text = |told: Value| told["access_token"].as_str().unwrap().to_owned();
    let first = text(services.service.post(PATH, &json!({})).await.ok());
    services.app.wechat.revoke_access_token().await;
    let refused = json!({"refused": first});
    let asked = join_all([&services.service, &services.other].map(|api| api.post(PATH, &refused))).await;
    let second: Vec<String> = asked.iter().map(|reply| text(reply.ok())).collect();
    assert!(second[0] != first && second[0] == second[1], "both get the one other");
    assert_eq!(fetched(&services.app.wechat).await, 2);
    // A late report of the same rejected token has no effect.
    assert_eq!(text(services.other.post(PATH, &refused).await.ok()), second[0]);
    assert_eq!(fetched(&services.app.wechat).await, 2);
}

async fn requests_for_the_token_are_rate_limited(backend: Backend) {
    let services = start_with_services(backend);
    let nothing = json!({});
    let replies = join_all((0..40).map(|_| services.service.post(PATH, &nothing))).await;
    let refused: Vec<_> = replies.iter().filter(|reply| !reply.status.is_success()).collect();
    assert!((20..=30).contains(&refused.len()), "{} of 40", refused.len());
    for reply in refused {
        reply.problem(429, "rate_limited");
        assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    services.other.post(PATH, &json!({})).await.ok();
    assert_eq!(fetched(&services.app.wechat).await, 1);
}

async fn failures_of_wechat_are_reported(backend: Backend) {
    let services = start_with_services(backend);
    services.app.wechat
        .script(json!([{"api": "stable_token", "step": {"error": {"errcode": 40125, "errmsg": "invalid appsecret"}}}]))
        .await;
    let reply = services.service.post(PATH, &json!({})).await;
    let problem = reply.problem(503, "wechat_misconfigured");
    assert!(!problem.to_string().contains("appsecret"), "{problem}");
    assert_eq!(audited(&services.app).await.len(), 1, "written down before it is done");
}
