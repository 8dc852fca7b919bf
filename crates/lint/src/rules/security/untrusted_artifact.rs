use span::Severity;
use span::Span;
use workflow::{JobKind, Step, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::{JobSubject, Owner};

pub(super) static RULE: Rule = Rule {
    id: "security/untrusted-artifact",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &["jactionlint:untrusted-artifact"],
    summary: "a workflow with secrets trusts an artifact that strangers may have made",
    page: page!("security/untrusted-artifact"),
    checks: &[Check::Job(check)],
};

/// Actions that fetch artifacts of other runs.
const DOWNLOADS: &[&str] = &[
    "actions/download-artifact",
    "dawidd6/action-download-artifact",
    "aochmann/actions-download-artifact",
    "levonet/action-download-last-artifact",
];

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let Some(event) = subject.workflow.on.event("workflow_run") else { return };
    let all = steps::flat(&job.steps);
    let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
    for (index, step) in all.iter().enumerate() {
        let Some((place, apart)) = downloads(step) else { continue };
        let later = &all[index + 1..];
        let used = later.iter().find_map(|step| uses_it(step, owner));
        let finding =
            report.at(place, "what the other run uploaded is unpacked, and strangers may have started that run");
        finding.related(event.name.span, "runs with secrets, after runs of pull requests too");
        match used {
            Some((span, how)) => {
                finding
                    .severity(Severity::Error)
                    .confidence(if apart { Confidence::Medium } else { Confidence::High })
                    .related(span, how);
            }
            None if apart => {
                finding.confidence(Confidence::Low);
            }
            None => {}
        }
        finding
            .help("unpack it to `${{ runner.temp }}`, check what is in it, and never run it or make variables of it");
    }
}

/// The place of a download from another run, and whether it goes to a directory of its own.
fn downloads(step: &Step) -> Option<(Span, bool)> {
    if let Some(action) = steps::action(step) {
        let known = DOWNLOADS.iter().any(|name| action.uses.is(name));
        let other_run = !action.uses.is("actions/download-artifact") || action.is_filled("run-id");
        let apart = action.text("path").is_some_and(|path| path.contains("runner.temp") || path.starts_with("/tmp"));
        if known && other_run {
            return Some((action.span, apart));
        }
        let script = action.text("script").filter(|_| action.uses.is("actions/github-script"))?;
        return script.contains("downloadArtifact").then_some((action.span, false));
    }
    let StepKind::Run { script, .. } = &step.kind else { return None };
    let text = script.source_text()?;
    (text.contains("gh run download")).then(|| (script.span, text.contains("/tmp") || text.contains("RUNNER_TEMP")))
}

/// What is put into a word and reads a file.
const READS: [&str; 3] = ["$(cat", "$(<", "(Get-Content"];

/// A step that makes variables of files, or runs them.
fn uses_it(step: &Step, owner: Owner<'_>) -> Option<(Span, &'static str)> {
    let run = steps::run(step, owner)?;
    let read = run.commands_of_any();
    for file in ["GITHUB_ENV", "GITHUB_PATH"] {
        let from_file = read.writers_of(file).iter().any(|(command, _)| {
            matches!(
                command.name(),
                Some("cat" | "head" | "tail" | "jq" | "tr" | "sed" | "awk" | "Get-Content" | "gc" | "type")
            ) || command.words.iter().any(|word| READS.iter().any(|reads| word.text.contains(reads)))
        });
        if from_file {
            return Some((run.script.span, "makes variables of a file"));
        }
    }
    None
}
