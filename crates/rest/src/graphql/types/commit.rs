//! Refs and commits.

use std::sync::Arc;

use forge::ids::node_id;
use identity::Permission;
use serde_json::{Value, json};
use store::repositories::Repository;

use super::{account, checks};
use crate::graphql::args::Args;
use crate::graphql::connection::{self, PAGING};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const REF: &[Field] = &[
    Field::value("id"),
    Field::value("name"),
    Field::value("prefix"),
    Field::one("target", &[], "GitObject", resolve!(target)),
    Field::one("branchProtectionRule", &[], "BranchProtectionRule", resolve!(rule)),
    Field::one("repository", &[], "Repository", resolve!(repository_of)),
];

const COMMIT: &[Field] = &[
    Field::value("id"),
    Field::value("oid"),
    Field::value("abbreviatedOid"),
    Field::value("message"),
    Field::value("messageHeadline"),
    Field::value("messageBody"),
    Field::value("committedDate"),
    Field::value("authoredDate"),
    Field::value("url"),
    Field::inner("author", "GitActor"),
    Field::inner("committer", "GitActor"),
    Field::connection("authors", PAGING, "GitActor", resolve!(authors)),
    Field::one("statusCheckRollup", &[], "StatusCheckRollup", resolve!(checks::rollup)).needs(Permission::Checks),
];

const OBJECT: &[Field] = &[Field::value("id"), Field::value("oid"), Field::value("abbreviatedOid")];

pub(crate) const TYPES: &[Type] = &[
    Type::object("Ref", REF),
    Type::object("Commit", COMMIT),
    Type::interface("GitObject", &["Commit"], OBJECT),
    Type::object(
        "GitActor",
        &[
            Field::value("name"),
            Field::value("email"),
            Field::value("date"),
            Field::one("user", &[], "User", resolve!(user_of)),
        ],
    ),
];

/// A ref by its full name.
pub(crate) async fn ref_node(context: &Context<'_>, repo: &Arc<Repository>, name: &str) -> Result<Option<Node>, Fault> {
    let found = context.api.forge().git(repo.id).read_ref(name).await?;
    Ok(found.map(|found| ref_of(repo, &found.name, found.commit())))
}

pub(crate) fn ref_of(repo: &Arc<Repository>, name: &str, sha: &str) -> Node {
    let prefix = ["refs/heads/", "refs/tags/", "refs/pull/"].into_iter().find(|prefix| name.starts_with(prefix));
    let prefix = prefix.unwrap_or("refs/");
    let data = json!({
        "id": format!("REF:{}:{name}", repo.id),
        "name": name.strip_prefix(prefix).unwrap_or(name),
        "prefix": prefix,
    });
    Node::new("Ref", data, Subject::Commit(repo.clone(), sha.to_owned()))
}

/// A commit; null when git does not have it.
pub(crate) async fn node(context: &Context<'_>, repo: &Arc<Repository>, sha: &str) -> Result<Option<Node>, Fault> {
    match context.api.forge().git(repo.id).commit(sha).await {
        Ok(commit) => Ok(Some(of(context, repo, &commit))),
        Err(forge::git::GitError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn of(context: &Context<'_>, repo: &Arc<Repository>, commit: &forge::git::Commit) -> Node {
    let message = commit.message.trim_end();
    let (headline, body) = message.split_once('\n').unwrap_or((message, ""));
    let person = |signature: &forge::git::Signature| json!({ "name": signature.name, "email": signature.email, "date": forge::shape::git_time(signature) });
    let data = json!({
        "id": node_id("Commit", repo.id) + ":" + &commit.sha,
        "oid": commit.sha,
        "abbreviatedOid": commit.sha.get(..7),
        "message": message,
        "messageHeadline": headline,
        "messageBody": body.trim(),
        "committedDate": forge::shape::git_time(&commit.committer),
        "authoredDate": forge::shape::git_time(&commit.author),
        "url": format!("{}/commit/{}", context.urls().page(&repo.full_name()), commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
    });
    Node::new("Commit", data, Subject::Commit(repo.clone(), commit.sha.clone()))
}

/// Repository and commit of a node.
pub(crate) fn subject(node: &Node) -> Result<(&Arc<Repository>, &str), Fault> {
    match &node.subject {
        Subject::Commit(repo, sha) => Ok((repo, sha)),
        _ => Err(Fault::new("INTERNAL", "Something went wrong")),
    }
}

async fn target(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (repo, sha) = subject(node)?;
    Ok(self::node(context, repo, sha).await?.into())
}

async fn repository_of(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Node(super::repository::node(context, subject(node)?.0.clone())))
}

/// The rule that protects a branch; null when none does.
async fn rule(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (repo, _) = subject(node)?;
    let text = |name: &str| node.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let protections = forge::protection::Protections::of(context.api.forge(), repo).await?;
    let full = format!("{}{}", text("prefix"), text("name"));
    let Some((_, rules)) = protections.of_ref(&full) else { return Ok(Out::Value(Value::Null)) };
    let checks = rules.required_checks.as_ref();
    let contexts: Vec<&str> =
        checks.map(|checks| checks.checks.iter().map(|check| check.context.as_str()).collect()).unwrap_or_default();
    let data = json!({
        "requiresStrictStatusChecks": checks.is_some_and(|checks| checks.strict),
        "requiredApprovingReviewCount": rules.required_reviews.as_ref().map_or(0, |reviews| reviews.approvals),
        "requiresApprovingReviews": rules.required_reviews.is_some(),
        "requiresStatusChecks": checks.is_some(),
        "requiresLinearHistory": rules.linear_history,
        "isAdminEnforced": rules.enforce_admins,
        "requiredStatusCheckContexts": contexts,
    });
    Ok(Out::Node(Node::plain("BranchProtectionRule", data)))
}

async fn authors(_: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let author = node.data.get("author").cloned().unwrap_or_default();
    Ok(connection::of(args, vec![Node::plain("GitActor", author)]))
}

async fn user_of(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let email = node.data.get("email").and_then(Value::as_str).unwrap_or_default();
    let shape = context.api.forge().shape().user_by_email(email).await?;
    account::by_id(context, shape["id"].as_i64()).await
}
