//! Images at the server's `/v2`: skopeo with users, tokens and jobs, each with what it may.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::Digest as _;
use testkit::TestRepository;

use super::instance::{Instance, PASSWORD};

/// An image of one file, as an OCI layout.
fn layout(directory: &Path) -> PathBuf {
    let layout = directory.join("oci");
    std::fs::create_dir_all(layout.join("blobs/sha256")).expect("a directory");
    std::fs::write(directory.join("hello"), "hello\n").expect("a file");
    let tar = Command::new("tar").args(["-c", "hello"]).current_dir(directory).output().expect("tar").stdout;
    let put = |bytes: &[u8]| {
        let digest = hex::encode(sha2::Sha256::digest(bytes));
        std::fs::write(layout.join("blobs/sha256").join(&digest), bytes).expect("a file");
        (format!("sha256:{digest}"), bytes.len())
    };
    let (layer, layer_size) = put(&tar);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": [layer] },
    });
    let (config, config_size) = put(config.to_string().as_bytes());
    let oci = |kind: &str| format!("application/vnd.oci.image.{kind}");
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": oci("manifest.v1+json"),
        "config": { "mediaType": oci("config.v1+json"), "digest": config, "size": config_size },
        "layers": [{ "mediaType": oci("layer.v1.tar"), "digest": layer, "size": layer_size }],
    });
    let (manifest, size) = put(manifest.to_string().as_bytes());
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": oci("manifest.v1+json"), "digest": manifest, "size": size,
        "annotations": { "org.opencontainers.image.ref.name": "v1" },
    }]});
    std::fs::write(layout.join("index.json"), index.to_string()).expect("a file");
    std::fs::write(layout.join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").expect("a file");
    layout
}

struct Skopeo {
    directory: tempfile::TempDir,
    server: Instance,
}

impl Skopeo {
    fn start(test: &str, arguments: &[&str]) -> Option<Self> {
        if Command::new("skopeo").arg("--version").output().is_err() {
            testkit::skip(test, "skopeo is not on PATH");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("trunkline-images-").tempdir().expect("a directory");
        Some(Self { directory, server: Instance::start(arguments) })
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("skopeo")
            .arg("--insecure-policy")
            .args(arguments)
            .env("HOME", self.directory.path())
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .env("REGISTRY_AUTH_FILE", self.directory.path().join("auth.json"))
            .output()
            .expect("skopeo");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port())
    }

    fn push(&self, credentials: &str, image: &str) -> Result<String, String> {
        let from = format!("oci:{}:v1", layout(self.directory.path()).display());
        let to = format!("docker://{}/{image}", self.host());
        self.run(&["copy", "--dest-tls-verify=false", "--dest-creds", credentials, &from, &to])
    }

    fn pull(&self, credentials: Option<&str>, image: &str) -> Result<String, String> {
        let who = match credentials {
            Some(credentials) => vec!["--creds", credentials],
            None => vec!["--no-creds"],
        };
        let from = format!("docker://{}/{image}", self.host());
        self.run(&[&["inspect", "--tls-verify=false"], &who[..], &[&from]].concat())
    }

    fn login(&self, user: &str, password: &str) -> Result<String, String> {
        self.run(&["login", "--tls-verify=false", "--username", user, "--password", password, &self.host()])
    }

