//! A backend behind yibi's sessions: nginx lets signed-in users through and says who they are
//! (deploy/nginx/auth-request.conf). It listens on loopback, so nobody else can say so.

use std::io::Write;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

async fn hello(request: HttpRequest) -> HttpResponse {
    let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(user) = said("x-user-id") else {
        return HttpResponse::InternalServerError().json(json!({"error": "not behind auth_request"}));
    };
    let (openid, dialect) = (said("x-user-openid"), said("x-session-dialect"));
    HttpResponse::Ok().json(json!({"user": user, "openid": openid, "dialect": dialect}))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let server = HttpServer::new(|| App::new().default_service(web::to(hello)));
    let server = server.workers(1).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        writeln!(std::io::stdout(), "listening on http://{address}")?;
    }
    server.run().await
}
