//! Making and removing repositories.

use std::path::Path;

use super::process::io_error;
use super::{GitError, Repo};

/// Settings of every repository: any object may be fetched by its id (pull requests and jobs do), filters are offered, nothing
/// is collected behind a push's back, and what is written is on the disk before it counts.
fn config() -> String {
    [
        "[core]",
        "\trepositoryformatversion = 0",
        "\tfilemode = true",
        "\tbare = true",
        "\tlogAllRefUpdates = false",
        "\tfsync = committed",
        "\tfsyncMethod = batch",
        "\tbigFileThreshold = 64m",
        "\tuseReplaceRefs = false",
        "[uploadpack]",
        "\tallowFilter = true",
        "\tallowAnySHA1InWant = true",
        // Not `allowRefInWant`: git 2.47 answers a shallow fetch by ref in an order that its own client refuses.
        "[receive]",
        "\tfsckObjects = true",
        "\tautogc = false",
        "\tupdateServerInfo = false",
        "\tadvertisePushOptions = true",
        "\tdenyDeletes = false",
        "\tdenyNonFastForwards = false",
        "\tdenyDeleteCurrent = ignore",
        "\tdenyCurrentBranch = ignore",
        "[receive \"fsck\"]",
        // Old histories have them, and they harm nobody.
        "\tmissingSpaceBeforeDate = warn",
        "\tzeroPaddedFilemode = warn",
        "\tbadTimezone = warn",
        "[transfer]",
        // The server's own refs are read by everybody and written by nobody else; the check is on the commands.
        "\tadvertiseSID = false",
        "[gc]",
        "\tauto = 0",
        "[pack]",
        "\tthreads = 1",
        "\twriteBitmapHashCache = true",
        "[repack]",
        "\twriteBitmaps = true",
        "",
    ]
    .join("\n")
}

impl Repo {
    /// Makes an empty repository. It appears whole or not at all.
    pub async fn init(&self, default_branch: &str) -> Result<(), GitError> {
        if self.exists() {
            return Ok(());
        }
        let parent = self.dir().parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(io_error(parent))?;
        let fresh = parent.join(format!(".new-{}", uuid::Uuid::now_v7().simple()));
        let make = |path: &Path| std::fs::create_dir_all(path).map_err(io_error(path));
        for name in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
            make(&fresh.join(name))?;
        }
        let write = |name: &str, text: &str| {
            let path = fresh.join(name);
            std::fs::write(&path, text).map_err(io_error(&path))
        };
        write("HEAD", &format!("ref: refs/heads/{default_branch}\n"))?;
        write("config", &config())?;
        match std::fs::rename(&fresh, self.dir()) {
            Ok(()) => Ok(()),
            // Another made it meanwhile.
            Err(_) if self.exists() => std::fs::remove_dir_all(&fresh).map_err(io_error(&fresh)),
            Err(source) => Err(GitError::Io { path: self.dir().to_owned(), source }),
        }
    }

    /// Removes what lies where a repository with a number just given out is to be. A crash before that number was committed left
    /// it, and SQLite gives the same number out again: the content is another's, who may be the only one allowed to see it.
    pub async fn clear_leftover(&self) -> Result<(), GitError> {
        let dir = self.dir().to_owned();
        let aside = dir.with_file_name(format!(".left-{}", uuid::Uuid::now_v7().simple()));
        match std::fs::rename(&dir, &aside) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(GitError::Io { path: dir, source }),
        }
        let removed = tokio::task::spawn_blocking({
            let aside = aside.clone();
            move || std::fs::remove_dir_all(aside)
        });
        let removed = removed.await.map_err(|error| GitError::Io { path: aside.clone(), source: error.into() })?;
        removed.map_err(|source| GitError::Io { path: aside, source })
    }

    /// Whether it has been made.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.dir().join("HEAD").is_file()
    }

    /// Points `HEAD` to another branch, which need not exist.
    pub async fn set_head(&self, branch: &str) -> Result<(), GitError> {
        self.call(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).run().await.map(drop)
    }

    /// Takes over all branches and tags of another repository of the server, whose objects are copied by hard link.
    pub async fn fork_from(&self, source: &Repo, default_branch: &str, only_default: bool) -> Result<(), GitError> {
        self.init(default_branch).await?;
        let spec = if only_default {
            vec![format!("+refs/heads/{default_branch}:refs/heads/{default_branch}")]
        } else {
            vec!["+refs/heads/*:refs/heads/*".to_owned(), "+refs/tags/*:refs/tags/*".to_owned()]
        };
        self.fetch_local(source, &spec).await
    }

    /// Fetches refs from another repository of the server.
    pub async fn fetch_local(&self, source: &Repo, spec: &[String]) -> Result<(), GitError> {
        let from = source.dir().to_string_lossy().into_owned();
        let mut args =
            vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--end-of-options"];
        args.push(&from);
        args.extend(spec.iter().map(String::as_str));
        self.call(&args).run().await.map(drop)
    }

    /// Fetches from another server. `config` is passed by the environment: it may hold a token.
    pub async fn fetch_url(
        &self,
        url: &str,
        specs: &[String],
        prune: bool,
        config: &[(String, String)],
    ) -> Result<(), GitError> {
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--force"];
        if prune {
            args.push("--prune");
        }
        args.extend(["--end-of-options", url]);
        args.extend(specs.iter().map(String::as_str));
        // The first one is `base_command`'s own.
        let mut call = self
            .call(&args)
            .env("GIT_CONFIG_COUNT", (config.len() + 1).to_string())
            .env("GIT_ALLOW_PROTOCOL", "https:http");
        for (index, (name, value)) in config.iter().enumerate() {
            call = call
                .env(&format!("GIT_CONFIG_KEY_{}", index + 1), name)
                .env(&format!("GIT_CONFIG_VALUE_{}", index + 1), value);
        }
        call.run().await.map(drop)
    }

    /// Packs what pushes left loose. Safe beside pushes and fetches: unreachable objects are kept for two weeks.
    pub async fn maintain(&self) -> Result<(), GitError> {
        self.call(&[
            "-c",
            "gc.auto=6700",
            "-c",
            "gc.autoPackLimit=50",
            "-c",
            "gc.autoDetach=false",
            "gc",
            "--auto",
            "--quiet",
        ])
        .run()
        .await
        .map(drop)
    }

    /// Bytes of its objects on the disk.
    pub async fn size(&self) -> Result<u64, GitError> {
        let text = self.call(&["count-objects", "-v"]).line().await?;
        let kib = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok()).unwrap_or_default()
        };
        Ok((kib("size:") + kib("size-pack:")) * 1024)
    }
}
