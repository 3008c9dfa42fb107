//! Public addresses: sizes, headers, order of refusals, and how much a reply reads.

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, on_both_backends, wait_until};

use super::{Sharing, addresses, html, path};
use crate::v1::animations::{animation, png_pixels};

on_both_backends! {
    search_engines_are_told_to_index_nothing,
    few_sizes_of_a_picture_are_made,
    a_share_that_is_not_shown_answers_alike_whatever_is_asked_for,
    a_report_that_fails_is_a_page,
    a_picture_that_a_client_has_is_not_read_again,
    a_page_keeps_the_title_of_its_copy,
    the_url_is_absolute_without_a_public_url,
    a_code_without_a_share_is_unknown,
    every_form_shows_the_same_picture,
    an_export_holds_the_shares,
    an_erased_author_leaves_no_share,
}

async fn search_engines_are_told_to_index_nothing(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.alice.post(&path("kite"), &json!({"audience": "wall"})).await.ok();
    let hidden = sharing.shared("tree").await;
    for address in addresses(&code).into_iter().chain(addresses(&hidden)).chain(addresses("000000000000")) {
        let reply = sharing.public().get(&address).await;
        assert_eq!(reply.header("x-robots-tag"), "noindex", "{address}");
    }
}

async fn few_sizes_of_a_picture_are_made(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let longer = |reply: &Reply| {
        let header: [u8; 8] = reply.ok_bytes()[16..24].try_into().unwrap();
        let [width, height] = [0, 4].map(|at| u32::from_be_bytes(header[at..at + 4].try_into().unwrap()));
        width.max(height)
    };
    for (asked, sent) in
        [(64, 64), (65, 128), (300, 320), (700, 720), (1080, 1080), (1081, 1440), (2048, 2048)]
    {
        let picture = sharing.public().get(&format!("/s/{code}.png?size={asked}")).await;
        assert_eq!(longer(&picture), sent, "{asked}");
    }
    for bad in ["0", "63", "2049", "x", "-1"] {
        sharing.public().get(&format!("/s/{code}.png?size={bad}")).await.problem(422, "invalid_value");
        sharing.public().get(&format!("/s/{code}.svg?size={bad}")).await.problem(422, "invalid_value");
    }
}

async fn a_share_that_is_not_shown_answers_alike_whatever_is_asked_for(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    sharing.verdicts(&["silence", "silence"]).await;
    let hidden = sharing.shared("kite").await;
    let ended = sharing.shared("tree").await;
    sharing.alice.delete(&path("tree")).await;
    for (code, status) in [(hidden.as_str(), 202), (ended.as_str(), 410), ("000000000000", 404)] {
        for rest in
            [".png?size=1", ".svg?size=x", ".gif?size=5", "/card.png?shape=9x9", "/avatar.jpg", "/code.png"]
        {
            let reply = sharing.public().get(&format!("/s/{code}{rest}")).await;
            assert_eq!(reply.status, status, "{code}{rest}");
        }
    }
}

async fn a_report_that_fails_is_a_page(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let lines = |count: usize| format!("reason=1&note={}", "%E5%95%8A%0D%0A".repeat(count));
    for (form, status) in [
        ("reason=7".to_owned(), 422),
        (format!("reason=1&note={}", "x".repeat(201)), 422),
        (lines(101), 422),
        ("x".repeat(5_000), 413),
    ] {
        let reply = sharing.visit(&code, &form).await;
        assert_eq!(reply.status, status, "{form}");
        let page = html(&reply);
        assert!(page.contains("举报没有提交") && page.contains(&format!("href=\"../{code}\"")), "{page}");
    }
    let request = sharing.public().request(reqwest::Method::POST, &format!("/s/{code}/report"));
    let reply = Api::send(request.header("content-type", "application/json").body("{}")).await;
    assert_eq!(reply.status, 415);
    html(&reply);
    assert!(sharing.queue().await.is_empty(), "no report was taken");
    // The form counts a line break once, and sends it as two characters.
    assert_eq!(sharing.visit(&code, &lines(100)).await.status, 200);
}

/// Number of times that the servers read a copy.
async fn copies_read(sharing: &Sharing) -> u64 {
    let metrics = Api::new(&sharing.app.admin).with_token(ADMIN_TOKEN).get("/metrics").await.text();
    let count = metrics.lines().find_map(|line| {
        line.strip_prefix(
            "yibi_store_operation_duration_seconds_count{store=\"gallery\",operation=\"copy\"} ",
        )
    });
    count.map_or(0, |count| count.parse().unwrap())
}

