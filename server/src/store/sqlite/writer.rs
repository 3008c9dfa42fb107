//! The writer thread. It runs the waiting jobs, up to a bound, in one transaction with a savepoint for each,
//! and replies after the commit, so that callers share the flush to the disk.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::connect::BUSY_TIMEOUT;
use super::{QUEUE, guarded};
use crate::store::{StoreError, StoreResult};

/// Maximum number of jobs in one transaction: more would save little, and the first job waits for the last.
const GROUP: usize = 64;
/// Limit of the memory of all waiting jobs, in KiB.
const ROOM: usize = 64 * 1_024;
/// Interval of the attempts to empty the log while a reader needs it.
const TRUNCATE_EVERY: Duration = Duration::from_secs(1);

/// Queue and thread of the writer.
#[derive(Debug)]
pub struct Writer {
    queue: SyncSender<Message>,
    room: Arc<Semaphore>,
    empty_log: Arc<AtomicBool>,
    /// Taken by the caller that joins it.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Message to the writer thread.
enum Message {
    Do(Box<dyn Job>),
    /// Ends the thread after the jobs that were sent before.
    End,
}

impl Writer {
    pub fn start(connection: Connection) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let empty_log = Arc::new(AtomicBool::new(false));
        let wanted = Arc::clone(&empty_log);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(connection, &receiver, &wanted))?;
        let (room, thread) = (Arc::new(Semaphore::new(ROOM)), Mutex::new(Some(thread)));
        Ok(Self { queue: sender, room, empty_log, thread })
    }

    /// A flag with which a job requests that the log be emptied after its commit, so that erased content does
    /// not remain there. While a reader needs the log, later commits retry.
    pub fn empty_log(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.empty_log)
    }

    /// Queues a job that holds about `bytes` of memory.
    pub fn submit<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<oneshot::Receiver<StoreResult<T>>> {
        let kib = u32::try_from(bytes / 1_024 + 1).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(kib).map_err(|_full| StoreError::Busy)?;
        let (reply, receiver) = oneshot::channel();
        let job = Task { work: Some(work), outcome: None, reply, _room: room };
        self.queue.try_send(Message::Do(Box::new(job))).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has ended".into()),
        })?;
        Ok(receiver)
    }

    /// Drains the queue and joins the thread. Jobs that are submitted later are dropped.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.queue.send(Message::End).ok();
            thread.join().ok();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// A job of any result type.
trait Job: Send {
    /// Runs the job and keeps its outcome.
    fn perform(&mut self, connection: &Connection) -> Result<(), &StoreError>;

    /// Replies with the job's outcome, or with the failure of the group.
    fn reply(self: Box<Self>, failure: Option<&Failure>);
}

struct Task<T, W> {
    work: Option<W>,
    outcome: Option<StoreResult<T>>,
    reply: oneshot::Sender<StoreResult<T>>,
    _room: OwnedSemaphorePermit,
}

