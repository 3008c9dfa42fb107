//! Rooms: several people draw in one drawing.

mod checks;
mod doors;
mod operating;
mod relay;
mod several_servers;
mod together;

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::{Api, App, Backend, free_address};

const TOKEN: &str = "rooms";

/// A server with rooms, whose simulated WeChat checks pictures.
struct Rooms {
    app: App,
    alice: Api,
}

impl Rooms {
    async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    async fn start_with(backend: Backend, further: &[(&str, &str)]) -> Self {
        let address = free_address();
        let public_url = format!("http://{address}");
        let mut settings = vec![
            ("HTTP__LISTEN", address.as_str()),
            ("HTTP__PUBLIC_URL", &public_url),
            ("MODERATION__MODE", "enforce"),
            ("MODERATION__RETRY", "1"),
            ("WECHAT__PUSH_TOKEN", TOKEN),
            ("SHARING__LEVEL", "link"),
            ("LIMITS__ENABLED", "false"),
        ];
        settings.extend(further);
        let app = App::start_with(backend, &settings);
        app.wechat.push_to(&format!("{public_url}/wx/push"), TOKEN, None, false).await;
        let alice = app.user("alice").await;
        Self { app, alice }
    }

    /// Begins a drawing of Alice with one stroke and opens a room in it. Returns the room's code.
    async fn opened(&self, drawing: &str, kind: &str) -> String {
        self.alice.append(drawing, 0, json!([stroke(0)])).await.ok();
        let reply = open(&self.alice, drawing, kind).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["code"].as_str().unwrap().to_owned()
    }
}

/// The same user with connections of its own, for a server that was restarted.
fn anew(app: &App, user: &Api) -> Api {
    Api::new(&app.public).with_token(user.token.as_deref().unwrap())
}

async fn open(user: &Api, drawing: &str, kind: &str) -> Reply {
    user.post("/api/v1/rooms", &json!({"kind": kind, "drawing": drawing})).await
}

async fn room(user: &Api, code: &str) -> Value {
    user.get(&format!("/api/v1/rooms/{code}")).await.ok()
}

/// Sends a call without a body.
async fn call(user: &Api, code: &str, name: &str) -> Reply {
    user.post(&format!("/api/v1/rooms/{code}/{name}"), &json!({})).await
}

async fn draw(user: &Api, code: &str, id: &str, actions: Value) -> Reply {
    user.post(&format!("/api/v1/rooms/{code}/strokes"), &json!({"stroke_id": id, "actions": actions})).await
}

/// Draws one stroke, with its mark as the id.
async fn draw_one(user: &Api, code: &str, mark: i64) -> Reply {
    draw(user, code, &format!("s{mark}"), json!([stroke(mark)])).await
}

/// Takes the turn and draws one stroke.
async fn turn(user: &Api, code: &str, mark: i64) -> Value {
    call(user, code, "take").await.ok();
    draw_one(user, code, mark).await.ok()
}

async fn actions(user: &Api, code: &str, since: u64) -> Value {
    user.get(&format!("/api/v1/rooms/{code}/actions?since={since}")).await.ok()
}

/// The marks of the strokes in a list of actions, with the number of the author.
fn marks(actions: &Value) -> Vec<(u64, i64)> {
    let of = |action: &Value| (action["by"].as_u64().unwrap_or(0), action["points"][0].as_i64().unwrap());
    actions.as_array().unwrap().iter().filter(|action| action["type"] == "stroke").map(of).collect()
}

async fn public_id(user: &Api) -> String {
    user.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned()
}
