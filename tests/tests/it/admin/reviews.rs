//! The review queue: list, roles, decisions of several operators, and crashes in between.

use std::path::Path;

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, TempDir, on_both_backends, wait_until};

use super::access::new_token;
use super::{audited, column, operator, rows};

on_both_backends! {
    the_queue_is_listed_filtered_and_paged,
    a_viewer_looks_and_decides_nothing,
    decisions_apply_to_the_share_and_are_repeatable,
    two_operators_do_not_decide_the_same_case,
    a_decision_survives_a_crash_at_any_moment,
    reports_notes_and_pictures_are_shown,
}

const QUEUE: &str = "/admin/v1/reviews?state=held";

/// A server on which every share waits for an operator, and its operators ann (a viewer), ben and eve.
struct Reviewed {
    app: App,
    ann: Api,
    ben: Api,
    eve: Api,
    _config: TempDir,
}

fn reviewed(backend: Backend) -> Reviewed {
    let directory = TempDir::new();
    let mut settings = String::new();
    let mut tokens = Vec::new();
    for (name, role) in [("ann", "viewer"), ("ben", "operator"), ("eve", "operator")] {
        let (token, lines) = new_token(name, role);
        settings.push_str(&lines);
        tokens.push(token);
    }
    let file = directory.path().join("yibi.toml");
    std::fs::write(&file, settings).unwrap();
    let further = [
        ("CONFIG", file.to_str().unwrap()),
        ("SHARING__LEVEL", "link"),
        ("SHARING__REVIEW", "operator"),
        ("HTTP__PUBLIC_URL", "https://yibi.example"),
    ];
    let app = App::start_with(backend, &further);
    let api = Api::new(&app.admin);
    let [ann, ben, eve] = [0, 1, 2].map(|index: usize| api.with_token(&tokens[index]));
    Reviewed { app, ann, ben, eve, _config: directory }
}

/// Draws and shares; returns the code, which opens a case.
async fn share(user: &Api, drawing: &str) -> String {
    user.append(drawing, 0, json!([stroke(1), stroke(2)])).await.ok();
    shared(user, drawing, "POST").await["code"].as_str().unwrap().to_owned()
}

async fn shared(user: &Api, drawing: &str, method: &str) -> Value {
    let path = format!("/api/v1/drawings/{drawing}/share");
    if method == "POST" { user.post(&path, &json!({})).await.ok() } else { user.get(&path).await.ok() }
}

async fn share_state(user: &Api, drawing: &str) -> (String, Value) {
    let share = shared(user, drawing, "GET").await;
    (share["state"].as_str().unwrap().to_owned(), share["reason"].clone())
}

/// The case of a code.
async fn case_of(api: &Api, code: &str) -> Value {
    let cases = rows(api, "/admin/v1/reviews", "reviews", 50).await;
    cases.into_iter().find(|case| case["code"] == code).expect("a case of the share")
}

async fn decide(api: &Api, case: &Value, decision: &str, body: Value) -> yibi_tests::api::Reply {
    api.post(&format!("/admin/v1/reviews/{}/{decision}", case["id"].as_str().unwrap()), &body).await
}

