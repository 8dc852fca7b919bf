use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/workflow-run-name",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:workflow-run-names"],
    summary: "`workflow_run` waits for a workflow that does not exist",
    page: page!("correctness/workflow-run-name"),
    checks: &[Check::Workflow(check)],
};

/// Workflows that GitHub runs for a repository without a file: Pages from a branch, code scanning in its default setup,
/// Dependabot, Copilot, and what is sent to the graph of dependencies.
const OF_GITHUB: &[&str] = &[
    "Automatic Dependency Submission",
    "CodeQL",
    "CodeQL Setup",
    "Copilot",
    "Copilot code review",
    "Copilot coding agent",
    "Dependabot Updates",
    "pages-build-deployment",
    "pages build and deployment",
];

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let Some(filter) = subject.workflow.on.event("workflow_run").and_then(|event| event.workflows.as_ref()) else {
        return;
    };
    // Every workflow of the repository has to be known, the broken ones too.
    let Some(tree) = &subject.project.facts.tree else { return };
    let here = |path: &str| path.starts_with(".github/workflows/") || path.starts_with(".trunkline/workflows/");
    let files = tree.iter().filter(|path| here(path) && (path.ends_with(".yml") || path.ends_with(".yaml")));
    let mut names = Vec::new();
    for path in files {
        let Some(workflow) = subject.project.at_path(path).and_then(|document| document.workflow.as_ref()) else {
            return;
        };
        names.push(workflow.display_name());
    }
    for wanted in &filter.patterns {
        let is_pattern = wanted.value.contains(['*', '?', '[', '!', '+']);
        let is_known = |name: &&str| *name == &*wanted.value;
        if is_pattern || names.iter().any(is_known) || OF_GITHUB.iter().any(is_known) {
            continue;
        }
        let finding = report.at(wanted.span, format!("no workflow of this repository is called `{}`", wanted.value));
        match span::did_you_mean(&wanted.value, names.iter().copied()) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            // GitHub or an app may run one without a file.
            None => finding
                .confidence(Confidence::Medium)
                .help("a workflow is called what its `name` says; without one, by its path"),
        };
    }
}
