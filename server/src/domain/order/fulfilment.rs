//! The check of the picture, printing, shipping and receiving.

use std::time::Duration;

use yibi_common::shop::{OrderState, Parcel, PrintCheck};

use super::refund::RefundCause;
use super::{EffectKind, Micros, Order};

/// Time after shipping at which a print counts as received: WeChat's own period for express parcels.
const RECEIVED_AFTER: Duration = Duration::from_secs(10 * 86_400);

impl Order {
    /// The verdict on the picture, by WeChat or, as `by_person`, an operator. WeChat decides once; an operator decides
    /// what WeChat left open. Returns whether anything changes.
    pub fn judge(&mut self, verdict: PrintCheck, by_person: bool, now: Micros) -> bool {
        let open = match self.check {
            PrintCheck::Pending => true,
            PrintCheck::Held => by_person,
            // A person may take back a pass as long as nothing was sent.
            PrintCheck::Passed => by_person && verdict == PrintCheck::Rejected && self.can_stop(),
            PrintCheck::Rejected => false,
        };
        if !open || verdict == self.check || verdict == PrintCheck::Pending {
            return false;
        }
        self.check = verdict;
        self.updated_at = now;
        if verdict == PrintCheck::Rejected {
            if matches!(self.state, OrderState::Paid | OrderState::Printing) {
                self.ask_refund(RefundCause::Picture, now);
            }
            // Closed at once where nobody may pay; an open attempt is closed at WeChat first.
            if self.is_unpaid() && !self.close(now) {
                self.finish(EffectKind::Expire, None, now);
                self.schedule(EffectKind::Expire, None, now);
            }
        }
        true
    }

    fn can_stop(&self) -> bool {
        !matches!(self.state, OrderState::Shipped | OrderState::Received)
    }

    /// The print begins. Returns whether that applies.
    pub fn print(&mut self, now: Micros) -> bool {
        let applies = self.state == OrderState::Paid && self.check == PrintCheck::Passed;
        if applies {
            self.go(OrderState::Printing, now);
        }
        applies
    }

    /// The print is sent. Returns whether that applies.
    pub fn ship(&mut self, parcel: Parcel, now: Micros) -> bool {
        let applies = self.state == OrderState::Printing;
        if applies {
            self.parcel = Some(parcel);
            self.shipped_at = Some(now);
            self.go(OrderState::Shipped, now);
            self.schedule(EffectKind::Receive, None, now.plus(RECEIVED_AFTER));
        }
        applies
    }

    /// The print arrived. Returns whether that applies.
    pub fn arrive(&mut self, now: Micros) -> bool {
        let applies = self.state == OrderState::Shipped;
        if applies {
            self.finish(EffectKind::Receive, None, now);
            self.go(OrderState::Received, now);
        }
        applies
    }

    /// Plans the end of the time to pay, for a new order.
    pub fn plan_expiry(&mut self) {
        let deadline = self.deadline;
        self.schedule(EffectKind::Expire, None, deadline);
    }
}
