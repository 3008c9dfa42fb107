//! Relays: one stroke each, in turns.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Backend, on_both_backends, wait_until};

use super::{Rooms, actions, call, draw, draw_one, marks, open, public_id, room, turn};

on_both_backends! {
    a_relay_begins_with_one_stroke_of_its_owner,
    a_turn_is_taken_once_and_extended_once,
    of_eight_takes_at_once_one_wins,
    a_stroke_ends_the_turn_and_the_goal_ends_the_relay,
    a_turn_is_one_stroke_of_bounded_length,
    the_owner_removes_the_last_stroke_and_finishes,
    a_finished_relay_is_shared_in_its_owners_name,
    a_share_that_its_owner_ended_stays_ended,
}

/// A stroke of this length in grid units.
fn long(length: i64) -> Value {
    json!({"type": "stroke", "tool": "pen", "color": "#112233", "width": 8, "at": 1,
           "points": [0, 0, 0, length / 2, 0, 16, -(length - length / 2), 0, 16]})
}

async fn a_relay_begins_with_one_stroke_of_its_owner(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let alice = &rooms.alice;
    let refused = [
        ("none", json!([{"type": "background", "color": "#fff8e7"}])),
        ("two", json!([stroke(1), stroke(2)])),
        ("cleared", json!([stroke(1), {"type": "clear"}])),
        ("long", json!([long(8_194)])),
    ];
    for (drawing, actions) in refused {
        alice.append(drawing, 0, actions).await.ok();
        open(alice, drawing, "relay").await.problem(422, "relay_needs_one_stroke");
    }
    let once = json!({"from_seq": 0, "actions": [stroke(1)], "drawing": {"mode": "one_stroke"}});
    alice.post("/api/v1/drawings/once/actions", &once).await.ok();
    open(alice, "once", "relay").await.problem(422, "relay_needs_one_stroke");
    let paper = json!({"type": "background", "color": "#fff8e7"});
    let fitting = json!([paper, stroke(1), stroke(2), {"type": "undo"}, {"type": "undo"}, long(8_192)]);
    alice.append("fitting", 0, fitting).await.ok();
    let opened = open(alice, "fitting", "relay").await;
    assert_eq!((opened.status.as_u16(), &opened.json()["goal"]), (201, &json!(9)), "{}", opened.text());
    assert_eq!(open(alice, "fitting", "relay").await.status, 200);
}

async fn a_turn_is_taken_once_and_extended_once(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    let waits = call(&rooms.alice, &code, "take").await.problem(409, "not_your_turn");
    assert_eq!(waits["hold"]["user"], json!(public_id(&rooms.alice).await), "the owner drew last");
    draw_one(&ben, &code, 1).await.problem(409, "not_your_turn");
    let taken = call(&ben, &code, "take").await.ok();
    assert_eq!(taken["hold"]["user"], json!(public_id(&ben).await));
    assert_eq!(taken["hold"]["extended"], false);
    let told = call(&eve, &code, "take").await.problem(409, "not_your_turn");
    assert_eq!(
        (&told["hold"]["user"], &told["hold"]["until"]),
        (&taken["hold"]["user"], &taken["hold"]["until"])
    );
    draw_one(&eve, &code, 1).await.problem(409, "not_your_turn");
    let extended = call(&ben, &code, "take").await.ok();
    assert_eq!(extended["hold"]["extended"], true);
    assert!(extended["hold"]["until"].as_str() > taken["hold"]["until"].as_str());
    assert_eq!(call(&ben, &code, "take").await.ok()["hold"], extended["hold"], "once");
    assert_eq!(call(&eve, &code, "release").await.ok()["hold"], extended["hold"]);
    for _ in 0..2 {
        assert!(call(&ben, &code, "release").await.ok()["hold"].is_null());
    }
    draw_one(&ben, &code, 1).await.problem(409, "not_your_turn");
    call(&eve, &code, "take").await.ok();
}

async fn of_eight_takes_at_once_one_wins(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(rooms.app.user(&format!("p{number}")).await);
    }
    let replies = join_all(people.iter().map(|user| call(user, &code, "take"))).await;
    let winners: Vec<usize> = (0..8).filter(|index| replies[*index].status == 200).collect();
    let [winner] = winners[..] else { panic!("{winners:?}") };
    let holder = json!(public_id(&people[winner]).await);
    for (index, reply) in replies.iter().enumerate().filter(|(index, _)| *index != winner) {
        assert_eq!(reply.problem(409, "not_your_turn")["hold"]["user"], holder, "{index}");
    }
    assert_eq!(room(&rooms.alice, &code).await["hold"]["user"], holder);
}

