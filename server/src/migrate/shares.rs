//! Shares and their review: moved code by code, and compared.

use super::journal::{Journal, Part};
use super::verify::Sum;
use super::{
    MigrateError, Progress, Result, SOURCE, TARGET, TURN, Tally, Whole, at, for_each, move_check,
    move_records,
};
use crate::domain::moderation::Subject;
use crate::domain::review::{Case, Evidence, ShareReport};
use crate::domain::share::{CodeRecord, Share, ShareCopy};
use crate::store::StoreResult;

/// Copies what a move has not copied yet of shares, cases, reports and evidence.
pub(super) async fn move_all<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    all: &Tally,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    if journal.is_at(Part::Shares) {
        progress.begins("shares", all.shares, journal.done());
        let read = async |place: Option<&str>| from.codes_behind(place, TURN).await;
        let write = async |code: &CodeRecord| move_share(from, to, code).await;
        move_records(journal, progress, read, write).await?;
    }
    if journal.is_at(Part::Cases) {
        progress.begins("cases", all.cases, journal.done());
        let read = async |place: Option<&str>| from.cases_behind(place, TURN).await;
        let write = async |case: &Case| to.put_case(case).await.map_err(at(TARGET));
        move_records(journal, progress, read, write).await?;
    }
    if journal.is_at(Part::Reports) {
        progress.begins("reports", all.reports, journal.done());
        let read = async |place: Option<&str>| from.reports_behind(place, TURN).await;
        let write = async |report: &ShareReport| to.add_report(report).await.map(drop).map_err(at(TARGET));
        move_records(journal, progress, read, write).await?;
    }
    if journal.is_at(Part::Evidence) {
        progress.begins("evidence", all.evidence, journal.done());
        let read = async |place: Option<&str>| from.evidence_behind(place, TURN).await;
        let write = async |evidence: &Evidence| to.put_evidence(evidence).await.map_err(at(TARGET));
        move_records(journal, progress, read, write).await?;
    }
    Ok(())
}

/// Copies a code with its share, copies and checks. The code of an ended share may have neither.
async fn move_share<G: Whole, H: Whole>(from: &G, to: &H, record: &CodeRecord) -> Result<()> {
    let (source, target) = (at(SOURCE), at(TARGET));
    let CodeRecord { code, owner, drawing, .. } = record;
    to.add_code(record).await.map_err(&target)?;
    for seq in from.copies(owner, code).await.map_err(&source)? {
        if let Some(copy) = from.copy(owner, code, seq).await.map_err(&source)? {
            to.put_copy(&copy).await.map_err(&target)?;
        }
    }
    if let Some(share) = share_of(from, record).await.map_err(&source)? {
        to.put_share(&share).await.map_err(&target)?;
        for subject in Subject::of_share(drawing) {
            move_check(from, to, owner, &subject).await?;
        }
    }
    Ok(())
}

/// The share that has this code now.
async fn share_of<G: Whole>(store: &G, record: &CodeRecord) -> StoreResult<Option<Share>> {
    let share = store.share(&record.owner, &record.drawing).await?;
    Ok(share.filter(|share| share.code == record.code))
}

async fn copies_of<G: Whole>(store: &G, record: &CodeRecord) -> StoreResult<Vec<ShareCopy>> {
    let mut copies = Vec::new();
    for seq in store.copies(&record.owner, &record.code).await? {
        copies.extend(store.copy(&record.owner, &record.code, seq).await?);
    }
    Ok(copies)
}

