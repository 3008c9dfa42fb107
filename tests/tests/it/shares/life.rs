//! Sharing, changing and ending by the author, and what the drawing's and the author's fate means for the share.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Backend, on_both_backends};

use super::{Sharing, everywhere, path};

on_both_backends! {
    parallel_shares_of_a_drawing_are_one,
    a_share_repeats_and_changes_its_choices,
    a_revoked_share_is_gone_for_ever,
    a_share_follows_its_drawing_into_the_bin_and_back,
    a_blocked_author_is_not_shown,
    an_empty_drawing_is_not_shared,
    history_is_not_shared,
    another_users_share_is_out_of_reach,
    shares_are_listed_by_their_author,
    a_2016_picture_is_shared_as_its_strokes,
}

async fn parallel_shares_of_a_drawing_are_one(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.alice.append("kite", 0, json!([stroke(1)])).await.ok();
    let requests = (0..8).map(|_| sharing.share("kite"));
    let codes: HashSet<String> =
        join_all(requests).await.iter().map(|share| share["code"].to_string()).collect();
    assert_eq!(codes.len(), 1);
    sharing.becomes("kite", "shown").await;
}

async fn a_share_repeats_and_changes_its_choices(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let first = sharing.of("kite").await;
    assert_eq!(first["url"], json!(format!("{}/s/{code}", sharing.app.public)));
    assert_eq!(sharing.share("kite").await, first);
    let choices = json!({"audience": "wall", "allow_continue": true});
    let changed = sharing.alice.post(&path("kite"), &choices).await.ok();
    assert_eq!(
        (&changed["audience"], &changed["allow_continue"], &changed["state"]),
        (&json!("wall"), &json!(true), &json!("shown"))
    );
    assert_eq!(sharing.share("kite").await, changed, "an absent choice keeps its value");
    for bad in [json!({"audience": "all"}), json!({"code": "x"}), json!({"allow_continue": 1})] {
        assert_eq!(sharing.alice.post(&path("kite"), &bad).await.status, 422, "{bad}");
    }
    let request = sharing.alice.request(reqwest::Method::POST, &path("kite"));
    assert_eq!(Api::send(request).await.ok(), changed, "an empty body has no choices");
}

async fn a_revoked_share_is_gone_for_ever(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    for _ in 0..2 {
        assert_eq!(sharing.alice.delete(&path("kite")).await.status, 204);
    }
    sharing.alice.get(&path("kite")).await.problem(404, "share_not_found");
    everywhere(&sharing, &code, 410).await;
    let second = sharing.shown("kite").await;
    assert_ne!(second, code);
    everywhere(&sharing, &code, 410).await;
    everywhere(&sharing, &second, 200).await;
}

async fn a_share_follows_its_drawing_into_the_bin_and_back(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.alice.delete("/api/v1/drawings/kite").await;
    everywhere(&sharing, &code, 410).await;
    sharing.alice.post(&path("kite"), &json!({})).await.problem(410, "drawing_deleted");
    sharing.alice.post("/api/v1/drawings/kite/restore", &json!({})).await.ok();
    everywhere(&sharing, &code, 200).await;
    sharing.alice.delete("/api/v1/drawings/kite").await;
    sharing.alice.delete("/api/v1/bin/kite").await;
    everywhere(&sharing, &code, 404).await;
}

async fn a_blocked_author_is_not_shown(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let id = sharing.alice.get("/api/v1/me").await.ok()["id"].as_str().unwrap().to_owned();
    let operator = Api::new(&sharing.app.admin).with_token(ADMIN_TOKEN);
    operator.post(&format!("/admin/v1/users/{id}/block"), &json!({})).await.ok();
    everywhere(&sharing, &code, 410).await;
    operator.post(&format!("/admin/v1/users/{id}/unblock"), &json!({})).await.ok();
    everywhere(&sharing, &code, 200).await;
}

async fn an_empty_drawing_is_not_shared(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.alice.post(&path("none"), &json!({})).await.problem(404, "drawing_not_found");
    sharing.alice.append("kite", 0, json!([stroke(1), {"type": "undo"}])).await.ok();
    sharing.alice.post(&path("kite"), &json!({})).await.problem(422, "nothing_to_share");
    sharing.alice.get(&path("kite")).await.problem(404, "share_not_found");
}

async fn history_is_not_shared(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let actions = json!([stroke(77), {"type": "clear"}, {"type": "background", "color": "#fff8e7"}, stroke(1), stroke(88), {"type": "undo"}]);
    sharing.alice.append("kite", 0, actions).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    sharing.becomes("kite", "shown").await;
    let shown = sharing.public().get(&format!("/s/{code}.json")).await.ok();
    assert_eq!(shown["strokes"], json!([stroke(1)]));
    assert_eq!((&shown["background"], &shown["shown_seq"]), (&json!("#fff8e7"), &json!(6)));
}

async fn another_users_share_is_out_of_reach(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let bob = sharing.app.user("bob").await;
    bob.get(&path("kite")).await.problem(404, "share_not_found");
    bob.post(&path("kite"), &json!({})).await.problem(404, "drawing_not_found");
    assert_eq!(bob.delete(&path("kite")).await.status, 204);
    everywhere(&sharing, &code, 200).await;
    sharing.public().get(&path("kite")).await.problem(401, "unauthenticated");
}

async fn shares_are_listed_by_their_author(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    for number in 0..23 {
        sharing.shared(&format!("d{number}")).await;
    }
    sharing.alice.delete(&path("d22")).await;
    let mut listed: Vec<String> = Vec::new();
    let mut address = "/api/v1/shares".to_owned();
    loop {
        let page = sharing.alice.get(&address).await.ok();
        let rows = page["shares"].as_array().unwrap();
        listed.extend(rows.iter().map(|row| row["drawing"].as_str().unwrap().to_owned()));
        let Value::String(next) = &page["next"] else { break };
        address = format!("/api/v1/shares?cursor={next}");
    }
    let newest_first: Vec<String> = (0..22).rev().map(|number| format!("d{number}")).collect();
    assert_eq!(listed, newest_first);
    sharing.alice.get("/api/v1/shares?cursor=%21").await.problem(422, "invalid_value");
    assert_eq!(sharing.app.user("bob").await.get("/api/v1/shares").await.ok()["shares"], json!([]));
}

async fn a_2016_picture_is_shared_as_its_strokes(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let phone = sharing.app.phone_2016("alice").await;
    let path_data = json!([{"method": "moveTo", "data": [10, 10]}, {"method": "lineTo", "data": [90, 90]}]);
    let canvas =
        json!([{"method": "strokePath", "data": path_data}, {"method": "fillText", "data": ["风筝", 1, 2]}]);
    phone.save("old", &canvas.to_string()).await;
    let code = sharing.share("old").await["code"].as_str().unwrap().to_owned();
    sharing.becomes("old", "shown").await;
    let shown = sharing.public().get(&format!("/s/{code}.json")).await.ok();
    assert_eq!(shown["strokes"].as_array().unwrap().len(), 1);
}
