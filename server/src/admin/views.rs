//! Stored records in the form of the operators' API; and `/me`.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use yibi_common::admin::{DrawingRow, Identity, SessionRow, UserRef, UserRow};
use yibi_common::api::ProblemBody;

use super::extractors::Viewer;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::session::StoredSession;
use crate::domain::user::{UserKey, UserRecord};
use crate::http::App;
use crate::http::reply::Reply;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/me").route(web::get().to(me)));
}

/// The identity of the caller.
#[utoipa::path(get, path = "/me", tag = "operators", responses(
    (status = 200, description = "The caller", body = Identity),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn me(app: App, viewer: Viewer) -> Reply {
    Ok(HttpResponse::Ok().json(Identity {
        name: viewer.name,
        role: viewer.role,
        server: app.metrics.events().server().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: Micros::now().to_string(),
    }))
}

pub(super) fn user_row(user: &UserRecord) -> UserRow {
    UserRow {
        user: UserRef::from(user),
        created_at: user.created_at.to_string(),
        blocked_at: user.blocked_at.map(|at| at.to_string()),
        erase_at: user.erase_at.map(|at| at.to_string()),
    }
}

/// The users of some rows.
pub(super) struct Names(HashMap<UserKey, UserRef>);

impl Names {
    pub(super) fn new(users: &[UserRecord]) -> Self {
        Self(users.iter().map(|user| (user.key.clone(), UserRef::from(user))).collect())
    }

    /// The user, or what the key tells of a user who is gone.
    fn user(&self, key: &UserKey, public_id: &str) -> UserRef {
        self.0.get(key).cloned().unwrap_or_else(|| UserRef {
            id: public_id.to_owned(),
            app_id: key.app_id().to_owned(),
            openid: key.openid().to_owned(),
            nickname: String::new(),
        })
    }

    /// A session that ends at that moment unless it is used.
    pub(super) fn session(&self, session: &StoredSession, expires_at: Micros) -> SessionRow {
        SessionRow {
            id: session.id.to_string(),
            user: self.user(&session.user, &session.public_id),
            dialect: session.dialect.name().to_owned(),
            device: session.device.clone(),
            address: session.address.clone(),
            created_at: session.created_at.to_string(),
            last_seen: session.last_seen.to_string(),
            expires_at: expires_at.to_string(),
            ends_at: session.ends_at.to_string(),
        }
    }

    /// A drawing.
    pub(super) fn drawing(&self, user: &UserKey, header: &Header) -> DrawingRow {
        drawing_row(self.user(user, ""), header)
    }
}

pub(super) fn drawing_row(user: UserRef, header: &Header) -> DrawingRow {
    DrawingRow {
        id: header.id.clone(),
        user,
        title: header.title.clone(),
        width: header.paper.width,
        height: header.paper.height,
        mode: header.mode,
        base: header.base,
        seq: header.seq,
        stroke_count: header.stroke_count,
        point_count: header.point_count,
        bytes: header.bytes,
        created_at: header.created_at.to_string(),
        updated_at: header.updated_at.to_string(),
        deleted_at: header.deleted_at.map(|at| at.to_string()),
    }
}
