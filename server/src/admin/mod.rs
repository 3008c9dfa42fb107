//! The operator's face, on a listener of its own: whether the server lives, whether it can do its work, and
//! what it counts, for whoever can reach the listener; and below `/admin/v1`, for operators, everything else.

mod audit;
mod auth;
mod drawings;
mod extractors;
mod health;
mod live;
pub mod openapi;
mod orders;
mod paging;
mod review_views;
mod reviews;
mod rooms;
mod session_key;
mod sessions;
mod socket;
mod users;
mod views;

use actix_web::web::{self, ServiceConfig};

pub use auth::{OperatorAuth, new_token};
pub use extractors::{Service, Viewer};
pub use socket::Socket;

/// All routes of the listener.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(health::routes).service(
        web::scope("/admin/v1")
            .configure(views::routes)
            .configure(live::routes)
            .configure(sessions::routes)
            .configure(session_key::routes)
            .configure(users::routes)
            .configure(drawings::routes)
            .configure(reviews::routes)
            .configure(rooms::routes)
            .configure(orders::routes)
            .configure(audit::routes)
            .configure(openapi::routes),
    );
}
