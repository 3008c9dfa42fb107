//! Findings on the settings alone.

use secrecy::ExposeSecret;

use super::Finding;
use crate::settings::{DUTIES, Listen, MiniProgramEnv, Settings};

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    match settings.fit_to_serve() {
        Ok(()) => findings.push(Finding::ok("settings", "app id, secret and admin token are set")),
        Err(unfit) => findings.extend(
            unfit.to_string().lines().map(|line| Finding::error("settings", line, "`serve` does not start")),
        ),
    }
    if !settings.admin.listen.ip().is_loopback() {
        findings.push(Finding::warning(
            "settings",
            format!("admin.listen is {}, where others may reach it", settings.admin.listen),
            "use 127.0.0.1 and a tunnel",
        ));
    }
    if let Listen::Tcp(address) = &settings.http.listen
        && !address.ip().is_loopback()
    {
        findings.push(Finding::warning(
            "settings",
            format!("http.listen is {address}, which is without TLS"),
            "put nginx before it and listen on 127.0.0.1, unless nginx is on another machine",
        ));
    }
    for app in settings.apps() {
        if !app.push_token.expose_secret().is_empty() && app.push_aes_key.expose_secret().is_empty() {
            findings.push(Finding::warning(
                "settings",
                format!("pushes for {} are plain", app.app_id),
                "set push_aes_key and choose safe mode in WeChat's console",
            ));
        }
    }
    findings.extend(sharing(settings));
    for section in &settings.unknown_sections {
        findings.push(Finding::warning(
            "settings",
            format!("this version does not know the section [{section}] and leaves it out"),
            "correct its name, or remove it if no newer version needs it",
        ));
    }
    if !settings.limits.enabled {
        findings.push(Finding::warning(
            "settings",
            "limits.enabled is false",
            "anybody may call as often as they like; leave it on in production",
        ));
    }
    findings
}

/// Findings on sharing where it is open; its faults are among those that keep `serve` from starting.
fn sharing(settings: &Settings) -> Vec<Finding> {
    if !settings.sharing.is_open() || settings.sharing_fault().is_some() {
        return Vec::new();
    }
    let (level, review) = (settings.sharing.level.name(), settings.sharing.review.name());
    let mut findings = vec![Finding::ok("sharing", format!("level {level}, decided by {review}; {DUTIES}"))];
    if settings.http.public_url.is_empty() {
        findings.push(Finding::warning(
            "sharing",
            "http.public_url is empty, so links of shares have whatever host a request names",
            "set it to https:// and the domain",
        ));
    }
    if settings.wechat.env != MiniProgramEnv::Release {
        findings.push(Finding::warning(
            "sharing",
            format!(
                "wechat.env is {}, whose codes only members of the mini-program can open",
                settings.wechat.env.name()
            ),
            "set it to release in production",
        ));
    }
    findings
}
