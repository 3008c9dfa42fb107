//! Cases of the [`Reviews`](yibi_server::store::Reviews).

use futures_util::future::join_all;
use yibi_common::sharing::{CaseOpener, CaseState, Reason};
use yibi_server::domain::review::{
    AfterCase, Case, CaseFilter, CaseSubject, Claim, Decision, Evidence, Note, Reporter, ReporterCount,
    ShareReport,
};

use super::shares::code;
use crate::given::{GalleryUnderTest, at, new_user, user};

/// A case about a share, which was just opened.
pub fn case(openid: &str, number: u8, opened: i64) -> Case {
    Case {
        id: format!("case-{number}"),
        subject: CaseSubject::Share { code: code(number), drawing: "d".to_owned(), seq: 3 },
        owner: user(openid),
        author: format!("public-{openid}"),
        state: CaseState::Held,
        opened_by: CaseOpener::Wechat,
        reason: None,
        reports: 0,
        web_reports: 0,
        notes: Vec::new(),
        claim: None,
        decision: None,
        opened_at: at(opened),
        rank_at: at(opened),
        version: 0,
    }
}

pub fn report(openid: &str, number: u8, seq: u32, moment: i64) -> ShareReport {
    ShareReport {
        code: code(number),
        reporter: Reporter::User(user(openid)),
        seq,
        reason: Reason::Abuse,
        note: "骂人 $".to_owned(),
        at: at(moment),
    }
}

fn evidence(case: &str, expires: i64) -> Evidence {
    Evidence { case: case.to_owned(), sealed: format!("0a1b.{case}"), expires_at: at(expires) }
}

pub async fn the_same_content_opens_one_case<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.case("case-1").await.unwrap(), None);
    let tasks = (1..=8).map(|reports| {
        let (gallery, case) = (gallery.clone(), Case { reports, ..case("ann", 1, 5) });
        tokio::spawn(async move { gallery.add_case(&case).await.unwrap().then_some(case) })
    });
    let won: Vec<Case> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    let [winner] = &won[..] else { panic!("{won:?}") };
    assert_eq!(gallery.case("case-1").await.unwrap().as_ref(), Some(winner));
    assert_eq!(gallery.case("case-").await.unwrap(), None);
}

pub async fn a_case_is_changed_as_it_was_read_only<G: GalleryUnderTest>(gallery: &G) {
    let read = case("ann", 1, 5);
    assert!(!gallery.change_case(&read).await.unwrap(), "there is none");
    gallery.add_case(&read).await.unwrap();
    let changed = Case {
        subject: CaseSubject::Content { subject: "title/d".to_owned(), content: "树".to_owned() },
        state: CaseState::Removed,
        opened_by: CaseOpener::Reports,
        reason: Some(Reason::Other),
        reports: 3,
        web_reports: 40,
        notes: vec![Note { at: at(7), operator: "eve".to_owned(), text: "备注".to_owned() }],
        claim: Some(Claim { operator: "eve".to_owned(), until: at(9) }),
        decision: Some(Decision { operator: "eve".to_owned(), at: at(8) }),
        rank_at: at(-5),
        ..read
    };
    assert!(gallery.change_case(&changed).await.unwrap());
    let stored = Case { version: 1, ..changed.clone() };
    assert_eq!(gallery.case("case-1").await.unwrap().as_ref(), Some(&stored));
    assert!(!gallery.change_case(&changed).await.unwrap(), "it is another version now");
    let tasks = (1..=8).map(|reports| {
        let (gallery, change) = (gallery.clone(), Case { reports, ..stored.clone() });
        tokio::spawn(async move { gallery.change_case(&change).await.unwrap() })
    });
    let won = join_all(tasks).await.into_iter().map(Result::unwrap).filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(gallery.case("case-1").await.unwrap().unwrap().version, 2);
}

/// Numbers of the cases on all pages of a selection.
async fn paged<G: GalleryUnderTest>(gallery: &G, filter: &CaseFilter, limit: u32) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = gallery.cases(filter, after.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        let Some(last) = page.last() else { return all };
        after = Some(AfterCase { rank_at: last.rank_at, id: last.id.clone() });
        all.extend(page.into_iter().map(|case| case.id.trim_start_matches("case-").to_owned()));
    }
}

