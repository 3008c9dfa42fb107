//! Claims of cases, remarks, and decisions.
//!
//! A decision is written to the audit log, then applied to the share, then to the case. After a crash in between,
//! the case is still in the queue, and the repeated decision finishes the change.

use std::time::Duration;

use yibi_common::admin::Change;
use yibi_common::sharing::{CaseOpener, CaseState, Reason};

use super::{Actor, OperatorError, OperatorResult, OperatorService};
use crate::domain::clock::Micros;
use crate::domain::review::{Case, CaseDecision, CaseSubject, Claim, Decision, Note};
use crate::domain::share::copy_name;
use crate::domain::text;
use crate::service::shares::ShareError;
use crate::store::{Reviews, StoreError, Users};

/// Lease of a case by an operator who looks at it.
const LEASE: Duration = Duration::from_secs(120);
/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 16;
/// Characters of a remark, and remarks of a case, at most.
const NOTE_CHARS: usize = 200;
const NOTES: usize = 100;

impl OperatorService {
    /// Claims a held case, or renews the claim.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::CaseClaimed`], [`OperatorError::CaseDecided`],
    /// [`OperatorError::CaseClosed`], [`OperatorError::Store`].
    pub async fn claim_case(&self, actor: &Actor, id: &str) -> OperatorResult<Case> {
        for _ in 0..ROUNDS {
            let case = self.case(id).await?;
            if case.state != CaseState::Held {
                return Err(not_held(case.state));
            }
            if !self.is_decidable(&case).await? {
                return self.close(&case).await;
            }
            if let Some(case) = self.lease(actor, case).await? {
                return Ok(case);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Decides on a case. The same decision of the same operator again changes nothing.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`]; [`OperatorError::CaseClaimed`] while another operator has the case open;
    /// [`OperatorError::CaseDecided`] when the case has to be held first; [`OperatorError::CaseClosed`] when the
    /// content was replaced or is gone; [`OperatorError::Store`].
    pub async fn decide_case(&self, actor: &Actor, id: &str, decision: CaseDecision) -> OperatorResult<Case> {
        let (mut is_audited, mut is_applied) = (false, false);
        for _ in 0..ROUNDS {
            let case = self.case(id).await?;
            if is_decided(&case, actor, decision) {
                return Ok(case);
            }
            if case.state != CaseState::Held && decision != CaseDecision::Hold {
                // Another decision under the same operator's name came first: the share follows the case.
                if let Some(last) = last_of(&case).filter(|_| is_applied) {
                    self.decide_content(&case, last).await?;
                }
                return Err(not_held(case.state));
            }
            if !self.is_decidable(&case).await? {
                return self.close(&case).await;
            }
            // The lease keeps another operator from deciding at the same time.
            let Some(mut case) = self.lease(actor, case).await? else { continue };
            if !is_audited {
                self.audit_case(actor, change_of(decision), &case, reason_of(decision)).await?;
                is_audited = true;
            }
            if !self.decide_content(&case, decision).await? {
                return self.close(&case).await;
            }
            is_applied = true;
            apply(&mut case, actor, decision);
            if self.drawings.store().change_case(&case).await? {
                self.metrics.case_decided(name_of(decision), reason_of(decision));
                return Ok(case);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Whether the content of a case is still one that a decision can be about.
    async fn is_decidable(&self, case: &Case) -> OperatorResult<bool> {
        Ok(match &case.subject {
            CaseSubject::Share { .. } => self.shares.records().is_decidable(case).await?,
            CaseSubject::Room { .. } => self.rooms.records().is_decidable(case).await?,
            CaseSubject::Content { .. } => self.moderation.is_decidable(case).await?,
        })
    }

    /// Applies a decision to the content of a case. Returns whether there still is one.
    async fn decide_content(&self, case: &Case, decision: CaseDecision) -> OperatorResult<bool> {
        Ok(match &case.subject {
            CaseSubject::Share { .. } => self.shares.records().decide(case, decision).await?,
            CaseSubject::Room { .. } => self.rooms.records().decide(case, decision).await?,
            CaseSubject::Content { .. } => self.moderation.decide(case, decision).await?,
        })
    }

    /// Closes a case about nothing.
    async fn close(&self, case: &Case) -> OperatorResult<Case> {
        self.shares.records().close_case(&case.id).await?;
        Err(OperatorError::CaseClosed)
    }

    /// Opens a case of a share, about the copy that the public sees or else the newest one. A case that waits
    /// for a decision stays as it is.
    ///
    /// # Errors
    /// [`OperatorError::Share`] for an unknown code and an ended share, [`OperatorError::Store`].
    pub async fn open_case(&self, actor: &Actor, code: &str) -> OperatorResult<Case> {
        let records = self.shares.records();
        let (share, seq) = records.reviewable(code).await?;
        let id = copy_name(&share.code, seq);
        let known = self.drawings.store().case(&id).await?;
        if let Some(known) = known.filter(|known| known.state == CaseState::Held) {
            return Ok(known);
        }
        let author = self.drawings.store().user(&share.owner).await?.ok_or(ShareError::NotFound)?;
        self.audit(actor, Change::OpenCase, &author.public_id, Some(&id)).await?;
        records.open_case(&share, seq, CaseOpener::Operator, CaseState::Held, None).await?;
        self.case(&id).await
    }

    /// Adds a remark to a case. The same remark of the same operator again changes nothing.
    ///
    /// # Errors
    /// [`OperatorError::NoCase`], [`OperatorError::Value`], [`OperatorError::Store`].
    pub async fn note_case(&self, actor: &Actor, id: &str, words: &str) -> OperatorResult<Case> {
        let words = words.trim();
        if !(1..=NOTE_CHARS).contains(&words.chars().count()) || !text::is_printable(words) {
            return Err(OperatorError::Value("text is 1 to 200 characters that show"));
        }
        let mut is_audited = false;
        for _ in 0..ROUNDS {
            let mut case = self.case(id).await?;
            if case.notes.iter().any(|note| note.operator == actor.name && note.text == words) {
                return Ok(case);
            }
            if case.notes.len() >= NOTES {
                return Err(OperatorError::Value("the case has as many remarks as it can have"));
            }
            if !is_audited {
                self.audit_case(actor, Change::NoteCase, &case, None).await?;
                is_audited = true;
            }
            let note = Note { at: Micros::now(), operator: actor.name.clone(), text: words.to_owned() };
            case.notes.push(note);
            if self.drawings.store().change_case(&case).await? {
                return Ok(case);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Gives the case to the operator for a time, unless the operator has it for long enough. `None` when another
    /// change came first.
    async fn lease(&self, actor: &Actor, mut case: Case) -> OperatorResult<Option<Case>> {
        let now = Micros::now();
        let other = case.claim.as_ref().filter(|claim| claim.until > now && claim.operator != actor.name);
        if let Some(claim) = other {
            return Err(OperatorError::CaseClaimed(claim.operator.clone()));
        }
        let is_fresh = |claim: &Claim| claim.operator == actor.name && claim.until > now.plus(LEASE / 2);
        if case.claim.as_ref().is_some_and(is_fresh) {
            return Ok(Some(case));
        }
        case.claim = Some(Claim { operator: actor.name.clone(), until: now.plus(LEASE) });
        let is_stored = self.drawings.store().change_case(&case).await?;
        case.version = case.version.saturating_add(1);
        Ok(is_stored.then_some(case))
    }
}

/// Why a case that does not wait for a decision can't be decided.
fn not_held(state: CaseState) -> OperatorError {
    if state == CaseState::Closed { OperatorError::CaseClosed } else { OperatorError::CaseDecided(state) }
}

/// The decision that a case shows.
fn last_of(case: &Case) -> Option<CaseDecision> {
    match case.state {
        CaseState::Held => Some(CaseDecision::Hold),
        CaseState::Passed => Some(CaseDecision::Pass),
        CaseState::Removed => Some(CaseDecision::Remove(case.reason.unwrap_or(Reason::Other))),
        CaseState::Closed => None,
    }
}

fn name_of(decision: CaseDecision) -> &'static str {
    match decision {
        CaseDecision::Pass => "pass",
        CaseDecision::Remove(_) => "remove",
        CaseDecision::Hold => "hold",
    }
}

fn change_of(decision: CaseDecision) -> Change {
    match decision {
        CaseDecision::Pass => Change::PassCase,
        CaseDecision::Remove(_) => Change::RemoveCase,
        CaseDecision::Hold => Change::HoldCase,
    }
}

fn reason_of(decision: CaseDecision) -> Option<Reason> {
    match decision {
        CaseDecision::Remove(reason) => Some(reason),
        CaseDecision::Pass | CaseDecision::Hold => None,
    }
}

/// Whether this operator made this decision on the case already.
fn is_decided(case: &Case, actor: &Actor, decision: CaseDecision) -> bool {
    let own = case.decision.as_ref().is_some_and(|last| last.operator == actor.name);
    own && match decision {
        CaseDecision::Pass => case.state == CaseState::Passed,
        CaseDecision::Remove(reason) => case.state == CaseState::Removed && case.reason == Some(reason),
        CaseDecision::Hold => case.state == CaseState::Held,
    }
}

fn apply(case: &mut Case, actor: &Actor, decision: CaseDecision) {
    match decision {
        CaseDecision::Pass => (case.state, case.claim) = (CaseState::Passed, None),
        CaseDecision::Remove(reason) => {
            (case.state, case.claim, case.reason) = (CaseState::Removed, None, Some(reason));
        }
        // The operator still looks at the case.
        CaseDecision::Hold => case.state = CaseState::Held,
    }
    case.decision = Some(Decision { operator: actor.name.clone(), at: Micros::now() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::UserKey;

    fn actor(name: &str) -> Actor {
        Actor { name: name.to_owned(), from: "socket".to_owned(), request_id: "r".to_owned() }
    }

    fn case() -> Case {
        Case {
            id: "c".to_owned(),
            subject: CaseSubject::Content { subject: "nickname".to_owned(), content: "n".to_owned() },
            owner: UserKey::new("wx1", "ann"),
            author: "p".to_owned(),
            state: CaseState::Held,
            opened_by: CaseOpener::Wechat,
            reason: Some(Reason::Abuse),
            reports: 0,
            web_reports: 0,
            notes: Vec::new(),
            claim: Some(Claim { operator: "li".to_owned(), until: Micros(1) }),
            decision: None,
            opened_at: Micros(0),
            rank_at: Micros(0),
            version: 0,
        }
    }

    #[test]
    fn a_repeated_decision_is_known_and_another_one_is_not() {
        let li = actor("li");
        let decisions = [
            CaseDecision::Pass,
            CaseDecision::Remove(Reason::Advertising),
            CaseDecision::Remove(Reason::Other),
            CaseDecision::Hold,
        ];
        for made in decisions {
            let mut case = case();
            assert!(!is_decided(&case, &li, made), "{made:?}");
            apply(&mut case, &li, made);
            for asked in decisions {
                assert_eq!(is_decided(&case, &li, asked), asked == made, "{made:?} then {asked:?}");
                assert!(!is_decided(&case, &actor("wang"), asked), "{made:?} then {asked:?} by another");
            }
        }
    }

    #[test]
    fn only_a_hold_keeps_the_claim_and_the_reason() {
        let mut held = case();
        apply(&mut held, &actor("li"), CaseDecision::Hold);
        assert!(held.claim.is_some() && held.reason == Some(Reason::Abuse));
        let mut removed = case();
        apply(&mut removed, &actor("li"), CaseDecision::Remove(Reason::Other));
        assert!(removed.claim.is_none() && removed.reason == Some(Reason::Other));
    }
}
