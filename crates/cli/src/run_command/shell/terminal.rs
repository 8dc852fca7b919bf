//! A terminal of its own for a shell, shown in the user's: a program inside has job control and a size, and cannot do
//! anything to the terminal that Trunkline was started in.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// Both ends of a new terminal, as large as the user's.
pub(super) struct Terminal {
    pub(super) master: OwnedFd,
    /// For the shell; to be closed here once it runs.
    pub(super) slave: OwnedFd,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        resize(&master);
        Ok(Self { master, slave })
    }
}

/// Gives it the size that the user's terminal has now.
pub(super) fn resize(master: &OwnedFd) {
    if let Ok(size) = tcgetwinsize(io::stdin()) {
        let _ = tcsetwinsize(master, size);
    }
}

/// Keys go to the shell as they are, Ctrl-C included, until this is dropped.
pub(super) struct Raw(Termios);

impl Raw {
    pub(super) fn start() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Carries keys in and output out until `ended` is closed at its other end or nobody has the terminal open any more.
pub(super) fn relay(master: &OwnedFd, ended: &OwnedFd) {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let mut keys = true;
    loop {
        let (mut typed, mut shown, mut over) = (false, false, false);
        {
            let mut waiting = vec![PollFd::new(master, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
            if keys {
                waiting.push(PollFd::new(&stdin, PollFlags::IN));
            }
            match poll(&mut waiting, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            let ready = |index: usize| waiting.get(index).is_some_and(|one: &PollFd<'_>| !one.revents().is_empty());
            shown |= ready(0);
            over |= ready(1);
            typed |= ready(2);
        }
        if shown && !carry(master.as_fd(), stdout.as_fd()) {
            return;
        }
        // What was printed last is shown before the end.
        if over && !shown {
            return;
        }
        if typed {
            keys = carry(stdin.as_fd(), master.as_fd());
        }
    }
}

/// One portion; false at the end of the source.
fn carry(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> bool {
    let mut buffer = [0; 4096];
    let length = match rustix::io::read(from, &mut buffer) {
        Ok(0) => return false,
        Ok(length) => length,
        Err(Errno::INTR | Errno::AGAIN) => return true,
        Err(_) => return false,
    };
    let mut rest = &buffer[..length];
    while !rest.is_empty() {
        match rustix::io::write(to, rest) {
            Ok(written) => rest = &rest[written..],
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}
