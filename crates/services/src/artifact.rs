//! Artifacts of one run: named, immutable content that jobs hand to each other and to the user.

mod inherit;
pub(crate) mod name;
mod unpack;
mod zipped;

pub use unpack::Downloaded;
pub use zipped::{ArtifactFile, Compression, open_regular};

use crate::disk::blob::{Blob, BlobWriter};
use crate::disk::index::IndexFile;
use crate::disk::staging::Staging;
use crate::disk::{remove_file, sync_dir};
use crate::remote::Remote;
use crate::{Clock, DEFAULT_QUOTA_BYTES, Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The job an artifact comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactOwner {
    pub run_id: String,
    /// The leg.
    pub job_id: String,
}

/// What an artifact's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A zip of files, unpacked when downloaded.
    Zip,
    /// One file as it was, with its media type; its name is the artifact's.
    Raw { mime_type: String },
}

impl Content {
    /// Tells by the media type a client announced.
    pub fn from_mime_type(mime_type: &str) -> Content {
        match mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "application/zip" | "application/x-zip-compressed" | "application/zip-compressed" => Content::Zip,
            _ => Content::Raw { mime_type: mime_type.to_owned() },
        }
    }

    pub fn mime_type(&self) -> &str {
        match self {
            Content::Zip => "application/zip",
            Content::Raw { mime_type } => mime_type,
        }
    }
}

/// A finished artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Unique in the run, from 1.
    pub id: u64,
    pub name: String,
    pub owner: ArtifactOwner,
    pub content: Content,
    /// Bytes as stored.
    pub size: u64,
    /// `sha256:` and lowercase hexadecimal, of the bytes as stored.
    pub digest: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// From an earlier attempt of the run: see [`ArtifactStore::inherit`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherited: bool,
}

/// How to upload.
#[derive(Debug, Clone, Default)]
pub struct UploadOptions {
    /// Take the place of an artifact with the same name, in one step.
    pub overwrite: bool,
    pub compression: Compression,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    last_id: u64,
    artifacts: Vec<Artifact>,
}

/// The artifacts of a run: under `artifacts/` in its directory, or on a server. Cheap to clone; all methods block.
#[derive(Debug, Clone)]
pub struct ArtifactStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    max_bytes: u64,
    clock: Clock,
    index: IndexFile<Index>,
    staging: Mutex<Option<Arc<Staging>>>,
    /// The artifacts lie there, not in `dir`.
    remote: Option<Arc<Remote>>,
}

impl ArtifactStore {
    /// The store of a run; touches nothing on disk.
    pub fn open(run_dir: &Path) -> ArtifactStore {
        ArtifactStore::with_limits(run_dir, DEFAULT_QUOTA_BYTES, Clock::system())
    }

    pub(crate) fn with_limits(run_dir: &Path, max_bytes: u64, clock: Clock) -> ArtifactStore {
        let dir = run_dir.join("artifacts");
        let index = IndexFile::new(&dir);
        ArtifactStore(Arc::new(Inner { dir, max_bytes, clock, index, staging: Mutex::default(), remote: None }))
    }

    /// The artifacts of a run on a server.
    pub(crate) fn on_server(remote: Arc<Remote>) -> ArtifactStore {
        let dir = PathBuf::new();
        let index = IndexFile::new(&dir);
        let (max_bytes, clock, staging) = (DEFAULT_QUOTA_BYTES, Clock::system(), Mutex::default());
        ArtifactStore(Arc::new(Inner { dir, max_bytes, clock, index, staging, remote: Some(remote) }))
    }

    fn blob_path(&self, id: u64) -> PathBuf {
        self.0.dir.join("blobs").join(id.to_string())
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.0.max_bytes
    }

