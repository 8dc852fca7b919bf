//! Artifacts of an earlier attempt of the same run.

use super::ArtifactStore;
use crate::disk::sync_dir;
use crate::{Error, Result};
use std::fs;
use std::path::Path;

impl ArtifactStore {
    /// Takes over the artifacts of an earlier attempt, whose directory is `earlier`; to be called before anything is
    /// uploaded. An upload takes the place of one taken over: its job runs again.
    ///
    /// # Errors
    /// An unreadable index, a full disk.
    pub fn inherit(&self, earlier: &Path) -> Result<()> {
        let source = ArtifactStore::open(earlier);
        let mut theirs = source.0.index.read()?;
        if theirs.artifacts.is_empty() {
            return Ok(());
        }
        let mut locked = self.0.index.lock()?;
        let blobs = self.0.dir.join("blobs");
        fs::create_dir_all(&blobs).map_err(Error::io(&blobs))?;
        for artifact in &mut theirs.artifacts {
            let (from, to) = (source.blob_path(artifact.id), self.blob_path(artifact.id));
            // Content never changes, so that both may have the same file.
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).map_err(Error::io(&from))?;
            artifact.inherited = true;
        }
        sync_dir(&blobs)?;
        locked.value = theirs;
        locked.save()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ArtifactOwner, UploadOptions};
    use super::*;

    #[test]
    fn earlier_ones_are_found_and_give_way_once() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["1", "2"].map(|name| ArtifactStore::open(&dir.path().join(name)));
        let owner = ArtifactOwner { run_id: "100".to_owned(), job_id: "0".to_owned() };
        let upload = |store: &ArtifactStore, text: &'static [u8]| {
            store.upload_raw("report.txt", &owner, "text/plain", text, &UploadOptions::default())
        };
        let read = |store: &ArtifactStore| {
            let mut text = String::new();
            let mut file = store.reader(&store.get("report.txt").unwrap()).unwrap();
            std::io::Read::read_to_string(&mut file, &mut text).unwrap();
            text
        };
        second.inherit(&dir.path().join("nothing")).unwrap();
        upload(&first, b"one").unwrap();
        second.inherit(&dir.path().join("1")).unwrap();
        assert_eq!(read(&second), "one");
        upload(&second, b"two").unwrap();
        assert_eq!((read(&first), read(&second)), ("one".to_owned(), "two".to_owned()));
        assert!(upload(&second, b"three").is_err());
        assert_eq!(second.list().unwrap().len(), 1);
    }
}
