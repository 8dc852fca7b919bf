use serde_json::{Value, json};

use super::{CommitFacts, EventFacts, Person};

/// A commit as push events list it.
pub(super) fn commit(facts: &EventFacts, commit: &CommitFacts) -> Value {
    json!({
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": true,
        "message": commit.message,
        "timestamp": commit.timestamp,
        "url": format!("{}/commit/{}", facts.html_url(), commit.sha),
        "author": person(facts, &commit.author),
        "committer": person(facts, &commit.committer),
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified
    })
}

fn person(facts: &EventFacts, person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email, "username": facts.actor })
}

/// The newest commit, or null.
pub(super) fn head(facts: &EventFacts) -> Value {
    facts.commits.last().map_or(Value::Null, |last| commit(facts, last))
}
