//! Prometheus rules and the Grafana dashboard query existing metrics.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, Server, wait_until};

use super::{output, read, repository};

#[test]
fn the_rules_fire_when_they_should() {
    let mut promtool = Command::new("promtool");
    output(promtool.current_dir(repository("deploy/prometheus")).args(["test", "rules", "alerts.test.yaml"]));
}

/// All names in a text that begin with `yibi_`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("yibi_")).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_metric_that_is_asked_for_is_there() {
    let dashboard = read("deploy/prometheus/dashboard.json");
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut asked = names(&dashboard);
    asked.extend(names(&read("deploy/prometheus/alerts.yaml")));
    assert!(asked.len() > 8, "{asked:?}");

    // A healthy server, one with a shop, and one whose Redis is gone.
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("a", 0, json!([stroke(1)])).await.ok();
    let broken =
        Server::start_with(Backend::Embedded, &app.wechat, &[("STORE__REDIS_URL", "redis://127.0.0.1:1/")]);
    let sign_in = json!({"code": app.wechat.code("alice").await});
    assert_eq!(broken.api().post("/api/v1/session", &sign_in).await.status, 503);

    let products = r#"[{"id": "a4", "name": "A4", "paper": "a4", "price": 1990}]"#;
    let settings = [("SHOP__ENABLED", "true"), ("SHOP__PRODUCTS", products)];
    let shop = App::start_for_merchant(Backend::Embedded, "v3", &settings);
    let of_shop = Api::new(&shop.admin);
    wait_until("the orders are counted", async || {
        of_shop.get("/metrics").await.text().contains("yibi_orders_oldest_seconds{")
    })
    .await;
    let forged = Api::new(&shop.public).post("/wx/pay/notify", &json!({})).await;
    assert_eq!(forged.status, 401);

    let mut counted = BTreeSet::new();
    for app in [&app, &broken, &shop] {
        let admin = Api::new(&app.admin);
        let text = admin.get("/metrics").await.text();
        counted.extend(names(
            &text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"),
        ));
    }
    let missing: Vec<&String> = asked.difference(&counted).collect();
    assert!(missing.is_empty(), "{missing:?} of {counted:?}");
}
