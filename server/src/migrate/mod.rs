//! `yibi-server migrate`: moves everything between the embedded file and MongoDB with Redis, and imports the
//! drawings of a 2016 server.
//!
//! A move is made in turns, and a journal in the data directory records the progress after each; an
//! interrupted move continues from there. Each write replaces a whole record and is idempotent. At the end,
//! all records of both sides are read and compared; of sessions, which change while they are in use, only the
//! number.

mod journal;
mod miniprogram_codes;
mod orders;
mod room_members;
mod shares;
mod verify;
pub mod weapp;

use std::path::Path;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use yibi_common::admin::{ServerView, SessionOrder};

use self::journal::{Journal, Part};
pub use self::verify::Sum;
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::report::{Place, SessionFilter, SessionPage};
use crate::domain::user::{UserKey, UserRecord};
use crate::keys::{self, KeyPlace};
use crate::settings::Settings;
use crate::store::mongo::MongoGallery;
use crate::store::redis::RedisSessions;
use crate::store::sqlite::SqliteStore;
use crate::store::transfer::{AuditRow, Turn};
use crate::store::{
    Avatars, Checks, Drawings, MiniprogramCodes, Orders, Reviews, Rooms, SessionReports, Sessions, Shares,
    Transfer, Users,
};
use crate::store::{StoreError, StoreResult};

/// Records that are moved between two journal entries.
const TURN: u32 = 256;
/// Records counted per page.
const COUNTED: u32 = 1_024;
/// Maximum number of drawings that are moved concurrently.
const AT_ONCE: usize = 8;
/// A server with a heartbeat within so many seconds counts as running.
const RUNNING: i64 = 10;

/// Source or target of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The file in `store.data_dir`.
    Embedded,
    Shared,
}

/// Failure of a move.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Both ends are the same, or the settings do not configure one of them.
    #[error("{0}")]
    Settings(&'static str),
    #[error("the {0} store")]
    Store(&'static str, #[source] StoreError),
    /// The target holds records of another origin.
    #[error("the target holds {} users and {} drawings already: name another database, or empty it", .0.users, .0.drawings)]
    NotEmpty(Tally),
    /// Servers that use the shared stores are running.
    #[error("{0} servers are running on the shared stores: stop them first (a killed one counts for 10 s)")]
    Running(usize),
    #[error("the note of how far the move is, {path}")]
    Journal {
        path: String,
        /// Why it can't be used.
        #[source]
        cause: std::io::Error,
    },
    /// A move between other ends has begun.
    #[error("another move was begun from this data directory ({0}): finish it, or remove that file")]
    Another(String),
    /// The target has its own key.
    #[error(
        "the target has another {0} key: put the source's into the settings as keys.{0}, or as keys.{0}_old if they name a newer one"
    )]
    OtherKey(&'static str),
    /// The two sides differ after the move.
    #[error("the two sides differ: {0}")]
    Differs(String),
}

type Result<T> = std::result::Result<T, MigrateError>;

/// Receiver of a move's progress.
pub trait Progress {
    /// Called when a part of `all` records begins, of which `done` are moved already.
    fn begins(&mut self, part: &'static str, all: u64, done: u64);
    /// Called when `count` further records are moved.
    fn done(&mut self, count: u64);
}

/// Number of records of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub users: u64,
    /// Drawings, the bin included.
    pub drawings: u64,
    /// Entries of the audit log.
    pub audit: u64,
    /// Codes of shares, also of shares that ended.
    pub shares: u64,
    /// Review cases.
    pub cases: u64,
    /// Reports of shares.
    pub reports: u64,
    /// Pieces of evidence.
    pub evidence: u64,
    /// Pictures of mini-program codes.
    pub miniprogram_codes: u64,
    /// People in rooms.
    pub room_members: u64,
    /// Orders of prints.
    pub orders: u64,
}

