//! Rooms in which all draw at the same time.

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{Backend, on_both_backends};

use super::{Rooms, actions, call, draw, draw_one, marks, open, public_id, room};

on_both_backends! {
    a_room_is_opened_once,
    everybody_sees_the_same_strokes_in_the_same_order,
    a_stroke_sent_again_is_stored_once,
    each_person_takes_back_own_strokes_alone,
    the_owner_alone_sets_the_paper_locks_removes_and_bans,
    a_user_has_three_open_rooms,
    rooms_are_listed_for_their_people,
    invalid_requests_are_refused,
}

async fn a_room_is_opened_once(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let again = open(&rooms.alice, "kite", "together").await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (200, &json!(code)));
    let seen = room(&rooms.alice, &code).await;
    assert_eq!(
        (&seen["kind"], &seen["state"], &seen["role"]),
        (&json!("together"), &json!("open"), &json!("owner"))
    );
    assert_eq!((&seen["seq"], &seen["hold"], &seen["locked"]), (&json!(1), &json!(null), &json!(false)));
    assert_eq!(seen["drawing"]["id"], "kite");
    let parallel = join_all((0..8).map(|_| open(&rooms.alice, "kite", "together"))).await;
    assert!(parallel.iter().all(|reply| reply.json()["code"] == json!(code)), "one room");
    call(&rooms.alice, &code, "close").await.ok();
    let ben = rooms.app.user("ben").await;
    draw_one(&ben, &code, 5).await.problem(409, "room_ended");
    let next = open(&rooms.alice, "kite", "together").await;
    assert_eq!(next.status, 201);
    assert_ne!(next.json()["code"], json!(code));
    ben.get(&format!("/api/v1/rooms/{code}")).await.problem(404, "room_not_found");
    assert_eq!(rooms.app.api().get(&format!("/s/{code}")).await.status, 404, "no share");
}

async fn everybody_sees_the_same_strokes_in_the_same_order(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let mut people = vec![rooms.alice.clone()];
    for name in ["ben", "eve", "dan"] {
        people.push(rooms.app.user(name).await);
    }
    let drawing = people.iter().enumerate().map(async |(person, user)| {
        for number in 0..5 {
            let mark = 100 * (person as i64 + 1) + number;
            let drawn = draw_one(user, &code, mark).await.ok();
            assert_eq!(drawn["seq"].as_u64(), drawn["from"].as_u64().map(|from| from + 1));
        }
    });
    join_all(drawing).await;
    let all = actions(&people[1], &code, 0).await;
    assert_eq!((&all["from"], &all["seq"]), (&json!(0), &json!(21)));
    let order = marks(&all["actions"]);
    assert_eq!(order.len(), 21);
    for (person, user) in people.iter().enumerate() {
        assert_eq!(actions(user, &code, 0).await["actions"], all["actions"]);
        let own: Vec<i64> =
            order.iter().map(|(_, mark)| *mark).filter(|mark| mark / 100 == person as i64 + 1).collect();
        assert!(own.is_sorted() && own.len() == 5, "{order:?}");
        let numbers: Vec<u64> =
            order.iter().filter(|(_, mark)| mark / 100 == person as i64 + 1).map(|(by, _)| *by).collect();
        let id = json!(public_id(user).await);
        assert!(numbers.iter().all(|by| all["authors"][*by as usize]["id"] == id), "{order:?}");
    }
    assert_eq!(rooms.alice.drawing("kite").await["seq"], 21);
    let tail = actions(&people[2], &code, 18).await;
    assert_eq!((&tail["from"], tail["actions"].as_array().unwrap().len()), (&json!(18), 3));
    assert_eq!(actions(&people[2], &code, 99).await["from"], 21);
}

