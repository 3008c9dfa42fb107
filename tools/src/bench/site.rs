//! A server and users with drawings.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tokio::task::JoinSet;

use super::process::resident_mb;
use super::strokes::{stroke, weapp_list};
use super::wechat::{self, SESSION_KEY};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::weapp::encode_uri_component;
use yibi_tests::{Api, Backend, Server, Wechat};

/// Number of connections, each of one user.
pub const CONNECTIONS: usize = 64;
/// Number of drawings of each user.
pub const DRAWINGS: usize = 20;
/// Number of points of the drawings of v1.
const POINTS: usize = 200;

#[derive(Debug, Default)]
pub struct People {
    /// Tokens of v1, one for each connection.
    pub tokens: Vec<String>,
    /// Codes of 2016 of users with drawings and of users without.
    pub codes: [Vec<String>; 2],
    /// Codes of shares that the public sees, one for each connection.
    pub shares: Vec<String>,
}

/// A server and its users.
pub struct Site {
    pub server: Server,
    /// The backend of the server.
    pub backend: Backend,
    pub people: People,
    /// Milliseconds from the start to the first reply.
    pub started_ms: f64,
    /// Memory of the idle server in megabytes.
    pub idle_mb: f64,
    _simulator: Wechat,
}

impl Site {
    /// Starts a server without rate limits, with the logs of a deployment.
    pub async fn start(backend: Backend) -> Self {
        let simulator = Wechat::start();
        let wechat = format!("http://{}", wechat::start().await);
        let settings = [
            ("LIMITS__ENABLED", "false"),
            ("LOG__FILTER", "info"),
            ("WECHAT__API_URL", &wechat),
            ("SHARING__LEVEL", "link"),
            ("SHARING__REVIEW", "operator"),
        ];
        let server = Server::start_with(backend, &simulator, &settings);
        let people = People::default();
        let mut site = Self { server, backend, people, started_ms: 0.0, idle_mb: 0.0, _simulator: simulator };
        site.restart().await;
        site.people = People::come(&site.server, CONNECTIONS).await;
        site.people.share(&site.server).await;
        site
    }

    /// The address of the public listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.public.trim_start_matches("http://").parse().unwrap()
    }

    /// Stops the server and starts it again.
    pub async fn restart(&mut self) {
        assert_eq!(self.server.process().terminate(), Some(0));
        self.start_again().await;
    }

    /// Starts the stopped server.
    pub async fn start_again(&mut self) {
        let begun = Instant::now();
        self.server.start_again();
        self.server.api().get("/").await.ok();
        self.server.process().stop_listening();
        self.started_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.idle_mb = resident_mb(self.server.id());
    }
}

impl People {
    /// Signs users in and lets them draw. The server uses the [fast WeChat](super::wechat).
    pub async fn come(server: &Server, count: usize) -> Self {
        let mut all = JoinSet::new();
        for number in 0..count {
            all.spawn(person(server.api(), server.public.clone(), number));
        }
        let mut all = all.join_all().await;
        all.sort_by_key(|(number, ..)| *number);
        let mut people = Self::default();
        for (_, token, [drawing, idle]) in all {
            people.tokens.push(token);
            people.codes[0].push(drawing);
            people.codes[1].push(idle);
        }
        people
    }

    /// Has each person share a drawing, on a server that lets operators decide about shares.
    async fn share(&mut self, server: &Server) {
        let operator = Api::new(&server.admin).with_token(ADMIN_TOKEN);
        for token in &self.tokens {
            self.shares.push(shared(&server.api().with_token(token), &operator).await);
        }
    }
}

/// Shares a drawing, which an operator passes. Returns the code.
async fn shared(user: &Api, operator: &Api) -> String {
    let share = user.post("/api/v1/drawings/r0/share", &json!({})).await.ok();
    let code = share["code"].as_str().unwrap().to_owned();
    let case = format!("{code}-{}", share["checking_seq"]);
    operator.post(&format!("/admin/v1/reviews/{case}/pass"), &json!({})).await.ok();
    code
}

async fn person(api: Api, public: String, number: usize) -> (usize, String, [String; 2]) {
    let api = api.sign_in(&format!("v{number}.0")).await;
    for drawing in 0..DRAWINGS {
        let mark = u32::try_from(number * DRAWINGS + drawing).unwrap();
        let actions: Value = serde_json::from_str(&format!("[{}]", stroke(mark, POINTS))).unwrap();
        api.append(&format!("r{drawing}"), 0, actions).await.ok();
    }
    let codes = [format!("w{number}.0"), format!("e{number}.0")];
    for code in &codes {
        let profile =
            json!({"nickName": format!("person {number}"), "gender": 1, "language": "zh_CN"}).to_string();
        let signature = Sha1::new().chain_update(&profile).chain_update(SESSION_KEY).finalize();
        let list = Api::new(&public).request(reqwest::Method::GET, "/applet/session/paints/list");
        let list = list
            .header("X-WX-Code", code)
            .header("X-WX-RawData", encode_uri_component(&profile))
            .header("X-WX-Signature", HEXLOWER.encode(&signature));
        assert_eq!(Api::send(list).await.ok(), json!({"code": 0, "msg": "success", "data": []}));
    }
    for drawing in 0..DRAWINGS {
        let save = Api::new(&public).request(reqwest::Method::POST, "/applet/session/paints/save");
        let mark = u32::try_from(drawing).unwrap();
        let save = save.header("X-WX-Code", &codes[0]);
        let save = save.json(&json!({"id": format!("p{drawing}"), "actions": weapp_list(mark)}));
        assert_eq!(Api::send(save).await.ok()["code"], 0);
    }
    (number, api.token.unwrap(), codes)
}
