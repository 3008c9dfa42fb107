//! MongoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use mongodb::bson::{Bson, Document, doc};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use yibi_common::admin::DrawingOrder;
use yibi_server::domain::batch::Appended;
use yibi_server::domain::report::{DrawingFilter, DrawingPage, Texts, UserPage, UsersBy};
use yibi_server::domain::user::NewUser;
use yibi_server::store::mongo::MongoGallery;
use yibi_server::store::{Drawings, Reports, Users};

use super::{own_name, required};
use crate::given::{Opened, actions, at, batch, blank, blob, blobs, draw, ids, new_user, save, user};

/// All commands that the store and the driver may send. MongoDB 6.0 supports them on replica sets and sharded clusters.
/// Transactions and `bulkWrite` are not among them.
const ALLOWED: &[&str] = &[
    "aggregate",
    "count",
    "createIndexes",
    "delete",
    "endSessions",
    "find",
    "findAndModify",
    "getMore",
    "hello",
    "insert",
    "killCursors",
    "ping",
    "saslContinue",
    "saslStart",
    "update",
];

/// The command that the store sends in the background.
const IN_BACKGROUND: &str = "createIndexes";

/// The commands and replies of the driver since the last read.
#[derive(Clone, Default)]
pub(super) struct EventBus {
    sent: Arc<Mutex<Vec<String>>>,
    pub(super) finds: Arc<Mutex<Vec<Document>>>,
    replies: Arc<Mutex<Vec<Document>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl EventBus {
    fn see(&self, event: CommandEvent) {
        if let CommandEvent::Started(event) = event {
            let name = event.command_name;
            if !ALLOWED.contains(&name.as_str())
                || event.command.contains_key("autocommit")
                || event.command.to_string().contains("$where")
            {
                self.refused.lock().unwrap().push(name.clone());
            }
            if name == "find" {
                self.finds.lock().unwrap().push(event.command);
            }
            if name != IN_BACKGROUND {
                self.sent.lock().unwrap().push(name);
            }
        } else if let CommandEvent::Succeeded(event) = event
            && event.command_name != IN_BACKGROUND
        {
            self.replies.lock().unwrap().push(event.reply);
        }
    }

    /// The names of the commands since the last call.
    fn names(&self) -> Vec<String> {
        self.replies.lock().unwrap().clear();
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

impl Drop for EventBus {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(*self.refused.lock().unwrap(), [""; 0], "not of MongoDB 6.0, or not atomic");
        }
    }
}

fn open() -> Opened<MongoGallery, EventBus> {
    open_as(&own_name())
}

/// A store whose commands are recorded.
pub(super) fn open_as(database: &str) -> Opened<MongoGallery, EventBus> {
    let watch = EventBus::default();
    let watching = watch.clone();
    let store = MongoGallery::connect_with(&required("YIBI_TEST_MONGODB_URI"), database, move |options| {
        let watching = watching.clone();
        options.command_event_handler = Some(EventHandler::callback(move |event| watching.see(event)));
    });
    Opened { store: store.unwrap(), _keep: watch }
}

pub(super) async fn raw(database: &str) -> mongodb::Database {
    mongodb::Client::with_uri_str(required("YIBI_TEST_MONGODB_URI")).await.unwrap().database(database)
}

gallery_cases!(super::open);

/// Explains the commands of each operators' page over 500 users and drawings, of which the page shows 20.
#[tokio::test]
async fn operators_pages_look_at_little_more_than_they_show() {
    const ROWS: u32 = 500;
    const SHOWN: u32 = 20;
    let name = own_name();
    let Opened { store, _keep: watch } = open_as(&name);
    join_all((0..ROWS).map(|number| {
        let store = store.clone();
        async move {
            let owner = user(&format!("o{number:03}"));
            let public_id = format!("p{number}");
            store.sign_in(&owner, &new_user(&public_id), at(i64::from(number))).await.unwrap();
            store.set_nickname(&owner, &format!("n{:03}", number * 7 % ROWS)).await.unwrap();
            draw(&store, &owner, "d", 1 + number % 9, at(i64::from(number))).await;
        }
    }))
    .await;
    let raw = raw(&name).await;
    // The commands of the first page and of the next one.
    let mut pages = Vec::new();
    for reverse in [false, true] {
        for order in [DrawingOrder::Updated, DrawingOrder::Created, DrawingOrder::Size] {
            let filter = DrawingFilter::default();
            let mut page = DrawingPage { order, reverse, after: None, limit: SHOWN, filter };
            watch.finds.lock().unwrap().clear();
            page.after = store.drawing_page(&page).await.unwrap().next;
            store.drawing_page(&page).await.unwrap();
            pages.push((format!("{order:?} {reverse}"), std::mem::take(&mut *watch.finds.lock().unwrap())));
        }
        let app = user("").to_string();
        for by in [
            UsersBy::Creation,
            UsersBy::Nickname(Texts::beginning_with("n")),
            UsersBy::Key(Texts::beginning_with(&app)),
        ] {
            let mut page = UserPage { by: by.clone(), reverse, after: None, limit: SHOWN, blocked: None };
            watch.finds.lock().unwrap().clear();
            page.after = store.user_page(&page).await.unwrap().next;
            store.user_page(&page).await.unwrap();
            pages.push((format!("{by:?} {reverse}"), std::mem::take(&mut *watch.finds.lock().unwrap())));
        }
    }
    for (page, finds) in pages {
        // One command for the first page; behind a cursor one for equal values and one for the values beyond.
        assert!((2..=3).contains(&finds.len()), "{page}");
        for find in finds {
            assert_little_examined(&raw, &page, find, SHOWN).await;
        }
    }
}

/// Explains a recorded `find`: it follows an index, sorts nothing, and examines two records more than it returns
/// at most.
pub(super) async fn assert_little_examined(
    raw: &mongodb::Database,
    page: &str,
    mut find: Document,
    shown: u32,
) {
    for member in ["lsid", "$db", "$clusterTime", "txnNumber", "$readPreference", "maxTimeMS"] {
        find.remove(member);
    }
    // The number of documents that the driver reads for one page.
    find.insert("limit", i64::from(shown));
    find.remove("batchSize");
    let explained =
        raw.run_command(doc! {"explain": find.clone(), "verbosity": "executionStats"}).await.unwrap();
    let stats = explained.get_document("executionStats").unwrap_or_else(|_| panic!("{explained}"));
    let examined = |name: &str| stats.get(name).and_then(number).unwrap_or_else(|| panic!("{stats}"));
    let planner = explained.get_document("queryPlanner").unwrap();
    let plan = planner.get_document("winningPlan").unwrap().to_string();
    assert!(!plan.contains("COLLSCAN") && !plan.contains("\"SORT\""), "{page}: {find}\n{plan}");
    let most = examined("nReturned") + 2;
    assert!(examined("totalKeysExamined") <= most, "{page}: {find}\n{stats}");
    assert!(examined("totalDocsExamined") <= most, "{page}: {find}\n{stats}");
}

fn number(value: &Bson) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from)).or_else(|| value.as_f64().map(|n| n as i64))
}

