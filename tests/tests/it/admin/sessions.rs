//! Sessions: paging, filters, revoking.

use serde_json::json;
use yibi_tests::{Api, App, Backend, wait_until};

use super::{audited, column, operator, rows};

/// Waits until the client is signed out: servers cache a session for a second.
async fn signed_out(user: &Api) {
    wait_until("the session has ended", || async { user.get("/api/v1/me").await.status == 401 }).await;
}

async fn pages(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    for number in 0..5 {
        for device in ["phone", "pad"] {
            let code = app.wechat.code(&format!("user{number}")).await;
            let body = json!({"code": code, "device": device});
            app.api().post("/api/v1/session", &body).await.ok();
        }
    }
    let mut all = Vec::new();
    for order in ["expiry", "last_seen", "openid"] {
        let path = format!("/admin/v1/sessions?order={order}");
        let whole = rows(&api, &path, "sessions", 100).await;
        assert_eq!(whole.len(), 10, "{order}");
        let by_threes = rows(&api, &path, "sessions", 3).await;
        assert_eq!(column(&by_threes, "/id"), column(&whole, "/id"), "{order}");
        let mut reversed = rows(&api, &format!("{path}&reverse=true"), "sessions", 3).await;
        reversed.reverse();
        assert_eq!(column(&reversed, "/id"), column(&whole, "/id"), "{order}");
        let by = match order {
            "expiry" => column(&whole, "/expires_at"),
            "last_seen" => column(&whole, "/last_seen"),
            _ => column(&whole, "/user/openid"),
        };
        let mut sorted = by.clone();
        sorted.sort_unstable();
        if order == "last_seen" {
            sorted.reverse();
        }
        assert_eq!(by, sorted, "{order}");
        all = whole;
    }
    let text = serde_json::to_string(&all).unwrap();
    assert!(!text.contains("token") && !text.contains("sealed"), "{text}");
    let (openid, id) = (all[0]["user"]["openid"].as_str().unwrap(), all[0]["user"]["id"].as_str().unwrap());
    for filter in [format!("openid={openid}"), format!("user={id}")] {
        let of_one = rows(&api, &format!("/admin/v1/sessions?{filter}"), "sessions", 1).await;
        assert_eq!(column(&of_one, "/user/id"), [id, id], "{filter}");
    }
    for (filter, expected) in [
        ("dialect=yibi", 10),
        ("dialect=weapp", 0),
        ("ttl=60", 0),
        ("ttl=9000", 10),
        ("online=600", 10),
        ("openid=nobody", 0),
        ("order=last_seen&online=600&ttl=9000", 10),
        ("order=openid&ttl=60", 0),
    ] {
        let found = rows(&api, &format!("/admin/v1/sessions?{filter}"), "sessions", 4).await;
        assert_eq!(found.len(), expected, "{filter}");
        let counted = api.get(&format!("/admin/v1/sessions/count?{filter}")).await.ok();
        assert_eq!(counted, json!({"value": expected, "exact": true}), "{filter}");
    }
    for wrong in ["limit=0", "limit=501", "order=size", "dialect=latin", "cursor=x", "nonsense=1", "ttl=-1"] {
        api.get(&format!("/admin/v1/sessions?{wrong}")).await.problem(422, "invalid_value");
    }
    let first = api.get("/admin/v1/sessions?limit=1").await.ok();
    let cursor = first["next"].as_str().unwrap();
    let elsewhere = format!("/admin/v1/sessions?order=openid&cursor={cursor}");
    api.get(&elsewhere).await.problem(422, "invalid_value");
    assert_eq!(first["total"]["value"], 10);
}

#[tokio::test]
async fn pages_embedded() {
    pages(Backend::Embedded).await;
}

#[tokio::test]
async fn pages_shared() {
    pages(Backend::Shared).await;
}

async fn revoking(backend: Backend) {
    let app = App::start(backend);
    let api = operator(&app);
    let phone = app.user("alice").await;
    let pad = app.user("alice").await;
    let other = app.user("bob").await;
    phone.append("d", 0, json!([yibi_tests::api::stroke(1)])).await.ok();
    let of_phone = phone.get("/api/v1/me/sessions").await.ok();
    let current = |row: &&serde_json::Value| row["current"] == true;
    let id = of_phone["sessions"].as_array().unwrap().iter().find(current).unwrap()["id"].clone();
    let path = format!("/admin/v1/sessions/{}", id.as_str().unwrap());

    let detail = api.get(&path).await.ok();
    assert_eq!(detail["session"]["id"], id);
    assert_eq!(detail["others"].as_array().unwrap().len(), 1);
    assert_eq!(detail["drawings"][0]["id"], "d");
    api.delete(&path).await.ok();
    signed_out(&phone).await;
    pad.get("/api/v1/me").await.ok();
    api.get(&path).await.problem(404, "session_not_found");
    api.delete(&path).await.problem(404, "session_not_found");
    api.get("/admin/v1/sessions/nonsense").await.problem(404, "session_not_found");

    let user = detail["session"]["user"]["id"].as_str().unwrap();
    api.delete(&format!("/admin/v1/users/{user}/sessions")).await.ok();
    signed_out(&pad).await;
    other.get("/api/v1/me").await.ok();
    let left = rows(&api, "/admin/v1/sessions?order=openid", "sessions", 10).await;
    assert_eq!(left.len(), 1);
    let entries = audited(&api).await;
    assert_eq!(column(&entries, "/change"), ["revoke_sessions", "revoke_session"]);
    assert_eq!((&entries[1]["target"], &entries[1]["user"]), (&id, &user.into()));
    assert_eq!((&entries[1]["who"], &entries[1]["from"]), (&"token:admin".into(), &"127.0.0.1".into()));
    let openid = detail["session"]["user"]["openid"].as_str().unwrap();
    assert!(!serde_json::to_string(&entries).unwrap().contains(openid));
}

#[tokio::test]
async fn revoking_embedded() {
    revoking(Backend::Embedded).await;
}

#[tokio::test]
async fn revoking_shared() {
    revoking(Backend::Shared).await;
}
