//! The packages: built from the binaries of the tests, installed in a clean root file system, and started there.

use std::path::Path;
use std::process::Command;

use yibi_tests::server::{ADMIN_TOKEN, APP_SECRET};
use yibi_tests::{TempDir, Wechat};

use super::{free_port, output, repository};

/// Runs a script as root in a namespace with copies of the machine's files, which disappear with its last process. `$1`
/// is the directory with the packages, `$2` and `$3` are ports, `$4` is the URL of WeChat.
fn in_a_clean_root(script: &str, arguments: &[&str]) -> String {
    let enter = r#"
        set -e
        mount -t tmpfs tmpfs "$1"
        mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
        mount --bind "$3" "$1/root/mnt"
        mount -t proc proc "$1/root/proc"
        mount --bind /dev "$1/root/dev"
        script=$2
        root=$1/root
        shift 3
        exec chroot "$root" /bin/bash -euo pipefail -c "$script" clean /mnt "$@"
    "#;
    let directory = TempDir::new();
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    let mut command = Command::new(if root { "unshare" } else { "sudo" });
    if !root {
        command.arg("unshare");
    }
    command.args(["--mount", "--pid", "--fork", "--kill-child", "/bin/bash", "-c", enter, "enter"]);
    output(command.arg(directory.path()).arg(script).args(arguments))
}

fn pack(directory: &Path) {
    let mut pack = Command::new(repository("deploy/package/pack"));
    // Packages the binaries of the tests, because a release build takes minutes.
    output(pack.arg(directory).arg("dev").env("YIBI_PACK_LEVEL", "-1").env_remove("CARGO_TARGET_DIR"));
}

