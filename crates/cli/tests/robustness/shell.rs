//! `--shell-on-failure` in a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::live::{binary, own_seconds, processes_with, repository};

/// A terminal as a user sees it.
pub(crate) struct Screen {
    master: File,
    seen: String,
}

impl Screen {
    pub(crate) fn open() -> (Self, OwnedFd) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let slave =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("opened");
        tcsetwinsize(&slave, Winsize { ws_row: 33, ws_col: 99, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        (Self { master: File::from(master), seen: String::new() }, slave)
    }

    /// Reads until this is shown, then forgets what came before.
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            let read = self.master.read(&mut bytes).unwrap_or(0);
            assert!(read > 0, "it ended before `{text}`: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        let end = self.seen.find(text).unwrap_or(0) + text.len();
        self.seen.drain(..end);
        self
    }

    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.master.write_all(keys.as_bytes()).expect("typed");
        self
    }
}

#[test]
fn a_failed_job_can_be_looked_at() {
    let seconds = own_seconds();
    let repository = repository(
        "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir d; echo content > d/file
      - run: exit 3
        working-directory: d
        env: {OF_STEP: value-of-step}
      - run: 'true'
        if: always()
        env: {OF_STEP: another}
",
    );
    let (mut screen, slave) = Screen::open();
    let mut command = binary().command(&repository, &["run", "--shell-on-failure"].map(str::to_owned));
    let end = || Stdio::from(slave.try_clone().expect("cloned"));
    command.stdin(end()).stdout(end()).stderr(end()).process_group(0);
    let mut child = command.spawn().expect("it starts");
    drop((command, slave));
    let id = child.id().to_string();
    let (done, ended) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(std::time::Duration::from_secs(30)).is_err() {
            let _ = std::process::Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    screen
        .until("(trunkline)")
        .keys("cat file; echo $OF_STEP; stty size\n")
        .until("content")
        .until("value-of-step")
        .until("33 99");
    // The process itself says that it is there: it is in the foreground then.
    // Ctrl-C ends what runs in the shell, not the run; Ctrl-Z stops it.
    screen.until("(trunkline)").keys(&format!("bash -c 'echo re\"\"ady; exec sleep {seconds}'\n")).until("ready");
    screen.keys("\u{3}").until("(trunkline)").keys("echo code-$?\n").until("code-130");
    screen.until("(trunkline)").keys(&format!("bash -c 'echo ag\"\"ain; exec sleep {seconds}'\n")).until("again");
    screen.keys("\u{1a}").until("Stopped").until("(trunkline)").keys("exit\n").until("(trunkline)").keys("exit\n");
    screen.until("1 of 1 job failed");
    let status = child.wait().expect("it ends");
    drop(done);
    assert_eq!(status.code(), Some(1));
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

#[test]
fn a_run_that_is_terminated_does_not_wait_for_the_shell() {
    use std::os::unix::process::ExitStatusExt as _;
    let repository = repository(
        "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: exit 3
",
    );
    let (mut screen, slave) = Screen::open();
    let mut command = binary().command(&repository, &["run", "--shell-on-failure"].map(str::to_owned));
    let end = || Stdio::from(slave.try_clone().expect("cloned"));
    command.stdin(end()).stdout(end()).stderr(end()).process_group(0);
    let mut child = command.spawn().expect("it starts");
    drop((command, slave));
    let id = child.id().to_string();
    let signal = |name: &str, id: &str| {
        let _ = std::process::Command::new("kill").args([name, id]).status();
    };
    screen.until("(trunkline)");
    signal("-TERM", &id);
    let (done, ended) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(std::time::Duration::from_secs(30)).is_err() {
            signal("-KILL", &id);
        }
    });
    let status = child.wait().expect("it ends");
    drop(done);
    assert_ne!(status.signal(), Some(9), "it had to be killed");
}
