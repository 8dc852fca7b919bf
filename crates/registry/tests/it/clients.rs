//! The clients that people use. Skipped, with the reason, where they are missing or cannot run.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use blob::Digest;
use registry::{Anonymous, UsersFile};
use serde_json::Value;

use crate::images::write_layout;
use crate::server::Server;

/// Runs a client; `None`, and told, when it is not installed.
fn client(test: &str, program: &str, home: &Path, args: &[&str]) -> Option<Output> {
    let auth = home.join("auth.json");
    if !auth.exists() {
        // buildah wants the file that it is told of.
        std::fs::write(&auth, "{}").unwrap();
    }
    let output = Command::new(program)
        .args(args)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("REGISTRY_AUTH_FILE", &auth)
        .env("DOCKER_CONFIG", home.join("docker"))
        .output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            testkit::skip(test, &format!("`{program}` is not installed"));
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn skopeo_copies_there_and_back() {
    const TEST: &str = "registry clients::skopeo_copies_there_and_back";
    let server = Server::start();
    let home = server.dir();
    let digest = write_layout(&home.join("layout"));
    let run = |args: &[&str]| client(TEST, "skopeo", home, args);
    let image = format!("docker://{}/team/app:v1", server.address);
    let source = format!("oci:{}:latest", home.join("layout").display());
    let Some(pushed) = run(&["copy", "--dest-tls-verify=false", &source, &image]) else { return };
    succeeded(&pushed);
    let inspected = succeeded(&run(&["inspect", "--tls-verify=false", &image]).unwrap());
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(
        (inspected["Digest"].as_str().unwrap(), &inspected["RepoTags"][0]),
        (digest.to_string().as_str(), &"v1".into())
    );
    let other = format!("docker://{}/mounted/app:v2", server.address);
    succeeded(&run(&["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &image, &other]).unwrap());
    // Docker's own types are made on the way.
    let docker = format!("docker://{}/docker/app:v2", server.address);
    succeeded(
        &run(&["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--format=v2s2", &image, &docker]).unwrap(),
    );
    let back = format!("oci:{}:latest", home.join("back").display());
    succeeded(&run(&["copy", "--src-tls-verify=false", &other, &back]).unwrap());
    let index: Value = serde_json::from_slice(&std::fs::read(home.join("back/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["digest"], digest.to_string());
    succeeded(&run(&["delete", "--tls-verify=false", &image]).unwrap());
    assert!(!run(&["inspect", "--tls-verify=false", &image]).unwrap().status.success());
}

#[test]
fn skopeo_logs_in() {
    logs_in("registry clients::skopeo_logs_in", Anonymous::Nothing);
}

#[test]
fn skopeo_logs_in_where_everybody_may_pull() {
    logs_in("registry clients::skopeo_logs_in_where_everybody_may_pull", Anonymous::Pull);
}

fn logs_in(test: &str, anonymous: Anonymous) {
    let server = Server::with(|config| {
        let path = config.root.join("users");
        let mut users = UsersFile::default();
        users.set("ann", bcrypt::hash("apple", 4).unwrap()).unwrap();
        users.write(&path).unwrap();
        config.access.users = Some(path);
        config.access.anonymous = anonymous;
    });
    let home = server.dir();
    write_layout(&home.join("layout"));
    let source = format!("oci:{}:latest", home.join("layout").display());
    let image = format!("docker://{}/app:v1", server.address);
    let run = |args: &[&str]| client(test, "skopeo", home, args);
    let Some(refused) = run(&["copy", "--dest-tls-verify=false", &source, &image]) else { return };
    assert!(!refused.status.success());
    let address = server.address.to_string();
    assert!(!run(&["login", "--tls-verify=false", "-u", "ann", "-p", "wrong", &address]).unwrap().status.success());
    succeeded(&run(&["login", "--tls-verify=false", "-u", "ann", "-p", "apple", &address]).unwrap());
    succeeded(&run(&["copy", "--dest-tls-verify=false", &source, &image]).unwrap());
    let fetch = |to: &str| {
        run(&["copy", "--src-tls-verify=false", &image, &format!("dir:{}", home.join(to).display())]).unwrap()
    };
    succeeded(&fetch("out"));
    succeeded(&run(&["logout", &address]).unwrap());
    assert_eq!(fetch("again").status.success(), anonymous == Anonymous::Pull);
}

#[test]
fn buildah_pulls_commits_and_pushes() {
    const TEST: &str = "registry clients::buildah_pulls_commits_and_pushes";
    let server = Server::start();
    let home = server.dir();
    std::fs::write(home.join("greeting"), "hello\n".repeat(1000)).unwrap();
    let (root, state) = (home.join("storage").display().to_string(), home.join("state").display().to_string());
    let run = |args: &[&str]| {
        let all: Vec<&str> =
            ["--root", &root, "--runroot", &state, "--storage-driver", "vfs"].iter().chain(args).copied().collect();
        client(TEST, "buildah", home, &all)
    };
    let image = format!("{}/built/app:v1", server.address);
    let Some(begun) = run(&["from", "--name", "work", "scratch"]) else { return };
    if !begun.status.success() {
        let reason = String::from_utf8_lossy(&begun.stderr).lines().last().unwrap_or_default().to_owned();
        return testkit::skip(TEST, &format!("buildah cannot store images here: {reason}"));
    }
    succeeded(&run(&["copy", "work", &home.join("greeting").display().to_string(), "/greeting"]).unwrap());
    succeeded(&run(&["commit", "work", "built"]).unwrap());
    succeeded(&run(&["push", "--tls-verify=false", "built", &format!("docker://{image}")]).unwrap());
    succeeded(&run(&["rm", "work"]).unwrap());
    succeeded(&run(&["rmi", "built"]).unwrap());
    succeeded(&run(&["pull", "--tls-verify=false", &image]).unwrap());
    assert_eq!(server.get("/v2/built/app/manifests/v1").expect(200).json()["layers"].as_array().unwrap().len(), 1);
}

/// Algorithms that no client makes by itself come through them all the same.
#[test]
fn skopeo_pulls_by_a_long_digest() {
    const TEST: &str = "registry clients::skopeo_pulls_by_a_long_digest";
    let server = Server::start();
    let home = server.dir();
    let bytes = server.image("app", "layer").to_string();
    let digest = Digest::with(blob::Algorithm::Sha512, bytes.as_bytes());
    server.put_bytes("app", &digest.to_string(), crate::server::MANIFEST, bytes.as_bytes()).expect(201);
    let image = format!("docker://{}/app@{digest}", server.address);
    let Some(raw) = client(TEST, "skopeo", home, &["inspect", "--raw", "--tls-verify=false", &image]) else { return };
    assert_eq!(succeeded(&raw), bytes);
}

/// A Docker daemon of the test's own.
struct Daemon {
    child: std::process::Child,
    socket: String,
}

impl Daemon {
    /// `None` where it does not start.
    fn start(dir: &Path) -> Option<Self> {
        std::fs::create_dir(dir).ok()?;
        let at = |name: &str| dir.join(name).display().to_string();
        let socket = format!("unix://{}", at("socket"));
        let child = Command::new("dockerd")
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "-H", &socket, "-p", &at("pid")])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut daemon = Self { child, socket };
        while !Command::new("docker").args(["-H", &daemon.socket, "version"]).output().ok()?.status.success() {
            if !matches!(daemon.child.try_wait(), Ok(None)) {
                return None;
            }
            std::thread::yield_now();
        }
        Some(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // It ends its own children then.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

#[test]
fn docker_pushes_and_pulls() {
    const TEST: &str = "registry clients::docker_pushes_and_pulls";
    let server = Server::start();
    let home = server.dir();
    if client(TEST, "docker", home, &["--version"]).is_none() {
        return;
    }
    let Some(daemon) = Daemon::start(&home.join("daemon")) else {
        return testkit::skip(TEST, "dockerd does not start here");
    };
    let run = |args: &[&str]| {
        let all: Vec<&str> = ["-H", &daemon.socket].iter().chain(args).copied().collect();
        succeeded(&client(TEST, "docker", home, &all).unwrap())
    };
    let tar = home.join("root.tar");
    let mut root = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(5);
    header.set_mode(0o644);
    root.append_data(&mut header, "greeting", &b"hello"[..]).unwrap();
    std::fs::write(&tar, root.into_inner().unwrap()).unwrap();
    let image = format!("{}/docker/app:v1", server.address);
    let id = run(&["import", &tar.display().to_string(), &image]);
    run(&["push", &image]);
    run(&["rmi", "-f", id.trim()]);
    run(&["pull", &image]);
    assert_eq!(run(&["inspect", "--format", "{{.Id}}", &image]), id);
    let pushed = server.get("/v2/docker/app/manifests/v1").expect(200);
    assert_eq!(pushed.header("content-type"), Some("application/vnd.docker.distribution.manifest.v2+json"));
}
