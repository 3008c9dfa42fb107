//! `yibi-server check` names each fault and its remedy.

mod domain;
mod everything;
mod pay;
mod sharing;
mod stores;

use yibi_tests::command::{Ended, run};
use yibi_tests::server::{ADMIN_TOKEN, APP_SECRET};
use yibi_tests::{TempDir, Wechat};

/// Valid settings except for the domain and the machine.
struct Patient {
    wechat: Wechat,
    data: TempDir,
}

impl Patient {
    fn new() -> Self {
        Self { wechat: Wechat::start(), data: TempDir::new() }
    }

    /// Runs the check with some settings replaced.
    fn check(&self, arguments: &[&str], other: &[(&str, &str)]) -> Ended {
        let data = self.data.path().display().to_string();
        let good = [
            ("STORE__DATA_DIR", data.as_str()),
            ("WECHAT__APP_ID", self.wechat.app_id.as_str()),
            ("WECHAT__APP_SECRET", APP_SECRET),
            ("WECHAT__API_URL", self.wechat.url.as_str()),
            ("ADMIN__TOKEN", ADMIN_TOKEN),
            ("HTTP__PUBLIC_URL", "https://draw.example.com"),
        ];
        let kept = good.into_iter().filter(|(name, _)| other.iter().all(|(other, _)| other != name));
        let settings: Vec<(&str, &str)> = kept.chain(other.iter().copied()).collect();
        let ended = run(&[&["check"], arguments].concat(), &settings);
        assert_eq!(ended.stderr, "");
        assert!(
            !ended.stdout.contains("hidden-pw") && !ended.stdout.contains(APP_SECRET),
            "{}",
            ended.stdout
        );
        ended
    }
}

/// The lines about a subject.
fn about<'a>(ended: &'a Ended, what: &str) -> Vec<&'a str> {
    ended.stdout.lines().filter(|line| line.split_whitespace().nth(1) == Some(what)).collect()
}

/// Asserts a line with this verdict about a subject that contains a text.
#[track_caller]
fn tells(ended: &Ended, verdict: &str, what: &str, told: &str) {
    let found = about(ended, what).into_iter().any(|line| line.starts_with(verdict) && line.contains(told));
    assert!(found, "{verdict} {what} {told:?} is not in\n{}", ended.stdout);
}