async fn a_stroke_ends_the_turn_and_the_goal_ends_the_relay(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    rooms.alice.append("kite", 0, json!([stroke(0)])).await.ok();
    let opened = json!({"kind": "relay", "drawing": "kite", "goal": 3});
    let code = rooms.alice.post("/api/v1/rooms", &opened).await.ok()["code"].as_str().unwrap().to_owned();
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    let drawn = turn(&ben, &code, 1).await;
    assert_eq!(drawn, json!({"from": 1, "seq": 2}));
    assert_eq!(draw_one(&ben, &code, 1).await.ok(), drawn, "sent again");
    let seen = room(&eve, &code).await;
    assert_eq!((&seen["hold"], &seen["strokes"]), (&json!(null), &json!(2)));
    assert_eq!(seen["last_author"], json!(public_id(&ben).await));
    call(&ben, &code, "take").await.problem(409, "not_your_turn");
    let last = turn(&eve, &code, 2).await;
    let done = room(&ben, &code).await;
    assert_eq!(
        (&done["state"], &done["strokes"], &done["role"]),
        (&json!("done"), &json!(3), &json!("watcher"))
    );
    assert_eq!(draw_one(&eve, &code, 2).await.ok(), last, "sent again after the end");
    call(&ben, &code, "take").await.problem(409, "room_ended");
    draw_one(&ben, &code, 3).await.problem(409, "room_ended");
    assert_eq!(marks(&actions(&ben, &code, 0).await["actions"]), [(0, 0), (1, 1), (2, 2)]);
}

async fn a_turn_is_one_stroke_of_bounded_length(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let ben = rooms.app.user("ben").await;
    call(&ben, &code, "take").await.ok();
    for (id, actions) in
        [("two", json!([stroke(1), stroke(2)])), ("undo", json!([{"type": "undo"}])), ("none", json!([]))]
    {
        draw(&ben, &code, id, actions).await.problem(422, "invalid_value");
    }
    draw(&ben, &code, "long", json!([long(8_194)])).await.problem(422, "invalid_action");
    assert_eq!(room(&ben, &code).await["hold"]["user"], json!(public_id(&ben).await), "the turn goes on");
    draw(&ben, &code, "fits", json!([long(8_192)])).await.ok();
}

async fn the_owner_removes_the_last_stroke_and_finishes(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (alice, ben, eve) = (&rooms.alice, rooms.app.user("ben").await, rooms.app.user("eve").await);
    let remove =
        async |seq: u64| alice.post(&format!("/api/v1/rooms/{code}/remove"), &json!({"seq": seq})).await;
    remove(0).await.problem(422, "invalid_value");
    call(alice, &code, "end").await.problem(422, "invalid_value");
    turn(&ben, &code, 1).await;
    turn(&eve, &code, 2).await;
    remove(1).await.problem(422, "invalid_value");
    let removed = remove(2).await.ok();
    assert_eq!((&removed["strokes"], &removed["last_author"]), (&json!(2), &json!(public_id(&ben).await)));
    assert_eq!(remove(2).await.ok()["strokes"], 2, "sent again");
    let ban = json!({"person": public_id(&eve).await});
    alice.post(&format!("/api/v1/rooms/{code}/ban"), &ban).await.ok();
    call(&eve, &code, "take").await.problem(403, "room_banned");
    call(&ben, &code, "end").await.problem(403, "room_owner_only");
    for _ in 0..2 {
        assert_eq!(call(alice, &code, "end").await.ok()["state"], "done");
    }
    let picture = alice.get("/api/v1/drawings/kite/image.svg").await.text();
    assert_eq!(picture.matches("stroke=").count(), 2, "{picture}");
}

async fn a_finished_relay_is_shared_in_its_owners_name(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    assert!(room(&ben, &code).await.get("share").is_none());
    turn(&ben, &code, 1).await;
    call(&rooms.alice, &code, "end").await.ok();
    let share = rooms.alice.get("/api/v1/drawings/kite/share").await.ok();
    let seen = room(&ben, &code).await;
    assert_eq!((&seen["share"]["code"], &seen["share"]["url"]), (&share["code"], &share["url"]));
    assert!(room(&eve, &code).await.get("share").is_none(), "eve did not draw");
    wait_until("the share is shown", async || {
        rooms.alice.get("/api/v1/drawings/kite/share").await.ok()["state"] == "shown"
    })
    .await;
    let page = rooms.app.api().get(&format!("/s/{}.json", share["code"].as_str().unwrap())).await.ok();
    assert_eq!(page["strokes"].as_array().unwrap().len(), 2);
    ben.delete("/api/v1/drawings/kite/share").await.ok();
    assert_eq!(rooms.alice.get("/api/v1/drawings/kite/share").await.ok()["state"], "shown", "not ben's");
}

async fn a_share_that_its_owner_ended_stays_ended(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let ben = rooms.app.user("ben").await;
    turn(&ben, &code, 1).await;
    call(&rooms.alice, &code, "end").await.ok();
    rooms.alice.delete("/api/v1/drawings/kite/share").await.ok();
    assert!(room(&ben, &code).await.get("share").is_none());
    call(&rooms.alice, &code, "end").await.ok();
    rooms.alice.get("/api/v1/drawings/kite/share").await.problem(404, "share_not_found");
}
