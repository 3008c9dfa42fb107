//! The operator's API.

mod access;
mod blocked_links;
mod drawings;
mod errors;
mod history;
mod hosts;
mod kept_errors;
mod live;
mod reviews;
mod sessions;
mod users;

use serde_json::Value;
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, Server};

/// The operator of a server, by token.
fn operator(server: &Server) -> Api {
    Api::new(&server.admin).with_token(ADMIN_TOKEN)
}

/// All rows of a list, fetched in pages of `limit`.
async fn rows(api: &Api, path: &str, name: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = api.get(&format!("{path}{separator}limit={limit}{cursor}")).await.ok();
        let of_page = page[name].as_array().unwrap();
        assert!(of_page.len() <= limit, "{page}");
        rows.extend(of_page.iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// The value at a JSON pointer in each row.
fn column<'a>(rows: &'a [Value], pointer: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row.pointer(pointer).and_then(Value::as_str).unwrap()).collect()
}

/// The actions of the latest audit entries, newest first.
async fn audited(api: &Api) -> Vec<Value> {
    api.get("/admin/v1/audit").await.ok()["entries"].as_array().unwrap().clone()
}
