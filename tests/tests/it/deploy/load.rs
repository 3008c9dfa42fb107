//! Users who draw continuously.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use yibi_tests::api::stroke;
use yibi_tests::{Api, Wechat, wait_until};

/// Number of concurrent users.
const PEOPLE: usize = 6;

pub struct Load {
    people: JoinSet<()>,
    failures: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
}

impl Load {
    /// Signs the users in and starts drawing.
    pub async fn start(api: &Api, wechat: &Wechat) -> Self {
        let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let mut people = JoinSet::new();
        for person in 0..PEOPLE {
            let api = api.sign_in(&wechat.code(&format!("person{person}")).await).await;
            let drawing = draw(api, Arc::clone(&over), Arc::clone(&answered));
            let failures = Arc::clone(&failures);
            people.spawn(async move {
                if let Err(failure) = drawing.await {
                    failures.lock().unwrap().push(failure);
                }
            });
        }
        let load = Self { people, failures, over, answered };
        load.go_on().await;
        load
    }

    /// Waits for more replies.
    pub async fn go_on(&self) {
        let enough = self.answered.load(Ordering::Relaxed) + 60;
        let answered = &self.answered;
        wait_until("answers go on", || async {
            self.nothing_failed();
            answered.load(Ordering::Relaxed) >= enough
        })
        .await;
    }

    fn nothing_failed(&self) {
        let failures = self.failures.lock().unwrap().clone();
        assert!(failures.is_empty(), "of {} requests: {failures:#?}", self.answered.load(Ordering::Relaxed));
    }

    /// Stops; asserts that all requests succeeded and that all strokes are stored.
    pub async fn stop(mut self) {
        self.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.people.join_next().await {
            ended.unwrap();
        }
        self.nothing_failed();
    }
}

async fn draw(api: Api, over: Arc<AtomicBool>, answered: Arc<AtomicU64>) -> Result<(), String> {
    let path = "/api/v1/drawings/endless/actions";
    let mut seq = 0;
    while !over.load(Ordering::Relaxed) {
        let action = stroke(i64::from(seq));
        let append = api.request(Method::POST, path).json(&json!({"from_seq": seq, "actions": [action]}));
        succeeds(append).await.map_err(|failure| format!("append {seq}: {failure}"))?;
        seq += 1;
        let read = api.request(Method::GET, &format!("/api/v1/drawings/endless?since={seq}"));
        let drawing = succeeds(read).await.map_err(|failure| format!("read at {seq}: {failure}"))?;
        if drawing["seq"] != seq {
            return Err(format!("{seq} actions were drawn, and {} are there", drawing["seq"]));
        }
        answered.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}

async fn succeeds(request: reqwest::RequestBuilder) -> Result<serde_json::Value, String> {
    let reply = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = reply.status();
    let text = reply.text().await.map_err(|error| format!("{error:?}"))?;
    if !status.is_success() {
        return Err(format!("{status} {text}"));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
