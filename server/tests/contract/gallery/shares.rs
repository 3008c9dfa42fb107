//! Cases of the [`Shares`](yibi_server::store::Shares).

use futures_util::future::join_all;
use yibi_common::drawing::Paper;
use yibi_common::sharing::{Audience, Reason, ShareState};
use yibi_server::domain::moderation::Subject;
use yibi_server::domain::review::Reporter;
use yibi_server::domain::share::{AfterShare, Code, CodeRecord, CodeTarget, PassedNames, Share, ShareCopy};

use super::checks::check;
use super::reviews::{case, report};
use crate::given::{GalleryUnderTest, at, blobs, draw, new_user, user};

/// The code with this number.
pub fn code(number: u8) -> Code {
    Code::from_random([number, 0, 0, 0, 0, 0, 0, number])
}

/// A share that was just made.
pub fn share(openid: &str, drawing: &str, number: u8, created: i64) -> Share {
    Share::fresh(code(number), user(openid), drawing, 3, at(created))
}

pub fn record(openid: &str, drawing: &str, number: u8, created: i64) -> CodeRecord {
    CodeRecord {
        code: code(number),
        owner: user(openid),
        drawing: drawing.to_owned(),
        created_at: at(created),
        ended_at: None,
        what: CodeTarget::Share,
    }
}

pub fn copy(openid: &str, number: u8, seq: u32) -> ShareCopy {
    ShareCopy {
        code: code(number),
        seq,
        owner: user(openid),
        title: "树 $set".to_owned(),
        paper: Paper { width: 2048, height: 3000 },
        drawn_at: at(-5),
        actions: blobs(seq, 7),
    }
}

/// Stores a code, its share, two copies and two checks.
pub async fn publish<G: GalleryUnderTest>(gallery: &G, openid: &str, drawing: &str, number: u8) {
    assert!(gallery.add_code(&record(openid, drawing, number, 2)).await.unwrap());
    assert!(gallery.add_share(&share(openid, drawing, number, 2)).await.unwrap());
    for seq in [3, 5] {
        gallery.put_copy(&copy(openid, number, seq)).await.unwrap();
    }
    for subject in [Subject::SharePicture(drawing.to_owned()), Subject::ShareSheet(drawing.to_owned())] {
        gallery.put_check(&check(openid, subject, "a copy", 2, None)).await.unwrap();
    }
}

/// Whether the share is stored with all its records; fails if it is stored in part.
async fn is_published<G: GalleryUnderTest>(gallery: &G, openid: &str, drawing: &str, number: u8) -> bool {
    let owner = user(openid);
    let parts = [
        gallery.code(&code(number)).await.unwrap().is_some(),
        gallery.share(&owner, drawing).await.unwrap().is_some(),
        gallery.copies(&owner, &code(number)).await.unwrap() == [3, 5],
        gallery.copy(&owner, &code(number), 3).await.unwrap().is_some(),
        gallery.check(&owner, &Subject::SharePicture(drawing.to_owned())).await.unwrap().is_some(),
        gallery.check(&owner, &Subject::ShareSheet(drawing.to_owned())).await.unwrap().is_some(),
    ];
    assert!(parts.iter().all(|part| *part == parts[0]), "{openid} {drawing}: {parts:?}");
    parts[0]
}

pub async fn a_code_leads_to_its_drawing<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.code(&code(1)).await.unwrap(), None);
    let first = record("ann", "d", 1, 5);
    assert!(gallery.add_code(&first).await.unwrap());
    assert!(!gallery.add_code(&record("ben", "e", 1, 6)).await.unwrap(), "the code is taken");
    assert_eq!(gallery.code(&code(1)).await.unwrap(), Some(first));
    for moment in [7, 9] {
        gallery.end_code(&code(1), at(moment)).await.unwrap();
        let ended = gallery.code(&code(1)).await.unwrap().unwrap();
        assert_eq!(ended.ended_at, Some(at(7)), "the first end stays");
    }
    gallery.end_code(&code(2), at(7)).await.unwrap();
    assert_eq!(gallery.code(&code(2)).await.unwrap(), None);
    gallery.remove_code(&code(1)).await.unwrap();
    gallery.remove_code(&code(1)).await.unwrap();
    assert_eq!(gallery.code(&code(1)).await.unwrap(), None);
}

pub async fn of_concurrent_first_shares_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let tasks = (1..=8).map(|number| {
        let gallery = gallery.clone();
        tokio::spawn(async move {
            let share = share("ann", "d", number, 1);
            gallery.add_share(&share).await.unwrap().then_some(share)
        })
    });
    let won: Vec<Share> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    let [winner] = &won[..] else { panic!("{won:?}") };
    assert_eq!(gallery.share(&user("ann"), "d").await.unwrap().as_ref(), Some(winner));
    assert_eq!(gallery.share(&user("ann"), "e").await.unwrap(), None);
    assert_eq!(gallery.share(&user("ben"), "d").await.unwrap(), None);
}

