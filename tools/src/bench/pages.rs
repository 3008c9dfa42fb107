//! The latency of the operators' pages of 200 rows in a full store.

use std::time::Instant;

use serde_json::Value;

use super::site::Site;
use super::table::Table;
use yibi_tests::Api;
use yibi_tests::server::ADMIN_TOKEN;

/// The target in milliseconds.
const GOAL: f64 = 20.0;
/// Number of requests for a page; the median counts.
const TIMES: usize = 9;
/// Number of pages of 500 rows before a deep page.
const DEEP: usize = 60;

/// All orders from both ends, and common filters.
fn paths() -> Vec<(String, &'static str)> {
    let mut paths = Vec::new();
    let mut add = |list: &'static str, query: &str| paths.push((format!("/admin/v1/{list}?{query}"), list));
    for reverse in [false, true] {
        for order in ["expiry", "last_seen", "openid"] {
            add("sessions", &format!("order={order}&reverse={reverse}"));
        }
        for order in ["updated", "created", "size"] {
            add("drawings", &format!("order={order}&reverse={reverse}"));
        }
        add("users", &format!("reverse={reverse}"));
        add("users", &format!("nickname=n1&reverse={reverse}"));
        add("users", &format!("openid=f00&reverse={reverse}"));
    }
    add("sessions", "order=last_seen&online=300");
    add("sessions", "order=expiry&ttl=3600");
    add("sessions", "order=expiry&dialect=yibi");
    add("sessions", "openid=f0000");
    add("sessions", "user=f000000017");
    // These filters match few rows or none, so that a page reads the maximum number of entries.
    add("sessions", "order=expiry&dialect=weapp");
    add("drawings", "user=f000000017");
    add("drawings", "mode=free&deleted=false");
    add("drawings", "mode=one_stroke");
    add("drawings", "deleted=true");
    add("users", "blocked=true");
    paths
}

/// Requests a page; returns its latency and the page, null after a time-out of the store.
async fn page(api: &Api, path: &str) -> (f64, Value) {
    let begun = Instant::now();
    let reply = api.get(path).await;
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    (took, if reply.status == 503 { Value::Null } else { reply.ok() })
}

/// The median latency of a page, its rows and the next cursor.
async fn median(api: &Api, path: &str, list: &str) -> (f64, usize, Option<String>) {
    let mut all = Vec::new();
    let mut last = Value::Null;
    for _ in 0..TIMES {
        let (took, reply) = page(api, path).await;
        all.push(took);
        last = reply;
        if last.is_null() {
            // A repetition would take as long again.
            break;
        }
    }
    all.sort_by(f64::total_cmp);
    let rows = last[list].as_array().map_or(0, Vec::len);
    (all[all.len() / 2], rows, last["next"].as_str().map(str::to_owned))
}

pub async fn measure(site: &Site) -> String {
    let api = Api::new(&site.server.admin).with_token(ADMIN_TOKEN);
    let mut table = Table::new(&["pages of 200, ms", "rows", "first", "second", "deep", ""]);
    for (path, list) in paths() {
        let (first, rows, next) = median(&api, &format!("{path}&limit=200"), list).await;
        let mut times = vec![first];
        if let Some(next) = next {
            times.push(median(&api, &format!("{path}&limit=200&cursor={next}"), list).await.0);
            let mut deep = Some(next);
            for _ in 0..DEEP {
                let Some(cursor) = deep.take() else { break };
                let (_, reply) = page(&api, &format!("{path}&limit=500&cursor={cursor}")).await;
                deep = reply["next"].as_str().map(str::to_owned);
            }
            if let Some(cursor) = deep {
                times.push(median(&api, &format!("{path}&limit=200&cursor={cursor}"), list).await.0);
            }
        }
        let verdict = if times.iter().all(|time| *time < GOAL) { "" } else { "OVER" };
        let mut cells = vec![path.trim_start_matches("/admin/v1/").to_owned(), rows.to_string()];
        cells.extend(times.iter().map(|time| format!("{time:.1}")));
        cells.resize(5, "-".to_owned());
        cells.push(verdict.to_owned());
        table.row(cells);
    }
    for path in ["/admin/v1/overview", "/admin/v1/sessions/count?", "/admin/v1/drawings/count?deleted=true"] {
        let (took, reply) = page(&api, path).await;
        let value = reply["value"].as_u64().map_or(String::new(), |value| value.to_string());
        table.row(vec![path.trim_start_matches("/admin/v1/").to_owned(), value, format!("{took:.1}")]);
    }
    table.text()
}
