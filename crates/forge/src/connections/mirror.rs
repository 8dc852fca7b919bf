//! Following the refs of a connected repository.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::connections::Connection;
use store::repositories::Repository;

use crate::git::{GitError, ZERO};
use crate::push::RefChange;
use crate::{Actor, Forge, Result};

/// Where fetched refs wait until their changes are told.
const WAITING: &str = "refs/mirror/";

impl Forge {
    /// Fetches the other repository and makes its branches and tags this one's; each change is told as a push. How many refs
    /// changed.
    pub(super) async fn mirror(&self, connection: &Connection, repository: &Repository) -> Result<usize> {
        let specs = ["+refs/heads/*:refs/mirror/heads/*", "+refs/tags/*:refs/mirror/tags/*"].map(str::to_owned);
        self.fetch_remote(connection, &specs, true).await?;
        let repo = self.git(repository.id);
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        for found in repo.refs(&[WAITING]).await? {
            wanted.insert(found.name.replacen(WAITING, "refs/", 1), found.oid);
        }
        let mut changes = Vec::new();
        for found in repo.refs(&["refs/heads/", "refs/tags/"]).await? {
            match wanted.remove(&found.name) {
                Some(new) if new == found.oid => {}
                Some(new) => changes.push(RefChange { name: found.name, old: found.oid, new }),
                None => changes.push(RefChange { name: found.name, old: found.oid, new: ZERO.to_owned() }),
            }
        }
        changes.extend(wanted.into_iter().map(|(name, new)| RefChange { name, old: ZERO.to_owned(), new }));
        let actor = Actor::user(repository.owner_id);
        let facts = json!({ "connection": connection.id });
        self.change_refs(repository, &actor, "mirror", facts, &changes).await?;
        Ok(changes.len())
    }

    /// Fetches from the other server. Its name is looked up and judged here, and git is told the address: neither a redirect
    /// nor another answer of the name server leads it elsewhere.
    pub(super) async fn fetch_remote(&self, connection: &Connection, specs: &[String], prune: bool) -> Result<()> {
        let pinned = self.outgoing().pin(&connection.clone_url).await?;
        let mut config = vec![
            ("http.followRedirects".to_owned(), "false".to_owned()),
            ("http.proxy".to_owned(), String::new()),
            ("http.lowSpeedLimit".to_owned(), "1".to_owned()),
            ("http.lowSpeedTime".to_owned(), "60".to_owned()),
        ];
        if let Some(resolve) = pinned {
            config.push(("http.curloptResolve".to_owned(), resolve));
        }
        if let Some(token) = self.connection_token(connection)? {
            use base64::Engine as _;
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
            config.push(("http.extraHeader".to_owned(), format!("Authorization: Basic {basic}")));
        }
        let repo = self.git(connection.repo_id);
        let fetched = repo.fetch_url(&connection.clone_url, specs, prune, &config).await;
        let trouble = fetched.as_ref().err().map(ToString::to_string);
        let mut tx = self.store().begin().await?;
        store::connections::set_fetched(&mut tx, connection.id, trouble.as_deref()).await?;
        tx.commit().await?;
        fetched.map_err(|error: GitError| crate::Error::Remote(error.to_string()))
    }
}

/// A value of a payload by its path; empty where there is none.
pub(super) fn text<'p>(payload: &'p Value, path: &str) -> &'p str {
    payload.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