pub async fn a_share_is_changed_as_it_was_read_only<G: GalleryUnderTest>(gallery: &G) {
    let read = share("ann", "d", 1, 1);
    assert!(!gallery.change_share(&read).await.unwrap(), "there is none");
    gallery.add_share(&read).await.unwrap();
    let names =
        PassedNames { nickname: "安".to_owned(), title: "t".to_owned(), avatar: Some("a".to_owned()) };
    let changed = Share {
        state: ShareState::Removed,
        shown_seq: Some(u32::MAX),
        checking_seq: None,
        reason: Some(Reason::Infringement),
        needs_person: true,
        cleared_seq: Some(0),
        removed_seq: Some(7),
        names: Some(names),
        audience: Audience::Wall,
        allow_continue: true,
        updated_at: at(9),
        ..read.clone()
    };
    assert!(gallery.change_share(&changed).await.unwrap());
    let stored = gallery.share(&user("ann"), "d").await.unwrap().unwrap();
    assert_eq!(stored, Share { version: 1, ..changed.clone() });
    assert!(!gallery.change_share(&changed).await.unwrap(), "it is another version now");
    // A later share of the drawing has another code and another place in the list.
    let later = Share { code: code(2), created_at: at(20), ..stored };
    assert!(gallery.change_share(&later).await.unwrap());
    let later = Share { version: 2, ..later };
    assert_eq!(gallery.share(&user("ann"), "d").await.unwrap().as_ref(), Some(&later));
    assert_eq!(gallery.shares(&user("ann"), None, 9).await.unwrap(), [later]);
}

pub async fn of_concurrent_changes_of_a_share_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let read = share("ann", "d", 1, 1);
    gallery.add_share(&read).await.unwrap();
    let tasks = (1..=8).map(|seq| {
        let (gallery, change) = (gallery.clone(), Share { shown_seq: Some(seq), ..read.clone() });
        tokio::spawn(async move { gallery.change_share(&change).await.unwrap() })
    });
    let won = join_all(tasks).await.into_iter().map(Result::unwrap).filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(gallery.share(&user("ann"), "d").await.unwrap().unwrap().version, 1);
}

pub async fn shares_are_paged_from_the_newest_with_equal_times<G: GalleryUnderTest>(gallery: &G) {
    // Drawings are named in another order than codes.
    for (drawing, number, created) in
        [("e", 1, 5), ("d", 2, 5), ("c", 3, 5), ("b", 4, 9), ("a", 5, 1), ("f", 6, 5)]
    {
        gallery.add_share(&share("ann", drawing, number, created)).await.unwrap();
    }
    gallery.add_share(&share("anna", "a", 7, 5)).await.unwrap();
    let mut expected: Vec<(i64, Code, String)> = Vec::new();
    for (drawing, number, created) in
        [("e", 1, 5), ("d", 2, 5), ("c", 3, 5), ("b", 4, 9), ("a", 5, 1), ("f", 6, 5)]
    {
        expected.push((created, code(number), drawing.to_owned()));
    }
    expected.sort_by(|one, other| (other.0, &other.1).cmp(&(one.0, &one.1)));
    let expected: Vec<String> = expected.into_iter().map(|(_, _, drawing)| drawing).collect();
    for limit in [1, 2, 4, 6, 7] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = gallery.shares(&user("ann"), after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            after = Some(AfterShare { created_at: last.created_at, code: last.code.clone() });
            all.extend(page.into_iter().map(|share| share.drawing));
        }
        assert_eq!(all, expected, "pages of {limit}");
    }
    assert_eq!(gallery.shares(&user("ben"), None, 9).await.unwrap(), []);
}

pub async fn copies_are_kept_by_their_numbers<G: GalleryUnderTest>(gallery: &G) {
    let (ann, one) = (user("ann"), code(1));
    assert_eq!(gallery.copy(&ann, &one, 3).await.unwrap(), None);
    assert_eq!(gallery.copies(&ann, &one).await.unwrap(), [0_u32; 0]);
    for seq in [300, 3, 20] {
        gallery.put_copy(&copy("ann", 1, seq)).await.unwrap();
    }
    gallery.put_copy(&copy("ann", 2, 4)).await.unwrap();
    gallery.put_copy(&copy("ben", 1, 5)).await.unwrap();
    assert_eq!(gallery.copies(&ann, &one).await.unwrap(), [3, 20, 300]);
    assert_eq!(gallery.copy(&ann, &one, 20).await.unwrap(), Some(copy("ann", 1, 20)));
    // About a mebibyte, and a copy without actions.
    let large = ShareCopy { actions: blobs(0, 5_000), title: String::new(), ..copy("ann", 1, 20) };
    gallery.put_copy(&large).await.unwrap();
    assert_eq!(gallery.copy(&ann, &one, 20).await.unwrap(), Some(large));
    let empty = ShareCopy { actions: vec![Vec::new()], ..copy("ann", 1, 3) };
    gallery.put_copy(&empty).await.unwrap();
    assert_eq!(gallery.copy(&ann, &one, 3).await.unwrap(), Some(empty));
    gallery.remove_copy(&ann, &one, 20).await.unwrap();
    gallery.remove_copy(&ann, &one, 20).await.unwrap();
    assert_eq!(gallery.copies(&ann, &one).await.unwrap(), [3, 300]);
    assert_eq!(gallery.copies(&ann, &code(2)).await.unwrap(), [4]);
    assert_eq!(gallery.copies(&user("ben"), &one).await.unwrap(), [5]);
}

