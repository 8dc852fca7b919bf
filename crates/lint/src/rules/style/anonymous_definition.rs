use span::Severity;
use workflow::JobKind;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, WorkflowSubject};

pub(super) static RULE: Rule = Rule {
    id: "style/anonymous-definition",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:anonymous-definition"],
    summary: "a workflow or job has no name",
    page: page!("style/anonymous-definition"),
    checks: &[Check::Workflow(of_workflow), Check::Job(of_job)],
};

fn of_workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    if subject.workflow.name.is_none() {
        report.at(subject.workflow.on.span.at(0, 0), "the workflow has no `name`, and is listed by its path");
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if subject.job.name.is_none() && matches!(subject.job.kind, JobKind::Steps(_)) {
        let id = &subject.job.id;
        report.at(id.span, format!("the job has no `name`, and is listed as `{}`", id.value));
    }
}
