use crate::{Error, Result};

/// What kind of server is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    GitHub,
    Gitea,
    Forgejo,
}

impl Provider {
    const ALL: [Provider; 3] = [Provider::GitHub, Provider::Gitea, Provider::Forgejo];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Provider::GitHub => "github",
            Provider::Gitea => "gitea",
            Provider::Forgejo => "forgejo",
        }
    }

    /// # Errors
    /// When it is none of the three.
    pub fn parse(name: &str) -> Result<Provider> {
        let found = Provider::ALL.into_iter().find(|provider| provider.name() == name);
        let message = || format!("`{name}` is none of github, gitea and forgejo");
        found.ok_or_else(|| Error::invalid("Connection", "provider", message()))
    }

    /// Where such a server has its API.
    pub(super) fn api(self, web: &str) -> String {
        match self {
            Provider::GitHub if web == "https://github.com" => "https://api.github.com".to_owned(),
            Provider::GitHub => format!("{web}/api/v3"),
            Provider::Gitea | Provider::Forgejo => format!("{web}/api/v1"),
        }
    }

    /// How a token is shown to its API.
    pub(super) fn authorization(self, token: &str) -> String {
        match self {
            Provider::GitHub => format!("Bearer {token}"),
            Provider::Gitea | Provider::Forgejo => format!("token {token}"),
        }
    }

    /// Names of headers of its webhooks: event, signatures.
    pub(super) fn headers(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Provider::GitHub => ("x-github-event", &["x-hub-signature-256"]),
            Provider::Gitea => ("x-gitea-event", &["x-gitea-signature", "x-hub-signature-256"]),
            Provider::Forgejo => {
                ("x-forgejo-event", &["x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256"])
            }
        }
    }
}