    /// Opens staging, and on the first call sweeps what a killed process left.
    pub(crate) fn staging(&self) -> Result<Arc<Staging>> {
        if let Some(remote) = &self.0.remote {
            return remote.staging();
        }
        let mut staging = self.0.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(staging) = &*staging {
            return Ok(Arc::clone(staging));
        }
        let locked = self.0.index.lock()?;
        let blobs = self.0.dir.join("blobs");
        fs::create_dir_all(&blobs).map_err(Error::io(&blobs))?;
        let known: HashSet<_> = locked.value.artifacts.iter().map(|artifact| self.blob_path(artifact.id)).collect();
        for entry in fs::read_dir(&blobs).map_err(Error::io(&blobs))? {
            let path = entry.map_err(Error::io(&blobs))?.path();
            if !known.contains(&path) {
                remove_file(&path)?;
            }
        }
        let opened = Arc::new(Staging::open(&self.0.dir.join("staging"))?);
        *staging = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Uploads files as a zip, read in order and never held whole.
    ///
    /// # Errors
    /// Bad or repeated names, unreadable files, a taken artifact name, a full disk.
    pub fn upload_zip(
        &self,
        name: &str,
        owner: &ArtifactOwner,
        files: impl IntoIterator<Item = ArtifactFile>,
        options: &UploadOptions,
    ) -> Result<Artifact> {
        self.check_free(name, options.overwrite)?;
        let mut writer = BlobWriter::create(&self.staging()?, self.0.max_bytes)?;
        zipped::write(&mut writer, files, options.compression, self.0.max_bytes)?;
        self.publish(name, owner, Content::Zip, writer.finish(), options)
    }

    /// Uploads one stream as it is.
    ///
    /// # Errors
    /// As for [`ArtifactStore::upload_zip`].
    pub fn upload_raw(
        &self,
        name: &str,
        owner: &ArtifactOwner,
        mime_type: &str,
        mut reader: impl Read,
        options: &UploadOptions,
    ) -> Result<Artifact> {
        self.check_free(name, options.overwrite)?;
        let mut writer = BlobWriter::create(&self.staging()?, self.0.max_bytes)?;
        writer.copy_from(&mut reader, Path::new(name))?;
        self.publish(name, owner, Content::Raw { mime_type: mime_type.to_owned() }, writer.finish(), options)
    }

    /// Starts an artifact that is written piece by piece.
    ///
    /// # Errors
    /// A bad or taken name.
    pub fn begin(&self, name: &str, owner: &ArtifactOwner, options: &UploadOptions) -> Result<PendingArtifact> {
        self.check_free(name, options.overwrite)?;
        let writer = BlobWriter::create(&self.staging()?, self.0.max_bytes)?;
        Ok(PendingArtifact {
            store: self.clone(),
            name: name.to_owned(),
            owner: owner.clone(),
            options: options.clone(),
            writer,
        })
    }

    /// Whether the name is valid and may be uploaded to; asked again when the content is complete.
    pub(crate) fn check_free(&self, name: &str, overwrite: bool) -> Result<()> {
        name::validate_artifact_name(name)?;
        if self.0.remote.is_some() {
            // The server knows which attempt has the name, and says so when the content comes.
            return Ok(());
        }
        let taken = |artifact: &Artifact| artifact.name == name && !artifact.inherited;
        if !overwrite && self.list()?.iter().any(taken) {
            return Err(Error::ArtifactExists { name: name.to_owned() });
        }
        Ok(())
    }

    /// Makes complete content visible under its name.
    pub(crate) fn publish(
        &self,
        name: &str,
        owner: &ArtifactOwner,
        content: Content,
        mut blob: Blob,
        options: &UploadOptions,
    ) -> Result<Artifact> {
        if let Some(remote) = &self.0.remote {
            return remote.publish_artifact(name, &content, &blob, options);
        }
        blob.sync()?;
        let mut locked = self.0.index.lock()?;
        let replaced = locked.value.artifacts.iter().position(|artifact| artifact.name == name);
        let stays = |position: usize| !locked.value.artifacts[position].inherited;
        if replaced.is_some_and(stays) && !options.overwrite {
            return Err(Error::ArtifactExists { name: name.to_owned() });
        }
        let replaced = replaced.map(|position| locked.value.artifacts.remove(position));
        locked.value.last_id += 1;
        let artifact = Artifact {
            id: locked.value.last_id,
            name: name.to_owned(),
            owner: owner.clone(),
            content,
            size: blob.size,
            digest: format!("sha256:{}", blob.sha256),
            created_at: self.0.clock.now(),
            expires_at: options.expires_at,
            inherited: false,
        };
        let path = self.blob_path(artifact.id);
        blob.keep(&path)?;
        sync_dir(&self.0.dir.join("blobs"))?;
        locked.value.artifacts.push(artifact.clone());
        if let Err(error) = locked.save() {
            let _ = remove_file(&path);
            return Err(error);
        }
        if let Some(replaced) = replaced {
            remove_file(&self.blob_path(replaced.id))?;
        }
        Ok(artifact)
    }

    /// All artifacts of the run, oldest first.
    ///
    /// # Errors
    /// An unreadable index.
    pub fn list(&self) -> Result<Vec<Artifact>> {
        match &self.0.remote {
            Some(remote) => remote.artifacts(),
            None => Ok(self.0.index.read()?.artifacts),
        }
    }

    /// The artifact with this name.
    ///
    /// # Errors
    /// [`Error::NoArtifact`], or an unreadable index.
    pub fn get(&self, name: &str) -> Result<Artifact> {
        let found = self.list()?.into_iter().find(|artifact| artifact.name == name);
        found.ok_or_else(|| Error::NoArtifact { what: format!("named {name:?}") })
    }

    /// The artifact with this id.
    ///
    /// # Errors
    /// As for [`ArtifactStore::get`].
    pub fn get_by_id(&self, id: u64) -> Result<Artifact> {
        let found = self.list()?.into_iter().find(|artifact| artifact.id == id);
        found.ok_or_else(|| Error::NoArtifact { what: format!("with id {id}") })
    }

    /// The bytes as stored.
    ///
    /// # Errors
    /// [`Error::NoArtifact`] when it was deleted meanwhile.
    pub fn reader(&self, artifact: &Artifact) -> Result<File> {
        if let Some(remote) = &self.0.remote {
            return remote.open_artifact(artifact);
        }
        let path = self.blob_path(artifact.id);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NoArtifact { what: format!("named {:?}", artifact.name) },
            _ => Error::io(&path)(error),
        })
    }

    /// Writes an artifact into a directory, made if need be: a zip's files, or a raw artifact under its name.
    ///
    /// # Errors
    /// Entries that lead out of the directory (nothing is written then), damaged archives, write errors.
    pub fn download(&self, artifact: &Artifact, dir: &Path) -> Result<Downloaded> {
        let file = self.reader(artifact)?;
        match &artifact.content {
            Content::Zip => unpack::unzip(file, &self.blob_path(artifact.id), dir),
            Content::Raw { .. } => unpack::copy(file, dir, &artifact.name),
        }
    }

    /// Writes the bytes as stored, e.g. the zip itself, to a file.
    ///
    /// # Errors
    /// As for [`ArtifactStore::reader`]; write errors.
    pub fn save_as(&self, artifact: &Artifact, path: &Path) -> Result<u64> {
        let mut from = self.reader(artifact)?;
        File::create(path).and_then(|mut to| io::copy(&mut from, &mut to)).map_err(Error::io(path))
    }

    /// Deletes an artifact by name and tells which it was.
    ///
    /// # Errors
    /// [`Error::NoArtifact`], or an index that cannot be written.
    pub fn delete(&self, name: &str) -> Result<Artifact> {
        if let Some(remote) = &self.0.remote {
            let artifact = self.get(name)?;
            remote.delete_artifact(name)?;
            return Ok(artifact);
        }
        let mut locked = self.0.index.lock()?;
        let position = locked.value.artifacts.iter().position(|artifact| artifact.name == name);
        let position = position.ok_or_else(|| Error::NoArtifact { what: format!("named {name:?}") })?;
        let artifact = locked.value.artifacts.remove(position);
        locked.save()?;
        remove_file(&self.blob_path(artifact.id))?;
        Ok(artifact)
    }
}

/// The artifacts kept with a run, oldest first; for commands that look at finished runs.
///
/// # Errors
/// An unreadable index.
pub fn list_artifacts(run_dir: &Path) -> Result<Vec<Artifact>> {
    ArtifactStore::open(run_dir).list()
}

/// An artifact being written; dropped before [`PendingArtifact::finish`], it never was.
#[derive(Debug)]
pub struct PendingArtifact {
    store: ArtifactStore,
    name: String,
    owner: ArtifactOwner,
    options: UploadOptions,
    writer: BlobWriter,
}

impl PendingArtifact {
    /// Makes the artifact visible.
    ///
    /// # Errors
    /// A name taken meanwhile; a full disk.
    pub fn finish(self, content: Content) -> Result<Artifact> {
        self.store.publish(&self.name, &self.owner, content, self.writer.finish(), &self.options)
    }
}

impl Write for PendingArtifact {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
