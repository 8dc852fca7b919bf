//! Two servers of one database and one place for blobs: what one of them was given the other gives out.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use store::testing::Database;

use super::site::{Plan, Site};
use super::steps::{assert_whole, head, repository, until};

/// PyPI's moto, which speaks S3 over HTTP, with one bucket.
struct Moto {
    process: Child,
    address: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const BUCKET: &str = "trunkline-shared";

impl Moto {
    /// `None`, and counted as skipped, where there is no moto.
    fn start(test: &str) -> Option<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let tools =
            std::env::var_os("TRUNKLINE_TEST_TOOLS").map_or_else(|| root.join("target/test-tools"), PathBuf::from);
        let program = tools.join("venv/bin/moto_server");
        if !program.is_file() {
            testkit::skip(test, "target/test-tools/venv has no moto (cargo xtask test installs it)");
            return None;
        }
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("moto");
        let lines = BufReader::new(process.stderr.take().expect("its output")).lines().map_while(Result::ok);
        let mut lines = lines.skip_while(|line| !line.contains("Running on http://"));
        let line = lines.next().expect("its address");
        let address = line.split("Running on ").nth(1).expect("its address").trim().to_owned();
        // What it says of requests is read, so that it is never held up.
        std::thread::spawn(move || lines.for_each(drop));
        let region = "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x";
        let bucket = format!("{address}/{BUCKET}");
        let made = Command::new("curl").args(["-fsS", "-X", "PUT", "-H", region, &bucket]).status().expect("curl");
        assert!(made.success());
        Some(Self { process, address })
    }
}

/// Prints until it is told, then uploads.
const WORKFLOW: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          n=0
          until [ -e "$RUNNER_TOOL_CACHE/go-on" ]; do n=$((n + 1)); echo "line $n"; sleep 0.01; done
          echo "that were $n lines"
          yes "$GITHUB_SHA" | head -c 9000000 >out.txt
      - uses: actions/upload-artifact@v4
        with: { name: out, path: out.txt }
"#;

fn two_servers(plan: Plan, test: &str) -> Option<Site> {
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => {
            testkit::skip(test, &reason);
            return None;
        }
    };
    let site = Site::of(database, Plan { servers: 2, ..plan });
    let repository = repository(WORKFLOW);
    // The runner is at the first server, everybody else asks the second.
    site.push(1, &repository).expect("a push");
    let sha = head(&repository);
    let lines = |site: &Site| site.log(1, &sha).map_or(0, |log| log.matches("Z line ").count());
    let early =
        until(&site, "lines are followed at the other server", || Some(lines(&site)).filter(|count| *count > 0));
    until(&site, "more of them come", || (lines(&site) > early).then_some(()));
    std::fs::write(site.tools().join("go-on"), "").expect("a file");
    let run = site.completed(1, &sha);
    assert_eq!(run["conclusion"], "success", "{}", site.said());
    for server in [0, 1] {
        assert_whole(&site.log(server, &sha).expect("the log"));
        let listed = site.get(server, &format!("/actions/runs/{}/artifacts", run["id"])).expect("an answer").json();
        let id = &listed["artifacts"][0]["id"];
        let answer = site.get(server, &format!("/actions/artifacts/{id}/zip")).expect("an answer");
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.body)).expect("a zip");
        let mut content = Vec::new();
        zip.by_name("out.txt").expect("its file").read_to_end(&mut content).expect("its content");
        assert!(content == super::load::content_of(&sha, 9_000_000), "server {server}");
    }
    let content: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&content));
    let object = format!("/ann/app.git/info/lfs/objects/{hash}");
    assert_eq!(site.apis[0].send("PUT", &object, &[], &content).expect("an answer").status, 200);
    assert!(site.apis[1].send("GET", &object, &[], &[]).expect("an answer").body == content);
    let part = site.apis[1].send("GET", &object, &[("Range", "bytes=4-11")], &[]).expect("an answer");
    assert_eq!((part.status, part.body.as_slice()), (206, &content[4..12]));
    let made = json!({ "tag_name": "v1", "target_commitish": "main" });
    let release = site.apis[1].ask("POST", "/repos/ann/app/releases", Some(&made)).expect("an answer").json();
    let upload = format!("/api/v3/repos/ann/app/releases/{}/assets?name=app.bin", release["id"]);
    let kind = [("Content-Type", "application/octet-stream")];
    assert_eq!(site.apis[1].send("POST", &upload, &kind, &content).expect("an answer").status, 201);
    let file = site.apis[0].send("GET", "/ann/app/releases/download/v1/app.bin", &[], &[]).expect("an answer");
    assert!(file.body == content);
    Some(site)
}

#[test]
fn two_servers_share_a_directory_of_blobs() {
    if let Some(site) = two_servers(Plan::small(), "two_servers_share_a_directory_of_blobs") {
        site.end();
    }
}

#[test]
fn two_servers_share_a_bucket() {
    let Some(moto) = Moto::start("two_servers_share_a_bucket") else { return };
    let environment = [
        ("AWS_ACCESS_KEY_ID", "key-of-the-test"),
        ("AWS_SECRET_ACCESS_KEY", "key-of-the-test"),
        ("AWS_ALLOW_HTTP", "true"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let blobs = Some(format!("s3://{BUCKET}/ci?endpoint={}&region=us-east-1", moto.address));
    let Some(site) = two_servers(Plan { blobs, environment, ..Plan::small() }, "two_servers_share_a_bucket") else {
        return;
    };
    // Nothing of it is on the servers' own disk.
    assert!(!site.path("data/blobs").exists());
    let incoming = std::fs::read_dir(site.path("data/incoming")).expect("a directory").count();
    assert_eq!(incoming, 0);
    site.end();
}
