//! The stores and services of a server, from its settings.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::{Mode, StartError};
use crate::http::Services;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::service::auth::Authenticator;
use crate::service::drawings::DrawingService;
use crate::service::moderation::Moderation;
use crate::service::operator::OperatorService;
use crate::service::pushes::Pushes;
use crate::service::rate_limits::RateLimits;
use crate::service::sessions::SessionService;
use crate::settings::Settings;
use crate::store::mongo::MongoGallery;
use crate::store::redis::RedisSessions;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, GalleryStore, SessionStore};
use crate::telemetry::Metrics;
use crate::wechat::push::{AesKey, PushKey};
use crate::wechat::{Wechat, WechatApp, WechatClient};

/// The stores of a server.
struct Stores {
    gallery: GalleryStore,
    sessions: SessionStore,
    keys: Arc<LazyKeyring>,
    /// The embedded file, where one of the two is in it.
    embedded: Option<SqliteStore>,
}

impl Stores {
    fn open(settings: &Settings, mode: Mode, metrics: &Arc<Metrics>) -> Result<Self, StartError> {
        let store = &settings.store;
        let (mongodb_uri, redis_url) = (store.mongodb_uri.expose_secret(), store.redis_url.expose_secret());
        let embedded = if mongodb_uri.is_empty() || redis_url.is_empty() {
            Some(SqliteStore::open(&store.data_dir)?)
        } else {
            None
        };
        let (gallery, place) = match &embedded {
            Some(embedded) if mongodb_uri.is_empty() => {
                (Backend::Embedded(embedded.clone()), KeyPlace::Directory(store.data_dir.clone()))
            }
            _ => {
                let mongo = match mode {
                    Mode::Normal => MongoGallery::connect(mongodb_uri, &store.mongodb_database)?,
                    Mode::ReadOnly => MongoGallery::connect_to_look(mongodb_uri, &store.mongodb_database)?,
                };
                (Backend::Shared(mongo.clone()), KeyPlace::Shared(mongo))
            }
        };
        let sessions = match &embedded {
            Some(embedded) if redis_url.is_empty() => Backend::Embedded(embedded.clone()),
            _ => Backend::Shared(RedisSessions::connect(redis_url, &store.redis_prefix)?),
        };
        Ok(Self {
            gallery: GalleryStore::new(gallery, Arc::clone(metrics)),
            sessions: SessionStore::new(sessions, Arc::clone(metrics)),
            keys: Arc::new(LazyKeyring::new(settings.keys.clone(), place)),
            embedded,
        })
    }
}

/// All services, and the embedded store if it is in use, which the caller closes in the end.
pub(super) fn services(
    settings: &Settings,
    mode: Mode,
) -> Result<(Services, Option<SqliteStore>), StartError> {
    let metrics = Arc::new(Metrics::default());
    let Stores { gallery, sessions, keys, embedded } = Stores::open(settings, mode, &metrics)?;
    let apps: Vec<_> =
        settings.apps().map(|app| WechatApp { id: app.app_id, secret: app.app_secret }).collect();
    let client = WechatClient::new(&settings.wechat.api_url, settings.wechat.timeout)?;
    let wechat = Wechat::new(client.with_metrics(Arc::clone(&metrics)), sessions.clone(), Arc::clone(&keys));
    let drawings = DrawingService::new(
        gallery.clone(),
        Arc::clone(&keys),
        settings.limits.drawing.clone(),
        settings.gallery.clone(),
        &settings.http.public_url,
        Arc::clone(&metrics),
    );
    let moderation = Moderation::new(
        settings.moderation.clone(),
        drawings.clone(),
        wechat.clone(),
        apps.clone(),
        Arc::clone(&metrics),
    );
    let pushes = Pushes::new(push_keys(settings), sessions.clone(), moderation.clone(), Arc::clone(&metrics));
    let sessions = SessionService::new(
        sessions,
        gallery,
        wechat.clone(),
        moderation.clone(),
        apps,
        keys,
        settings.session.clone(),
        Arc::clone(&metrics),
    );
    let rate_limits = Arc::new(RateLimits::new(&settings.limits));
    let operators = OperatorService::new(drawings.clone(), sessions.clone(), wechat, Arc::clone(&metrics));
    let services = Services {
        operators,
        auth: Authenticator::new(sessions.clone(), Arc::clone(&rate_limits)),
        pushes,
        sessions,
        drawings,
        moderation,
        rate_limits,
        metrics,
        settings: settings.clone(),
    };
    Ok((services, embedded))
}

/// The keys of the apps' message pushes, in the order of the apps.
fn push_keys(settings: &Settings) -> Vec<PushKey> {
    let key = |app: crate::settings::App| PushKey {
        app_id: app.app_id,
        token: app.push_token,
        aes_key: AesKey::decode(app.push_aes_key.expose_secret()),
    };
    settings.apps().map(key).collect()
}
