use span::Severity;
use workflow::StepKind;
use yaml::Style;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/multiline-plain-run",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:multiline-plain-run"],
    summary: "lines of a script without `|` become one line",
    page: page!("correctness/multiline-plain-run"),
    checks: &[Check::Step(check)],
};

/// What hardly is an argument of the line before.
const COMMANDS: &[&str] = &[
    "apt-get",
    "bash",
    "brew",
    "bundle",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "composer",
    "cp",
    "curl",
    "docker",
    "dotnet",
    "echo",
    "export",
    "gh",
    "git",
    "go",
    "gradle",
    "helm",
    "jq",
    "kubectl",
    "ls",
    "make",
    "mkdir",
    "mv",
    "mvn",
    "node",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pipx",
    "pnpm",
    "poetry",
    "python",
    "python3",
    "rm",
    "rustup",
    "sed",
    "set",
    "sh",
    "sudo",
    "tar",
    "terraform",
    "uv",
    "wget",
    "yarn",
];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let StepKind::Run { script, .. } = &subject.step.kind else { return };
    let raw = subject.document.text_of(script.span);
    if !raw.contains('\n') {
        return;
    }
    let Some(scalar) = subject.document.scalar(script.span) else { return };
    if !matches!(scalar.style, Style::Plain | Style::Single | Style::Double | Style::Folded) {
        return;
    }
    let body = subject.document.text_of(scalar.content);
    let mut start = 0;
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for line in body.split_inclusive('\n') {
        lines.push((start + line.len() - line.trim_start().len(), line.trim()));
        start += line.len();
    }
    for pair in lines.windows(2) {
        let (at, pair) = (pair[1].0, [pair[0].1, pair[1].1]);
        // A blank line ends a line of the text.
        if pair.contains(&"") {
            continue;
        }
        let goes_on = pair[0].ends_with(['\\', '|', '(', '{', ',', '[', '=', ';'])
            || pair[0].ends_with("&&")
            || pair[0].ends_with("then")
            || pair[0].ends_with("do");
        let first = pair[1].split_whitespace().next().unwrap_or_default();
        let before = pair[0].split_whitespace().next().unwrap_or_default();
        let is_command =
            COMMANDS.contains(&first) && !matches!(before, "sudo" | "exec" | "time" | "env" | "xargs" | "for");
        if goes_on || !is_command || !COMMANDS.contains(&before) && !before.contains(['/', '.']) {
            continue;
        }
        let place = scalar.content.at(at, pair[1].len());
        report
            .at(place, "this line becomes a part of the command before it")
            .label("line breaks are blanks here")
            .help("write `run: |` to keep the lines of a script");
        return;
    }
}