async fn a_picture_that_a_client_has_is_not_read_again(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    let mut tags = Vec::new();
    for address in addresses(&code) {
        let reply = sharing.public().get(&address).await;
        tags.push((address, reply.header("etag").to_owned()));
    }
    let read = copies_read(&sharing).await;
    assert!(read > 0);
    for (address, tag) in tags {
        if tag.is_empty() {
            sharing.public().get(&address).await.ok_bytes();
            continue;
        }
        let again = sharing.public().with_header("if-none-match", &tag).get(&address).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{address}");
        if !address.ends_with(".json") {
            sharing.public().get(&address).await.ok_bytes();
        }
    }
    assert_eq!(copies_read(&sharing).await, read, "cached pictures and revalidations read no copy");
    // A change of what is shown changes the tag.
    let address = format!("/s/{code}.json");
    let tag = sharing.public().get(&address).await.header("etag").to_owned();
    sharing.alice.post(&path("kite"), &json!({"allow_continue": true})).await.ok();
    assert_ne!(sharing.public().get(&address).await.header("etag"), tag);
}

async fn a_page_keeps_the_title_of_its_copy(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let first = json!({"from_seq": 0, "drawing": {"title": "风筝"}, "actions": [stroke(1)]});
    sharing.alice.post("/api/v1/drawings/kite/actions", &first).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    let title = async || sharing.public().get(&format!("/s/{code}.json")).await.ok()["title"].clone();
    sharing.becomes("kite", "shown").await;
    wait_until("the title passed", async || title().await == "风筝").await;
    let checked = async || {
        let calls = sharing.app.wechat.calls().await;
        calls["apis"]["msg_sec_check"].as_u64().unwrap_or(0)
    };
    for (number, renamed) in ["大树", "违规", "", "小河"].into_iter().enumerate() {
        sharing.alice.patch("/api/v1/drawings/kite", &json!({"title": renamed})).await.ok();
        if !renamed.is_empty() {
            wait_until("the new title is checked", async || checked().await > number.min(2) as u64 + 1).await;
        }
        assert_eq!(title().await, "风筝", "after {renamed:?}");
    }
    sharing.alice.append("kite", 1, json!([stroke(2)])).await.ok();
    sharing.share("kite").await;
    sharing.until("kite", "the update is shown", |share| share["shown_seq"] == 2).await;
    wait_until("the update has its own title", async || title().await == "小河").await;
}

async fn the_url_is_absolute_without_a_public_url(backend: Backend) {
    let app = App::start_with(backend, &[("SHARING__LEVEL", "link"), ("SHARING__REVIEW", "operator")]);
    let alice = app.user("alice").await;
    alice.append("kite", 0, json!([stroke(1)])).await.ok();
    let share = alice.post(&path("kite"), &json!({})).await.ok();
    let code = share["code"].as_str().unwrap();
    assert_eq!(share["url"], format!("{}/s/{code}", app.public));
    assert_eq!(alice.get(&path("kite")).await.ok()["url"], share["url"]);
    assert_eq!(alice.get("/api/v1/shares").await.ok()["shares"][0]["url"], share["url"]);
    let proxied = alice.with_header("x-forwarded-proto", "https").get(&path("kite")).await.ok();
    let url = proxied["url"].as_str().unwrap();
    assert!(url.starts_with("http") && url.ends_with(&format!("/s/{code}")), "{url}");
}

async fn a_code_without_a_share_is_unknown(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let ended = sharing.shown("kite").await;
    sharing.alice.delete(&path("kite")).await;
    let code = sharing.shown("kite").await;
    let orphan = "0rphan000000";
    add_code(&sharing, orphan, &code).await;
    for (code, status) in [(orphan, 404), (&ended, 410), (&code, 200)] {
        super::everywhere(&sharing, code, status).await;
    }
}

/// Stores a code as a crash between it and its share leaves it, for the drawing of another code.
async fn add_code(sharing: &Sharing, orphan: &str, other: &str) {
    if let Some(database) = sharing.app.setting("STORE__MONGODB_DATABASE") {
        let uri = yibi_tests::service("YIBI_TEST_MONGODB_URI");
        let client = mongodb::Client::with_uri_str(uri).await.unwrap();
        let codes = client.database(database).collection::<mongodb::bson::Document>("codes");
        let mut code = codes.find_one(mongodb::bson::doc! {"_id": other}).await.unwrap().unwrap();
        code.insert("_id", orphan);
        code.insert("code", orphan);
        codes.insert_one(code).await.unwrap();
        return;
    }
    let file = rusqlite::Connection::open(sharing.app.data_dir().join("yibi.sqlite3")).unwrap();
    let insert = "INSERT INTO share_codes (code, user, drawing, created_at)
        SELECT ?, user, drawing, created_at FROM share_codes WHERE code = ?";
    assert_eq!(file.execute(insert, [orphan, other]).unwrap(), 1);
}

