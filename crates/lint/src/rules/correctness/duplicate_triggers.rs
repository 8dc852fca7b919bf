use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/duplicate-triggers",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Pedantic,
    aliases: &["jactionlint:duplicate-triggers"],
    summary: "a commit of a pull request starts the workflow twice, as push and as pull request",
    page: page!("correctness/duplicate-triggers"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let on = &subject.workflow.on;
    let (Some(push), Some(pull_request)) = (on.event("push"), on.event("pull_request")) else { return };
    let filtered =
        push.branches.is_some() || push.branches_ignore.is_some() || push.tags.is_some() || push.tags_ignore.is_some();
    if filtered || subject.workflow.concurrency.is_some() {
        return;
    }
    report
        .at(push.name.span, "a push to the branch of a pull request starts this workflow twice")
        .related(pull_request.name.span, "once for the push, and once for the pull request")
        .help("let `push` name the branches that are not worked on in pull requests: `branches: [main]`");
}
