//! The stores and services of a server, from its settings.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::{Mode, StartError, payment_gateway};
use crate::events::EventBus;
use crate::http::Services;
use crate::keys::{KeyPlace, LazyKeyring};
use crate::service::auth::Authenticator;
use crate::service::drawings::DrawingService;
use crate::service::evidence::EvidenceService;
use crate::service::miniprogram_codes::MiniprogramCodeService;
use crate::service::moderation::Moderation;
use crate::service::operator::OperatorService;
use crate::service::orders::{OrderRecords, OrderService};
use crate::service::pushes::Pushes;
use crate::service::rate_limits::RateLimits;
use crate::service::rooms::{RoomRecords, RoomService};
use crate::service::sessions::SessionService;
use crate::service::shares::{ShareRecords, ShareService};
use crate::service::titles::TitleService;
use crate::service::users::UserService;
use crate::settings::Settings;
use crate::store::mongo::MongoGallery;
use crate::store::redis::RedisSessions;
use crate::store::sqlite::SqliteStore;
use crate::store::{Backend, GalleryStore, SessionStore};
use crate::telemetry::Metrics;
use crate::wechat::push::{AesKey, PushKey};
use crate::wechat::{Wechat, WechatApp, WechatClient};

/// The stores of a server.
pub(crate) struct Stores {
    pub(crate) gallery: GalleryStore,
    pub(crate) sessions: SessionStore,
    /// The embedded file, if one of the two is in it.
    pub(crate) embedded: Option<SqliteStore>,
}

impl Stores {
    /// Opens the stores; returns where the keys are, too.
    fn open(settings: &Settings, mode: Mode, metrics: &Arc<Metrics>) -> Result<(Self, KeyPlace), StartError> {
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
        let stores = Self {
            gallery: GalleryStore::new(gallery, Arc::clone(metrics)),
            sessions: SessionStore::new(sessions, Arc::clone(metrics)),
            embedded,
        };
        Ok((stores, place))
    }
}

/// All services, and the stores below them for background tasks; the caller closes the embedded one in the end.
pub(super) fn services(
    settings: &Settings,
    events: EventBus,
    mode: Mode,
) -> Result<(Services, Stores), StartError> {
    let metrics = Arc::new(Metrics::of(events));
    let (stores, place) = Stores::open(settings, mode, &metrics)?;
    let (gallery, sessions) = (stores.gallery.clone(), stores.sessions.clone());
    let keys = Arc::new(LazyKeyring::new(settings.keys.clone(), place));
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
    let records =
        ShareRecords::new(gallery.clone(), Arc::clone(&keys), &settings.http.public_url, settings.sharing);
    let room_records = RoomRecords::new(drawings.clone(), records.clone());
    let evidence = EvidenceService::new(gallery.clone(), Arc::clone(&keys));
    let order_records = OrderRecords::new(gallery.clone(), Arc::clone(&keys), &settings.http.public_url);
    let moderation = Moderation::new(
        settings.moderation.clone(),
        drawings.clone(),
        (room_records.clone(), order_records.clone()),
        wechat.clone(),
        apps.clone(),
        Arc::clone(&metrics),
    );
    let miniprogram_codes = MiniprogramCodeService::new(
        gallery.clone(),
        sessions.clone(),
        wechat.clone(),
        apps.clone(),
        settings.wechat.env,
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
    let shares = ShareService::new(
        settings,
        records,
        drawings.clone(),
        moderation.clone(),
        miniprogram_codes.clone(),
        Arc::clone(&rate_limits),
    );
    let rooms = RoomService::new(
        settings,
        room_records,
        drawings.clone(),
        moderation.clone(),
        shares.clone(),
        Arc::clone(&rate_limits),
    );
    let orders = shop(settings, (&order_records, &drawings, &moderation), &rate_limits, &metrics)?;
    let operators = OperatorService::new(
        drawings.clone(),
        sessions.clone(),
        moderation.clone(),
        (shares.clone(), orders.clone()),
        rooms.clone(),
        wechat,
        Arc::clone(&metrics),
    );
    let services = Services {
        shares,
        rooms,
        orders,
        order_records,
        operators,
        titles: TitleService::new(drawings.clone(), moderation.clone()),
        users: UserService::new(drawings.clone(), moderation.clone(), Arc::clone(&rate_limits)),
        auth: Authenticator::new(sessions.clone(), Arc::clone(&rate_limits)),
        pushes,
        miniprogram_codes,
        sessions,
        drawings,
        evidence,
        moderation,
        rate_limits,
        metrics,
        settings: settings.clone(),
    };
    Ok((services, stores))
}

/// The orders of the shop; `None` without one.
fn shop(
    settings: &Settings,
    (records, drawings, moderation): (&OrderRecords, &DrawingService, &Moderation),
    limits: &Arc<RateLimits>,
    metrics: &Arc<Metrics>,
) -> Result<Option<OrderService>, StartError> {
    if !settings.shop.enabled {
        return Ok(None);
    }
    let Some(gateway) = payment_gateway(settings, metrics)? else {
        tracing::warn!("there is no shop: shop.enabled is set, and no merchant (pay.merchant_id)");
        return Ok(None);
    };
    let (limits, metrics) = (Arc::clone(limits), Arc::clone(metrics));
    let (records, drawings, moderation) = (records.clone(), drawings.clone(), moderation.clone());
    Ok(Some(OrderService::new(settings, records, drawings, moderation, gateway, limits, metrics)))
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
