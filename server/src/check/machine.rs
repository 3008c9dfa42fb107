//! The machine: resources for the server, and for a MongoDB beside it.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::settings::Settings;

/// nginx site file of the deployment guide.
const SITE: &str = "/etc/nginx/conf.d/yibi.conf";
/// Number of open files that a server needs: a few hundred clients, and the connections of nginx and of the
/// databases.
const FILES: u64 = 4_096;
/// Free disk space, in MiB, below which the check reports an error, and a warning.
const SPACE: (u64, u64) = (64, 1_024);

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile).current;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut findings = vec![files(limit)];
    findings.extend(space(&settings.store.data_dir));
    findings.extend(avx(&cpu, std::env::consts::ARCH));
    let site = std::fs::read_to_string(SITE).ok();
    let addresses = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    findings.extend(site.and_then(|site| ipv6(&site, &addresses)));
    findings
}

/// Checks IPv6 of the site: nginx does not start with an IPv6 address if the kernel has no IPv6, in which
/// case `addresses` is empty.
fn ipv6(site: &str, addresses: &str) -> Option<Finding> {
    let listens = site.lines().any(|line| line.trim_start().starts_with("listen [::]"));
    (listens && addresses.trim().is_empty()).then(|| {
        Finding::error(
            "nginx",
            format!("{SITE} listens on IPv6, which this host does not have: nginx does not start"),
            format!("sed -i '/listen \\[::\\]/d' {SITE}"),
        )
    })
}

fn files(limit: Option<u64>) -> Finding {
    match limit.filter(|limit| *limit < FILES) {
        Some(limit) => Finding::warning(
            "files",
            format!("this user may open {limit} files"),
            format!(
                "each connection is one: set LimitNOFILE={FILES} or more in the unit, or ulimit -n in pm2's shell"
            ),
        ),
        None => Finding::ok("files", "this user may open enough files"),
    }
}

fn space(directory: &Path) -> Option<Finding> {
    Some(free_space(directory, free_mib(directory)?))
}

/// Free space in MiB of the file system of the directory, or of its nearest existing parent.
pub(crate) fn free_mib(directory: &Path) -> Option<u64> {
    let whole = std::path::absolute(directory).ok()?;
    let there = whole.ancestors().find(|directory| directory.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) >> 20)
}

fn free_space(directory: &Path, free: u64) -> Finding {
    let text = format!("{free} MiB are free for {}", directory.display());
    let to_do = "make room, or move store.data_dir: a full disk refuses every drawing";
    match free {
        _ if free < SPACE.0 => Finding::error("disk", text, to_do),
        _ if free < SPACE.1 => Finding::warning("disk", text, to_do),
        _ => Finding::ok("disk", text),
    }
}

/// Checks the processor: MongoDB 5.0 and newer exits at once on an x86 processor without AVX.
fn avx(cpu: &str, arch: &str) -> Option<Finding> {
    let flags = cpu.lines().find(|line| line.starts_with("flags")).filter(|_| arch == "x86_64")?;
    Some(if flags.split_whitespace().any(|flag| flag == "avx") {
        Finding::ok("cpu", "has AVX, which MongoDB needs from 5.0 on")
    } else {
        Finding::warning(
            "cpu",
            "has no AVX",
            "MongoDB 5.0 and newer does not run on this machine: use the embedded store, or a MongoDB elsewhere",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn few_files_and_little_space_are_told() {
        assert_eq!(files(Some(1_024)).verdict, Verdict::Warning);
        assert_eq!(files(Some(65_536)).verdict, Verdict::Ok);
        assert_eq!(files(None).verdict, Verdict::Ok);
        for (free, verdict) in [(10, Verdict::Error), (500, Verdict::Warning), (5_000, Verdict::Ok)] {
            assert_eq!(free_space(Path::new("/data"), free).verdict, verdict);
        }
        // A directory that does not exist yet has free space, too.
        let temporary = std::env::temp_dir().join("not/yet/there");
        assert!(space(&temporary).unwrap().text.contains("not/yet/there"));
        assert!(space(Path::new("data-to-be")).is_some());
    }

    #[test]
    fn a_site_with_ipv6_is_wrong_on_a_host_without() {
        let site = "server {\n    listen 80;\n    listen [::]:80;\n}\n";
        let finding = ipv6(site, "").unwrap();
        assert_eq!(finding.verdict, Verdict::Error);
        assert!(finding.to_do.unwrap().contains("/listen \\[::\\]/d"));
        assert!(ipv6(site, "00000000000000000000000000000001 01 80 10 80       lo\n").is_none());
        assert!(ipv6("server {\n    listen 80;\n    # listen [::]:80;\n}\n", "").is_none());
    }

    #[test]
    fn avx_is_looked_for_on_x86_alone() {
        let old = "processor\t: 0\nflags\t\t: fpu sse sse2 ssse3 avx2_not\n";
        let new = "processor\t: 0\nflags\t\t: fpu sse avx avx2\n";
        assert_eq!(avx(old, "x86_64").unwrap().verdict, Verdict::Warning);
        assert_eq!(avx(new, "x86_64").unwrap().verdict, Verdict::Ok);
        assert!(avx(old, "aarch64").is_none());
        assert!(avx("", "x86_64").is_none());
    }
}
