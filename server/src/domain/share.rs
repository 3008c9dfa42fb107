//! Shares: public links to drawings.

use std::fmt;

use serde::{Deserialize, Serialize};
use yibi_common::drawing::Paper;
use yibi_common::sharing::{Audience, Reason, ShareState};

use super::clock::Micros;
use super::user::UserKey;

/// Alphabet of codes: Crockford's base32 in lower case, without the letters i, l, o and u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Length of a code in characters.
const LENGTH: usize = 12;

/// Code of a share or a room: 60 random bits. The same text is the id in the share's address and the `scene` of its
/// mini-program code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    /// The code that these random bytes make; the upper four bits are dropped.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        let mut bits = u64::from_le_bytes(bytes);
        let text = (0..LENGTH).map(|_| {
            let digit = ALPHABET.get((bits & 31) as usize);
            bits >>= 5;
            char::from(*digit.unwrap_or(&b'0'))
        });
        Self(text.collect())
    }

    /// Parses a code that a client sends. Only the exact form is taken, so that a share has one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a copy of a share, unique among all copies.
#[must_use]
pub fn copy_name(code: &Code, seq: u32) -> String {
    format!("{code}-{seq}")
}

/// The code and seq of a copy's name.
#[must_use]
pub fn parse_copy_name(name: &str) -> Option<(Code, u32)> {
    let (code, seq) = name.split_once('-')?;
    Some((Code::parse(code)?, seq.parse().ok()?))
}

/// Target of a code, written before the share or room that it leads to. The record outlives the share, so that the
/// address of a revoked share still tells that the share was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    pub code: Code,
    /// Key of the author.
    pub owner: UserKey,
    /// Id of the drawing.
    pub drawing: String,
    pub created_at: Micros,
    /// Time at which the share of the code ended. A code of a drawing with another share has either an end, or
    /// never had a share: a crash came between the code and the share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Micros>,
    /// Kind of the target. Servers that know no rooms write none.
    #[serde(default, skip_serializing_if = "CodeTarget::is_share")]
    pub what: CodeTarget,
}

/// Kind of record that a code leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeTarget {
    #[default]
    Share,
    Room,
}

impl CodeTarget {
    /// The name in the stores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Room => "room",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_share(&self) -> bool {
        *self == Self::Share
    }
}

/// Share of a drawing. A drawing has at most one record, which a share after a revocation replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub code: Code,
    /// Key of the author.
    pub owner: UserKey,
    /// Id of the drawing.
    pub drawing: String,
    pub state: ShareState,
    /// `seq` of the copy that the public sees, or saw last.
    pub shown_seq: Option<u32>,
    /// `seq` of the copy whose check is not finished.
    pub checking_seq: Option<u32>,
    /// Reason of the last removal or rejection.
    pub reason: Option<Reason>,
    /// Whether a person must decide on the next copy.
    #[serde(default)]
    pub needs_person: bool,
    /// `seq` of the last copy that a person passed, which reports no longer hide.
    pub cleared_seq: Option<u32>,
    /// `seq` of the copy that was removed.
    pub removed_seq: Option<u32>,
    /// Names that a person passed together with the picture.
    pub names: Option<PassedNames>,
    /// Title of the copy that is shown, kept here when the drawing's next title takes the place of its check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_title: Option<String>,
    pub audience: Audience,
    /// Whether others may continue the drawing.
    #[serde(default)]
    pub allow_continue: bool,
    pub created_at: Micros,
    /// Time of the last change of state.
    pub updated_at: Micros,
    /// Number of changes.
    pub version: u32,
}

