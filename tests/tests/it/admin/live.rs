//! Status of the servers and the event stream.

use std::time::Duration;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::databases::{Database, Kind};
use yibi_tests::{Api, App, Backend, Server, wait_until};

use super::operator;

/// A client of the event stream.
struct Listener {
    reply: reqwest::Response,
    text: String,
}

impl Listener {
    async fn to(server: &Server) -> Self {
        Self::of(server, "").await
    }

    /// Connects with a query.
    async fn of(server: &Server, query: &str) -> Self {
        let path = format!("/admin/v1/events{query}");
        let reply = operator(server).request(reqwest::Method::GET, &path).send().await.unwrap();
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        let mut listener = Self { reply, text: String::new() };
        assert_eq!(listener.piece().await.as_deref(), Some(": hello"));
        listener
    }

    /// Reads up to the next empty line; returns nothing after the end of the stream.
    async fn piece(&mut self) -> Option<String> {
        loop {
            if let Some((piece, rest)) = self.text.split_once("\n\n") {
                let (piece, rest) = (piece.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(piece);
            }
            let chunk = tokio::time::timeout(yibi_tests::DEADLINE, self.reply.chunk()).await;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().ok()??).unwrap());
        }
    }

    /// Reads the next event of this type.
    async fn next(&mut self, kind: &str) -> Value {
        loop {
            let piece = self.piece().await.unwrap();
            if let Some(data) = piece.strip_prefix("data: ") {
                let event: Value = serde_json::from_str(data).unwrap();
                if event["type"] == kind {
                    return event;
                }
            }
        }
    }
}

async fn events(backend: Backend) {
    let mut app = App::start(backend);
    let mut listener = Listener::to(&app).await;
    let name = operator(&app).get("/admin/v1/me").await.ok()["server"].clone();

    let alice = app.user("alice").await;
    let id = alice.get("/api/v1/me").await.ok()["id"].clone();
    let sign_in = listener.next("sign_in").await;
    assert_eq!((&sign_in["server"], &sign_in["user"]["id"]), (&name, &id));
    assert_eq!((&sign_in["new"], &sign_in["dialect"]), (&true.into(), &"yibi".into()));

    alice.append("d", 0, json!([stroke(1)])).await.ok();
    alice.append("d", 1, json!([stroke(2), stroke(3)])).await.ok();
    let (first, second) = (listener.next("save").await, listener.next("save").await);
    assert_eq!((&first["drawing"], &first["created"]), (&"d".into(), &true.into()));
    assert_eq!((&second["from_seq"], &second["seq"]), (&1.into(), &3.into()));
    assert_eq!(second["actions"], json!([stroke(2), stroke(3)]));

    alice.append("d", 9, json!([stroke(2)])).await.problem(409, "conflict");
    let failed = listener.next("failed").await;
    assert_eq!((&failed["failure"]["code"], &failed["failure"]["user"]), (&"conflict".into(), &id));

    let path = format!("/admin/v1/users/{}/sessions", id.as_str().unwrap());
    operator(&app).delete(&path).await.ok();
    assert_eq!(listener.next("changed").await["entry"]["change"], "revoke_sessions");
    assert_eq!(listener.next("revoked").await["user"]["id"], id);
    assert_eq!(app.process().terminate(), Some(0));
    while listener.piece().await.is_some() {}
}

#[tokio::test]
async fn events_embedded() {
    events(Backend::Embedded).await;
}

#[tokio::test]
async fn events_shared() {
    events(Backend::Shared).await;
}

#[tokio::test]
async fn a_listener_of_one_drawing_gets_no_events_of_others() {
    let app = App::start(Backend::Embedded);
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let id = alice.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let mut of_drawing = Listener::of(&app, &format!("?user={id}&drawing=d")).await;
    let mut of_failures = Listener::of(&app, "?kinds=failed,revoked").await;
    for user in [&bob, &alice] {
        user.append("e", 0, json!([stroke(1)])).await.ok();
        user.append("d", 0, json!([stroke(2)])).await.ok();
    }
    alice.append("d", 7, json!([stroke(1)])).await.problem(409, "conflict");
    operator(&app).delete(&format!("/admin/v1/users/{id}/drawings/d")).await.ok();
    let pieces = [of_drawing.piece().await.unwrap(), of_drawing.piece().await.unwrap()];
    let events =
        pieces.map(|piece| serde_json::from_str::<Value>(piece.strip_prefix("data: ").unwrap()).unwrap());
    assert_eq!((&events[0]["type"], &events[0]["user"]["id"]), (&"save".into(), &id.clone().into()));
    assert_eq!(events[0]["actions"], json!([stroke(2)]));
    assert_eq!(events[1]["entry"]["change"], "delete_drawing");
    let piece = of_failures.piece().await.unwrap();
    assert!(piece.contains("\"conflict\""), "{piece}");
    for query in ["drawing=d", "kinds=saves", "kinds=", "kind=save"] {
        let refused = operator(&app).get(&format!("/admin/v1/events?{query}")).await;
        assert!(refused.status.is_client_error(), "{query}");
    }
}

