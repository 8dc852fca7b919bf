//! Repositories.

use std::sync::Arc;

use forge::ids::node_id;
use identity::{Permission, Role};
use serde_json::{Value, json};
use store::repositories::Repository;

use super::{account, commit, repository_lists as lists};
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const PULLS: &[&str] =
    &["first", "last", "after", "before", "states", "headRefName", "baseRefName", "orderBy", "labels"];

const REPOSITORY: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("name"),
    Field::value("nameWithOwner"),
    Field::value("description"),
    Field::value("homepageUrl"),
    Field::value("openGraphImageUrl"),
    Field::value("usesCustomOpenGraphImage"),
    Field::value("url"),
    Field::value("resourcePath"),
    Field::value("sshUrl"),
    Field::value("mirrorUrl"),
    Field::value("securityPolicyUrl"),
    Field::value("createdAt"),
    Field::value("pushedAt"),
    Field::value("updatedAt"),
    Field::value("isBlankIssuesEnabled"),
    Field::value("isSecurityPolicyEnabled"),
    Field::value("hasIssuesEnabled"),
    Field::value("hasProjectsEnabled"),
    Field::value("hasWikiEnabled"),
    Field::value("hasDiscussionsEnabled"),
    Field::value("mergeCommitAllowed"),
    Field::value("squashMergeAllowed"),
    Field::value("rebaseMergeAllowed"),
    Field::value("autoMergeAllowed"),
    Field::value("deleteBranchOnMerge"),
    Field::value("forkingAllowed"),
    Field::value("diskUsage"),
    Field::value("isArchived"),
    Field::value("isDisabled"),
    Field::value("isFork"),
    Field::value("isInOrganization"),
    Field::value("isLocked"),
    Field::value("isMirror"),
    Field::value("isPrivate"),
    Field::value("isTemplate"),
    Field::value("isUserConfigurationRepository"),
    Field::value("visibility"),
    Field::value("stargazerCount"),
    Field::value("viewerHasStarred"),
    Field::value("viewerSubscription"),
    Field::value("viewerDefaultMergeMethod"),
    Field::inner("watchers", "Count"),
    Field::inner("codeOfConduct", "CodeOfConduct"),
    Field::inner("licenseInfo", "License"),
    Field::inner("primaryLanguage", "Language"),
    Field::inners("contactLinks", "ContactLink"),
    Field::inners("fundingLinks", "FundingLink"),
    Field::inners("issueTemplates", "IssueTemplate"),
    Field::scalar("forkCount", &[], resolve!(fork_count)),
    Field::scalar("isEmpty", &[], resolve!(is_empty)),
    Field::scalar("viewerPermission", &[], resolve!(viewer_permission)),
    Field::scalar("viewerCanAdminister", &[], resolve!(viewer_can_administer)),
    Field::scalar("viewerDefaultCommitEmail", &[], resolve!(viewer_email)),
    Field::scalar("viewerPossibleCommitEmails", &[], resolve!(viewer_emails)),
    Field::one("owner", &[], "RepositoryOwner", resolve!(owner)),
    Field::one("parent", &[], "Repository", resolve!(parent)),
    Field::one("templateRepository", &[], "Repository", resolve!(no_template)),
    Field::one("defaultBranchRef", &[], "Ref", resolve!(default_branch)).needs(Permission::Contents),
    Field::one("ref", &["qualifiedName"], "Ref", resolve!(one_ref)).needs(Permission::Contents),
    Field::connection(
        "refs",
        &["first", "last", "after", "before", "refPrefix", "orderBy", "query"],
        "Ref",
        resolve!(lists::refs),
    )
    .needs(Permission::Contents),
    Field::one("object", &["expression", "oid"], "GitObject", resolve!(object)).needs(Permission::Contents),
    Field::one("pullRequest", &["number"], "PullRequest", resolve!(lists::pull)).needs(Permission::PullRequests),
    Field::connection("pullRequests", PULLS, "PullRequest", resolve!(lists::pulls)).needs(Permission::PullRequests),
    Field::one("issue", &["number"], "Issue", resolve!(lists::issue)).needs(Permission::Issues),
    Field::one("issueOrPullRequest", &["number"], "IssueOrPullRequest", resolve!(lists::issue_or_pull)),
    Field::connection(
        "issues",
        &["first", "last", "after", "before", "states", "orderBy", "labels", "filterBy"],
        "Issue",
        resolve!(lists::issues),
    )
    .needs(Permission::Issues),
    Field::one("label", &["name"], "Label", resolve!(lists::label)).needs(Permission::Issues),
    Field::connection(
        "labels",
        &["first", "last", "after", "before", "orderBy", "query"],
        "Label",
        resolve!(lists::labels),
    )
    .needs(Permission::Issues),
    Field::connection(
        "milestones",
        &["first", "last", "after", "before", "states", "orderBy", "query"],
        "Milestone",
        resolve!(lists::nothing),
    ),
    Field::connection(
        "projects",
        &["first", "last", "after", "before", "states", "orderBy", "search"],
        "Project",
        resolve!(lists::nothing),
    ),
    Field::connection(
        "projectsV2",
        &["first", "last", "after", "before", "orderBy", "query"],
        "ProjectV2",
        resolve!(lists::nothing),
    ),
    Field::connection(
        "assignableUsers",
        &["first", "last", "after", "before", "query"],
        "User",
        resolve!(lists::people),
    ),
    Field::connection(
        "mentionableUsers",
        &["first", "last", "after", "before", "query"],
        "User",
        resolve!(lists::people),
    ),
    Field::connection(
        "forks",
        &["first", "last", "after", "before", "affiliations", "ownerAffiliations", "orderBy", "privacy"],
        "Repository",
        resolve!(lists::forks),
    ),
    Field::connection(
        "repositoryTopics",
        &["first", "last", "after", "before"],
        "RepositoryTopic",
        resolve!(lists::topics),
    ),
    Field::connection(
        "languages",
        &["first", "last", "after", "before", "orderBy"],
        "Language",
        resolve!(lists::nothing),
    ),
    Field::many("pullRequestTemplates", &[], "PullRequestTemplate", resolve!(lists::pull_templates))
        .needs(Permission::Contents),
    Field::one("latestRelease", &[], "Release", resolve!(super::release::latest)).needs(Permission::Contents),
    Field::one("release", &["tagName"], "Release", resolve!(super::release::by_tag)).needs(Permission::Contents),
    Field::connection(
        "releases",
        &["first", "last", "after", "before", "orderBy"],
        "Release",
        resolve!(super::release::list),
    )
    .needs(Permission::Contents),
];

