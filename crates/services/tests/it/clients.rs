//! GitHub's own npm clients, unmodified, and a verifier of another language.

use crate::fixture::{Fixture, job};
use services::{ArtifactFile, ArtifactOwner, Compression, JobEnvironment, JobIdentity, UploadOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Why the clients cannot run here, if they cannot.
fn missing() -> Option<String> {
    if Command::new("node").arg("--version").output().is_err() {
        return Some("node is not on PATH".into());
    }
    let modules = root().join("tests/node/node_modules/@actions/artifact");
    (!modules.is_dir()).then(|| "tests/node has no node_modules (npm ci)".into())
}

fn node(name: &str, environment: &JobEnvironment, dir: &Path, more: &[(&str, &str)]) {
    let script = root().join("tests/node/clients.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(name)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", dir)
        .env("TMPDIR", dir)
        .env("SCENARIO_DIR", dir)
        .env("RUNNER_TEMP", dir)
        .env("GITHUB_WORKSPACE", dir)
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_REPOSITORY", "octo/repo")
        .env("GITHUB_RUN_ID", "77")
        .env("GITHUB_REF", "refs/heads/main")
        .envs(environment.action_env.iter().map(|(name, value)| (name, value)))
        .envs(more.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ended = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && ended.contains(&format!("ok {name}")), "{ended}");
}

fn scenario(name: &str, change: impl FnOnce(&mut JobIdentity), more: &[(&str, &str)]) {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let fixture = Fixture::with(|config| config.clock = services::Clock::system());
    let mut identity = job("build (1, linux)");
    change(&mut identity);
    node(name, &fixture.environment(&identity), fixture.dir.path(), more);
}

#[test]
fn artifacts_of_the_newest_client() {
    scenario("artifacts", |_| {}, &[]);
}

#[test]
fn artifacts_of_the_v4_actions_client() {
    scenario("artifacts-v4", |_| {}, &[]);
}

#[test]
fn artifacts_without_an_archive() {
    scenario("artifact-raw", |_| {}, &[]);
}

/// What native actions and npm clients hand each other.
#[test]
fn artifacts_pass_between_native_and_npm() {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let fixture = Fixture::with(|config| config.clock = services::Clock::system());
    let dir = fixture.dir.path();
    let write = |name: &str, content: &[u8]| {
        std::fs::write(dir.join(name), content).unwrap();
        Some(dir.join(name))
    };
    let file = |source, path: &str| ArtifactFile { source, path: path.into() };
    let files = [
        file(write("a", "alpha".repeat(1000).as_bytes()), "deep/a.txt"),
        file(write("b", b"PK\x03\x04PK\x07\x08PK\x01\x02"), "PK.bin"),
        file(write("c", b""), "empty"),
    ];
    let owner = ArtifactOwner { run_id: "77".into(), job_id: "earlier".into() };
    for level in [0, 6] {
        let options = UploadOptions { compression: Compression::level(level).unwrap(), ..UploadOptions::default() };
        let name = format!("native {level}");
        fixture.services.artifacts().upload_zip(&name, &owner, files.clone(), &options).unwrap();
    }
    node("exchange", &fixture.environment(&job("a")), dir, &[]);
    for name in ["@actions artifact", "artifact-v4"] {
        let artifact = fixture.services.artifacts().get(name).unwrap();
        let down = dir.join(format!("native down {name}"));
        assert_eq!(fixture.services.artifacts().download(&artifact, &down).unwrap().files, 1);
        assert_eq!(std::fs::read_to_string(down.join("b.txt")).unwrap(), "beta");
    }
}

#[test]
fn caches_v2() {
    scenario("caches", |_| {}, &[]);
}

#[test]
fn caches_v2_in_blocks() {
    scenario("cache-big", |_| {}, &[]);
}

/// Another server's address makes the client fall back.
#[test]
fn caches_v1_by_fallback() {
    scenario("caches", |_| {}, &[("GITHUB_SERVER_URL", "https://git.example.com")]);
    scenario("cache-big", |_| {}, &[("GITHUB_SERVER_URL", "https://git.example.com")]);
}

#[test]
fn caches_v1_of_the_old_client() {
    scenario("caches-v3", |_| {}, &[]);
}

#[test]
fn caches_that_may_not_be_saved() {
    scenario("cache-read-only", |job| job.cache_write = false, &[]);
    scenario(
        "cache-read-only",
        |job| job.cache_write = false,
        &[("GITHUB_SERVER_URL", "https://git.example.com"), ("ACTIONS_CACHE_MODE", "")],
    );
}

#[test]
fn an_ended_job_is_refused() {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let fixture = Fixture::with(|config| config.clock = services::Clock::system());
    let environment = fixture.environment(&job("a"));
    fixture.services.end_job("a");
    node("refused", &environment, fixture.dir.path(), &[]);
}

#[test]
fn identity_tokens_verify_elsewhere() {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let python = root().join("target/test-tools/venv/bin/python");
    let has_jwt = Command::new(&python).args(["-c", "import jwt, cryptography"]).output();
    if !has_jwt.is_ok_and(|output| output.status.success()) {
        println!("skipped: target/test-tools/venv has no PyJWT with cryptography");
        return;
    }
    let fixture = Fixture::with(|config| config.clock = services::Clock::system());
    let mut identity = job("deploy");
    identity.environment = Some("prod".into());
    node("identity", &fixture.environment(&identity), fixture.dir.path(), &[]);
    let output = Command::new(python)
        .arg(root().join("tests/node/verify_identity.py"))
        .arg(fixture.services.url().trim_end_matches('/'))
        .arg(fixture.dir.path().join("tokens.json"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let claims: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = [
        ("sub", "repo:octo/repo:environment:prod"),
        ("aud", "https://github.com/octo"),
        ("ref", "refs/heads/main"),
        ("ref_type", "branch"),
        ("repository", "octo/repo"),
        ("repository_owner", "octo"),
        ("run_id", "77"),
        ("run_attempt", "1"),
        ("environment", "prod"),
        ("event_name", "push"),
        ("actor", "mona"),
        ("job_workflow_ref", "octo/repo/.github/workflows/ci.yml@refs/heads/main"),
        ("runner_environment", "self-hosted"),
    ];
    for (claim, value) in expected {
        assert_eq!(claims[claim], value, "{claim}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(fixture.dir.path().join("data/oidc/key.pem")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}
