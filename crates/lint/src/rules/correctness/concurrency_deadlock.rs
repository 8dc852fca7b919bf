use span::Severity;
use workflow::{Concurrency, JobKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/concurrency-deadlock",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:concurrency-deadlock"],
    summary: "a job waits for the concurrency group that its own workflow holds",
    page: page!("correctness/concurrency-deadlock"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let Some(own) = &subject.workflow.concurrency else { return };
    for job in &subject.workflow.jobs {
        if let Some(group) = job.concurrency.as_ref().filter(|group| same(group, own)) {
            report
                .at(group.group.span, "this job waits for its own workflow, which holds the same concurrency group")
                .related(own.group.span, "held here until the run ends")
                .help("give the job a group of its own, or leave one of the two out");
        }
        let JobKind::Call(call) = &job.kind else { continue };
        let callee = subject.project.local_workflow(&call.uses.value);
        // In a called workflow `github` is that of the caller: the same text is the same group.
        if let Some(group) = callee.and_then(|(_, callee)| callee.concurrency.as_ref()).filter(|group| same(group, own))
        {
            report
                .at(
                    call.uses.span,
                    "the called workflow has the concurrency group that this one holds: it cannot start",
                )
                .related(own.group.span, "held here until the run ends")
                .related(group.group.span, "asked for here")
                .help(
                    "in a called workflow `github.workflow` is the caller's name: put a word of its own into the group",
                );
        }
    }
}

/// Whether two groups are written alike, and read nothing that differs between them.
fn same(a: &Concurrency, b: &Concurrency) -> bool {
    let (Some(a_text), Some(b_text)) = (a.group.source_text(), b.group.source_text()) else { return false };
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let mut shared = true;
    a.group.each_expression(&mut |template, _| {
        for reference in template.expressions().flat_map(expr::Expr::references) {
            shared &= reference.path.first().is_some_and(|context| matches!(&**context, "github" | "vars"));
        }
    });
    shared && squeeze(&a_text) == squeeze(&b_text)
}
