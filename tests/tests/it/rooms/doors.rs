//! Other ways to a room's drawing: the owner's own appends, the 2016 dialect, the bin, blocks, erasure and the settings.

use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, on_both_backends, wait_until};

use super::{Rooms, actions, anew, call, draw_one, marks, open, public_id, room, turn};

on_both_backends! {
    a_relay_takes_nothing_from_its_owner_past_the_room,
    a_room_for_all_takes_the_owners_own_appends,
    clients_of_2016_leave_a_drawing_of_several_people,
    the_bin_hides_a_room_and_gives_it_back,
    a_blocked_owner_takes_the_room_along,
    a_blocked_person_loses_the_turn_and_leaves_the_strokes,
    an_erased_person_leaves_the_strokes_without_a_name,
    rooms_follow_the_settings,
}

async fn a_relay_takes_nothing_from_its_owner_past_the_room(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let alice = &rooms.alice;
    alice.append("kite", 1, json!([stroke(1)])).await.problem(409, "in_relay");
    alice.append("kite", 0, json!([stroke(0)])).await.ok();
    turn(&rooms.app.user("ben").await, &code, 1).await;
    call(alice, &code, "end").await.ok();
    alice.append("kite", 2, json!([stroke(2)])).await.problem(409, "in_relay");
    call(alice, &code, "close").await.ok();
    alice.append("kite", 2, json!([stroke(2)])).await.ok();
    assert_eq!(alice.drawing("kite").await["seq"], 3);
}

async fn a_room_for_all_takes_the_owners_own_appends(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let ben = rooms.app.user("ben").await;
    draw_one(&ben, &code, 1).await.ok();
    rooms.alice.append("kite", 1, json!([stroke(2)])).await.problem(409, "conflict");
    rooms.alice.append("kite", 2, json!([stroke(2)])).await.ok();
    draw_one(&ben, &code, 3).await.ok();
    assert_eq!(marks(&actions(&ben, &code, 0).await["actions"]), [(0, 0), (1, 1), (0, 2), (1, 3)]);
}

async fn clients_of_2016_leave_a_drawing_of_several_people(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let phone = rooms.app.phone_2016("alice").await;
    let line = r#"[{"method":"strokePath","data":[{"method":"moveTo","data":[1,2]},{"method":"lineTo","data":[3,4]}]}]"#;
    let reason = "drawing is drawn by several people";
    for refused in [phone.save("kite", line).await, phone.delete("kite").await] {
        assert!(refused.text().contains(reason), "{}", refused.text());
    }
    draw_one(&rooms.app.user("ben").await, &code, 1).await.ok();
    call(&rooms.alice, &code, "close").await.ok();
    for refused in [phone.save("kite", line).await, phone.delete("kite").await] {
        assert!(refused.text().contains(reason), "{}", refused.text());
    }
    let drawing = rooms.alice.drawing("kite").await;
    assert_eq!((&drawing["seq"], drawing.get("deleted_at")), (&json!(2), None));
    assert!(phone.list().await.text().contains("kite"), "the list shows it");
}

async fn the_bin_hides_a_room_and_gives_it_back(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let ben = rooms.app.user("ben").await;
    call(&ben, &code, "take").await.ok();
    rooms.alice.delete("/api/v1/drawings/kite").await.ok();
    for user in [&rooms.alice, &ben] {
        user.get(&format!("/api/v1/rooms/{code}")).await.problem(404, "room_not_found");
        call(user, &code, "take").await.problem(404, "room_not_found");
    }
    draw_one(&ben, &code, 1).await.problem(404, "room_not_found");
    rooms.alice.post("/api/v1/drawings/kite/restore", &json!({})).await.ok();
    assert_eq!(room(&ben, &code).await["hold"]["user"], json!(public_id(&ben).await));
    draw_one(&ben, &code, 1).await.ok();
}

async fn set_blocked(app: &App, user: &str, blocked: bool) {
    let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
    let change = if blocked { "block" } else { "unblock" };
    operator.post(&format!("/admin/v1/users/{user}/{change}"), &json!({})).await.ok();
}