impl Tally {
    /// Counts by pages instead of by one query: a single count of a large collection would exceed the
    /// deadline.
    async fn of<G: Transfer>(store: &G) -> StoreResult<Self> {
        Ok(Self {
            users: count(async |place| store.users_behind(place, COUNTED).await).await?,
            drawings: count(async |place| store.drawings_behind(place, COUNTED).await).await?,
            audit: count(async |place| store.audit_behind(place, COUNTED).await).await?,
            shares: count(async |place| store.codes_behind(place, COUNTED).await).await?,
            cases: count(async |place| store.cases_behind(place, COUNTED).await).await?,
            reports: count(async |place| store.reports_behind(place, COUNTED).await).await?,
            evidence: count(async |place| store.evidence_behind(place, COUNTED).await).await?,
            miniprogram_codes: miniprogram_codes::count(store).await?,
            room_members: count(async |place| store.members_behind(place, COUNTED).await).await?,
            orders: orders::count(store).await?,
        })
    }
}

/// Number of records in all turns.
async fn count<T>(turn: impl AsyncFn(Option<&str>) -> StoreResult<Turn<T>>) -> StoreResult<u64> {
    let mut number = 0;
    for_each(turn, |_| number += 1).await?;
    Ok(number)
}

/// Reads all records of a kind, turn by turn.
async fn for_each<T>(
    read: impl AsyncFn(Option<&str>) -> StoreResult<Turn<T>>,
    mut each: impl FnMut(&T),
) -> StoreResult<()> {
    let mut place = None;
    loop {
        let turn = read(place.as_deref()).await?;
        turn.items.iter().for_each(&mut each);
        place = turn.next;
        if place.is_none() {
            return Ok(());
        }
    }
}

/// Copies the records of a kind that the journal has not noted yet, turn by turn.
async fn move_records<T>(
    journal: &mut Journal,
    progress: &mut dyn Progress,
    read: impl AsyncFn(Option<&str>) -> StoreResult<Turn<T>>,
    write: impl AsyncFn(&T) -> Result<()>,
) -> Result<()> {
    loop {
        let turn = read(journal.place()).await.map_err(at(SOURCE))?;
        for record in &turn.items {
            write(record).await?;
        }
        progress.done(turn.items.len() as u64);
        if !journal.note(turn.next, turn.items.len())? {
            return Ok(());
        }
    }
}

/// Result of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// All records except sessions.
    pub tally: Tally,
    pub sessions: u64,
    /// The checksum of all records except sessions and avatars, the same on both sides.
    pub sum: Sum,
}

/// All traits of a gallery that a move needs.
trait Whole:
    Users + Drawings + Avatars + Checks + Shares + Rooms + Reviews + MiniprogramCodes + Orders + Transfer + Sync
{
}
impl<G> Whole for G where
    G: Users
        + Drawings
        + Avatars
        + Checks
        + Shares
        + Rooms
        + Reviews
        + MiniprogramCodes
        + Orders
        + Transfer
        + Sync
{
}

/// Moves everything from one end to the other.
///
/// # Errors
/// [`MigrateError`]. Records moved until then stay; the next run continues from there.
pub async fn migrate(settings: &Settings, from: End, to: End, progress: &mut dyn Progress) -> Result<Moved> {
    let store = &settings.store;
    let (mongodb_uri, redis_url) = (store.mongodb_uri.expose_secret(), store.redis_url.expose_secret());
    if from == to {
        return Err(MigrateError::Settings("--from and --to are the same"));
    }
    if mongodb_uri.is_empty() || redis_url.is_empty() {
        return Err(MigrateError::Settings(
            "store.mongodb_uri and store.redis_url have to be set: they are the shared end",
        ));
    }
    let embedded = SqliteStore::open(&store.data_dir).map_err(at("embedded"))?;
    let mongo = MongoGallery::connect(mongodb_uri, &store.mongodb_database).map_err(at("MongoDB"))?;
    let redis = RedisSessions::connect(redis_url, &store.redis_prefix).map_err(at("Redis"))?;
    let running = running(&redis).await.map_err(at("Redis"))?;
    if running > 0 {
        return Err(MigrateError::Running(running));
    }
    let places = (KeyPlace::Directory(store.data_dir.clone()), KeyPlace::Shared(mongo.clone()));
    let target = format!("{}/{}", store.mongodb_database, store.redis_prefix);
    let mut journal = Journal::open(&store.data_dir, from, to, &target)?;
    match to {
        End::Shared => begin(&mongo, &mut journal, settings, &places.0, &places.1).await?,
        End::Embedded => begin(&embedded, &mut journal, settings, &places.1, &places.0).await?,
    }
    let moved = match to {
        End::Shared => move_all(&embedded, &embedded, &mongo, &redis, &mut journal, progress).await,
        End::Embedded => move_all(&mongo, &redis, &embedded, &embedded, &mut journal, progress).await,
    };
    if moved.is_ok() {
        journal.end()?;
    }
    // Blocks until the log is checkpointed.
    let _ = tokio::task::spawn_blocking(move || embedded.close()).await;
    moved
}

