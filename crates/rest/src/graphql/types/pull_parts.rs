//! What has to be looked up of a pull request.

use std::collections::BTreeMap;
use std::sync::Arc;

use forge::git::{ChangeKind, Order};
use identity::{Level, Need, Permission};
use serde_json::{Value, json};
use store::reviews::Review;

use super::pull::subject;
use super::{account, commit, issue, repository, review};
use crate::graphql::args::Args;
use crate::graphql::connection::{self, slice};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Connection, Node, Out, Subject};

/// Commits and reviews beyond these are not shown.
const MOST: usize = 250;

pub(crate) async fn merged_by(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    account::by_id(context, subject(node)?.pull.merged_by).await
}

/// Null where the fork is gone, or the caller may not know of it.
pub(crate) async fn head_repository(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let Some(id) = subject(node)?.pull.head_repo_id else { return Ok(Out::Value(Value::Null)) };
    Ok(context.repository_by_id(id).await?.map(|repo| repository::node(context, repo)).into())
}

pub(crate) async fn head_owner(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let Some(id) = subject(node)?.pull.head_repo_id else { return Ok(Out::Value(Value::Null)) };
    let owner = context.repository_by_id(id).await?.map(|repo| repo.owner_id);
    account::by_id(context, owner).await
}

/// Shown after the branch is gone too: its rules are asked for by its name.
pub(crate) async fn base_ref(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let name = format!("refs/heads/{}", of.pull.base_ref);
    Ok(commit::ref_node(context, &of.repo, &name).await?.into())
}

pub(crate) async fn head_ref(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let Some(id) = of.pull.head_repo_id else { return Ok(Out::Value(Value::Null)) };
    let Some(repo) = context.repository_by_id(id).await? else { return Ok(Out::Value(Value::Null)) };
    Ok(commit::ref_node(context, &repo, &format!("refs/heads/{}", of.pull.head_ref)).await?.into())
}

/// Null where nobody wants it merged by itself.
pub(crate) async fn auto_merge(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let Some(wanted) = forge::pulls::AutoMerge::of(&subject(node)?.pull) else { return Ok(Out::Value(Value::Null)) };
    let by = store::users::by_id(&mut context.api.store().read(), wanted.enabled_by).await?;
    let data = json!({
        "mergeMethod": wanted.method.to_uppercase(),
        "enabledAt": forge::shape::at(wanted.enabled_at),
        "commitHeadline": wanted.title,
        "commitBody": wanted.message,
        "enabledBy": by.map(|user| Value::Object(account::node(context, user).data)),
    });
    Ok(Out::Node(Node::plain("AutoMergeRequest", data)))
}

pub(crate) async fn mergeable(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let actor = forge::Actor::user(identity::ACTIONS_BOT_ID);
    let known = if of.issue.is_open() {
        context.api.forge().refresh_merge(of.pull.clone(), &actor).await?.mergeable
    } else {
        None
    };
    Ok(Out::Value(match known {
        Some(true) => "MERGEABLE".into(),
        Some(false) => "CONFLICTING".into(),
        None => "UNKNOWN".into(),
    }))
}

pub(crate) async fn merge_state(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let actor = forge::Actor::user(identity::ACTIONS_BOT_ID);
    let pull = if of.issue.is_open() {
        context.api.forge().refresh_merge(of.pull.clone(), &actor).await?
    } else {
        of.pull.clone()
    };
    let state = context.api.forge().mergeable_state(&of.repo, &of.issue, &pull).await?;
    Ok(Out::Value(state.to_uppercase().into()))
}

async fn all_reviews(context: &Context<'_>, node: &Node) -> Result<Vec<Review>, Fault> {
    let of = subject(node)?;
    let mut found = store::reviews::of_issue(&mut context.api.store().read(), of.issue.id).await?;
    let own = context.caller.account_id();
    // A review that is not submitted is its author's alone.
    found.retain(|review| review.state != "PENDING" || Some(review.author_id) == own);
    Ok(found)
}

async fn review_nodes(context: &Context<'_>, node: &Node, found: Vec<Review>) -> Result<Vec<Node>, Fault> {
    let of = subject(node)?;
    let page = issue::page(context, &of.repo, &of.issue);
    let mut nodes = Vec::new();
    for one in &found {
        let association = issue::association(context, &of.repo, one.author_id).await?;
        nodes.push(review::review(&page, one, association));
    }
    Ok(nodes)
}

pub(crate) async fn reviews(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let mut found = all_reviews(context, node).await?;
    if let Some(states) = args.texts("states") {
        found.retain(|review| states.contains(&review.state.as_str()));
    }
    Ok(connection::of(args, review_nodes(context, node, found).await?))
}

/// The last word of each reviewer; a comment does not take back an approval.
fn latest(found: Vec<Review>) -> Vec<Review> {
    let mut by_author: BTreeMap<i64, Review> = BTreeMap::new();
    for review in found.into_iter().filter(|review| review.state != "PENDING") {
        let keeps = by_author.get(&review.author_id).is_some_and(|known| known.state != "COMMENTED");
        if !(review.state == "COMMENTED" && keeps) {
            by_author.insert(review.author_id, review);
        }
    }
    by_author.into_values().collect()
}

pub(crate) async fn latest_reviews(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let found = latest(all_reviews(context, node).await?);
    Ok(connection::of(args, review_nodes(context, node, found).await?))
}

