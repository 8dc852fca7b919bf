use span::Severity;
use workflow::{JobKind, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::flat;
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/local-action-checkout",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:local-action-checkout"],
    summary: "a local action is used before its repository is checked out",
    page: page!("correctness/local-action-checkout"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    for step in flat(&job.steps) {
        match &step.kind {
            StepKind::Uses { uses, .. } if uses.value.starts_with("./") => {
                report
                    .at(uses.span, format!("nothing has been checked out before `{}` is used", uses.value))
                    .help("put a step `uses: actions/checkout@v5` before it; `./` is a directory of the workspace");
                return;
            }
            // An image of its own: no files of the workspace come from it.
            StepKind::Uses { uses, .. } if uses.value.starts_with("actions/setup-") => {}
            StepKind::Run { script, .. } if is_harmless(&script.source_text().unwrap_or_default()) => {}
            StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {}
            // Anything else may bring files.
            _ => return,
        }
    }
}

/// Whether a script hardly brings files into the workspace.
fn is_harmless(script: &str) -> bool {
    let words = ["git", "gh ", "curl", "wget", "tar", "unzip", "cp ", "mkdir", ">", "mv ", "clone", "checkout"];
    script.len() < 2000 && !words.iter().any(|word| script.contains(word))
}
