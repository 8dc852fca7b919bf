//! `config.json` of docker and `auth.json` of podman: the same form, read leniently and written with everything kept that
//! is not ours.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize as _;
use serde_json::{Map, Value};

use super::{AuthError, Credentials, host_of};

pub(super) struct ConfigFile {
    path: PathBuf,
    content: Map<String, Value>,
}

impl ConfigFile {
    /// A file that is not there, or is empty, says nothing.
    pub(super) fn read(path: &Path) -> Result<Self, AuthError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Vec::new()
            }
            Err(source) => return Err(AuthError::Read { path: path.to_owned(), source }),
        };
        let content = if bytes.trim_ascii().is_empty() {
            Map::new()
        } else {
            match serde_json::from_slice(&bytes) {
                Ok(Value::Object(content)) => content,
                Ok(_) => return Err(AuthError::Syntax { path: path.to_owned(), line: 1, column: 1 }),
                Err(error) => {
                    let (line, column) = (error.line(), error.column());
                    return Err(AuthError::Syntax { path: path.to_owned(), line, column });
                }
            }
        };
        Ok(Self { path: path.to_owned(), content })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The helper that keeps a registry's credentials: its own, else the one for everything.
    pub(super) fn helper(&self, registry: &str) -> Option<&str> {
        let own = self.content.get("credHelpers").and_then(Value::as_object).and_then(|helpers| {
            helpers.iter().find(|(key, _)| host_of(key) == host_of(registry)).and_then(|(_, name)| name.as_str())
        });
        own.or_else(|| self.content.get("credsStore").and_then(Value::as_str)).filter(|name| !name.is_empty())
    }

    /// The credentials that stand in the file itself. Of podman's keys with a path (`quay.io/team/app`) the longest that
    /// fits the repository counts.
    pub(super) fn credentials(&self, registry: &str, repository: &str) -> Result<Option<Credentials>, AuthError> {
        let Some(entries) = self.content.get("auths").and_then(Value::as_object) else {
            return Ok(None);
        };
        let whole = format!("{}/{repository}", host_of(registry));
        let mut prefix = whole.as_str();
        loop {
            if prefix.contains('/') {
                if let Some(entry) = entries.get(prefix) {
                    return self.entry(prefix, entry);
                }
            } else {
                let exact = entries.get_key_value(registry);
                let found = exact.or_else(|| entries.iter().find(|(key, _)| is_host(key, registry)));
                return found.map_or(Ok(None), |(key, entry)| self.entry(key, entry));
            }
            prefix = prefix.rsplit_once('/').map_or("", |(before, _)| before);
        }
    }

    fn entry(&self, key: &str, entry: &Value) -> Result<Option<Credentials>, AuthError> {
        let bad = |reason| AuthError::Entry { path: self.path.clone(), registry: key.to_owned(), reason };
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Credentials::Identity { token: token.to_owned() }));
        }
        if let Some(token) = text("registrytoken") {
            return Ok(Some(Credentials::Bearer { token: token.to_owned() }));
        }
        if let Some(auth) = text("auth") {
            let decoded = STANDARD.decode(auth.trim()).map_err(|_| bad("`auth` is not base64"))?;
            let decoded = String::from_utf8(decoded).map_err(|_| bad("`auth` is not UTF-8"))?;
            let (username, password) = decoded.split_once(':').ok_or_else(|| bad("`auth` is not user:password"))?;
            return Ok(Some(Credentials::basic(username, password.trim_end_matches('\0'))));
        }
        Ok(match (text("username"), text("password")) {
            (Some(username), Some(password)) => Some(Credentials::basic(username, password)),
            _ => None,
        })
    }

    /// Puts credentials into the file's table; with `None` an empty entry, which tells that a helper has them.
    pub(super) fn put(&mut self, key: &str, credentials: Option<&Credentials>) {
        let entry = match credentials {
            None => Map::new(),
            Some(Credentials::Basic { username, password }) => {
                Map::from_iter([("auth".to_owned(), STANDARD.encode(format!("{username}:{password}")).into())])
            }
            Some(Credentials::Identity { token }) => {
                Map::from_iter([("identitytoken".to_owned(), token.as_str().into())])
            }
            Some(Credentials::Bearer { token }) => {
                Map::from_iter([("registrytoken".to_owned(), token.as_str().into())])
            }
        };
        let entries = self.content.entry("auths").or_insert_with(|| Value::Object(Map::new()));
        if !entries.is_object() {
            *entries = Value::Object(Map::new());
        }
        if let Some(entries) = entries.as_object_mut() {
            entries.insert(key.to_owned(), Value::Object(entry));
        }
    }

    /// Whether there was an entry.
    pub(super) fn remove(&mut self, registry: &str) -> bool {
        let Some(entries) = self.content.get_mut("auths").and_then(Value::as_object_mut) else {
            return false;
        };
        let before = entries.len();
        entries.retain(|key, _| key != registry && !is_host(key, registry));
        entries.len() < before
    }

    /// Written beside and renamed, readable by its owner alone. A link is followed, as docker does.
    pub(super) fn save(&self) -> Result<(), AuthError> {
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let failed = |source| AuthError::Write { path: path.clone(), source };
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(directory).map_err(failed)?;
        let mut bytes = Vec::new();
        let mut serializer =
            serde_json::Serializer::with_formatter(&mut bytes, serde_json::ser::PrettyFormatter::with_indent(b"\t"));
        self.content.serialize(&mut serializer).map_err(|error| failed(error.into()))?;
        let aside = directory.join(format!(".config.json.{}.{}", std::process::id(), nonce()));
        let written = (|| {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&aside, &path)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written.map_err(failed)
    }
}

/// Different for every file written by this process.
fn nonce() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Whether a key without a repository's path is about this registry.
fn is_host(key: &str, registry: &str) -> bool {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let path = rest.unwrap_or(key).split_once('/').map_or("", |(_, path)| path);
    let plain = path.is_empty() || (rest.is_some() && matches!(path.trim_end_matches('/'), "v1" | "v2"));
    plain && host_of(key) == host_of(registry)
}

#[cfg(test)]
mod tests;
