//! Concurrent title changes: the check always belongs to the title that is shown.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use yibi_common::drawing::{Mode, Paper};
use yibi_common::shop::PrintCheck;

use super::*;
use crate::domain::batch::Batch;
use crate::domain::clock::Micros;
use crate::domain::drawing::NewDrawing;
use crate::domain::order::OrderCopy;
use crate::domain::order::testing::new_order;
use crate::domain::user::NewUser;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::random;
use crate::service::orders::OrderRecords;
use crate::settings::Settings;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, Drawings, Orders, SessionStore, Users};
use crate::wechat::testing::{Running, development_app};

const DRAWING: &str = "d";

struct Given {
    moderation: Moderation,
    store: SqliteStore,
    wechat: Running,
    ann: UserKey,
    directory: PathBuf,
}

impl Given {
    async fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("yibi-moderation-{}", random::short_id()));
        std::fs::create_dir(&directory).unwrap();
        let environment = [("YIBI_MODERATION__MODE".to_owned(), "enforce".to_owned())];
        let settings = Settings::load(None, environment, &[]).unwrap();
        let keys = LazyKeyring::new(settings.keys.clone(), KeyPlace::Directory(directory.clone()));
        let keys = Arc::new(keys);
        let store = SqliteStore::open(&directory).unwrap();
        let gallery = DrawingService::new(
            GalleryStore::new(Backend::Embedded(store.clone()), Arc::default()),
            Arc::clone(&keys),
            settings.limits.drawing.clone(),
            settings.gallery.clone(),
            "",
            Arc::default(),
        );
        let shares = ShareRecords::new(gallery.store().clone(), Arc::clone(&keys), "", settings.sharing);
        let orders = OrderRecords::new(gallery.store().clone(), Arc::clone(&keys), "");
        let rooms = RoomRecords::new(gallery.clone(), shares);
        let wechat = Running::start();
        let sessions = SessionStore::new(Backend::Embedded(store.clone()), Arc::default());
        let asked = Wechat::new(wechat.client(Duration::from_secs(10)), sessions, keys);
        let app = development_app();
        let ann = UserKey::new(&app.id, "ann");
        let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
        store.sign_in(&ann, &new, Micros::now()).await.unwrap();
        let moderation = Moderation::new(
            settings.moderation.clone(),
            gallery,
            (rooms, orders),
            asked,
            vec![app],
            Arc::default(),
        );
        Self { moderation, store, wechat, ann, directory }
    }

    /// First step of a device that creates or renames the drawing.
    async fn before(&self, title: &str) {
        self.moderation.before_title(&self.ann, DRAWING, title).await.unwrap();
    }

    /// Second step: the creation.
    async fn create(&self, title: &str) {
        let title = title.to_owned();
        let new = NewDrawing { title, paper: Paper::default(), mode: Mode::Free, explicit: true };
        let batch = Batch {
            from_seq: 0,
            blobs: vec![vec![1].into()],
            stroke_count: 1,
            point_count: 1,
            min_paper: Paper { width: 1, height: 1 },
            one_stroke_width: Some(1),
            max_actions: 9,
            max_bytes: 99,
            max_points: 1_000_000,
            in_room: false,
        };
        self.store.append(&self.ann, DRAWING, &batch, Some(&new), Micros::now()).await.unwrap();
    }

    async fn rename(&self, title: &str) {
        self.store.rename(&self.ann, DRAWING, title).await.unwrap().unwrap();
    }

    /// Last step, awaited instead of spawned.
    async fn after(&self) {
        let check = self.moderation.check_of_title(&self.ann, DRAWING.to_owned()).await.unwrap();
        if let Some(check) = check {
            self.moderation.attempt(check).await;
        }
    }

    async fn check(&self) -> Option<ModerationCheck> {
        self.store.check(&self.ann, &Subject::Title(DRAWING.to_owned())).await.unwrap()
    }

    async fn known(&self) -> (String, ModerationStatus) {
        let check = self.check().await.unwrap();
        (check.content, check.standing)
    }

    /// Number of calls to WeChat.
    fn asked(&self) -> u64 {
        self.wechat.simulator.calls().apis.get("msg_sec_check").copied().unwrap_or(0)
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn passed(title: &str) -> (String, ModerationStatus) {
    (title.to_owned(), ModerationStatus::Passed)
}

#[tokio::test]
async fn of_two_creations_the_title_that_stays_is_looked_at() {
    let given = Given::new().await;
    given.before("风筝").await;
    given.before("违规").await;
    given.create("风筝").await;
    given.create("违规").await;
    for _ in 0..2 {
        given.after().await;
        assert_eq!(given.known().await, passed("风筝"));
    }
    assert_eq!(given.asked(), 1);
}

#[tokio::test]
async fn a_verdict_on_another_title_is_none_on_this_one() {
    let given = Given::new().await;
    given.before("风筝").await;
    given.create("风筝").await;
    given.after().await;
    given.before("违规").await;
    // Another device creates and renames between this step and the creation.
    given.before("小树").await;
    given.rename("小树").await;
    given.after().await;
    assert_eq!(given.known().await, passed("小树"));
    given.rename("违规").await;
    given.after().await;
    assert_eq!(given.known().await, ("违规".to_owned(), ModerationStatus::Rejected));
    assert_eq!(given.asked(), 3);
}

#[tokio::test]
async fn a_title_that_was_refused_takes_its_own_check_alone() {
    let given = Given::new().await;
    given.before("违规").await;
    given.after().await;
    assert_eq!(given.check().await, None, "there is no drawing");
    given.before("风筝").await;
    given.create("风筝").await;
    given.before("违规").await;
    given.after().await;
    assert_eq!(given.known().await, passed("风筝"));
    given.rename("").await;
    given.after().await;
    assert_eq!(given.check().await, None, "there is no title");
    assert_eq!(given.asked(), 1);
}

#[tokio::test]
async fn a_check_that_was_overtaken_gives_way_in_time() {
    let given = Given::new().await;
    given.create("风筝").await;
    given.before("违规").await;
    let young = given.check().await.unwrap();
    given.moderation.attempt(young.clone()).await;
    let waiting = given.check().await.unwrap();
    assert_eq!(waiting.due_at, Some(young.created_at.plus(LEFT_OVER)), "its title may be on its way");
    assert_eq!((waiting.content.as_str(), waiting.asked_at), ("违规", None));

    let old = ModerationCheck { created_at: young.created_at.minus(LEFT_OVER), ..waiting };
    given.store.put_check(&old).await.unwrap();
    given.moderation.attempt(old.clone()).await;
    let next = given.check().await.unwrap();
    assert_eq!((next.content.as_str(), next.standing), ("风筝", ModerationStatus::Pending));
    given.moderation.attempt(next).await;
    assert_eq!(given.known().await, passed("风筝"));
    assert_eq!(given.asked(), 1);

    given.rename("").await;
    given.store.put_check(&old).await.unwrap();
    given.moderation.attempt(old).await;
    assert_eq!(given.check().await.unwrap().due_at, None, "there is nothing to look at");
}

#[tokio::test]
async fn a_title_whose_check_was_given_up_is_checked_when_its_author_returns() {
    let given = Given::new().await;
    given.before("风筝").await;
    given.create("风筝").await;
    let check = given.check().await.unwrap();
    let long_ago = Some(check.created_at.minus(Duration::from_secs(3_600)));
    let given_up = ModerationCheck { due_at: None, asked_at: long_ago, tries: 9, ..check };
    assert!(given.store.change_check(&given_up).await.unwrap());
    given.moderation.resume_title(&given.ann, DRAWING, "风筝").await.unwrap();
    let resumed = given.check().await.unwrap();
    assert!(resumed.due_at.is_some() || resumed.standing == ModerationStatus::Passed, "{resumed:?}");
    // A title without any check gets one.
    given.store.remove_check(&given.ann, &Subject::Title(DRAWING.to_owned())).await.unwrap();
    given.moderation.resume_title(&given.ann, DRAWING, "风筝").await.unwrap();
    assert_eq!(given.check().await.unwrap().content, "风筝");
}

#[tokio::test]
async fn the_picture_of_an_order_goes_to_a_person_while_its_user_is_leaving() {
    let given = Given::new().await;
    let mut order = new_order("k");
    order.user = given.ann.clone();
    let subject = Subject::OrderPicture(order.id.clone());
    let check = given.moderation.before(&given.ann, subject.clone(), &order.id).await.unwrap().unwrap();
    let copy = OrderCopy { seq: 1, paper: Paper::default(), actions: vec![vec![1]] };
    assert!(given.store.add_order(&order, &copy).await.unwrap());
    assert!(given.store.schedule_erasure(&given.ann, Micros::now()).await.unwrap());
    given.moderation.attempt(check).await;
    let held = given.store.order(&order.id).await.unwrap().unwrap();
    assert_eq!(held.check, PrintCheck::Held);
    let settled = given.store.check(&given.ann, &subject).await.unwrap().unwrap();
    assert_eq!((settled.standing, settled.due_at), (ModerationStatus::Held, None));
}
