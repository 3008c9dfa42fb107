//! The scripts of `deploy/` with invalid settings.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use yibi_tests::TempDir;

use super::{output, repository};

/// systemd's parser of files like `EnvironmentFile=`.
const SYSTEMD: &str = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn refused(output: &Output, code: i32, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(word), "{said}");
}

/// Runs the nightly backup with a fake server that writes an empty file.
fn back_up(home: &Path, environment: &[(&str, &str)]) -> Output {
    let server = home.join("server");
    script(&server, "#!/bin/sh\n: >\"$3\"\n");
    let mut command = Command::new(repository("deploy/backup/yibi-backup"));
    command.current_dir(home).env("YIBI_SERVER", server).env("YIBI_BACKUP_DIR", home.join("kept"));
    command.envs(environment.iter().copied()).output().unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_with_wrong_settings_is_refused_before_it_is_made() {
    let home = TempDir::new();
    for keep in
        ["0", "00", "seven", "-5", "+5", "1.5", "0x7", "08", " 7", "7\n", "100000", "99999999999999999999"]
    {
        refused(&back_up(home.path(), &[("YIBI_BACKUP_KEEP", keep)]), 78, "YIBI_BACKUP_KEEP");
    }
    for directory in ["kept", "-kept", "./kept", "/tmp/a\nb"] {
        refused(&back_up(home.path(), &[("YIBI_BACKUP_DIR", directory)]), 78, "YIBI_BACKUP_DIR");
    }
    refused(&back_up(home.path(), &[("YIBI_SERVER", "/nowhere/yibi-server")]), 78, "YIBI_SERVER");
    assert_eq!(names(home.path()), ["server"]);
}

#[test]
fn old_backups_alone_are_removed() {
    let home = TempDir::new();
    let kept = home.path().join("kept");
    for environment in [[("YIBI_BACKUP_KEEP", "1")], [("YIBI_BACKUP_KEEP", "")]] {
        for _ in 0..3 {
            assert!(back_up(home.path(), &environment).status.success());
        }
        // The script neither counts nor removes copies with other names.
        std::fs::write(kept.join("yibi-before-the-move.sqlite3"), "").unwrap();
    }
    assert_eq!(names(&kept).len(), 1 + 3 + 1, "one, then three more of seven, and the operator's");
    assert!(back_up(home.path(), &[("YIBI_BACKUP_KEEP", "1")]).status.success());
    let left = names(&kept);
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left[1], "yibi-before-the-move.sqlite3");
}

/// A package with a fake server that writes its environment to `seen` and never becomes ready, and programs that run
/// the upgrade as the current user.
struct Upgrade {
    home: TempDir,
}

impl Upgrade {
    fn new() -> Self {
        let home = TempDir::new();
        let package = home.path().join("package");
        let programs = home.path().join("bin");
        std::fs::create_dir_all(package.join("DEBIAN")).unwrap();
        std::fs::create_dir_all(package.join("usr/bin")).unwrap();
        std::fs::create_dir(&programs).unwrap();
        let control = "Package: yibi\nVersion: 9\nArchitecture: all\nMaintainer: none <none@localhost>\nDescription: none\n";
        std::fs::write(package.join("DEBIAN/control"), control).unwrap();
        let seen = home.path().join("seen").display().to_string();
        script(&package.join("usr/bin/yibi-server"), &format!("#!/bin/sh\nenv -0 >'{seen}'\nexit 1\n"));
        script(&programs.join("setpriv"), "#!/bin/sh\nshift 5\nexec \"$@\"\n");
        std::fs::write(home.path().join("yibi.toml"), "").unwrap();
        output(
            Command::new("dpkg-deb")
                .args(["--root-owner-group", "--build"])
                .arg(&package)
                .arg(home.path().join("new.deb")),
        );
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, environment: &[(&str, &str)]) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(repository("deploy/upgrade/yibi-upgrade"));
        command.arg(self.path("new.deb")).env("PATH", path).env("YIBI_UPGRADE_DIR", self.home.path());
        command.env("YIBI_CONFIG", self.path("yibi.toml"));
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// The variables that the fake server gets from an environment file.
    fn seen(&self, text: &str) -> BTreeMap<String, String> {
        let secrets = self.path("secrets.env");
        std::fs::write(&secrets, text).unwrap();
        let ended = self.run(&[("YIBI_SECRETS", secrets.to_str().unwrap())]);
        refused(&ended, 1, "nothing was changed");
        let seen = std::fs::read_to_string(self.path("seen")).unwrap();
        let variables = seen.split('\0').filter_map(|line| line.split_once('='));
        let ours = variables.filter(|(name, _)| name.starts_with("V_"));
        ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// The variables that systemd reads from the file.
fn read_by_systemd(text: &str) -> BTreeMap<String, String> {
    let home = TempDir::new();
    std::fs::create_dir(home.path().join("environment.d")).unwrap();
    std::fs::write(home.path().join("environment.d/test.conf"), text).unwrap();
    let mut generator = Command::new(SYSTEMD);
    let said = output(generator.env_clear().env("XDG_CONFIG_HOME", home.path()).env("HOME", home.path()));
    let variables =
        said.lines().filter(|line| line.starts_with("V_")).filter_map(|line| line.split_once('='));
    variables.map(|(name, value)| (name.to_owned(), unquoted(value))).collect()
}

/// Parses a value as systemd prints it: bare, or quoted with escapes.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let next = if character == '\\' { characters.next() } else { None };
        text.push(match next {
            Some('n') => '\n',
            Some('t') => '\t',
            Some(other) => other,
            None => character,
        });
    }
    text
}

