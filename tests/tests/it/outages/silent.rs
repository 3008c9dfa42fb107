//! Dead connections to databases while new ones work, as behind a load balancer whose host vanished.

use std::time::{Duration, Instant};

use yibi_tests::proxy::Proxy;
use yibi_tests::{App, Reply, service};

use super::{ANSWERED, append, host, is_ready, says_unavailable, server_over};

/// Time limit for the server to detect dead connections and replace them.
const NOTICED: Duration = Duration::from_secs(60);

/// Silences the connections and repeats a request until new connections work. A failure before that must say that the
/// server is unavailable.
async fn noticed<F: Future<Output = Reply>>(network: &Proxy, mut ask: impl FnMut() -> F) {
    let connections = network.connections();
    network.silence();
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let reply = ask().await;
        assert!(asked.elapsed() < ANSWERED, "after {:?}", asked.elapsed());
        if !reply.status.is_success() {
            says_unavailable(&reply);
        } else if network.connections() > connections {
            return;
        }
        assert!(begun.elapsed() < NOTICED, "not after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let network = Proxy::before(&host(&service("YIBI_TEST_REDIS_URL"))).await;
    let app = server_over("", &format!("redis://{}/", network.address));
    let user = app.user("alice").await;
    noticed(&network, || user.get("/api/v1/me")).await;
    assert!(is_ready(&app).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    let network = Proxy::before(&host(&service("YIBI_TEST_MONGODB_URI"))).await;
    // Without this option the driver asks the server for its real address.
    let uri = format!("mongodb://{}/?directConnection=true", network.address);
    let settings = [("STORE__MONGODB_DATABASE", &*format!("t{}", yibi_tests::unique()))];
    let settings =
        [settings.as_slice(), &[("STORE__MONGODB_URI", &uri), ("LIMITS__ENABLED", "false")]].concat();
    let app = App::start_with(yibi_tests::Backend::Embedded, &settings);
    let user = app.user("alice").await;
    append(&user, "d", 0).await.ok();
    noticed(&network, || append(&user, "d", 1)).await;
    assert!(is_ready(&app).await);
}
