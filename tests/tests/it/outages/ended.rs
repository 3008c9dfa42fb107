//! Graceful shutdown.

use futures_util::future::join_all;
use yibi_tests::proxy::Proxy;
use yibi_tests::{App, Backend, service, unique, wait_until};

use super::writers::Writers;
use super::{append, server_over};

/// Number of requests in flight.
const IN_FLIGHT: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_closed() {
    let mut app = server_over("", "");
    let mut clients = Vec::new();
    for number in 0..8 {
        clients.push(app.user(&format!("user{number}")).await);
    }
    let mut writers = Writers::start(clients, &app.public);
    for _ in 0..2 {
        writers.progress(40).await;
        assert_eq!(app.process().terminate(), Some(0));
        let data = app.data_dir();
        assert!(data.join("yibi.sqlite3").exists());
        for left in ["yibi.sqlite3-wal", "yibi.sqlite3-shm"] {
            assert!(!data.join(left).exists(), "{left}: {}", app.log());
        }
        app.crash_and_restart();
        writers.follow(&app.public);
    }
    for written in writers.stop().await {
        written.is_all_there(&app.public).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_answered() {
    let network = Proxy::before(&super::host(&service("YIBI_TEST_MONGODB_URI"))).await;
    // Without these options the driver asks MongoDB for its real address, sends frequent heartbeats, and opens few
    // connections at a time.
    let options = "directConnection=true&heartbeatFrequencyMS=60000&maxConnecting=32";
    let uri = format!("mongodb://{}/?{options}", network.address);
    let database = format!("t{}", unique());
    let settings = [
        ("STORE__MONGODB_URI", uri.as_str()),
        ("STORE__MONGODB_DATABASE", &database),
        ("LIMITS__ENABLED", "false"),
        ("HTTP__WORKERS", "4"),
    ];
    let mut app = App::start_with(Backend::Embedded, &settings);
    let user = app.user("alice").await;
    // Each client keeps its own connection.
    let clients: Vec<_> =
        (0..IN_FLIGHT).map(|_| app.api().with_token(user.token.as_ref().unwrap())).collect();
    let ids: Vec<_> = (0..IN_FLIGHT).map(|number| format!("d{number}")).collect();
    for (client, id) in clients.iter().zip(&ids) {
        append(client, id, 0).await.ok();
    }
    network.hold_replies(true);
    let requests = join_all(clients.iter().zip(&ids).map(|(client, id)| append(client, id, 1)));
    let (public, process) = (app.public.clone(), app.process());
    let ending = async {
        let all = async || network.held() == IN_FLIGHT;
        wait_until("all of them are in flight", all).await;
        process.signal("TERM");
        // The server refuses new connections and completes requests in flight.
        let closed = async || tokio::net::TcpStream::connect(super::host(&public)).await.is_err();
        wait_until("the listener is closed", closed).await;
        assert!(process.runs());
        network.hold_replies(false);
    };
    let (replies, ()) = tokio::join!(requests, ending);
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(process.wait(), Some(0));
}
