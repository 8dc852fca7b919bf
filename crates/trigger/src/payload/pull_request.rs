use serde_json::{Value, json};

use super::{EventFacts, PullRequestFacts, merge, repository};

pub(super) fn payload(facts: &EventFacts) -> Value {
    let assumed = PullRequestFacts::default();
    let pull = facts.pull_request.as_ref().unwrap_or(&assumed);
    json!({ "number": pull.number, "pull_request": object(facts, pull) })
}

pub(super) fn review(facts: &EventFacts) -> Value {
    let mut payload = payload(facts);
    payload["review"] = json!({
        "id": 1,
        "user": repository::user(facts, &facts.actor),
        "body": null,
        "state": "commented",
        "submitted_at": facts.timestamp,
        "commit_id": payload.pointer("/pull_request/head/sha")
    });
    payload
}

pub(super) fn review_comment(facts: &EventFacts) -> Value {
    let mut payload = payload(facts);
    payload["comment"] = json!({
        "id": 1,
        "user": repository::user(facts, &facts.actor),
        "body": "",
        "path": "",
        "commit_id": payload.pointer("/pull_request/head/sha"),
        "created_at": facts.timestamp
    });
    payload
}

fn object(facts: &EventFacts, pull: &PullRequestFacts) -> Value {
    let head_repository = pull.head_repository.as_deref().unwrap_or(&facts.repository);
    let html = format!("{}/pull/{}", facts.html_url(), pull.number);
    let api = format!("{}/pulls/{}", facts.repo_api_url(), pull.number);
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|label| json!({ "id": facts.id(label), "name": label, "color": "ededed", "default": false, "description": null }))
        .collect();
    let mut object = json!({
        "id": facts.id(&html),
        "node_id": format!("PR_{}", facts.id(&html)),
        "number": pull.number,
        "state": if pull.merged { "closed" } else { "open" },
        "locked": false,
        "title": pull.title,
        "user": repository::user(facts, &facts.actor),
        "body": pull.body,
        "created_at": facts.timestamp,
        "updated_at": facts.timestamp,
        "closed_at": if pull.merged { json!(facts.timestamp) } else { Value::Null },
        "merged_at": if pull.merged { json!(facts.timestamp) } else { Value::Null },
        "merge_commit_sha": pull.merge_sha,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": labels,
        "milestone": null,
        "draft": pull.draft,
        "html_url": html,
        "url": api,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "issue_url": format!("{}/issues/{}", facts.repo_api_url(), pull.number),
        "commits_url": format!("{api}/commits"),
        "comments_url": format!("{}/issues/{}/comments", facts.repo_api_url(), pull.number),
        "statuses_url": format!("{}/statuses/{}", facts.repo_api_url(), pull.head_sha)
    });
    let state = json!({
        "head": side(facts, head_repository, &pull.head_ref, &pull.head_sha),
        "base": side(facts, &facts.repository, &pull.base_ref, &pull.base_sha),
        "author_association": if pull.head_repository.is_some() { "CONTRIBUTOR" } else { "OWNER" },
        "auto_merge": null,
        "active_lock_reason": null,
        "merged": pull.merged,
        "mergeable": true,
        "rebaseable": null,
        "mergeable_state": "clean",
        "merged_by": null,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": pull.commits,
        "additions": pull.additions,
        "deletions": pull.deletions,
        "changed_files": pull.changed_files
    });
    merge(&mut object, state);
    object
}

fn side(facts: &EventFacts, full_name: &str, branch: &str, sha: &str) -> Value {
    let owner = full_name.split_once('/').map_or("local", |(owner, _)| owner);
    json!({
        "label": format!("{owner}:{branch}"),
        "ref": branch,
        "sha": sha,
        "user": repository::user(facts, owner),
        "repo": repository::named(facts, full_name)
    })
}
