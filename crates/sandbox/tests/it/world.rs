//! A launcher with its directories, and how tests run things in a sandbox.

use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sandbox::{Command, ExitStatus, FreshDir, Launcher, LauncherConfig, Mode, Placement, Sandbox, SandboxSpec};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) launcher: Launcher,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(dir.path().join("snapshots")).expect("snapshots");
        let mut config = LauncherConfig::new(dir.path().join("state"));
        config.snapshot_root = Some(dir.path().join("snapshots"));
        let launcher = Launcher::start(config).expect("launcher");
        Self { dir, launcher }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn spec(&self, name: &str) -> SandboxSpec {
        let mut spec = SandboxSpec::new(name, self.path("jobs").join(name));
        spec.dirs = vec![FreshDir { path: "/home/runner".into() }, FreshDir { path: "/home/runner/work/_temp".into() }];
        spec
    }

    pub(crate) async fn sandbox(&self, name: &str) -> Sandbox {
        self.launcher.sandbox(self.spec(name)).await.expect("sandbox")
    }

    pub(crate) async fn host(&self, name: &str) -> Sandbox {
        let mut spec = self.spec(name);
        spec.placement = Placement::Host;
        self.launcher.sandbox(spec).await.expect("host sandbox")
    }
}

/// Runs an asynchronous test to its end.
pub(crate) fn run<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    runtime.block_on(async { test().await })
}

/// Says why a test did not test.
pub(crate) fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Whether namespaces work on this machine; without them most of this suite means nothing.
pub(crate) fn isolated(sandbox: &Sandbox) -> bool {
    let real = sandbox.isolation().mode != Mode::Host;
    if !real {
        skip(&sandbox.isolation().missing.join("; "));
    }
    real
}

pub(crate) fn shell(script: &str) -> Command {
    let mut command = Command::new(["/bin/sh", "-c", script]);
    command.env = vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into())];
    command
}

/// Runs a script; gives how it ended and what it wrote to both streams.
pub(crate) async fn sh(sandbox: &Sandbox, script: &str) -> (ExitStatus, String) {
    output(sandbox, shell(script)).await
}

pub(crate) async fn output(sandbox: &Sandbox, mut command: Command) -> (ExitStatus, String) {
    let (mut reader, writer) = std::io::pipe().expect("pipe");
    command.stderr = Some(writer.try_clone().expect("clone").into());
    command.stdout = Some(writer.into());
    let process = sandbox.spawn(command).await.expect("spawns");
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    let status = process.wait().await.expect("ends");
    (status, read.await.expect("joins").expect("reads"))
}

/// Runs a script that must succeed; gives its output.
pub(crate) async fn ok(sandbox: &Sandbox, script: &str) -> String {
    let (status, text) = sh(sandbox, script).await;
    assert!(status.success(), "{script}: {status:?}: {text}");
    text
}

pub(crate) fn exists(path: impl AsRef<Path>) -> bool {
    path.as_ref().symlink_metadata().is_ok()
}
