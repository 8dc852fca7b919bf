use std::collections::BTreeSet;
use std::ops::Range;

use span::Severity;

use crate::finding::Confidence;
use crate::flow::{self, Origin, Place};
use crate::knowledge::attacker::Reach;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::shell::{Command, Part, Word};
use crate::steps::{RunStep, Shell};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/github-env",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    profile: Profile::Default,
    aliases: &["zizmor:github-env"],
    summary: "what strangers write becomes variables or the path of later steps",
    page: page!("security/github-env"),
    checks: &[Check::Step(check)],
};

const FILES: [&str; 2] = ["GITHUB_ENV", "GITHUB_PATH"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject) else { return };
    let text = run.text();
    if !FILES.iter().any(|file| contains_ignore_case(&text, file)) {
        return;
    }
    let open = is_open(subject);
    let script = run.commands();
    if open && run.shell != Shell::Posix {
        let script = script.as_ref().filter(|_| run.shell == Shell::Pwsh);
        let places = script.iter().flat_map(|script| FILES.iter().flat_map(|file| script.stored_at(file)));
        let known: BTreeSet<usize> = places.map(|range| range.start).collect();
        lines(subject, &run, &text, &known, report);
    }
    let Some(script) = script else { return };
    for file in FILES {
        for (command, _) in script.writers_of(file) {
            written(subject, &run, command, file, open, report);
        }
    }
}

/// Commands that print their words, or write them to the file among them.
const PRINTS: &[&str] = &["echo", "printf", "Write-Output", "Write-Host", "Add-Content", "ac", "Set-Content", "sc"];

/// A command whose output goes to a file of variables.
fn written(
    subject: &StepSubject<'_>,
    run: &RunStep<'_>,
    command: &Command,
    file: &str,
    open: bool,
    report: &mut Report<'_>,
) {
    let prints = command.name().is_some_and(|command| PRINTS.iter().any(|prints| prints.eq_ignore_ascii_case(command)));
    let documents = command.redirections.iter().filter_map(|redirection| redirection.document.as_ref());
    let words: Vec<&Word> = command.words.iter().skip(1).chain(documents).collect();
    let mut worst: Option<(Origin, Range<usize>)> = None;
    for part in words.iter().flat_map(|word| &word.parts) {
        if let Part::Variable { name, range, .. } = part
            && let Some(origin) = variable(subject, name)
            && worst.as_ref().is_none_or(|(worst, _)| worst.reach < origin.reach)
        {
            worst = Some((origin, range.clone()));
        }
    }
    if let Some((origin, range)) = worst.filter(|(origin, _)| origin.reach == Reach::Outsider) {
        let place = run.place(subject, range);
        let finding = report.at(
            place,
            format!(
                "`{}` comes from `{}`: with a line break in it, it sets any variable in {file}",
                origin.path, origin.source
            ),
        );
        finding.severity(Severity::Error).confidence(Confidence::High).label(format!("written to {file}"));
        for (span, what) in &origin.hops {
            finding.related(*span, what.clone());
        }
        finding
            .help("`LD_PRELOAD` or `PATH` set so runs code in the next step")
            .help("write it as an output of the step (GITHUB_OUTPUT), or take its line breaks out first");
        return;
    }
    let plain = prints
        && words
            .iter()
            .filter(|word| !word.hands_over(file))
            .all(|word| word.parts.iter().all(|part| !matches!(part, Part::Variable { .. } | Part::Command { .. })));
    if open && !plain {
        report
            .at(
                run.place(subject, command.range.clone()),
                format!("what this writes to {file} may come from strangers, for whom the workflow runs"),
            )
            .help("write it as an output of the step (GITHUB_OUTPUT) instead");
    }
}

fn variable(subject: &StepSubject<'_>, name: &str) -> Option<Origin> {
    if name == "GITHUB_HEAD_REF" {
        // Names of branches have no line breaks.
        return None;
    }
    let origin = flow::of_variable(&Place::from(subject), name);
    let one_line = ["head_ref", ".ref", ".label", "head_branch", ".title", ".email", ".name"]
        .iter()
        .any(|end| origin.source.ends_with(end));
    (!one_line).then_some(origin)
}

/// Lines that look as if they write to the files: of other shells, of one that nothing names, which may be any, and of
/// PowerShell where no command that was understood does it (`known` are the places where one does).
fn lines(subject: &StepSubject<'_>, run: &RunStep<'_>, text: &str, known: &BTreeSet<usize>, report: &mut Report<'_>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let names = FILES.iter().any(|file| {
            let file = file.to_ascii_lowercase();
            lower.contains(&format!("$env:{file}"))
                || lower.contains(&format!("${{env:{file}}}"))
                || lower.contains(&format!("%{file}%"))
        });
        let writes =
            ["out-file", "add-content", "set-content", "tee-object", ">"].iter().any(|way| lower.contains(way));
        let is_known = known.range(at..at + line.len()).next().is_some();
        let is_comment = run.shell == Shell::Pwsh && line.trim_start().starts_with('#');
        if names && writes && !is_known && !is_comment {
            let length = line.trim_end().len();
            report
                .at(
                    run.place(subject, at..at + length),
                    "what this writes may come from strangers, for whom the workflow runs",
                )
                .help("write it as an output of the step (GITHUB_OUTPUT) instead");
        }
        at += line.len();
    }
}

/// Whether strangers start the workflow, and it runs with the repository's rights.
fn is_open(subject: &StepSubject<'_>) -> bool {
    // Who uses an action is not to be seen.
    let Some(workflow) = subject.owner.workflow() else { return true };
    ["pull_request_target", "workflow_run"].iter().any(|name| workflow.on.event(name).is_some())
}

fn contains_ignore_case(text: &str, name: &str) -> bool {
    text.as_bytes().windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}
