//! Content security: texts, images and the pushes of their results.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wechat_simulator::crypto::push_signature;

use super::Http;

/// A server with one image that receives pushes.
struct Receiver {
    url: String,
    pushes: UnboundedReceiver<(String, Value)>,
}

impl Receiver {
    fn start() -> Self {
        let (sender, pushes) = unbounded_channel();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(sender.clone()))
                .route("/image", web::get().to(|| async { HttpResponse::Ok().body("an image") }))
                .route("/push", web::post().to(receive))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, pushes }
    }

    async fn push(&mut self) -> (String, Value) {
        let push = tokio::time::timeout(std::time::Duration::from_secs(30), self.pushes.recv());
        push.await.expect("a push arrives").unwrap()
    }
}

async fn receive(
    sender: web::Data<UnboundedSender<(String, Value)>>,
    request: actix_web::HttpRequest,
    body: web::Bytes,
) -> &'static str {
    sender.send((request.query_string().to_owned(), serde_json::from_slice(&body).unwrap())).unwrap();
    "success"
}

async fn check(http: &Http, url: &str) -> Value {
    let token = http.token(false).await;
    let path = format!("/wxa/media_check_async?access_token={}", token["access_token"].as_str().unwrap());
    let image = json!({ "openid": "o", "version": 2, "scene": 1, "media_type": 2, "media_url": url });
    http.post(&path, image).await.1
}

#[tokio::test]
async fn an_image_is_fetched_and_its_results_are_pushed_with_a_signature() {
    let (http, mut receiver) = (Http::start(), Receiver::start());
    let target = json!({ "url": format!("{}/push", receiver.url), "token": "t" });
    assert_eq!(http.post("/simulator/push-target", target).await.0, 204);
    let results = json!([{ "verdict": { "suggest": "risky", "label": 20_002 } }, "silence", "twice"]);
    assert_eq!(http.post("/simulator/image-results", results).await.0, 204);

    let image = format!("{}/image", receiver.url);
    let reply = check(&http, &image).await;
    let (query, push) = receiver.push().await;
    assert_eq!(push["trace_id"], reply["trace_id"]);
    assert_eq!(push["result"], json!({ "suggest": "risky", "label": 20_002 }));
    let parameter = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.unwrap().to_owned()
    };
    let signature = push_signature("t", &[&parameter("timestamp"), &parameter("nonce")]);
    assert_eq!(parameter("signature"), signature);

    let silent = check(&http, &image).await;
    let missing = check(&http, &format!("{}/missing", receiver.url)).await;
    assert_ne!(silent["trace_id"], missing["trace_id"]);
    for _ in 0..2 {
        let (_, push) = receiver.push().await;
        assert_eq!((&push["trace_id"], &push["errcode"]), (&missing["trace_id"], &json!(-1008)));
    }
}