pub async fn a_purge_removes_the_share_of_its_drawing_only<G: GalleryUnderTest>(gallery: &G) {
    for (openid, drawing, number) in [("ann", "a", 1), ("ann", "b", 2), ("ben", "a", 3)] {
        draw(gallery, &user(openid), drawing, 1, at(1)).await;
        publish(gallery, openid, drawing, number).await;
        gallery.add_report(&report("cat", number, 3, 4)).await.unwrap();
    }
    // The code of a former share of the drawing, with a copy that was left.
    gallery.add_code(&record("ann", "a", 4, 1)).await.unwrap();
    gallery.put_copy(&copy("ann", 4, 3)).await.unwrap();
    gallery.add_case(&case("ann", 1, 5)).await.unwrap();
    let ann = user("ann");
    gallery.set_deleted(&ann, "a", true, at(9)).await.unwrap();
    assert!(!gallery.purge(&ann, "a", at(9)).await.unwrap());
    assert!(is_published(gallery, "ann", "a", 1).await, "a drawing in the bin may come back");
    assert!(gallery.purge(&ann, "a", at(10)).await.unwrap());
    assert!(!is_published(gallery, "ann", "a", 1).await);
    assert_eq!(gallery.code(&code(4)).await.unwrap(), None);
    assert_eq!(gallery.copies(&ann, &code(4)).await.unwrap(), [0_u32; 0]);
    assert!(gallery.reports(&code(1), 9).await.unwrap().is_empty());
    assert_eq!(gallery.case("case-1").await.unwrap(), Some(case("ann", 1, 5)), "a case stays");
    for (openid, drawing, number) in [("ann", "b", 2), ("ben", "a", 3)] {
        assert!(is_published(gallery, openid, drawing, number).await);
        assert_eq!(gallery.reports(&code(number), 9).await.unwrap().len(), 1);
    }
}

pub async fn an_erasure_removes_the_shares_and_reports_of_one_user_only<G: GalleryUnderTest>(gallery: &G) {
    for (openid, public_id) in [("ann", "p1"), ("anna", "p2"), ("ben", "p3")] {
        gallery.sign_in(&user(openid), &new_user(public_id), at(0)).await.unwrap();
    }
    // More shares than one step removes, one of them without its drawing.
    for number in 0..20 {
        let drawing = format!("d{number}");
        if number > 0 {
            draw(gallery, &user("ann"), &drawing, 1, at(1)).await;
        }
        publish(gallery, "ann", &drawing, number).await;
        gallery.add_report(&report("ben", number, 3, 4)).await.unwrap();
    }
    publish(gallery, "anna", "d0", 50).await;
    gallery.add_report(&report("ann", 50, 3, 4)).await.unwrap();
    gallery.add_report(&report("ben", 50, 3, 5)).await.unwrap();
    gallery.schedule_erasure(&user("ann"), at(100)).await.unwrap();
    gallery.erase(&user("ann"), at(99)).await.unwrap();
    assert!(is_published(gallery, "ann", "d0", 0).await, "the erasure is not due");
    gallery.erase(&user("ann"), at(100)).await.unwrap();
    for number in 0..20 {
        assert!(!is_published(gallery, "ann", &format!("d{number}"), number).await);
        assert!(gallery.reports(&code(number), 9).await.unwrap().is_empty());
    }
    assert_eq!(gallery.user(&user("ann")).await.unwrap(), None);
    assert!(is_published(gallery, "anna", "d0", 50).await);
    let reports = gallery.reports(&code(50), 9).await.unwrap();
    let reporters: Vec<&Reporter> = reports.iter().map(|report| &report.reporter).collect();
    assert_eq!(reporters, [&Reporter::User(user("ben"))]);
}

pub async fn shares_are_read_behind_a_position_and_written_over<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.codes_behind(None, 9).await.unwrap().items, []);
    for number in 0..7 {
        gallery.add_code(&record("ann", &format!("d{number}"), number, i64::from(number))).await.unwrap();
    }
    let (mut all, mut place) = (Vec::new(), None);
    loop {
        let turn = gallery.codes_behind(place.as_deref(), 3).await.unwrap();
        all.extend(turn.items);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    all.sort_by_key(|record| record.created_at);
    let expected: Vec<_> =
        (0..7).map(|number| record("ann", &format!("d{number}"), number, i64::from(number))).collect();
    assert_eq!(all, expected);
    let moved = Share { version: 9, state: ShareState::Held, ..share("ann", "d", 1, 1) };
    for share in [&share("ann", "d", 2, 5), &moved, &moved] {
        gallery.put_share(share).await.unwrap();
        assert_eq!(gallery.share(&user("ann"), "d").await.unwrap().as_ref(), Some(share));
    }
}