async fn a_blocked_owner_takes_the_room_along(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let (ben, owner) = (rooms.app.user("ben").await, public_id(&rooms.alice).await);
    set_blocked(&rooms.app, &owner, true).await;
    ben.get(&format!("/api/v1/rooms/{code}")).await.problem(404, "room_not_found");
    draw_one(&ben, &code, 1).await.problem(404, "room_not_found");
    set_blocked(&rooms.app, &owner, false).await;
    draw_one(&ben, &code, 1).await.ok();
    // Leaving hides the room at once.
    let alice = rooms.app.user("alice").await;
    alice.delete("/api/v1/me").await.ok();
    ben.get(&format!("/api/v1/rooms/{code}")).await.problem(404, "room_not_found");
    rooms.app.api().reopen(&rooms.app.wechat.code("alice").await).await;
    room(&ben, &code).await;
}

async fn a_blocked_person_loses_the_turn_and_leaves_the_strokes(backend: Backend) {
    let rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "relay").await;
    let (ben, eve) = (rooms.app.user("ben").await, rooms.app.user("eve").await);
    turn(&ben, &code, 1).await;
    call(&eve, &code, "take").await.ok();
    set_blocked(&rooms.app, &public_id(&eve).await, true).await;
    wait_until("the session has ended", async || {
        eve.get(&format!("/api/v1/rooms/{code}")).await.status == 401
    })
    .await;
    assert!(room(&ben, &code).await["hold"].is_null());
    call(&rooms.alice, &code, "take").await.ok();
    set_blocked(&rooms.app, &public_id(&ben).await, true).await;
    assert_eq!(marks(&actions(&rooms.alice, &code, 0).await["actions"]), [(0, 0), (1, 1)]);
}

async fn an_erased_person_leaves_the_strokes_without_a_name(backend: Backend) {
    let rooms = Rooms::start_with(backend, &[("GALLERY__ERASURE_DAYS", "0")]).await;
    let code = rooms.opened("kite", "together").await;
    let ben = rooms.app.user("ben").await;
    draw_one(&ben, &code, 1).await.ok();
    ben.delete("/api/v1/me").await.ok();
    // The purge runs once a minute and first at the start.
    let mut rooms = rooms;
    rooms.app.restart();
    let alice = anew(&rooms.app, &rooms.alice);
    wait_until("ben is erased", async || {
        room(&alice, &code).await["people"][1]["nickname"] == "已注销的画友"
    })
    .await;
    assert_eq!(marks(&actions(&alice, &code, 0).await["actions"]), [(0, 0), (1, 1)]);
}

async fn rooms_follow_the_settings(backend: Backend) {
    let mut rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let limits = rooms.alice.get("/api/v1/limits").await.ok();
    assert_eq!((&limits["rooms"]["enabled"], &limits["rooms"]["drawing"]), (&json!(true), &json!(8)));
    for (settings, problem) in
        [(("ROOMS__ENABLED", "false"), "rooms_off"), (("SHARING__LEVEL", "off"), "sharing_off")]
    {
        rooms.app.restart_with(&[settings]);
        let alice = anew(&rooms.app, &rooms.alice);
        assert_eq!(alice.get("/api/v1/limits").await.ok()["rooms"]["enabled"], false);
        alice.get(&format!("/api/v1/rooms/{code}")).await.problem(404, problem);
        draw_one(&alice, &code, 1).await.problem(404, problem);
        alice.get("/api/v1/me/rooms").await.problem(404, problem);
        open(&alice, "kite", "together").await.problem(404, problem);
    }
    rooms.app.restart_with(&[("ROOMS__ENABLED", "true"), ("SHARING__LEVEL", "link")]);
    draw_one(&anew(&rooms.app, &rooms.alice), &code, 1).await.ok();
    let operators = [("MODERATION__MODE", "off"), ("SHARING__REVIEW", "operator")];
    rooms.app.restart_with(&operators);
    let alice = anew(&rooms.app, &rooms.alice);
    alice.get(&format!("/api/v1/rooms/{code}")).await.problem(404, "rooms_off");
}
