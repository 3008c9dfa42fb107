//! The export: all data of a user in one zip file.

use std::io::{Cursor, Read};

use serde_json::{Value, json};
use yibi_tests::api::stroke;
use yibi_tests::{Api, App, Backend};

on_both_backends! {
    an_export_holds_everything_of_the_user_alone,
    exports_of_others_go_on_beside_clients_that_do_not_read,
}

/// A JSON file of a zip file.
pub fn file(zip: &[u8], name: &str) -> Value {
    serde_json::from_slice(&bytes(zip, name)).unwrap()
}

fn bytes(zip: &[u8], name: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut file = archive.by_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

async fn an_export_holds_everything_of_the_user_alone(backend: Backend) {
    let app = App::start(backend);
    let alice = app.user("alice").await;
    let bob = app.user("bob").await;
    bob.append("bobs", 0, json!([stroke(1)])).await.ok();
    alice.patch("/api/v1/me", &json!({"nickname": "小明"})).await.ok();
    // More drawings than one page of the export.
    for number in 0..60 {
        alice.append(&format!("d{number}"), 0, json!([stroke(number), stroke(7)])).await.ok();
        alice
            .patch(&format!("/api/v1/drawings/d{number}"), &json!({"title": format!("画{number}")}))
            .await
            .ok();
    }
    alice.delete("/api/v1/drawings/d3").await;
    let reply = alice.get("/api/v1/me/export").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/zip"));
    assert!(reply.header("content-disposition").contains("attachment"));
    let mut archive = zip::ZipArchive::new(Cursor::new(&reply.body)).unwrap();
    // File names contain the day of the drawing: `drawings/2026-11-28 画7.png`.
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for name in names.iter_mut().filter(|name| name.contains('/')) {
        let (folder, rest) = name.split_once('/').unwrap();
        let (day, title) = rest.split_once(' ').unwrap();
        let parts: Vec<usize> = day.split('-').map(str::len).collect();
        assert_eq!(parts, [4, 2, 2], "{name}");
        *name = format!("{folder}/{title}");
    }
    names.sort();
    let mut expected = vec!["profile.json".to_owned(), "shares.json".to_owned()];
    for number in 0..60 {
        let folder = if number == 3 { "deleted" } else { "drawings" };
        expected.extend(["json", "png"].map(|ending| format!("{folder}/画{number}.{ending}")));
    }
    expected.sort();
    assert_eq!(names, expected);
    for index in 0..archive.len() {
        // Reading to the end also verifies the checksum.
        let mut content = Vec::new();
        archive.by_index(index).unwrap().read_to_end(&mut content).unwrap();
        assert!(!content.is_empty());
    }
    let profile = file(&reply.body, "profile.json");
    assert_eq!(profile["nickname"], "小明");
    assert_eq!(profile["id"], alice.get("/api/v1/me").await.ok()["id"]);
    for number in [59, 3] {
        let mut drawing = alice.drawing(&format!("d{number}")).await;
        drawing["image_url"] = Value::Null;
        assert_eq!(file(&reply.body, &name_of(&reply.body, &format!(" 画{number}.json"))), drawing);
    }
    let picture = alice.get("/api/v1/drawings/d59/image.png").await.body;
    assert_eq!(bytes(&reply.body, &name_of(&reply.body, " 画59.png")), picture);
    assert!(bytes(&reply.body, &name_of(&reply.body, " 画3.png")).starts_with(b"\x89PNG"));
    let nobody = app.api().get("/api/v1/me/export").await;
    nobody.problem(401, "unauthenticated");
}

/// The name of the file with this ending.
pub fn name_of(zip: &[u8], end: &str) -> String {
    let archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut names = archive.file_names().map(|name| name.unwrap().into_owned());
    names.find(|name| name.ends_with(end)).unwrap_or_else(|| panic!("no file ends with {end}"))
}

async fn exports_of_others_go_on_beside_clients_that_do_not_read(backend: Backend) {
    let app = App::start_with(backend, &[("LIMITS__ENABLED", "false")]);
    let [alice, bob, carol] = [app.user("alice").await, app.user("bob").await, app.user("carol").await];
    // A picture of noise makes the export much longer than the socket buffers.
    let mut state = 7_i64;
    let mut noise = || {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        state / 65_536
    };
    let dots: Vec<Value> = (0..400)
        .map(|_| {
            let color = format!("#{:02x}{:02x}{:02x}", noise() % 256, noise() % 256, noise() % 256);
            let mut points = vec![noise() % 2048, noise() % 2731, 0];
            for _ in 0..10 {
                points.extend([noise() % 400 - 200, noise() % 400 - 200, 8]);
            }
            json!({"type": "stroke", "color": color, "width": 24, "at": 0, "points": points})
        })
        .collect();
    for number in 0..60 {
        alice.append(&format!("d{number}"), 0, json!(dots)).await.ok();
        bob.append(&format!("d{number}"), 0, json!(dots)).await.ok();
    }
    let export =
        async |user: &Api| user.request(reqwest::Method::GET, "/api/v1/me/export").send().await.unwrap();
    let first = export(&alice).await;
    assert_eq!(first.status(), 200);
    // A user has one export at a time; other users' exports are independent.
    alice.get("/api/v1/me/export").await.problem(503, "busy");
    let second = export(&bob).await;
    assert_eq!(second.status(), 200);
    assert!(carol.get("/api/v1/me/export").await.ok_bytes().starts_with(b"PK"));
    drop(second);
    let whole = first.bytes().await.unwrap();
    assert_eq!(zip::ZipArchive::new(Cursor::new(&whole)).unwrap().len(), 122);
    yibi_tests::wait_until("room for another export", async || export(&bob).await.status() == 200).await;
}
