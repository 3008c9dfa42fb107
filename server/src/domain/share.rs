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

/// Code of a share: 60 random bits. The same text is the id in the share's address and the `scene` of its
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
            let digit = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
            char::from(digit)
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

/// Target of a code, written before the share that it leads to. The record outlives the share, so that the
/// address of a revoked share still tells that the share was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    pub code: Code,
    /// Key of the author.
    pub owner: UserKey,
    /// Id of the drawing.
    pub drawing: String,
    pub created_at: Micros,
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
    pub audience: Audience,
    pub created_at: Micros,
    /// Time of the last change of state.
    pub updated_at: Micros,
    /// Number of changes.
    pub version: u32,
}

impl Share {
    /// Whether the copy is still needed: it is shown, or its check is not finished.
    #[must_use]
    pub fn needs_copy(&self, seq: u32) -> bool {
        self.shown_seq == Some(seq) || self.checking_seq == Some(seq)
    }
}

/// Names that a person saw and passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedNames {
    pub nickname: String,
    /// Id of the uploaded avatar.
    pub avatar: Option<String>,
    pub title: String,
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
