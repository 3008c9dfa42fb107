//! Eight people who draw in one room over all servers, while a server is killed again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yibi_tests::Api;

use super::{PERIOD, servers};
use crate::chaos::cluster::Cluster;
use crate::chaos::history::{Mark, stroke};

const PEOPLE: usize = 8;
/// Time-out of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two strokes of a person: the drawing holds 5,000 actions.
const REST: Duration = Duration::from_millis(150);
const PAUSE: Duration = Duration::from_millis(20);

/// Settings of a server with rooms.
pub const SETTINGS: [(&str, &str); 4] = [
    ("SHARING__LEVEL", "link"),
    ("MODERATION__MODE", "enforce"),
    ("HTTP__PUBLIC_URL", "https://yibi.example"),
    ("WECHAT__PUSH_TOKEN", "chaos"),
];

/// A person, who has one request at a time.
struct Person {
    number: usize,
    api: Api,
    urls: Vec<String>,
    room: String,
    stopped: Arc<AtomicBool>,
}

/// Kills servers in turns while people draw; every acknowledged stroke is then in its place, once, on every server.
pub async fn drawn_in(cluster: &mut Cluster, duration: Duration) -> String {
    let urls: Vec<String> = cluster.servers.iter().map(|server| server.public.clone()).collect();
    let owner = signed_in(&urls[0], "room-owner").await;
    owner.append("room", 0, json!([stroke(0)])).await.ok();
    let opened = owner.post("/api/v1/rooms", &json!({"kind": "together", "drawing": "room"})).await.ok();
    let room = opened["code"].as_str().unwrap_or_default().to_owned();
    let stopped = Arc::<AtomicBool>::default();
    let mut drawing = JoinSet::new();
    for number in 1..=PEOPLE {
        let api = signed_in(&urls[number % urls.len()], &format!("room-{number}")).await;
        let (urls, room, stopped) = (urls.clone(), room.clone(), Arc::clone(&stopped));
        drawing.spawn(Person { number, api, urls, room, stopped }.draw());
    }
    let killed = servers::killed(cluster, duration, PERIOD / 2).await;
    stopped.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    while let Some(strokes) = drawing.join_next().await {
        acknowledged.extend(strokes.unwrap_or_default());
    }
    let mut lists = Vec::new();
    for url in &urls {
        let list = owner.at(url).get(&format!("/api/v1/rooms/{room}/actions")).await;
        lists.push(marks(&list.ok()));
    }
    cluster.failures.extend(faults(&acknowledged, &lists));
    format!("{killed}; {} strokes of {PEOPLE} people in a room", acknowledged.len())
}

/// The marks of a list's strokes.
fn marks(list: &Value) -> Vec<Mark> {
    let mark = |action: &Value| action["at"].as_u64().unwrap_or(Mark::MAX);
    list["actions"].as_array().into_iter().flatten().map(mark).collect()
}

async fn signed_in(url: &str, name: &str) -> Api {
    Api::new(url).sign_in(&format!("{name}.{}", yibi_tests::unique())).await
}

/// What contradicts the strokes with their places, and the lists of the servers.
fn faults(acknowledged: &[(Mark, usize)], lists: &[Vec<Mark>]) -> Vec<String> {
    let Some(first) = lists.first() else { return vec!["no list".to_owned()] };
    let mut faults = Vec::new();
    if lists.iter().any(|list| list != first) {
        faults.push("the servers have different lists of the room".to_owned());
    }
    let distinct: BTreeSet<Mark> = first.iter().copied().collect();
    if distinct.len() != first.len() {
        faults.push(format!("{} strokes of the room are doubled", first.len() - distinct.len()));
    }
    let astray = acknowledged.iter().filter(|(mark, place)| first.get(*place) != Some(mark)).count();
    if astray > 0 {
        faults.push(format!("{astray} acknowledged strokes of the room are not in their places"));
    }
    faults
}

impl Person {
    /// Draws until the end; returns the acknowledged strokes with their places.
    async fn draw(self) -> Vec<(Mark, usize)> {
        let mut acknowledged = Vec::new();
        let mut number = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            number += 1;
            let mark = (self.number as u64) << 32 | number;
            if let Some(place) = self.place(mark).await {
                acknowledged.push((mark, place));
            }
            tokio::time::sleep(REST).await;
        }
        acknowledged
    }

    /// Sends a stroke until it is stored; returns its place. Gives up at the end.
    async fn place(&self, mark: Mark) -> Option<usize> {
        let path = format!("/api/v1/rooms/{}/strokes", self.room);
        let body = json!({"stroke_id": mark.to_string(), "actions": [stroke(mark)]});
        for url in self.urls.iter().cycle().skip(self.number) {
            let request = self.api.at(url).request(Method::POST, &path).json(&body).timeout(PATIENCE);
            if let Ok(reply) = request.send().await
                && reply.status() == 200
            {
                let drawn: Value = reply.json().await.ok()?;
                return usize::try_from(drawn["from"].as_u64()?).ok();
            }
            if self.stopped.load(Ordering::SeqCst) {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_doubled_and_different_strokes_are_found() {
        let drawn = [(7, 1), (8, 2)];
        assert!(faults(&drawn, &[vec![0, 7, 8], vec![0, 7, 8]]).is_empty());
        for lists in [
            vec![vec![0, 7], vec![0, 7]],
            vec![vec![0, 8, 7], vec![0, 8, 7]],
            vec![vec![0, 7, 8, 8], vec![0, 7, 8, 8]],
            vec![vec![0, 7, 8], vec![0, 7]],
            vec![],
        ] {
            assert_eq!(faults(&drawn, &lists).len(), 1, "{lists:?}");
        }
    }
}