impl<T: Send, W: FnOnce(&Connection) -> StoreResult<T> + Send> Job for Task<T, W> {
    fn perform(&mut self, connection: &Connection) -> Result<(), &StoreError> {
        if let Some(work) = self.work.take() {
            self.outcome = Some(guarded(connection, work));
        }
        match &self.outcome {
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn reply(self: Box<Self>, failure: Option<&Failure>) {
        let outcome = match (failure, self.outcome) {
            // A job keeps its own error: its changes were rolled back before.
            (_, Some(Err(error))) => Err(error),
            (Some(failure), _) => Err(failure.to_error()),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(StoreError::Unavailable("the job was not done".into())),
        };
        self.reply.send(outcome).ok();
    }
}

/// Failure of a whole group.
#[derive(Debug, Clone)]
struct Failure {
    full: bool,
    source: Arc<dyn Error + Send + Sync>,
}

impl Failure {
    fn to_error(&self) -> StoreError {
        let source = Box::new(Arc::clone(&self.source));
        if self.full { StoreError::Full(source) } else { StoreError::Unavailable(source) }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
        Self { full, source: Arc::new(error) }
    }
}

fn serve(connection: Connection, queue: &Receiver<Message>, empty_log: &AtomicBool) {
    let mut group = Vec::with_capacity(GROUP);
    let mut ending = false;
    let mut tried_at = None::<Instant>;
    while !ending && let Ok(first) = queue.recv() {
        for message in std::iter::once(first).chain(queue.try_iter()).take(GROUP) {
            match message {
                Message::Do(job) => group.push(job),
                Message::End => {
                    ending = true;
                    break;
                }
            }
        }
        if group.is_empty() {
            continue;
        }
        let failure = commit(&connection, &mut group).err();
        if let Some(failure) = &failure {
            tracing::error!(jobs = group.len(), error = %failure.source, "a group of writes failed");
        }
        for job in group.drain(..) {
            job.reply(failure.as_ref());
        }
        let may_try = tried_at.is_none_or(|tried_at| tried_at.elapsed() >= TRUNCATE_EVERY);
        if may_try && empty_log.load(Ordering::Relaxed) {
            match truncate_log(&connection) {
                Ok(true) => empty_log.store(false, Ordering::Relaxed),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the log was not emptied after an erasure"),
            }
            tried_at = Some(Instant::now());
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::error!(%error, "the database did not close cleanly");
    }
}

/// Checkpoints and empties the log, unless a reader needs it. Returns whether it is empty.
fn truncate_log(connection: &Connection) -> rusqlite::Result<bool> {
    // Writes must not wait for a reader.
    connection.busy_timeout(Duration::ZERO)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(!busy?)
}

/// Runs all jobs in one transaction, which stores all or nothing.
fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    let done = attempt(connection, group);
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    done
}

fn attempt(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        execute(connection, "SAVEPOINT job")?;
        match job.perform(connection) {
            Ok(()) => {}
            // SQLite may end the transaction on its own when the disk is full or fails.
            Err(error) if connection.is_autocommit() => {
                let text = format!("the transaction was ended by another job's error: {error}");
                return Err(Failure {
                    full: matches!(error, StoreError::Full(_)),
                    source: Arc::from(Box::from(text)),
                });
            }
            Err(_) => execute(connection, "ROLLBACK TO job")?,
        }
        execute(connection, "RELEASE job")?;
    }
    execute(connection, "COMMIT")?;
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    /// A writer for a table of numbers.
    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER UNIQUE, pad BLOB)").unwrap();
        Writer::start(connection).unwrap()
    }

    type Reply<T> = oneshot::Receiver<StoreResult<T>>;

    fn insert(writer: &Writer, number: i64) -> Reply<()> {
        let insert = move |connection: &Connection| {
            connection.execute("INSERT INTO numbers (number) VALUES (?)", [number])?;
            Ok(())
        };
        writer.submit(0, insert).unwrap()
    }

    fn numbers(writer: &Writer) -> Vec<i64> {
        let select = |connection: &Connection| {
            let mut statement = connection.prepare("SELECT number FROM numbers ORDER BY number")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<i64>>>()?)
        };
        writer.submit(0, select).unwrap().blocking_recv().unwrap().unwrap()
    }

    /// Blocks the writer, so that all jobs queued meanwhile form one group. Dropping the sender releases it.
    fn hold(writer: &Writer) -> (Sender<()>, Reply<()>) {
        let (release, held) = channel::<()>();
        let (reached, here) = channel();
        let wait = move |_: &Connection| {
            reached.send(()).ok();
            held.recv_timeout(Duration::from_secs(10)).ok();
            Ok(())
        };
        let reply = writer.submit(0, wait).unwrap();
        here.recv().unwrap();
        (release, reply)
    }

    #[test]
    fn a_job_that_fails_or_panics_spoils_no_other_of_its_group() {
        let writer = writer();
        let (release, held) = hold(&writer);
        let first = insert(&writer, 1);
        let half_done = writer.submit(0, |connection: &Connection| -> StoreResult<()> {
            connection.execute("INSERT INTO numbers (number) VALUES (50)", [])?;
            connection.execute("INSERT INTO numbers (number) VALUES (1)", [])?;
            Ok(())
        });
        let panicked = writer.submit(0, |connection: &Connection| -> StoreResult<()> {
            connection.execute("INSERT INTO numbers (number) VALUES (60)", [])?;
            panic!("on purpose");
        });
        let last = insert(&writer, 2);
        drop(release);
        held.blocking_recv().unwrap().unwrap();
        first.blocking_recv().unwrap().unwrap();
        let refused = half_done.unwrap().blocking_recv().unwrap();
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        let refused = panicked.unwrap().blocking_recv().unwrap();
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        last.blocking_recv().unwrap().unwrap();
        assert_eq!(numbers(&writer), [1, 2]);
    }

    #[test]
    fn a_group_that_is_not_committed_is_acknowledged_to_nobody() {
        let writer = writer();
        let (release, held) = hold(&writer);
        let first = insert(&writer, 1);
        // Simulates SQLite's own rollback after a disk failure.
        let rolled_back = writer.submit(0, |connection: &Connection| -> StoreResult<()> {
            connection.execute_batch("ROLLBACK")?;
            Err(StoreError::Full("no room".into()))
        });
        let last = insert(&writer, 2);
        drop(release);
        held.blocking_recv().unwrap().unwrap();
        for reply in [first, rolled_back.unwrap(), last] {
            let outcome = reply.blocking_recv().unwrap();
            assert!(matches!(outcome, Err(StoreError::Full(_))), "{outcome:?}");
        }
        assert!(numbers(&writer).is_empty());
        insert(&writer, 3).blocking_recv().unwrap().unwrap();
        assert_eq!(numbers(&writer), [3]);
    }

    #[test]
    fn a_full_disk_is_told_and_passes() {
        let writer = writer();
        let limit = |pages: u32| {
            move |connection: &Connection| -> StoreResult<()> {
                Ok(connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
            }
        };
        let grow = |connection: &Connection| -> StoreResult<()> {
            connection.execute("INSERT INTO numbers (number, pad) VALUES (9, zeroblob(100000))", [])?;
            Ok(())
        };
        writer.submit(0, limit(1)).unwrap().blocking_recv().unwrap().unwrap();
        let outcome = writer.submit(0, grow).unwrap().blocking_recv().unwrap();
        assert!(matches!(outcome, Err(StoreError::Full(_))), "{outcome:?}");
        assert!(numbers(&writer).is_empty());
        writer.submit(0, limit(10_000)).unwrap().blocking_recv().unwrap().unwrap();
        writer.submit(0, grow).unwrap().blocking_recv().unwrap().unwrap();
        assert_eq!(numbers(&writer), [9]);
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_memory() {
        let writer = writer();
        let (release, held) = hold(&writer);
        let half = ROOM / 2 * 1_024;
        let big = writer.submit(half, |_: &Connection| Ok(())).unwrap();
        assert!(matches!(writer.submit(half, |_: &Connection| Ok(())), Err(StoreError::Busy)));
        assert!(matches!(writer.submit(usize::MAX, |_: &Connection| Ok(())), Err(StoreError::Busy)));
        let mut waiting: Vec<_> = (1..1_024).map(|number| insert(&writer, number)).collect();
        assert!(matches!(writer.submit(0, |_: &Connection| Ok(())), Err(StoreError::Busy)));
        drop(release);
        held.blocking_recv().unwrap().unwrap();
        big.blocking_recv().unwrap().unwrap();
        waiting.pop().unwrap().blocking_recv().unwrap().unwrap();
        writer.submit(half, |_: &Connection| Ok(())).unwrap().blocking_recv().unwrap().unwrap();
        assert_eq!(numbers(&writer).len(), 1_023);
    }

    #[test]
    fn closing_does_what_waits() {
        let writer = writer();
        let (release, _held) = hold(&writer);
        let waiting: Vec<_> = (0..200).map(|number| insert(&writer, number)).collect();
        drop(release);
        writer.close();
        for mut reply in waiting {
            reply.try_recv().unwrap().unwrap();
        }
        let late = writer.submit(0, |_: &Connection| Ok(()));
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    }
}
