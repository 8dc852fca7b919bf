//! The API, asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::failure::Failure;

/// Entries asked for at once: the most that servers give.
const PAGE: usize = 100;
/// No repository has more secrets; a server that never stops is not followed for ever.
const PAGES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Client {
    http: reqwest::Client,
    /// Without a slash at its end.
    root: String,
    token: Option<String>,
}

impl Client {
    pub(super) fn new(server: &str, token_file: Option<&Path>) -> Result<Self, Failure> {
        let address = server.trim_end_matches('/');
        let Some((_, host)) = address.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
        else {
            return Err(Failure::usage(format!(
                "--server takes an address such as https://ci.example.com, not `{server}`"
            )));
        };
        let of_github = matches!(host, "github.com" | "api.github.com");
        let root = if of_github { "https://api.github.com".to_owned() } else { format!("{address}/api/v3") };
        // A token of GitHub's goes to GitHub only.
        let variables: &[&str] =
            if of_github { &["TRUNKLINE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"] } else { &["TRUNKLINE_TOKEN"] };
        let token = match token_file {
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| Failure::missing(format!("{}: {error}", path.display())))?,
            ),
            None => variables.iter().find_map(|name| std::env::var(name).ok()),
        };
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(PATIENCE)
            .build()
            .map_err(Failure::broken)?;
        Ok(Self { http, root, token })
    }

    /// An object or list; `None` where there is none, or it may not be seen.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        let url = format!("{}/{path}", self.root);
        let mut request = self.http.get(&url).header("accept", "application/vnd.github+json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let unreachable = |error: reqwest::Error| {
            let mut text = format!("{} cannot be reached: {error}", self.root);
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                let _ = write!(text, ": {cause}");
                source = cause.source();
            }
            Failure::broken(text)
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unreachable)?;
        match status {
            StatusCode::UNAUTHORIZED if self.token.is_none() => {
                Err(Failure::missing(format!("{} asks for a token", self.root))
                    .hint("give one with TRUNKLINE_TOKEN or --token-file; `trunkline admin token LOGIN` makes one"))
            }
            StatusCode::UNAUTHORIZED => Err(Failure::missing(format!("{} does not accept the token", self.root))
                .hint("give another with TRUNKLINE_TOKEN or --token-file; `trunkline admin token LOGIN` makes one")),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => serde_json::from_slice(&body).map(Some).map_err(|error| {
                Failure::broken(format!("{url} answers with what is no JSON: {error}"))
                    .hint("--server takes the address at which the server's pages are reached")
            }),
            status => Err(Failure::broken(format!("{url} answers {status}"))),
        }
    }

    /// All entries of a list, page by page; those below `key` where they are wrapped.
    pub(super) async fn list(&self, path: &str, key: Option<&str>) -> Result<Option<Vec<Value>>, Failure> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let Some(answer) = self.get(&format!("{path}{separator}per_page={PAGE}&page={page}")).await? else {
                return Ok(None);
            };
            let list = key.map_or(Some(&answer), |key| answer.get(key)).and_then(Value::as_array);
            let list = list.map(Vec::as_slice).unwrap_or_default();
            all.extend_from_slice(list);
            if list.len() < PAGE {
                break;
            }
        }
        Ok(Some(all))
    }

    /// The `name` of each entry.
    pub(super) async fn names(&self, path: &str, key: &str) -> Result<Option<BTreeSet<String>>, Failure> {
        let list = self.list(path, Some(key)).await?;
        let name = |entry: &Value| Some(entry.get("name")?.as_str()?.to_owned());
        Ok(list.map(|list| list.iter().filter_map(name).collect()))
    }
}
