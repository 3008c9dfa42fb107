//! The `Host` header as a guard against DNS rebinding: a page of another site, whose name was made to resolve to this
//! machine, reaches a listener on loopback with a browser's help, but sends the name of its own site.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// The names by which a listener may be addressed, besides those that no other site can have.
#[derive(Debug, Clone)]
pub struct AllowedHosts(Arc<[String]>);

impl AllowedHosts {
    /// The name in `http.public_url`, and `admin.hosts`.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let public = settings.http.public_url.split_once("://").map_or("", |(_, rest)| rest);
        let public = public.split('/').next().map(name_of).filter(|name| !name.is_empty());
        let further = settings.admin.hosts.iter().map(String::as_str);
        Self(public.into_iter().chain(further).map(str::to_ascii_lowercase).collect())
    }

    /// Whether a page of another site can't have sent the host. That is so for addresses and `localhost`, and for names
    /// without a dot, such as those of containers, which nobody can register.
    fn allows(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.strip_suffix('.').unwrap_or(&name);
        bare.parse::<IpAddr>().is_ok()
            || name.ends_with(".localhost")
            || !name.contains('.')
            || self.0.iter().any(|allowed| allowed == name)
    }
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Refuses requests whose `Host` is the name of another site. A request without one, as HTTP/1.0 has it, comes from no
/// browser.
///
/// # Errors
/// Those of the services below.
pub async fn refuse_foreign_hosts(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allows = |allowed: &AllowedHosts| match request.headers().get(header::HOST) {
        Some(host) => host.to_str().is_ok_and(|host| allowed.allows(host)),
        None => true,
    };
    if request.app_data::<AllowedHosts>().is_none_or(allows) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let problem = Problem::new(Code::HostRefused).detail("further names: http.public_url, admin.hosts");
    Ok(request.error_response(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_sites_are_told_apart() {
        let mut settings = Settings::load(None, [], &[]).unwrap();
        settings.http.public_url = "https://Draw.example.com:8443/yibi/".to_owned();
        settings.admin.hosts = vec!["metrics.example.net".to_owned()];
        let hosts = AllowedHosts::new(&settings);
        for own in [
            "localhost",
            "LOCALHOST:5757",
            "a.localhost",
            "127.0.0.1",
            "127.0.0.1:5757",
            "[::1]",
            "[::1]:5758",
            "192.168.1.7:5757",
            "server",
            "server:5758",
            "draw.example.com",
            "draw.example.com:8443",
            "metrics.example.net.",
            "",
        ] {
            assert!(hosts.allows(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "evil.example:5757",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "draw.example.com.evil.example",
            "example.com",
            "notlocalhost.example",
        ] {
            assert!(!hosts.allows(foreign), "{foreign}");
        }
    }
}
