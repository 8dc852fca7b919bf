use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A git repository in a temporary directory, with one commit of everything in it and fixed dates, so that commit ids are the
/// same every time.
pub struct TestRepository {
    directory: tempfile::TempDir,
}

impl TestRepository {
    /// A repository on branch `main` with the files of `source` as its first commit.
    pub fn from_directory(source: &Path) -> io::Result<TestRepository> {
        let repository = TestRepository::empty()?;
        copy_tree(source, &repository.path())?;
        repository.commit_all("Initial commit")?;
        Ok(repository)
    }

    /// A repository on branch `main` with these files (path, content) as its first commit.
    pub fn from_files(files: &[(&str, &str)]) -> io::Result<TestRepository> {
        let repository = TestRepository::empty()?;
        for (path, content) in files {
            repository.write(path, content)?;
        }
        repository.commit_all("Initial commit")?;
        Ok(repository)
    }

    fn empty() -> io::Result<TestRepository> {
        let directory = tempfile::Builder::new().prefix("trunkline-test-").tempdir()?;
        std::fs::create_dir(directory.path().join("project"))?;
        std::fs::create_dir(directory.path().join("state"))?;
        std::fs::create_dir(directory.path().join("home"))?;
        let repository = TestRepository { directory };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(repository)
    }

    /// The work tree.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("project")
    }

    /// Where the binary keeps its records and caches: `TRUNKLINE_HOME`.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// `HOME` of whatever runs for the test.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Writes a file of the work tree, with the directories above it.
    pub fn write(&self, path: &str, content: &str) -> io::Result<()> {
        let path = self.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)
    }

    pub fn commit_all(&self, message: &str) -> io::Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])
    }

    /// Runs git in the work tree.
    pub fn git(&self, arguments: &[&str]) -> io::Result<()> {
        let mut command = Command::new("git");
        command.args(arguments);
        self.run(command)
    }

    /// Runs a bash script in the work tree, as `bash -e`.
    pub fn script(&self, script: &str) -> io::Result<()> {
        let mut command = Command::new("bash");
        command.args(["-e", "-c", script]);
        self.run(command)
    }

    /// The same with more variables.
    pub fn script_with(&self, script: &str, variables: &[(String, String)]) -> io::Result<()> {
        let mut command = Command::new("bash");
        command.args(["-e", "-c", script]).envs(variables.iter().map(|(name, value)| (name, value)));
        self.run(command)
    }

    fn run(&self, mut command: Command) -> io::Result<()> {
        let output = command.current_dir(self.path()).env("HOME", self.home()).envs(git_identity()).output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{command:?}: {}: {said}", output.status)))
    }
}

/// A person and a date for commits, and no configuration from outside.
pub(crate) fn git_identity() -> [(&'static str, &'static str); 8] {
    [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Mona"),
        ("GIT_AUTHOR_EMAIL", "mona@example.com"),
        ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
        ("GIT_COMMITTER_NAME", "Mona"),
        ("GIT_COMMITTER_EMAIL", "mona@example.com"),
        ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
    ]
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, target)?;
        } else {
            // Copies the mode too.
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
