//! Migration moves all data, also after repeated kills.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::command::{command, run};
use yibi_tests::process::Process;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, Server, TempDir, Wechat, service, unique};

/// Number of drawings of the first user, above the batch size of the migration.
const MANY: usize = 700;

/// Settings of an empty shared target and of an embedded source.
struct Ends {
    settings: Vec<(&'static str, String)>,
}

impl Ends {
    fn new(wechat: &Wechat, data: &std::path::Path) -> Self {
        let name = format!("m{}", unique());
        Self {
            settings: vec![
                ("STORE__DATA_DIR", data.display().to_string()),
                ("STORE__MONGODB_URI", service("YIBI_TEST_MONGODB_URI")),
                ("STORE__MONGODB_DATABASE", name.clone()),
                ("STORE__REDIS_URL", service("YIBI_TEST_REDIS_URL")),
                ("STORE__REDIS_PREFIX", format!("{name}:")),
                ("WECHAT__APP_ID", wechat.app_id.clone()),
                ("LIMITS__ENABLED", "false".to_owned()),
            ],
        }
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn embedded_at(mut self, data: &std::path::Path) -> Self {
        self.settings[0].1 = data.display().to_string();
        self
    }
}

const THERE: [&str; 5] = ["migrate", "--from", "embedded", "--to", "shared"];
const BACK: [&str; 5] = ["migrate", "--from", "shared", "--to", "embedded"];

/// A server on the embedded store with records of every kind.
async fn filled(wechat: &Wechat, many: usize) -> (Server, Vec<Api>) {
    let server = Server::start_with(Backend::Embedded, wechat, &[("LIMITS__ENABLED", "false")]);
    let mut users = Vec::new();
    for name in ["ann", "ann-b", "ben"] {
        let api = server.signed_in(wechat, name).await;
        for drawing in 0..if name == "ann" { many } else { 5 } {
            api.append(&format!("d{drawing}"), 0, json!([stroke(1), stroke(2)])).await.ok();
        }
        users.push(api);
    }
    let ben = &users[2];
    // Longer than the tail that MongoDB keeps in a header.
    for turn in 0..40_i64 {
        let strokes: Vec<Value> = (0..20).map(|mark| long_stroke(turn * 100 + mark)).collect();
        ben.append("long", u64::try_from(turn).unwrap() * 20, json!(strokes)).await.ok();
    }
    ben.patch("/api/v1/drawings/d1", &json!({"title": "树 tree"})).await.ok();
    ben.delete("/api/v1/drawings/d2").await.ok();
    ben.patch("/api/v1/me", &json!({"nickname": "本"})).await.ok();
    let old = crate::outages::of_2016(&server.api(), &wechat.login("ben").await);
    old.get("/applet/session/paints/list").await.ok();
    let avatar = ben.get("/api/v1/me").await.ok()["avatar_url"].clone();
    assert!(avatar.as_str().unwrap().starts_with("https://wx.qlogo.cn/"), "of the profile: {avatar}");
    for id in ["p1", "an id of 2016 / with a slash"] {
        let saved = json!({"id": id, "actions": "[{\"method\":\"stroke\",\"data\":[]}]"});
        assert_eq!(old.post("/applet/session/paints/save", &saved).await.ok()["code"], 0);
        assert_eq!(old.post("/applet/session/paints/save", &saved).await.ok()["code"], 0);
    }
    // Creates entries of the audit log.
    let admin = Api::new(&server.admin).with_token(ADMIN_TOKEN);
    let zoe = server.signed_in(wechat, "zoe").await.get("/api/v1/me").await.ok()["id"].clone();
    let block = format!("/admin/v1/users/{}/block", zoe.as_str().unwrap());
    admin.post(&block, &json!({"reason": "a test"})).await.ok();
    users.push(old);
    (server, users)
}

fn long_stroke(mark: i64) -> Value {
    let points: Vec<i64> = (0..60)
        .flat_map(|point| [(mark * 7 + point * 13) % 97, (point * 31) % 89, 16.min(point * 16)])
        .collect();
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 28, "at": mark, "points": points})
}