#[test]
fn an_upgrade_reads_secrets_as_systemd_does() {
    let upgrade = Upgrade::new();
    for (text, name, value) in [
        ("V_A=plain\n", "V_A", "plain"),
        ("V_A=\"x\\\\y\"\r\n", "V_A", "x\\y"),
        ("V_A=a\\\\p=@0!\n", "V_A", "a\\p=@0!"),
        ("V_A=one\\\n  two\n", "V_A", "one  two"),
        ("V_A=\"one\ntwo\"\n", "V_A", "one\ntwo"),
        ("V_A=\"one\\\ntwo\"\n", "V_A", "onetwo"),
        ("V_A='it''s' \"x\"  y z  \n", "V_A", "itsxy z"),
        ("V_A='a\\b'\n", "V_A", "a\\b"),
        ("  V_A  =  v\\ \n", "V_A", "v "),
        ("V_A=\"q\\q \\\" \\` \"\n", "V_A", "q\\q \" ` "),
        ("V_A=x\"y\"z'\n", "V_A", "x\"y\"z'"),
        ("V_A=tab\there\t\n", "V_A", "tab\there"),
        ("V_A=a#b;c # d\n", "V_A", "a#b;c # d"),
        ("# V_A=no\\t\n; V_A=no\nno\nV_A=中文", "V_A", "中文"),
        ("V_A=first\nV_A=last\\", "V_A", "last"),
        ("V_A=a\\\n", "V_A", "a"),
        ("V_A=a\rV_B=b\n", "V_B", "b"),
    ] {
        let seen = upgrade.seen(text);
        assert_eq!(seen.get(name).map(String::as_str), Some(value), "{text:?}");
        assert_eq!(seen, read_by_systemd(text), "{text:?}");
    }
    // systemd's generator expands these, or prints nothing.
    assert_eq!(upgrade.seen("V_A='$(id)' `id` $HOME\\$\n")["V_A"], "$(id)`id` $HOME$");
    assert_eq!(upgrade.seen("V_A=\n")["V_A"], "");
    assert_eq!(upgrade.seen("export V_A=1\nV_B=2\n"), BTreeMap::from([("V_B".to_owned(), "2".to_owned())]));
}

#[test]
fn an_upgrade_refuses_secrets_that_are_unclear() {
    let upgrade = Upgrade::new();
    let secrets = upgrade.path("secrets.env");
    for (text, line) in [
        (&b"V_A=1\nV_B=\"open\nV_C=2\n"[..], "line 2: "),
        (b"V_A='open", "line 1: "),
        (b"V_A=1\n# a comment \\\nV_B=2\n", "line 2: "),
        (b"V_A=1\nV_B=2\nV_C=\xff\n", "line 3: "),
        (b"V_A=\xed\xa0\xbd\n", "line 1: "),
        (b"V_A=a\0b\n", "NUL"),
    ] {
        std::fs::write(&secrets, text).unwrap();
        let ended = upgrade.run(&[("YIBI_SECRETS", secrets.to_str().unwrap())]);
        refused(&ended, 64, line);
        assert!(!upgrade.path("seen").exists(), "nothing was started");
    }
}

#[test]
fn an_upgrade_with_wrong_settings_is_refused_before_it_begins() {
    let upgrade = Upgrade::new();
    for (name, value) in [
        ("YIBI_UPGRADE_WAIT", "0"),
        ("YIBI_UPGRADE_WAIT", "-1"),
        ("YIBI_UPGRADE_WAIT", "1m"),
        ("YIBI_UPGRADE_WAIT", "100000"),
        ("YIBI_CONFIG", "/nowhere/yibi.toml"),
        ("YIBI_SECRETS", "/nowhere/secrets.env"),
    ] {
        refused(&upgrade.run(&[(name, value)]), 64, name);
    }
    assert!(!upgrade.path("seen").exists(), "nothing was started");
}

#[test]
fn an_upgrade_refuses_a_package_that_was_cut_off() {
    let upgrade = Upgrade::new();
    let package = upgrade.path("package");
    std::fs::create_dir(package.join("usr/share")).unwrap();
    std::fs::write(package.join("usr/share/text"), vec![b'x'; 1 << 20]).unwrap();
    let path = upgrade.path("new.deb");
    output(
        Command::new("dpkg-deb").args(["--root-owner-group", "-Znone", "--build"]).arg(&package).arg(&path),
    );
    let whole = std::fs::read(&path).unwrap();
    // The server is written before the text.
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&upgrade.run(&[]), 1, "nothing was changed");
    assert!(!upgrade.path("seen").exists(), "its server was not started");
}
