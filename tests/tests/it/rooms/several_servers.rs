//! Rooms over two servers, and over crashes.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use yibi_tests::api::stroke;
use yibi_tests::{Api, Backend, on_both_backends, wait_until};

use super::{Rooms, actions, anew, call, draw, marks, room};

#[tokio::test]
async fn two_servers_give_one_order() {
    let rooms = Rooms::start_with(Backend::Shared, &[("HTTP__LISTEN", "127.0.0.1:0")]).await;
    let code = rooms.opened("kite", "together").await;
    let sibling = rooms.app.sibling();
    let mut people = Vec::new();
    for number in 0..8 {
        let user = rooms.app.user(&format!("p{number}")).await;
        people.push(if number % 2 == 0 { user } else { user.at(&sibling.public) });
    }
    let drawing = people.iter().enumerate().map(async |(person, user)| {
        for number in 0..4 {
            let mark = 100 * (person as i64 + 1) + number;
            draw(user, &code, &format!("s{mark}"), json!([stroke(mark)])).await.ok();
        }
    });
    join_all(drawing).await;
    let all = actions(&rooms.alice, &code, 0).await;
    assert_eq!(all["seq"], 33);
    for user in &people {
        assert_eq!(actions(user, &code, 0).await["actions"], all["actions"]);
    }
    let mut drawn: Vec<i64> = marks(&all["actions"]).into_iter().map(|(_, mark)| mark).collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 33, "nothing is lost or doubled");
}

#[tokio::test]
async fn takes_on_two_servers_have_one_winner() {
    let rooms = Rooms::start_with(Backend::Shared, &[("HTTP__LISTEN", "127.0.0.1:0")]).await;
    let code = rooms.opened("kite", "relay").await;
    let sibling = rooms.app.sibling();
    let mut people = Vec::new();
    for number in 0..8 {
        let user = rooms.app.user(&format!("p{number}")).await;
        people.push(if number % 2 == 0 { user } else { user.at(&sibling.public) });
    }
    let replies = join_all(people.iter().map(|user| call(user, &code, "take"))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 409).count(), 7);
}

on_both_backends! {
    kills_neither_lose_nor_double_a_stroke,
}

/// Sends a stroke until it is acknowledged; `false` when time is up.
async fn insistently(user: &Api, code: &str, mark: i64, end: &AtomicBool) -> bool {
    while !end.load(Ordering::Relaxed) {
        let body = json!({"stroke_id": format!("s{mark}"), "actions": [stroke(mark)]});
        let request =
            user.request(reqwest::Method::POST, &format!("/api/v1/rooms/{code}/strokes")).json(&body);
        match request.send().await {
            Ok(reply) if reply.status() == 200 => return true,
            Ok(_) | Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
    false
}

async fn kills_neither_lose_nor_double_a_stroke(backend: Backend) {
    let mut rooms = Rooms::start(backend).await;
    let code = rooms.opened("kite", "together").await;
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(rooms.app.user(&format!("p{number}")).await);
    }
    let end = std::sync::Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(person, user)| {
            let (user, code, end) = (user.clone(), code.clone(), std::sync::Arc::clone(&end));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let mark = 1_000 * (person as i64 + 1) + number;
                    if !insistently(&user, &code, mark, &end).await {
                        return acknowledged;
                    }
                    acknowledged.push(mark);
                }
                acknowledged
            })
        })
        .collect();
    for round in 1..=4 {
        let alice = anew(&rooms.app, &rooms.alice);
        wait_until("eight further strokes", async || {
            actions(&alice, &code, 0).await["seq"].as_u64().unwrap() > 8 * round
        })
        .await;
        if round < 4 {
            rooms.app.crash_and_restart();
        }
    }
    let alice = anew(&rooms.app, &rooms.alice);
    end.store(true, Ordering::Relaxed);
    let acknowledged: Vec<i64> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    let stored: Vec<i64> =
        marks(&actions(&alice, &code, 0).await["actions"]).into_iter().map(|(_, mark)| mark).collect();
    let mut once = stored.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), stored.len(), "doubled: {stored:?}");
    for mark in acknowledged {
        assert!(stored.contains(&mark), "lost: {mark}");
    }
    assert_eq!(room(&alice, &code).await["state"], "open");
}
