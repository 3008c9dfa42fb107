//! The review queue in a terminal, and its commands for scripts.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, TempDir, Terminal, wait_until};

use super::scripts::{lines, run};
use super::{SIZE, console};

/// A server on which every share waits for an operator.
fn reviewed() -> App {
    let settings = [
        ("SHARING__LEVEL", "link"),
        ("SHARING__REVIEW", "operator"),
        ("HTTP__PUBLIC_URL", "https://yibi.example"),
    ];
    App::start_with(Backend::Embedded, &settings)
}

/// Draws and shares, which opens a case.
async fn share(user: &Api, drawing: &str, title: &str) {
    let actions = json!([stroke(1), stroke(2)]);
    let body = json!({"from_seq": 0, "drawing": {"title": title}, "actions": actions});
    user.post(&format!("/api/v1/drawings/{drawing}/actions"), &body).await.ok();
    user.post(&format!("/api/v1/drawings/{drawing}/share"), &json!({})).await.ok();
}

async fn state(user: &Api, drawing: &str) -> (Value, Value) {
    let share = user.get(&format!("/api/v1/drawings/{drawing}/share")).await.ok();
    (share["state"].clone(), share["reason"].clone())
}

#[tokio::test]
async fn a_case_is_uncovered_passed_and_taken_back() {
    let home = TempDir::new();
    let app = reviewed();
    let alice = app.user("alice").await;
    share(&alice, "a", "山水").await;
    let mut terminal = console(&app, &home);
    terminal.press("8");
    terminal.wait_for("state:held");
    terminal.wait_for("▸");
    terminal.press("a");
    terminal.wait_for("look at it first");
    terminal.press("\r");
    terminal.wait_for("Space uncovers it");
    terminal.wait_for("yours for");
    terminal.wait_for("山水");
    terminal.press(" ");
    terminal.wait_without("Space uncovers it");
    terminal.press("a");
    terminal.wait_for("takes it back");
    assert_eq!(state(&alice, "a").await.0, "shown");
    terminal.press("u");
    wait_until("the pass is taken back", async || state(&alice, "a").await.0 == "held").await;
    terminal.wait_for("held · yours for");
    // The page may show the change before the console knows that it is made.
    while !terminal.screen().contents().contains("Remove this?") {
        terminal.press("X");
        terminal.wait_until("the question, or a change under way", |screen| {
            let contents = screen.contents();
            contents.contains("Remove this?") || contents.contains("still being made")
        });
    }
    terminal.press("4");
    terminal.wait_for("removed");
    terminal.wait_for("takes it back");
    assert_eq!(state(&alice, "a").await, (json!("removed"), json!(4)));
    terminal.press("n");
    terminal.wait_for("nothing waits for a decision");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_restored());
}

#[tokio::test]
async fn another_operator_sees_the_claim_and_the_note() {
    let home = TempDir::new();
    let app = reviewed();
    let alice = app.user("alice").await;
    share(&alice, "a", "山水").await;
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    let case = operator.get("/admin/v1/reviews").await.ok()["reviews"][0]["id"].as_str().unwrap().to_owned();
    operator.post(&format!("/admin/v1/reviews/{case}/claim"), &json!({})).await.ok();
    // Through the socket the console is another operator than the token.
    let socket = app.data_dir().join("admin.sock");
    let mut terminal = Terminal::start(SIZE, home.path(), &["--socket", socket.to_str().unwrap()], &[]);
    terminal.press("8");
    terminal.wait_for("admin has it");
    terminal.press("\r");
    terminal.wait_for("admin looks at it");
    terminal.press("X");
    terminal.wait_for("admin has this case open");
    terminal.press("N");
    terminal.wait_for("Note for operators");
    terminal.press("looks fine to me\r");
    terminal.wait_for("NOTES");
    let one = operator.get(&format!("/admin/v1/reviews/{case}")).await.ok();
    assert_eq!(one["notes"][0]["text"], "looks fine to me");
    assert_eq!(state(&alice, "a").await.0, "held");
}

#[tokio::test]
async fn hostile_names_stay_in_their_places() {
    let home = TempDir::new();
    let app = reviewed();
    let alice = app.user("alice").await;
    alice.patch("/api/v1/me", &json!({"nickname": "👩\u{200d}🎨<script>".repeat(2)})).await.ok();
    share(&alice, "a", &"🎨".repeat(60)).await;
    let mut terminal = console(&app, &home);
    terminal.press("8");
    terminal.wait_for("▸");
    terminal.press("\r");
    terminal.wait_for("Space uncovers it");
    terminal.press(" ");
    terminal.wait_without("Space uncovers it");
    for (columns, rows) in [(40, 10), (80, 24), (120, 40)] {
        terminal.resize(columns, rows);
        terminal.wait_until("the upper bar", |screen| screen.contents().starts_with(" 一笔"));
    }
}

#[tokio::test]
async fn the_queue_is_worked_by_commands() {
    let app = reviewed();
    let alice = app.user("alice").await;
    for drawing in ["a", "b"] {
        share(&alice, drawing, "").await;
    }
    let run = |arguments: &[&str]| run(&app.admin, ADMIN_TOKEN, arguments);
    let queue = lines(&run(&["reviews", "--json"]).1);
    assert_eq!(queue.len(), 2);
    assert_eq!(run(&["reviews"]).1.lines().count(), 2);
    let ids: Vec<&str> = queue.iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(run(&["--read-only", "review", "pass", ids[0]]).0, Some(3));
    assert_eq!(run(&["review", "remove", ids[1]]).0, Some(2), "a removal needs a reason");
    assert_eq!(run(&["review", "remove", ids[1], "--reason", "7"]).0, Some(2));
    assert_eq!(run(&["review", "pass", ids[0]]), (Some(0), format!("passed {}\n", ids[0])));
    let told = lines(&run(&["review", "remove", ids[1], "--reason", "5", "--json"]).1);
    assert_eq!(told, [json!({"change": "remove_case", "id": ids[1]})]);
    assert_eq!(state(&alice, "a").await.0, "shown");
    assert_eq!(state(&alice, "b").await, (json!("removed"), json!(5)));
    assert_eq!(
        run(&["review", "remove", ids[0], "--reason", "1"]).0,
        Some(3),
        "a decided case is held first"
    );
    assert_eq!(run(&["review", "hold", ids[0]]), (Some(0), format!("held {}\n", ids[0])));
    assert_eq!(state(&alice, "a").await.0, "held");
    assert_eq!(run(&["review", "pass", "no-such-case"]).0, Some(3));
    for (state, count) in [("held", 1), ("removed", 1), ("passed", 0), ("all", 2)] {
        assert_eq!(lines(&run(&["reviews", "--state", state, "--json"]).1).len(), count, "{state}");
    }
    assert_eq!(lines(&run(&["reviews", "--json", "--filter", "reason:5 state:removed"]).1).len(), 1);
}
