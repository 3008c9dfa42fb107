//! A few threads that read.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{QUEUE, guarded};
use crate::store::{StoreError, StoreResult};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The reading side.
#[derive(Debug)]
pub struct Readers {
    /// Taken away to let the threads end.
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut readers = Self { queue: Some(sender), threads: Vec::new() };
        for connection in connections {
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || serve(&connection, &receiver))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Queues work that sees one state of the database.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<oneshot::Receiver<StoreResult<T>>> {
        let (sender, receiver) = oneshot::channel::<StoreResult<T>>();
        let job: Job = Box::new(move |connection| {
            // Nobody waits any more when the deadline has passed or the caller has gone.
            if !sender.is_closed() {
                sender.send(guarded(connection, |connection| in_one_state(connection, work))).ok();
            }
        });
        let queue = self.queue.as_ref().ok_or(StoreError::Busy)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the readers have ended".into()),
        })?;
        Ok(receiver)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// One waits for the queue at a time, the others for the lock.
fn serve(connection: &Connection, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(connection),
            Err(_) => return,
        }
    }
}

fn in_one_state<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> StoreResult<T>,
) -> StoreResult<T> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(&transaction)?;
    transaction.finish()?;
    Ok(result)
}
