//! Changes of pull requests.

use std::sync::Arc;

use forge::pulls::{ChangePull, MergeMethod, MergePull, NewPull};
use forge::reviews::{NewReviewComment, ReviewEvent};
use identity::{Level, Need, Permission, Role};
use serde_json::Value;

use super::{id_of, ids_of, payload, repository};
use crate::conditions;
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, PullSubject};
use crate::graphql::types::pull;

/// The pull request of `pullRequestId`, with its node.
async fn found(context: &Context<'_>, input: &Args) -> Result<(Node, Arc<PullSubject>), Fault> {
    let text = input.required("pullRequestId")?;
    let (_, id) = id_of(text, &["PullRequest"])?;
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    let node = pull::by_issue(context, id).await?.ok_or_else(missing)?;
    let subject = pull::subject(&node)?.clone();
    Ok((node, subject))
}

async fn may_change(context: &Context<'_>, of: &PullSubject, only_state: bool) -> Result<(), Fault> {
    context.allow(&of.repo, conditions::change_pull(&of.issue, context.caller, only_state)).await
}

pub(super) async fn create(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let repo = repository(context, input.required("repositoryId")?).await?;
    // Whoever reads a repository may propose changes to it.
    context.allow(&repo, Need::new(Permission::PullRequests, Level::Write).role(Role::Read)).await?;
    let new = NewPull {
        title: input.required("title")?,
        body: input.text("body").unwrap_or_default(),
        head: input.required("headRefName")?,
        head_repo: None,
        base: input.required("baseRefName")?,
        draft: input.flag("draft").unwrap_or(false),
        maintainer_can_modify: input.flag("maintainerCanModify").unwrap_or(true),
    };
    let actor = context.actor()?;
    let (issue, made) = context.api.forge().create_pull(&repo, context.caller, &actor, &new).await?;
    Ok(payload("PullPayload", &input, pull::node(context, repo, issue, made)))
}

async fn change(context: &Context<'_>, args: &Args, change: ChangePull) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    may_change(context, &of, change.state.is_some()).await?;
    context.api.forge().change_pull(&of.repo, &context.actor()?, of.issue.number, change).await?;
    Ok(payload("PullPayload", &input, node))
}

pub(super) async fn close(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    change(context, args, ChangePull { state: Some("closed".to_owned()), ..ChangePull::default() }).await
}

pub(super) async fn reopen(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    change(context, args, ChangePull { state: Some("open".to_owned()), ..ChangePull::default() }).await
}

pub(super) async fn ready(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    change(context, args, ChangePull { draft: Some(false), ..ChangePull::default() }).await
}

pub(super) async fn draft(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    change(context, args, ChangePull { draft: Some(true), ..ChangePull::default() }).await
}

pub(super) async fn update(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    // With labels or assignees alone, as who sorts.
    let fields = ["title", "body", "baseRefName", "state", "maintainerCanModify"];
    let changed: Vec<&str> = fields.into_iter().filter(|name| input.0.contains_key(*name)).collect();
    if !changed.is_empty() {
        may_change(context, &of, changed == ["state"]).await?;
    }
    let text = |name: &str| input.text(name).map(str::to_owned);
    let change = ChangePull {
        title: text("title"),
        body: text("body"),
        base: text("baseRefName"),
        state: text("state").map(|state| state.to_lowercase()),
        maintainer_can_modify: input.flag("maintainerCanModify"),
        ..ChangePull::default()
    };
    if !changed.is_empty() {
        context.api.forge().change_pull(&of.repo, &context.actor()?, of.issue.number, change).await?;
    }
    super::issues::set_metadata(context, &of.repo, &of.issue, &input).await?;
    Ok(payload("PullPayload", &input, node))
}

pub(super) async fn merge(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    context.allow(&of.repo, Need::new(Permission::Contents, Level::Write)).await?;
    let merge = wanted_merge(&input)?;
    context.api.forge().merge_pull(&of.repo, &context.actor()?, of.issue.number, &merge).await?;
    Ok(payload("PullPayload", &input, node))
}

pub(super) async fn enable_auto_merge(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    context.allow(&of.repo, Need::new(Permission::Contents, Level::Write)).await?;
    let merge = wanted_merge(&input)?;
    context.api.forge().enable_auto_merge(&of.repo, &context.actor()?, of.issue.number, &merge).await?;
    Ok(payload("PullPayload", &input, node))
}

pub(super) async fn disable_auto_merge(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    context.allow(&of.repo, Need::new(Permission::Contents, Level::Write)).await?;
    context.api.forge().disable_auto_merge(&of.repo, &context.actor()?, of.issue.number).await?;
    Ok(payload("PullPayload", &input, node))
}

fn wanted_merge(input: &Args) -> Result<MergePull<'_>, Fault> {
    let method = input.text("mergeMethod").unwrap_or("MERGE").to_lowercase();
    Ok(MergePull {
        method: MergeMethod::parse(&method)?,
        title: input.text("commitHeadline"),
        message: input.text("commitBody"),
        sha: input.text("expectedHeadOid"),
    })
}

pub(super) async fn request_reviews(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    context.allow(&of.repo, conditions::request_reviews()).await?;
    let users = ids_of(&input, "userIds", "User")?.unwrap_or_default();
    let teams = ids_of(&input, "teamIds", "Team")?.unwrap_or_default();
    let (forge, actor, number) = (context.api.forge(), context.actor()?, of.issue.number);
    if input.flag("union") != Some(true) {
        // The list is the whole: who is not on it is not asked any more.
        let asked = store::pulls::requested(&mut context.api.store().read(), of.issue.id).await?;
        let gone = |kind: &str, stay: &[i64]| -> Vec<i64> {
            asked.iter().filter(|(one, id)| one == kind && !stay.contains(id)).map(|(_, id)| *id).collect()
        };
        let (gone_users, gone_teams) = (gone("user", &users), gone("team", &teams));
        forge.request_reviews(&of.repo, &actor, number, &gone_users, &gone_teams, false).await?;
    }
    forge.request_reviews(&of.repo, &actor, number, &users, &teams, true).await?;
    Ok(payload("PullPayload", &input, node))
}

pub(super) async fn review(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (node, of) = found(context, &input).await?;
    context.allow(&of.repo, Need::new(Permission::PullRequests, Level::Write).role(Role::Read)).await?;
    let event = match input.text("event") {
        Some(event) => Some(ReviewEvent::parse(event)?),
        None => None,
    };
    let comments = line_comments(&input)?;
    let body = input.text("body").unwrap_or_default();
    let commit = input.text("commitOID");
    let (forge, actor, number) = (context.api.forge(), context.actor()?, of.issue.number);
    forge.create_review(&of.repo, &actor, number, event, body, commit, &comments).await?;
    Ok(payload("PullPayload", &input, node))
}

/// Comments on lines: `threads` name lines of the file, the older `comments` positions in its patch.
fn line_comments(input: &Args) -> Result<Vec<NewReviewComment>, Fault> {
    let mut comments = Vec::new();
    for list in ["threads", "comments"] {
        for item in input.0.get(list).and_then(Value::as_array).into_iter().flatten() {
            let item = Args(item.as_object().cloned().unwrap_or_default());
            let text = |name: &str| item.text(name).map(str::to_owned);
            comments.push(NewReviewComment {
                path: item.required("path")?.to_owned(),
                body: item.required("body")?.to_owned(),
                line: item.number("line"),
                position: item.number("position"),
                start_line: item.number("startLine"),
                side: text("side"),
                start_side: text("startSide"),
                ..NewReviewComment::default()
            });
        }
    }
    Ok(comments)
}
