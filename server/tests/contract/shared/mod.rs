//! The stores that several servers share, against real ones.
//!
//! `YIBI_TEST_MONGODB_URI` and `YIBI_TEST_REDIS_URL` say where they are, `YIBI_TEST_MONGODB_SERVER` and
//! `YIBI_TEST_REDIS_SERVER` which programs they are; `tests/services` starts them. A test that is not told
//! fails.

mod mongo;
mod outage;
mod redis;
mod wechat;

use std::sync::atomic::{AtomicU32, Ordering};

fn required(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests with `tests/services cargo test`"))
}

/// A name that no other test has, in this run or another.
fn own_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("contract_{}_{}_{number}", yibi_server::domain::clock::Micros::now().0, std::process::id())
}