/// The data that a server shows to its users, and its audit log.
async fn shown(server: &Server, users: &[Api]) -> Vec<Value> {
    let mut shown = Vec::new();
    for api in &users[..3] {
        let api = api.at(&server.public);
        shown.push(api.get("/api/v1/me").await.ok());
        for path in ["/api/v1/drawings?limit=100", "/api/v1/drawings?deleted=true&limit=100"] {
            let mut page = api.get(path).await.ok();
            // Signatures of links may change at midnight.
            for drawing in page["drawings"].as_array_mut().unwrap() {
                drawing.as_object_mut().unwrap().remove("image_url");
            }
            page.as_object_mut().unwrap().remove("next");
            shown.push(page);
        }
        for id in ["d0", "d1", "d2", "long", "p1"] {
            let reply = api.get(&format!("/api/v1/drawings/{id}")).await;
            shown.push(json!([reply.status.as_u16(), reply.json()["actions"], reply.json()["updated_at"]]));
        }
    }
    shown.push(users[3].at(&server.public).get("/applet/session/paints/list").await.ok());
    let admin = Api::new(&server.admin).with_token(ADMIN_TOKEN);
    shown.push(admin.get("/admin/v1/audit?limit=100").await.ok());
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_migration_completes_in_both_directions() {
    let wechat = Wechat::start();
    let (mut server, users) = filled(&wechat, MANY).await;
    let before = shown(&server, &users).await;
    let picture = users[0].get("/api/v1/drawings?limit=1").await.ok()["drawings"][0]["image_url"].clone();
    let ends = Ends::new(&wechat, &server.data_dir());
    let busy = run(&THERE, &ends.settings());
    assert_eq!(busy.code, Some(1));
    assert!(busy.stderr.contains("another process is using"), "{}", busy.stderr);
    assert_eq!(server.process().terminate(), Some(0));

    let journal = server.data_dir().join("migration.json");
    let mut furthest = 0;
    for _ in 0..3 {
        let mut moving = Process::start(&mut command(&THERE, &ends.settings()));
        // Kills the migration as soon as it has progressed beyond the last kill.
        furthest = goes_on(&journal, furthest, &mut moving).await;
        moving.kill();
        assert!(journal.exists(), "it was done already");
    }
    // The server refuses a half-migrated store.
    let early = run(&["serve"], &serving(&ends, &wechat));
    assert_eq!(early.code, Some(1));
    assert!(early.stderr.contains("migration.json"), "{}", early.stderr);
    let moved = run(&THERE, &ends.settings());
    assert_eq!(moved.code, Some(0), "{}", moved.stderr);
    assert!(
        moved.stdout.contains(&format!("4 users, {} drawings", MANY + 5 + 5 + 1 + 2)),
        "{}",
        moved.stdout
    );
    assert!(!journal.exists());

    // Sessions and keys are migrated too, so no user has to sign in again.
    let mut there = Server::start_with(Backend::Embedded, &wechat, &shared(&ends));
    assert_eq!(shown(&there, &users).await, before);
    there.api().get(picture.as_str().unwrap()).await.ok_bytes();
    users[0].at(&there.public).append("d0", 2, json!([stroke(3)])).await.ok();
    let after = shown(&there, &users).await;
    // The output names the remaining source files.
    assert!(moved.stdout.contains("yibi.sqlite3 and its -wal and -shm"), "{}", moved.stdout);
    let again = run(&THERE, &ends.settings());
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("servers are running"), "{}", again.stderr);
    assert_eq!(there.process().terminate(), Some(0));

    let elsewhere = TempDir::new();
    let ends = ends.embedded_at(elsewhere.path());
    let back = run(&BACK, &ends.settings());
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    let path = elsewhere.path().display().to_string();
    let here = Server::start_with(Backend::Embedded, &wechat, &[("STORE__DATA_DIR", &path)]);
    assert_eq!(shown(&here, &users).await, after);
    here.api().get(picture.as_str().unwrap()).await.ok_bytes();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_with_data_is_refused() {
    let wechat = Wechat::start();
    let (mut server, _) = filled(&wechat, 1).await;
    assert_eq!(server.process().terminate(), Some(0));
    let ends = Ends::new(&wechat, &server.data_dir());
    assert_eq!(run(&THERE, &ends.settings()).code, Some(0));
    let again = run(&THERE, &ends.settings());
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("4 users"), "{}", again.stderr);
    // A rejected target contains no keys.
    let keys = ["sealing.key", "signing.key"].map(|name| server.data_dir().join(name));
    for key in &keys {
        std::fs::remove_file(key).unwrap();
    }
    let back = run(&BACK, &ends.settings());
    assert!(back.stderr.contains("4 users"), "{}", back.stderr);
    assert!(keys.iter().all(|key| !key.exists()));
    let alike = run(&["migrate", "--from", "shared", "--to", "shared"], &ends.settings());
    assert_eq!(alike.code, Some(78));
    let nowhere = run(&THERE, &[("STORE__DATA_DIR", &server.data_dir().display().to_string())]);
    assert_eq!(nowhere.code, Some(78));
    assert!(nowhere.stderr.contains("store.mongodb_uri"), "{}", nowhere.stderr);
    assert_eq!(run(&["migrate"], &ends.settings()).code, Some(2));
}

/// Waits until the journal's progress exceeds `from`; returns the progress.
async fn goes_on(journal: &std::path::Path, from: u64, moving: &mut Process) -> u64 {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let note = std::fs::read_to_string(journal).unwrap_or_default();
        let note: Value = serde_json::from_str(&note).unwrap_or_default();
        let done = note["done"].as_u64().unwrap_or(0);
        if note["part"] == "drawings" && done > from {
            return done;
        }
        if note["part"] == "audit" || note["part"] == "rest" {
            return u64::MAX;
        }
        assert!(moving.runs(), "it ended: {}", moving.output());
        assert!(Instant::now() < end, "it does not go on from {from}: {note}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn shared(ends: &Ends) -> Vec<(&str, &str)> {
    let mut settings = ends.settings();
    settings.retain(|(name, _)| !name.starts_with("WECHAT") && *name != "STORE__DATA_DIR");
    settings
}

fn serving<'a>(ends: &'a Ends, wechat: &'a Wechat) -> Vec<(&'a str, &'a str)> {
    let mut settings = ends.settings();
    settings.extend([
        ("WECHAT__APP_SECRET", yibi_tests::server::APP_SECRET),
        ("WECHAT__API_URL", wechat.url.as_str()),
        ("ADMIN__TOKEN", ADMIN_TOKEN),
        ("HTTP__LISTEN", "127.0.0.1:0"),
        ("ADMIN__LISTEN", "127.0.0.1:0"),
    ]);
    settings
}
