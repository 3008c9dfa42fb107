//! The only mapping from errors to the problems that clients receive.
//!
//! A [`Problem`] holds a stable [`Code`] for the client and, separately, the cause for the log. Each service
//! has its own error type, which this module converts to a problem; `http` serializes it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use yibi_common::api::HoldView;

use crate::domain::clock::Micros;
use crate::domain::room::{Hold, RoomRefusal};
use crate::service::drawings::DrawingError;
use crate::service::operator::OperatorError;
use crate::service::orders::OrderError;
use crate::service::rate_limits::LimitExceeded;
use crate::service::rooms::RoomError;
use crate::service::sessions::{RefusalKind, SessionError};
use crate::service::shares::ShareError;
use crate::service::users::UserError;
use crate::store::StoreError;

macro_rules! codes {
    ($($name:ident, $text:literal, $status:ident, $title:literal;)*) => {
        /// Machine-readable code of a problem. Codes are never renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code's public name.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// HTTP status of the code.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The sentence that all problems of the code share.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    InvalidRequest, "invalid_request", BAD_REQUEST, "The request is not well formed.";
    InvalidJson, "invalid_json", BAD_REQUEST, "The body is not JSON.";
    Unauthenticated, "unauthenticated", UNAUTHORIZED, "A valid token is needed.";
    SessionEnded, "session_ended", UNAUTHORIZED, "The user ended this session from another device; sign in again only when the user asks for it.";
    SignInAgain, "sign_in_again", UNAUTHORIZED, "The sign-in can't be used any more; call wx.login for a new code.";
    RoomBanned, "room_banned", FORBIDDEN, "The owner of the room has shut this user out.";
    RoomOwnerOnly, "room_owner_only", FORBIDDEN, "Only the owner of the room may do this.";
    PaymentRefused, "payment_refused", UNAUTHORIZED, "This is no notification of WeChat Pay's.";
    PhoneRequired, "phone_required", FORBIDDEN, "Sharing needs a bound phone number on this service.";
    UserBlocked, "user_blocked", FORBIDDEN, "WeChat has blocked this user.";
    AccountBlocked, "account_blocked", FORBIDDEN, "The operator of this service has blocked this user.";
    RoleNeeded, "role_needed", FORBIDDEN, "The caller's role does not allow this.";
    LinkInvalid, "link_invalid", FORBIDDEN, "The link is not valid or no longer so.";
    PushRefused, "push_refused", FORBIDDEN, "This is no message of WeChat's.";
    NotFound, "not_found", NOT_FOUND, "There is nothing at this address.";
    UserNotFound, "user_not_found", NOT_FOUND, "There is no such user.";
    RequestNotFound, "request_not_found", NOT_FOUND, "No failure of such a request is known any more.";
    DrawingNotFound, "drawing_not_found", NOT_FOUND, "The user has no such drawing.";
    AvatarNotFound, "avatar_not_found", NOT_FOUND, "The user has no such avatar.";
    SessionNotFound, "session_not_found", NOT_FOUND, "The user has no such session.";
    SharingOff, "sharing_off", NOT_FOUND, "This service offers no sharing.";
    ShareNotFound, "share_not_found", NOT_FOUND, "There is no such share.";
    RoomNotFound, "room_not_found", NOT_FOUND, "There is no such room.";
    RoomsOff, "rooms_off", NOT_FOUND, "This service offers no rooms.";
    CaseNotFound, "case_not_found", NOT_FOUND, "There is no such review case.";
    EvidenceNotFound, "evidence_not_found", NOT_FOUND, "The copy that the case is about is no longer kept.";
    OrderNotFound, "order_not_found", NOT_FOUND, "There is no such order.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "The address does not take this method.";
    MethodUnknown, "method_unknown", NOT_IMPLEMENTED, "No address of this server takes this method.";
    ExpectationFailed, "expectation_failed", EXPECTATION_FAILED, "The server knows no expectation but 100-continue.";
    BodyTimeout, "body_timeout", REQUEST_TIMEOUT, "The body did not arrive in time.";
    SessionKeySuperseded, "session_key_superseded", CONFLICT, "The session's WeChat key is no longer the user's; only the user's next sign-in brings the new one.";
    AccountClosing, "account_closing", CONFLICT, "The user has left and everything is erased at `erase_at`; a sign-in with \"reopen\": true cancels that.";
    Conflict, "conflict", CONFLICT, "The drawing has moved on; load its tail and try again.";
    InRelay, "in_relay", CONFLICT, "The drawing is a relay, which takes strokes in turns through its room.";
    NotYourTurn, "not_your_turn", CONFLICT, "It is not this user's turn in the relay.";
    RoomEnded, "room_ended", CONFLICT, "The room is done or closed.";
    RoomFull, "room_full", CONFLICT, "As many people draw in the room as it takes.";
    ShareRemoved, "share_removed", CONFLICT, "The share was removed; it can be shared again once strokes were added.";
    ShareGone, "share_gone", GONE, "The share was taken back.";
    CaseClaimed, "case_claimed", CONFLICT, "Another operator has the case open.";
    CaseDecided, "case_decided", CONFLICT, "The case is decided; hold it before another decision.";
    CaseClosed, "case_closed", CONFLICT, "What the case is about was replaced or is gone; nothing is left to decide.";
    OrderInState, "order_state", CONFLICT, "The order's state does not allow this.";
    PrintUnchecked, "print_unchecked", CONFLICT, "The picture of the order has not passed its check.";
    ShopClosed, "shop_closed", CONFLICT, "The shop takes no new orders.";
    OpenOrders, "open_orders", CONFLICT, "An order is paid and not sent, or its money is on its way; leave once it is settled.";
    DrawingDeleted, "drawing_deleted", GONE, "The drawing is in the bin.";
    HostRefused, "host_refused", MISDIRECTED_REQUEST, "The request is addressed to another host.";
    BodyTooLarge, "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is of a kind that is not taken here.";
    InvalidValue, "invalid_value", UNPROCESSABLE_ENTITY, "A value in the request can't be taken.";
    InvalidAction, "invalid_action", UNPROCESSABLE_ENTITY, "An action can't be taken.";
    OpenDataInvalid, "open_data_invalid", UNPROCESSABLE_ENTITY, "The data is not what WeChat gives this user now.";
    PhoneCodeInvalid, "phone_code_invalid", UNPROCESSABLE_ENTITY, "The code for the phone number can't be used; WeChat's button gives a new one.";
    RelayNeedsOneStroke, "relay_needs_one_stroke", UNPROCESSABLE_ENTITY, "A relay begins with a drawing that shows exactly one stroke of its owner, at most 4 paper widths long.";
    TooManyRooms, "too_many_rooms", UNPROCESSABLE_ENTITY, "The user can't have more open rooms.";
    DrawingFull, "drawing_full", UNPROCESSABLE_ENTITY, "The drawing can't hold more.";
    TooManyDrawings, "too_many_drawings", UNPROCESSABLE_ENTITY, "The user can't have more drawings.";
    DrawingTooLarge, "drawing_too_large", UNPROCESSABLE_ENTITY, "The drawing is too large for one reply; read a part of it with since.";
    PictureTooLarge, "picture_too_large", UNPROCESSABLE_ENTITY, "The drawing is too large for a picture.";
    NothingToShare, "nothing_to_share", UNPROCESSABLE_ENTITY, "The drawing shows no stroke that can be shared.";
    InvalidImage, "invalid_image", UNPROCESSABLE_ENTITY, "The image can't be taken.";
    IdempotencyKeyReused, "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key belongs to another order; make a new one.";
    StorageFull, "storage_full", UNPROCESSABLE_ENTITY, "The user's storage is full.";
    RoomFrozen, "room_frozen", LOCKED, "The room is stopped until an operator has decided.";
    RateLimited, "rate_limited", TOO_MANY_REQUESTS, "Too many requests; slow down.";
    TooManyOrders, "too_many_orders", TOO_MANY_REQUESTS, "Too many orders are not paid; pay or cancel one.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "Something went wrong on the server.";
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "The server can't do this at the moment; try again soon.";
    Busy, "busy", SERVICE_UNAVAILABLE, "The server has too much to do at the moment; try again soon.";
    PaymentUnavailable, "payment_unavailable", SERVICE_UNAVAILABLE, "WeChat Pay can't be asked at the moment; try again soon.";
    WechatUnavailable, "wechat_unavailable", SERVICE_UNAVAILABLE, "WeChat can't be asked at the moment; try again soon.";
    WechatMisconfigured, "wechat_misconfigured", SERVICE_UNAVAILABLE, "The server's WeChat settings are wrong; its operator has to act.";
}

/// A failure in the form that the client receives, with data for the log only.
#[derive(Debug)]
pub struct Problem {
    pub code: Code,
    /// Details of this occurrence, in this program's own words.
    pub detail: Option<String>,
    /// With [`Code::Conflict`]: the drawing's `base` and `seq`.
    pub place: Option<(u32, u32)>,
    /// With [`Code::AccountClosing`]: when the user's data is erased.
    pub erase_at: Option<Micros>,
    /// With [`Code::NotYourTurn`]: the person who has the turn, and until when.
    pub hold: Option<Box<HoldView>>,
    /// Delay after which a retry can succeed.
    pub retry_after: Option<Duration>,
    /// Cause, for the log only.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem without details.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let again = code.status() == StatusCode::SERVICE_UNAVAILABLE;
        let retry_after = again.then_some(Duration::from_secs(2));
        Self { code, detail: None, place: None, erase_at: None, hold: None, retry_after, cause: None }
    }

    /// Adds details for the client's developer. They must be this program's own words, never a parser's or
    /// driver's.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the delay after which a retry can succeed.
    #[must_use]
    pub fn retry_after(mut self, duration: Duration) -> Self {
        self.retry_after = Some(duration);
        self
    }

    /// The value of a `Retry-After` header: whole seconds, at least one.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0)).map(|s| s.max(1))
    }

    /// The cause and its sources, for the log.
    #[must_use]
    pub fn cause_chain(&self) -> Option<String> {
        let mut next: Option<&(dyn Error + 'static)> = Some(&**self.cause.as_ref()?);
        let mut chain = String::new();
        while let Some(error) = next {
            if !chain.is_empty() {
                chain.push_str(": ");
            }
            chain.push_str(&error.to_string());
            next = error.source();
        }
        Some(chain)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.text())
    }
}

