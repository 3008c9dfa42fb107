//! The three routes and unknown routes.

use reqwest::Method;
use serde_json::{Value, json};
use yibi_tests::weapp::Phone;
use yibi_tests::{Api, App, Backend, on_both_backends};

use super::line;

on_both_backends!(
    list_save_and_delete,
    missing_members_are_named,
    numbers_and_truths_are_texts,
    other_addresses_and_methods_are_unknown,
    the_query_is_ignored,
    the_base_path_is_a_setting,
);

async fn list_save_and_delete(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    assert_eq!(phone.list().await.applet(), json!({"code": 0, "msg": "success", "data": []}));
    phone.save("p1", line(1.0)).await.done();
    phone.save("p2", line(2.0)).await.done();
    let entry = |id: &str, x: f64| json!({"id": id, "actions": line(x)});
    let list = |data: &[Value]| json!({"code": 0, "msg": "success", "data": data});
    assert_eq!(phone.list().await.applet(), list(&[entry("p1", 1.0), entry("p2", 2.0)]));
    phone.save("p1", line(3.0)).await.done();
    assert_eq!(phone.list().await.applet(), list(&[entry("p1", 3.0), entry("p2", 2.0)]));
    phone.delete("p1").await.done();
    phone.delete("p1").await.done();
    phone.delete("never").await.done();
    assert_eq!(phone.list().await.applet(), list(&[entry("p2", 2.0)]));
}

async fn missing_members_are_named(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let actions = line(1.0);
    for body in [
        json!({}),
        json!({"id": "p1"}),
        json!({"actions": actions}),
        json!({"id": "", "actions": actions}),
        json!({"id": "p1", "actions": ""}),
        json!({"id": null, "actions": actions}),
        json!({"id": "p1", "actions": null}),
        json!({"ID": "p1", "Actions": actions}),
        json!([]),
        json!([{"id": "p1", "actions": actions}]),
    ] {
        phone.post("/paints/save", &body).await.fails("id or actions does not exists");
    }
    for body in [json!({}), json!({"id": ""}), json!({"id": null}), json!({"actions": "p1"}), json!(["p1"])] {
        phone.post("/paints/delete", &body).await.fails("id does not exists");
    }
    let nothing = phone.request(Method::POST, "/paints/save");
    Api::send(nothing).await.fails("id or actions does not exists");
    let plain =
        phone.request(Method::POST, "/paints/delete").header("content-type", "text/plain").body("id=p1");
    Api::send(plain).await.fails("id does not exists");
    assert_eq!(phone.shown().await, []);
}

async fn numbers_and_truths_are_texts(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    for id in [json!(1_479_999_999_123_i64), json!(0), json!(-1.5), json!(true), json!(false)] {
        phone.save(&id, line(1.0)).await.done();
    }
    phone.save("1479999999123", line(2.0)).await.done();
    assert_eq!(phone.ids().await, ["1479999999123", "0", "-1.5", "true", "false"]);
    assert_eq!(phone.shown().await[0].1, line(2.0), "the number and its text are one id");
    phone.delete("0").await.done();
    phone.delete(json!(-1.5)).await.done();
    assert_eq!(phone.ids().await, ["1479999999123", "true", "false"]);
}

async fn other_addresses_and_methods_are_unknown(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let body = json!({"id": "p1", "actions": line(1.0)});
    for (method, path) in [
        ("POST", "/paints/list"),
        ("DELETE", "/paints/list"),
        ("GET", "/paints/save"),
        ("PUT", "/paints/save"),
        ("GET", "/paints/delete"),
        ("DELETE", "/paints/delete"),
        ("get", "/paints/list"),
        ("GET", "/paints/list/"),
        ("POST", "/paints/save/"),
        ("GET", "/Paints/list"),
        ("GET", "/paints/LIST"),
        ("GET", "/paints//list"),
        ("GET", "/paints/list/p1"),
        ("GET", "/paints"),
        ("GET", "/drawings/list"),
        ("GET", ""),
        ("GET", "/"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = Api::send(phone.request(method.clone(), path).json(&body)).await;
        assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text());
    }
    for path in ["/APPLET/session/paints/list", "/applet/paints/list", "/applet/session/paints/list%20"] {
        assert_eq!(Api::send(phone.request_at(Method::GET, path)).await.status, 404, "{path}");
    }
    assert_eq!(phone.shown().await, []);
}

async fn the_query_is_ignored(backend: Backend) {
    let app = App::start(backend);
    let phone = app.phone_2016("alice").await;
    let body = json!({"id": "p1", "actions": line(1.0)});
    phone.post("/paints/save?id=other&actions=[]", &body).await.done();
    phone.post("/paints/save?id=p2&actions=%5B%5D", &json!({})).await.fails("id or actions does not exists");
    phone.post("/paints/delete?id=p1", &json!({})).await.fails("id does not exists");
    for query in ["?", "?limit=0", "?x=%zz&=&&", "?code=1#x"] {
        let reply = Api::send(phone.request(Method::GET, &format!("/paints/list{query}"))).await;
        assert_eq!(reply.applet()["data"], json!([body]), "{query}");
    }
}

async fn the_base_path_is_a_setting(backend: Backend) {
    let app = App::start_with(backend, &[("HTTP__WEAPP_BASE_PATH", "/old/demo")]);
    let login = app.wechat.login("alice").await;
    let phone = Phone::with_login(&app.public, &login);
    assert_eq!(phone.list().await.status, 404);
    assert_eq!(app.wechat.exchanges(&login.code).await, 0);
    let there = Api::send(phone.request_at(Method::GET, "/old/demo/paints/list")).await;
    assert_eq!(there.applet()["data"], json!([]));
}
