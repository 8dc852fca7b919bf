use span::Severity;
use workflow::StepKind;

use crate::finding::Confidence;
use crate::known_action::KnownAction;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/outdated-action-runtime",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:action"],
    summary: "an action is written for a version of Node.js that runners no longer have",
    page: page!("correctness/outdated-action-runtime"),
    checks: &[Check::Step(check)],
};

/// What these do is told by the service that is gone, not by the runtime.
const DEAD_ANYWAY: &[&str] = &["actions/cache", "actions/upload-artifact", "actions/download-artifact"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let StepKind::Uses { uses, .. } = &subject.step.kind else { return };
    let comment = subject.document.version_comment(uses);
    let Some(action) = KnownAction::find(&uses.value, comment) else { return };
    let old = matches!(action.using, "node12" | "node16");
    if !old && action.using != "node20" || DEAD_ANYWAY.contains(&action.name) {
        return;
    }
    let node = action.using.trim_start_matches("node");
    let finding =
        report.at(uses.span, format!("`{}` is written for Node.js {node}, which runners no longer have", uses.value));
    if let Some(major) = action.newest_on(&["node24", "composite", "docker"]) {
        finding.help(format!("`{}@v{major}` runs on a version that they have", action.name));
    }
    if !old {
        // GitHub runs these on Node.js 24, and warns in each run.
        finding.profile(Profile::Pedantic).severity(Severity::Info);
        finding.message = format!("`{}` is written for Node.js 20, in whose place runners take 24", uses.value);
    }
}
