//! What statuses and checks say of a commit.

use std::collections::HashMap;
use std::sync::Arc;

use forge::ids::{node_id, parse_node_id};
use serde_json::{Value, json};

use super::commit;
use crate::graphql::args::Args;
use crate::graphql::connection::{self, PAGING};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const CHECK_RUN: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("name"),
    Field::value("status"),
    Field::value("conclusion"),
    Field::value("startedAt"),
    Field::value("completedAt"),
    Field::value("detailsUrl"),
    Field::value("title"),
    Field::value("summary"),
    Field::one("checkSuite", &[], "CheckSuite", resolve!(suite)),
    Field::scalar("isRequired", &["pullRequestId", "pullRequestNumber"], resolve!(is_required)),
];

const STATUS: &[Field] = &[
    Field::value("id"),
    Field::value("context"),
    Field::value("state"),
    Field::value("targetUrl"),
    Field::value("description"),
    Field::value("createdAt"),
    Field::scalar("isRequired", &["pullRequestId", "pullRequestNumber"], resolve!(is_required)),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object(
        "StatusCheckRollup",
        &[
            Field::value("id"),
            Field::value("state"),
            Field::connection("contexts", PAGING, "StatusCheckRollupContext", resolve!(contexts)),
        ],
    ),
    Type::interface("StatusCheckRollupContext", &["CheckRun", "StatusContext"], &[]),
    Type::object("CheckRun", CHECK_RUN),
    Type::object("StatusContext", STATUS),
    Type::object("CheckSuite", &[Field::value("id"), Field::inner("workflowRun", "WorkflowRun")]),
    Type::object(
        "WorkflowRun",
        &[
            Field::value("databaseId"),
            Field::value("runNumber"),
            Field::value("url"),
            Field::value("event"),
            Field::inner("workflow", "Workflow"),
        ],
    ),
    Type::object("Workflow", &[Field::value("databaseId"), Field::value("name")]),
];

/// Null where nothing was reported of a commit.
pub(crate) async fn rollup(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (repo, sha) = commit::subject(node)?;
    let nodes = all(context, node).await?;
    if nodes.is_empty() {
        return Ok(Out::Value(Value::Null));
    }
    let data = json!({ "id": format!("SCR:{}:{sha}", repo.id), "state": state(&nodes) });
    Ok(Out::Node(Node::new("StatusCheckRollup", data, node.subject.clone())))
}

/// The worst of all.
fn state(nodes: &[Node]) -> &'static str {
    let of = |node: &Node| {
        let text = |name: &str| node.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let word = if node.kind == "StatusContext" {
            text("state")
        } else if text("status") == "COMPLETED" {
            text("conclusion")
        } else {
            "PENDING".to_owned()
        };
        match word.as_str() {
            "SUCCESS" | "NEUTRAL" | "SKIPPED" => 0,
            "PENDING" | "EXPECTED" => 1,
            "ERROR" => 2,
            _ => 3,
        }
    };
    match nodes.iter().map(of).max() {
        Some(0) | None => "SUCCESS",
        Some(1) => "PENDING",
        Some(2) => "ERROR",
        Some(_) => "FAILURE",
    }
}

/// Check runs and the newest status of each context.
async fn all(context: &Context<'_>, node: &Node) -> Result<Vec<Node>, Fault> {
    let (repo, sha) = commit::subject(node)?;
    let mut query = context.api.store().read();
    let mut nodes = Vec::new();
    // Of a name only the newest counts, as for pull requests.
    let mut newest: HashMap<(i64, String), store::checks::CheckRun> = HashMap::new();
    for run in store::checks::of_commit(&mut query, repo.id, sha).await? {
        let key = (run.suite_id, run.name.clone());
        if newest.get(&key).is_none_or(|known| known.id < run.id) {
            newest.insert(key, run);
        }
    }
    let mut runs: Vec<_> = newest.into_values().collect();
    runs.sort_by_key(|run| run.id);
    for run in runs {
        let data = json!({
            "id": node_id("CheckRun", run.id),
            "databaseId": run.id,
            "name": run.name,
            "status": run.status.to_uppercase(),
            "conclusion": run.conclusion.as_ref().map(|conclusion| conclusion.to_uppercase()),
            "startedAt": run.started_at.map(forge::shape::at),
            "completedAt": run.completed_at.map(forge::shape::at),
            "detailsUrl": run.details_url,
            "title": run.output["title"],
            "summary": run.output["summary"],
        });
        nodes.push(Node::new("CheckRun", data, Subject::CheckRun(repo.clone(), Arc::new(run))));
    }
    for status in store::statuses::latest(&mut query, repo.id, sha).await? {
        let data = json!({
            "id": node_id("StatusContext", status.id),
            "context": status.context,
            "state": status.state.to_uppercase(),
            "targetUrl": status.target_url,
            "description": status.description,
            "createdAt": forge::shape::at(status.created_at),
        });
        nodes.push(Node::new("StatusContext", data, Subject::Commit(repo.clone(), sha.to_owned())));
    }
    Ok(nodes)
}

async fn contexts(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    Ok(connection::of(args, all(context, node).await?))
}

async fn suite(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let Subject::CheckRun(repo, check) = &node.subject else { return Ok(Out::Value(Value::Null)) };
    let mut query = context.api.store().read();
    let Some(suite) = store::checks::suite(&mut query, repo.id, check.suite_id).await? else {
        return Ok(Out::Value(Value::Null));
    };
    let run = match suite.run_id {
        Some(id) => store::runs::by_id(&mut query, id).await?,
        None => None,
    };
    let run = run.map(|run| {
        json!({
            "databaseId": run.id,
            "runNumber": run.number,
            "event": run.event_name,
            "url": format!("{}/runs/{}", context.urls().runs_page(&repo.full_name()), run.id),
            "workflow": { "databaseId": run.workflow_id, "name": run.workflow_name },
        })
    });
    let data = json!({ "id": node_id("CheckSuite", suite.id), "workflowRun": run });
    Ok(Out::Node(Node::plain("CheckSuite", data)))
}

/// Whether the rules of the pull request's base ask for it.
async fn is_required(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = match &node.subject {
        Subject::CheckRun(repo, _) | Subject::Commit(repo, _) => repo,
        _ => return Ok(Out::Value(false.into())),
    };
    let mut query = context.api.store().read();
    let pull = match (args.text("pullRequestId").and_then(parse_node_id), args.number("pullRequestNumber")) {
        (Some((_, issue)), _) => store::pulls::by_issue(&mut query, issue).await?,
        (None, Some(number)) => store::pulls::by_number(&mut query, repo.id, number).await?,
        (None, None) => None,
    };
    let Some(pull) = pull.filter(|pull| pull.repo_id == repo.id) else { return Ok(Out::Value(false.into())) };
    let name = node.data.get("name").or(node.data.get("context")).and_then(Value::as_str).unwrap_or_default();
    let protections = forge::protection::Protections::of(context.api.forge(), repo).await?;
    let required = protections
        .of_branch(&pull.base_ref)
        .and_then(|rules| rules.required_checks.as_ref())
        .is_some_and(|required| required.checks.iter().any(|check| check.context == name));
    Ok(Out::Value(required.into()))
}
