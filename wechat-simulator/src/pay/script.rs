//! The next behaviour of the simulated WeChat Pay, as a test sets it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::script::InvalidScript;

/// Maximum number of pending steps.
const MAX_STEPS: usize = 1_000;

/// One behaviour. Each is used once, in order, by the first event to which it applies.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PayStep {
    /// How the next payment is notified.
    Notice(Notice),
    /// What comes of the next refund.
    Refund(RefundOutcome),
    /// What happens to the next call of an API.
    Call { api: PayApi, fault: CallFault },
}

/// How a payment is notified. By default once, at once, and truthfully.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notice {
    /// How often it is sent at the same time; 0: never.
    pub times: u8,
    pub delay_ms: u64,
    /// An amount in place of the paid one.
    pub amount: Option<u64>,
    /// A mini-program in place of the payer's.
    pub app_id: Option<String>,
    pub signature: NoticeSignature,
}

impl Default for Notice {
    fn default() -> Self {
        Self { times: 1, delay_ms: 0, amount: None, app_id: None, signature: NoticeSignature::PublicKey }
    }
}

/// The signature of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeSignature {
    /// By the public key (version 2: HMAC-SHA256).
    PublicKey,
    /// By the platform certificate (version 2: MD5).
    Certificate,
    /// By a key that is not WeChat Pay's.
    Foreign,
    /// By WeChat Pay's key under a serial that nobody knows (version 2: without a signature).
    UnknownSerial,
    /// `WECHATPAY/SIGNTEST/…`, which a merchant has to refuse.
    Probe,
}

/// What comes of an accepted refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOutcome {
    /// The money goes back, and a notification tells.
    Success,
    /// The same, without a notification.
    Silent,
    /// It stays in progress.
    Processing,
    /// The payer's bank refuses it.
    Abnormal,
    /// It fails for good.
    Closed,
}

/// An API of WeChat Pay, of either version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PayApi {
    Prepay,
    Query,
    Close,
    Refund,
    QueryRefund,
}

/// What happens to a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CallFault {
    /// The call takes effect, and the connection closes without a reply.
    LoseReply,
    /// The call takes effect, and the reply comes late.
    Late { ms: u64 },
    /// The call is refused without effect. Version 2 uses the code alone.
    Refuse { status: u16, code: String },
    /// The order is paid, and its notification answered, before the reply to the order call.
    PayFirst,
    /// The call takes effect, and the reply is signed by a key that is not WeChat Pay's.
    Foreign,
    /// The call takes effect, and the reply has no signature.
    Unsigned,
}

#[derive(Debug, Default)]
pub(super) struct PayScript(VecDeque<PayStep>);

impl PayScript {
    pub(super) fn add(&mut self, steps: Vec<PayStep>) -> Result<(), InvalidScript> {
        if self.0.len() + steps.len() > MAX_STEPS {
            return Err(InvalidScript::TooManySteps);
        }
        self.0.extend(steps);
        Ok(())
    }

    fn take(&mut self, fits: impl Fn(&PayStep) -> bool) -> Option<PayStep> {
        let index = self.0.iter().position(fits)?;
        self.0.remove(index)
    }

    pub(super) fn notice(&mut self) -> Notice {
        match self.take(|step| matches!(step, PayStep::Notice(_))) {
            Some(PayStep::Notice(notice)) => notice,
            Some(PayStep::Refund(_) | PayStep::Call { .. }) | None => Notice::default(),
        }
    }

    pub(super) fn refund(&mut self) -> RefundOutcome {
        match self.take(|step| matches!(step, PayStep::Refund(_))) {
            Some(PayStep::Refund(outcome)) => outcome,
            Some(PayStep::Notice(_) | PayStep::Call { .. }) | None => RefundOutcome::Success,
        }
    }

    pub(super) fn call(&mut self, called: PayApi) -> Option<CallFault> {
        match self.take(|step| matches!(step, PayStep::Call { api, .. } if *api == called)) {
            Some(PayStep::Call { fault, .. }) => Some(fault),
            Some(PayStep::Notice(_) | PayStep::Refund(_)) | None => None,
        }
    }
}
