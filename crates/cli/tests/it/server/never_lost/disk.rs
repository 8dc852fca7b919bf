//! A server whose disk is full: it says so, takes nothing in by halves, and goes on once there is room.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use store::testing::Database;

use super::site::{Plan, Site};
use super::steps::{assert_whole, head, repository, until};

const SIZE: &str = "64m";

/// A small disk at a directory, in a mount namespace that ends with the value.
struct SmallDisk {
    holder: Child,
    at: PathBuf,
}

impl SmallDisk {
    /// # Errors
    /// Why there can be none here.
    fn at(at: &Path) -> Result<Self, String> {
        let root = rustix::process::geteuid().is_root();
        let mut command = Command::new("unshare");
        command.args(if root { &["-m"][..] } else { &["-r", "-m"] }).args(["sh", "-c"]);
        command.arg(format!("mount -t tmpfs -o size={SIZE},mode=0755 tmpfs \"$0\" && echo mounted && exec cat"));
        let holder = command.arg(at).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut holder = holder.map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        let _ = BufReader::new(holder.stdout.take().expect("its output")).read_line(&mut line);
        if line.trim() == "mounted" {
            return Ok(Self { holder, at: at.to_owned() });
        }
        let output = holder.wait_with_output().map_err(|error| error.to_string())?;
        Err(format!("no small disk can be mounted: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// The words that run a program where the disk is.
    fn before(&self) -> Vec<String> {
        let id = self.holder.id().to_string();
        let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["-U", "--preserve-credentials"] };
        let words = [&["nsenter", "-t", &id, "-m"], user, &["--"]].concat();
        words.into_iter().map(str::to_owned).collect()
    }

    fn run(&self, script: &str) -> String {
        let before = self.before();
        let output = Command::new(&before[0]).args(&before[1..]).args(["sh", "-c", script]).arg(&self.at).output();
        let output = output.expect("a shell");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn fill(&self) {
        self.run(
            "cat /dev/zero >\"$0/filler\" 2>/dev/null; dd if=/dev/zero of=\"$0/filler2\" bs=1 count=4096 2>/dev/null",
        );
    }

    fn make_room(&self) {
        self.run("rm -f \"$0/filler\" \"$0/filler2\"");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Ends by itself whatever the server does meanwhile.
const WORKFLOW: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          n=0
          until [ -e "$RUNNER_TOOL_CACHE/go-on" ]; do n=$((n + 1)); echo "line $n"; touch "$RUNNER_TOOL_CACHE/runs"; sleep 0.01; done
          echo "that were $n lines"
          echo content >out.txt
      - uses: actions/upload-artifact@v4
        with: { name: out, path: out.txt }
      - if: always()
        run: touch "$RUNNER_TOOL_CACHE/over"
"#;

#[test]
fn a_full_disk_is_said_and_nothing_is_taken_in_by_halves() {
    let name = "a_full_disk_is_said_and_nothing_is_taken_in_by_halves";
    let directory = tempfile::Builder::new().prefix("trunkline-disk-").tempdir().expect("a directory");
    let disk = match SmallDisk::at(directory.path()) {
        Ok(disk) => disk,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let data = directory.path().join("data");
    let plan = Plan { before: disk.before(), data: Some(data), ..Plan::small() };
    let site = Site::of(Database::sqlite(), plan);
    let repository = repository(WORKFLOW);
    site.push(0, &repository).expect("a push");
    let sha = head(&repository);
    let sign = site.tools().join("runs");
    until(&site, "the job prints", || sign.exists().then_some(()));
    until(&site, "a line is at the server", || site.log(0, &sha).filter(|log| log.contains("Z line 1")));
    let session = site.apis[0].session();
    disk.fill();
    let told = until(&site, "the server says that its disk is full", || site.ready(0).filter(|(code, _)| *code == 503));
    assert!(told.1["disk"].as_str().is_some_and(|word| word.contains("MiB left")), "{told:?}");
    let page = site.apis[0].send("GET", "/", &[("Cookie", &session)], &[]).expect("a page");
    assert!(page.text().contains("disk is full"), "{}", page.text());
    // What is sent is refused by a sentence.
    repository.write("large", &"more than a disk that is full can take\n".repeat(5000)).expect("a file");
    repository.commit_all("While the disk is full").expect("a commit");
    let said = site.push(0, &repository).expect_err("no push is taken in");
    assert!(said.contains("507") || said.contains("full") || said.contains("No space left"), "{said}");
    let api = &site.apis[0];
    let answer = api.ask("POST", "/user/repos", Some(&json!({ "name": "other" }))).expect("an answer");
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.text().contains("disk is full"), "{}", answer.text());
    let content = vec![7_u8; 100_000];
    let oid = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&content));
    let large = format!("/ann/app.git/info/lfs/objects/{oid}");
    let answer = api.send("PUT", &large, &[], &content).expect("an answer");
    assert_eq!(answer.status, 507, "{}", answer.text());
    // The job comes to its end; what it has to say waits at its runner.
    std::fs::write(site.tools().join("go-on"), "").expect("a file");
    until(&site, "the job is over", || site.tools().join("over").exists().then_some(()));
    disk.make_room();
    until(&site, "the server is well again", || site.ready(0).filter(|(code, _)| *code == 200));
    let run = site.completed(0, &sha);
    let log = site.log(0, &sha).expect("the log");
    assert_whole(&log);
    // The artifact was refused, and why is in the log.
    assert_eq!(run["conclusion"], "failure", "{log}");
    assert!(log.contains("no room"), "{log}");
    site.push(0, &repository).expect("a push");
    assert_eq!(site.completed(0, &head(&repository))["conclusion"], "success");
    assert_eq!(api.send("PUT", &large, &[], &content).expect("an answer").status, 200);
    // Nothing half-written is left, and what is there is whole.
    let left = disk.run(
        "cd \"$0/data\" && find blobs/.incoming staging incoming git -name 'incoming-*' -o -path '*/.incoming/*' -type f \
         -o -path 'staging/*' -type f ! -name lock ! -name .lock -o -path 'incoming/*' -type f; for repo in git/*.git; do git --git-dir=$repo fsck --strict 2>&1 | grep -v dangling; done",
    );
    assert_eq!(left, "", "left on the disk");
    site.end();
}
