//! Checks of workflows that a filter kept from running: neutral, so that a required check never waits for ever.

use api::Conclusion;
use engine::{Effect, Input};
use forge::checks::{JobCheck, put_job_check};
use store::Tx;
use trigger::{Event, Gate, Runs, Verdict};

use super::Occasion;
use super::consider::Considered;
use crate::told::JOB_TOKEN;
use crate::{Control, Result};

/// Whether a verdict is a filter's, for an event whose checks somebody may require. A branch filter of `push` is not: the
/// workflow is for other branches, and its checks for this commit may come from elsewhere.
pub(super) fn counts(event: &Event, verdict: &Verdict) -> bool {
    let filter = match event.name.as_str() {
        "push" => matches!(verdict.gate, Gate::Paths | Gate::SkipInstruction),
        "pull_request" | "pull_request_target" | "merge_group" => {
            matches!(verdict.gate, Gate::Paths | Gate::SkipInstruction | Gate::Ref)
        }
        _ => false,
    };
    verdict.runs == Runs::No && filter && !event.deleted
}

impl Control {
    pub(super) async fn report_neutral(&self, tx: &mut Tx, occasion: &Occasion, one: &Considered) -> Result<()> {
        let (Some((program, _)), true) = (&one.program, counts(&occasion.event, &one.verdict)) else { return Ok(()) };
        // A skip instruction reaches workflows that do not listen to the event at all.
        let listens = one.workflow.as_ref().is_some_and(|workflow| workflow.on.event(&occasion.event.name).is_some());
        if !listens {
            return Ok(());
        }
        let github = serde_json::json!({ "event_name": occasion.event.name, "ref": occasion.event.full_ref(),
            "ref_name": occasion.event.ref_name, "sha": occasion.event.sha, "event": occasion.event.payload,
            "repository": occasion.repository.full_name(), "token": JOB_TOKEN });
        let facts = engine::Facts { github: expr::Value::from_json(&github), ..engine::Facts::default() };
        let pull = occasion.row.name.starts_with("pull_request");
        let sha = occasion.facts.head_sha.as_deref().filter(|_| pull).unwrap_or(&occasion.event.sha);
        for name in job_names(program, facts) {
            let key = format!("skipped:{}:{}:{name}", occasion.row.id, one.path);
            let check = JobCheck {
                key: &key,
                head_sha: sha,
                head_branch: occasion.facts.head_ref.as_deref(),
                name: &name,
                status: "completed",
                conclusion: Some("neutral"),
                completed_at: Some(tx.now()),
                title: Some("skipped"),
                summary: Some(&one.verdict.reason),
                ..JobCheck::default()
            };
            put_job_check(tx, occasion.repository.id, &check).await?;
        }
        Ok(())
    }
}

/// Names of the jobs that a run would have had, all of which succeed.
fn job_names(program: &std::sync::Arc<workflow::Program>, facts: engine::Facts) -> Vec<String> {
    let mut run = engine::Run::new(program.clone(), facts, engine::Selection::default());
    let mut names = Vec::new();
    let mut inputs = std::collections::VecDeque::from([Input::Start]);
    while let Some(input) = inputs.pop_front() {
        for effect in run.apply(input) {
            match effect {
                Effect::Planned(job) if !job.call => names.push(job.name),
                Effect::Enter { holder, .. } => inputs.push_back(Input::Entered(holder)),
                Effect::Gate { leg, .. } => inputs.push_back(Input::Gate { leg, refused: None }),
                Effect::Start(order) => inputs.push_back(Input::Ended {
                    leg: order.leg,
                    conclusion: Conclusion::Success,
                    outputs: Vec::new(),
                }),
                _ => {}
            }
        }
    }
    names.sort();
    names.dedup();
    names
}
