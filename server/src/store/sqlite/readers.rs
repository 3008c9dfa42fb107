//! Reader threads.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{QUEUE, guarded};
use crate::store::{StoreError, StoreResult};

/// Message to a reader thread.
enum Message {
    Do(Box<dyn FnOnce(&Connection) + Send>),
    /// Ends the thread that receives it.
    End,
}

/// Queue and threads of the readers.
#[derive(Debug)]
pub struct Readers {
    queue: SyncSender<Message>,
    /// Taken by the caller that joins them.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        // Built first: if another thread fails to start, dropping `readers` ends the started ones.
        let readers = Self { queue: sender, threads: Mutex::new(Vec::new()) };
        for connection in connections {
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || serve(&connection, &receiver))?;
            readers.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(readers)
    }

    /// Queues work on a snapshot of the database.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<oneshot::Receiver<StoreResult<T>>> {
        let (sender, receiver) = oneshot::channel::<StoreResult<T>>();
        let job = Message::Do(Box::new(move |connection| {
            // The caller has gone, or its deadline has passed.
            if !sender.is_closed() {
                sender.send(in_one_state(connection, work)).ok();
            }
        }));
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the readers have ended".into()),
        })?;
        Ok(receiver)
    }

    /// Drains the queue and joins the threads. Jobs that are submitted later are dropped.
    pub fn close(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in &threads {
            self.queue.send(Message::End).ok();
        }
        for thread in threads {
            thread.join().ok();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

/// One thread waits for the queue, the others for the lock.
fn serve(connection: &Connection, queue: &Mutex<Receiver<Message>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(Message::Do(job)) => job(connection),
            Ok(Message::End) | Err(_) => return,
        }
    }
}

fn in_one_state<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> StoreResult<T>,
) -> StoreResult<T> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = guarded(connection, work);
    // Reads change nothing. SQLite ends the transaction by itself when reading the file fails.
    if !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK")?.execute([])?;
    }
    result
}
