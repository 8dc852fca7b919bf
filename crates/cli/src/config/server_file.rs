//! `trunkline-server.toml`: what a server is told, beside its arguments and its environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::parsed::{Blobs, Listen, Place, Proxy, Size, Time, Url, read};
use crate::failure::Failure;

/// Looked for in this directory, then in `/etc/trunkline`.
pub(crate) const FILE: &str = "trunkline-server.toml";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerFile {
    pub(crate) data: Option<PathBuf>,
    pub(crate) listen: Vec<Listen>,
    pub(crate) public_url: Option<Url>,
    pub(crate) database: Option<String>,
    pub(crate) blobs: Option<Blobs>,
    pub(crate) open: Option<bool>,
    pub(crate) users_create: Option<bool>,
    pub(crate) push_to_create: Option<bool>,
    pub(crate) github_server_url: Option<Url>,
    pub(crate) action_servers: Option<Vec<Url>>,
    pub(crate) forwarded: Option<bool>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) metrics: Option<Listen>,
    pub(crate) lease: Option<Time>,
    pub(crate) cache_quota: Option<Size>,
    pub(crate) repository_quota: Option<Size>,
    pub(crate) retention_days: Option<u32>,
    pub(crate) schedules_rest_after_days: Option<u32>,
    pub(crate) priority: Vec<Priority>,
    pub(crate) tls: Option<TlsTable>,
    pub(crate) master_key: Option<MasterKeyTable>,
    pub(crate) login: Option<LoginTable>,
    pub(crate) runners: RunnersTable,
    pub(crate) registry: RegistryTable,
    pub(crate) outgoing: OutgoingTable,
}

/// `[[priority]]`: runs whose jobs are taken before or after those of others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PriorityTable {
    repository: Option<String>,
    workflow: Option<String>,
    event: Option<String>,
    branch: Option<String>,
    priority: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "PriorityTable")]
pub(crate) struct Priority(pub(crate) server::PriorityRule);

impl TryFrom<PriorityTable> for Priority {
    type Error = String;

    fn try_from(table: PriorityTable) -> Result<Self, String> {
        let rule = server::NewPriorityRule {
            repository: table.repository.as_deref(),
            workflow: table.workflow.as_deref(),
            event: table.event.as_deref(),
            branch: table.branch.as_deref(),
            priority: table.priority,
        };
        server::PriorityRule::new(&rule).map(Self)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsTable {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// One of `file`, `environment` and `command`; `older` lists former ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MasterKeyTable {
    pub(crate) file: Option<PathBuf>,
    pub(crate) environment: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) older: Vec<MasterKeyTable>,
}

/// An OpenID provider at which users log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginTable {
    issuer: Url,
    client_id: String,
    /// A file with the secret; without one the client is public.
    client_secret_file: Option<PathBuf>,
    #[serde(default = "usual_scopes")]
    scopes: Vec<String>,
    /// The claim that becomes the login of a new user.
    #[serde(default = "usual_claim")]
    login_claim: String,
    /// Whether who is unknown here becomes a user.
    #[serde(default)]
    create_users: bool,
    /// Only addresses of these domains; empty: all.
    #[serde(default)]
    email_domains: Vec<String>,
}

fn usual_scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).to_vec()
}

fn usual_claim() -> String {
    "preferred_username".to_owned()
}

impl LoginTable {
    pub(crate) fn settings(&self, base: &Path) -> Result<identity::oidc::ProviderSettings, Failure> {
        let client_secret = match &self.client_secret_file {
            Some(file) => {
                let path = base.join(file);
                let read = std::fs::read_to_string(&path);
                let text = read.map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))?;
                Some(text.trim().to_owned())
            }
            None => None,
        };
        Ok(identity::oidc::ProviderSettings {
            issuer: self.issuer.0.clone(),
            client_id: self.client_id.clone(),
            client_secret,
            redirect_url: String::new(),
            scopes: self.scopes.clone(),
            login_claim: self.login_claim.clone(),
            create_users: self.create_users,
            email_domains: self.email_domains.clone(),
        })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunnersTable {
    pub(crate) slots: Option<u32>,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) platforms: BTreeMap<String, Place>,
    pub(crate) offline: Option<bool>,
    pub(crate) action_sources: Vec<String>,
    pub(crate) tool_cache: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RegistryTable {
    pub(crate) enabled: Option<bool>,
    /// Hosts that it stands in for in jobs.
    pub(crate) stands_in_for: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OutgoingTable {
    /// Hosts, addresses and networks that may be talked to although they are private.
    pub(crate) allow: Vec<String>,
}

impl ServerFile {
    /// The file named, else the first that is there; with the directory that paths in it are relative to.
    pub(crate) fn find(named: Option<&Path>) -> Result<(Self, PathBuf), Failure> {
        let path = match named {
            Some(path) => Some(path.to_owned()),
            None => [Path::new(FILE), &Path::new("/etc/trunkline").join(FILE)]
                .into_iter()
                .find(|path| path.is_file())
                .map(Path::to_owned),
        };
        match path {
            None => Ok((Self::default(), PathBuf::new())),
            Some(path) => {
                let base = path.parent().unwrap_or(Path::new("")).to_owned();
                Ok((read(&path)?, base))
            }
        }
    }
}

impl MasterKeyTable {
    pub(crate) fn source(&self, base: &Path) -> Result<identity::KeySource, Failure> {
        use identity::KeySource;
        match (&self.file, &self.environment, &self.command) {
            (Some(file), None, None) => Ok(KeySource::File(base.join(file))),
            (None, Some(name), None) => Ok(KeySource::Environment(name.clone())),
            (None, None, Some(words)) if !words.is_empty() => Ok(KeySource::Command(words.clone())),
            _ => Err(Failure::invalid("master_key takes one of file, environment and command".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.toml");
        for (text, expected) in [
            ("listen = [\"here\"]", ":1:10: expected HOST:PORT to listen on, such as 127.0.0.1:3000, not `here`"),
            ("open = true\nlease = \"soon\"", ":2:9: expected a time such as 30s, 5m, 24h or 30d, not `soon`"),
            ("blobs = \"gs://x\"", ":1:9: gs://x: only directories and s3:// are known"),
            (
                "[runners.platforms]\nx = \"docker\"",
                ":2:5: a label stands for sandbox, host or image:REFERENCE, not `docker`",
            ),
            ("open = true\n[[priority]]\npriority = 200", ":2:1: a priority is between -100 and 100, not 200"),
            ("public_url = \"ci\"", ":1:14: expected an address that begins with http:// or https://, not `ci`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = ServerFile::find(Some(&path)).unwrap_err().to_string();
            assert_eq!(error, format!("{}{expected}", path.display()), "{text}");
        }
        std::fs::write(&path, "opn = true").unwrap();
        let error = ServerFile::find(Some(&path)).unwrap_err().to_string();
        assert!(error.contains(":1:1: unknown field `opn`, expected one of `data`"), "{error}");
    }
}