async fn a_stroke_sent_again_is_stored_once(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    let first = draw(&ben, &code, "one", json!([stroke(1), stroke(2)])).await.ok();
    assert_eq!(first, json!({"from": 1, "seq": 3}));
    draw(&eve, &code, "one", json!([stroke(3)])).await.ok();
    assert_eq!(draw(&ben, &code, "one", json!([stroke(1), stroke(2)])).await.ok(), first);
    let parallel = join_all((0..8).map(|_| draw(&ben, &code, "two", json!([stroke(4)])))).await;
    let replies: Vec<_> = parallel.iter().map(|reply| reply.ok()).collect();
    assert!(replies.iter().all(|reply| reply == &replies[0]), "{replies:?}");
    let all = actions(&ben, &code, 0).await;
    let drawn: Vec<i64> = marks(&all["actions"]).into_iter().map(|(_, mark)| mark).collect();
    assert_eq!(drawn, [0, 1, 2, 3, 4]);
}

async fn each_person_takes_back_own_strokes_alone(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let ben = rooms.app.user("ben").await;
    draw_one(&ben, &code, 1).await.ok();
    draw_one(&rooms.alice, &code, 2).await.ok();
    draw(&ben, &code, "undo", json!([{"type": "undo", "at": 9}])).await.ok();
    let all = actions(&ben, &code, 3).await;
    assert_eq!(all["actions"], json!([{"type": "undo", "by": 1, "at": 9}]));
    let picture = rooms.alice.get("/api/v1/drawings/kite/image.svg").await;
    assert_eq!(picture.text().matches("stroke=").count(), 2, "{}", picture.text());
    let mut foreign = stroke(7);
    foreign["by"] = json!(0);
    draw(&ben, &code, "as-alice", json!([foreign])).await.ok();
    assert_eq!(marks(&actions(&ben, &code, 4).await["actions"]), [(1, 7)], "the server names the author");
}

async fn the_owner_alone_sets_the_paper_locks_removes_and_bans(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let (alice, ben, eve) = (&rooms.alice, rooms.app.user("ben").await, rooms.app.user("eve").await);
    draw_one(&ben, &code, 1).await.ok();
    let paper = json!([{"type": "background", "color": "#fff8e7"}]);
    draw(&ben, &code, "paper", paper.clone()).await.problem(403, "room_owner_only");
    draw(&ben, &code, "clear", json!([{"type": "clear"}])).await.problem(403, "room_owner_only");
    draw(alice, &code, "paper", paper).await.ok();
    for name in ["lock", "unlock", "end", "close"] {
        call(&ben, &code, name).await.problem(403, "room_owner_only");
    }
    let path = |name: &str| format!("/api/v1/rooms/{code}/{name}");
    ben.post(&path("remove"), &json!({"seq": 1})).await.problem(403, "room_owner_only");
    ben.post(&path("ban"), &json!({"person": public_id(&eve).await})).await.problem(403, "room_owner_only");
    for _ in 0..2 {
        assert_eq!(call(alice, &code, "lock").await.ok()["locked"], true);
    }
    assert_eq!(room(&ben, &code).await["role"], "watcher");
    draw_one(&ben, &code, 2).await.problem(403, "room_owner_only");
    draw_one(alice, &code, 3).await.ok();
    call(alice, &code, "unlock").await.ok();
    assert_eq!(room(&ben, &code).await["role"], "drawer");
    for _ in 0..2 {
        let removed = alice.post(&path("remove"), &json!({"seq": 1})).await.ok();
        assert_eq!(removed["seq"], 5);
    }
    assert_eq!(actions(&ben, &code, 4).await["actions"][0]["type"], "remove");
    alice.post(&path("remove"), &json!({"seq": 2})).await.problem(422, "invalid_value");
    alice.post(&path("remove"), &json!({"seq": 99})).await.problem(422, "invalid_value");
    for _ in 0..2 {
        alice.post(&path("ban"), &json!({"person": public_id(&ben).await})).await.ok();
    }
    ben.get(&format!("/api/v1/rooms/{code}")).await.problem(403, "room_banned");
    ben.get(&path("actions")).await.problem(403, "room_banned");
    draw_one(&ben, &code, 4).await.problem(403, "room_banned");
    call(&ben, &code, "take").await.problem(403, "room_banned");
    draw_one(&eve, &code, 5).await.ok();
    alice.post(&path("ban"), &json!({"person": public_id(alice).await})).await.problem(422, "invalid_value");
}

