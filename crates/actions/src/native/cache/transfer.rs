//! Between the job's files and the cache store, in the format and under the versions of @actions/cache.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use services::{CacheNews, CacheOwner, CacheQuery, CacheScopes, Error as StoreError};
use sha2::{Digest, Sha256};

use crate::glob::Patterns;
use crate::native::archive::{Compression, Landing, compress, pack, unpack};
use crate::native::error::{Fault, Result};
use crate::native::files::{Files, relative};
use crate::native::walk::Walk;
use crate::native::{NativeCall, process};

/// What to restore or save.
pub(crate) struct Request {
    /// Patterns as written: the version is made of them.
    pub(crate) paths: Vec<String>,
    pub(crate) key: String,
    pub(crate) restore_keys: Vec<String>,
    pub(crate) lookup_only: bool,
}

/// @actions/cache takes zstd when the job has the program, and the version says which was taken: entries are shared
/// with it only by the same rule.
fn compression(call: &NativeCall) -> Compression {
    match process::find_program(Files(&call.place.sandbox), call.env("PATH"), "zstd") {
        Some(_) => Compression::Zstd,
        None => Compression::Gzip,
    }
}

/// What stands for the paths and the compression in an entry.
pub(crate) fn version(paths: &[String], compression: Compression) -> String {
    let parts: Vec<&str> = paths.iter().map(String::as_str).chain([compression.name(), "1.0"]).collect();
    hex::encode(Sha256::digest(parts.join("|").as_bytes()))
}

/// Restores a cache; the key of the one found, `None` when there is none. Blocks.
///
/// Only bad keys and a cancelled step are errors: a damaged cache is a warning and a miss.
pub(crate) fn restore(call: &NativeCall, request: &Request) -> Result<Option<String>> {
    let query = CacheQuery {
        repository: call.place.identity.repository.clone(),
        scopes: CacheScopes::of(&call.place.identity).read,
        key: request.key.clone(),
        restore_keys: request.restore_keys.clone(),
        version: version(&request.paths, compression(call)),
    };
    let restored = match call.place.services.caches().restore(&query) {
        Ok(restored) => restored,
        Err(error @ StoreError::BadKey(_)) => return Err(error.into()),
        Err(error) => {
            call.warn(format!("Failed to restore: {error}"));
            return Ok(None);
        }
    };
    call.place.services.cache_news(&call.place.identity, CacheNews::Looked(&restored.explanation));
    let Some(hit) = restored.hit else {
        for line in services::describe_cache(&restored.explanation).lines() {
            call.say(format!("::debug::{line}"));
        }
        return Ok(None);
    };
    let what = if hit.exact { "" } else { " restore-key" };
    call.say(format!("Cache hit for{what}: {}", hit.entry.key));
    if request.lookup_only {
        call.say("Lookup only - skipping download");
        return Ok(Some(hit.entry.key));
    }
    call.say(format!("Cache Size: ~{} MB ({} B)", (hit.entry.size + (1 << 19)) >> 20, hit.entry.size));
    match put_files(call, request, hit.reader) {
        Ok(()) => {
            call.say("Cache restored successfully");
            Ok(Some(hit.entry.key))
        }
        Err(_) if call.cancel.is_cancelled() => Err(Fault::Cancelled),
        Err(fault) => {
            call.warn(format!("Failed to restore: {fault}"));
            Ok(None)
        }
    }
}

fn put_files(call: &NativeCall, request: &Request, from: std::fs::File) -> Result<()> {
    let place = &call.place;
    let mut roots = vec![
        place.workspace.clone(),
        call.home(),
        place.home.clone(),
        place.temp.clone(),
        place.tool_cache.clone(),
        PathBuf::from("/tmp"),
    ];
    roots.extend(patterns(call, request)?.search_paths());
    let files = Files(&place.sandbox);
    let failed = |source| Fault::io("unpack the cache below", &place.workspace)(source);
    let mut landing = Landing::new(files, &roots).map_err(failed)?;
    let unpacked = unpack(from, &place.workspace, &mut landing, &call.cancel)
        .map_err(Fault::io("unpack the cache below", &place.workspace))?;
    if unpacked.left_out > 0 {
        call.say(format!("{} special files of the cache were left out", unpacked.left_out));
    }
    Ok(())
}

