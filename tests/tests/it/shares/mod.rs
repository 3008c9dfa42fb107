//! Shares: what their authors do, what the public sees, and what verdicts and reports change.

mod addresses;
mod cases;
mod contents;
mod faces;
mod levels;
mod life;
mod outcomes;
mod reports;
mod texts;

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::{Api, App, Backend, free_address, wait_until};

const TOKEN: &str = "shared";

/// A server that shares drawings, whose simulated WeChat checks pictures.
struct Sharing {
    app: App,
    alice: Api,
}

impl Sharing {
    async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    async fn start_with(backend: Backend, further: &[(&str, &str)]) -> Self {
        let address = free_address();
        let public_url = format!("http://{address}");
        let mut settings = vec![
            ("HTTP__LISTEN", address.as_str()),
            ("HTTP__PUBLIC_URL", &public_url),
            ("MODERATION__MODE", "enforce"),
            ("MODERATION__RETRY", "1"),
            ("WECHAT__PUSH_TOKEN", TOKEN),
            ("SHARING__LEVEL", "link"),
        ];
        settings.extend(further);
        let app = App::start_with(backend, &settings);
        app.wechat.push_to(&format!("{public_url}/wx/push"), TOKEN, None, false).await;
        let alice = app.user("alice").await;
        Self { app, alice }
    }

    /// A reader without a token.
    fn public(&self) -> Api {
        self.app.api()
    }

    /// Draws and shares a drawing. Returns its code.
    async fn shared(&self, drawing: &str) -> String {
        self.alice.append(drawing, 0, json!([stroke(1)])).await.ok();
        self.share(drawing).await["code"].as_str().unwrap().to_owned()
    }

    /// Shares a drawing, or again.
    async fn share(&self, drawing: &str) -> Value {
        self.alice.post(&path(drawing), &json!({})).await.ok()
    }

    /// Draws and shares a drawing, and waits until it is shown.
    async fn shown(&self, drawing: &str) -> String {
        let code = self.shared(drawing).await;
        self.becomes(drawing, "shown").await;
        code
    }

    /// Waits until the share of a drawing has a state. Returns the share.
    async fn becomes(&self, drawing: &str, state: &str) -> Value {
        self.until(drawing, &format!("the share is {state}"), |share| share["state"] == state).await
    }

    async fn until(&self, drawing: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, async || holds(&self.of(drawing).await)).await;
        self.of(drawing).await
    }

    async fn of(&self, drawing: &str) -> Value {
        self.alice.get(&path(drawing)).await.ok()
    }

    /// Verdicts of WeChat on the next pictures, two for each share.
    async fn verdicts(&self, verdicts: &[&str]) {
        let results: Vec<Value> = verdicts
            .iter()
            .map(|suggest| match *suggest {
                "silence" => json!("silence"),
                "twice" => json!("twice"),
                _ => json!({"verdict": {"suggest": suggest, "label": if *suggest == "pass" { 100 } else { 20_002 }}}),
            })
            .collect();
        self.app.wechat.image_results(json!(results)).await;
    }
}

fn path(drawing: &str) -> String {
    format!("/api/v1/drawings/{drawing}/share")
}

/// All public addresses of a share.
fn addresses(code: &str) -> [String; 8] {
    [
        format!("/s/{code}"),
        format!("/s/{code}.json"),
        format!("/s/{code}.png"),
        format!("/s/{code}.svg?size=480"),
        format!("/s/{code}.gif"),
        format!("/s/{code}.gif?size=sticker"),
        format!("/s/{code}/card.png?shape=5x4"),
        format!("/s/{code}/card.png?shape=1x1"),
    ]
}

/// Asserts the status of every public address, and that a reply other than 200 tells nothing of the drawing.
async fn everywhere(sharing: &Sharing, code: &str, status: u16) {
    for address in addresses(code) {
        let reply = sharing.public().get(&address).await;
        assert_eq!(reply.status, status, "{address}: {}", reply.text());
        let caching = reply.header("cache-control");
        match status {
            202 => assert_eq!(caching, "public, max-age=5", "{address}"),
            _ => assert_eq!(caching, "public, max-age=60", "{address}"),
        }
        if status != 200 {
            assert!(!reply.header("content-type").starts_with("image/"), "{address}");
            assert!(!reply.text().contains("风筝"), "{address}");
        }
    }
}

fn html(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    reply.text()
}