#[tokio::test]
async fn the_package_installs_and_the_server_in_it_starts() {
    let wechat = Wechat::start();
    let packages = TempDir::new();
    let directory = packages.path().join("packages");
    pack(&directory);
    let script = r#"
        cd "$1"
        sha256sum --check --quiet SHA256SUMS
        tar --list --file yibi-*-linux.tar.gz | grep -E '/(bin/yibi-(server|admin)|backup/yibi-backup|upgrade/yibi-upgrade|nginx/yibi.conf|pm2/process.json|systemd/yibi.(service|socket)|yibi.toml|README.zh.md|guide/start.md)$' | wc -l
        ! id yibi 2>/dev/null
        dpkg --install yibi_*.deb
        stat -c '%U:%G %a %n' /etc/yibi/yibi.toml /var/lib/yibi /usr/bin/yibi-server /usr/lib/yibi/yibi-backup
        [ -f /usr/lib/systemd/system/yibi-backup.timer ] && [ -f /usr/lib/systemd/system/yibi-backup.service ]
        cd /usr/share
        ls man/man1/yibi-{admin,server-serve}.1* bash-completion/completions/yibi-{admin,server} \
            zsh/vendor-completions/_yibi-{admin,server} fish/vendor_completions.d/yibi-{admin,server}.fish | wc -l
        cd "$1"
        tar --list --file yibi-*-linux.tar.gz | grep -cE '/(man/man1/yibi-admin.1|completions/(zsh/_yibi-admin|fish/yibi-server.fish))$'
        [ -f /usr/lib/systemd/system/yibi.socket ] && [ -f /usr/share/yibi/nginx/yibi.conf ]

        # It says what is missing, and starts once it is there.
        code=0; yibi-server serve --config /etc/yibi/yibi.toml || code=$?
        echo "exit $code"
        sed -i -e "s/^app_id = .*/app_id = \"$5\"/" -e "s/^app_secret = .*/app_secret = \"$6\"/" \
            -e "s/^token = .*/token = \"$7\"/" /etc/yibi/yibi.toml
        YIBI_WECHAT__API_URL=$4 setpriv --reuid yibi --regid yibi --init-groups \
            yibi-server serve --config /etc/yibi/yibi.toml --listen 127.0.0.1:$2 --admin-listen 127.0.0.1:$3 2>/tmp/log &
        for _ in $(seq 200); do
            yibi-server health --ready --admin-listen 127.0.0.1:$3 && break
            sleep 0.05
        done 2>/dev/null
        curl -sS --noproxy '*' "http://127.0.0.1:$2/"; echo
        YIBI_WECHAT__API_URL=$4 yibi-server check --config /etc/yibi/yibi.toml
        kill %1
        wait %1
        echo "ended with $?"

        # A release that breaks: it starts, and its sessions are nowhere.
        broken=$(mktemp -d)
        dpkg-deb --raw-extract yibi_*.deb "$broken"
        mv "$broken/usr/bin/yibi-server" "$broken/usr/bin/yibi-server.real"
        printf '#!/bin/sh\nYIBI_STORE__REDIS_URL=redis://127.0.0.1:1 exec "$0.real" "$@"\n' >"$broken/usr/bin/yibi-server"
        chmod 755 "$broken/usr/bin/yibi-server"
        dpkg-deb --build -Znone "$broken" /tmp/broken.deb >/dev/null
        installed=$(sha256sum /usr/bin/yibi-server)
        code=0; YIBI_UPGRADE_WAIT=1 yibi-upgrade /tmp/broken.deb || code=$?
        echo "broken: $code"
        [ "$installed" = "$(sha256sum /usr/bin/yibi-server)" ] && echo "nothing was changed"

        # Settings that were changed stay as they are, with the upgrade and without the package.
        yibi-upgrade yibi_*.deb
        grep -c "$5" /etc/yibi/yibi.toml

        # A new default beside settings that were changed: nobody is asked, and nothing is lost.
        newer=$(mktemp -d)
        dpkg-deb --raw-extract yibi_*.deb "$newer"
        sed -i 's/^Version: .*/Version: 99/' "$newer/DEBIAN/control"
        echo '# a new default' >>"$newer/etc/yibi/yibi.toml"
        dpkg-deb --build -Znone "$newer" /tmp/newer.deb >/dev/null
        kept=$(sha256sum /etc/yibi/yibi.toml)
        yibi-upgrade /tmp/newer.deb </dev/null
        [ "$kept" = "$(sha256sum /etc/yibi/yibi.toml)" ] && echo "the settings stay"
        tail -n 1 /etc/yibi/yibi.toml.dpkg-dist
        dpkg-query --show --showformat='version ${Version}\n' yibi
        # The way back meets the same question; so does a file that was removed.
        yibi-upgrade yibi_*.deb /tmp/newer.deb </dev/null
        [ "$kept" = "$(sha256sum /etc/yibi/yibi.toml)" ] && echo "and on the way back"
        dpkg --purge yibi
        [ -f /var/lib/yibi/yibi.sqlite3 ] && [ ! -e /usr/bin/yibi-server ] && [ ! -e /etc/yibi/yibi.toml ] && echo "drawings stay"
    "#;
    let ports = [free_port().to_string(), free_port().to_string()];
    let directory = directory.display().to_string();
    let arguments = [&directory, &ports[0], &ports[1], &wechat.url, &wechat.app_id, APP_SECRET, ADMIN_TOKEN];
    let said = tokio::task::spawn_blocking({
        let arguments = arguments.map(ToOwned::to_owned);
        move || in_a_clean_root(script, &arguments.each_ref().map(String::as_str))
    });
    let said = said.await.unwrap();
    let lines: Vec<&str> = said.lines().collect();
    for line in [
        "11",
        "8",
        "3",
        "root:yibi 640 /etc/yibi/yibi.toml",
        "yibi:yibi 700 /var/lib/yibi",
        "root:root 755 /usr/bin/yibi-server",
        "root:root 755 /usr/lib/yibi/yibi-backup",
        "exit 78",
        r#"{"status":"ok","dependencies":{"gallery":"ok","sessions":"ok"}}"#,
        &format!(r#"{{"name":"yibi","version":"{}"}}"#, env!("CARGO_PKG_VERSION")),
        "ended with 0",
        "broken: 1",
        "nothing was changed",
        "the settings stay",
        "yibi-upgrade: /etc/yibi/yibi.toml is kept as it was; the package's own is /etc/yibi/yibi.toml.dpkg-dist",
        "# a new default",
        "version 99",
        "and on the way back",
        "drawings stay",
    ] {
        assert!(lines.contains(&line), "{line:?} is missing:\n{said}");
    }
}
