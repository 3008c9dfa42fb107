//! Words that the public API, the operators' API, the settings and the stores share about orders of prints.

use serde::{Deserialize, Serialize};

/// Paper of a print, in upright position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrintPaper {
    /// 210 × 297 mm.
    A4,
    /// 297 × 420 mm.
    A3,
}

impl PrintPaper {
    /// The name in settings and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A4 => "a4",
            Self::A3 => "a3",
        }
    }

    /// Width and height in millimetres, the shorter side first.
    #[must_use]
    pub const fn millimetres(self) -> (u32, u32) {
        match self {
            Self::A4 => (210, 297),
            Self::A3 => (297, 420),
        }
    }
}

/// State of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nobody tried to pay yet.
    Created,
    /// A payment was begun at WeChat, and its outcome is open.
    Paying,
    /// The money arrived.
    Paid,
    /// The print is being made.
    Printing,
    /// The print is on its way.
    Shipped,
    /// The print arrived, by the user's word or ten days after shipping.
    Received,
    /// The order was cancelled or ran out without a payment.
    Closed,
    /// The money is on its way back.
    Refunding,
    /// The money went back.
    Refunded,
    /// WeChat could not give the money back; an operator has to act.
    RefundFailed,
    /// The payment differs from the order; an operator has to decide.
    Held,
}

impl OrderState {
    /// All states.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Paying,
        Self::Paid,
        Self::Printing,
        Self::Shipped,
        Self::Received,
        Self::Closed,
        Self::Refunding,
        Self::Refunded,
        Self::RefundFailed,
        Self::Held,
    ];

    /// The name on the wire and in the stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Paying => "paying",
            Self::Paid => "paid",
            Self::Printing => "printing",
            Self::Shipped => "shipped",
            Self::Received => "received",
            Self::Closed => "closed",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::RefundFailed => "refund_failed",
            Self::Held => "held",
        }
    }
}

/// Check of an order's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrintCheck {
    /// WeChat has not answered yet.
    Pending,
    /// An operator decides.
    Held,
    /// The picture may be printed.
    Passed,
    /// The picture is not printed, and the money goes back.
    Rejected,
}

/// State of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// WeChat was not reached yet.
    Pending,
    /// WeChat works on it.
    Processing,
    /// The money went back.
    Success,
    /// The bank or WeChat refused.
    Failed,
}

/// Address that a print is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// Name of the recipient.
    pub name: String,
    /// Phone number of the recipient.
    pub phone: String,
    /// Province or municipality.
    pub province: String,
    /// City.
    pub city: String,
    /// District or county.
    pub district: String,
    /// Street, house and flat.
    pub detail: String,
    /// Postal code; may be empty.
    #[serde(default)]
    pub postcode: String,
}

/// A parcel on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// Carrier, as WeChat codes it (such as `SF`).
    pub carrier: String,
    /// Tracking number.
    pub tracking: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for state in OrderState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        for paper in [PrintPaper::A4, PrintPaper::A3] {
            assert_eq!(serde_json::to_value(paper).unwrap(), paper.name());
        }
    }
}
