//! Both OpenAPI documents: every operation has a route and lists all of its failures.

use reqwest::Method;
use serde_json::Value;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend};

/// All operations of a document: method, path and description.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let operation = &item[method.as_str().to_lowercase()];
            if operation.is_object() {
                found.push((method, path.clone(), operation));
            }
        }
    }
    assert!(found.len() > 20, "{}", found.len());
    found
}

/// The path with a value for each parameter.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "0" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn every_operation_is_routed_and_tells_its_failures(api: &Api, document: &Value) {
    let base = document["servers"][0]["url"].as_str().unwrap();
    for (method, path, operation) in operations(document) {
        let name = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        for class in ["4XX", "5XX"] {
            assert!(responses.contains_key(class), "{name} tells no {class}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ProblemBody", "{name} {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
        }
        // Without a token, an existing route replies with something other than "no such path" or "no such method".
        let reply = Api::send(api.request(method.clone(), &format!("{base}{}", filled(&path)))).await;
        let unrouted = ["not_found", "method_not_allowed"];
        let code = serde_json::from_slice::<Value>(&reply.body).map(|body| body["code"].clone());
        let code = code.unwrap_or_default();
        assert!(!unrouted.contains(&code.as_str().unwrap_or_default()), "{name}: {}", reply.text());
    }
}

#[tokio::test]
async fn both_documents_describe_routes_with_all_their_failures() {
    let app = App::start_with(Backend::Embedded, &[("LIMITS__ENABLED", "false")]);
    let public: Value = app.api().get("/api/v1/openapi.json").await.ok();
    every_operation_is_routed_and_tells_its_failures(&app.api(), &public).await;
    let admin = Api::new(&app.admin);
    let document: Value = admin.with_token(ADMIN_TOKEN).get("/admin/v1/openapi.json").await.ok();
    every_operation_is_routed_and_tells_its_failures(&admin, &document).await;
    let codes = |document: &Value| {
        document["components"]["schemas"]["ProblemBody"]["properties"]["code"]["enum"].clone()
    };
    assert_eq!(codes(&public), codes(&document));
    let closing = &public["paths"]["/session"]["post"]["responses"]["409"];
    assert!(closing.is_object(), "{public}");
}
