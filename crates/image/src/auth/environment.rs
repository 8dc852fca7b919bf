use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The variables credentials are looked for with: a job's own, or those of this process.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    fn directory(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    pub(super) fn docker_config(&self) -> Option<PathBuf> {
        let directory =
            self.directory("DOCKER_CONFIG").or_else(|| self.directory("HOME").map(|home| home.join(".docker")))?;
        Some(directory.join("config.json"))
    }

    /// The files podman, buildah and skopeo read, in the order of containers-auth.json(5).
    pub(super) fn containers_auth(&self) -> Vec<PathBuf> {
        if let Some(file) = self.directory("REGISTRY_AUTH_FILE") {
            return vec![file];
        }
        let config =
            self.directory("XDG_CONFIG_HOME").or_else(|| self.directory("HOME").map(|home| home.join(".config")));
        [self.directory("XDG_RUNTIME_DIR"), config]
            .into_iter()
            .flatten()
            .map(|directory| directory.join("containers/auth.json"))
            .collect()
    }

    /// Where a program is on this environment's PATH.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(self.get("PATH")?).map(|directory| directory.join(name)).find(|path| path.is_file())
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect() }
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        variables.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }
}

/// Values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