async fn a_user_has_three_open_rooms(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let first = rooms.opened("a", "together").await;
    rooms.opened("b", "together").await;
    rooms.opened("c", "relay").await;
    rooms.alice.append("d", 0, json!([stroke(1)])).await.ok();
    open(&rooms.alice, "d", "together").await.problem(422, "too_many_rooms");
    assert_eq!(open(&rooms.alice, "a", "together").await.status, 200, "it is open already");
    call(&rooms.alice, &first, "close").await.ok();
    assert_eq!(open(&rooms.alice, "d", "together").await.status, 201);
}

async fn rooms_are_listed_for_their_people(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let (one, two) = (rooms.opened("a", "together").await, rooms.opened("b", "relay").await);
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    draw_one(&ben, &one, 1).await.ok();
    call(&ben, &two, "take").await.ok();
    room(&eve, &one).await;
    let codes = async |user: &yibi_tests::Api| {
        let listed = user.get("/api/v1/me/rooms").await.ok();
        assert!(listed["next"].is_null());
        listed["rooms"].as_array().unwrap().iter().map(|row| row["code"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&rooms.alice).await, [json!(two), json!(one)]);
    assert_eq!(codes(&ben).await, [json!(two), json!(one)]);
    assert!(codes(&eve).await.is_empty(), "watching is not joining");
    let row = ben.get("/api/v1/me/rooms").await.ok()["rooms"][0].clone();
    assert_eq!(row["hold"]["user"], json!(public_id(&ben).await));
    assert_eq!((&row["role"], &row["strokes"], &row["goal"]), (&json!("drawer"), &json!(1), &json!(9)));
    rooms.alice.delete("/api/v1/drawings/a").await.ok();
    assert_eq!(codes(&ben).await, [json!(two)]);
    rooms.alice.post("/api/v1/drawings/a/restore", &json!({})).await.ok();
    assert_eq!(codes(&ben).await.len(), 2, "back with the drawing");
    rooms.alice.delete("/api/v1/drawings/a").await.ok();
    rooms.alice.delete("/api/v1/bin/a").await;
    assert_eq!(codes(&ben).await, [json!(two)]);
}

async fn invalid_requests_are_refused(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let alice = &rooms.alice;
    let open = async |body: serde_json::Value| alice.post("/api/v1/rooms", &body).await;
    open(json!({"kind": "together", "drawing": "none"})).await.problem(404, "drawing_not_found");
    open(json!({"kind": "party", "drawing": "kite"})).await.problem(422, "invalid_value");
    open(json!({"kind": "together", "drawing": "kite", "goal": 4})).await.problem(422, "invalid_value");
    open(json!({"kind": "relay", "drawing": "kite", "goal": 31})).await.problem(422, "invalid_value");
    for (id, actions) in [("", json!([stroke(1)])), ("a b", json!([stroke(1)])), ("ok", json!([]))] {
        draw(alice, &code, id, actions).await.problem(422, "invalid_value");
    }
    draw(alice, &code, "r", json!([{"type": "remove", "seq": 0}])).await.problem(422, "invalid_action");
    draw(alice, &code, "x", json!([{"type": "spray"}])).await.problem(422, "invalid_action");
    call(alice, &code, "take").await.problem(422, "invalid_value");
    call(alice, &code, "end").await.problem(422, "invalid_value");
    for unknown in ["000000000000", "x", "..%2f"] {
        alice.get(&format!("/api/v1/rooms/{unknown}")).await.problem(404, "room_not_found");
    }
    let anybody = rooms.app.api();
    anybody.get(&format!("/api/v1/rooms/{code}")).await.problem(401, "unauthenticated");
    assert_eq!(actions(alice, &code, 0).await["seq"], 1);
}
