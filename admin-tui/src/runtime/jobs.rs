//! Job control: stopping as a shell expects it, and lending the terminal to a child.

use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal as Masked};
use nix::unistd::{self, Pid as AnyPid};
use rustix::io::Errno;
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};

/// Stops the process group until a shell continues it in the foreground. Returns `false` without stopping where no
/// shell could continue it: the kernel drops a terminal's stop signal for an orphaned process group (POSIX.1-2024,
/// 11.1.4), and SIGSTOP would stop it for good.
///
/// # Errors
/// The signal can't be sent.
pub fn stop() -> io::Result<bool> {
    if is_orphaned() {
        return Ok(false);
    }
    loop {
        // The whole group stops, as it does when the terminal sends the signal: a wrapper script included.
        process::kill_current_process_group(Signal::STOP)?;
        // `bg` continues it too, but the terminal belongs to the shell then.
        let in_background = unistd::tcgetpgrp(io::stdout()).is_ok_and(|group| group != unistd::getpgrp());
        if !in_background || is_orphaned() {
            return Ok(true);
        }
    }
}

/// Waits for a child that leads a process group of its own, and lends it the terminal meanwhile: Ctrl-C and Ctrl-\
/// reach the child alone. When it stops, this process stops with it. Returns the exit code, if the child exited.
///
/// # Errors
/// There is no such child.
pub fn run_in_foreground(child: Pid) -> io::Result<Option<i32>> {
    loop {
        // Without a controlling terminal there is nothing to lend.
        let _ = give_terminal(AnyPid::from_raw(child.as_raw_pid()));
        let _ = process::kill_process_group(child, Signal::CONT);
        let status = wait(child);
        let _ = give_terminal(unistd::getpgrp());
        let status = status?;
        let Some(signal) = status.stopping_signal() else { return Ok(status.exit_status()) };
        // A child that asked for the terminal before it was lent stops by itself, and goes on.
        if signal != Signal::TTIN.as_raw() && signal != Signal::TTOU.as_raw() {
            stop()?;
        }
    }
}

/// Waits until a child ends or stops.
fn wait(child: Pid) -> io::Result<WaitStatus> {
    loop {
        match process::waitpid(Some(child), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes a process group the terminal's foreground group. A background group that does so is stopped by SIGTTOU,
/// unless the signal is blocked.
fn give_terminal(group: AnyPid) -> io::Result<()> {
    let mut blocked = SigSet::empty();
    blocked.add(Masked::SIGTTOU);
    let before = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let given = unistd::tcsetpgrp(io::stdout(), group);
    before.thread_set_mask()?;
    Ok(given?)
}

/// Whether the process group is orphaned: no ancestor of this process outside the group is in its session.
///
/// In a container, groups, sessions and parents from outside have the id 0 (`pid_namespaces(7)`), which rustix's `Pid`
/// can't hold.
fn is_orphaned() -> bool {
    let (group, session) = (unistd::getpgrp(), unistd::getsid(None));
    let mut parent = Some(unistd::getppid());
    while let Some(pid) = parent.filter(|pid| pid.as_raw() != 0) {
        if unistd::getsid(Some(pid)) != session {
            return true;
        }
        if unistd::getpgid(Some(pid)) != Ok(group) {
            return false;
        }
        parent = parent_of(pid);
    }
    true
}

/// The parent of another process, proc_pid_stat(5).
fn parent_of(pid: AnyPid) -> Option<AnyPid> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before the state may contain anything.
    let (_, rest) = text.rsplit_once(") ")?;
    Some(AnyPid::from_raw(rest.split(' ').nth(1)?.parse().ok()?))
}
