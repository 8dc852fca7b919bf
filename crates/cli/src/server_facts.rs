//! What a server knows of a repository beyond its files: names of secrets and variables, environments, required checks.
//! Asked over the API that GitHub has too; never a value of a secret.

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use git::Repository;
use serde_json::Value;

use self::client::Client;
use crate::failure::Failure;

/// Which server, and who asks.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ServerArgs {
    /// Ask this server which secrets, variables, environments and required checks the repository has: the address of
    /// `trunkline serve`, or https://github.com. The token is the variable TRUNKLINE_TOKEN (for GitHub also GH_TOKEN or
    /// GITHUB_TOKEN)
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The repository there [default: that of the remote `origin`]
    #[arg(long, value_name = "OWNER/NAME", requires = "server")]
    pub(crate) repository: Option<String>,
    /// A file with the token
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Names of secrets and variables of one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) vars: BTreeSet<String>,
}

/// What there is. `None` where the token may not look.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerFacts {
    /// As it was given.
    pub(crate) url: String,
    /// `owner/name`
    pub(crate) repository: String,
    pub(crate) default_branch: Option<String>,
    pub(crate) secrets: Option<BTreeSet<String>>,
    pub(crate) organization_secrets: BTreeSet<String>,
    pub(crate) vars: Option<BTreeSet<String>>,
    pub(crate) environments: BTreeMap<String, Names>,
    /// Names of required checks, by branch.
    pub(crate) required: BTreeMap<String, Vec<String>>,
    /// What could not be looked at, as sentences.
    pub(crate) closed: Vec<String>,
}

impl ServerArgs {
    /// Asks the server, if one was named. `repository` is the one here.
    pub(crate) fn facts(&self, repository: &Repository) -> Result<Option<ServerFacts>, Failure> {
        let Some(url) = &self.server else { return Ok(None) };
        let name = match &self.repository {
            Some(name) => name.clone(),
            None => {
                let facts = repository.facts().map_err(|error| Failure::broken(error.to_string()))?;
                if facts.remote_url.is_none() {
                    return Err(Failure::usage("there is no remote that would tell which repository is meant")
                        .hint("name it with --repository OWNER/NAME"));
                }
                format!("{}/{}", facts.owner, facts.name)
            }
        };
        if name.split('/').filter(|part| !part.is_empty()).count() != 2 || name.matches('/').count() != 1 {
            return Err(Failure::usage(format!("--repository takes OWNER/NAME, not `{name}`")));
        }
        let client = Client::new(url, self.token_file.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::broken)?;
        runtime.block_on(ask(&client, url, &name)).map(Some)
    }
}

async fn ask(client: &Client, url: &str, name: &str) -> Result<ServerFacts, Failure> {
    let base = format!("repos/{name}");
    let Some(repository) = client.get(&base).await? else {
        return Err(Failure::missing(format!("{url} has no repository {name} that this token may see"))
            .hint("give a token with TRUNKLINE_TOKEN or --token-file; `trunkline admin token LOGIN` makes one"));
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut facts = ServerFacts {
        url: url.to_owned(),
        repository: name.to_owned(),
        default_branch: repository.get("default_branch").and_then(text),
        ..ServerFacts::default()
    };
    facts.secrets = client.names(&format!("{base}/actions/secrets"), "secrets").await?;
    facts.vars = client.names(&format!("{base}/actions/variables"), "variables").await?;
    let of_organization = client.names(&format!("{base}/actions/organization-secrets"), "secrets").await?;
    facts.organization_secrets = of_organization.unwrap_or_default();
    let more = client.names(&format!("{base}/actions/organization-variables"), "variables").await?;
    if let (Some(vars), Some(more)) = (&mut facts.vars, more) {
        vars.extend(more);
    }
    for environment in client.names(&format!("{base}/environments"), "environments").await?.unwrap_or_default() {
        let base = format!("{base}/environments/{}", encoded(&environment));
        let secrets = client.names(&format!("{base}/secrets"), "secrets").await?.unwrap_or_default();
        let vars = client.names(&format!("{base}/variables"), "variables").await?.unwrap_or_default();
        facts.environments.insert(environment, Names { secrets, vars });
    }
    for branch in client.list(&format!("{base}/branches?protected=true"), None).await?.unwrap_or_default() {
        let contexts = branch.pointer("/protection/required_status_checks/contexts").and_then(Value::as_array);
        let contexts: Vec<String> = contexts.into_iter().flatten().filter_map(text).collect();
        if let (Some(name), false) = (branch.get("name").and_then(text), contexts.is_empty()) {
            facts.required.insert(name, contexts);
        }
    }
    for (what, there) in [("secrets", facts.secrets.is_some()), ("variables", facts.vars.is_some())] {
        if !there {
            facts.closed.push(format!("the token may not list the {what} of {name}: nothing is said about them"));
        }
    }
    Ok(facts)
}

/// A part of a path.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

impl ServerFacts {
    /// For the rules of lint.
    pub(crate) fn store(&self) -> Option<lint::Store> {
        let (secrets, vars) = (self.secrets.as_ref(), self.vars.as_ref());
        if secrets.is_none() && vars.is_none() {
            return None;
        }
        let environments = self.environments.iter().map(|(name, names)| {
            let names = lint::EnvironmentNames { secrets: names.secrets.clone(), vars: names.vars.clone() };
            (name.clone(), names)
        });
        Some(lint::Store {
            secrets: secrets.into_iter().flatten().chain(&self.organization_secrets).cloned().collect(),
            vars: vars.into_iter().flatten().cloned().collect(),
            environments: environments.collect(),
            all_secrets: secrets.is_some(),
            all_vars: vars.is_some(),
            place: format!("names are those of {} on {}", self.repository, self.url),
        })
    }

    /// What its branches ask for.
    pub(crate) fn protection(&self) -> Vec<lint::Protection> {
        let of = |(branch, checks): (&String, &Vec<String>)| lint::Protection {
            branch: branch.clone(),
            required_checks: checks.clone(),
            ..lint::Protection::default()
        };
        self.required.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn parts_of_paths() {
        for (text, expected) in [("production", "production"), ("eu/west 1", "eu%2Fwest%201"), ("ü", "%C3%BC")] {
            assert_eq!(encoded(text), expected);
        }
    }
}
