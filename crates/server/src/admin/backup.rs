//! A copy of everything, taken while the server runs.
//!
//! ```text
//! BACKUP/backup.json       what it is of, and of which version
//! BACKUP/database.db       SQLite's file; or database.sql, as pg_dump writes it
//! BACKUP/git/<id>.git/     repositories
//! BACKUP/blobs/            logs, artifacts, caches, large files, files of releases
//! BACKUP/registry/         images
//! ```
//!
//! The database comes first, what it refers to after that: everything that was acknowledged when the copy began is in it.
//! What comes meanwhile may be there in part, and is then of no harm: a ref without its event, an object without its row.
//! The master key is not in it.

use std::io;
use std::path::Path;

use blob::objects::{Address, ObjectError, Objects};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use store::{Backend, Store};

use super::postgres;
use crate::{ServerConfig, ServerError};

/// What a backup is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    trunkline: String,
    /// Microseconds since 1970.
    created_at: i64,
    /// `sqlite` or `postgres`.
    pub(super) database: String,
    /// Names the master key that its secrets are under.
    master_key: String,
}

/// How much was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    pub repositories: usize,
    pub objects: usize,
    pub bytes: u64,
}

/// Directories beside the database and the repositories that are copied as they are: files in them are written once.
pub(super) const DIRECTORIES: [&str; 1] = ["registry"];

pub(super) async fn backup(
    config: &ServerConfig,
    store: &Store,
    master_key: String,
    to: &Path,
) -> Result<BackedUp, ServerError> {
    make_empty(to)?;
    let mut done = BackedUp::default();
    let database = match store.backend() {
        Backend::Sqlite => {
            store.copy_to(&to.join("database.db")).await?;
            "sqlite"
        }
        Backend::Postgres => {
            postgres::run("pg_dump", &["--no-owner", "--no-privileges"], &config.database_address(), |command| {
                command.arg("--file").arg(to.join("database.sql"));
            })?;
            "postgres"
        }
    };
    let from = config.git_dir();
    for entry in std::fs::read_dir(&from).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().ends_with(".git") && !name.to_string_lossy().starts_with('.') {
            repository(&entry.path(), &to.join("git").join(&name), &mut done)?;
            done.repositories += 1;
        }
    }
    let objects = Objects::open(&config.blobs_address())?;
    copy_objects(&objects, &Objects::open(&Address::Directory(to.join("blobs")))?, &mut done).await?;
    for name in DIRECTORIES {
        copy(&config.data.join(name), &to.join(name), &mut done).map_err(ServerError::io(&config.data.join(name)))?;
    }
    let manifest = Manifest {
        trunkline: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: store.now(),
        database: database.to_owned(),
        master_key,
    };
    let path = to.join("backup.json");
    // Last: a backup without it is not whole.
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| ServerError::Other(error.to_string()))?;
    std::fs::write(&path, text).map_err(ServerError::io(&path))?;
    Ok(done)
}

/// An existing empty directory, or a new one that only this user reads.
pub(super) fn make_empty(path: &Path) -> Result<(), ServerError> {
    crate::start::make_private(path)?;
    let mut entries = std::fs::read_dir(path).map_err(ServerError::io(path))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(ServerError::Other(format!("{} is not empty", path.display()))),
    }
}

/// Refs first: what they refer to is there by then, and stays. Loose ones before packed ones: packing moves them in this
/// direction.
fn repository(from: &Path, to: &Path, done: &mut BackedUp) -> Result<(), ServerError> {
    std::fs::create_dir_all(to).map_err(ServerError::io(to))?;
    for name in ["HEAD", "config", "description", "info", "refs", "packed-refs", "objects"] {
        patiently(&from.join(name), &to.join(name), done)?;
    }
    Ok(())
}

/// Packing and pushes replace files while they are copied; what they are replaced with is found the next time.
fn patiently(from: &Path, to: &Path, done: &mut BackedUp) -> Result<(), ServerError> {
    for _ in 0..10 {
        match copy(from, to, done) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => return copied.map_err(ServerError::io(from)),
        }
    }
    Err(ServerError::Other(format!("{} changes faster than it can be copied", from.display())))
}

/// Copies a file or a directory; files that are there already stay as they are. Locks and temporary files stay out.
pub(super) fn copy(from: &Path, to: &Path, done: &mut BackedUp) -> io::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let name = entry?.file_name();
            let text = name.to_string_lossy();
            if text.ends_with(".lock") || text.starts_with("tmp_") || text.starts_with(".tmp") || text == ".uploads" {
                continue;
            }
            copy(&from.join(&name), &to.join(&name), done)?;
        }
        return Ok(());
    }
    if !to.exists() {
        done.bytes += std::fs::copy(from, to)?;
    }
    Ok(())
}

/// Copies every object. One that is gone when its turn comes was retired, and its row with it.
pub(super) async fn copy_objects(from: &Objects, to: &Objects, done: &mut BackedUp) -> Result<(), ServerError> {
    for object in from.list("").await? {
        let path = std::env::temp_dir().join(format!("trunkline-{}", uuid::Uuid::new_v4().simple()));
        let copied = async {
            if !write(from, &object.name, object.size, &path).await? {
                return Ok(false);
            }
            to.put_file(&object.name, &path).await?;
            Ok::<_, ServerError>(true)
        }
        .await;
        let _ = std::fs::remove_file(&path);
        if copied? {
            done.objects += 1;
            done.bytes += object.size;
        }
    }
    Ok(())
}

/// Whether the object was still there.
async fn write(from: &Objects, name: &str, size: u64, path: &Path) -> Result<bool, ServerError> {
    use std::io::Write as _;
    let mut stream = match from.stream(name, 0..size).await {
        Ok(stream) => stream,
        Err(ObjectError::Missing(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let mut file = std::fs::File::create_new(path).map_err(ServerError::io(path))?;
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(bytes) => file.write_all(&bytes).map_err(ServerError::io(path))?,
            Err(ObjectError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}
