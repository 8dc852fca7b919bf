//! Lists of a repository, and repositories of an account.

use std::sync::Arc;

use forge::ids::node_id;
use identity::{Caller, Permission};
use serde_json::{Value, json};
use store::issues::{IssueFilter, Label};
use store::pulls::PullFilter;
use store::repositories::Repository;

use super::{account, commit, issue as issues_of, pull as pulls_of, repository};
use crate::graphql::args::Args;
use crate::graphql::connection::{self, slice};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Connection, Node, Out};

/// Rows beyond these are not looked at by one request.
const MOST: i64 = 10_000;

pub(crate) async fn nothing(_: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(connection::empty())
}

pub(crate) async fn pull(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let number = args.number("number").unwrap_or(0);
    let found = pulls_of::by_number(context, repo, number).await?;
    let missing = || Fault::not_found(format!("Could not resolve to a PullRequest with the number of {number}."));
    Ok(Out::Node(found.ok_or_else(missing)?))
}

/// `OPEN`, `CLOSED`, `MERGED`: those wanted; none means all.
pub(crate) async fn pulls(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let states = args.texts("states");
    let state = match states.as_deref() {
        Some(["OPEN"]) => Some("open"),
        Some(states) if !states.contains(&"OPEN") => Some("closed"),
        _ => None,
    };
    let order = args.0.get("orderBy").and_then(Value::as_object);
    let word = |name: &str| order.and_then(|order| order.get(name)).and_then(Value::as_str);
    let filter = PullFilter {
        state,
        base: args.text("baseRefName"),
        head: args.text("headRefName").map(|branch| (None, branch)),
        sort: if word("field") == Some("UPDATED_AT") { "updated" } else { "created" },
        ascending: word("direction") != Some("DESC"),
    };
    let mut query = context.api.store().read();
    let mut found = store::pulls::list(&mut query, repo.id, &filter, MOST, 0).await?;
    if let Some(states) = states {
        let wanted = |pull: &store::pulls::Pull| {
            // What is open was told apart by the database.
            state == Some("open")
                || (pull.merged && states.contains(&"MERGED"))
                || (!pull.merged && (states.contains(&"CLOSED") || states.contains(&"OPEN")))
        };
        found.retain(wanted);
    }
    let (offset, length) = slice(args, found.len());
    let total = found.len();
    let mut nodes = Vec::new();
    for pull in found.into_iter().skip(offset).take(length) {
        if let Some(issue) = store::issues::by_id(&mut query, pull.issue_id).await? {
            nodes.push(pulls_of::node(context, repo.clone(), issue, pull));
        }
    }
    Ok(Out::Connection(Connection { nodes, offset, total }))
}

pub(crate) async fn issue(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let number = args.number("number").unwrap_or(0);
    let found = store::issues::by_number(&mut context.api.store().read(), repo.id, number).await?;
    let missing = || Fault::not_found(format!("Could not resolve to an Issue with the number of {number}."));
    let found = found.filter(|issue| !issue.is_pull).ok_or_else(missing)?;
    Ok(Out::Node(issues_of::node(context, repo.clone(), found)))
}

pub(crate) async fn issue_or_pull(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let number = args.number("number").unwrap_or(0);
    let found = store::issues::by_number(&mut context.api.store().read(), repo.id, number).await?;
    let is_pull = found.is_some_and(|issue| issue.is_pull);
    context.read(repo, if is_pull { Permission::PullRequests } else { Permission::Issues }).await?;
    if is_pull { pull(context, node, args).await } else { issue(context, node, args).await }
}

pub(crate) async fn issues(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let state = match args.texts("states").as_deref() {
        Some(["OPEN"]) => Some("open"),
        Some(["CLOSED"]) => Some("closed"),
        _ => None,
    };
    let labels: Vec<String> =
        args.texts("labels").unwrap_or_default().iter().map(|label| label.to_lowercase()).collect();
    let filter =
        IssueFilter { state, is_pull: Some(false), labels: &labels, sort: "created", ..IssueFilter::default() };
    let found = store::issues::list(&mut context.api.store().read(), repo.id, &filter, MOST, 0).await?;
    Ok(connection::of(args, found.into_iter().map(|issue| issues_of::node(context, repo.clone(), issue)).collect()))
}

pub(crate) fn label_node(context: &Context<'_>, repo: &Repository, label: &Label) -> Node {
    let shape = context.api.forge().shape().label(&repo.full_name(), label);
    let data = json!({
        "id": node_id("Label", label.id),
        "name": label.name,
        "description": label.description,
        "color": label.color,
        "url": shape["url"],
        "isDefault": false,
        "createdAt": null,
    });
    Node::plain("Label", data)
}

pub(crate) async fn label(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let name = args.required("name")?;
    let found = store::issues::label(&mut context.api.store().read(), repo.id, name).await?;
    Ok(found.map(|label| label_node(context, repo, &label)).into())
}

