//! The age of the oldest case that waits for a decision, for the metrics.

use std::future::Future;
use std::time::Duration;

use super::OperatorService;

/// Interval of the readings.
const EVERY: Duration = Duration::from_secs(10);

/// Reads the age of the oldest case at intervals until `shutdown`. Every server reports it.
pub async fn run_review_age(operators: OperatorService, shutdown: impl Future<Output = ()>) {
    let reading = async {
        loop {
            if let Err(error) = operators.observe_reviews().await {
                tracing::debug!(%error, "the age of the oldest review case is not known");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = reading => {}
        () = shutdown => {}
    }
}
