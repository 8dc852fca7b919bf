use span::Severity;
use workflow::{Job, JobKind, Workflow};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/dangerous-triggers",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &["zizmor:dangerous-triggers"],
    summary: "an event runs the workflow with secrets on behalf of strangers",
    page: page!("security/dangerous-triggers"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    for event in &subject.workflow.on.events {
        let why = match &*event.name.value {
            "pull_request_target" if is_only_labelling(subject.workflow) => continue,
            "pull_request_target" => "it runs for pull requests of strangers, with secrets and a token that may write",
            "workflow_run" => {
                "it runs with secrets and a token that may write, after a workflow that strangers may have started"
            }
            "issue_comment" => "anyone can comment, and it runs with secrets and a token that may write",
            _ => continue,
        };
        report
            .at(event.name.span, format!("`{}` is easy to use unsafely: {why}", event.name.value))
            .help("never run, build or source anything that the pull request or its artifacts bring")
            .help("use `pull_request` where neither secrets nor a token that may write are needed");
    }
}

/// One job of one step that only sets labels is what the event was made for.
fn is_only_labelling(workflow: &Workflow) -> bool {
    let [Job { kind: JobKind::Steps(job), .. }] = &workflow.jobs[..] else { return false };
    let [step] = &job.steps[..] else { return false };
    steps::action(step).is_some_and(|action| action.uses.is("actions/labeler"))
}
