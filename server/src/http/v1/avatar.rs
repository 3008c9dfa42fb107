//! The caller's avatar, and avatars by signed link.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Deserialize;
use yibi_common::api::schema::{AvatarForm, Binary};
use yibi_common::api::{Me, ProblemBody};

use crate::http::App;
use crate::http::auth::Authenticated;
use crate::http::body::Body;
use crate::http::query::query;
use crate::http::reply::Reply;
use crate::http::v1::images::{as_given_out, file};
use crate::http::v1::me::shown;
use crate::problem::{Code, Problem};
use crate::service::drawings::{AVATAR_TYPE, AvatarLink, MAX_UPLOAD};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/me/avatar").route(web::post().to(upload)).route(web::delete().to(remove)))
        // A drawing may be called "avatar", too: its pictures have other endings.
        .service(web::resource("/images/{user}/avatar/{id}.jpg").route(web::get().to(linked)));
}

/// Uploads an avatar, as `wx.uploadFile` does: the first file of the form. The middle of it is kept, 256 pixels
/// a side.
#[utoipa::path(post, path = "/me/avatar", tag = "me",
    request_body(content = AvatarForm, content_type = "multipart/form-data", description = "A JPEG, PNG or WebP image of at most 2 MiB and 4,096 pixels a side"),
responses(
    (status = 200, description = "The caller with the avatar", body = Me),
    (status = 413, description = "`body_too_large`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "`unsupported_media_type`: not a form", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`invalid_image`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`busy`, also while another upload of the caller's is on its way; see `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn upload(app: App, caller: Authenticated, body: Body) -> Reply {
    app.rate_limits.write(caller.user())?;
    let turn = app.drawings.upload(caller.user())?;
    let file = body.file(MAX_UPLOAD).await?;
    let user = app.users.set_avatar(caller.user(), file).await?;
    drop(turn);
    shown(&app, user).await
}

/// Takes the caller's avatar away, that of the WeChat profile, too.
#[utoipa::path(delete, path = "/me/avatar", tag = "me", responses(
    (status = 204, description = "There is none"),
    (status = "4XX", description = "A failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn remove(app: App, caller: Authenticated) -> Reply {
    app.rate_limits.write(caller.user())?;
    app.drawings.remove_avatar(caller.user()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct LinkQuery {
    exp: i64,
    sig: String,
}

/// The avatar that an `avatar_url` names.
#[utoipa::path(get, path = "/images/{user}/avatar/{id}.jpg", tag = "pictures", security(()), params(
    ("user" = String, Path, description = "The user's public id"),
    ("id" = String, Path, description = "The avatar's id"),
    ("exp" = i64, Query, description = "As signed"),
    ("sig" = String, Query, description = "The signature of all the rest"),
), responses(
    (status = 200, description = "The avatar", body = Binary, content_type = "image/jpeg"),
    (status = 304, description = "The avatar that the client has"),
    (status = 403, description = "`link_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`avatar_not_found`: replaced or taken away meanwhile", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "Another failure", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn linked(app: App, path: Path<(String, String)>, request: HttpRequest) -> Reply {
    let (public_id, id) = path.into_inner();
    let asked: LinkQuery = query(&request).map_err(|_| Problem::new(Code::LinkInvalid))?;
    let link = AvatarLink { public_id: &public_id, id: &id, exp: asked.exp };
    as_given_out(&request, &link.path(), &asked.sig)?;
    let image = app.drawings.linked_avatar(&link, &asked.sig).await?;
    Ok(file(&request, Bytes::from(image), AVATAR_TYPE, "private, max-age=86400, immutable"))
}