async fn the_queue_is_listed_filtered_and_paged(backend: Backend) {
    let at = reviewed(backend);
    assert_eq!(at.ben.get(QUEUE).await.ok()["reviews"], json!([]));
    let alice = at.app.user("alice").await;
    alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    let mut codes = Vec::new();
    for drawing in ["a", "b", "c"] {
        codes.push(share(&alice, drawing).await);
    }
    let bob = at.app.user("bob").await;
    codes.push(share(&bob, "d").await);

    let all = rows(&at.ann, QUEUE, "reviews", 50).await;
    assert_eq!(column(&all, "/code"), codes, "the one that waits longest comes first");
    for limit in [1, 3] {
        assert_eq!(rows(&at.ann, QUEUE, "reviews", limit).await, all, "{limit}");
    }
    let first = &all[0];
    assert_eq!(
        (&first["kind"], &first["state"], &first["opened_by"]),
        (&json!("share"), &json!("held"), &json!("operator"))
    );
    assert_eq!(
        (&first["author"]["nickname"], &first["drawing"], &first["seq"]),
        (&json!("小明"), &json!("a"), &json!(2))
    );
    let author = first["author"]["id"].as_str().unwrap();
    let mine = format!("author={author}");
    for (filter, count) in [
        ("", 4),
        ("by=operator", 4),
        ("by=reports", 0),
        ("by=wechat", 0),
        ("reason=4", 0),
        ("older=0", 4),
        ("older=3600", 0),
        ("state=held&by=operator&older=0", 4),
        (mine.as_str(), 3),
    ] {
        let found = rows(&at.ann, &format!("/admin/v1/reviews?{filter}"), "reviews", 2).await;
        assert_eq!(found.len(), count, "{filter}");
    }
    decide(&at.ben, first, "remove", json!({"reason": 4})).await.ok();
    for (filter, count) in
        [("state=removed", 1), ("reason=4", 1), ("reason=3", 0), ("state=held", 3), ("state=passed", 0)]
    {
        let found = rows(&at.ann, &format!("/admin/v1/reviews?{filter}"), "reviews", 2).await;
        assert_eq!(found.len(), count, "{filter}");
    }
    for filter in ["reason=0", "reason=7", "limit=0", "cursor=e30"] {
        at.ann.get(&format!("/admin/v1/reviews?{filter}")).await.problem(422, "invalid_value");
    }
    at.ann.get("/admin/v1/reviews?author=nobody").await.problem(404, "user_not_found");

    let one = at.ann.get(&format!("/admin/v1/reviews/{}", all[1]["id"].as_str().unwrap())).await.ok();
    assert_eq!((&one["id"], &one["code"], &one["state"]), (&all[1]["id"], &all[1]["code"], &json!("held")));
    assert_eq!(one["share"]["state"], "held");
    assert_eq!(
        column(one["others"].as_array().unwrap(), "/code"),
        [&codes[2]],
        "held cases of the same author"
    );
    for path in ["", "/drawing", "/picture.png", "/sheet.png"] {
        at.ann.get(&format!("/admin/v1/reviews/none{path}")).await.problem(404, "case_not_found");
    }
    let shares = rows(&at.ann, &format!("/admin/v1/users/{author}/shares"), "shares", 2).await;
    let newest_first = [&codes[2], &codes[1], &codes[0]];
    assert_eq!(column(&shares, "/code"), newest_first);
    assert_eq!((&shares[2]["state"], &shares[2]["reason"]), (&json!("removed"), &json!(4)));
}

async fn a_viewer_looks_and_decides_nothing(backend: Backend) {
    let at = reviewed(backend);
    let alice = at.app.user("alice").await;
    let code = share(&alice, "a").await;
    let case = case_of(&at.ann, &code).await;
    for (path, body) in [
        ("claim", json!({})),
        ("pass", json!({})),
        ("hold", json!({})),
        ("remove", json!({"reason": 1})),
        ("note", json!({"text": "x"})),
    ] {
        decide(&at.ann, &case, path, body.clone()).await.problem(403, "role_needed");
        let stranger = Api::new(&at.app.admin);
        decide(&stranger, &case, path, body).await.problem(401, "unauthenticated");
    }
    assert_eq!(case_of(&at.ann, &code).await, case);
    assert_eq!(audited(&at.ann).await.len(), 0);
}