/// Saves a cache. `Ok(false)`: somebody else has or saves this key, or this job may not save. Blocks.
pub(crate) fn save(call: &NativeCall, request: &Request) -> Result<bool> {
    let place = &call.place;
    let Some(scope) = CacheScopes::of(&place.identity).write else {
        call.say("This job may not save caches; they are only restored");
        return Ok(false);
    };
    let paths = collect(call, request)?;
    if paths.is_empty() {
        return Err(Fault::text(
            "Path Validation Error: none of the paths to cache exists, so there is nothing to save",
        ));
    }
    let compression = compression(call);
    let version = version(&request.paths, compression);
    let owner = CacheOwner { run_id: place.identity.run_id.clone(), job_id: place.identity.job_id.clone() };
    let store = place.services.caches();
    let reserved = store.reserve(&place.identity.repository, &scope, &request.key, &version, &owner);
    let mut reservation = match reserved {
        Ok(reservation) => reservation,
        Err(error @ (StoreError::CacheExists { .. } | StoreError::CacheReserved { .. })) => {
            call.say(format!("Failed to save: {error}"));
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let to = BufWriter::with_capacity(128 * 1024, &mut reservation);
    let packed = compress(compression, to, |to| pack(Files(&place.sandbox), &paths, to, &call.cancel));
    call.check()?;
    let packed = packed.map_err(|error| Fault::Text(format!("Failed to save: {error}")))?;
    let entry = match reservation.finalize() {
        Ok(entry) => entry,
        Err(error @ StoreError::CacheExists { .. }) => {
            call.say(format!("Failed to save: {error}"));
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    place.services.cache_news(&place.identity, CacheNews::Saved(&entry));
    if packed.left_out > 0 {
        call.say(format!("{} sockets, pipes and devices were left out of the cache", packed.left_out));
    }
    call.say(format!("Cache Size: ~{} MB ({} B)", (entry.size + (1 << 19)) >> 20, entry.size));
    Ok(true)
}

/// What the patterns name, as (name in the archive, path of the job). What lies in a directory that is taken anyway
/// is left out: the archive has all of it.
fn collect(call: &NativeCall, request: &Request) -> Result<Vec<(PathBuf, PathBuf)>> {
    let place = &call.place;
    let patterns = patterns(call, request)?;
    let files = Files(&place.sandbox);
    let check = || call.check();
    let walk = Walk { files, patterns: &patterns, without_hidden: false, check: &check };
    let found = walk.find()?;
    let mut directories: Vec<&Path> = Vec::new();
    let mut taken = Vec::new();
    for one in &found {
        if directories.iter().rev().any(|above| one.path.starts_with(above)) {
            continue;
        }
        if one.is_dir && is_plain_directory(files, &one.path) {
            directories.push(&one.path);
        }
        let name = relative(&place.workspace, &one.path);
        let name = if name.as_os_str().is_empty() { PathBuf::from(".") } else { name };
        taken.push((name, one.path.clone()));
    }
    Ok(taken)
}

/// A link to a directory is archived as a link, so what is found through it still counts.
fn is_plain_directory(files: Files<'_>, path: &Path) -> bool {
    let real = files.resolve_parent(path);
    real.is_ok_and(|real| std::fs::symlink_metadata(files.host(&real)).is_ok_and(|meta| meta.is_dir()))
}

fn patterns(call: &NativeCall, request: &Request) -> Result<Patterns> {
    Ok(Patterns::parse(&request.paths.join("\n"), &call.place.workspace, Some(&call.home()), false)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with @actions/cache's own `getCacheVersion`.
    #[test]
    fn versions_are_those_of_the_client() {
        let paths = ["node_modules".to_owned(), "~/.npm".to_owned()];
        assert_eq!(
            version(&paths, Compression::Zstd),
            "1cbc60d75cb9cbdfdc7cee051451c7a3706c8311eed5c886ca3ea62cbc8efee6"
        );
        assert_eq!(
            version(&paths, Compression::Gzip),
            "a072ae0a60f18e624fcb0d2dc43832b7a31e011c968ff64b1c67dc23125cdc7f"
        );
    }
}