fn at(store: &'static str) -> impl Fn(StoreError) -> MigrateError {
    move |error| MigrateError::Store(store, error)
}

const SOURCE: &str = "source";
const TARGET: &str = "target";

/// Number of servers with a recent heartbeat in that Redis.
async fn running(redis: &RedisSessions) -> StoreResult<usize> {
    let now = Timestamp::now().as_second();
    let heard = |view: &String| {
        let view: ServerView = serde_json::from_str(view).ok()?;
        view.heard_at.parse::<Timestamp>().ok().map(Timestamp::as_second)
    };
    let servers = redis.servers().await?;
    Ok(servers.values().filter_map(heard).filter(|heard| now - heard < RUNNING).count())
}

/// Copies the keys, once the target is known to hold no foreign records, and records that the move has begun.
async fn begin<H: Transfer>(
    target: &H,
    journal: &mut Journal,
    settings: &Settings,
    from: &KeyPlace,
    to: &KeyPlace,
) -> Result<()> {
    if journal.is_new() {
        let there = Tally::of(target).await.map_err(at(TARGET))?;
        if there != Tally::default() {
            return Err(MigrateError::NotEmpty(there));
        }
    }
    if let Some(name) = keys::carry(&settings.keys, from, to).await.map_err(at(TARGET))? {
        return Err(MigrateError::OtherKey(name));
    }
    if journal.is_new() { journal.begin() } else { Ok(()) }
}

async fn move_all<G, S, H, T>(
    from: &G,
    from_sessions: &S,
    to: &H,
    to_sessions: &T,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<Moved>
where
    G: Whole,
    S: Sessions + SessionReports + Sync,
    H: Whole,
    T: Sessions + SessionReports + Sync,
{
    let all = Tally::of(from).await.map_err(at(SOURCE))?;
    if journal.is_at(Part::Users) {
        progress.begins("users", all.users, journal.done());
        move_users(from, to, journal, progress).await?;
    }
    if journal.is_at(Part::Drawings) {
        progress.begins("drawings", all.drawings, journal.done());
        move_drawings(from, to, journal, progress).await?;
    }
    if journal.is_at(Part::Audit) {
        progress.begins("audit log", all.audit, journal.done());
        move_audit(from, to, journal, progress).await?;
    }
    shares::move_all(from, to, &all, journal, progress).await?;
    miniprogram_codes::move_all(from, to, &all, journal, progress).await?;
    room_members::move_all(from, to, &all, journal, progress).await?;
    orders::move_all(from, to, &all, journal, progress).await?;
    let sessions = move_sessions(from_sessions, to_sessions, progress).await?;
    progress.begins("comparing", all.users + all.drawings, 0);
    let sum = verify::compare(from, to, progress).await?;
    // The target is counted first, so that a session that ends meanwhile is missing from neither count.
    let there = living(to_sessions).await.map_err(at(TARGET))?;
    let here = living(from_sessions).await.map_err(at(SOURCE))?;
    if there < here {
        return Err(MigrateError::Differs(format!("{here} sessions and {there}")));
    }
    Ok(Moved { tally: all, sessions, sum })
}

/// Copies users with their avatars and the checks of both.
async fn move_users<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    let read = async |place: Option<&str>| from.users_behind(place, TURN).await;
    let write = async |user: &UserRecord| {
        to.put_user(user).await.map_err(at(TARGET))?;
        if let Some(id) = &user.avatar
            && let Some(image) = from.avatar(&user.key, id).await.map_err(at(SOURCE))?
        {
            to.put_avatar(&user.key, id, &image).await.map_err(at(TARGET))?;
        }
        move_check(from, to, &user.key, &Subject::Nickname).await?;
        move_check(from, to, &user.key, &Subject::Avatar).await
    };
    move_records(journal, progress, read, write).await
}

