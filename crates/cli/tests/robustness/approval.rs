//! The question for approval, in a terminal.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use testkit::TestRepository;

use crate::live::binary;
use crate::shell::Screen;

const WORKFLOW: &str = "\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo deployed
";

/// A run that asks, and what ends it if it hangs.
fn asking() -> (Screen, Child, Sender<()>) {
    let files =
        [(".github/workflows/ci.yml", WORKFLOW), ("trunkline.toml", "[environments.production]\napproval = true\n")];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let (mut screen, slave) = Screen::open();
    let mut command = binary().command(&repository, &["run".to_owned()]);
    let end = || Stdio::from(slave.try_clone().expect("cloned"));
    command.stdin(end()).stdout(end()).stderr(end()).process_group(0);
    let child = command.spawn().expect("it starts");
    drop((command, slave));
    let id = child.id();
    let (done, ended) = channel::<()>();
    std::thread::spawn(move || {
        // The repository stays until the run has ended.
        let _repository = repository;
        if ended.recv_timeout(Duration::from_secs(30)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            signal("-KILL", id);
        }
    });
    screen.until("Deploy to production? [y/n]");
    (screen, child, done)
}

fn signal(name: &str, id: u32) {
    let _ = Command::new("kill").args([name, &id.to_string()]).status();
}

#[test]
fn a_question_is_withdrawn_when_the_run_is_stopped() {
    let (mut screen, mut child, _done) = asking();
    signal("-INT", child.id());
    screen.until("cancelling").until("cancelled");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_question_is_repeated_until_it_is_answered() {
    for (answer, code) in [("y", 0), ("No", 1)] {
        let (mut screen, mut child, _done) = asking();
        screen.keys("perhaps\n").until("Deploy to production? [y/n]");
        screen.keys(&format!("{answer}\n")).until("1 job");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{answer}");
    }
}
