//! A run and its first step.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::SecretTrust;
use serde_json::{Value as Json, json};
use store::Tx;
use store::runs::{Attempt, Run};
use trigger::{Runs, TokenAccess};

use super::consider::Considered;
use super::{Occasion, context, report_run};
use crate::drive::{Live, StoredInput, Turn};
use crate::priority::KindOfRun;
use crate::told::Told;
use crate::{Control, Result};

impl Control {
    /// The run of a verdict, if there is one, with its state after its first step. One that cannot start is there all the
    /// same, as failed, with the reason.
    pub(super) async fn create_run(
        &self,
        tx: &mut Tx,
        occasion: &Occasion,
        one: &Considered,
        workflow: &store::workflows::Workflow,
    ) -> Result<Option<(i64, Option<Live>)>> {
        if !one.has_run(&occasion.event.name) {
            return Ok(None);
        }
        let trust = trigger::trust(&occasion.event);
        let trust_name = secret_trust(occasion, trust.secrets);
        let number = store::workflows::take_number(tx, workflow.id).await?;
        let mut run = self.new_run(tx, occasion, one, workflow, number, trust_name);
        run.id = store::runs::insert(tx, &run).await?;
        let (Some(typed), Some((program, sources)), None) = (&one.workflow, &one.program, &one.problem) else {
            self.fail_at_start(tx, &run, one.problem.as_ref()).await?;
            return Ok(Some((run.id, None)));
        };
        let repo = forge::repo_ref(&occasion.repository);
        let secrets = self.identity().secrets_for_job(&repo, None, trust_of(trust_name)).await?;
        let vars = self.identity().variables_for_job(&repo, None).await?;
        let vars: Json =
            vars.into_iter().map(|(name, value)| (name, Json::from(value))).collect::<serde_json::Map<_, _>>().into();
        let github = context::github(self, occasion, typed, &run);
        let title = context::title(occasion, typed, &github, &one.inputs, &vars);
        let told = Arc::new(Told {
            github,
            inputs: one.inputs.to_json(),
            vars,
            secrets: secrets.into_iter().map(|(name, value)| (name, value.to_string())).collect::<BTreeMap<_, _>>(),
            sources: sources.clone(),
            tree: occasion.tree.clone(),
            lock: occasion.lock.clone(),
            read_only: trust.token == TokenAccess::ReadOnly,
            writes_by_default: occasion.repository.settings.get("default_workflow_permissions")
                == Some(&Json::from("write")),
            default_branch: occasion.repository.default_branch.clone(),
            known: Vec::new(),
        });
        if title != run.title {
            tx.execute("UPDATE runs SET title = $2 WHERE id = $1", store::args![run.id, &title]).await?;
            run.title = title;
        }
        let attempt = self.first_attempt(&run, &told)?;
        store::runs::insert_attempt(tx, &attempt).await?;
        report_run(self, tx, &run, "requested").await?;
        let engine = engine::Run::new(program.clone(), told.facts(), told.selection());
        let waits = one.verdict.runs == Runs::AwaitsApproval;
        let id = run.id;
        let mut turn = Turn::begin(self, tx, run, engine, told, one.sources.clone());
        if !waits {
            turn.push(StoredInput::Start);
            turn.settle().await?;
        }
        let live = turn.finish().await?;
        Ok(Some((id, Some(live))))
    }