#[tokio::test]
async fn an_append_is_one_command() {
    let Opened { store, _keep: watch } = open();
    let ann = user("ann");
    draw(&store, &ann, "d", 3, at(0)).await;
    assert_eq!(watch.names(), ["insert"]);
    for seq in 3..40 {
        let one = batch(seq, vec![blob(seq, 100)]);
        store.append(&ann, "d", &one, None, at(1)).await.unwrap();
        assert_eq!(watch.names(), ["findAndModify"]);
    }
    let repeated = store.append(&ann, "d", &batch(39, blobs(39, 1)), None, at(1)).await.unwrap();
    assert!(matches!(repeated, Appended::Refused(..)));
    assert_eq!(watch.names(), ["findAndModify", "find"]);
}

#[tokio::test]
async fn a_full_tail_is_sealed_once_in_a_while() {
    let Opened { store, _keep: watch } = open();
    let ann = user("ann");
    draw(&store, &ann, "d", 0, at(0)).await;
    watch.names();
    let mut commands = BTreeMap::<Vec<String>, u32>::new();
    for seq in 0..640 {
        store.append(&ann, "d", &batch(seq, vec![blob(seq, 240)]), None, at(1)).await.unwrap();
        *commands.entry(watch.names()).or_default() += 1;
    }
    let sealing = ["findAndModify", "find", "insert", "findAndModify"].map(str::to_owned).to_vec();
    assert_eq!(commands, BTreeMap::from([(vec!["findAndModify".to_owned()], 631), (sealing, 9)]));
    assert_eq!(actions(&store, &ann, "d").await, (0..640).map(|n| blob(n, 240)).collect::<Vec<_>>());
    assert_eq!(watch.names(), ["find", "find"]);
    // Actions in the tail are read without a chunk.
    assert_eq!(store.read(&ann, "d", 600).await.unwrap().unwrap().actions.len(), 40);
    assert_eq!(watch.names(), ["find"]);
}

