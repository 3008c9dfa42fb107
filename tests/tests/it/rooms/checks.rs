//! Checks of rooms by WeChat, and reports.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends, wait_until};

use super::{Rooms, actions, call, draw_one, open, room, turn};

on_both_backends! {
    wechat_looks_at_a_room_that_opens,
    a_risky_picture_freezes_the_room,
    strokes_that_come_during_a_check_are_seen_by_the_next,
    strokes_of_the_owner_outside_the_room_are_seen,
    three_people_freeze_a_room,
    names_are_shown_once_they_passed,
}

async fn asked(rooms: &Rooms) -> u64 {
    rooms.app.wechat.calls().await["apis"]["media_check_async"].as_u64().unwrap_or(0)
}

async fn held(rooms: &Rooms) -> Vec<Value> {
    let operator = Api::new(&rooms.app.admin).with_token(ADMIN_TOKEN);
    operator.get("/admin/v1/reviews?state=held").await.ok()["reviews"].as_array().unwrap().clone()
}

async fn verdicts(rooms: &Rooms, verdicts: &[&str]) {
    let result = |suggest: &&str| match *suggest {
        "silence" => json!("silence"),
        other => json!({"verdict": {"suggest": other, "label": if other == "pass" { 100 } else { 20_002 }}}),
    };
    rooms.app.wechat.image_results(verdicts.iter().map(result).collect()).await;
}

async fn strokes_of_the_owner_outside_the_room_are_seen(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    wait_until("the picture is asked about", async || asked(&rooms).await == 1).await;
    rooms.alice.append("kite", 1, json!([stroke(7)])).await.ok();
    let ben = rooms.app.user("ben").await;
    wait_until("the picture is asked about again", async || {
        actions(&ben, &code, 0).await;
        asked(&rooms).await == 2
    })
    .await;
}

async fn wechat_looks_at_a_room_that_opens(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    verdicts(&rooms, &["review"]).await;
    let code = rooms.opened("kite", "together").await;
    wait_until("the picture is asked about", async || asked(&rooms).await == 1).await;
    draw_one(&rooms.alice, &code, 1).await.ok();
    assert_eq!(room(&rooms.alice, &code).await["state"], "open", "a doubt freezes nothing");
}

async fn a_risky_picture_freezes_the_room(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    verdicts(&rooms, &["risky"]).await;
    let code = rooms.opened("kite", "relay").await;
    let ben = rooms.app.user("ben").await;
    wait_until("the room is frozen", async || room(&ben, &code).await["state"] == "frozen").await;
    let seen = room(&ben, &code).await;
    assert_eq!(
        (&seen["frozen_by"], &seen["drawing"], &seen["people"]),
        (&json!("wechat"), &json!(null), &json!([]))
    );
    let image = rooms.alice.drawing("kite").await["image_url"].as_str().unwrap().to_owned();
    let public = format!("{}/", rooms.app.public);
    let path = image.strip_prefix(public.trim_end_matches('/')).unwrap();
    assert_eq!(rooms.app.api().get(path).await.status, 404, "no link shows the picture");
    ben.get(&format!("/api/v1/rooms/{code}/actions")).await.problem(423, "room_frozen");
    for name in ["take", "release", "end", "lock", "unlock", "close"] {
        let user = if matches!(name, "take" | "release") { &ben } else { &rooms.alice };
        call(user, &code, name).await.problem(423, "room_frozen");
    }
    draw_one(&ben, &code, 1).await.problem(423, "room_frozen");
    let append = rooms.alice.append("kite", 1, json!([yibi_tests::api::stroke(2)])).await;
    append.problem(423, "room_frozen");
    rooms.alice.post("/api/v1/drawings/kite/share", &json!({})).await.problem(423, "room_frozen");
    assert_eq!(open(&rooms.alice, "kite", "relay").await.json()["state"], "frozen");
    let cases = held(&rooms).await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!((&cases[0]["kind"], &cases[0]["code"]), (&json!("room"), &json!(code)));
    assert_eq!((&cases[0]["opened_by"], &cases[0]["reason"]), (&json!("wechat"), &json!(1)));
}

async fn strokes_that_come_during_a_check_are_seen_by_the_next(backend: Backend) {
    let rooms = Rooms::start_with(backend, &[("MODERATION__VERDICT", "1"), ("MODERATION__TRIES", "9")]).await;
    verdicts(&rooms, &["silence"]).await;
    let code = rooms.opened("kite", "together").await;
    wait_until("the first picture is asked about", async || asked(&rooms).await == 1).await;
    draw_one(&rooms.alice, &code, 1).await.ok();
    // The silent check is repeated, with the picture as it is then.
    verdicts(&rooms, &["risky"]).await;
    wait_until("the room is frozen", async || room(&rooms.alice, &code).await["state"] == "frozen").await;
}

async fn three_people_freeze_a_room(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (ben, eve, dan) =
        (rooms.app.user("ben").await, rooms.app.user("eve").await, rooms.app.user("dan").await);
    turn(&ben, &code, 1).await;
    call(&eve, &code, "take").await.ok();
    let report = async |user: &Api, note: &str| {
        let body = json!({"reason": 3, "note": note});
        user.post(&format!("/api/v1/rooms/{code}/reports"), &body).await
    };
    report(&ben, &"长".repeat(201)).await.problem(422, "invalid_value");
    for _ in 0..2 {
        assert_eq!(report(&ben, "bad").await.ok()["state"], "open");
        assert_eq!(report(&eve, "").await.ok()["state"], "open");
    }
    let frozen = report(&dan, "").await.ok();
    assert_eq!((&frozen["state"], &frozen["frozen_by"]), (&json!("frozen"), &json!("reports")));
    assert!(frozen["hold"].is_null());
    assert_eq!(report(&dan, "").await.ok()["state"], "frozen");
    let cases = held(&rooms).await;
    assert_eq!((cases.len(), &cases[0]["reports"]), (1, &json!(3)), "{cases:?}");
    let operator = Api::new(&rooms.app.admin).with_token(ADMIN_TOKEN);
    let case = cases[0]["id"].as_str().unwrap();
    let picture = operator.get(&format!("/admin/v1/reviews/{case}/picture.png")).await;
    assert!(picture.ok_bytes().starts_with(b"\x89PNG"));
    operator.post(&format!("/admin/v1/reviews/{case}/pass"), &json!({})).await.ok();
    assert_eq!(room(&ben, &code).await["state"], "open");
    call(&eve, &code, "take").await.ok();
    report(&dan, "").await.ok();
    assert_eq!(room(&ben, &code).await["state"], "open", "the reports were decided on");
    assert_eq!(actions(&ben, &code, 0).await["seq"], 2);
}

async fn names_are_shown_once_they_passed(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    rooms.alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    wait_until("the name has passed", async || {
        rooms.alice.get("/api/v1/me").await.ok()["nickname_state"] == "passed"
    })
    .await;
    rooms.alice.patch("/api/v1/me", &json!({"nickname": "违规"})).await.ok();
    let code = rooms.opened("kite", "together").await;
    let ben = rooms.app.user("ben").await;
    wait_until("the new name is rejected", async || {
        rooms.alice.get("/api/v1/me").await.ok()["nickname_state"] == "rejected"
    })
    .await;
    let people = room(&ben, &code).await["people"].clone();
    assert_eq!(people.as_array().unwrap().len(), 1);
    assert!(people[0]["nickname"].is_null() && people[0]["avatar_url"].is_null(), "{people}");
}
