//! How much one repository may keep.

use store::repositories::Repository;

use crate::{Error, Forge, Result};

impl Forge {
    /// Why nothing more is taken in, where a repository has as many bytes as it may have: of git's objects, large files and
    /// files of releases.
    pub async fn why_full(&self, repository: &Repository) -> Result<Option<String>> {
        let Some(most) = self.settings().limits.repository_bytes else { return Ok(None) };
        let files = store::repositories::bytes_of_files(&mut self.store().read(), repository.id).await?;
        let have = self.git(repository.id).size().await?.saturating_add(u64::try_from(files).unwrap_or(0));
        let reason = || format!("{} has {have} bytes, and may have {most} on this server", repository.full_name());
        Ok((have >= most).then(reason))
    }

    /// # Errors
    /// [`Error::TooLarge`] where the repository is full.
    pub async fn check_room(&self, repository: &Repository) -> Result<()> {
        self.why_full(repository).await?.map_or(Ok(()), |reason| Err(Error::TooLarge(reason)))
    }
}
