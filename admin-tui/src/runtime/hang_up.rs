//! The end of the terminal without a SIGHUP: of a session without a controlling terminal, or below `sudo`.

use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::Signal;

/// The time that an orderly end takes at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends the process once the terminal is gone. Reading from a terminal that is gone returns at once, for ever, and
/// the library reads until there is nothing more to read (crossterm 0.29, `event/source/unix/mio.rs`): only another
/// thread can end that.
pub fn watch() {
    std::thread::spawn(|| {
        let out = io::stdout();
        let mut terminal = [PollFd::new(out.as_fd(), PollFlags::empty())];
        loop {
            match poll(&mut terminal, PollTimeout::NONE) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break,
                Err(_) => return,
            }
        }
        // The loop ends as by the signal, unless it is the one that reads.
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::HUP);
        std::thread::sleep(PATIENCE);
        std::process::exit(128 + Signal::HUP.as_raw());
    });
}
