//! `POST /internal/access-token`: the fleet's access token, for other backends that call WeChat in the name of the
//! same mini-program. A mini-program has one at a time, so whoever fetched its own would end everybody else's.
//!
//! With it, anybody is the mini-program: it goes to tokens of role `service` alone, is written into the audit log
//! each time, and so often only.

use std::num::NonZeroU32;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::admin::Service;
use crate::http::reply::Reply;
use crate::http::{App, Body};
use crate::problem::{Code, Problem};

/// Tokens of one service: per second, and at once. One lasts for two hours.
const RATE: (NonZeroU32, NonZeroU32) = (NonZeroU32::MIN, NonZeroU32::MIN.saturating_add(9));
/// The largest body, in bytes.
const MAX_BODY: usize = 8 << 10;

/// How often each service may ask.
pub struct Pace(DefaultKeyedRateLimiter<String>);

impl Default for Pace {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_second(RATE.0).allow_burst(RATE.1)))
    }
}

impl Pace {
    fn asks(&self, service: &str) -> Result<(), Problem> {
        self.0.check_key(&service.to_owned()).map_err(|early| {
            Problem::new(Code::RateLimited).retry_after(early.wait_time_from(DefaultClock::default().now()))
        })
    }
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The mini-program; the first of the settings where none is named.
    app_id: Option<String>,
    /// A token that WeChat has refused (40001, 40014, 42001): another one is wanted.
    refused: Option<SecretString>,
}

/// The token, in WeChat's words.
#[derive(Serialize)]
struct Given<'a> {
    access_token: &'a str,
    /// Seconds. WeChat gives another one before.
    expires_in: u64,
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/access-token").route(web::post().to(give)));
}

async fn give(app: App, pace: Data<Pace>, service: Service, body: Body) -> Reply {
    let Service(who) = service;
    pace.asks(&who.name)?;
    let asked: Asked = body.json_within(MAX_BODY).await?;
    let (app_id, refused) = (asked.app_id.as_deref(), asked.refused.as_ref());
    let token = app.operators.access_token(&who.actor(), app_id, refused).await?;
    let given =
        Given { access_token: token.text().expose_secret(), expires_in: token.expires_in().as_secs() };
    Ok(HttpResponse::Ok().json(given))
}
