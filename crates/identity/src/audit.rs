//! The audit log: each entry carries a keyed hash over itself and the one before, so that an entry that is changed, taken
//! out or put in shows. The key is in an envelope: writing to the database alone does not forge the chain. That its end was cut
//! off shows by its [`AuditAnchor`], from which on entries are as safe as the file.

mod anchor;

use ring::hmac;
use serde_json::Value;
use store::audit::Entry;
use store::{Query, Tx};

use crate::{Caller, Error, Result};

pub use anchor::AuditAnchor;

/// What is written down.
#[derive(Clone, Debug)]
pub struct Action<'a> {
    /// `secret.put`, `member.remove`: what was done to which kind of thing.
    pub name: &'a str,
    /// The name of the thing.
    pub subject: &'a str,
    pub repo_id: Option<i64>,
    pub org_id: Option<i64>,
    /// More, without anything secret.
    pub details: Value,
}

impl<'a> Action<'a> {
    #[must_use]
    pub fn new(name: &'a str, subject: &'a str) -> Self {
        Self { name, subject, repo_id: None, org_id: None, details: Value::Object(serde_json::Map::new()) }
    }

    #[must_use]
    pub fn repo(self, repo_id: i64) -> Self {
        Self { repo_id: Some(repo_id), ..self }
    }

    #[must_use]
    pub fn org(self, org_id: i64) -> Self {
        Self { org_id: Some(org_id), ..self }
    }

    #[must_use]
    pub fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

/// Who did it, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    pub kind: &'static str,
    pub id: Option<i64>,
    pub name: String,
}

impl Actor {
    /// The server itself: schedules, sweeps, its own runners.
    #[must_use]
    pub fn server() -> Self {
        Self { kind: "server", id: None, name: "server".to_owned() }
    }

    /// Whoever gives commands at the server's machine: no user of the server, whatever they do in whose name.
    #[must_use]
    pub fn command_line() -> Self {
        Self { kind: "server", id: None, name: "command line".to_owned() }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Anonymous => Actor { kind: "anonymous", id: None, name: "anonymous".to_owned() },
            Caller::User(user) => Actor { kind: "user", id: Some(user.id), name: user.login.clone() },
            Caller::Job(job) => Actor { kind: "job", id: Some(job.job_id), name: format!("job {}", job.job_id) },
            Caller::Runner(runner) => {
                Actor { kind: "runner", id: Some(runner.id), name: format!("runner {}", runner.id) }
            }
        }
    }
}

/// Adds an entry behind the last one.
pub(crate) async fn append(
    tx: &mut Tx,
    key: &hmac::Key,
    actor: &Actor,
    allowed: bool,
    action: &Action<'_>,
) -> Result<()> {
    let (last, before) = store::audit::head(tx).await?;
    let mut entry = Entry {
        id: last + 1,
        at: tx.now(),
        actor_kind: actor.kind.to_owned(),
        actor_id: actor.id,
        actor: actor.name.clone(),
        action: action.name.to_owned(),
        allowed,
        repo_id: action.repo_id,
        org_id: action.org_id,
        subject: action.subject.to_owned(),
        details: action.details.clone(),
        hash: String::new(),
    };
    entry.hash = hash(key, &before, &entry);
    store::audit::append(tx, &entry).await?;
    Ok(())
}

/// Walks the whole chain; the number of entries. [`Error::AuditChain`] names the first that does not follow.
pub(crate) async fn verify(query: &mut impl Query, key: &hmac::Key) -> Result<i64> {
    let (mut expected, mut before) = (1, String::new());
    loop {
        let entries = store::audit::from(query, expected, 1000).await?;
        if entries.is_empty() {
            let (last, hash) = store::audit::end(query).await?;
            // The end may have been cut off, clumsily.
            return if last == expected - 1 && hash == before { Ok(last) } else { Err(Error::AuditChain(expected)) };
        }
        for entry in entries {
            if entry.id != expected || entry.hash != hash(key, &before, &entry) {
                return Err(Error::AuditChain(expected));
            }
            before = entry.hash;
            expected += 1;
        }
    }
}

/// Every field with its length before it, so that no two entries look alike.
fn hash(key: &hmac::Key, before: &str, entry: &Entry) -> String {
    let number = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
    let fields = [
        before,
        &entry.id.to_string(),
        &entry.at.to_string(),
        &entry.actor_kind,
        &number(entry.actor_id),
        &entry.actor,
        &entry.action,
        if entry.allowed { "allowed" } else { "refused" },
        &number(entry.repo_id),
        &number(entry.org_id),
        &entry.subject,
        &entry.details.to_string(),
    ];
    let mut context = hmac::Context::with_key(key);
    for field in fields {
        context.update(&(field.len() as u64).to_le_bytes());
        context.update(field.as_bytes());
    }
    hex::encode(context.sign())
}