pub(crate) const TYPES: &[Type] =
    &[Type::object("Repository", REPOSITORY), Type::interface("IssueOrPullRequest", &["Issue", "PullRequest"], &[])];

/// A repository as a node: the caller may know of it.
pub(crate) fn node(context: &Context<'_>, repo: Arc<Repository>) -> Node {
    let url = context.urls().page(&repo.full_name());
    let optional = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let on = |name: &str, or: bool| Value::from(repo.setting(name, or));
    let facts = json!({
        "id": node_id("Repository", repo.id),
        "databaseId": repo.id,
        "name": repo.name,
        "nameWithOwner": repo.full_name(),
        "description": optional(&repo.description),
        "homepageUrl": optional(&repo.homepage),
        "openGraphImageUrl": "",
        "usesCustomOpenGraphImage": false,
        "url": url,
        "resourcePath": format!("/{}", repo.full_name()),
        "sshUrl": format!("{url}.git"),
        "mirrorUrl": null,
        "securityPolicyUrl": null,
        "createdAt": forge::shape::at(repo.created_at),
        "pushedAt": repo.pushed_at.map(forge::shape::at),
        "updatedAt": forge::shape::at(repo.updated_at),
        "diskUsage": repo.size / 1024,
        "visibility": repo.visibility.to_uppercase(),
    });
    let settings = json!({
        "isBlankIssuesEnabled": true,
        "isSecurityPolicyEnabled": false,
        "hasIssuesEnabled": on("has_issues", true),
        "hasProjectsEnabled": false,
        "hasWikiEnabled": false,
        "hasDiscussionsEnabled": false,
        "mergeCommitAllowed": on("allow_merge_commit", true),
        "squashMergeAllowed": on("allow_squash_merge", true),
        "rebaseMergeAllowed": on("allow_rebase_merge", true),
        "autoMergeAllowed": on("allow_auto_merge", false),
        "deleteBranchOnMerge": on("delete_branch_on_merge", false),
        "forkingAllowed": true,
        "isArchived": repo.archived,
        "isDisabled": false,
        "isFork": repo.fork_of.is_some(),
        "isInOrganization": repo.owner_kind == "Organization",
        "isLocked": false,
        "isMirror": false,
        "isPrivate": repo.is_private(),
        "isTemplate": false,
        "isUserConfigurationRepository": false,
    });
    let rest = json!({
        "stargazerCount": 0,
        "viewerHasStarred": false,
        "viewerSubscription": "UNSUBSCRIBED",
        "viewerDefaultMergeMethod": "MERGE",
        "watchers": { "totalCount": 0 },
        "codeOfConduct": null,
        "licenseInfo": null,
        "primaryLanguage": null,
        "contactLinks": [],
        "fundingLinks": [],
        "issueTemplates": [],
    });
    let mut data = serde_json::Map::new();
    for part in [facts, settings, rest] {
        data.extend(part.as_object().cloned().unwrap_or_default());
    }
    Node { kind: "Repository", data, subject: Subject::Repository(repo) }
}

