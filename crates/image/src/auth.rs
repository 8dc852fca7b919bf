//! Credentials of registries: where docker, podman and their helpers keep them, and what a caller gives.

mod config_file;
mod environment;
mod error;
mod helper;
mod keychain;

use std::fmt;

pub use environment::Environment;
pub use error::AuthError;
pub use keychain::{Found, Keychain, SavedTo};

/// What proves to a registry who is asking. Never shown: `Debug` leaves the secret parts out.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password, or an access token in a password's place.
    Basic { username: String, password: String },
    /// A refresh token of the registry's token server (docker's `identitytoken`).
    Identity { token: String },
    /// A bearer token that is sent as it is (docker's `registrytoken`).
    Bearer { token: String },
}

impl Credentials {
    pub fn basic(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic { username: username.into(), password: password.into() }
    }

    /// The part that must not be shown, for whoever masks output.
    pub fn secret(&self) -> &str {
        match self {
            Self::Basic { password, .. } => password,
            Self::Identity { token } | Self::Bearer { token } => token,
        }
    }

    /// The user, where the credentials name one.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Basic { username, .. } => Some(username),
            Self::Identity { .. } | Self::Bearer { .. } => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { username, .. } => f.debug_struct("Basic").field("username", username).finish_non_exhaustive(),
            Self::Identity { .. } => f.debug_struct("Identity").finish_non_exhaustive(),
            Self::Bearer { .. } => f.debug_struct("Bearer").finish_non_exhaustive(),
        }
    }
}

/// The name Docker Hub's credentials are kept under.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The key docker keeps a registry's credentials under: the host with its port, and a URL for Docker Hub alone.
pub fn config_key(registry: &str) -> &str {
    match host_of(registry) {
        "docker.io" => DOCKER_HUB,
        _ => registry,
    }
}

/// The registry a person means who logs in: `https://ghcr.io/` is `ghcr.io`, nothing at all is `docker.io`.
pub fn registry_name(text: &str) -> &str {
    match host_of(text.trim()) {
        "" => "docker.io",
        host => host,
    }
}

/// The host of a key of a configuration file, which may be a URL: `https://index.docker.io/v1/` is `docker.io`.
fn host_of(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    match rest.split('/').next().unwrap_or(rest) {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, config_key, host_of};

    #[test]
    fn debug_shows_no_secret() {
        for credentials in [
            Credentials::basic("ann", "hunter2"),
            Credentials::Identity { token: "hunter2".to_owned() },
            Credentials::Bearer { token: "hunter2".to_owned() },
        ] {
            assert!(!format!("{credentials:?}").contains("hunter2"));
            assert_eq!(credentials.secret(), "hunter2");
        }
    }

    #[test]
    fn keys_of_configuration_files() {
        for (key, host) in [
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("docker.io", "docker.io"),
            ("ghcr.io", "ghcr.io"),
            ("https://quay.io/v2/", "quay.io"),
            ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            assert_eq!(host_of(key), host, "{key}");
        }
        assert_eq!(config_key("docker.io"), "https://index.docker.io/v1/");
        assert_eq!(config_key("ghcr.io"), "ghcr.io");
    }
}
