//! Error groups: every server reports the errors of all servers.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::databases::{Database, Kind};
use yibi_tests::{Api, App, Backend, Server, wait_until};

use super::operator;

/// Waits for the error group with this code.
async fn group(api: &Api, code: &str) -> Value {
    let find = || async {
        let errors = api.get("/admin/v1/errors").await.ok();
        errors["groups"].as_array().unwrap().iter().find(|group| group["code"] == code).cloned()
    };
    wait_until("the failure is told", || async { find().await.is_some() }).await;
    find().await.unwrap()
}

async fn name(server: &Server) -> Value {
    operator(server).get("/admin/v1/me").await.ok()["server"].clone()
}

#[tokio::test]
async fn a_failure_lists_its_users_requests_on_all_servers() {
    let app = App::start(Backend::Shared);
    let mut other = app.sibling();
    let (here, there) = (name(&app).await, name(&other).await);
    let api = operator(&app);
    wait_until("both are there", || async {
        api.get("/admin/v1/overview").await.ok()["servers"].as_array().unwrap().len() == 2
    })
    .await;
    let alice = app.user("alice").await;
    let elsewhere = alice.at(&other.public);
    alice.append("d", 0, json!([stroke(1)])).await.ok();
    elsewhere.get("/api/v1/drawings").await.ok();
    let conflict = elsewhere.append("d", 7, json!([stroke(1)])).await.problem(409, "conflict");
    alice.get("/api/v1/me").await.ok();

    let told = group(&api, "conflict").await;
    assert_eq!(told["servers"], json!([{"name": there, "count": 1}]));
    assert_eq!(told["latest"][0]["request_id"], conflict["request_id"]);
    let errors = api.get("/admin/v1/errors").await.ok();
    assert_eq!((&errors["failures"], &errors["missing"]), (&1.into(), &json!([])));
    assert!(errors["servers"].as_array().unwrap().contains(&there));

    let path = format!("/admin/v1/requests/{}", conflict["request_id"].as_str().unwrap());
    let detail = api.get(&path).await.ok();
    let neighbours = detail["neighbours"].as_array().unwrap().clone();
    let place = neighbours.iter().position(|row| row["request_id"] == conflict["request_id"]).unwrap();
    let at = |place: usize| (&neighbours[place]["server"], neighbours[place]["route"].as_str().unwrap());
    assert_eq!(at(place), (&there, "/api/v1/drawings/{id}/actions"));
    assert_eq!(at(place - 1), (&there, "/api/v1/drawings"));
    assert_eq!(at(place - 2), (&here, "/api/v1/drawings/{id}/actions"));
    assert_eq!(at(place + 1), (&here, "/api/v1/me"));
    assert_eq!(detail["missing"], json!([]));

    // The group details of the killed server are stored; its other requests were in memory only, and `missing`
    // names the server.
    other.process().kill();
    wait_until("it is missed", || async {
        api.get("/admin/v1/errors").await.ok()["missing"] == json!([there])
    })
    .await;
    let detail = api.get(&path).await.ok();
    assert_eq!((&detail["failure"]["server"], &detail["missing"]), (&there, &json!([there])));
    let neighbours = detail["neighbours"].as_array().unwrap();
    assert!(!neighbours.is_empty() && neighbours.iter().all(|row| row["server"] == here), "{neighbours:?}");
    assert_eq!(group(&api, "conflict").await["count"], 1);
}

#[tokio::test]
async fn unreported_errors_are_reported_after_an_outage() {
    let mut redis = Database::start(Kind::Redis).await;
    let app = App::start_with(Backend::Shared, &[("STORE__REDIS_URL", &redis.url())]);
    let other = app.sibling();
    let (api, here) = (operator(&app), name(&app).await);
    let alice = app.user("alice").await;
    redis.kill();
    wait_until("the session can't be read", || async { alice.get("/api/v1/me").await.status == 503 }).await;
    let told = group(&api, "unavailable").await;
    assert_eq!(told["servers"][0]["name"], here);
    let errors = api.get("/admin/v1/errors").await.ok();
    assert_eq!(errors["missing"], json!([here]), "the others could not be asked");
    let request = told["latest"][0]["request_id"].as_str().unwrap();
    api.get(&format!("/admin/v1/requests/{request}")).await.ok();

    redis.start_again().await;
    let told = group(&operator(&other), "unavailable").await;
    assert_eq!(told["servers"][0]["name"], here);
}