pub(crate) async fn labels(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let mut found = store::issues::labels(&mut context.api.store().read(), repo.id).await?;
    if let Some(query) = args.text("query").map(str::to_lowercase).filter(|query| !query.is_empty()) {
        found.retain(|label| label.name.to_lowercase().contains(&query));
    }
    Ok(connection::of(args, found.iter().map(|label| label_node(context, repo, label)).collect()))
}

pub(crate) async fn people(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    context.read(repo, Permission::Metadata).await?;
    let mut query = context.api.store().read();
    let mut found = store::roles::people(&mut query, repo.id, repo.owner_id, 0, 1000).await?;
    found.retain(|user| user.kind == "User");
    Ok(connection::of(args, found.into_iter().map(|user| account::node(context, user)).collect()))
}

pub(crate) async fn topics(_: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let topics = repository::subject(node)?.topics.as_array().cloned().unwrap_or_default();
    let shape = |topic: &Value| Node::plain("RepositoryTopic", json!({ "topic": { "id": topic, "name": topic } }));
    Ok(connection::of(args, topics.iter().map(shape).collect()))
}

pub(crate) async fn refs(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let prefix = args.text("refPrefix").unwrap_or("refs/heads/");
    let known = matches!(prefix, "refs/heads/" | "refs/tags/");
    let found = if known { context.api.forge().git(repo.id).refs(&[prefix]).await? } else { Vec::new() };
    let nodes = found.iter().map(|found| commit::ref_of(repo, &found.name, found.commit())).collect();
    Ok(connection::of(args, nodes))
}

pub(crate) async fn forks(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let found = store::repositories::forks(&mut context.api.store().read(), repo.id).await?;
    let affiliated = args.0.contains_key("affiliations") || args.0.contains_key("ownerAffiliations");
    visible(context, args, found, affiliated).await
}

pub(crate) async fn of_owner(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let owner = account::subject(node)?;
    let mut found = store::repositories::of_owner(&mut context.api.store().read(), owner.id).await?;
    if let Some(fork) = args.flag("isFork") {
        found.retain(|repo| repo.fork_of.is_some() == fork);
    }
    if let Some(privacy) = args.text("privacy") {
        found.retain(|repo| repo.is_private() == (privacy == "PRIVATE"));
    }
    let order = args.0.get("orderBy").and_then(Value::as_object);
    let word = |name: &str| order.and_then(|order| order.get(name)).and_then(Value::as_str);
    match word("field") {
        Some("PUSHED_AT") => found.sort_by_key(|repo| repo.pushed_at),
        Some("UPDATED_AT") => found.sort_by_key(|repo| repo.updated_at),
        Some("CREATED_AT") => found.sort_by_key(|repo| repo.created_at),
        _ => {}
    }
    if word("direction") == Some("DESC") {
        found.reverse();
    }
    visible(context, args, found, false).await
}

pub(crate) async fn one_of_owner(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = context.repository(&account::subject(node)?.login, args.required("name")?).await?;
    Ok(Out::Node(repository::node(context, repo)))
}

/// Those that the caller may know of; `affiliated`: has a role in.
async fn visible(context: &Context<'_>, args: &Args, found: Vec<Repository>, affiliated: bool) -> Result<Out, Fault> {
    let identity = context.api.identity();
    let mut nodes = Vec::new();
    for repo in found {
        let facts = forge::repo_ref(&repo);
        if !identity.sees(context.caller, &facts).await? {
            continue;
        }
        if affiliated {
            let Caller::User(user) = context.caller else { continue };
            let given = store::roles::given(&mut context.api.store().read(), repo.id, repo.owner_id, user.id).await?;
            if repo.owner_id != user.id && given.iter().all(|role| role == "none") {
                continue;
            }
        }
        nodes.push(repository::node(context, Arc::new(repo)));
    }
    Ok(connection::of(args, nodes))
}

/// Where GitHub looks for the text that a new pull request begins with.
const TEMPLATES: &[&str] = &[
    ".github/PULL_REQUEST_TEMPLATE.md",
    ".github/pull_request_template.md",
    "PULL_REQUEST_TEMPLATE.md",
    "pull_request_template.md",
    "docs/PULL_REQUEST_TEMPLATE.md",
    "docs/pull_request_template.md",
];

pub(crate) async fn pull_templates(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let git = context.api.forge().git(repo.id);
    let Some(head) = git.resolve(&format!("refs/heads/{}", repo.default_branch)).await? else {
        return Ok(Out::Nodes(Vec::new()));
    };
    let mut nodes = Vec::new();
    for path in TEMPLATES {
        if let Some(text) = git.file(&head, path, 1024 * 1024).await? {
            let name = path.rsplit('/').next().unwrap_or(path);
            let data = json!({ "body": String::from_utf8_lossy(&text), "filename": name });
            nodes.push(Node::plain("PullRequestTemplate", data));
        }
    }
    Ok(Out::Nodes(nodes))
}
