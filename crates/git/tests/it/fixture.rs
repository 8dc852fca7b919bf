//! Real repositories in temporary directories.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use git::{Repository, Snapshot, SnapshotStore, Source};
use tempfile::TempDir;

/// A directory with a repository in `repo` and a store in `cache`.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
}

impl Fixture {
    /// A repository on `main` without commits.
    pub(crate) fn empty() -> Fixture {
        let fixture = Fixture { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(fixture.path()).unwrap();
        git_in(&fixture.path(), &["init", "-q", "-b", "main"]);
        fixture
    }

    /// A repository with one commit: `a.txt`, `dir/b.txt`, `run.sh` (executable), `link`.
    pub(crate) fn new() -> Fixture {
        let fixture = Fixture::empty();
        fixture.write("a.txt", "one\n");
        fixture.write("dir/b.txt", "two\n");
        fixture.write("run.sh", "#!/bin/sh\n");
        fixture.executable("run.sh");
        std::os::unix::fs::symlink("dir/b.txt", fixture.path().join("link")).unwrap();
        fixture.commit("first");
        fixture
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn executable(&self, path: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.path().join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.path(), args)
    }

    /// Commits everything; returns the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::discover(&self.path()).unwrap()
    }

    pub(crate) fn store(&self) -> SnapshotStore {
        SnapshotStore::open(&self.cache()).unwrap()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.store().snapshot(&self.repository(), Source::WorkTree).unwrap()
    }
}

/// Runs git with no configuration but its own and a fixed clock; returns its output, trimmed.
pub(crate) fn git_in(dir: &Path, args: &[impl AsRef<OsStr>]) -> String {
    let out = command_in(dir, args).output().unwrap();
    let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy().into_owned()).collect();
    assert!(out.status.success(), "git {shown:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
}

pub(crate) fn command_in(dir: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.env("GIT_AUTHOR_NAME", "Ada").env("GIT_AUTHOR_EMAIL", "ada@example.org");
    command.env("GIT_COMMITTER_NAME", "Grace").env("GIT_COMMITTER_EMAIL", "grace@example.org");
    command.env("GIT_AUTHOR_DATE", "1700000000 +0130").env("GIT_COMMITTER_DATE", "1700000100 -0700");
    command.env("GIT_ALLOW_PROTOCOL", "file:https");
    command
}

/// Every path below `dir` with its content (or `-> target`), sorted; directories end with `/` when empty.
pub(crate) fn listing(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(at) = dirs.pop() {
        let entries: Vec<_> = std::fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().path()).collect();
        let name = |path: &Path| path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
        if entries.is_empty() {
            found.push((format!("{}/", name(&at)), String::new()));
        }
        for path in entries {
            if path.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                dirs.push(path);
            } else if meta.is_symlink() {
                found.push((name(&path), format!("-> {}", std::fs::read_link(&path).unwrap().display())));
            } else {
                found.push((name(&path), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()));
            }
        }
    }
    found.sort();
    found
}

/// The state of a directory tree that must not change: names, sizes, times, contents.
pub(crate) fn fingerprint(dir: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(at) = dirs.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            found.push(format!(
                "{} {} {} {} {}",
                path.display(),
                meta.size(),
                meta.mtime(),
                meta.mtime_nsec(),
                meta.ino()
            ));
            if meta.is_dir() {
                dirs.push(path);
            }
        }
    }
    found.sort();
    found
}