/// The problem code for a store's failure.
fn code_of(error: &StoreError) -> Code {
    match error {
        StoreError::Busy => Code::Busy,
        StoreError::Unavailable(_) | StoreError::Full(_) => Code::Unavailable,
        StoreError::Damaged(_) | StoreError::Refused(_) => Code::Internal,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(code_of(&error)).cause(error)
    }
}

impl From<LimitExceeded> for Problem {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::new(Code::RateLimited).retry_after(exceeded.retry_after)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unauthenticated => Self::new(Code::Unauthenticated),
            SessionError::EndedByUser => Self::new(Code::SessionEnded),
            SessionError::Closing { erase_at } => {
                Self { erase_at: Some(erase_at), ..Self::new(Code::AccountClosing) }
            }
            SessionError::NoSession => Self::new(Code::SessionNotFound),
            SessionError::CodeSpent => Self::new(Code::SignInAgain),
            SessionError::UntrustedRawData | SessionError::UntrustedOpenData => {
                Self::new(Code::Unauthenticated)
            }
            SessionError::Leaving => Self::new(Code::Unavailable),
            SessionError::TooManyAtOnce => Self::new(Code::RateLimited).retry_after(Duration::from_secs(1)),
            SessionError::Blocked => Self::new(Code::AccountBlocked),
            SessionError::Exchange(refusal) => {
                let code = match refusal.kind {
                    RefusalKind::SignInAgain => Code::SignInAgain,
                    RefusalKind::Blocked => Code::UserBlocked,
                    RefusalKind::Configuration => Code::WechatMisconfigured,
                    RefusalKind::Wait(_) | RefusalKind::Unreachable => Code::WechatUnavailable,
                };
                let cause = refusal.alarming().then(|| refusal.to_string().into());
                Self { retry_after: refusal.retry_after(), cause, ..Self::new(code) }
            }
            SessionError::KeySuperseded => Self::new(Code::SignInAgain)
                .detail("the session_key was superseded: sign in, then get the data anew"),
            SessionError::OpenData(why) => Self::new(Code::OpenDataInvalid).detail(why),
            SessionError::PhoneCode => Self::new(Code::PhoneCodeInvalid),
            SessionError::Store(error) => Self::new(code_of(&error)).cause(error),
            SessionError::Internal(cause) => Self::new(Code::Internal).cause(cause),
        }
    }
}