    fn new_run(
        &self,
        tx: &Tx,
        occasion: &Occasion,
        one: &Considered,
        workflow: &store::workflows::Workflow,
        number: i64,
        trust: &str,
    ) -> Run {
        let (row, facts, event) = (&occasion.row, &occasion.facts, &occasion.event);
        let now = tx.now();
        let is_pull = facts.pull_number.is_some() && row.name.starts_with("pull_request");
        let head_branch = match event.ref_kind {
            // A tag, too, as on GitHub.
            trigger::RefKind::Branch | trigger::RefKind::Tag if !is_pull => Some(event.ref_name.clone()),
            _ => facts.head_ref.clone(),
        };
        let mut run = Run {
            id: 0,
            repo_id: occasion.repository.id,
            workflow_id: workflow.id,
            workflow_path: one.path.clone(),
            workflow_name: one.name.clone(),
            title: context::default_title(occasion, &one.name),
            event_id: row.id,
            event_name: row.name.clone(),
            number,
            attempt: 1,
            status: if one.verdict.runs == Runs::AwaitsApproval { "action_required" } else { "queued" }.to_owned(),
            conclusion: None,
            reason: None,
            head_sha: facts.head_sha.clone().filter(|_| is_pull).unwrap_or_else(|| event.sha.clone()),
            head_branch,
            git_ref: event.full_ref(),
            head_repo_id: facts.head_repo_id,
            pull_number: facts.pull_number.filter(|_| is_pull),
            actor_id: row.actor_id,
            actor_login: row.actor_login.clone(),
            trigger_login: row.actor_login.clone(),
            trust: trust.to_owned(),
            chain: facts.chain,
            priority: 0,
            suite_id: None,
            created_at: now,
            started_at: now,
            updated_at: now,
            completed_at: None,
        };
        run.priority = facts.priority.unwrap_or_else(|| {
            let kind = KindOfRun {
                repository: &occasion.repository.full_name(),
                workflow: &run.workflow_path,
                event: &run.event_name,
                branch: run.head_branch.as_deref(),
            };
            crate::priority::of(&self.settings().priorities, &kind)
        });
        run
    }

    fn first_attempt(&self, run: &Run, told: &Told) -> Result<Attempt> {
        Ok(Attempt {
            run_id: run.id,
            attempt: run.attempt,
            sealed: self.seal_told(run.id, run.attempt, told)?,
            debug: false,
            status: run.status.clone(),
            conclusion: None,
            trigger_id: run.actor_id,
            trigger_login: run.trigger_login.clone(),
            next_input: 1,
            next_event: 1,
            started_at: run.started_at,
            completed_at: None,
        })
    }

    /// A run without jobs that says why.
    async fn fail_at_start(&self, tx: &mut Tx, run: &Run, problem: Option<&api::Reason>) -> Result<()> {
        let text = problem.and_then(|reason| serde_json::to_string(reason).ok());
        let attempt = self.first_attempt(run, &Told::nothing())?;
        store::runs::insert_attempt(tx, &attempt).await?;
        store::runs::complete(tx, run.id, run.attempt, "failure", text.as_deref()).await?;
        let summary = problem.map_or("", |reason| reason.reason.as_str());
        let key = format!("run:{}", run.id);
        let check = forge::checks::JobCheck {
            key: &key,
            run_id: Some(run.id),
            head_sha: &run.head_sha,
            head_branch: run.head_branch.as_deref(),
            name: &run.workflow_path,
            status: "completed",
            conclusion: Some("failure"),
            title: Some("the workflow file is invalid"),
            summary: Some(summary),
            ..forge::checks::JobCheck::default()
        };
        forge::checks::put_job_check(tx, run.repo_id, &check).await?;
        let failed = Run { status: "completed".into(), conclusion: Some("failure".into()), ..run.clone() };
        report_run(self, tx, &failed, "completed").await
    }
}

impl Told {
    fn nothing() -> Self {
        Self {
            github: json!({}),
            inputs: Json::Null,
            vars: json!({}),
            secrets: BTreeMap::new(),
            sources: Vec::new(),
            tree: String::new(),
            lock: None,
            read_only: true,
            writes_by_default: false,
            default_branch: String::new(),
            known: Vec::new(),
        }
    }
}

fn secret_trust(occasion: &Occasion, secrets: bool) -> &'static str {
    if secrets {
        "full"
    } else if occasion.event.actor_kind == trigger::ActorKind::Dependabot && !occasion.event.fork {
        "dependabot"
    } else {
        "none"
    }
}

/// From the word in a run's row.
pub(crate) fn trust_of(name: &str) -> SecretTrust {
    match name {
        "full" => SecretTrust::Full,
        "dependabot" => SecretTrust::Dependabot,
        _ => SecretTrust::None,
    }
}
