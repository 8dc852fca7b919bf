//! Locking, verifying and vendoring everything that is used, also by what is used.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use git::RepoName;

use crate::remote::{Remote, vendor_dir};
use crate::{ActionError, LockFile, LockedAction, Resolver, Uses};

/// Something `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Used but not in the lock file.
    #[error("{0} is used but not in trunkline.lock")]
    NotLocked(String),
    /// In the lock file but not used any more.
    #[error("{0} is in trunkline.lock but not used any more")]
    Unused(String),
    /// The ref now stands for another commit.
    #[error("{uses} was {locked} and is {now} now")]
    Moved {
        /// `owner/repo@ref`.
        uses: String,
        /// Pinned commit.
        locked: String,
        /// Commit now.
        now: String,
    },
    /// The commit can no longer be had.
    #[error("{uses} cannot be had any more: {message}")]
    Missing {
        /// `owner/repo@ref`.
        uses: String,
        /// What was tried.
        message: String,
    },
    /// The content is not what was pinned.
    #[error("{uses}: {place} has the content {now}, locked is {locked}")]
    Differs {
        /// `owner/repo@ref`.
        uses: String,
        /// Where: the vendored directory, or the commit.
        place: String,
        /// Pinned hash.
        locked: String,
        /// Hash found.
        now: String,
    },
}

/// Lists the `uses` values in a metadata or workflow file, given its path and bytes. The error is for a person.
pub type ListUses = dyn Fn(&Path, &[u8]) -> Result<Vec<String>, String>;

/// Walks `uses` values, also those nested in composite actions and reusable workflows. Actions that a native one stands
/// in for (under the resolver's mode) are not fetched and so not locked.
pub struct Locker<'a> {
    /// The resolver; its own lock file plays no part.
    pub resolver: &'a Resolver,
    /// Lists nested `uses` values of a file.
    pub nested: &'a ListUses,
}

/// A repository ref that is used, and whether it could be had.
type Used = BTreeMap<(String, String), Result<Option<LockedAction>, ActionError>>;

