use serde_json::{Value, json};

use super::{EventFacts, merge};

pub(super) fn repository(facts: &EventFacts) -> Value {
    named(facts, &facts.repository)
}

/// The repository object for `owner/name`.
pub(super) fn named(facts: &EventFacts, full_name: &str) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap_or(("local", full_name));
    let html = format!("{}/{full_name}", facts.server_url);
    let host = facts.server_url.split_once("://").map_or(facts.server_url.as_str(), |(_, host)| host);
    let mut owner_object = user(facts, owner);
    if facts.owner_is_organization && full_name == facts.repository {
        owner_object["type"] = json!("Organization");
    }
    let mut repository = json!({
        "id": facts.id(full_name),
        "node_id": format!("R_{}", facts.id(full_name)),
        "name": name,
        "full_name": full_name,
        "private": facts.private,
        "owner": owner_object,
        "html_url": html,
        "description": null,
        "fork": full_name != facts.repository,
        "url": format!("{}/repos/{full_name}", facts.api_url),
        "created_at": facts.timestamp,
        "updated_at": facts.timestamp,
        "pushed_at": facts.timestamp,
        "git_url": format!("git://{host}/{full_name}.git"),
        "ssh_url": format!("git@{host}:{full_name}.git"),
        "clone_url": format!("{html}.git"),
        "svn_url": html,
        "homepage": null
    });
    let counts = json!({
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": null,
        "has_issues": true,
        "has_projects": true,
        "has_downloads": true,
        "has_wiki": true,
        "has_pages": false,
        "has_discussions": false,
        "forks_count": 0,
        "archived": false,
        "disabled": false,
        "open_issues_count": 0,
        "license": null,
        "allow_forking": true,
        "is_template": false,
        "topics": [],
        "visibility": if facts.private { "private" } else { "public" },
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": facts.default_branch,
        "master_branch": facts.default_branch
    });
    merge(&mut repository, counts);
    repository
}

pub(super) fn user(facts: &EventFacts, login: &str) -> Value {
    json!({
        "login": login,
        "id": facts.id(login),
        "node_id": format!("U_{}", facts.id(login)),
        "avatar_url": "",
        "url": format!("{}/users/{login}", facts.api_url),
        "html_url": format!("{}/{login}", facts.server_url),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false
    })
}