/// The changes of a share's state. Each returns whether it applies; one that does not apply changes nothing, so
/// that an event may arrive twice, late, or after another event of the same copy.
impl Share {
    /// Share of a drawing whose copy `seq` is about to be checked.
    #[must_use]
    pub fn fresh(code: Code, owner: UserKey, drawing: &str, seq: u32, now: Micros) -> Self {
        Self {
            code,
            owner,
            drawing: drawing.to_owned(),
            state: ShareState::Checking,
            shown_seq: None,
            checking_seq: Some(seq),
            reason: None,
            needs_person: false,
            cleared_seq: None,
            removed_seq: None,
            names: None,
            passed_title: None,
            audience: Audience::Link,
            allow_continue: false,
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    /// Whether a decision about the copy still has an effect.
    #[must_use]
    pub fn knows(&self, seq: u32) -> bool {
        self.state != ShareState::Revoked
            && [self.shown_seq, self.checking_seq, self.removed_seq].contains(&Some(seq))
    }

    /// Whether the copy is still needed: it is shown, or its check is not finished.
    #[must_use]
    pub fn needs_copy(&self, seq: u32) -> bool {
        self.shown_seq == Some(seq) || self.checking_seq == Some(seq)
    }

    /// The newest copy of the share.
    #[must_use]
    pub fn newest_seq(&self) -> Option<u32> {
        self.checking_seq.max(self.shown_seq).max(self.removed_seq)
    }

    /// Whether the public may see the share, as far as its own state goes.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.state == ShareState::Shown && self.shown_seq.is_some()
    }

    /// Takes a copy with more strokes. A copy that is shown stays until the new one passes.
    pub fn offer(&mut self, seq: u32) {
        self.checking_seq = Some(seq);
        match self.state {
            ShareState::Shown => {}
            ShareState::Checking if !self.needs_person => {}
            ShareState::Checking | ShareState::Held | ShareState::Removed | ShareState::Revoked => {
                self.state = ShareState::Held;
                self.needs_person = true;
            }
        }
    }

    /// WeChat passes a copy.
    pub fn pass(&mut self, seq: u32) -> bool {
        let applies = self.checking_seq == Some(seq)
            && !self.needs_person
            && matches!(self.state, ShareState::Checking | ShareState::Shown);
        if applies {
            self.show(seq);
        }
        applies
    }

    /// WeChat leaves a copy to a person, or gives no verdict. The copy that is shown stays.
    pub fn hold_new(&mut self, seq: u32) -> bool {
        let applies = self.checking_seq == Some(seq)
            && !self.needs_person
            && matches!(self.state, ShareState::Checking | ShareState::Shown);
        if applies {
            self.needs_person = true;
            if self.state == ShareState::Checking {
                self.state = ShareState::Held;
            }
        }
        applies
    }

    /// WeChat rejects a copy. The copy that is shown stays.
    pub fn reject(&mut self, seq: u32, reason: Reason) -> bool {
        let applies = self.checking_seq == Some(seq)
            && !self.needs_person
            && matches!(self.state, ShareState::Checking | ShareState::Shown);
        if applies {
            self.reason = Some(reason);
            self.checking_seq = None;
            self.removed_seq = self.removed_seq.max(Some(seq));
            if self.state == ShareState::Checking {
                self.state = ShareState::Removed;
            }
        }
        applies
    }

    /// Several users reported the copy that is shown. A copy that a person passed stays.
    pub fn hide_reported(&mut self) -> bool {
        let applies = self.is_shown() && self.cleared_seq < self.shown_seq;
        if applies {
            self.state = ShareState::Held;
            self.needs_person = true;
        }
        applies
    }

    /// A person passes a copy.
    pub fn pass_by_person(&mut self, seq: u32, names: Option<PassedNames>) -> bool {
        let applies = self.knows(seq);
        if applies {
            self.cleared_seq = self.cleared_seq.max(Some(seq));
            self.names = names;
            if self.removed_seq.is_some_and(|removed| removed <= seq) {
                self.removed_seq = None;
            }
            self.show(seq);
        }
        applies
    }

    /// A person removes the share for one of its copies.
    pub fn remove_by_person(&mut self, seq: u32, reason: Reason) -> bool {
        let applies = self.knows(seq);
        if applies {
            self.removed_seq = self.newest_seq();
            self.state = ShareState::Removed;
            self.reason = Some(reason);
            self.needs_person = true;
        }
        applies
    }

    /// A person hides a copy until a later decision. A copy that is shown stays while a newer one is hidden.
    pub fn hold_by_person(&mut self, seq: u32) -> bool {
        let applies = self.knows(seq);
        if applies {
            self.needs_person = true;
            self.reason = None;
            if self.cleared_seq == Some(seq) {
                self.cleared_seq = None;
            }
            if self.state != ShareState::Shown || self.shown_seq == Some(seq) {
                self.state = ShareState::Held;
                // A newer copy has a case of its own.
                if self.shown_seq != Some(seq) {
                    self.checking_seq = self.checking_seq.max(Some(seq));
                }
            }
        }
        applies
    }

    /// The copy that waits for a person beside the one that a decision was about.
    #[must_use]
    pub fn waiting_seq(&self, decided: u32) -> Option<u32> {
        let waits = self.needs_person && matches!(self.state, ShareState::Shown | ShareState::Held);
        self.checking_seq.filter(|seq| waits && *seq != decided)
    }

    /// The first share after this one was revoked. A person decides on it where a person had to decide on this
    /// one, so that ending a share undoes no removal and no report.
    pub fn succeed(&self, fresh: &mut Self) {
        fresh.version = self.version;
        fresh.removed_seq = self.removed_seq;
        fresh.needs_person = self.needs_person || self.removed_seq.is_some();
        if fresh.needs_person {
            fresh.state = ShareState::Held;
        }
    }

    /// The author ends the share.
    pub fn revoke(&mut self) -> bool {
        let applies = self.state != ShareState::Revoked;
        self.state = ShareState::Revoked;
        (self.shown_seq, self.checking_seq) = (None, None);
        applies
    }

    fn show(&mut self, seq: u32) {
        if self.shown_seq != Some(seq) {
            self.passed_title = None;
        }
        self.shown_seq = Some(seq);
        if self.checking_seq <= Some(seq) {
            self.checking_seq = None;
        }
        self.state = ShareState::Shown;
        self.reason = None;
        // A newer copy that waits for a person still does.
        self.needs_person = self.needs_person && self.checking_seq.is_some();
    }
}

/// The author's names as a person saw and passed them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedNames {
    pub nickname: String,
    pub title: String,
    /// Id of the uploaded avatar.
    #[serde(default)]
    pub avatar: Option<String>,
}

