//! Tests of `make chaos`: a short fault, and a store that loses data.

use std::time::Duration;

use yibi_tests::Backend;
use yibi_tools::chaos::check::check;
use yibi_tools::chaos::cluster::{Cluster, Requirements};
use yibi_tools::chaos::{Fault, inject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_lose_nothing_by_a_killed_server() {
    let report = inject(Fault::KillServer, Backend::Embedded, Duration::from_secs(2)).await;
    assert!(report.is_clean(), "{report:?}");
    assert!(report.verdict.acknowledged > 0, "{report:?}");
}

/// The store is reset to an earlier state: the check finds the loss of the batches acknowledged since then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_loses_acknowledged_batches_is_found() {
    let mut cluster =
        Cluster::start(Backend::Embedded, &Requirements { quiet: true, ..Requirements::default() }).await;
    let data = cluster.servers[0].data_dir();
    let (file, earlier) = (data.join("yibi.sqlite3"), data.join("earlier"));
    assert_eq!(cluster.servers[0].process().terminate(), Some(0));
    std::fs::copy(&file, &earlier).unwrap();
    cluster.servers[0].start_again();
    cluster.is_well().await;
    assert_eq!(cluster.servers[0].process().terminate(), Some(0));
    std::fs::rename(&earlier, &file).unwrap();
    cluster.servers[0].start_again();
    let ended = cluster.end().await;
    assert_eq!(ended.failures, Vec::<String>::new());
    let verdict = check(&ended.events, &ended.finals);
    assert!(verdict.lost > 0 && verdict.stale_reads > 0, "{verdict:?}");
}
