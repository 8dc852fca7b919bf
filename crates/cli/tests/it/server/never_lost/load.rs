//! Clients at work, whatever becomes of the servers.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use testkit::TestRepository;

use super::api::Api;
use super::ledger::Ledger;
use super::site::Site;
use crate::server::instance::PASSWORD;

pub(super) const BRANCHES: [&str; 2] = ["main", "side"];

/// Lines that each job prints.
pub(super) const LINES: usize = 120;

/// More than this are not begun while as many run.
const OPEN_RUNS: usize = 5;

/// Bytes of an artifact; every fourth run has one that is uploaded in blocks.
const ARTIFACT: usize = 100_000;
const LARGE_ARTIFACT: usize = 9_000_000;

/// The lock is the proof that no other execution of the job lives; the system lets go of it with the last process that has it.
const WORKFLOW: &str = r#"on: push
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: |
          execution=$(cat /proc/sys/kernel/random/uuid)
          key=$RUNNER_TOOL_CACHE/$GITHUB_RUN_ID
          echo "execution $execution"
          exec 9>"$key.lock"
          if ! flock -n 9; then echo "$GITHUB_RUN_ID $execution" >>"$RUNNER_TOOL_CACHE/twice"; exit 3; fi
          echo "start $execution" >>"$key.marks"
          for n in $(seq 1 LINES); do
            echo "line $n"
            if [ $((n % 10)) = 0 ]; then sleep 0.1; fi
          done
          yes "$GITHUB_SHA" | head -c SIZE >out.txt
          echo "end $execution" >>"$key.marks"
      - uses: actions/upload-artifact@v4
        with: { name: out, path: out.txt }
      - run: |
          exec 9>"$RUNNER_TOOL_CACHE/$GITHUB_RUN_ID.lock"
          if ! flock -n 9; then echo "$GITHUB_RUN_ID at the end" >>"$RUNNER_TOOL_CACHE/twice"; exit 3; fi
          echo "that were LINES lines"
  deploy:
    needs: work
    runs-on: ubuntu-latest
    environment: prod
    steps:
      - run: echo "deployed $GITHUB_SHA"
"#;

/// What the job of a commit uploads.
pub(super) fn content_of(sha: &str, size: usize) -> Vec<u8> {
    format!("{sha}\n").into_bytes().into_iter().cycle().take(size).collect()
}

pub(super) fn is_size(size: usize) -> bool {
    [ARTIFACT, LARGE_ARTIFACT].contains(&size)
}

/// Threads that push, approve and watch.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(site: &Site, ledger: &Ledger) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let open = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        for branch in BRANCHES {
            let (apis, ledger, stop, open) = (site.apis.clone(), ledger.clone(), stop.clone(), open.clone());
            threads.push(std::thread::spawn(move || push(branch, &apis, &ledger, &stop, &open)));
        }
        for work in [approve as fn(&Api, &Ledger), watch] {
            let (apis, ledger, stop, open) = (site.apis.clone(), ledger.clone(), stop.clone(), open.clone());
            threads.push(std::thread::spawn(move || {
                // The approver stays for as long as there is something to approve.
                for turn in 0.. {
                    work(&apis[turn % apis.len()], &ledger);
                    let left = ledger.open();
                    open.store(left, Ordering::Relaxed);
                    if stop.load(Ordering::Relaxed) && left == 0 {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(60));
                }
            }));
        }
        Self { stop, threads }
    }

    /// No client has seen what must not be.
    pub(super) fn must_live(&self) {
        assert!(self.threads.iter().all(|thread| !thread.is_finished()), "a client has failed, see above");
    }

    /// Nothing more is begun; what was is brought to its end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Once everything has ended.
    pub(super) fn end(self) {
        for thread in self.threads {
            thread.join().expect("a client that is content");
        }
    }
}

fn push(branch: &str, apis: &[Api], ledger: &Ledger, stop: &AtomicBool, open: &AtomicUsize) {
    let repository = TestRepository::from_files(&[("README", "mixed load\n")]).expect("a repository");
    if branch != "main" {
        repository.git(&["checkout", "--quiet", "-b", branch]).expect("a branch");
    }
    for number in 0_usize.. {
        while open.load(Ordering::Relaxed) >= OPEN_RUNS && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let size = if number % 4 == 3 { LARGE_ARTIFACT } else { ARTIFACT };
        let workflow = WORKFLOW.replace("LINES", &LINES.to_string()).replace("SIZE", &size.to_string());
        repository.write(".github/workflows/ci.yml", &workflow).expect("a file");
        repository.write("number", &format!("{branch} {number}\n")).expect("a file");
        repository.commit_all(&format!("{branch} {number}")).expect("a commit");
        let sha = head(&repository);
        ledger.attempt(branch, &sha);
        let address = format!("http://ann:{PASSWORD}@127.0.0.1:{}/ann/app.git", apis[number % apis.len()].port);
        // A server that was killed has the push or has it not; the next one goes on from either.
        if repository.git(&["push", "--quiet", &address, branch]).is_ok() {
            ledger.pushed(branch, &sha);
            open.fetch_add(1, Ordering::Relaxed);
        } else {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn head(repository: &TestRepository) -> String {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(repository.path()).output();
    String::from_utf8_lossy(&output.expect("git").stdout).trim().to_owned()
}

/// Approves what waits.
fn approve(api: &Api, ledger: &Ledger) {
    for run in ledger.waiting() {
        let path = format!("/repos/ann/app/actions/runs/{run}/pending_deployments");
        let Ok(pending) = api.get(&path) else { return };
        let pending = pending.json();
        let Some(id) = pending.as_array().and_then(|all| all.first()).map(|one| one["environment"]["id"].clone())
        else {
            continue;
        };
        let review = json!({ "environment_ids": [id], "state": "approved", "comment": "fine" });
        if api.ask("POST", &path, Some(&review)).is_ok_and(|answer| answer.status == 200) {
            ledger.approved(run);
        }
    }
}

/// Reads what there is to read, as people do who follow a run.
fn watch(api: &Api, ledger: &Ledger) {
    ledger.follow(api);
}
