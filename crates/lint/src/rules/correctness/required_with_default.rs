use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/required-with-default",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:events"],
    summary: "an input is required, so that its default is never used",
    page: page!("correctness/required-with-default"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    // Forms of `workflow_dispatch` show a default, in required fields too.
    for input in subject.workflow.on.call().map(|call| call.inputs.as_slice()).unwrap_or_default() {
        if let Some(default) = input.default.as_ref().filter(|_| input.required) {
            report
                .at(default.span, format!("the default of `{}` is never used: the input is required", input.name.value))
                .help("leave out `required: true`, or the default");
        }
    }
}
