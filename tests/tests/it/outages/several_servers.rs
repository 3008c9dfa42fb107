//! Several servers on the same databases.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend, wait_until};

/// Number of batches of each client.
const BATCHES: i64 = 12;

/// Eight devices of one user append to one drawing through two servers, one of which is killed. The list holds each
/// batch once, in the order of its device.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_is_killed() {
    let stays = App::start_with(Backend::Shared, &[("LIMITS__ENABLED", "false")]);
    let mut goes = stays.sibling();
    let servers = [stays.public.clone(), goes.public.clone()];
    let (going, gone) = watch::channel(false);
    let mut devices = JoinSet::new();
    for device in 0..8 {
        let api = stays.user("alice").await;
        let (servers, gone) = (servers.clone(), gone.clone());
        devices.spawn(async move { draw(device, &api, &servers, &gone).await });
    }
    let user = stays.user("alice").await;
    let drawn = async || user.get("/api/v1/drawings/together").await;
    wait_until("they draw", async || {
        let drawing = drawn().await;
        drawing.status == 200 && drawing.json()["seq"].as_u64().unwrap() > 30
    })
    .await;
    goes.process().kill();
    going.send_replace(true);
    let mut placed = BTreeMap::new();
    while let Some(device) = devices.join_next().await {
        for (seq, batch) in device.unwrap() {
            for (offset, action) in (0..).zip(batch) {
                assert!(placed.insert(seq + offset, action).is_none(), "{seq} was given out twice");
            }
        }
    }
    let drawing = drawn().await.ok();
    let actions = drawing["actions"].as_array().unwrap();
    assert_eq!(drawing["seq"], actions.len());
    assert_eq!(actions.len(), placed.len());
    assert!(actions.iter().eq(placed.values()), "one order, and everybody's");
}

/// Appends batches at the end of the list; returns the place of each.
async fn draw(
    device: i64,
    api: &Api,
    servers: &[String; 2],
    gone: &watch::Receiver<bool>,
) -> Vec<(u64, Vec<Value>)> {
    let mut placed = Vec::new();
    let mut end = 0;
    for number in 0..BATCHES {
        let mark = device * 1_000 + number * 10;
        let batch: Vec<Value> = (0..=number % 3).map(|more| stroke(mark + more)).collect();
        let seq = loop {
            // Devices alternate between both servers.
            let turn = usize::try_from((device + number) % 2).unwrap();
            let server = if *gone.borrow() { &servers[0] } else { &servers[turn] };
            let request = api
                .at(server)
                .request(Method::POST, "/api/v1/drawings/together/actions")
                .json(&json!({"from_seq": end, "actions": &batch}));
            // The kill leaves it open whether the batch was stored, so the device sends the same batch again.
            let Ok(reply) = request.send().await else { continue };
            let (status, Ok(reply)) = (reply.status().as_u16(), reply.json::<Value>().await) else {
                continue;
            };
            match status {
                200 => break end,
                409 => {
                    end =
                        place_after_conflict(api, servers, end, &batch, reply["seq"].as_u64().unwrap()).await
                }
                _ => panic!("{status} {reply}"),
            }
        };
        end = seq + batch.len() as u64;
        placed.push((seq, batch));
    }
    placed
}

/// Returns where to send the batch after a conflict: the place where it is stored already, or the end of the list. A
/// conflict means that other batches came first, or that the batch was stored, its reply was lost, and others followed.
async fn place_after_conflict(
    api: &Api,
    servers: &[String; 2],
    since: u64,
    batch: &[Value],
    end: u64,
) -> u64 {
    let tail = api.at(&servers[0]).get(&format!("/api/v1/drawings/together?since={since}")).await.ok();
    let actions = tail["actions"].as_array().unwrap();
    let first = actions.iter().position(|action| *action == batch[0]);
    first.map_or(end, |first| since + first as u64)
}
