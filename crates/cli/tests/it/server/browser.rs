//! The pages in a real browser: Chromium, driven by npm's `puppeteer-core`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::instance::{Instance, RunnerProcess};
use crate::places::chromium;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").canonicalize().expect("the tests")
}

/// Runs a part of `tests/browser/pages.mjs`; it must end well.
fn browse(part: &str, chromium: &Path, server: &Instance, environment: &[(&str, &str)]) {
    let work = tempfile::Builder::new().prefix("trunkline-browser-").tempdir().expect("a directory");
    let output = Command::new("node")
        .arg(tests().join("browser/pages.mjs"))
        .arg(part)
        .env("CHROMIUM", chromium)
        .env("URL", server.public_url())
        .env("WORK", work.path())
        .envs(environment.iter().copied())
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .expect("node");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("ok "), "{}", text(&output.stdout));
}

#[test]
fn a_run_is_followed_approved_cancelled_and_run_again_by_its_buttons() {
    let Some(chromium) = chromium("a_run_is_followed_approved_cancelled_and_run_again_by_its_buttons") else { return };
    let server = Instance::start_empty(&["--runners", "0"]);
    let runner = RunnerProcess::start(&server, &["--offline"]);
    let (link, tools) = (server.set_up_link(), runner.tools());
    let tools = tools.to_string_lossy();
    browse("life", &chromium, &server, &[("LINK", &link), ("TOOLS", &tools)]);
}

/// npm's `oidc-provider`, until it is dropped.
struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start(redirect: &str) -> Self {
        let mut child = Command::new("node")
            .arg(tests().join("node/oidc_provider.mjs"))
            .env("REDIRECT", redirect)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let issuer = lines.find(|line| line.starts_with("http"));
        // It goes on talking.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, issuer: issuer.expect("an address") }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_logs_in_at_a_provider_through_the_pages() {
    let test = "a_person_logs_in_at_a_provider_through_the_pages";
    let Some(chromium) = chromium(test) else { return };
    if !tests().join("node/node_modules/oidc-provider").is_dir() {
        return testkit::skip(test, "tests/node has no oidc-provider (npm ci)");
    }
    let settings = tempfile::tempdir().expect("a directory");
    let file = settings.path().join("trunkline-server.toml");
    std::fs::write(&file, "").expect("a file");
    let path = file.to_string_lossy().into_owned();
    let mut server = Instance::start(&["--runners", "0", "--config", &path]);
    let provider = Provider::start(&format!("{}/login/callback", server.public_url()));
    let table = format!(
        "[login]\nissuer = \"{}\"\nclient_id = \"trunkline\"\nclient_secret_file = \"secret\"\ncreate_users = true\n",
        provider.issuer
    );
    std::fs::write(&file, table).expect("a file");
    std::fs::write(settings.path().join("secret"), "a-secret-of-the-test\n").expect("a file");
    server.kill();
    server.start_again();
    browse("provider", &chromium, &server, &[("ISSUER", &provider.issuer)]);
}
