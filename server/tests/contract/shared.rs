//! The stores that several servers share, against real ones.
//!
//! `YIBI_TEST_MONGODB_URI` and `YIBI_TEST_REDIS_URL` say where they are; `make test` starts them. A test
//! that is not told fails.

use std::sync::atomic::{AtomicU32, Ordering};

use yibi_server::store::mongo::MongoGallery;
use yibi_server::store::redis::RedisSessions;

use crate::given::Opened;

fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these tests with `make test`"))
}

/// A name that no other test has, in this run or another.
fn own_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("contract_{}_{}_{number}", yibi_server::clock::Micros::now().0, std::process::id())
}

mod mongo {
    use super::*;

    pub async fn open() -> Opened<MongoGallery> {
        let uri = required("YIBI_TEST_MONGODB_URI");
        Opened { store: MongoGallery::connect(&uri, &own_name()).await.unwrap(), _keep: () }
    }

    gallery_cases!(super::open);
}

mod redis {
    use super::*;

    pub async fn open() -> Opened<RedisSessions> {
        let url = required("YIBI_TEST_REDIS_URL");
        Opened { store: RedisSessions::connect(&url, &format!("{}:", own_name())).await.unwrap(), _keep: () }
    }

    sessions_cases!(super::open);
}
