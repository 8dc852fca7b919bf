//! Refs of a repository.

use std::path::Path;

use crate::{GitError, Repository};

/// A ref and what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Full name, e.g. `refs/tags/v1`.
    pub name: String,
    /// Object it names.
    pub sha: String,
    /// Commit behind an annotated tag.
    pub peeled: Option<String>,
}

impl Ref {
    /// The commit it stands for.
    pub fn commit(&self) -> &str {
        self.peeled.as_deref().unwrap_or(&self.sha)
    }
}

impl Repository {
    /// All refs, sorted by name. One process, kept for the life of this value.
    pub fn refs(&self) -> Result<&[Ref], GitError> {
        if let Some(refs) = self.refs.get() {
            return Ok(refs);
        }
        let mut refs = Vec::new();
        if self.is_git() {
            let out = self.git().args(["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"]).run()?;
            for line in String::from_utf8_lossy(&out).lines() {
                let mut parts = line.splitn(3, ' ');
                let (Some(sha), Some(peeled), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                    continue;
                };
                let peeled = (!peeled.is_empty()).then(|| peeled.to_owned());
                refs.push(Ref { name: name.to_owned(), sha: sha.to_owned(), peeled });
            }
        }
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self.refs.get_or_init(|| refs))
    }

    /// The ref with this full name.
    pub(crate) fn find_ref(&self, name: &str) -> Result<Option<&Ref>, GitError> {
        let refs = self.refs()?;
        Ok(refs.binary_search_by(|known| known.name.as_str().cmp(name)).ok().map(|at| &refs[at]))
    }

    /// What a ref names, read from files: symbolic refs are followed.
    pub(crate) fn read_ref(&self, name: &str) -> Option<String> {
        let common = self.common_dir()?;
        let mut name = name.to_owned();
        for _ in 0..5 {
            if !is_safe_ref(&name) {
                return None;
            }
            match std::fs::read_to_string(common.join(&name)) {
                Ok(text) => match text.trim().strip_prefix("ref:") {
                    Some(next) => name = next.trim().to_owned(),
                    None => return is_object_id(text.trim()).then(|| text.trim().to_owned()),
                },
                Err(_) => return read_packed(&common.join("packed-refs"), &name),
            }
        }
        None
    }

    /// Whether refs are kept in a form we do not read ourselves.
    pub(crate) fn has_reftable(&self) -> bool {
        self.common_dir().is_some_and(|dir| dir.join("reftable").is_dir())
    }
}

/// Whether `text` is a full object id.
pub(crate) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a ref name can be joined to a directory and given to git.
pub(crate) fn is_safe_ref(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['-', '/'])
        && !name.ends_with(['/', '.'])
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains("@{")
        && !name.bytes().any(|b| b <= b' ' || b == 0x7f || b"~^:?*[\\".contains(&b))
}

fn read_packed(path: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines().filter(|line| !line.starts_with(['#', '^']));
    let line = lines.find(|line| line.split_once(' ').is_some_and(|(_, known)| known == name))?;
    line.split_once(' ').map(|(sha, _)| sha.to_owned())
}
