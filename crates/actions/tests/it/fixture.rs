//! Repositories on a "server" directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use actions::Resolver;
use git::{SnapshotStore, Sources};
use tempfile::TempDir;

/// `server/octo/*` and the user's own directory `own`.
pub(crate) struct Fixture {
    dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let fixture = Fixture { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(fixture.own()).unwrap();
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn own(&self) -> PathBuf {
        self.path("own")
    }

    /// Commits `files` to the server's `octo/<name>`, tags it `tag`, returns the commit.
    pub(crate) fn publish(&self, name: &str, tag: &str, files: &[(&str, &str)]) -> String {
        let dir = self.path("server/octo").join(name);
        if !dir.exists() {
            std::fs::create_dir_all(&dir).unwrap();
            git_in(&dir, &["init", "-q", "-b", "main"]);
        }
        for (path, text) in files {
            write(&dir.join(path), text);
        }
        git_in(&dir, &["add", "-A", "--force"]);
        git_in(&dir, &["commit", "-q", "--allow-empty", "-m", tag]);
        git_in(&dir, &["tag", "--force", tag]);
        git_in(&dir, &["rev-parse", "HEAD"])
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            entries: Vec::new(),
            cache_dir: self.path("cache"),
            offline: false,
            server_url: format!("file://{}", self.path("server").display()),
            token: None,
            ..Sources::default()
        }
    }

    pub(crate) fn resolver(&self) -> Resolver {
        self.resolver_over(self.sources())
    }

    pub(crate) fn resolver_over(&self, sources: Sources) -> Resolver {
        Resolver::new(sources, Arc::new(SnapshotStore::open(&self.path("cache")).unwrap()))
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub(crate) fn git_in(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for (who, name) in [("AUTHOR", "Ada"), ("COMMITTER", "Grace")] {
        command.env(format!("GIT_{who}_NAME"), name).env(format!("GIT_{who}_EMAIL"), "x@example.org");
        command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
    }
    let out = command.output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}
