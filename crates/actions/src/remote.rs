//! Getting the files of a remote repository at a ref.

use std::path::PathBuf;
use std::sync::Arc;

use git::{Origin, RepoName, Snapshot, Source};

use crate::{ActionError, LockedAction, Resolver};

/// A remote repository's files.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Commit, when from git.
    pub(crate) commit: Option<String>,
    /// Tree hash, when from git.
    pub(crate) tree: Option<String>,
    /// One sentence.
    pub(crate) why: String,
    /// Keeps the files.
    pub(crate) held: Option<Arc<Snapshot>>,
}

impl Resolver {
    /// The files of `repo` at `reference`; found once, remembered for the life of the resolver.
    pub(crate) fn remote(
        &self,
        repo: &RepoName,
        reference: &str,
        pin: Option<&LockedAction>,
    ) -> Result<Remote, ActionError> {
        let commit = pin.map(|pin| pin.commit.as_str());
        let key = format!("{repo}@{}", commit.unwrap_or(reference)).to_lowercase();
        if let Some(known) = self.known.lock().ok().and_then(|known| known.get(&key).cloned()) {
            return Ok(known);
        }
        // Two threads may look at once; both then find the same.
        let vendored = pin.map(|pin| self.vendored(repo, reference, pin)).transpose()?.flatten();
        let found = match vendored {
            Some(found) => found,
            None => self.fetched(repo, reference, pin)?,
        };
        if let Ok(mut known) = self.known.lock() {
            known.insert(key, found.clone());
        }
        Ok(found)
    }

    /// The vendored copy, if there is one. It is compared with the lock file: what was edited since does not run.
    fn vendored(&self, repo: &RepoName, reference: &str, pin: &LockedAction) -> Result<Option<Remote>, ActionError> {
        let Some(root) = self.vendor.as_ref().map(|vendor| vendor_dir(vendor, repo, &pin.commit)) else {
            return Ok(None);
        };
        if !root.is_dir() {
            return Ok(None);
        }
        if git::content_hash(&root).map_err(ActionError::io("cannot read", &root))? != pin.content {
            let problem = format!(
                "the vendored copy in {} is not what trunkline.lock pins; `trunkline actions vendor` puts it back",
                root.display()
            );
            return Err(ActionError::Locked { uses: format!("{repo}@{reference}"), problem });
        }
        let why = format!("{repo}@{reference} is {} (trunkline.lock), vendored in {}", pin.commit, root.display());
        let (commit, tree) = (Some(pin.commit.clone()), Some(pin.tree.clone()));
        Ok(Some(Remote { root, commit, tree, why, held: None }))
    }

    fn fetched(&self, repo: &RepoName, reference: &str, pin: Option<&LockedAction>) -> Result<Remote, ActionError> {
        let wanted = pin.map_or(reference, |pin| pin.commit.as_str());
        let found = self.sources.find(repo, Some(wanted), 1)?;
        let from = match &found.origin {
            Origin::Directory(dir) => format!("from {} (--action-source)", dir.display()),
            Origin::Cache => "from the cache".to_owned(),
            Origin::Fetched(url) => format!("fetched from {url}"),
        };
        let Some(commit) = found.commit else {
            // A plain directory has no commits: naming it is the decision, whatever the ref says.
            let root = found.repository.top_level().to_path_buf();
            let why = format!("{repo}@{reference} is the directory {} (--action-source)", root.display());
            return Ok(Remote { root, commit: None, tree: None, why, held: None });
        };
        let snapshot = self.store.snapshot(&found.repository, Source::Commit(&commit))?;
        if let Some(pin) = pin.filter(|pin| pin.tree != snapshot.tree) {
            let problem =
                format!("trunkline.lock pins tree {} but commit {commit} has tree {}", pin.tree, snapshot.tree);
            return Err(ActionError::Locked { uses: format!("{repo}@{reference}"), problem });
        }
        let named = match (pin, &found.reference) {
            (Some(_), _) => " (trunkline.lock)".to_owned(),
            (None, Some(full)) => format!(" ({full})"),
            (None, None) => String::new(),
        };
        let why = format!("{repo}@{reference} is {commit}{named}, {from}");
        let (root, tree) = (snapshot.path.clone(), Some(snapshot.tree.clone()));
        Ok(Remote { root, commit: Some(commit), tree, why, held: Some(Arc::new(snapshot)) })
    }
}

/// Where a repository is vendored.
pub(crate) fn vendor_dir(vendor: &std::path::Path, repo: &RepoName, commit: &str) -> PathBuf {
    vendor.join(repo.owner.to_ascii_lowercase()).join(repo.name.to_ascii_lowercase()).join(commit)
}