async fn decisions_apply_to_the_share_and_are_repeatable(backend: Backend) {
    let at = reviewed(backend);
    let alice = at.app.user("alice").await;
    let code = share(&alice, "a").await;
    let case = case_of(&at.ben, &code).await;
    assert_eq!(share_state(&alice, "a").await, ("held".to_owned(), Value::Null));

    let passed = decide(&at.ben, &case, "pass", json!({})).await.ok();
    assert_eq!((&passed["state"], &passed["decision"]["operator"]), (&json!("passed"), &json!("token:ben")));
    assert_eq!(share_state(&alice, "a").await, ("shown".to_owned(), Value::Null));
    let again = decide(&at.ben, &case, "pass", json!({})).await.ok();
    assert_eq!(again, passed, "a repeated decision has the first result");
    // Another decision needs the case to be held first, by whomever.
    let problem = decide(&at.ben, &case, "remove", json!({"reason": 4})).await.problem(409, "case_decided");
    assert!(problem["detail"].as_str().unwrap().contains("passed"), "{problem}");
    decide(&at.eve, &case, "pass", json!({})).await.problem(409, "case_decided");
    decide(&at.eve, &case, "claim", json!({})).await.problem(409, "case_decided");

    let held = decide(&at.ben, &case, "hold", json!({})).await.ok();
    assert_eq!(held["state"], "held");
    assert_eq!(share_state(&alice, "a").await.0, "held");
    assert_eq!(decide(&at.ben, &case, "hold", json!({})).await.ok()["decision"], held["decision"]);
    for body in [json!({}), json!({"reason": 0}), json!({"reason": 7}), json!({"reason": "4"}), json!([])] {
        decide(&at.ben, &case, "remove", body).await.problem(422, "invalid_value");
    }
    let removed = decide(&at.ben, &case, "remove", json!({"reason": 4})).await.ok();
    assert_eq!((&removed["state"], &removed["reason"]), (&json!("removed"), &json!(4)));
    assert_eq!(share_state(&alice, "a").await, ("removed".to_owned(), json!(4)));
    assert_eq!(decide(&at.ben, &case, "remove", json!({"reason": 4})).await.ok(), removed);
    decide(&at.ben, &case, "remove", json!({"reason": 5})).await.problem(409, "case_decided");
    // A removal is taken back, and the copy shown again.
    decide(&at.ben, &case, "hold", json!({})).await.ok();
    decide(&at.ben, &case, "pass", json!({})).await.ok();
    assert_eq!(share_state(&alice, "a").await, ("shown".to_owned(), Value::Null));

    let entries = audited(&at.ann).await;
    let changes = ["pass_case", "hold_case", "remove_case", "hold_case", "pass_case"];
    assert_eq!(column(&entries, "/change"), changes, "one entry for each change: {entries:?}");
    assert!(
        entries.iter().all(|entry| entry["target"] == case["id"] && entry["user"] == case["author"]["id"])
    );
    assert_eq!(entries[2]["reason"], 4);
    let metrics = operator(&at.app).get("/metrics").await.text();
    for line in [
        r#"yibi_review_decisions_total{decision="pass",reason=""} 2"#,
        r#"yibi_review_decisions_total{decision="remove",reason="4"} 1"#,
        r#"yibi_review_decisions_total{decision="hold",reason=""} 2"#,
    ] {
        assert!(metrics.contains(line), "{line}");
    }
}

