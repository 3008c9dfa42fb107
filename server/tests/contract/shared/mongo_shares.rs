//! Shares and review cases in MongoDB.

use mongodb::bson::{Document, doc};
use yibi_common::sharing::{CaseState, Reason};
use yibi_server::domain::review::{AfterCase, Case, CaseFilter};
use yibi_server::domain::share::AfterShare;
use yibi_server::store::{Drawings, Reviews, Shares, Transfer};

use super::mongo::{assert_little_examined, open_as, raw};
use super::own_name;
use crate::gallery::reviews::{case, report};
use crate::gallery::shares::{code, copy, publish, record, share};
use crate::given::{Opened, at, draw, user};

/// Explains the commands of the pages over 500 records, of which a page shows 20.
#[tokio::test]
async fn pages_of_shares_and_cases_look_at_little_more_than_they_show() {
    const ROWS: i64 = 500;
    const SHOWN: u32 = 20;
    let name = own_name();
    let Opened { store, _keep: watch } = open_as(&name);
    for number in 0..ROWS {
        let byte = u8::try_from(number % 251).unwrap();
        let owner = if number % 2 == 0 { "ann" } else { "ben" };
        store.put_share(&share(owner, &format!("d{number}"), byte, number)).await.unwrap();
        let state = if number % 2 == 0 { CaseState::Held } else { CaseState::Passed };
        let id = format!("case-{number:03}");
        store.add_case(&Case { id, state, ..case(owner, byte, number) }).await.unwrap();
        store.add_report(&report(&format!("o{number}"), byte % 2, 3, number)).await.unwrap();
    }
    let recorded = || std::mem::take(&mut *watch.finds.lock().unwrap());
    let mut pages = Vec::new();
    recorded();
    let first = store.shares(&user("ann"), None, SHOWN).await.unwrap().pop().unwrap();
    let after = AfterShare { created_at: first.created_at, code: first.code };
    store.shares(&user("ann"), Some(&after), SHOWN).await.unwrap();
    pages.push(("shares".to_owned(), recorded()));
    store.reports(&code(1), SHOWN).await.unwrap();
    pages.push(("reports".to_owned(), recorded()));
    let all = CaseFilter::default();
    for filter in [
        all.clone(),
        CaseFilter { state: Some(CaseState::Held), ..all.clone() },
        CaseFilter { owner: Some(user("ben")), ..all },
    ] {
        let first = store.cases(&filter, None, SHOWN).await.unwrap().pop().unwrap();
        let after = AfterCase { rank_at: first.rank_at, id: first.id };
        store.cases(&filter, Some(&after), SHOWN).await.unwrap();
        pages.push((format!("cases {filter:?}"), recorded()));
    }
    let raw = raw(&name).await;
    for (page, finds) in pages {
        assert!((1..=2).contains(&finds.len()), "{page}");
        for find in finds {
            assert_little_examined(&raw, &page, find, SHOWN).await;
        }
    }
    store.oldest_held_case().await.unwrap();
    for find in recorded() {
        assert_little_examined(&raw, "oldest", find, 1).await;
    }
}

#[tokio::test]
async fn a_purge_that_broke_off_takes_the_share_with_it() {
    let name = own_name();
    let Opened { store, _keep: watch } = open_as(&name);
    let (raw, ann) = (raw(&name).await, user("ann"));
    for (drawing, number) in [("a", 1), ("b", 2)] {
        draw(&store, &ann, drawing, 3, at(0)).await;
        publish(&store, "ann", drawing, number).await;
        store.add_report(&report("ben", number, 3, 4)).await.unwrap();
        store.set_deleted(&ann, drawing, true, at(5)).await.unwrap();
    }
    let marked = doc! {"$set": {"state": "purging"}};
    raw.collection::<Document>("drawings").update_one(doc! {"id": "a"}, marked).await.unwrap();
    raw.collection::<Document>("shares").delete_one(doc! {"drawing": "a"}).await.unwrap();
    assert!(store.purge(&ann, "a", at(9)).await.unwrap());
    let code_of_a = code(1).to_string();
    for collection in ["codes", "shares", "share_copies", "share_reports"] {
        let all = raw.collection::<Document>(collection);
        assert_eq!(all.count_documents(doc! {"code": &code_of_a}).await.unwrap(), 0, "{collection}");
        assert!(all.count_documents(doc! {"code": code(2).to_string()}).await.unwrap() > 0, "{collection}");
    }
    drop(watch);
}

/// The purge of a former drawing of the same id comes late.
#[tokio::test]
async fn the_share_of_a_later_drawing_stays() {
    let Opened { store, _keep: watch } = open_as(&own_name());
    let ann = user("ann");
    draw(&store, &ann, "a", 3, at(0)).await;
    publish(&store, "ann", "a", 1).await;
    store.set_deleted(&ann, "a", true, at(5)).await.unwrap();
    const HOUR: i64 = 3_600_000_000;
    store.add_code(&record("ann", "a", 2, HOUR)).await.unwrap();
    store.put_copy(&copy("ann", 2, 3)).await.unwrap();
    let later = share("ann", "a", 2, HOUR);
    store.put_share(&later).await.unwrap();
    assert!(store.purge(&ann, "a", at(HOUR)).await.unwrap());
    assert_eq!(store.code(&code(1)).await.unwrap(), None);
    assert_eq!(store.copies(&ann, &code(1)).await.unwrap(), [0_u32; 0]);
    assert_eq!(store.share(&ann, "a").await.unwrap(), Some(later));
    assert_eq!(store.copies(&ann, &code(2)).await.unwrap(), [3]);
    drop(watch);
}

/// A record that a later server writes has fields that this one does not know, and lacks none that it needs.
#[tokio::test]
async fn unknown_and_missing_fields_are_taken() {
    let name = own_name();
    let Opened { store, _keep: watch } = open_as(&name);
    let raw = raw(&name).await;
    store.add_share(&share("ann", "d", 1, 1)).await.unwrap();
    let absent =
        ["needs_person", "shown_seq", "reason", "cleared_seq", "removed_seq", "names", "allow_continue"];
    let absent: Document = absent.into_iter().map(|name| (name.to_owned(), "".into())).collect();
    let change = doc! {"$unset": absent, "$set": {"a_field_of_tomorrow": 5}};
    raw.collection::<Document>("shares").update_one(doc! {}, change).await.unwrap();
    assert_eq!(store.share(&user("ann"), "d").await.unwrap(), Some(share("ann", "d", 1, 1)));
    let reason = Some(Reason::Other);
    store.add_case(&Case { reason, ..case("ann", 1, 1) }).await.unwrap();
    let absent = doc! {"reports": "", "web_reports": "", "notes": "", "claim": "", "decision": ""};
    let change = doc! {"$unset": absent, "$set": {"a_field_of_tomorrow": 5}};
    raw.collection::<Document>("cases").update_one(doc! {}, change).await.unwrap();
    assert_eq!(store.case("case-1").await.unwrap(), Some(Case { reason, ..case("ann", 1, 1) }));
    drop(watch);
}
