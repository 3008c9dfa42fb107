//! Pictures of mini-program codes.

use serde_json::{Value, json};

use super::Http;

async fn ask(http: &Http, body: &Value) -> (String, Vec<u8>) {
    let token = http.token(false).await;
    let token = token["access_token"].as_str().unwrap();
    let url = format!("{}/wxa/getwxacodeunlimit?access_token={token}", http.wechat.url);
    let reply = http.client.post(url).json(body).send().await.unwrap();
    assert_eq!(reply.status(), 200, "also for an error");
    let content_type = reply.headers()["content-type"].to_str().unwrap().to_owned();
    (content_type, reply.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_code_is_a_picture_that_scans_as_its_scene() {
    let http = Http::start();
    for (scene, width) in [("0123456789ab", 430), ("a~Z!#$&'()*+,/:;=?@-._0123456789", 280), ("x", 1_280)] {
        let body = json!({"scene": scene, "page": "pages/share/share", "width": width});
        let (content_type, png) = ask(&http, &body).await;
        assert_eq!(content_type, "image/png");
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), (width, width));
        let side = usize::try_from(width).unwrap();
        let pixel = |x: usize, y: usize| pixels[y * side + x];
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, pixel);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "{scene}");
        assert_eq!(grids[0].decode().unwrap().1, scene);
    }
}

#[tokio::test]
async fn wrong_parameters_have_the_published_errors() {
    let http = Http::start();
    let good = json!({"scene": "0123456789ab", "page": "pages/share/share", "env_version": "trial"});
    assert_eq!(ask(&http, &good).await.0, "image/png");
    for (name, value, errcode) in [
        ("scene", json!(""), 40_169),
        ("scene", json!(7), 40_169),
        ("scene", json!("a".repeat(33)), 40_169),
        ("scene", json!("50%"), 40_129),
        ("scene", json!("画"), 40_129),
        ("page", json!("/pages/share/share"), 41_030),
        ("page", json!("pages/share/share?a=1"), 41_030),
        ("page", json!("pages/scancode_time/a"), 85_096),
        ("env_version", json!("beta"), 40_097),
        ("width", json!("430"), 40_097),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let (_, reply) = ask(&http, &body).await;
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        assert_eq!(reply["errcode"], errcode, "{body}: {reply}");
    }
    let script = json!([{"step": {"error": {"errcode": 41_030, "errmsg": "invalid page"}}, "api": "getwxacodeunlimit"}]);
    assert_eq!(http.post("/simulator/script", script).await.0, 204);
    let (_, reply) = ask(&http, &good).await;
    assert_eq!(serde_json::from_slice::<Value>(&reply).unwrap()["errcode"], 41_030);
}
