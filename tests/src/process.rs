//! Processes that end with the test, and their output.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::pipe::fcntl_setpipe_size;

/// Pipe size for output that is discarded, the maximum for unprivileged processes.
const GULP: usize = 1 << 20;
/// Pause between two reads of discarded output.
const PAUSE: Duration = Duration::from_millis(5);

/// The fields of `/proc/…/stat` of a process or thread from its state on, proc_pid_stat(5). The name before them may
/// contain anything. Nothing if the process has ended.
#[must_use]
pub fn stat(of: &Path) -> Option<String> {
    let text = std::fs::read_to_string(of.join("stat")).ok()?;
    text.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

/// A running process whose output is recorded.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: Arc<(Mutex<String>, Condvar)>,
    unheard: Arc<AtomicBool>,
}

impl Process {
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::null())
    }

    /// Starts a command with a standard input.
    #[must_use]
    pub fn start_with(command: &mut Command, stdin: Stdio) -> Self {
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let unheard = Arc::default();
        collect(child.stdout.take().unwrap(), &output, &unheard);
        collect(child.stderr.take().unwrap(), &output, &unheard);
        Self { child, output, unheard }
    }

    /// Discards further output in large reads, so that it costs a benchmark little.
    pub fn stop_listening(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }

    /// Waits for a line of the output for which `find` returns something.
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let end = Instant::now() + crate::DEADLINE;
        let (output, more) = &*self.output;
        let mut output = output.lock().unwrap();
        loop {
            if let Some(found) = output.lines().find_map(&find) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} never came; there was:\n{output}");
            output = more.wait_timeout(output, left).unwrap().0;
        }
    }

    /// The output so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.0.lock().unwrap().clone()
    }

    /// Sends a signal: `KILL`, `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Whether the process still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends the process with SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends the process with SIGTERM, unless it has ended; returns the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        if self.runs() {
            self.signal("TERM");
        }
        self.child.wait().unwrap().code()
    }

    /// Waits for the end of the process; returns the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- output of process {}:\n{}", self.child.id(), self.output());
        }
    }
}

fn collect(
    pipe: impl Read + AsFd + Send + 'static,
    output: &Arc<(Mutex<String>, Condvar)>,
    unheard: &Arc<AtomicBool>,
) {
    let (output, unheard) = (Arc::clone(output), Arc::clone(unheard));
    std::thread::spawn(move || {
        let mut pipe = BufReader::with_capacity(64 << 10, pipe);
        let mut line = String::new();
        while !unheard.load(Ordering::Relaxed) {
            line.clear();
            if pipe.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let (text, more) = &*output;
            let mut text = text.lock().unwrap();
            text.push_str(line.trim_end_matches('\n'));
            text.push('\n');
            more.notify_all();
        }
        let _ = fcntl_setpipe_size(pipe.get_ref(), GULP);
        let mut gulp = vec![0; GULP];
        while pipe.read(&mut gulp).is_ok_and(|read| read > 0) {
            std::thread::sleep(PAUSE);
        }
    });
}
