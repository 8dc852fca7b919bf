//! Repositories of actions, as `--action-source` takes them.

use std::path::{Path, PathBuf};

use testkit::TestRepository;

/// A directory of `OWNER/REPO`.
pub(crate) struct Mirror {
    directory: tempfile::TempDir,
    /// The work tree behind a bare repository.
    upstream: Option<TestRepository>,
    bare: PathBuf,
}

/// A plain directory of files.
pub(crate) fn plain(name: &str, files: &[(&str, String)]) -> Mirror {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join(name);
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    Mirror { directory, upstream: None, bare: root }
}

/// A bare repository whose tag stands at a commit of these files.
pub(crate) fn bare(name: &str, files: &[(&str, String)], tag: &str) -> Mirror {
    let directory = tempfile::tempdir().expect("a directory");
    let bare = directory.path().join(format!("{name}.git"));
    std::fs::create_dir_all(bare.parent().expect("a parent")).expect("made");
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let upstream = TestRepository::from_files(&files).expect("a repository");
    let mirror = Mirror { directory, upstream: Some(upstream), bare };
    let shown = mirror.bare.to_string_lossy().into_owned();
    mirror.git(&["init", "--quiet", "--bare", &shown]);
    mirror.push(tag);
    mirror
}

impl Mirror {
    /// The value of `--action-source`.
    pub(crate) fn source(&self) -> String {
        self.path().to_string_lossy().into_owned()
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Changes a file upstream and moves the tag there.
    pub(crate) fn change(&self, path: &str, content: &str, tag: &str) {
        let upstream = self.upstream.as_ref().expect("a bare repository");
        upstream.write(path, content).expect("written");
        upstream.commit_all("a change").expect("a commit");
        self.push(tag);
    }

    fn push(&self, tag: &str) {
        let to = self.bare.to_string_lossy().into_owned();
        self.git(&["tag", "--force", tag]);
        self.git(&["push", "--quiet", "--force", &to, "main", tag]);
    }

    fn git(&self, arguments: &[&str]) {
        self.upstream.as_ref().expect("a bare repository").git(arguments).expect("git");
    }
}