#[tokio::test]
async fn lists_fetch_no_tails() {
    let Opened { store, _keep: watch } = open();
    let ann = user("ann");
    draw(&store, &ann, "d", 30, at(0)).await;
    draw(&store, &ann, "e", 30, at(0)).await;
    store.set_deleted(&ann, "e", true, at(1)).await.unwrap();
    watch.names();
    assert_eq!(ids(&store.page(&ann, false, None, 9).await.unwrap()), ["d"]);
    assert_eq!(ids(&store.bin(&ann, 9).await.unwrap()), ["e"]);
    store.header(&ann, "d").await.unwrap().unwrap();
    store.rename(&ann, "d", "title").await.unwrap().unwrap();
    store.usage(&ann).await.unwrap();
    assert_eq!(store.purges_due(at(9), 9).await.unwrap().len(), 1);
    let replies = watch.replies.lock().unwrap().clone();
    assert_eq!(replies.len(), 6);
    assert!(replies.iter().all(|reply| !reply.to_string().contains("tail\"")), "{replies:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn races_over_a_full_tail_lose_nothing() {
    let Opened { store, .. } = open();
    let ann = user("ann");
    draw(&store, &ann, "d", 0, at(0)).await;
    let tasks = (0..6_u32).map(|task| {
        let (store, ann) = (store.clone(), ann.clone());
        tokio::spawn(async move {
            let (mut mine, mut end) = (Vec::new(), 0);
            while mine.len() < 12 {
                let number = task * 12 + u32::try_from(mine.len()).unwrap();
                // Sizes vary, so that batches fill the tail at different ends.
                let size = 200 << ((number + task) % 6);
                match store
                    .append(&ann, "d", &batch(end, vec![blob(number, size)]), None, at(1))
                    .await
                    .unwrap()
                {
                    Appended::Done { seq, .. } => {
                        mine.push((end, blob(number, size)));
                        end = seq;
                    }
                    Appended::Refused(_, header) => end = header.seq,
                    Appended::Missing => panic!("it is there"),
                }
            }
            mine
        })
    });
    let mut placed: Vec<_> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    placed.sort_unstable();
    let expected: Vec<_> = placed.into_iter().map(|(_, blob)| blob).collect();
    for since in 0..=72 {
        let read = store.read(&ann, "d", since).await.unwrap().unwrap();
        assert_eq!(read.actions, expected[since as usize..], "since {since}");
    }
}

#[tokio::test]
async fn a_purge_that_broke_off_is_finished() {
    let name = own_name();
    let Opened { store, _keep: watch } = open_as(&name);
    let (raw, ann) = (raw(&name).await, user("ann"));
    let drawings = raw.collection::<Document>("drawings");
    let chunks = raw.collection::<Document>("chunks");
    for id in ["a", "w", "p"] {
        draw(&store, &ann, id, 90, at(0)).await;
        store.append(&ann, id, &batch(90, blobs(90, 90)), None, at(1)).await.unwrap();
        store.set_deleted(&ann, id, true, at(2)).await.unwrap();
        drawings.update_one(doc! {"id": id}, doc! {"$set": {"state": "purging"}}).await.unwrap();
        // The drawing is visible to the purge only.
        assert_eq!(store.header(&ann, id).await.unwrap(), None);
        assert_eq!(store.read(&ann, id, 0).await.unwrap(), None);
        assert_eq!(store.set_deleted(&ann, id, false, at(3)).await.unwrap(), None);
        assert_eq!(store.rename(&ann, id, "t").await.unwrap(), None);
        let modern = store.append(&ann, id, &batch(180, blobs(180, 1)), None, at(3)).await.unwrap();
        assert_eq!(modern, Appended::Missing);
    }
    assert_eq!(chunks.count_documents(doc! {}).await.unwrap(), 3);
    assert_eq!(store.bin(&ann, 9).await.unwrap(), []);
    assert_eq!(store.page(&ann, true, None, 9).await.unwrap(), []);
    assert_eq!(store.usage(&ann).await.unwrap().drawings, 0);
    assert_eq!(store.purges_due(at(9), 9).await.unwrap().len(), 3);

    let anew = store.append(&ann, "a", &batch(0, blobs(7, 2)), Some(&blank()), at(4)).await.unwrap();
    assert_eq!(anew, Appended::Done { seq: 2, created: true });
    assert_eq!(actions(&store, &ann, "a").await, blobs(7, 2));
    store.weapp_save(&ann, &save("w", b"picture"), at(4)).await.unwrap();
    assert_eq!(actions(&store, &ann, "w").await, [b"picture"]);
    assert!(store.purge(&ann, "p", at(9)).await.unwrap());
    assert!(!store.purge(&ann, "p", at(9)).await.unwrap());
    assert_eq!(chunks.count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(drawings.count_documents(doc! {}).await.unwrap(), 2);
    drop(watch);
}

#[tokio::test]
async fn an_erasure_that_broke_off_is_finished_and_not_taken_back() {
    let name = own_name();
    let Opened { store, .. } = open_as(&name);
    let (raw, ann) = (raw(&name).await, user("ann"));
    store.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    draw(&store, &ann, "d", 90, at(0)).await;
    store.append(&ann, "d", &batch(90, blobs(90, 90)), None, at(1)).await.unwrap();
    store.schedule_erasure(&ann, at(5)).await.unwrap();
    let users = raw.collection::<Document>("users");
    users.update_one(doc! {}, doc! {"$set": {"erasing": true}}).await.unwrap();
    // On a server whose clock is behind, the deadline has not passed yet.
    let reopening = NewUser { reopen: true, ..new_user("p2") };
    let (record, _) = store.sign_in(&ann, &reopening, at(4)).await.unwrap();
    assert_eq!(record.erase_at, Some(at(5)));
    assert_eq!(store.erasures_due(at(5), 9).await.unwrap(), std::slice::from_ref(&ann));
    store.erase(&ann, at(5)).await.unwrap();
    for collection in ["users", "drawings", "chunks"] {
        assert_eq!(raw.collection::<Document>(collection).count_documents(doc! {}).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_servers_share_the_first_secret() {
    let name = own_name();
    let proposals = (0..16_u8).map(|number| {
        let name = name.clone();
        tokio::spawn(async move {
            let Opened { store, _keep: watch } = open_as(&name);
            let kept = store.shared_secret("sealing", &[number; 32]).await.unwrap();
            drop(watch);
            kept
        })
    });
    let kept: Vec<_> = join_all(proposals).await.into_iter().map(Result::unwrap).collect();
    assert!(kept.iter().all(|secret| *secret == kept[0]) && kept[0].len() == 32);
    let Opened { store, .. } = open_as(&name);
    assert_eq!(store.shared_secret("sealing", b"late").await.unwrap(), kept[0]);
    assert_eq!(store.shared_secret("signing", b"other").await.unwrap(), b"other");
}