#[tokio::test]
async fn one_server_is_a_fleet_too() {
    let app = App::start(Backend::Embedded);
    let alice = app.user("alice").await;
    alice.append("d", 0, json!([stroke(1)])).await.ok();
    let api = operator(&app);
    wait_until("the stores are felt", || async {
        let overview = api.get("/admin/v1/overview").await.ok();
        overview["servers"][0]["figures"]["dependencies"][1]["state"] == "ok"
    })
    .await;
    let overview = api.get("/admin/v1/overview").await.ok();
    let [of_server] = overview["servers"].as_array().unwrap().as_slice() else { panic!("{overview}") };
    assert_eq!((&of_server["name"], &of_server["state"]), (&overview["server"], &"up".into()));
    let figures = &of_server["figures"];
    assert_eq!((&figures["requests"], &figures["failures"]), (&2.into(), &0.into()), "clients' alone");
    assert_eq!((&figures["sign_ins"], &figures["saves"]), (&1.into(), &1.into()));
    assert_eq!(figures["dependencies"][0]["backend"], "sqlite");
    assert!(figures["p99_ms"].as_f64().unwrap() > 0.0);
    for (what, count) in [("users", 1), ("drawings", 1), ("sessions", 1), ("online", 1)] {
        assert_eq!(overview[what]["value"], count, "{what}");
    }
}

#[tokio::test]
async fn the_view_says_that_a_server_is_missing() {
    let app = App::start(Backend::Shared);
    let mut other = app.sibling();
    let mut third = app.sibling();
    let api = operator(&app);
    let states = |api: Api| async move {
        let overview = api.get("/admin/v1/overview").await.ok();
        let servers = overview["servers"].as_array().unwrap().clone();
        let mut states: Vec<String> =
            servers.iter().map(|server| server["state"].as_str().unwrap().to_owned()).collect();
        states.sort_unstable();
        states
    };
    wait_until("all three are there", || async { states(api.clone()).await == ["up", "up", "up"] }).await;

    // Events of one server reach listeners of another.
    let mut listener = Listener::to(&app).await;
    let name = operator(&other).get("/admin/v1/me").await.ok()["server"].clone();
    let alice = other.signed_in(&app.wechat, "alice").await;
    let mut number = 0;
    let save = loop {
        number += 1;
        alice.append(&format!("d{number}"), 0, json!([stroke(1)])).await.ok();
        let heard = tokio::time::timeout(Duration::from_millis(300), listener.next("save")).await;
        if let Ok(save) = heard {
            break save;
        }
        assert!(number < 60, "nothing is heard of the other server");
    };
    assert_eq!((&save["server"], &save["actions"]), (&name, &json!([stroke(1)])));

    other.process().kill();
    assert_eq!(third.process().terminate(), Some(0));
    wait_until("one is missing, and one has left", || async {
        states(api.clone()).await == ["missing", "up"]
    })
    .await;
}

#[tokio::test]
async fn a_failure_leads_to_its_cause_and_neighbours() {
    let mut redis = Database::start(Kind::Redis).await;
    let app = App::start_with(Backend::Shared, &[("STORE__REDIS_URL", &redis.url())]);
    let api = operator(&app);
    let alice = app.user("alice").await;
    let id = alice.get("/api/v1/me").await.ok()["id"].clone();
    let refused = alice.append("d", 0, json!([{"type": "undo"}, {"type": "stroke"}])).await;
    assert!(refused.status.is_client_error());
    let conflict = alice.append("d", 7, json!([stroke(1)])).await;
    assert_eq!(conflict.status, 404, "{}", conflict.text());
    alice.append("d", 0, json!([stroke(1)])).await.ok();
    let conflict = alice.append("d", 7, json!([stroke(1)])).await.problem(409, "conflict");
    alice.get("/api/v1/drawings").await.ok();
    let request = conflict["request_id"].as_str().unwrap();
    let detail = api.get(&format!("/admin/v1/requests/{request}")).await.ok();
    assert_eq!((&detail["failure"]["code"], &detail["failure"]["user"]), (&"conflict".into(), &id));
    let neighbours = detail["neighbours"].as_array().unwrap();
    let place = neighbours.iter().position(|row| row["request_id"] == request).unwrap();
    assert_eq!(neighbours[place + 1]["route"], "/api/v1/drawings");
    assert_eq!(neighbours[place - 1]["status"], 200);

    redis.kill();
    // Servers cache a session for a second.
    wait_until("the session can't be read", || async { alice.get("/api/v1/me").await.status == 503 }).await;
    let failed = alice.get("/api/v1/me").await.problem(503, "unavailable");
    let request = failed["request_id"].as_str().unwrap();
    let detail = api.get(&format!("/admin/v1/requests/{request}")).await.ok();
    let cause = detail["failure"]["cause"].as_str().unwrap();
    assert!(cause.contains("out of reach") && cause.contains("Redis"), "{cause}");
    let errors = api.get("/admin/v1/errors").await.ok();
    let groups = errors["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["code"] == "unavailable").unwrap();
    assert_eq!((&group["latest"][0]["request_id"], &group["cause"]), (&failed["request_id"], &cause.into()));
    assert_eq!(group["routes"][0]["name"], "/api/v1/me");
    let overview = api.get("/admin/v1/overview").await.ok();
    assert_eq!((&overview["sessions"], &overview["drawings"]["value"]), (&Value::Null, &1.into()));
    api.get("/admin/v1/requests/unknown").await.problem(404, "request_not_found");
}