/// Copies drawings with the checks of their titles.
async fn move_drawings<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    loop {
        let turn = from.drawings_behind(journal.place(), TURN).await.map_err(at(SOURCE))?;
        let count = turn.items.len();
        let mut moving = stream::iter(turn.items)
            .map(|(user, id)| async move {
                // A drawing that was purged meanwhile is left out.
                if let Some(drawing) = from.read(&user, &id, 0).await.map_err(at(SOURCE))? {
                    to.put_drawing(&user, &drawing).await.map_err(at(TARGET))?;
                }
                move_check(from, to, &user, &Subject::RoomPicture(id.clone())).await?;
                move_check(from, to, &user, &Subject::Title(id)).await
            })
            .buffer_unordered(AT_ONCE);
        while let Some(moved) = moving.next().await {
            moved?;
            progress.done(1);
        }
        if !journal.note(turn.next, count)? {
            return Ok(());
        }
    }
}

/// Copies the audit log.
async fn move_audit<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    let read = async |place: Option<&str>| from.audit_behind(place, TURN).await;
    let write = async |row: &AuditRow| to.put_audit(row).await.map_err(at(TARGET));
    move_records(journal, progress, read, write).await
}

async fn move_check<G: Whole, H: Whole>(from: &G, to: &H, user: &UserKey, subject: &Subject) -> Result<()> {
    match from.check(user, subject).await.map_err(at(SOURCE))? {
        Some(check) => to.put_check(&check).await.map_err(at(TARGET)),
        None => Ok(()),
    }
}

/// Sessions are few, small, and change in use: each run moves all of them.
async fn move_sessions<S: SessionReports, T: Sessions>(
    from: &S,
    to: &T,
    progress: &mut dyn Progress,
) -> Result<u64> {
    let (living, _) = from.session_estimates(Micros::now()).await.map_err(at(SOURCE))?;
    progress.begins("sessions", living, 0);
    let (mut after, mut count) = (None, 0);
    loop {
        let rows = from.session_page(&sessions_after(after)).await.map_err(at(SOURCE))?;
        for (session, ends) in &rows.rows {
            let idle = ends.since(Micros::now());
            to.create(session.clone(), idle).await.map_err(at(TARGET))?;
            count += 1;
            progress.done(1);
        }
        after = rows.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

fn sessions_after(after: Option<Place>) -> SessionPage {
    SessionPage {
        order: SessionOrder::Openid,
        reverse: false,
        after,
        limit: TURN,
        users: None,
        filter: SessionFilter::default(),
    }
}

/// Number of living sessions.
async fn living<S: SessionReports>(sessions: &S) -> StoreResult<u64> {
    let (mut after, mut count) = (None, 0);
    loop {
        let rows = sessions.session_page(&sessions_after(after)).await?;
        count += rows.rows.len() as u64;
        after = rows.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

/// Path of the journal in that data directory, if it records an unfinished move.
#[must_use]
pub fn unfinished(data_dir: &Path) -> Option<std::path::PathBuf> {
    let path = journal::path(data_dir);
    path.exists().then_some(path)
}
