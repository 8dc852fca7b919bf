use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest;
use zeroize::Zeroizing;

use crate::Error;

/// Where a master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file with the key in base64 or hexadecimal, or as 32 raw bytes. It must be readable by its owner only.
    File(PathBuf),
    /// The name of an environment variable with the key in base64 or hexadecimal.
    Environment(String),
    /// A program with its arguments that prints the key: how a key management service is asked.
    Command(Vec<String>),
}

/// The keys that wrap the keys of secrets: the current one, and older ones until all is wrapped again.
pub struct MasterKeys {
    current: MasterKey,
    older: Vec<MasterKey>,
}

pub(crate) struct MasterKey {
    /// The first 8 bytes of a hash of the key: names it in every envelope.
    pub(crate) id: [u8; 8],
    pub(crate) key: Zeroizing<[u8; 32]>,
}

impl MasterKeys {
    /// Reads the keys; the first is the current one.
    pub fn load(current: &KeySource, older: &[KeySource]) -> Result<Self, Error> {
        let older = older.iter().map(KeySource::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { current: current.read()?, older })
    }

    /// The key in the file, which is made if it is missing: what a server does at its first start.
    pub fn load_or_create(file: &std::path::Path) -> Result<Self, Error> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;

        if !file.exists() {
            let wrong = |error| Error::MasterKey {
                from: file.display().to_string(),
                reason: format!("cannot be made: {error}"),
            };
            let mut random = [0; 8];
            let mut key = Zeroizing::new([0; 32]);
            for bytes in [&mut random[..], &mut key[..]] {
                getrandom::fill(bytes).map_err(|_| Error::NoRandomness)?;
            }
            let text = Zeroizing::new(format!("{}\n", BASE64_STANDARD.encode(&key[..])));
            let fresh = file.with_extension(format!("{}.new", hex::encode(random)));
            let made = std::fs::File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&fresh)
                .and_then(|mut created| created.write_all(text.as_bytes()).and_then(|()| created.sync_all()))
                // Appears whole, or is another server's that was started at the same moment.
                .and_then(|()| match std::fs::hard_link(&fresh, file) {
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                    linked => linked,
                });
            let _ = std::fs::remove_file(&fresh);
            made.map_err(wrong)?;
            // Its name is on the disk before anything is sealed with it.
            let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or_else(|| std::path::Path::new("."));
            std::fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(wrong)?;
        }
        Self::load(&KeySource::File(file.to_owned()), &[])
    }

    /// From the bytes themselves: tests, and a backup that is restored.
    #[must_use]
    pub fn from_bytes(current: [u8; 32], older: &[[u8; 32]]) -> Self {
        Self { current: MasterKey::new(current), older: older.iter().copied().map(MasterKey::new).collect() }
    }

    pub(crate) fn current(&self) -> &MasterKey {
        &self.current
    }

    pub(crate) fn find(&self, id: [u8; 8]) -> Option<&MasterKey> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.id == id)
    }

    /// The current key's id, in hexadecimal: what `trunkline admin` shows.
    #[must_use]
    pub fn current_id(&self) -> String {
        hex::encode(self.current.id)
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({}, and {} older)", self.current_id(), self.older.len())
    }
}

impl MasterKey {
    fn new(key: [u8; 32]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"trunkline master key id\0");
        context.update(&key);
        let mut id = [0; 8];
        id.copy_from_slice(&context.finish().as_ref()[..8]);
        Self { id, key: Zeroizing::new(key) }
    }
}

impl KeySource {
    fn read(&self) -> Result<MasterKey, Error> {
        let wrong = |reason: String| Error::MasterKey { from: self.to_string(), reason };
        let bytes = Zeroizing::new(match self {
            KeySource::File(path) => {
                check_mode(path).map_err(wrong)?;
                std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?
            }
            KeySource::Environment(name) => {
                std::env::var(name).map_err(|_| wrong("is not set".to_owned()))?.into_bytes()
            }
            KeySource::Command(words) => run(words).map_err(wrong)?,
        });
        parse(&bytes).map(|key| MasterKey::new(*key)).ok_or_else(|| {
            wrong(
                "holds no key: expected 32 bytes in base64 or hexadecimal (`openssl rand -base64 32` makes one)"
                    .to_owned(),
            )
        })
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySource::File(path) => write!(f, "the file {}", path.display()),
            KeySource::Environment(name) => write!(f, "the environment variable {name}"),
            KeySource::Command(words) => write!(f, "the command `{}`", words.first().map_or("", String::as_str)),
        }
    }
}

fn check_mode(path: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("can be read by others (mode {:03o}); `chmod 600` it", mode & 0o777))
}

fn run(words: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = words.split_first().ok_or("has no program")?;
    let output = std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("cannot be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("failed ({}): {}", output.status, said.lines().next().unwrap_or("no message")));
    }
    Ok(output.stdout)
}

fn parse(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(raw) = <[u8; 32]>::try_from(bytes) {
        return Some(Zeroizing::new(raw));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let decoded = Zeroizing::new(match text.len() {
        64 => hex::decode(text).ok()?,
        _ => BASE64_STANDARD.decode(text).ok()?,
    });
    <[u8; 32]>::try_from(decoded.as_slice()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let made = MasterKeys::load_or_create(&file).unwrap();
        assert_eq!(MasterKeys::load_or_create(&file).unwrap().current_id(), made.current_id());
        let command = |text: &str| KeySource::Command(vec!["sh".into(), "-c".into(), text.into()]);
        let cat = command(&format!("cat {}", file.display()));
        assert_eq!(MasterKeys::load(&cat, &[]).unwrap().current_id(), made.current_id());
        let hexadecimal = command("printf '%064d' 7");
        assert_ne!(MasterKeys::load(&hexadecimal, &[cat]).unwrap().current_id(), made.current_id());

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let table = [
            (KeySource::File(file.clone()), "can be read by others (mode 644); `chmod 600` it"),
            (KeySource::File(dir.path().join("none")), "cannot be read"),
            (
                KeySource::Environment("TRUNKLINE_NO_SUCH".into()),
                "the environment variable TRUNKLINE_NO_SUCH is not set",
            ),
            (command("echo no key here >&2; exit 3"), "no key here"),
            (command("echo short"), "holds no key"),
            (KeySource::Command(vec![]), "has no program"),
        ];
        for (source, expected) in table {
            let error = MasterKeys::load(&source, &[]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
