//! The end of the log, kept outside of the database too. The chain alone does not show that its newest entries were cut off:
//! any entry looks like the last one. Whoever writes to the database only cannot move the anchor along.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::{Error, Identity, Result};

/// A file with the id and the hash of an entry that must be in the log.
#[derive(Clone, Debug)]
pub struct AuditAnchor(PathBuf);

impl AuditAnchor {
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    async fn read(&self) -> Result<Option<(i64, String)>> {
        let path = self.0.clone();
        let text = blocking(move || match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        let text = text.await.map_err(|source| self.failed(source))?;
        let Some(text) = text else { return Ok(None) };
        let words = text.trim().split_once(' ').and_then(|(id, hash)| Some((id.parse().ok()?, hash.to_owned())));
        words.map(Some).ok_or_else(|| self.failed(std::io::Error::other("an id and a hash are expected")))
    }

    /// Whole or not at all, and on the disk.
    async fn write(&self, id: i64, hash: &str) -> Result<()> {
        let (path, line) = (self.0.clone(), format!("{id} {hash}\n"));
        blocking(move || replace(&path, &line)).await.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Anchor { path: self.0.clone(), source }
    }
}

fn replace(path: &Path, line: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

impl Identity {
    /// Whether the log goes through its anchor; the id of the entry that the anchor names, if there is an anchor.
    ///
    /// # Errors
    /// [`Error::AuditCut`] when the entry is gone or is another one.
    pub async fn check_audit_anchor(&self, anchor: &AuditAnchor) -> Result<Option<i64>> {
        let Some((id, hash)) = anchor.read().await? else { return Ok(None) };
        let found = store::audit::hash_of(&mut self.store().read(), id).await?;
        if found.as_ref() == Some(&hash) { Ok(Some(id)) } else { Err(Error::AuditCut(id)) }
    }

    /// Moves the anchor to the end of the log, if the log goes through where it was.
    ///
    /// # Errors
    /// As [`Self::check_audit_anchor`]: the anchor stays then, as evidence.
    pub async fn move_audit_anchor(&self, anchor: &AuditAnchor) -> Result<()> {
        let before = self.check_audit_anchor(anchor).await?;
        let (id, hash) = store::audit::end(&mut self.store().read()).await?;
        if before.unwrap_or(0) < id { anchor.write(id, &hash).await } else { Ok(()) }
    }
}