impl Locker<'_> {
    /// Pins everything reachable from `uses`. `own` is the workflow's repository. Plain directories named as sources have no
    /// commit and are left out.
    pub fn lock(&self, uses: &[Uses], own: &Path) -> Result<LockFile, ActionError> {
        let used = self.walk(uses, own, None)?;
        let pinned: Result<Vec<Option<LockedAction>>, ActionError> = used.into_values().collect();
        Ok(LockFile::new(pinned?.into_iter().flatten().collect()))
    }

    /// Compares a lock file with what is used and what upstream says.
    pub fn verify(&self, lock: &LockFile, uses: &[Uses], own: &Path) -> Result<Vec<Problem>, ActionError> {
        let used = self.walk(uses, own, Some(lock))?;
        let mut problems = Vec::new();
        for ((repository, reference), found) in &used {
            let name = format!("{repository}@{reference}");
            let Some(repo) = RepoName::parse(repository) else {
                continue;
            };
            let Some(pin) = lock.find(&repo, reference) else {
                if !matches!(found, Ok(None)) {
                    problems.push(Problem::NotLocked(name));
                }
                continue;
            };
            let vendored = self.vendored_differs(&repo, pin, &name);
            match found {
                // One finding is enough when the vendored copy is what was looked at.
                _ if vendored.is_some() => problems.extend(vendored),
                Err(error) => problems.push(Problem::Missing { uses: name.clone(), message: error.to_string() }),
                Ok(Some(now)) if now.content != pin.content || now.tree != pin.tree => {
                    let (place, locked) = (format!("commit {}", pin.commit), pin.content.clone());
                    problems.push(Problem::Differs { uses: name.clone(), place, locked, now: now.content.clone() });
                }
                Ok(_) => {}
            }
            problems.extend(self.moved(&repo, reference, pin, &name));
        }
        let is_used = |pin: &LockedAction| {
            used.keys().any(|(repository, reference)| {
                repository.eq_ignore_ascii_case(&pin.repository) && *reference == pin.reference
            })
        };
        let unused = lock.actions.iter().filter(|pin| !is_used(pin));
        problems.extend(unused.map(|pin| Problem::Unused(format!("{}@{}", pin.repository, pin.reference))));
        Ok(problems)
    }

    fn moved(&self, repo: &RepoName, reference: &str, pin: &LockedAction, name: &str) -> Option<Problem> {
        // Offline nothing can be asked, and that is no finding.
        let now = self.resolver.sources.current_commit(repo, reference).ok()?;
        let differs = !now.is_empty() && now != pin.commit;
        differs.then(|| Problem::Moved { uses: name.to_owned(), locked: pin.commit.clone(), now })
    }

    fn vendored_differs(&self, repo: &RepoName, pin: &LockedAction, name: &str) -> Option<Problem> {
        let dir = vendor_dir(self.resolver.vendor.as_ref()?, repo, &pin.commit);
        let now = git::content_hash(&dir).ok()?;
        let place = dir.display().to_string();
        (now != pin.content).then(|| Problem::Differs {
            uses: name.to_owned(),
            place,
            locked: pin.content.clone(),
            now,
        })
    }

    /// Copies the pinned repositories into `vendor` (`.trunkline/vendor`), replacing what was there. When an action's own
    /// `.gitignore` hides files it carries, they must be added with `git add --force`.
    pub fn vendor(&self, lock: &LockFile, vendor: &Path) -> Result<(), ActionError> {
        let parent = vendor.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(ActionError::io("cannot create", parent))?;
        let mark = format!("{}-{:x}", std::process::id(), fastrand::u32(..));
        let staged = parent.join(format!(".vendor-new-{mark}"));
        let filled = self.fill(lock, &staged);
        if let Err(error) = filled {
            drop(std::fs::remove_dir_all(&staged));
            return Err(error);
        }
        let old = parent.join(format!(".vendor-old-{mark}"));
        if vendor.exists() {
            std::fs::rename(vendor, &old).map_err(ActionError::io("cannot replace", vendor))?;
        }
        std::fs::rename(&staged, vendor).map_err(ActionError::io("cannot create", vendor))?;
        drop(std::fs::remove_dir_all(&old));
        Ok(())
    }

    fn fill(&self, lock: &LockFile, to: &Path) -> Result<(), ActionError> {
        std::fs::create_dir_all(to).map_err(ActionError::io("cannot create", to))?;
        // Line ends must survive being committed, or the content is another.
        let attributes = to.join(".gitattributes");
        std::fs::write(&attributes, "* -text linguist-vendored\n")
            .map_err(ActionError::io("cannot write", &attributes))?;
        for pin in &lock.actions {
            let Some(repo) = RepoName::parse(&pin.repository) else {
                continue;
            };
            let dir = vendor_dir(to, &repo, &pin.commit);
            if dir.exists() {
                continue;
            }
            let found = self.resolver.remote(&repo, &pin.reference, Some(pin))?;
            git::copy_tree(&found.root, &dir).map_err(ActionError::io("cannot copy to", &dir))?;
            let now = git::content_hash(&dir).map_err(ActionError::io("cannot read", &dir))?;
            if now != pin.content {
                let problem = format!("its content is {now}, trunkline.lock says {}", pin.content);
                return Err(ActionError::Locked { uses: format!("{repo}@{}", pin.reference), problem });
            }
        }
        Ok(())
    }

    /// Everything reachable, each repository ref once. With a lock, pinned commits are followed.
    fn walk(&self, uses: &[Uses], own: &Path, lock: Option<&LockFile>) -> Result<Used, ActionError> {
        let mut used = Used::new();
        let mut seen = BTreeSet::new();
        let mut queue: VecDeque<(Uses, PathBuf)> = uses.iter().map(|uses| (uses.clone(), own.to_path_buf())).collect();
        while let Some((uses, root)) = queue.pop_front() {
            if !seen.insert((uses.to_string(), root.clone())) {
                continue;
            }
            let (dir, inner) = match &uses {
                Uses::Docker(_) => continue,
                // In a remote action `./` means the job's workspace; a remote workflow's local workflows are its neighbours.
                Uses::Local(path) if !uses.is_workflow() => (own.join(path), root.clone()),
                Uses::Local(path) | Uses::SelfRepository(path) => (root.join(path), root.clone()),
                Uses::Remote { repo, path, reference } => {
                    if self.resolver.native(&uses).is_some() {
                        continue;
                    }
                    let found = self.resolver.remote(repo, reference, lock.and_then(|lock| lock.find(repo, reference)));
                    let key = (repo.to_string(), reference.clone());
                    let found = match found {
                        Ok(found) => found,
                        Err(error) if lock.is_some() => {
                            used.insert(key, Err(error));
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    if let Entry::Vacant(free) = used.entry(key) {
                        let pin = pin_of(free.key(), &found)?;
                        free.insert(Ok(pin));
                    }
                    (found.root.join(path), found.root)
                }
            };
            for text in self.uses_in(&uses, &dir)? {
                queue.push_back((Uses::parse(&text)?, inner.clone()));
            }
        }
        Ok(used)
    }

    /// What a workflow file or an action's metadata uses; nothing when there is none (a local action may be built by the job).
    fn uses_in(&self, uses: &Uses, at: &Path) -> Result<Vec<String>, ActionError> {
        let files = if uses.is_workflow() {
            vec![at.to_path_buf()]
        } else {
            vec![at.join("action.yml"), at.join("action.yaml")]
        };
        let Some(file) = files.into_iter().find(|file| file.is_file()) else {
            return Ok(Vec::new());
        };
        let text = std::fs::read(&file).map_err(ActionError::io("cannot read", &file))?;
        (self.nested)(&file, &text).map_err(|message| ActionError::LockFile { path: file, message })
    }
}

/// What to write into the lock file; nothing for a plain directory.
fn pin_of((repository, reference): &(String, String), found: &Remote) -> Result<Option<LockedAction>, ActionError> {
    let (Some(commit), Some(tree)) = (&found.commit, &found.tree) else {
        return Ok(None);
    };
    let content = git::content_hash(&found.root).map_err(ActionError::io("cannot read", &found.root))?;
    Ok(Some(LockedAction {
        repository: repository.clone(),
        reference: reference.clone(),
        commit: commit.clone(),
        tree: tree.clone(),
        content,
    }))
}