async fn two_operators_do_not_decide_the_same_case(backend: Backend) {
    let at = reviewed(backend);
    let alice = at.app.user("alice").await;
    let code = share(&alice, "a").await;
    let case = case_of(&at.ben, &code).await;
    let claimed = decide(&at.ben, &case, "claim", json!({})).await.ok();
    assert_eq!(claimed["claim"]["operator"], "token:ben");
    assert_eq!(case_of(&at.ann, &code).await["claim"]["operator"], "token:ben", "others see it");
    decide(&at.ben, &case, "claim", json!({})).await.ok();
    for (path, body) in
        [("claim", json!({})), ("pass", json!({})), ("hold", json!({})), ("remove", json!({"reason": 1}))]
    {
        let problem = decide(&at.eve, &case, path, body).await.problem(409, "case_claimed");
        assert!(problem["detail"].as_str().unwrap().contains("token:ben"), "{problem}");
    }
    decide(&at.eve, &case, "note", json!({"text": "a remark needs no claim"})).await.ok();
    decide(&at.ben, &case, "pass", json!({})).await.ok();
    decide(&at.eve, &case, "pass", json!({})).await.problem(409, "case_decided");

    // Without claims, one of two simultaneous decisions is made and the other is refused.
    for drawing in ["b", "c", "d", "e"] {
        let code = share(&alice, drawing).await;
        let case = case_of(&at.ben, &code).await;
        let (ben, eve) = tokio::join!(
            decide(&at.ben, &case, "pass", json!({})),
            decide(&at.eve, &case, "remove", json!({"reason": 3})),
        );
        let statuses = [ben.status.as_u16(), eve.status.as_u16()];
        let expected = if statuses[0] == 200 { ("shown", "passed") } else { ("removed", "removed") };
        assert!(statuses == [200, 409] || statuses == [409, 200], "{statuses:?}");
        let state = case_of(&at.ben, &code).await["state"].clone();
        assert_eq!((share_state(&alice, drawing).await.0.as_str(), &state), (expected.0, &json!(expected.1)));
    }
    // The same decision of one operator, many times at once, is made once.
    let code = share(&alice, "f").await;
    let case = case_of(&at.ben, &code).await;
    let many = (0..8).map(|_| decide(&at.ben, &case, "pass", json!({})));
    for reply in futures_util::future::join_all(many).await {
        assert_eq!(reply.ok()["state"], "passed");
    }
    assert_eq!(share_state(&alice, "f").await.0, "shown");
}

async fn a_decision_survives_a_crash_at_any_moment(backend: Backend) {
    let mut at = reviewed(backend);
    let token = at.app.user("alice").await.token.unwrap();
    for round in 0..6_usize {
        let alice = at.app.api().with_token(&token);
        let ben = Api::new(&at.app.admin).with_token(at.ben.token.as_ref().unwrap());
        let drawing = format!("d{round}");
        let code = share(&alice, &drawing).await;
        let case = case_of(&ben, &code).await;
        let path = format!("/admin/v1/reviews/{}/pass", case["id"].as_str().unwrap());
        let (sending, path_of_it) = (ben.clone(), path.clone());
        let request = tokio::spawn(async move {
            let request = sending.request(reqwest::Method::POST, &path_of_it).json(&json!({}));
            let _ = request.send().await;
        });
        for _ in 0..round * 40 {
            tokio::task::yield_now().await;
        }
        at.app.crash_and_restart();
        let _ = request.await;
        let alice = at.app.api().with_token(&token);
        let ben = Api::new(&at.app.admin).with_token(ben.token.as_ref().unwrap());
        let state = case_of(&ben, &code).await["state"].clone();
        let share = share_state(&alice, &drawing).await.0;
        if state == "passed" {
            assert_eq!(share, "shown", "round {round}: the case follows the share");
        } else {
            assert_eq!(state, "held", "round {round}: the case stays in the queue");
        }
        assert_eq!(ben.post(&path, &json!({})).await.ok()["state"], "passed", "round {round}");
        assert_eq!(share_state(&alice, &drawing).await.0, "shown", "round {round}");
        let entries = audited(&ben).await;
        assert!(
            entries.iter().any(|entry| entry["target"] == case["id"]),
            "round {round}: no change without an entry"
        );
    }
}

/// The state that a crash between the share and its case leaves behind.
#[tokio::test]
async fn a_share_that_is_ahead_of_its_case_is_finished_by_the_same_decision() {
    let mut at = reviewed(Backend::Embedded);
    let alice = at.app.user("alice").await;
    let (token, code) = (alice.token.clone().unwrap(), share(&alice, "a").await);
    let case = case_of(&at.ben, &code).await;
    decide(&at.ben, &case, "remove", json!({"reason": 2})).await.ok();
    let file = at.app.data_dir().join("yibi.sqlite3");
    assert_eq!(at.app.process().terminate(), Some(0));
    go_back_to_held(&file, case["id"].as_str().unwrap());
    at.app.start_again();
    let (alice, ben) =
        (at.app.api().with_token(&token), Api::new(&at.app.admin).with_token(at.ben.token.as_ref().unwrap()));
    assert_eq!(
        (case_of(&ben, &code).await["state"].clone(), share_state(&alice, "a").await.0.as_str()),
        (json!("held"), "removed")
    );
    decide(&ben, &case, "remove", json!({"reason": 2})).await.ok();
    assert_eq!(case_of(&ben, &code).await["state"], "removed");
    assert_eq!(share_state(&alice, "a").await, ("removed".to_owned(), json!(2)));
}

