use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::config_file::ConfigFile;
use super::helper::Helper;
use super::{AuthError, Credentials, Environment, config_key, host_of};

/// All places credentials may come from, in order: given by the caller, docker's `config.json` with its helpers, podman's
/// `auth.json`. Files are read anew at every question, so that a login in between counts.
#[derive(Clone, Default)]
pub struct Keychain {
    given: BTreeMap<String, Credentials>,
    environment: Environment,
    config: Option<PathBuf>,
    others: Vec<PathBuf>,
}

/// Credentials and where they came from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub credentials: Credentials,
    /// `/home/ann/.docker/config.json`, `docker-credential-pass`
    pub source: String,
}

/// Where a login was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedTo {
    /// In clear (base64), in this file.
    File(PathBuf),
    /// By this credential helper.
    Helper(String),
}

impl Keychain {
    /// Knows nothing: every registry is asked anonymously.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The files and helpers a process with these variables would use (`DOCKER_CONFIG`, `HOME`, `REGISTRY_AUTH_FILE`,
    /// `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME`, `PATH`).
    pub fn of(environment: Environment) -> Self {
        Self {
            given: BTreeMap::new(),
            config: environment.docker_config(),
            others: environment.containers_auth(),
            environment,
        }
    }

    /// As [`Keychain::of`], with the docker configuration of this directory.
    pub fn in_directory(directory: &Path, environment: Environment) -> Self {
        Self { config: Some(directory.join("config.json")), ..Self::of(environment) }
    }

    /// Credentials that count before everything that is on disk. `registry` is a host with an optional port.
    pub fn with(mut self, registry: &str, credentials: Credentials) -> Self {
        self.given.insert(host_of(registry).to_owned(), credentials);
        self
    }

    /// The credentials for a repository of a registry.
    ///
    /// # Errors
    /// A file that cannot be read or understood, or a helper that fails.
    pub async fn find(&self, registry: &str, repository: &str) -> Result<Option<Found>, AuthError> {
        if let Some(credentials) = self.given.get(host_of(registry)) {
            return Ok(Some(Found { credentials: credentials.clone(), source: "given by the caller".to_owned() }));
        }
        let key = config_key(registry);
        for path in self.config.iter().chain(&self.others) {
            let file = ConfigFile::read(path)?;
            if let Some(name) = file.helper(registry) {
                let helper = Helper::new(name, path, &self.environment)?;
                if let Some(credentials) = helper.get(key).await? {
                    return Ok(Some(Found { credentials, source: helper.program() }));
                }
            }
            if let Some(credentials) = file.credentials(key, repository)? {
                return Ok(Some(Found { credentials, source: path.display().to_string() }));
            }
        }
        Ok(None)
    }

    /// Keeps credentials as `docker login` does: in the helper that is configured, else in `config.json`.
    ///
    /// # Errors
    /// As [`Keychain::find`], and a file that cannot be written; then nothing has changed.
    pub async fn save(&self, registry: &str, credentials: &Credentials) -> Result<SavedTo, AuthError> {
        let path = self.config.as_deref().ok_or(AuthError::NoPlace { name: "config.json" })?;
        let key = config_key(registry);
        let mut file = ConfigFile::read(path)?;
        let saved = match file.helper(registry) {
            Some(name) => {
                let helper = Helper::new(name, path, &self.environment)?;
                helper.store(key, credentials).await?;
                SavedTo::Helper(helper.program())
            }
            None => SavedTo::File(file.path().to_owned()),
        };
        file.put(key, matches!(saved, SavedTo::File(_)).then_some(credentials));
        file.save()?;
        Ok(saved)
    }

    /// Forgets a registry's credentials, as `docker logout` does. Returns whether there were any in the file.
    ///
    /// # Errors
    /// As [`Keychain::save`].
    pub async fn forget(&self, registry: &str) -> Result<bool, AuthError> {
        let path = self.config.as_deref().ok_or(AuthError::NoPlace { name: "config.json" })?;
        let mut file = ConfigFile::read(path)?;
        if let Some(name) = file.helper(registry) {
            Helper::new(name, path, &self.environment)?.erase(config_key(registry)).await?;
        }
        let known = file.remove(config_key(registry));
        if known {
            file.save()?;
        }
        Ok(known)
    }
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain")
            .field("given", &self.given)
            .field("config", &self.config)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}