pub async fn cases_are_paged_by_rank_with_equal_ranks<G: GalleryUnderTest>(gallery: &G) {
    let passed = |case: Case| Case { state: CaseState::Passed, ..case };
    let reported = |case: Case| Case { opened_by: CaseOpener::Reports, reason: Some(Reason::Abuse), ..case };
    for case in [
        case("ann", 1, 9),
        reported(case("ann", 2, 5)),
        passed(case("ann", 3, 5)),
        case("ben", 4, 5),
        reported(passed(case("ben", 5, 5))),
        Case { rank_at: at(1), ..case("ben", 6, 8) },
    ] {
        gallery.add_case(&case).await.unwrap();
    }
    let all = CaseFilter::default();
    let held = CaseFilter { state: Some(CaseState::Held), ..all.clone() };
    for (filter, expected) in [
        (all.clone(), &["6", "2", "3", "4", "5", "1"][..]),
        (held.clone(), &["6", "2", "4", "1"]),
        (CaseFilter { state: Some(CaseState::Removed), ..all.clone() }, &[]),
        (CaseFilter { owner: Some(user("ann")), ..all.clone() }, &["2", "3", "1"]),
        (CaseFilter { owner: Some(user("ann")), ..held.clone() }, &["2", "1"]),
        (CaseFilter { reason: Some(Reason::Abuse), ..all.clone() }, &["2", "5"]),
        (CaseFilter { opened_by: Some(CaseOpener::Reports), ..held.clone() }, &["2"]),
        (CaseFilter { opened_before: Some(at(8)), ..held.clone() }, &["2", "4"]),
        (CaseFilter { opened_before: Some(at(9)), reason: Some(Reason::Other), ..held }, &[]),
    ] {
        for limit in [1, 2, 3, 6, 7] {
            assert_eq!(paged(gallery, &filter, limit).await, expected, "{filter:?} by {limit}");
        }
    }
}

pub async fn the_oldest_held_case_is_found<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.oldest_held_case().await.unwrap(), None);
    gallery.add_case(&Case { state: CaseState::Passed, ..case("ann", 1, 1) }).await.unwrap();
    assert_eq!(gallery.oldest_held_case().await.unwrap(), None);
    // The rank of reported content is earlier than its age.
    gallery.add_case(&Case { rank_at: at(-9), ..case("ann", 2, 7) }).await.unwrap();
    gallery.add_case(&case("ann", 3, 6)).await.unwrap();
    assert_eq!(gallery.oldest_held_case().await.unwrap(), Some(at(6)));
}

pub async fn a_reporter_reports_a_share_once<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.reporters(&code(1), None).await.unwrap(), ReporterCount::default());
    let tasks = (1..=8).map(|moment| {
        let gallery = gallery.clone();
        tokio::spawn(async move { gallery.add_report(&report("ann", 1, 3, moment)).await.unwrap() })
    });
    let won = join_all(tasks).await.into_iter().map(Result::unwrap).filter(|won| *won).count();
    assert_eq!(won, 1);
    let visitor = |hash: &str, seq: u32, moment: i64| ShareReport {
        reporter: Reporter::Visitor(hash.to_owned()),
        ..report("", 1, seq, moment)
    };
    assert!(gallery.add_report(&report("ben", 1, 5, 20)).await.unwrap());
    assert!(gallery.add_report(&report("ben", 2, 5, 20)).await.unwrap());
    assert!(gallery.add_report(&visitor("h1", 4, 20)).await.unwrap());
    assert!(!gallery.add_report(&visitor("h1", 5, 21)).await.unwrap());
    assert!(gallery.add_report(&visitor("h2", 5, 30)).await.unwrap());
    // A hash is another reporter than a user whose key is written like it.
    assert!(gallery.add_report(&visitor(user("ann").as_str(), 2, 2)).await.unwrap());
    for (above, users, visitors) in
        [(None, 2, 3), (Some(2), 2, 2), (Some(3), 1, 2), (Some(4), 1, 1), (Some(5), 0, 0)]
    {
        let counted = gallery.reporters(&code(1), above).await.unwrap();
        assert_eq!(counted, ReporterCount { users, visitors }, "above {above:?}");
    }
    let newest = gallery.reports(&code(1), 3).await.unwrap();
    let numbers: Vec<i64> = newest.iter().map(|report| report.at.0 - at(0).0).collect();
    assert_eq!(numbers, [30, 20, 20]);
    assert_eq!(newest[0], visitor("h2", 5, 30));
    assert_eq!(gallery.reports(&code(1), 99).await.unwrap().len(), 5);
}

pub async fn evidence_is_kept_until_it_expires<G: GalleryUnderTest>(gallery: &G) {
    assert_eq!(gallery.evidence("a").await.unwrap(), None);
    for (case, expires) in [("a", 30), ("b", 10), ("c", 20), ("d", 40)] {
        gallery.put_evidence(&evidence(case, expires)).await.unwrap();
    }
    let renewed = Evidence { sealed: "0a1b.other".to_owned(), ..evidence("d", 99) };
    gallery.put_evidence(&renewed).await.unwrap();
    assert_eq!(gallery.evidence("d").await.unwrap(), Some(renewed));
    assert_eq!(gallery.remove_expired_evidence(at(10), 9).await.unwrap(), 0);
    assert_eq!(gallery.remove_expired_evidence(at(31), 1).await.unwrap(), 1);
    assert_eq!(gallery.evidence("b").await.unwrap(), None, "the first to expire");
    assert_eq!(gallery.evidence("c").await.unwrap(), Some(evidence("c", 20)));
    assert_eq!(gallery.remove_expired_evidence(at(50), 9).await.unwrap(), 2);
    assert_eq!(gallery.remove_expired_evidence(at(50), 9).await.unwrap(), 0);
    assert!(gallery.evidence("d").await.unwrap().is_some());
}