    /// A repository of ann's.
    fn repository(&self, name: &str, visibility: &str) {
        let authorization = format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{PASSWORD}")));
        let body = format!("{{\"name\":\"{name}\",\"visibility\":\"{visibility}\"}}");
        let answer = self.server.api("POST", "/user/repos", &authorization, &body);
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

#[test]
fn users_push_and_pull_what_their_roles_allow() {
    let Some(skopeo) = Skopeo::start("users_push_and_pull_what_their_roles_allow", &["--runners", "0", "--open"])
    else {
        return;
    };
    let (ann, bob) = (format!("ann:{PASSWORD}"), "bob:bob-has-a-password");
    skopeo.server.feed(&["admin", "user", "add", "bob"], "bob-has-a-password");
    skopeo.repository("app", "private");
    skopeo.repository("open", "public");
    // A login is right or wrong, at once.
    let wrong = skopeo.login("ann", "wrong-password").expect_err("a wrong password");
    assert!(wrong.contains("invalid username/password"), "{wrong}");
    skopeo.login("ann", PASSWORD).expect("the right one");
    let token = skopeo.server.feed(&["admin", "token", "ann"], "");
    let token = token.lines().last().expect("a token").to_owned();
    skopeo.login("ann", &token).expect("a token");
    skopeo.run(&["logout", &skopeo.host()]).expect("a logout");
    for image in ["ann/app:v1", "ann/open:v1", "ann/app/below:v1"] {
        skopeo.push(&ann, image).expect(image);
    }
    skopeo.push(&format!("ann:{token}"), "ann/app:v2").expect("with a token");
    assert!(skopeo.pull(Some(&ann), "ann/app:v1").expect("her own").contains("sha256:"));
    // What is no repository's is nobody's.
    assert!(skopeo.push(&ann, "ann/none:v1").expect_err("no such repository").contains("denied"));
    // Another user reads what is public; a stranger, too, for the server is open.
    for who in [Some(bob), None] {
        skopeo.pull(who, "ann/open:v1").unwrap_or_else(|error| panic!("{who:?}: {error}"));
        assert!(skopeo.pull(who, "ann/app:v1").expect_err("private").contains("denied"), "{who:?}");
    }
    assert!(skopeo.push(bob, "ann/open:v2").expect_err("not his").contains("denied"));
}

#[test]
fn strangers_get_nothing_from_a_server_that_is_not_open() {
    let Some(skopeo) = Skopeo::start("strangers_get_nothing_from_a_server_that_is_not_open", &["--runners", "0"])
    else {
        return;
    };
    skopeo.repository("open", "public");
    skopeo.push(&format!("ann:{PASSWORD}"), "ann/open:v1").expect("her own");
    assert!(skopeo.pull(None, "ann/open:v1").expect_err("nobody is logged in").contains("denied"));
}

#[test]
fn a_job_pushes_with_its_token_where_its_permissions_say_so() {
    let test = "a_job_pushes_with_its_token_where_its_permissions_say_so";
    let Some(skopeo) = Skopeo::start(test, &["--runners", "1", "--offline"]) else { return };
    skopeo.repository("app", "private");
    skopeo.push(&format!("ann:{PASSWORD}"), "ann/app:v1").expect("her own");
    let image = format!("docker://{}/ann/app", skopeo.host());
    let job = |level: &str| {
        format!(
            "    permissions: {{ packages: {level} }}
    runs-on: ubuntu-latest
    env: {{ CREDS: 'job:${{{{ github.token }}}}', PLAIN: '--src-tls-verify=false --dest-tls-verify=false' }}
    steps:
      - run: skopeo --insecure-policy copy $PLAIN --src-creds $CREDS --dest-creds $CREDS {image}:v1 {image}:{level}
"
        )
    };
    let workflow = format!("on: push\njobs:\n  may:\n{}  may-not:\n{}", job("write"), job("read"));
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", &workflow)]).expect("a repository");
    skopeo.server.push(&repository, "main");
    skopeo.server.completed_run("ann/app", 1);
    let ann = format!("ann:{PASSWORD}");
    let logs = || [1, 2].map(|job| skopeo.server.log("ann/app", 1, job)).join("\n");
    skopeo.pull(Some(&ann), "ann/app:write").unwrap_or_else(|error| panic!("{error}\n{}", logs()));
    skopeo.pull(Some(&ann), "ann/app:read").expect_err("the job that may only read");
    assert!(logs().contains("denied"), "{}", logs());
}
