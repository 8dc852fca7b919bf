use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use ring::digest;

use crate::Error;

/// Users with their passwords: lines of `name:hash`, as `htpasswd -B` writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsersFile {
    users: BTreeMap<String, String>,
}

impl UsersFile {
    /// Reads the file; one that is missing has no users.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::io("read", path)(error)),
        };
        let mut users = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong =
                |reason: &str| Error::Users { path: path.to_owned(), line: number + 1, reason: reason.to_owned() };
            let (name, hash) = line.split_once(':').ok_or_else(|| wrong("expected `name:hash`"))?;
            if !is_name(name) {
                return Err(wrong("a user's name has letters, digits, `_`, `.`, `@` and `-`, and is not `anonymous`"));
            }
            if !["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|kind| hash.starts_with(kind)) {
                return Err(wrong(
                    "only bcrypt hashes are supported (`htpasswd -B`, or `trunkline registry user add`)",
                ));
            }
            users.insert(name.to_owned(), hash.to_owned());
        }
        Ok(Self { users })
    }

    /// Writes the file, whole or not at all, readable by its owner only.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;

        let text: String = self.users.iter().map(|(name, hash)| format!("{name}:{hash}\n")).collect();
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        }
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&temporary, path))
            .map_err(Error::io("write", path))
    }

    /// Adds a user or gives one another password. The hash is that of [`hash_password`].
    pub fn set(&mut self, name: &str, hash: String) -> Result<(), Error> {
        if !is_name(name) {
            return Err(Error::Config(format!(
                "`{name}` is no user name: expected letters, digits, `_`, `.`, `@` and `-`; `anonymous` is taken"
            )));
        }
        self.users.insert(name.to_owned(), hash);
        Ok(())
    }

    /// `false` when there was no such user.
    pub fn remove(&mut self, name: &str) -> bool {
        self.users.remove(name).is_some()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name != "anonymous"
        && name.len() <= 128
        && name.chars().all(|c| c.is_alphanumeric() || "_.@-".contains(c))
}

/// The hash to keep of a password (bcrypt, some tens of milliseconds). It has 72 bytes at most: bcrypt sees no more.
pub fn hash_password(password: &str) -> Result<String, Error> {
    if password.is_empty() || password.len() > 72 {
        return Err(Error::Config("a password has 1 to 72 bytes".to_owned()));
    }
    bcrypt::hash(password, 10).map_err(|error| Error::Config(format!("the password cannot be hashed: {error}")))
}

/// Checks passwords against a users file, which may change at any time.
#[derive(Debug)]
pub(crate) struct Users {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    modified: Option<SystemTime>,
    file: UsersFile,
    /// Hashes of what was found right, since bcrypt is slow on purpose and clients send passwords with each request.
    known: HashSet<[u8; 32]>,
}

/// What unknown users are checked against, so that they take as long as known ones.
const NOBODY: &str = "$2b$10$abcdefghijklmnopqrstuuKkh4Ql6XeyfzQBGlS/qF9Ds.nYqgYCW";

impl Users {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let users = Self { path, state: Mutex::default() };
        users.refresh()?;
        Ok(users)
    }

    fn refresh(&self) -> Result<(), Error> {
        let modified = std::fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.modified.is_none() || state.modified != modified {
            // Forgotten first: a file that cannot be read lets nobody in.
            *state = State::default();
            state.file = UsersFile::read(&self.path)?;
            state.modified = modified;
        }
        Ok(())
    }

    /// Whether there is such a user.
    pub(crate) fn has(&self, name: &str) -> Result<bool, Error> {
        self.refresh()?;
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(state.file.users.contains_key(name))
    }

    /// Whether the password is this user's. Blocks for the time that bcrypt takes.
    pub(crate) fn check(&self, name: &str, password: &str) -> Result<bool, Error> {
        self.refresh()?;
        let (hash, fingerprint) = {
            let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let hash = state.file.users.get(name).cloned();
            let fingerprint = fingerprint(name, password, hash.as_deref().unwrap_or(NOBODY));
            if hash.is_some() && state.known.contains(&fingerprint) {
                return Ok(true);
            }
            (hash, fingerprint)
        };
        let right = bcrypt::verify(password, hash.as_deref().unwrap_or(NOBODY)).unwrap_or(false) && hash.is_some();
        if right {
            let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if state.known.len() >= 1024 {
                state.known.clear();
            }
            state.known.insert(fingerprint);
        }
        Ok(right)
    }
}

fn fingerprint(name: &str, password: &str, hash: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [name, password, hash] {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        let users = Users::open(path.clone()).unwrap();
        assert!(!users.check("ann", "right").unwrap());
        let mut file = UsersFile::default();
        file.set("ann", bcrypt::hash("right", 4).unwrap()).unwrap();
        file.write(&path).unwrap();
        assert!(users.check("ann", "right").unwrap());
        assert!(users.check("ann", "right").unwrap());
        for (name, password) in [("ann", "wrong"), ("ann", ""), ("bob", "right"), ("", "right")] {
            assert!(!users.check(name, password).unwrap(), "{name} {password}");
        }
        assert!(file.remove("ann") && !file.remove("ann"));
        assert!(file.set("anonymous", String::new()).is_err() && file.set("a:b", String::new()).is_err());
    }

    #[test]
    fn files_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        std::fs::write(&path, "# nobody\n\n").unwrap();
        assert_eq!(UsersFile::read(&path).unwrap(), UsersFile::default());
        for (text, expected) in [
            ("ann", "line 1: expected `name:hash`"),
            (
                "# x\nann:{SHA}x",
                "line 2: only bcrypt hashes are supported (`htpasswd -B`, or `trunkline registry user add`)",
            ),
            ("a b:$2y$x", "line 1: a user's name has letters, digits, `_`, `.`, `@` and `-`, and is not `anonymous`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = UsersFile::read(&path).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
