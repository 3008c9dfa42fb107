//! What other backends on the same machine ask: who makes a request, and with which token to call WeChat. On a
//! loopback listener of its own, which is off unless the settings name one.

mod session;

use actix_web::web::{self, ServiceConfig};

/// All routes of the listener.
pub fn routes(config: &mut ServiceConfig) {
    config.service(web::scope("/internal").configure(session::routes));
}
