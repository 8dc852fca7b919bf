use span::Severity;
use workflow::JobKind;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "style/concurrency-limits",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:concurrency-limits"],
    summary: "old runs of a workflow go on when a newer one has started",
    page: page!("style/concurrency-limits"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let workflow = subject.workflow;
    if workflow.on.events.len() == 1 && workflow.on.call().is_some() {
        return;
    }
    match &workflow.concurrency {
        Some(concurrency) if concurrency.cancel_in_progress.is_none() => {
            report
                .at(concurrency.span, "runs of this group wait for each other, and none is cancelled")
                .help("say `cancel-in-progress:`, true or false");
        }
        Some(_) => {}
        None => {
            let open =
                workflow.jobs.iter().filter(|job| matches!(job.kind, JobKind::Steps(_)) && job.concurrency.is_none());
            let names: Vec<&str> = open.map(|job| &*job.id.value).collect();
            if !names.is_empty() {
                report
                    .at(
                        workflow.on.span.at(0, 0),
                        format!("nothing limits how many runs of {} go on at once", names.join(", ")),
                    )
                    .help(
                        "`concurrency: { group: ${{ github.workflow }}-${{ github.ref }}, cancel-in-progress: true }`",
                    );
            }
        }
    }
}
