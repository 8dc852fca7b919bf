//! Where Trunkline keeps its own files.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Three directories of the user's: what is worth keeping, what can be made again, and what belongs to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dirs {
    /// Runs with their logs and artifacts.
    pub(crate) data: PathBuf,
    /// Checked-out actions, tools, `actions/cache` entries.
    pub(crate) cache: PathBuf,
    /// Job directories and what a killed process left to sweep.
    pub(crate) state: PathBuf,
}

#[derive(Debug, Error)]
pub(crate) enum DirsError {
    #[error("{variable} is {}, which is not an absolute path", value.display())]
    Relative { variable: &'static str, value: PathBuf },
    #[error("there is no place for Trunkline's own files: HOME is not set")]
    NoHome,
    #[error("cannot use {}: {source}", path.display())]
    Unusable { path: PathBuf, source: io::Error },
}

impl DirsError {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        "set TRUNKLINE_HOME to a directory that you can write to"
    }
}

impl Dirs {
    /// As the environment says: `TRUNKLINE_HOME`, else the XDG directories, else their defaults below `HOME`.
    pub(crate) fn from_env() -> Result<Self, DirsError> {
        Self::resolve(|name| std::env::var_os(name))
    }

    /// The same with any environment. Empty variables count as unset.
    pub(crate) fn resolve(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, DirsError> {
        let absolute = |name: &'static str| match variable(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) if Path::new(&value).is_absolute() => Ok(Some(PathBuf::from(value))),
            Some(value) => Err(DirsError::Relative { variable: name, value: value.into() }),
        };
        if let Some(home) = absolute("TRUNKLINE_HOME")? {
            return Ok(Self { data: home.join("data"), cache: home.join("cache"), state: home.join("state") });
        }
        let home = absolute("HOME")?;
        let place = |name: &'static str, default: &str| {
            // The XDG rules say that relative paths are to be ignored.
            let base = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            base.or_else(|| home.as_ref().map(|home| home.join(default)))
                .map(|base| base.join("trunkline"))
                .ok_or(DirsError::NoHome)
        };
        Ok(Self {
            data: place("XDG_DATA_HOME", ".local/share")?,
            cache: place("XDG_CACHE_HOME", ".cache")?,
            state: place("XDG_STATE_HOME", ".local/state")?,
        })
    }

    /// Makes all three, readable by the user only where they are new.
    pub(crate) fn create(&self) -> Result<(), DirsError> {
        for path in [&self.data, &self.cache, &self.state] {
            create_private(path)?;
        }
        Ok(())
    }
}

/// Makes a directory and those above it, mode 0700 where they are new.
pub(crate) fn create_private(path: &Path) -> Result<(), DirsError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DirsError::Unusable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn resolve(variables: &[(&str, &str)]) -> Result<[String; 3], String> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Dirs::resolve(find)
            .map(|dirs| [dirs.data, dirs.cache, dirs.state].map(|path| path.display().to_string()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_decides() {
        for (variables, expected) in [
            (&[("TRUNKLINE_HOME", "/t"), ("HOME", "/h")][..], Ok(["/t/data", "/t/cache", "/t/state"])),
            (
                &[("HOME", "/h"), ("TRUNKLINE_HOME", "")],
                Ok(["/h/.local/share/trunkline", "/h/.cache/trunkline", "/h/.local/state/trunkline"]),
            ),
            (
                &[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "relative")],
                Ok(["/d/trunkline", "/h/.cache/trunkline", "/h/.local/state/trunkline"]),
            ),
            (
                &[("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "/c"), ("XDG_STATE_HOME", "/s")],
                Ok(["/d/trunkline", "/c/trunkline", "/s/trunkline"]),
            ),
            (&[], Err("there is no place for Trunkline's own files: HOME is not set")),
            (&[("TRUNKLINE_HOME", "t")], Err("TRUNKLINE_HOME is t, which is not an absolute path")),
        ] {
            let expected = expected.map(|paths| paths.map(str::to_owned)).map_err(str::to_owned);
            assert_eq!(resolve(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn new_directories_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        let dirs = Dirs::resolve(|name| (name == "TRUNKLINE_HOME").then(|| home.clone().into())).unwrap();
        dirs.create().unwrap();
        dirs.create().unwrap();
        for path in [&home, &dirs.data, &dirs.cache, &dirs.state] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
        }
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = create_private(&file.join("below")).unwrap_err();
        assert!(error.to_string().starts_with("cannot use "), "{error}");
    }
}
