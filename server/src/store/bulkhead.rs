//! Bulkhead of a database over the network: a limit of running operations, a limit of waiting ones, and a
//! deadline for each caller.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{OPERATION_DEADLINE, StoreError, StoreResult};

/// Reason why a caller fails before its operation ends.
#[derive(Debug, thiserror::Error)]
enum Turned {
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("the operation broke off")]
    BrokeOff,
}

#[derive(Debug)]
pub(super) struct Bulkhead {
    running: Arc<Semaphore>,
    queue: Semaphore,
    deadline: Duration,
}

impl Bulkhead {
    /// A bulkhead for `running` operations at once and `waiting` more in the queue.
    pub(super) fn new(running: usize, waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(running)),
            queue: Semaphore::new(waiting),
            deadline: OPERATION_DEADLINE,
        }
    }

    /// Runs an operation in a task of its own. When the deadline passes or the caller is dropped, the
    /// operation continues to its end and keeps its permit: dropping a driver's future may leave a connection
    /// in an unknown state.
    ///
    /// # Errors
    /// The errors of the operation; [`StoreError::Busy`] when too many wait; [`StoreError::Unavailable`] at
    /// the deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        operation: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        let deadline = Instant::now() + self.deadline;
        let late = || StoreError::Unavailable(Turned::Late(self.deadline).into());
        let place = match Arc::clone(&self.running).try_acquire_owned().ok() {
            Some(place) => place,
            None => {
                let _waiting = self.queue.try_acquire().ok().ok_or(StoreError::Busy)?;
                let freed = timeout_at(deadline, Arc::clone(&self.running).acquire_owned()).await;
                freed.ok().and_then(Result::ok).ok_or_else(late)?
            }
        };
        let task = tokio::spawn(
            async move {
                let outcome = operation.await;
                drop(place);
                outcome
            }
            .in_current_span(),
        );
        match timeout_at(deadline, task).await.ok() {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(StoreError::Refused(Turned::BrokeOff.into())),
            None => Err(late()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    fn gate(running: usize, waiting: usize, deadline: Duration) -> Bulkhead {
        Bulkhead { deadline, ..Bulkhead::new(running, waiting) }
    }

    #[tokio::test]
    async fn a_caller_waits_no_longer_than_the_deadline() {
        let gate = gate(1, 1, Duration::from_millis(10));
        let stuck = gate.run(pending::<StoreResult<()>>()).await;
        assert!(matches!(stuck, Err(StoreError::Unavailable(_))), "{stuck:?}");
        // The stuck operation still holds the only permit.
        let waiting = gate.run(async { Ok(()) }).await;
        assert!(matches!(waiting, Err(StoreError::Unavailable(_))), "{waiting:?}");
    }

    #[tokio::test]
    async fn an_operation_outlives_its_caller() {
        let gate = gate(1, 0, Duration::from_secs(60));
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        {
            let mut run = Box::pin(gate.run(async {
                begun.await.unwrap();
                end.send(()).unwrap();
                Ok(())
            }));
            tokio::select! {
                biased;
                _ = &mut run => panic!("it has not begun"),
                () = tokio::task::yield_now() => {}
            }
        }
        begin.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_refused_at_once() {
        let gate = Arc::new(gate(1, 1, Duration::from_secs(60)));
        let (end, ended) = oneshot::channel::<()>();
        let first = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.run(async { ended.await.map_err(|error| StoreError::Full(error.into())) }).await }
        });
        while gate.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.run(async { Ok(2) }).await }
        });
        while gate.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gate.run(async { Ok(3) }).await, Err(StoreError::Busy)));
        end.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let gate = gate(1, 0, Duration::from_secs(60));
        let broken = gate.run::<()>(async { panic!("on purpose") }).await;
        assert!(matches!(broken, Err(StoreError::Refused(_))), "{broken:?}");
        gate.run(async { Ok(()) }).await.unwrap();
    }
}
