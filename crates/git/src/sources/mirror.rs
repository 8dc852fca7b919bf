//! The cache of bare mirrors of upstream repositories.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{At, Prefer, RepoName, Sources, candidates, resolve_in};
use crate::command::{Git, LOOK_EVERY};
use crate::refs::{is_object_id, is_safe_ref};
use crate::snapshot::{Lease, write_atomically};
use crate::{Cancel, GitError, Repository};

/// How long what a branch or tag stood for is believed without asking again.
const BELIEVED: Duration = Duration::from_secs(3600);

/// One mirror, held exclusively.
pub(super) struct Mirror<'a> {
    sources: &'a Sources,
    url: String,
    dir: PathBuf,
    _lease: Lease,
}

impl Mirror<'_> {
    /// Opens or creates the mirror of `repo`. Repositories of the same name on other servers have their own.
    pub(super) fn open<'a>(sources: &'a Sources, url: &str, repo: &RepoName) -> Result<Mirror<'a>, GitError> {
        use sha2::Digest;
        let server = hex::encode(&sha2::Sha256::digest(url.to_ascii_lowercase().as_bytes())[..4]);
        let (owner, name) = (repo.owner.to_ascii_lowercase(), repo.name.to_ascii_lowercase());
        let parent = sources.mirrors().join(owner);
        std::fs::create_dir_all(&parent).map_err(GitError::io("cannot create", &parent))?;
        let dir = parent.join(format!("{name}-{server}.git"));
        let lock = parent.join(format!("{name}-{server}.lock"));
        let lease = wait_for(&lock)?;
        // Left by a git that was killed; while the lease is held nobody else writes here.
        for name in ["shallow.lock", "packed-refs.lock", "HEAD.lock"] {
            drop(std::fs::remove_file(dir.join(name)));
        }
        if !dir.join("HEAD").exists() {
            Git::new(&parent).args(["init", "-q", "--bare", "--template="]).arg(&dir).run()?;
        }
        Ok(Mirror { sources, url: url.to_owned(), dir, _lease: lease })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn repository(&self) -> Result<Repository, GitError> {
        Repository::open(&self.dir)
    }

    /// What the cache knows, when that is fresh enough (or nothing else can be asked).
    pub(super) fn known(&self, reference: Option<&str>, depth: u32, offline: bool) -> Result<Option<At>, GitError> {
        let complete = depth == 1 || (self.is_complete() && depth == 0);
        if !complete && !offline {
            return Ok(None);
        }
        if let Some(sha) = reference.filter(|name| is_object_id(name)) {
            return resolve_in(&self.repository()?, Some(sha), Prefer::Tag);
        }
        let note = self.note(reference);
        let age = std::fs::metadata(&note).and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_none_or(|age| age > BELIEVED && !offline) {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&note).unwrap_or_default();
        let Some((sha, full)) = text.trim_end().split_once(' ').filter(|(sha, _)| is_object_id(sha)) else {
            return Ok(None);
        };
        let here = self.repository()?.resolve_commit(sha)?.is_some();
        Ok(here.then(|| (sha.to_owned(), Some(full.to_owned()))))
    }

    /// Asks upstream what `reference` stands for now.
    pub(super) fn ask(&self, reference: Option<&str>, prefer: Prefer) -> Result<Option<At>, GitError> {
        let wanted: Vec<String> = match reference {
            None => vec!["HEAD".to_owned()],
            Some(name) => {
                let mut full: Vec<String> = candidates(name, prefer).into_iter().map(|(_, full)| full).collect();
                full.dedup();
                full.into_iter().flat_map(|full| [format!("{full}^{{}}"), full]).collect()
            }
        };
        let git = self.git().args(["ls-remote", "--quiet", "--symref"]).arg(&self.url).args(&wanted);
        let out = git.run()?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let lines = || text.lines().filter_map(|line| line.split_once('\t'));
        let default = lines().find_map(|(left, right)| left.strip_prefix("ref: ").filter(|_| right == "HEAD"));
        for name in &wanted {
            let Some((sha, _)) = lines().find(|(sha, found)| *found == name && is_object_id(sha)) else {
                continue;
            };
            let full = if name == "HEAD" { default.unwrap_or("HEAD") } else { name.trim_end_matches("^{}") };
            return Ok(Some((sha.to_owned(), Some(full.to_owned()))));
        }
        Ok(None)
    }

    /// Brings `reference` here.
    pub(super) fn fetch(&self, reference: Option<&str>, depth: u32, prefer: Prefer) -> Result<Option<At>, GitError> {
        let at = match reference.filter(|name| is_object_id(name)) {
            Some(sha) => (sha.to_owned(), None),
            None => match self.ask(reference, prefer)? {
                Some(at) => at,
                None => return Ok(None),
            },
        };
        let (sha, full) = &at;
        let here = self.repository()?.resolve_commit(sha)?.is_some() && depth == 1;
        if !here {
            self.bring(sha, full.as_deref(), depth)?;
        }
        if let Some(full) = full {
            write_atomically(&self.note(reference), format!("{sha} {full}\n").as_bytes())?;
        }
        // A tag object may have been asked for by id.
        Ok(self.repository()?.resolve_commit(sha)?.map(|commit| (commit, at.1)))
    }

    fn bring(&self, sha: &str, full: Option<&str>, depth: u32) -> Result<(), GitError> {
        let own = format!("refs/kept/{sha}");
        if depth > 0 {
            let depth = format!("--depth={depth}");
            let by_id = self.fetching(&[&depth], &[format!("+{sha}:{own}")]);
            // Not every server hands out commits by id; then the ref is asked for, or everything.
            let by_ref = |error| match full {
                Some(full) => self.fetching(&[&depth], &[format!("+{full}:{own}")]),
                None => Err(error),
            };
            if by_id.or_else(by_ref).is_ok() {
                return Ok(());
            }
        }
        let all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"].map(str::to_owned);
        let unshallow: &[&str] = if self.dir.join("shallow").exists() { &["--unshallow"] } else { &[] };
        self.fetching(unshallow, &all)?;
        write_atomically(&self.dir.join("complete"), b"")
    }

    pub(super) fn bring_whole(&self, reference: &str, commit: &str) -> Result<(), GitError> {
        if !is_object_id(commit) || !is_safe_ref(reference) {
            return Err(GitError::Input(format!("`{commit}` at `{reference}` is no commit at a ref")));
        }
        let there = self.repository()?.find_ref(reference)?.is_some_and(|found| found.commit() == commit);
        if there {
            return Ok(());
        }
        let mut specs = vec!["+refs/heads/*:refs/heads/*".to_owned(), "+refs/tags/*:refs/tags/*".to_owned()];
        let own = !reference.starts_with("refs/heads/") && !reference.starts_with("refs/tags/");
        if own && reference.starts_with("refs/") {
            specs.push(format!("+{reference}:{reference}"));
        }
        let whole = self.fetching(&["--prune"], &specs);
        let here = || Ok::<_, GitError>(self.repository()?.resolve_commit(commit)?.is_some());
        if here()? {
            return Ok(());
        }
        // The ref has moved on since, or is gone.
        let by_id = self.fetching(&[], &[format!("+{commit}:refs/kept/{commit}")]);
        if here()? { Ok(()) } else { by_id.and(whole) }
    }

    fn fetching(&self, options: &[&str], specs: &[String]) -> Result<(), GitError> {
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-write-fetch-head",
        ];
        self.git().args(fetch).args(options).arg("--end-of-options").arg(&self.url).args(specs).run()?;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.dir.join("complete").exists() && !self.dir.join("shallow").exists()
    }

    fn git(&self) -> Git {
        let options = [
            "-c",
            "protocol.version=2",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "safe.directory=*",
            // A server that sends nothing for two minutes is given up.
            "-c",
            "http.lowSpeedLimit=1",
            "-c",
            "http.lowSpeedTime=120",
        ];
        Git::new(&self.dir).quiet_args(options).envs(&self.sources.auth_env()).cancellable(&self.url)
    }

    fn note(&self, reference: Option<&str>) -> PathBuf {
        self.dir.join(format!("at-{}", hex::encode(reference.unwrap_or("HEAD"))))
    }
}

/// The lock of a mirror. Whoever holds it may wait for a server.
fn wait_for(lock: &Path) -> Result<Lease, GitError> {
    let failed = || GitError::io("cannot lock", lock);
    let Some(cancel) = Cancel::current() else {
        return Lease::exclusive(lock).map_err(failed());
    };
    loop {
        cancel.check()?;
        if let Some(lease) = Lease::try_exclusive(lock).map_err(failed())? {
            return Ok(lease);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