/// Checks that every code, share, copy, case, report and piece of evidence of the source is in the target
/// unchanged, and adds them to both sums. The numbers of records are equal.
pub(super) async fn compare<G: Whole, H: Whole>(from: &G, to: &H, sums: [&mut Sum; 2]) -> Result<()> {
    let (source, target) = (at(SOURCE), at(TARGET));
    let [left, right] = sums;
    let mut place = None;
    loop {
        let turn = from.codes_behind(place.as_deref(), TURN).await.map_err(&source)?;
        for record in &turn.items {
            let there = to.code(&record.code).await.map_err(&target)?;
            let shares = (
                share_of(from, record).await.map_err(&source)?,
                share_of(to, record).await.map_err(&target)?,
            );
            let copies = (
                copies_of(from, record).await.map_err(&source)?,
                copies_of(to, record).await.map_err(&target)?,
            );
            if there.as_ref() != Some(record) || shares.0 != shares.1 || copies.0 != copies.1 {
                return Err(MigrateError::Differs(format!("the share {}", record.code)));
            }
            left.add_debug(&(Some(record), &shares.0));
            right.add_debug(&(&there, &shares.1));
            copies.0.iter().for_each(|copy| left.add_copy(copy));
            copies.1.iter().for_each(|copy| right.add_copy(copy));
            for subject in Subject::of_share(&record.drawing) {
                super::verify::same_check(from, to, &record.owner, &subject, [&mut *left, &mut *right])
                    .await?;
            }
        }
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    add_review(left, from).await.map_err(&source)?;
    add_review(right, to).await.map_err(&target)
}

async fn add_review<G: Whole>(sum: &mut Sum, store: &G) -> StoreResult<()> {
    for_each(async |place| store.cases_behind(place, TURN).await, |case| sum.add_debug(case)).await?;
    for_each(async |place| store.reports_behind(place, TURN).await, |report| sum.add_debug(report)).await?;
    for_each(async |place| store.evidence_behind(place, TURN).await, |evidence| sum.add_debug(evidence)).await
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Paper;
    use yibi_common::sharing::{CaseOpener, CaseState, Reason, ShareState};

    use super::super::End;
    use super::*;
    use crate::domain::clock::Micros;
    use crate::domain::review::{CaseSubject, Reporter};
    use crate::domain::share::{Code, CodeTarget};
    use crate::domain::user::UserKey;
    use crate::random;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Reviews, Shares, Transfer};

    struct Unheard;

    impl Progress for Unheard {
        fn begins(&mut self, _: &'static str, _: u64, _: u64) {}
        fn done(&mut self, _: u64) {}
    }

    fn share(number: u8) -> Share {
        let (code, owner) = (Code::from_random([number; 8]), UserKey::new("wx1", "ann"));
        Share {
            state: ShareState::Shown,
            shown_seq: Some(2),
            checking_seq: None,
            version: 3,
            ..Share::fresh(code, owner, &format!("d{number}"), 2, Micros(1))
        }
    }

    async fn fill(store: &SqliteStore) {
        for number in 0..3 {
            let share = share(number);
            let Share { code, owner, drawing, .. } = share.clone();
            let record = CodeRecord {
                code: code.clone(),
                owner: owner.clone(),
                drawing: drawing.clone(),
                created_at: Micros(1),
                ended_at: None,
                what: CodeTarget::Share,
            };
            assert!(store.add_code(&record).await.unwrap());
            store.put_share(&share).await.unwrap();
            let copy = ShareCopy {
                code: code.clone(),
                seq: 2,
                owner: owner.clone(),
                title: "t".to_owned(),
                paper: Paper::default(),
                drawn_at: Micros(0),
                actions: vec![vec![number; 5]],
            };
            store.put_copy(&copy).await.unwrap();
            let case = Case {
                id: format!("case-{number}"),
                subject: CaseSubject::Share { code: code.clone(), drawing, seq: 2 },
                owner: owner.clone(),
                author: "public".to_owned(),
                state: CaseState::Passed,
                opened_by: CaseOpener::Reports,
                reason: Some(Reason::Abuse),
                reports: 3,
                web_reports: 0,
                notes: Vec::new(),
                claim: None,
                decision: None,
                opened_at: Micros(4),
                rank_at: Micros(3),
                version: 7,
            };
            store.put_case(&case).await.unwrap();
            let report = ShareReport {
                code,
                reporter: Reporter::User(owner),
                seq: 2,
                reason: Reason::Other,
                note: String::new(),
                at: Micros(4),
            };
            store.add_report(&report).await.unwrap();
            let evidence =
                Evidence { case: case.id, sealed: format!("sealed {number}"), expires_at: Micros(9) };
            store.put_evidence(&evidence).await.unwrap();
        }
    }

    async fn compared(from: &SqliteStore, to: &SqliteStore) -> Result<(Sum, Sum)> {
        let (mut left, mut right) = (Sum::default(), Sum::default());
        compare(from, to, [&mut left, &mut right]).await?;
        Ok((left, right))
    }

    #[tokio::test]
    async fn everything_is_moved_and_a_difference_is_found() {
        let directory = std::env::temp_dir().join(format!("yibi-shares-{}", random::short_id()));
        let open = |name: &str| SqliteStore::open(&directory.join(name)).unwrap();
        let (from, to) = (open("from"), open("to"));
        fill(&from).await;
        let all = Tally::of(&from).await.unwrap();
        assert_eq!((all.shares, all.cases, all.reports, all.evidence), (3, 3, 3, 3));
        // A move that is repeated from the beginning writes the same.
        for _ in 0..2 {
            let mut journal = Journal::open(&directory, End::Embedded, End::Shared, "there").unwrap();
            while !journal.is_at(Part::Shares) {
                journal.note(None, 0).unwrap();
            }
            move_all(&from, &to, &all, &mut journal, &mut Unheard).await.unwrap();
            assert!(journal.is_at(Part::MiniprogramCodes));
            journal.end().unwrap();
            assert_eq!(Tally::of(&to).await.unwrap(), all);
            let (left, right) = compared(&from, &to).await.unwrap();
            assert_eq!(left, right);
            assert_ne!(left, Sum::default());
        }
        let mut copy = from.copy(&share(1).owner, &share(1).code, 2).await.unwrap().unwrap();
        copy.actions.push(vec![9]);
        to.put_copy(&copy).await.unwrap();
        let told = compared(&from, &to).await.unwrap_err().to_string();
        assert!(told.contains(share(1).code.as_str()), "{told}");
        from.put_copy(&copy).await.unwrap();
        let case = from.case("case-2").await.unwrap().unwrap();
        to.put_case(&Case { version: 8, ..case }).await.unwrap();
        let (left, right) = compared(&from, &to).await.unwrap();
        assert_ne!(left, right);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