/// Copy of a drawing that a share shows: a background and the visible strokes in order, without history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareCopy {
    pub code: Code,
    /// `seq` of the drawing at the time of the copy.
    pub seq: u32,
    /// Key of the author.
    pub owner: UserKey,
    pub title: String,
    pub paper: Paper,
    /// Time at which the drawing was begun.
    pub drawn_at: Micros,
    /// Stored forms of the actions: one background, then strokes.
    pub actions: Vec<Vec<u8>>,
}

/// The share behind which a page of a user's shares begins, in descending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterShare {
    pub created_at: Micros,
    pub code: Code,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_twelve_characters_of_the_alphabet() {
        assert_eq!(Code::from_random([0; 8]).as_str(), "000000000000");
        assert_eq!(Code::from_random([0xff; 8]).as_str(), "zzzzzzzzzzzz");
        let code = Code::from_random(crate::random::bytes());
        assert_eq!(Code::parse(code.as_str()), Some(code));
    }

    fn share(state: ShareState, shown_seq: Option<u32>, checking_seq: Option<u32>) -> Share {
        let (code, owner) = (Code::from_random([7; 8]), UserKey::new("wx1", "ann"));
        Share { state, shown_seq, checking_seq, ..Share::fresh(code, owner, "d", 0, Micros(0)) }
    }

    #[test]
    fn a_verdict_counts_for_the_copy_under_check_only() {
        let mut first = share(ShareState::Checking, None, Some(3));
        assert!(!first.pass(2) && !first.reject(4, Reason::Other) && !first.hold_new(2));
        assert!(first.pass(3) && first.is_shown());
        assert!(!first.pass(3) && !first.reject(3, Reason::Other), "a verdict counts once");
        first.offer(5);
        assert!(first.is_shown() && first.reject(5, Reason::Abuse));
        assert_eq!((first.shown_seq, first.reason), (Some(3), Some(Reason::Abuse)), "the old copy stays up");
    }

    #[test]
    fn a_held_copy_waits_for_a_person_and_so_does_its_successor() {
        let mut held = share(ShareState::Checking, None, Some(3));
        assert!(held.hold_new(3) && held.state == ShareState::Held);
        held.offer(5);
        assert!(!held.pass(5) && held.state == ShareState::Held);
        assert!(held.pass_by_person(5, None) && held.is_shown());
        held.offer(6);
        assert!(held.pass(6), "after a person's pass WeChat decides again");
    }

    #[test]
    fn reports_hide_no_copy_that_a_person_passed() {
        let mut shown = share(ShareState::Shown, Some(3), None);
        assert!(shown.hide_reported() && shown.state == ShareState::Held);
        assert!(shown.pass_by_person(3, None));
        assert!(!shown.hide_reported() && shown.is_shown());
        shown.offer(4);
        assert!(shown.pass(4) && shown.hide_reported(), "the pass covers one copy");
    }

    #[test]
    fn a_removal_takes_the_whole_share_and_can_be_taken_back() {
        let mut share = share(ShareState::Shown, Some(3), Some(5));
        share.needs_person = true;
        assert!(share.remove_by_person(5, Reason::Sexual) && !share.is_shown());
        assert_eq!((share.removed_seq, share.newest_seq()), (Some(5), Some(5)));
        assert!(share.hold_by_person(5) && share.state == ShareState::Held);
        assert!(share.pass_by_person(5, None) && share.shown_seq == Some(5));
        assert!(share.revoke() && !share.pass_by_person(5, None) && !share.revoke());
    }

    #[test]
    fn a_pass_leaves_a_newer_copy_to_a_person() {
        let mut both = share(ShareState::Shown, Some(3), Some(5));
        assert!(both.hide_reported() && both.waiting_seq(3) == Some(5));
        assert!(!both.pass(5), "the newer copy waits, too");
        assert!(both.pass_by_person(3, None) && both.is_shown() && both.needs_person);
        assert_eq!((both.shown_seq, both.waiting_seq(3)), (Some(3), Some(5)));
        assert!(both.pass_by_person(5, None) && both.shown_seq == Some(5) && !both.needs_person);
    }

    #[test]
    fn a_share_after_a_removal_waits_for_a_person() {
        let mut removed = share(ShareState::Shown, Some(3), None);
        assert!(!removed.remove_by_person(2, Reason::Abuse), "a later copy replaced this one");
        assert!(removed.remove_by_person(3, Reason::Abuse) && removed.revoke());
        let fresh = || Share::fresh(Code::from_random([8; 8]), removed.owner.clone(), "d", 4, Micros(9));
        let mut next = fresh();
        removed.succeed(&mut next);
        assert_eq!((next.state, next.removed_seq, next.pass(4)), (ShareState::Held, Some(3), false));
        let mut plain = share(ShareState::Shown, Some(3), None);
        assert!(plain.revoke());
        let mut next = fresh();
        plain.succeed(&mut next);
        assert!(next.state == ShareState::Checking && next.pass(4));
    }

    #[test]
    fn other_writings_of_a_code_are_refused() {
        for text in [
            "",
            "00000000000",
            "0000000000000",
            "00000000000o",
            "00000000000A",
            "0000000000é",
            "../../../../.",
        ] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }
}