/// Null where no review is needed and none decides.
pub(crate) async fn review_decision(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let protections = forge::protection::Protections::of(context.api.forge(), &of.repo).await?;
    let rules = protections.of_branch(&of.pull.base_ref).and_then(|rules| rules.required_reviews.clone());
    let found = latest(all_reviews(context, node).await?);
    let count = |state: &str| found.iter().filter(|review| review.state == state).count();
    let (approved, refused) = (count("APPROVED"), count("CHANGES_REQUESTED"));
    let needed = rules.map(|rules| usize::try_from(rules.approvals).unwrap_or(usize::MAX));
    Ok(Out::Value(match needed {
        _ if refused > 0 => "CHANGES_REQUESTED".into(),
        Some(needed) if approved < needed => "REVIEW_REQUIRED".into(),
        _ if approved > 0 => "APPROVED".into(),
        _ => Value::Null,
    }))
}

pub(crate) async fn review_requests(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let mut query = context.api.store().read();
    let mut nodes = Vec::new();
    for (kind, id) in store::pulls::requested(&mut query, subject(node)?.issue.id).await? {
        let subject = if kind == "team" {
            store::teams::by_id(&mut query, id).await?.map(|team| Subject::Team(Arc::new(team)))
        } else {
            Some(Subject::Authored(id))
        };
        if let Some(subject) = subject {
            nodes.push(Node::new("ReviewRequest", json!({}), subject));
        }
    }
    Ok(connection::of(args, nodes))
}

/// Asked of git once for each pull request, however many fields want them.
async fn numbers<'n>(context: &Context<'_>, node: &'n Node) -> Result<&'n forge::shape::PullNumbers, Fault> {
    let of = subject(node)?;
    Ok(of.numbers.get_or_try_init(|| context.api.forge().pull_numbers(&of.pull)).await?)
}

pub(crate) async fn additions(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(numbers(context, node).await?.additions.into()))
}

pub(crate) async fn deletions(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(numbers(context, node).await?.deletions.into()))
}

pub(crate) async fn changed_files(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Value(numbers(context, node).await?.changed_files.into()))
}

pub(crate) async fn files(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let base = context.api.forge().pull_base(&of.pull).await?;
    let found = context.api.forge().git(of.repo.id).diff_files(&base, &of.pull.head_sha).await?;
    let shape = |file: &forge::git::FileDiff| {
        let kind = match file.kind {
            ChangeKind::Added => "ADDED",
            ChangeKind::Deleted => "DELETED",
            ChangeKind::Renamed => "RENAMED",
            ChangeKind::Modified => "MODIFIED",
        };
        let data = json!({
            "additions": file.additions, "deletions": file.deletions, "path": file.path, "changeType": kind,
        });
        Node::plain("PullRequestChangedFile", data)
    };
    Ok(connection::of(args, found.iter().map(shape).collect()))
}

/// Oldest first. Only those that are shown are read from git; the number of all is always there.
pub(crate) async fn commits(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let git = context.api.forge().git(of.repo.id);
    let base = context.api.forge().pull_base(&of.pull).await?;
    let head = &of.pull.head_sha;
    let total = git.count_commits(Some(&base), head).await?;
    let (offset, length) = slice(args, total);
    let commits = if length == 0 {
        Vec::new()
    } else if length == 1 && offset + 1 == total {
        vec![git.commit(head).await?]
    } else {
        let all = git.commits_between(Some(&base), head, MOST.max(offset + length), Order::OldestFirst).await?;
        all.into_iter().skip(offset).take(length).collect()
    };
    let shape = |one: &forge::git::Commit| {
        let data = json!({ "id": format!("PRC:{}:{}", of.issue.id, one.sha) });
        Node::new("PullRequestCommit", data, Subject::Commit(of.repo.clone(), one.sha.clone()))
    };
    Ok(Out::Connection(Connection { nodes: commits.iter().map(shape).collect(), offset, total }))
}

pub(crate) async fn commit_of(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (repo, sha) = commit::subject(node)?;
    Ok(commit::node(context, repo, sha).await?.into())
}

pub(crate) async fn rollup(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let head = Node::new("Commit", json!({}), Subject::Commit(of.repo.clone(), of.pull.head_sha.clone()));
    super::checks::rollup(context, &head, args).await
}

/// What a merge would be called.
pub(crate) async fn merge_headline(_: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let number = of.issue.number;
    Ok(Out::Value(match args.text("mergeType") {
        Some("SQUASH") => format!("{} (#{number})", of.issue.title).into(),
        _ => format!("Merge pull request #{number} from {}/{}", of.repo.owner, of.pull.head_ref).into(),
    }))
}

pub(crate) async fn merge_body(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    if args.text("mergeType") != Some("SQUASH") {
        return Ok(Out::Value(of.issue.title.clone().into()));
    }
    let git = context.api.forge().git(of.repo.id);
    let base = context.api.forge().pull_base(&of.pull).await?;
    let commits = git.commits_between(Some(&base), &of.pull.head_sha, MOST, Order::OldestFirst).await?;
    let text: Vec<String> = match commits.as_slice() {
        [one] => vec![one.message.split_once('\n').map_or("", |(_, body)| body.trim()).to_owned()],
        many => many.iter().map(|one| format!("* {}", one.message.trim())).collect(),
    };
    Ok(Out::Value(text.join("\n\n").into()))
}

pub(crate) async fn viewer_can_update(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = subject(node)?;
    let need = Need::new(Permission::PullRequests, Level::Write);
    let repo = forge::repo_ref(&of.repo);
    let may = context.api.identity().decide(context.caller, &repo, need).await?.is_ok();
    Ok(Out::Value((may || context.caller.account_id() == Some(of.issue.author_id)).into()))
}
