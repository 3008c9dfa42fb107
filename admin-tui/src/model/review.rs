//! The page of a review case, and the operator's progress through the queue.

use std::collections::BTreeSet;

use yibi_common::admin::{CaseKind, ReviewDetail, ReviewRow};

use super::detail::Drawing;
use crate::lists::claimed_until;
use crate::msg::Avatar;
use crate::time::Millis;

/// The page of a review case.
#[derive(Debug)]
pub struct Review {
    pub id: String,
    /// `None` until the reply arrives.
    pub data: Option<Box<ReviewDetail>>,
    /// The copy under review, which is replayed.
    pub drawing: Drawing,
    /// The avatar under review, or that of the share's author.
    pub avatar: Option<Avatar>,
    /// Whether the picture is hidden by a mosaic.
    pub covered: bool,
    /// Whether the server does not have the copy any more.
    pub lost: bool,
    /// The first visible line of the text beside the picture.
    pub top: usize,
    /// When the claim is renewed; `None` before it was asked for.
    pub claim_at: Option<Millis>,
}

/// Cases that the operator has seen and decided since the console was started.
#[derive(Debug, Default)]
pub struct Progress {
    /// Cases whose picture was uncovered.
    pub seen: BTreeSet<String>,
    /// Decided cases, which the list may still show as held.
    pub decided: BTreeSet<String>,
    /// The time of the last decision.
    pub decided_at: Option<Millis>,
}

/// The time in which `u` takes a decision back.
pub const TAKE_BACK: Millis = 5_000;

impl Review {
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            data: None,
            drawing: Drawing::new("", "", None),
            avatar: None,
            covered: true,
            lost: false,
            top: 0,
            claim_at: None,
        }
    }

    /// The case, once the reply has arrived.
    pub fn case(&self) -> Option<&ReviewRow> {
        self.data.as_ref().map(|data| &data.case)
    }

    /// Whether the case is about a drawing.
    pub fn is_drawing(&self) -> bool {
        self.case().is_some_and(|case| matches!(case.kind, CaseKind::Share | CaseKind::Room))
    }

    /// Whether the server has an avatar of the case.
    pub fn has_avatar(&self) -> bool {
        self.data.as_ref().is_some_and(|data| data.has_avatar)
    }

    /// Whether the page has room for a picture.
    pub fn is_picture(&self) -> bool {
        self.case()
            .is_some_and(|case| matches!(case.kind, CaseKind::Share | CaseKind::Room | CaseKind::Avatar))
    }

    /// Whether the picture has arrived.
    pub fn has_picture(&self) -> bool {
        self.drawing.player.is_some() || (!self.is_drawing() && self.avatar.is_some())
    }

    /// Whether somebody has the case open.
    pub fn is_claimed(&self, now: Millis) -> bool {
        self.case().is_some_and(|case| claimed_until(case, now).is_some())
    }
}
