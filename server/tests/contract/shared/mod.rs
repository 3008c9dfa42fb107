//! The shared stores against real databases.
//!
//! `YIBI_TEST_MONGODB_URI` and `YIBI_TEST_REDIS_URL` are their addresses, `YIBI_TEST_MONGODB_SERVER` and
//! `YIBI_TEST_REDIS_SERVER` their programs; `tests/services` starts them and sets the variables. A test without them
//! fails.

mod mongo;
mod mongo_shares;
mod outage;
mod redis;
mod wechat;

use std::sync::atomic::{AtomicU32, Ordering};

fn required(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests with `tests/services cargo test`"))
}

/// A name that is unique over all tests and runs.
fn own_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("contract_{}_{}_{number}", yibi_server::domain::clock::Micros::now().0, std::process::id())
}