pub async fn evidence_is_sealed_anew_if_it_is_still_that<G: GalleryUnderTest>(gallery: &G) {
    assert!(!gallery.replace_evidence("a", "0a1b.a", "anew").await.unwrap());
    gallery.put_evidence(&evidence("a", 30)).await.unwrap();
    assert!(!gallery.replace_evidence("a", "another", "anew").await.unwrap());
    assert!(gallery.replace_evidence("a", "0a1b.a", "anew").await.unwrap());
    let expected = Evidence { sealed: "anew".to_owned(), ..evidence("a", 30) };
    assert_eq!(gallery.evidence("a").await.unwrap(), Some(expected));
}

pub async fn a_case_outlives_its_author_without_the_name<G: GalleryUnderTest>(gallery: &G) {
    for (openid, public_id) in [("ann", "p1"), ("anna", "p2")] {
        gallery.sign_in(&user(openid), &new_user(public_id), at(0)).await.unwrap();
    }
    let about_name = |openid, number, opened| Case {
        subject: CaseSubject::Content { subject: "nickname".to_owned(), content: "安".to_owned() },
        state: CaseState::Removed,
        reason: Some(Reason::Sexual),
        decision: Some(Decision { operator: "eve".to_owned(), at: at(8) }),
        version: 4,
        ..case(openid, number, opened)
    };
    let cases = [case("ann", 1, 5), about_name("ann", 2, 6), about_name("anna", 3, 7)];
    for case in &cases {
        gallery.add_case(case).await.unwrap();
        gallery.put_evidence(&evidence(&case.id, 900)).await.unwrap();
    }
    gallery.schedule_erasure(&user("ann"), at(100)).await.unwrap();
    gallery.erase(&user("ann"), at(100)).await.unwrap();
    for known in &cases[..2] {
        let left = gallery.case(&known.id).await.unwrap().unwrap();
        assert!(left.version > known.version, "a change of the former version is refused");
        assert!(!gallery.change_case(known).await.unwrap());
        assert_eq!((left.owner.as_str(), left.author.as_str()), ("", ""));
        let subject = match known.subject.clone() {
            CaseSubject::Content { subject, .. } => CaseSubject::Content { subject, content: String::new() },
            other @ (CaseSubject::Share { .. } | CaseSubject::Room { .. }) => other,
        };
        let expected = Case {
            subject,
            owner: left.owner.clone(),
            author: String::new(),
            version: left.version,
            ..known.clone()
        };
        assert_eq!(left, expected);
        assert!(gallery.evidence(&known.id).await.unwrap().is_some());
        // An operator still decides.
        assert!(gallery.change_case(&Case { state: CaseState::Removed, ..left }).await.unwrap());
    }
    assert_eq!(gallery.case("case-3").await.unwrap().as_ref(), Some(&cases[2]));
    let of_ann = CaseFilter { owner: Some(user("ann")), ..CaseFilter::default() };
    assert_eq!(gallery.cases(&of_ann, None, 9).await.unwrap(), []);
    assert_eq!(gallery.cases(&CaseFilter::default(), None, 9).await.unwrap().len(), 3);
}

pub async fn review_is_read_behind_a_position_and_written_over<G: GalleryUnderTest>(gallery: &G) {
    for number in 0..7 {
        gallery.put_case(&case("ann", number, 1)).await.unwrap();
        gallery.add_report(&report("ann", number / 3, 3, 4)).await.unwrap();
        gallery.add_report(&report(&format!("o{number}"), number / 3, 3, 4)).await.unwrap();
        gallery.put_evidence(&evidence(&format!("case-{number}"), 9)).await.unwrap();
    }
    let changed = Case { version: 5, state: CaseState::Passed, ..case("ann", 6, 1) };
    gallery.put_case(&changed).await.unwrap();
    gallery.put_case(&changed).await.unwrap();
    let held = CaseFilter { state: Some(CaseState::Held), ..CaseFilter::default() };
    assert_eq!(gallery.cases(&held, None, 9).await.unwrap().len(), 6);
    let (mut cases, mut place) = (Vec::new(), None);
    loop {
        let turn = gallery.cases_behind(place.as_deref(), 3).await.unwrap();
        cases.extend(turn.items);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    let mut expected: Vec<Case> = (0..6).map(|number| case("ann", number, 1)).collect();
    expected.push(changed);
    assert_eq!(cases, expected);
    let (mut reports, mut place) = (Vec::new(), None);
    loop {
        let turn = gallery.reports_behind(place.as_deref(), 4).await.unwrap();
        reports.extend(turn.items);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    let distinct: std::collections::BTreeSet<String> =
        reports.iter().map(|report| format!("{} {}", report.code, report.reporter)).collect();
    assert_eq!((reports.len(), distinct.len()), (10, 10));
    let first = gallery.evidence_behind(None, 4).await.unwrap();
    let second = gallery.evidence_behind(first.next.as_deref(), 4).await.unwrap();
    let third = gallery.evidence_behind(second.next.as_deref(), 4).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), third.items.len()), (4, 3, 0));
    assert_eq!(third.next, None);
}
