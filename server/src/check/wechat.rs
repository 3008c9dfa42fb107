//! WeChat: whether it is reachable, knows the apps and their secrets, and agrees on the time.

use std::time::Duration;

use jiff::fmt::rfc2822;

use super::Finding;
use crate::random;
use crate::settings::Settings;
use crate::wechat::{Class, WechatApp, WechatClient, WechatError};

/// Clock difference from WeChat, in seconds, for a warning and for an error: beyond it, signatures and
/// certificates fail.
const SKEW: (i64, i64) = (5, 60);

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let client = match WechatClient::new(&settings.wechat.api_url, settings.wechat.timeout) {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::error(
                "wechat",
                error.to_string(),
                "set wechat.api_url right, or leave it out",
            )];
        }
    };
    let mut findings = Vec::new();
    for app in settings.apps() {
        let app = WechatApp { id: app.app_id, secret: app.app_secret };
        // No real code has this form: the reply shows whether WeChat knows the app and its secret.
        let code = format!("invalid{}", random::short_id());
        findings.push(match client.exchange(&app, &code).await {
            Ok(_) => Finding::warning(
                "wechat",
                format!("{} takes any code", settings.wechat.api_url),
                "this is a simulator: leave wechat.api_url out in production",
            ),
            Err(error) => credentials(&app.id, &error),
        });
    }
    let asked = jiff::Timestamp::now();
    if let Some(date) = client.date().await {
        findings.extend(clock(asked, jiff::Timestamp::now(), &date, "WeChat"));
    }
    findings
}

fn credentials(app_id: &str, error: &WechatError) -> Finding {
    let errcode = error.errcode.unwrap_or_default();
    let wrong = |text: String, to_do: &str| Finding::error("wechat", text, to_do);
    match (error.class, errcode) {
        (Class::SignInAgain | Class::Blocked, _) => {
            Finding::ok("wechat", format!("knows {app_id} and its secret"))
        }
        (Class::Wait { retry_after }, _) => Finding::warning(
            "wechat",
            format!("{app_id}: busy or over quota ({errcode})"),
            format!("ask again in {} s", seconds(retry_after)),
        ),
        (Class::Configuration, 40013) => wrong(
            format!("{app_id} is no app id that it knows (40013)"),
            "copy it from the console (开发管理 - 开发设置)",
        ),
        (Class::Configuration, 40125) => wrong(
            format!("the secret of {app_id} is wrong (40125)"),
            "reset it in the console (开发管理 - 开发设置) and set it here",
        ),
        (Class::Configuration, 41002 | 41004) => wrong(
            format!("the app id or secret of {app_id} does not arrive ({errcode})"),
            "set wechat.app_id and wechat.app_secret",
        ),
        (Class::Configuration, 40164) => wrong(
            "this machine is not in the IP whitelist (40164)".to_owned(),
            "add its public address in the console (开发管理 - IP 白名单)",
        ),
        (Class::Configuration, 40243) => wrong(
            format!("the secret of {app_id} is frozen (40243)"),
            "unfreeze it in the console (开发管理 - 开发设置)",
        ),
        (Class::Configuration, 48001) => wrong(
            format!("{app_id} may not use this interface (48001)"),
            "see in the console whether the mini-program is verified, and not frozen",
        ),
        (Class::Configuration, 89503) => wrong(
            "the call waits for an administrator's consent (89503)".to_owned(),
            "the administrator has to confirm it in WeChat",
        ),
        (Class::Configuration, _) => {
            wrong(format!("{app_id}: {error}"), "look the number up in WeChat's list")
        }
        (Class::Unreachable, _) => wrong(
            "gives no usable answer".to_owned(),
            "may this machine reach api.weixin.qq.com:443, and is its clock right?",
        ),
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}

/// Compares the clock with the `Date` of a reply, which was set between the two moments and is truncated to
/// seconds.
pub(super) fn clock(
    asked: jiff::Timestamp,
    answered: jiff::Timestamp,
    date: &str,
    whose: &str,
) -> Option<Finding> {
    let theirs = rfc2822::parse(date).ok()?.timestamp().as_second();
    let ahead = asked.as_second() - (theirs + 1);
    let behind = theirs - answered.as_second();
    let skew = ahead.max(behind).max(0);
    let word = if ahead > behind { "ahead" } else { "behind" };
    let text = format!("this machine is {skew} s {word} of {whose}");
    let to_do = "have the time set by chrony or systemd-timesyncd (timedatectl set-ntp true)";
    Some(match skew {
        _ if skew > SKEW.1 => Finding::error("clock", text, to_do),
        _ if skew > SKEW.0 => Finding::warning("clock", text, to_do),
        _ => Finding::ok("clock", format!("agrees with {whose}'s")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_wrong_clock_is_told() {
        let at = |second: i64| jiff::Timestamp::from_second(1_795_212_000 + second).unwrap();
        let date = "Fri, 20 Nov 2026 22:00:00 GMT";
        assert_eq!(rfc2822::parse(date).unwrap().timestamp(), at(0));
        for (here, verdict, told) in [
            (0, Verdict::Ok, "agrees"),
            (-3, Verdict::Ok, "agrees"),
            (20, Verdict::Warning, "ahead"),
            (-20, Verdict::Warning, "behind"),
            (3_600, Verdict::Error, "ahead"),
            (-86_400, Verdict::Error, "behind"),
        ] {
            let finding = clock(at(here), at(here), date, "WeChat").unwrap();
            assert_eq!(finding.verdict, verdict, "{finding}");
            assert!(finding.text.contains(told), "{finding}");
        }
        // A slow reply does not imply a wrong clock.
        assert_eq!(clock(at(-30), at(1), date, "WeChat").unwrap().verdict, Verdict::Ok);
        assert!(clock(at(0), at(0), "yesterday", "WeChat").is_none());
    }
}
