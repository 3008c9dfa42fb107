//! Rooms in the operators' API.

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends};

use super::{Rooms, actions, call, draw_one, marks, open, room, turn};

on_both_backends! {
    rooms_are_listed_filtered_and_paged,
    an_operator_stops_a_room_and_lets_it_go_on,
    an_operator_closes_a_frozen_room,
    an_operator_removes_any_stroke,
    a_decision_on_the_case_is_one_on_the_room,
}

fn operator(rooms: &Rooms) -> Api {
    Api::new(&rooms.app.admin).with_token(ADMIN_TOKEN)
}

async fn change(operator: &Api, code: &str, name: &str) -> Value {
    operator.post(&format!("/admin/v1/rooms/{code}/{name}"), &json!({})).await.ok()
}

async fn rooms_are_listed_filtered_and_paged(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let (one, two) = (rooms.opened("a", "together").await, rooms.opened("b", "relay").await);
    let operator = operator(&rooms);
    let all = operator.get("/admin/v1/rooms").await.ok();
    let codes: Vec<&str> =
        all["rooms"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, [two.as_str(), one.as_str()]);
    let first = operator.get("/admin/v1/rooms?limit=1").await.ok();
    let cursor = first["next"].as_str().unwrap();
    let second = operator.get(&format!("/admin/v1/rooms?limit=1&cursor={cursor}")).await.ok();
    assert_eq!((&first["rooms"][0]["code"], &second["rooms"][0]["code"]), (&json!(two), &json!(one)));
    call(&rooms.alice, &one, "close").await.ok();
    let open = operator.get("/admin/v1/rooms?state=open").await.ok();
    assert_eq!((open["rooms"].as_array().unwrap().len(), &open["rooms"][0]["code"]), (1, &json!(two)));
    operator.get("/admin/v1/rooms/000000000000").await.problem(404, "room_not_found");
    rooms.app.api().at(&rooms.app.admin).get("/admin/v1/rooms").await.problem(401, "unauthenticated");
}

async fn an_operator_stops_a_room_and_lets_it_go_on(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let ben = rooms.app.user("ben").await;
    call(&ben, &code, "take").await.ok();
    let operator = operator(&rooms);
    for _ in 0..2 {
        let frozen = change(&operator, &code, "freeze").await;
        assert_eq!((&frozen["state"], &frozen["frozen_by"]), (&json!("frozen"), &json!("operator")));
        assert!(frozen.get("holder").is_none());
    }
    draw_one(&ben, &code, 1).await.problem(423, "room_frozen");
    let case = operator.get("/admin/v1/reviews?state=held").await.ok()["reviews"][0].clone();
    assert_eq!((&case["kind"], &case["code"]), (&json!("room"), &json!(code)));
    for _ in 0..2 {
        assert_eq!(change(&operator, &code, "thaw").await["state"], "open");
    }
    let settled = operator.get(&format!("/admin/v1/reviews/{}", case["id"].as_str().unwrap())).await.ok();
    assert_eq!(settled["state"], "passed", "{settled}");
    turn(&ben, &code, 1).await;
    let audited = operator.get("/admin/v1/audit").await.ok();
    let changes: Vec<&Value> =
        audited["entries"].as_array().unwrap().iter().map(|entry| &entry["change"]).collect();
    assert_eq!(changes, ["thaw_room", "thaw_room", "freeze_room", "freeze_room"]);
    assert_eq!(audited["entries"][0]["target"], json!(code));
}

async fn an_operator_closes_a_frozen_room(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let operator = operator(&rooms);
    change(&operator, &code, "freeze").await;
    for _ in 0..2 {
        assert_eq!(change(&operator, &code, "close").await["state"], "closed");
    }
    assert!(
        operator.get("/admin/v1/reviews?state=held").await.ok()["reviews"].as_array().unwrap().is_empty()
    );
    draw_one(&rooms.alice, &code, 1).await.problem(409, "room_ended");
    // The picture is gone for everybody but its owner, who can't open it to others again as it is.
    let ben = rooms.app.user("ben").await;
    let shown = room(&ben, &code).await;
    assert_eq!((&shown["drawing"], &shown["people"]), (&Value::Null, &json!([])));
    ben.get(&format!("/api/v1/rooms/{code}/actions?since=0")).await.problem(409, "room_ended");
    open(&rooms.alice, "kite", "together").await.problem(409, "room_ended");
    assert_eq!(change(&operator, &code, "freeze").await["state"], "closed", "nothing to stop");
    rooms.alice.append("kite", 1, json!([stroke(5)])).await.ok();
    assert_eq!(open(&rooms.alice, "kite", "together").await.status, 201);
}

async fn an_operator_removes_any_stroke(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    turn(&ben, &code, 1).await;
    turn(&eve, &code, 2).await;
    let operator = operator(&rooms);
    let remove =
        async |seq: u32| operator.post(&format!("/admin/v1/rooms/{code}/remove"), &json!({"seq": seq})).await;
    for _ in 0..2 {
        assert_eq!(remove(1).await.ok()["strokes"], 2);
    }
    remove(9).await.problem(422, "invalid_value");
    let all = actions(&ben, &code, 0).await;
    assert_eq!(marks(&all["actions"]), [(0, 0), (1, 1), (2, 2)], "the list keeps it");
    assert_eq!(all["actions"][3]["seq"], 1);
    let picture = rooms.alice.get("/api/v1/drawings/kite/image.svg").await.text();
    assert_eq!(picture.matches("stroke=").count(), 2, "{picture}");
    call(&eve, &code, "take").await.problem(409, "not_your_turn");
}

async fn a_decision_on_the_case_is_one_on_the_room(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let operator = operator(&rooms);
    let case = change(&operator, &code, "freeze").await["case"].as_str().unwrap().to_owned();
    let decide = async |name: &str, body: Value| {
        operator.post(&format!("/admin/v1/reviews/{case}/{name}"), &body).await.ok();
        room(&rooms.alice, &code).await["state"].clone()
    };
    assert_eq!(decide("pass", json!({})).await, "open");
    assert_eq!(decide("hold", json!({})).await, "frozen");
    assert_eq!(decide("remove", json!({"reason": 1})).await, "closed");
    assert_eq!(decide("hold", json!({})).await, "frozen", "a removal is taken back");
    assert_eq!(decide("pass", json!({})).await, "open");
}
