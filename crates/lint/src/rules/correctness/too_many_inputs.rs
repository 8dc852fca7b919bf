use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/too-many-inputs",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:events"],
    summary: "`workflow_dispatch` has more than 25 inputs",
    page: page!("correctness/too-many-inputs"),
    checks: &[Check::Workflow(check)],
};

/// As GitHub says for `workflow_dispatch`.
const MOST: usize = 25;

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let Some(dispatch) = subject.workflow.on.event("workflow_dispatch") else { return };
    if let Some(input) = dispatch.inputs.get(MOST) {
        let count = dispatch.inputs.len();
        report.at(input.name.span, format!("this is one input too many: {count} are declared, {MOST} are allowed"));
    }
}