impl From<OperatorError> for Problem {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::NoUser => Self::new(Code::UserNotFound),
            OperatorError::NoSession => Self::new(Code::SessionNotFound),
            OperatorError::KeySuperseded => Self::new(Code::SessionKeySuperseded),
            OperatorError::UnknownApp => {
                Self::new(Code::InvalidValue).detail("app_id is not in this server's settings")
            }
            OperatorError::NoCase => Self::new(Code::CaseNotFound),
            OperatorError::NoEvidence => Self::new(Code::EvidenceNotFound),
            OperatorError::CaseClaimed(operator) => {
                Self::new(Code::CaseClaimed).detail(format!("{operator} has the case open"))
            }
            OperatorError::CaseClosed => Self::new(Code::CaseClosed),
            OperatorError::CaseDecided(state) => {
                Self::new(Code::CaseDecided).detail(format!("the case is {}", state.name()))
            }
            OperatorError::Value(what) => Self::new(Code::InvalidValue).detail(what),
            OperatorError::NoShop => Self::new(Code::NotFound),
            OperatorError::Order(error) => error.into(),
            OperatorError::Share(error) => error.into(),
            OperatorError::Room(error) => error.into(),
            OperatorError::Session(error) => error.into(),
            OperatorError::Drawing(error) => error.into(),
            OperatorError::Store(error) => error.into(),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Value(what) => Self::new(Code::InvalidValue).detail(what),
            UserError::RateLimited(exceeded) => exceeded.into(),
            UserError::Drawing(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<ShareError> for Problem {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Off => Self::new(Code::SharingOff),
            ShareError::NotFound | ShareError::Checking => Self::new(Code::ShareNotFound),
            ShareError::Gone => Self::new(Code::ShareGone),
            ShareError::Removed => Self::new(Code::ShareRemoved),
            ShareError::NothingToShare => Self::new(Code::NothingToShare),
            ShareError::PhoneNeeded => Self::new(Code::PhoneRequired),
            ShareError::RateLimited(exceeded) => exceeded.into(),
            ShareError::Value(rule) => Self::new(Code::InvalidValue).detail(rule),
            ShareError::Drawing(error) => error.into(),
            ShareError::Store(error) => error.into(),
        }
    }
}

