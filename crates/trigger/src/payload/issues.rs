use serde_json::{Value, json};

use super::{EventFacts, repository};

/// Issues, their comments, labels and milestones, and discussions.
pub(super) fn payload(facts: &EventFacts) -> Value {
    match facts.event.as_str() {
        "issues" => json!({ "issue": issue(facts, false) }),
        "issue_comment" => json!({ "issue": issue(facts, false), "comment": comment(facts) }),
        "pull_request_comment" => json!({ "issue": issue(facts, true), "comment": comment(facts) }),
        "label" => {
            json!({ "label": { "id": 1, "name": "", "color": "ededed", "default": false, "description": null } })
        }
        "milestone" => json!({
            "milestone": {
                "id": 1, "number": 1, "title": "", "description": null, "state": "open",
                "open_issues": 0, "closed_issues": 0, "creator": repository::user(facts, &facts.actor),
                "created_at": facts.timestamp, "due_on": null, "closed_at": null
            }
        }),
        "discussion" => json!({ "discussion": discussion(facts) }),
        _ => json!({ "discussion": discussion(facts), "comment": comment(facts) }),
    }
}

fn issue(facts: &EventFacts, of_pull_request: bool) -> Value {
    let html = format!("{}/issues/1", facts.html_url());
    let mut issue = json!({
        "id": 1,
        "number": 1,
        "title": "",
        "body": null,
        "state": "open",
        "state_reason": null,
        "locked": false,
        "user": repository::user(facts, &facts.actor),
        "labels": [],
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "comments": 0,
        "created_at": facts.timestamp,
        "updated_at": facts.timestamp,
        "closed_at": null,
        "author_association": "OWNER",
        "html_url": html,
        "url": format!("{}/issues/1", facts.repo_api_url())
    });
    if of_pull_request {
        issue["pull_request"] = json!({
            "url": format!("{}/pulls/1", facts.repo_api_url()),
            "html_url": format!("{}/pull/1", facts.html_url())
        });
    }
    issue
}

fn comment(facts: &EventFacts) -> Value {
    json!({
        "id": 1,
        "body": "",
        "user": repository::user(facts, &facts.actor),
        "author_association": "OWNER",
        "created_at": facts.timestamp,
        "updated_at": facts.timestamp,
        "html_url": format!("{}/issues/1#issuecomment-1", facts.html_url())
    })
}

fn discussion(facts: &EventFacts) -> Value {
    json!({
        "id": 1,
        "number": 1,
        "title": "",
        "body": "",
        "state": "open",
        "locked": false,
        "category": { "id": 1, "name": "General", "slug": "general", "is_answerable": false },
        "user": repository::user(facts, &facts.actor),
        "author_association": "OWNER",
        "created_at": facts.timestamp,
        "html_url": format!("{}/discussions/1", facts.html_url())
    })
}
