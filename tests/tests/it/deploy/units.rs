//! systemd's units and the rotation of logs, as the programs that read them see them.

use std::process::Command;

use yibi_tests::{TempDir, binary};

use super::{edited, output, read, repository};

#[test]
fn systemd_takes_the_units() {
    let directory = TempDir::new();
    let path = |name: &str| directory.path().join(name);
    let server = binary("yibi-server").display().to_string();
    std::fs::write(
        path("yibi.service"),
        edited("deploy/systemd/yibi.service", &[("/usr/bin/yibi-server", &server)]),
    )
    .unwrap();
    std::fs::write(path("yibi.socket"), read("deploy/systemd/yibi.socket")).unwrap();
    let said = output(
        Command::new("systemd-analyze").arg("verify").args([path("yibi.socket"), path("yibi.service")]),
    );
    assert!(!said.contains("yibi"), "{said}");
    // Exposure from 0 to 100: what the guide says.
    let mut security = Command::new("systemd-analyze");
    let said =
        output(security.args(["security", "--offline=true", "--threshold=20"]).arg(path("yibi.service")));
    assert!(said.contains("Overall exposure level"), "{said}");
    for guide in ["deploy/guide/start.md", "deploy/guide/start.zh.md"] {
        let level = said.split("yibi.service: ").nth(1).unwrap().split(' ').next().unwrap();
        assert!(read(guide).contains(&format!("**{level}**")), "{guide} does not say {level}");
    }
}

#[test]
fn systemd_takes_the_backups_units() {
    let directory = TempDir::new();
    let path = |ending: &str| directory.path().join(format!("yibi-backup.{ending}"));
    let program = repository("deploy/backup/yibi-backup").display().to_string();
    let service = edited("deploy/backup/yibi-backup.service", &[("/usr/lib/yibi/yibi-backup", &program)]);
    std::fs::write(path("service"), service).unwrap();
    std::fs::write(path("timer"), read("deploy/backup/yibi-backup.timer")).unwrap();
    let said = output(Command::new("systemd-analyze").arg("verify").args([path("timer"), path("service")]));
    assert!(!said.contains("yibi"), "{said}");
    output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=60"])
            .arg(path("service")),
    );
}

#[test]
fn a_server_has_time_to_drain() {
    let settings: toml::Table = read("server/settings.default.toml").parse().unwrap();
    let seconds = |key: &str| settings["http"][key].as_integer().unwrap();
    let unit = read("deploy/systemd/yibi.service");
    let stop = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    assert!(stop.parse::<i64>().unwrap() > seconds("drain_delay") + seconds("shutdown_timeout"));
    let socket = read("deploy/systemd/yibi.socket");
    assert!(socket.contains(&format!("ListenStream={}\n", settings["http"]["listen"].as_str().unwrap())));
}

#[test]
fn logrotate_takes_the_rotation_of_logs() {
    let directory = TempDir::new();
    std::fs::create_dir(directory.path().join("log")).unwrap();
    std::fs::write(directory.path().join("log/yibi-1.log"), "a line\n").unwrap();
    let log = directory.path().join("log").display().to_string();
    let me = output(Command::new("id").arg("-un"));
    let group = output(Command::new("id").arg("-gn"));
    let me = format!("{} {}", me.trim(), group.trim());
    let edits = [("/var/log/yibi", log.as_str()), ("yibi yibi", &me)];
    let path = directory.path().join("logrotate");
    std::fs::write(&path, edited("deploy/pm2/logrotate", &edits)).unwrap();
    let mut logrotate = Command::new("/usr/sbin/logrotate");
    let said = output(logrotate.arg("--debug").arg("--state").arg(directory.path().join("state")).arg(&path));
    assert!(said.contains("yibi-1.log") && !said.contains("error:"), "{said}");
}