impl From<RoomError> for Problem {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::SharingOff => Self::new(Code::SharingOff),
            RoomError::Off => Self::new(Code::RoomsOff),
            RoomError::NotFound => Self::new(Code::RoomNotFound),
            RoomError::NeedsOneStroke => Self::new(Code::RelayNeedsOneStroke),
            RoomError::TooMany => Self::new(Code::TooManyRooms),
            RoomError::NotYourTurn(hold) => {
                let view = |hold: Hold| HoldView {
                    user: hold.user,
                    nickname: None,
                    until: hold.until.to_string(),
                    extended: hold.extended,
                };
                let hold = hold.map(view).map(Box::new);
                Self { hold, ..Self::new(Code::NotYourTurn) }
            }
            RoomError::Refused(refusal) => match refusal {
                RoomRefusal::Banned => Self::new(Code::RoomBanned),
                RoomRefusal::Frozen => Self::new(Code::RoomFrozen),
                RoomRefusal::Ended => Self::new(Code::RoomEnded),
                RoomRefusal::OwnerOnly => Self::new(Code::RoomOwnerOnly),
                RoomRefusal::NotYourTurn(_) => Self::new(Code::NotYourTurn),
                RoomRefusal::Full => Self::new(Code::RoomFull),
                RoomRefusal::Rule(rule) => Self::new(Code::InvalidValue).detail(rule),
            },
            RoomError::RateLimited(exceeded) => exceeded.into(),
            RoomError::Value(rule) => Self::new(Code::InvalidValue).detail(rule),
            RoomError::Drawing(error) => error.into(),
            RoomError::Share(error) => error.into(),
            RoomError::Store(error) => error.into(),
        }
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound => Self::new(Code::OrderNotFound),
            OrderError::State => Self::new(Code::OrderInState),
            OrderError::Unchecked => Self::new(Code::PrintUnchecked),
            OrderError::KeyReused => Self::new(Code::IdempotencyKeyReused),
            OrderError::TooMany => Self::new(Code::TooManyOrders),
            OrderError::Closed => Self::new(Code::ShopClosed),
            OrderError::Payment(cause) => Self::new(Code::PaymentUnavailable).cause(cause),
            OrderError::RateLimited(exceeded) => exceeded.into(),
            OrderError::Value(rule) => Self::new(Code::InvalidValue).detail(rule),
            OrderError::Drawing(error) => error.into(),
            OrderError::Store(error) => error.into(),
        }
    }
}

