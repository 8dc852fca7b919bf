use span::Severity;
use workflow::{Concurrency, Template, Workflow};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, WorkflowSubject};

pub(super) static RULE: Rule = Rule {
    id: "concurrency/cancels-pull-requests",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["jactionlint:concurrency-cancels-prs"],
    summary: "runs of one pull request cancel those of others",
    page: page!("concurrency/cancels-pull-requests"),
    checks: &[Check::Workflow(of_workflow), Check::Job(of_job)],
};

fn of_workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    if let Some(concurrency) = &subject.workflow.concurrency {
        check(subject.workflow, concurrency, report);
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let Some(concurrency) = &subject.job.concurrency {
        check(subject.workflow, concurrency, report);
    }
}

/// Contexts that are the same for all pull requests.
const SAME: &[&str] = &[
    "github.workflow",
    "github.job",
    "github.repository",
    "github.repository_owner",
    "github.event_name",
    "github.base_ref",
];

fn check(workflow: &Workflow, concurrency: &Concurrency, report: &mut Report<'_>) {
    let cancels = concurrency.cancel_in_progress.as_ref().and_then(Template::source_text);
    if cancels.as_deref().map(str::trim) != Some("true") {
        return;
    }
    let Some(event) = workflow.on.event("pull_request").or_else(|| workflow.on.event("pull_request_target")) else {
        return;
    };
    let mut told_apart = false;
    concurrency.group.each_expression(&mut |template, _| {
        for expr in template.expressions() {
            let references = expr.references();
            told_apart |= references.is_empty()
                || references.iter().any(|reference| {
                    let path = reference.path.join(".");
                    // The ref of `pull_request_target` is the branch that it goes to.
                    let target = &*event.name.value == "pull_request_target"
                        && matches!(&*path, "github.ref" | "github.ref_name" | "github.sha");
                    !target && !SAME.contains(&&*path)
                });
        }
    });
    if !told_apart {
        report
            .at(concurrency.group.span, "all pull requests share this group, so each new run cancels those of other people")
            .related(event.name.span, "runs for every pull request")
            .help("put the pull request into it: `${{ github.workflow }}-${{ github.event.pull_request.number || github.ref }}`");
    }
}
