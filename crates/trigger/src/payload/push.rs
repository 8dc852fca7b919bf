use serde_json::{Value, json};

use super::facts::ZERO_SHA;
use super::{EventFacts, commits};

pub(super) fn payload(facts: &EventFacts) -> Value {
    let created = facts.before.is_none();
    let before = facts.before.as_deref().unwrap_or(ZERO_SHA);
    let after = if facts.deleted { ZERO_SHA } else { facts.sha.as_str() };
    let pusher = facts.commits.last().map_or_else(
        || json!({ "name": facts.actor, "email": "" }),
        |commit| json!({ "name": facts.actor, "email": commit.committer.email }),
    );
    let compare = if created {
        format!("{}/commit/{}", facts.html_url(), short(after))
    } else {
        format!("{}/compare/{}...{}", facts.html_url(), short(before), short(after))
    };
    json!({
        "ref": facts.full_ref(),
        "before": before,
        "after": after,
        "created": created,
        "deleted": facts.deleted,
        "forced": facts.forced,
        "base_ref": null,
        "compare": compare,
        "pusher": pusher,
        "commits": facts.commits.iter().map(|commit| commits::commit(facts, commit)).collect::<Vec<_>>(),
        "head_commit": if facts.deleted { Value::Null } else { commits::head(facts) }
    })
}

fn short(sha: &str) -> &str {
    sha.get(..12).unwrap_or(sha)
}