/// The repository that a node is.
pub(crate) fn subject(node: &Node) -> Result<&Arc<Repository>, Fault> {
    match &node.subject {
        Subject::Repository(repo) => Ok(repo),
        _ => Err(Fault::new("INTERNAL", "Something went wrong")),
    }
}

async fn role(context: &Context<'_>, node: &Node) -> Result<Role, Fault> {
    let repo = forge::repo_ref(subject(node)?);
    let role = context.api.identity().role(context.caller, &repo).await?;
    let job = matches!(context.caller, identity::Caller::Job(job) if job.repo_id == repo.id);
    // Whoever sees a repository reads it; a job's token writes what it was given.
    Ok(if job { Role::Write } else { role.max(Role::Read) })
}

async fn viewer_permission(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(json!(role(context, node).await?.graphql_name())))
}

async fn viewer_can_administer(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value((role(context, node).await? == Role::Admin).into()))
}

async fn emails(context: &Context<'_>) -> Result<Vec<String>, Fault> {
    let Some(caller) = context.caller.user() else { return Ok(Vec::new()) };
    let user = store::users::by_id(&mut context.api.store().read(), caller.id).await?;
    Ok(user.and_then(|user| user.email).into_iter().collect())
}

async fn viewer_email(context: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(json!(emails(context).await?.first())))
}

async fn viewer_emails(context: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(json!(emails(context).await?)))
}

async fn fork_count(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (forks, _) = store::repositories::counts(&mut context.api.store().read(), subject(node)?.id).await?;
    Ok(Out::Value(forks.into()))
}

async fn is_empty(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let refs = context.api.forge().git(subject(node)?.id).refs(&["refs/heads/"]).await?;
    Ok(Out::Value(refs.is_empty().into()))
}

async fn owner(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    account::by_id(context, Some(subject(node)?.owner_id)).await
}

/// None where the caller may not know where a fork comes from.
async fn parent(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let Some(id) = subject(node)?.fork_of else { return Ok(Out::Value(Value::Null)) };
    Ok(context.repository_by_id(id).await?.map(|repo| self::node(context, repo)).into())
}

async fn no_template(_: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(Value::Null))
}

async fn default_branch(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let repo = subject(node)?;
    let name = format!("refs/heads/{}", repo.default_branch);
    Ok(commit::ref_node(context, repo, &name).await?.into())
}

async fn one_ref(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = subject(node)?;
    let name = args.required("qualifiedName")?;
    let names = if name.starts_with("refs/") {
        vec![name.to_owned()]
    } else {
        vec![format!("refs/{name}"), format!("refs/heads/{name}"), format!("refs/tags/{name}")]
    };
    for name in names {
        if let Some(found) = commit::ref_node(context, repo, &name).await? {
            return Ok(Out::Node(found));
        }
    }
    Ok(Out::Value(Value::Null))
}

async fn object(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = subject(node)?;
    let expression = args.text("expression").or(args.text("oid")).unwrap_or("HEAD");
    let found = context.api.forge().git(repo.id).resolve(expression).await?;
    match found {
        Some(sha) => Ok(commit::node(context, repo, &sha).await?.into()),
        None => Ok(Out::Value(Value::Null)),
    }
}
