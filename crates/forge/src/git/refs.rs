//! Reading refs, and changing them all at once or not at all.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::{GitError, Repo, ZERO};

/// One ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRef {
    /// Full name.
    pub name: String,
    /// What it points to: for annotated tags the tag object.
    pub oid: String,
    /// `commit`, `tag`, …
    pub kind: String,
    /// The commit behind an annotated tag.
    pub peeled: Option<String>,
}

impl GitRef {
    /// The commit it stands for.
    #[must_use]
    pub fn commit(&self) -> &str {
        self.peeled.as_deref().unwrap_or(&self.oid)
    }
}

/// One change of a ref. [`ZERO`] as `old` means it must not exist, as `new` that it goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    pub name: String,
    pub old: String,
    pub new: String,
}

/// The refs did not stand where the caller believed, or git would not have the names.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UpdateRefused(pub String);

impl Repo {
    /// Refs below the given prefixes (`refs/heads/`), sorted by name.
    pub async fn refs(&self, prefixes: &[&str]) -> Result<Vec<GitRef>, GitError> {
        let mut args =
            vec!["for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)", "--"];
        args.extend(prefixes);
        let out = self.call(&args).line().await?;
        let mut refs = Vec::new();
        for line in out.lines() {
            let mut fields = line.split('\0').map(str::to_owned);
            let (Some(name), Some(oid), Some(kind)) = (fields.next(), fields.next(), fields.next()) else {
                return Err(GitError::Unexpected(line.to_owned()));
            };
            let peeled = fields.next().filter(|oid| !oid.is_empty());
            refs.push(GitRef { name, oid, kind, peeled });
        }
        Ok(refs)
    }

    /// One ref by its full name.
    pub async fn read_ref(&self, name: &str) -> Result<Option<GitRef>, GitError> {
        Ok(self.refs(&[name]).await?.into_iter().find(|found| found.name == name))
    }

    /// What a ref points to, without looking at the object.
    pub async fn ref_oid(&self, name: &str) -> Result<Option<String>, GitError> {
        let answer = self.call(&["show-ref", "--verify", "--hash", "--", name]).answer().await?;
        Ok((answer.code == Some(0)).then(|| answer.text()).filter(|text| !text.is_empty()))
    }

    /// Whether a commit is in the history of a branch or a tag: somebody who may write has let it in.
    pub async fn is_published(&self, commit: &str) -> Result<bool, GitError> {
        let contains = format!("--contains={commit}");
        let args = ["for-each-ref", "--count=1", &contains, "--format=%(refname)", "refs/heads/", "refs/tags/"];
        Ok(!self.call(&args).line().await?.is_empty())
    }

    /// The commit a revision stands for: a sha, a branch, a tag, a full ref. `None` when it is not here.
    pub async fn resolve(&self, revision: &str) -> Result<Option<String>, GitError> {
        self.parse(&format!("{revision}^{{commit}}")).await
    }

    /// Any object a revision stands for.
    pub async fn parse(&self, revision: &str) -> Result<Option<String>, GitError> {
        if revision.starts_with('-') || revision.contains('\0') {
            return Ok(None);
        }
        let answer = self.call(&["rev-parse", "--verify", "--quiet", "--end-of-options", revision]).answer().await?;
        Ok((answer.code == Some(0)).then(|| answer.text()).filter(|text| super::is_oid(text)))
    }

    /// Removes the lock that a git which was killed left on a ref. Only for refs that no git is at: see `push::lock`.
    pub fn unlock_ref(&self, name: &str) -> Result<(), GitError> {
        if super::check_ref_name(name).is_err() {
            return Ok(());
        }
        let path = self.dir().join(format!("{name}.lock"));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(GitError::Io { path, source }),
            _ => Ok(()),
        }
    }

    /// Changes refs in one transaction. `lock` is held open by git until it has ended: see `push`.
    pub async fn update_refs(
        &self,
        updates: &[RefUpdate],
        lock: Option<&File>,
    ) -> Result<Result<(), UpdateRefused>, GitError> {
        let mut input = String::from("start\n");
        for update in updates {
            let RefUpdate { name, old, new } = update;
            let line = match (old == ZERO, new == ZERO) {
                (true, true) => continue,
                (true, false) => format!("create {name} {new}\n"),
                (false, true) => format!("delete {name} {old}\n"),
                (false, false) => format!("update {name} {new} {old}\n"),
            };
            input.push_str(&line);
        }
        input.push_str("prepare\ncommit\n");
        let call = self.call(&["update-ref", "--no-deref", "--stdin"]).stdin(input).held_by(lock)?;
        let command = call.shown();
        let answer = call.finish().await?;
        match answer.code {
            Some(0) => Ok(Ok(())),
            Some(128 | 1) => {
                let said = lock.and_then(what_git_said).unwrap_or_else(|| answer.stderr.clone());
                let said = said.lines().next().unwrap_or("the refs have moved meanwhile");
                Ok(Err(UpdateRefused(said.trim_start_matches("fatal: ").to_owned())))
            }
            _ => Err(answer.failed(command)),
        }
    }
}

/// The standard error of a git that wrote to a file.
pub(crate) fn what_git_said(mut file: &File) -> Option<String> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(64 * 1024).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}
