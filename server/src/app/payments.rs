//! The gateway to WeChat Pay, from the settings.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;

use crate::settings::Settings;
use crate::telemetry::Metrics;
use crate::wechat::InvalidClient;
use crate::wechat::pay::{
    KeyError, PayHost, PayVersion, PaymentGateway, V2Config, V2Gateway, V3Config, V3Gateway,
};

/// Why there is no gateway although a merchant is set.
#[derive(Debug, thiserror::Error)]
pub enum PaySetupError {
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("pay.api_url: {0}")]
    Host(#[from] InvalidClient),
}

/// The gateway of the merchant in the settings; `None` without one.
///
/// # Errors
/// [`PaySetupError`].
pub fn payment_gateway(
    settings: &Settings,
    metrics: &Arc<Metrics>,
) -> Result<Option<Arc<dyn PaymentGateway>>, PaySetupError> {
    let pay = &settings.pay;
    if !pay.is_configured() {
        return Ok(None);
    }
    let faults = settings.pay_faults();
    if !faults.is_empty() {
        return Err(PaySetupError::Settings(faults));
    }
    let host = PayHost::new(&pay.api_url, settings.wechat.timeout, Arc::clone(metrics))?;
    let (notify_url, refund_notify_url) = settings.pay_notify_urls();
    let gateway: Arc<dyn PaymentGateway> = match pay.api {
        PayVersion::V3 => Arc::new(V3Gateway::new(
            host,
            &V3Config {
                merchant_id: &pay.merchant_id,
                serial: &pay.serial,
                private_key: &pay.private_key_file,
                api_v3_key: &read_key(&pay.api_v3_key_file)?,
                public_key: pay.public_key(),
                certificates: pay.certificates(),
                notify_url: &notify_url,
                refund_notify_url: &refund_notify_url,
            },
        )?),
        PayVersion::V2 => Arc::new(V2Gateway::new(
            host,
            &V2Config {
                merchant_id: &pay.merchant_id,
                app_id: &settings.wechat.app_id,
                key: &read_key(&pay.v2_key_file)?,
                notify_url: &notify_url,
            },
        )?),
    };
    Ok(Some(gateway))
}

fn read_key(path: &Path) -> Result<SecretString, KeyError> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|cause| KeyError::Unreadable { path: path.display().to_string(), cause })?;
    Ok(text.trim().into())
}
