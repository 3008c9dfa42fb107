//! systemd units and log rotation, checked with systemd's and logrotate's own parsers.

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
    // The exposure score (0 to 100) stated in the guide.
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
fn systemd_takes_the_unit_of_pm2() {
    let directory = TempDir::new();
    let path = directory.path().join("pm2-yibi.service");
    std::fs::write(&path, read("deploy/pm2/pm2-yibi.service")).unwrap();
    let said = output(Command::new("systemd-analyze").arg("verify").arg(&path));
    assert!(!said.contains("yibi"), "{said}");
    // Both ways to run pm2 use the same daemon, and neither runs as root.
    let unit = read("deploy/pm2/pm2-yibi.service");
    assert!(unit.contains("User=yibi\n") && unit.contains("PM2_HOME=/var/lib/yibi/.pm2\n"));
    for guide in ["deploy/guide/start.md", "deploy/guide/start.zh.md"] {
        let guide = read(guide);
        assert!(guide.contains("runuser -u yibi -- env PM2_HOME=/var/lib/yibi/.pm2 pm2"));
        assert!(!guide.contains("export PM2_HOME") && !guide.contains("pm2 startup systemd"));
    }
}

/// Unit settings that need a namespace, which an unprivileged container may not create.
const NAMESPACES: [&str; 12] = [
    "PrivateDevices",
    "PrivateIPC",
    "PrivateTmp",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
];

#[test]
fn the_units_start_in_a_container_with_their_drop_in() {
    let keys = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.map(|(key, _)| key.to_owned()).filter(|key| NAMESPACES.contains(&key.as_str())).collect()
    };
    let drop_in = read("deploy/lxc/container.conf");
    for (unit, path) in [
        ("yibi.service", "deploy/systemd/yibi.service"),
        ("yibi-backup.service", "deploy/backup/yibi-backup.service"),
    ] {
        let text = read(path);
        assert!(!keys(&text).is_empty());
        for key in keys(&text) {
            assert!(keys(&drop_in).contains(&key), "{unit}: {key}");
        }
        for line in text.lines() {
            let (key, _) = line.split_once('=').unwrap_or_default();
            let known =
                NAMESPACES.contains(&key) || !(key.starts_with("Protect") || key.starts_with("Private"));
            assert!(known, "{unit}: does {key} need a namespace?");
        }
        let directory = TempDir::new();
        let path = directory.path().join(unit);
        let programs = [("/usr/bin/yibi-server", "/bin/true"), ("/usr/lib/yibi/yibi-backup", "/bin/true")];
        let text = programs.iter().fold(text, |text, (from, to)| text.replace(from, to));
        std::fs::write(&path, text.replace("yibi.socket", "sockets.target")).unwrap();
        std::fs::create_dir(directory.path().join(format!("{unit}.d"))).unwrap();
        std::fs::write(directory.path().join(format!("{unit}.d/container.conf")), &drop_in).unwrap();
        let said = output(Command::new("systemd-analyze").arg("verify").arg(&path));
        assert!(!said.contains("yibi") && !said.contains("container.conf"), "{said}");
    }
    for guide in ["deploy/guide/start.md", "deploy/guide/start.zh.md"] {
        assert!(read(guide).contains("/usr/share/yibi/lxc/container.conf"), "{guide}");
    }
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
