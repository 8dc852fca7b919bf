//! A backup becomes a server again.

use std::path::Path;

use blob::objects::{Address, Objects};
use store::Store;

use super::backup::{BackedUp, DIRECTORIES, Manifest, copy, copy_objects, make_empty};
use super::postgres;
use crate::{ServerConfig, ServerError};

/// Puts a backup into an empty data directory, an empty database and an empty place for blobs.
pub(super) async fn restore(config: &ServerConfig, from: &Path) -> Result<BackedUp, ServerError> {
    let path = from.join("backup.json");
    let text = std::fs::read(&path).map_err(ServerError::io(&path))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| ServerError::Other(format!("{} is no whole backup: {error}", from.display())))?;
    let wanted = if config.is_sqlite() { "sqlite" } else { "postgres" };
    if manifest.database != wanted {
        return Err(ServerError::Other(format!(
            "the backup is of {}, and this server is to use {wanted}: name such a database with --database",
            manifest.database
        )));
    }
    make_empty(&config.data)?;
    let blobs = Objects::open(&config.blobs_address())?;
    if !blobs.list("").await?.is_empty() {
        return Err(ServerError::Other("the place for blobs is not empty: name another one with --blobs".to_owned()));
    }
    let mut done = BackedUp::default();
    let address = config.database_address();
    if config.is_sqlite() {
        let to = Path::new(address.strip_prefix("sqlite://").unwrap_or(&address)).to_owned();
        done.bytes += std::fs::copy(from.join("database.db"), &to).map_err(ServerError::io(&to))?;
    } else {
        let options = ["--quiet", "--no-psqlrc", "--single-transaction", "--set", "ON_ERROR_STOP=1"];
        postgres::run("psql", &options, &address, |command| {
            command.arg("--file").arg(from.join("database.sql"));
        })?;
    }
    copy(&from.join("git"), &config.git_dir(), &mut done).map_err(ServerError::io(&config.git_dir()))?;
    done.repositories = std::fs::read_dir(config.git_dir()).map_or(0, Iterator::count);
    let copies = Objects::open(&Address::Directory(from.join("blobs")))?;
    copy_objects(&copies, &blobs, &mut done).await?;
    for name in DIRECTORIES {
        copy(&from.join(name), &config.data.join(name), &mut done).map_err(ServerError::io(&from.join(name)))?;
    }
    // Brings it to this version, and shows that it can be opened.
    Store::open(&address).await?.close().await;
    Ok(done)
}