impl From<DrawingError> for Problem {
    fn from(error: DrawingError) -> Self {
        match error {
            DrawingError::NotFound => Self::new(Code::DrawingNotFound),
            DrawingError::Deleted => Self::new(Code::DrawingDeleted),
            DrawingError::Conflict { base, seq } => {
                Self { place: Some((base, seq)), ..Self::new(Code::Conflict) }
            }
            DrawingError::InRelay => Self::new(Code::InRelay),
            DrawingError::RoomFrozen => Self::new(Code::RoomFrozen),
            DrawingError::Invalid { index: Some(index), rule } => {
                Self::new(Code::InvalidAction).detail(format!("actions[{index}]: {rule}"))
            }
            DrawingError::Invalid { index: None, rule } => {
                Self::new(Code::InvalidAction).detail(rule.to_string())
            }
            DrawingError::Value(what) => Self::new(Code::InvalidValue).detail(what),
            DrawingError::DrawingFull => Self::new(Code::DrawingFull),
            DrawingError::TooManyDrawings => Self::new(Code::TooManyDrawings),
            DrawingError::StorageFull => Self::new(Code::StorageFull),
            DrawingError::DrawingTooLarge => Self::new(Code::DrawingTooLarge),
            DrawingError::PictureTooLarge => Self::new(Code::PictureTooLarge),
            DrawingError::Busy => Self::new(Code::Busy).retry_after(Duration::from_secs(1)),
            DrawingError::Image(flaw) => Self::new(Code::InvalidImage).detail(flaw.to_string()),
            DrawingError::NoAvatar => Self::new(Code::AvatarNotFound),
            DrawingError::LinkInvalid => Self::new(Code::LinkInvalid),
            DrawingError::Store(error) => Self::new(code_of(&error)).cause(error),
            DrawingError::Internal(cause) => Self::new(Code::Internal).cause(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_plain() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(texts.iter().all(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn a_cause_is_for_the_log_alone() {
        let inner = std::io::Error::other("mongodb://user:pw@db refused");
        let problem = Problem::from(StoreError::Unavailable(inner.into()));
        assert_eq!(problem.to_string(), "unavailable");
        assert_eq!(problem.cause_chain().unwrap(), "the store is out of reach: mongodb://user:pw@db refused");
        assert_eq!(problem.retry_after_seconds(), Some(2));
    }
}