/// Moves the erasure of all users who leave to the past.
async fn erasure_is_due(sharing: &Sharing) {
    if let Some(database) = sharing.app.setting("STORE__MONGODB_DATABASE") {
        let uri = yibi_tests::service("YIBI_TEST_MONGODB_URI");
        let client = mongodb::Client::with_uri_str(uri).await.unwrap();
        let users = client.database(database).collection::<mongodb::bson::Document>("users");
        let leaving = mongodb::bson::doc! {"erase_at": {"$gt": 0_i64}};
        let due = mongodb::bson::doc! {"$set": {"erase_at": 1_i64}};
        assert_eq!(users.update_many(leaving, due).await.unwrap().modified_count, 1);
        return;
    }
    let file = rusqlite::Connection::open(sharing.app.data_dir().join("yibi.sqlite3")).unwrap();
    let due = "UPDATE users SET erase_at = 1 WHERE erase_at IS NOT NULL";
    assert_eq!(file.execute(due, []).unwrap(), 1);
}

async fn every_form_shows_the_same_picture(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let strokes = json!([
        {"type": "background", "color": "#fff8e7", "at": 0},
        stroke(1),
        {"type": "stroke", "tool": "ink", "color": "#cc0000", "width": 160, "at": 500,
            "points": [300, 300, 0, 900, 1200, 300, 400, -600, 200]},
        {"type": "stroke", "tool": "eraser", "color": "#000000", "width": 200, "at": 2000,
            "points": [200, 900, 0, 1500, 300, 400]},
    ]);
    sharing.alice.append("kite", 0, strokes).await.ok();
    let code = sharing.share("kite").await["code"].as_str().unwrap().to_owned();
    sharing.becomes("kite", "shown").await;
    let png = sharing.public().get(&format!("/s/{code}.png?size=480")).await.ok_bytes().to_vec();
    let own = sharing.alice.get("/api/v1/drawings/kite/image.png?size=480").await.ok_bytes().to_vec();
    assert_eq!(png, own);
    let gif = sharing.public().get(&format!("/s/{code}.gif?size=480")).await;
    let (still, moving) = (png_pixels(&png), animation(gif.ok_bytes()));
    assert_eq!(still.len(), moving.width * moving.height);
    for frame in [moving.first(), moving.last()] {
        let far =
            still.iter().zip(frame).filter(|(a, b)| a.iter().zip(b.iter()).any(|(a, b)| a.abs_diff(*b) > 32));
        let far = far.count();
        assert!(far * 1000 < still.len(), "{far} of {} pixels differ", still.len());
    }
    let page = html(&sharing.public().get(&format!("/s/{code}")).await);
    let image = page.split("<img").nth(1).unwrap().split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(image, format!("{code}.png?size=1080"));
}

async fn an_export_holds_the_shares(backend: Backend) {
    let sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.shared("tree").await;
    sharing.alice.delete(&path("tree")).await;
    let zip = sharing.alice.get("/api/v1/me/export").await.ok_bytes().to_vec();
    let shares = crate::v1::export::file(&zip, "shares.json");
    let told: Vec<(&Value, &Value)> =
        shares.as_array().unwrap().iter().map(|share| (&share["drawing"], &share["state"])).collect();
    assert_eq!(told, [(&json!("tree"), &json!("revoked")), (&json!("kite"), &json!("shown"))]);
    assert_eq!((&shares[1]["code"], &shares[1]["audience"]), (&json!(code), &json!("link")));
    let bob = sharing.app.user("bob").await;
    let zip = bob.get("/api/v1/me/export").await.ok_bytes().to_vec();
    assert_eq!(crate::v1::export::file(&zip, "shares.json"), json!([]));
}

async fn an_erased_author_leaves_no_share(backend: Backend) {
    let mut sharing = Sharing::start(backend).await;
    let code = sharing.shown("kite").await;
    sharing.visit(&code, "reason=1").await;
    let case = sharing.only_case().await;
    sharing.alice.delete("/api/v1/me").await;
    super::everywhere(&sharing, &code, 410).await;
    erasure_is_due(&sharing).await;
    // A server looks for erasures when it starts.
    sharing.app.restart();
    wait_until("the user is erased", async || {
        sharing.public().get(&format!("/s/{code}.json")).await.status == 404
    })
    .await;
    super::everywhere(&sharing, &code, 404).await;
    let id = case["id"].as_str().unwrap();
    wait_until("the case names nobody", async || {
        sharing.operator().get(&format!("/admin/v1/reviews/{id}")).await.ok()["author"]["id"] == ""
    })
    .await;
    // Evidence outlives its author.
    sharing.operator().get(&format!("/admin/v1/reviews/{id}/picture.png")).await.ok_bytes();
    sharing.decide(&case, "remove", json!({"reason": 1})).await.problem(409, "case_closed");
}