fn go_back_to_held(file: &Path, id: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let change = "UPDATE cases SET state = 'held', reason = NULL,
        body = json_set(body, '$.state', 'held', '$.decision', NULL, '$.reason', NULL) WHERE id = ?";
    assert_eq!(connection.execute(change, [id]).unwrap(), 1);
}

async fn reports_notes_and_pictures_are_shown(backend: Backend) {
    let at = reviewed(backend);
    let alice = at.app.user("alice").await;
    let code = share(&alice, "a").await;
    let case = case_of(&at.ben, &code).await;
    let path = format!("/admin/v1/reviews/{}", case["id"].as_str().unwrap());
    for picture in ["picture.png", "sheet.png"] {
        let reply = at.ann.get(&format!("{path}/{picture}")).await;
        assert!(reply.ok_bytes().starts_with(b"\x89PNG"), "{picture}");
        assert_eq!(reply.header("content-type"), "image/png");
    }
    let copy = at.ann.get(&format!("{path}/drawing")).await.ok();
    assert_eq!((&copy["code"], &copy["seq"], &copy["width"]), (&json!(code), &json!(2), &json!(2048)));
    let strokes = copy["actions"].as_array().unwrap().iter().filter(|action| action["type"] == "stroke");
    assert_eq!(strokes.count(), 2);

    decide(&at.ben, &case, "pass", json!({})).await.ok();
    let bob = at.app.user("bob").await;
    let report = json!({"reason": 4, "note": "打广告"});
    bob.post(&format!("/api/v1/shares/{code}/reports"), &report).await.ok_bytes();
    let one = at.ann.get(&path).await.ok();
    let reported = &one["reported"][0];
    assert_eq!((&reported["reason"], &reported["note"]), (&json!(4), &json!("打广告")));
    assert_eq!(reported["reporter"]["id"], bob.get("/api/v1/me").await.ok()["id"]);

    let text = "先看中间";
    for _ in 0..2 {
        decide(&at.ben, &case, "note", json!({"text": text})).await.ok();
    }
    decide(&at.eve, &case, "note", json!({"text": text})).await.ok();
    let notes = at.ann.get(&path).await.ok()["notes"].as_array().unwrap().clone();
    assert_eq!(column(&notes, "/operator"), ["token:ben", "token:eve"], "a repeated note is one note");
    for text in ["", "  ", &"长".repeat(201), "a\u{202e}b", "a\u{7}b"] {
        decide(&at.ben, &case, "note", json!({"text": text})).await.problem(422, "invalid_value");
    }
    decide(&at.ben, &case, "note", json!({"text": "长".repeat(200)})).await.ok();
}

#[tokio::test]
async fn the_age_of_the_oldest_case_is_a_metric() {
    let at = reviewed(Backend::Embedded);
    let metrics = operator(&at.app);
    let age = async || {
        let text = metrics.get("/metrics").await.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("yibi_review_oldest_seconds "))
            .unwrap()
            .to_owned();
        line.parse::<f64>().unwrap()
    };
    assert!(age().await < 1.0, "an empty queue has no age");
    let alice = at.app.user("alice").await;
    let code = share(&alice, "a").await;
    wait_until("the case has an age", async || age().await >= 1.0).await;
    let case = case_of(&at.ben, &code).await;
    decide(&at.ben, &case, "pass", json!({})).await.ok();
    wait_until("the queue is empty", async || age().await < 1.0).await;
}
