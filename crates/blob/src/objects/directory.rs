//! Objects as files.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::{ObjectError, ObjectInfo};

/// Bytes of one piece of a stream.
const PIECE: u64 = 256 * 1024;

/// Where objects lie until they are whole.
const INCOMING: &str = ".incoming";

#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn open(root: &Path) -> Result<Self, ObjectError> {
        let incoming = root.join(INCOMING);
        let wrong =
            |error: io::Error| ObjectError::Address { address: root.display().to_string(), reason: error.to_string() };
        fs::create_dir_all(&incoming).map_err(wrong)?;
        let root = root.canonicalize().map_err(wrong)?;
        Ok(Self { root })
    }

    pub(super) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ObjectError> {
        self.blocking(name, move |root, name| store(root, name, |file| file.write_all(&bytes))).await
    }

    pub(super) async fn put_file(&self, name: &str, from: &Path) -> Result<(), ObjectError> {
        let from = from.to_owned();
        let copy = move |file: &mut File| File::open(&from).and_then(|mut from| io::copy(&mut from, file)).map(drop);
        self.blocking(name, move |root, name| store(root, name, copy)).await
    }

    pub(super) async fn take_file(&self, name: &str, from: &Path) -> Result<(), ObjectError> {
        let owned = from.to_owned();
        let moved = self.blocking(name, move |root, name| adopt(root, name, &owned)).await;
        match moved {
            // On another filesystem.
            Err(ObjectError::Failed { .. }) => {
                self.put_file(name, from).await?;
                let _ = tokio::fs::remove_file(from).await;
                Ok(())
            }
            done => done,
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<Bytes, ObjectError> {
        self.blocking(name, |root, name| fs::read(root.join(name)).map(Bytes::from)).await
    }

    pub(super) async fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.blocking(name, move |root, name| {
            let mut file = File::open(root.join(name))?;
            read(&mut file, &range)
        })
        .await
    }

    pub(super) async fn stream(
        &self,
        name: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let file = self.blocking(name, |root, name| File::open(root.join(name))).await?;
        let name = name.to_owned();
        let pieces = stream::try_unfold((file, range), move |(mut file, range)| {
            let name = name.clone();
            async move {
                let end = range.end.min(range.start.saturating_add(PIECE));
                let piece = range.start..end;
                let reading = tokio::task::spawn_blocking(move || read(&mut file, &piece).map(|bytes| (bytes, file)));
                let (bytes, file) = joined(reading.await).map_err(|error| failed(&name, &error))?;
                let next = range.start + bytes.len() as u64..range.end;
                Ok::<_, ObjectError>((!bytes.is_empty()).then_some((bytes, (file, next))))
            }
        });
        Ok(pieces.boxed())
    }

    pub(super) async fn info(&self, name: &str) -> Result<Option<ObjectInfo>, ObjectError> {
        match self.blocking(name, |root, name| Ok(info(name.to_owned(), &fs::metadata(root.join(name))?))).await {
            Ok(info) => Ok(Some(info)),
            Err(ObjectError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), ObjectError> {
        match self.blocking(name, |root, name| fs::remove_file(root.join(name))).await {
            Err(ObjectError::Missing(_)) => Ok(()),
            done => done,
        }
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        self.blocking(prefix, |root, prefix| {
            let mut found = Vec::new();
            let top = if prefix.is_empty() { root.to_owned() } else { root.join(prefix) };
            walk(root, &top, &mut found)?;
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(found)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Path, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let (root, owned) = (self.root.clone(), name.to_owned());
        let done = tokio::task::spawn_blocking(move || work(&root, &owned)).await;
        joined(done).map_err(|error| failed(name, &error))
    }
}

fn joined<T>(done: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn failed(name: &str, error: &io::Error) -> ObjectError {
    let (name, reason) = (name.to_owned(), error.to_string());
    match error.kind() {
        io::ErrorKind::NotFound => ObjectError::Missing(name),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectError::NoSpace { name, reason },
        _ => ObjectError::Failed { name, reason },
    }
}

/// Gives a file of this filesystem a name here.
fn adopt(root: &Path, name: &str, from: &Path) -> io::Result<()> {
    let to = root.join(name);
    let parent = to.parent().unwrap_or(root);
    if !parent.is_dir() {
        fs::create_dir_all(parent)?;
        sync(root)?;
    }
    File::open(from)?.sync_all()?;
    fs::rename(from, &to)?;
    sync(parent)
}

/// A name is only given to content that is on the disk, and the name itself follows.
fn store(root: &Path, name: &str, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let to = root.join(name);
    let parent = to.parent().unwrap_or(root);
    if !parent.is_dir() {
        fs::create_dir_all(parent)?;
        sync(root)?;
    }
    let incoming = root.join(INCOMING);
    fs::create_dir_all(&incoming)?;
    let fresh = incoming.join(uuid::Uuid::new_v4().to_string());
    let written = File::create_new(&fresh)
        .and_then(|mut file| write(&mut file).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, &to))
        .and_then(|()| sync(parent));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn read(file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

fn info(name: String, meta: &fs::Metadata) -> ObjectInfo {
    let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.and_then(|passed| i64::try_from(passed.as_secs()).ok()).unwrap_or_default();
    ObjectInfo { name, size: meta.len(), modified }
}

fn walk(root: &Path, dir: &Path, found: &mut Vec<ObjectInfo>) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        // Removed between the two looks.
        let Ok(meta) = fs::metadata(&path) else { continue };
        if meta.is_dir() {
            walk(root, &path, found)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            found.push(info(name.to_string_lossy().into_owned(), &meta));
        }
    }
    Ok(())
}
