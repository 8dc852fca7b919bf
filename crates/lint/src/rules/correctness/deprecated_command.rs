use span::Severity;

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::flow::{self, Place};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{RunStep, Shell};
use crate::subject::StepSubject;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "correctness/deprecated-command",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:deprecated-commands"],
    summary: "a script uses a workflow command that is deprecated or switched off",
    page: page!("correctness/deprecated-command"),
    checks: &[Check::Step(check)],
};

/// The command, the file that replaces it, and whether GitHub refuses it.
const COMMANDS: &[(&str, &str, bool)] = &[
    ("set-output", "GITHUB_OUTPUT", false),
    ("save-state", "GITHUB_STATE", false),
    ("set-env", "GITHUB_ENV", true),
    ("add-path", "GITHUB_PATH", true),
];

/// With this variable GitHub takes the commands that it has switched off.
const ALLOWED: &str = "ACTIONS_ALLOW_UNSECURE_COMMANDS";

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject) else { return };
    let text = run.text();
    if !text.contains("::") && !text.contains("##[") {
        return;
    }
    let switched_on = flow::variable(&Place::from(subject), ALLOWED).is_some();
    for (command, file, refused) in COMMANDS {
        for start in ["::", "##["] {
            let wanted = format!("{start}{command}");
            for (at, _) in text.match_indices(&wanted) {
                let after = text[at + wanted.len()..].chars().next();
                if !matches!(after, Some(' ' | ':' | ']')) || is_comment(&text, at) {
                    continue;
                }
                let finding = report
                    .at(run.place(subject, at..at + wanted.len()), format!("the command `{command}` is deprecated"));
                if *refused && !switched_on {
                    finding.message = format!("the command `{command}` does nothing: GitHub has switched it off");
                    finding.severity(Severity::Error);
                } else if *refused {
                    finding.label(format!("{ALLOWED} has switched it on again"));
                } else {
                    finding.label("GitHub warns in each run");
                }
                finding.help(match *command {
                    "add-path" => "write to the file instead: `echo \"DIRECTORY\" >> \"$GITHUB_PATH\"`".to_owned(),
                    _ => format!("write to the file instead: `echo \"NAME=VALUE\" >> \"${file}\"`"),
                });
                if run.shell == Shell::Posix
                    && let Some((range, line)) = replacement(&text, at, command, file)
                {
                    let fix = Fix::unsafe_(format!("write to `{file}`"));
                    finding.fixes.extend(tree::rewrite(subject.document, fix, run.script.span, range, &line));
                }
            }
        }
    }
}

/// Whether a place is in a line that is a comment in all shells but `cmd`.
fn is_comment(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..at].trim_start();
    line.starts_with('#') && !line.is_empty()
}

/// The command's part of a line that is nothing but `echo "::set-output name=NAME::VALUE"`, and what to write instead.
fn replacement(text: &str, at: usize, command: &str, file: &str) -> Option<(std::ops::Range<usize>, String)> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = text[start..end].trim();
    let quoted = line.strip_prefix("echo \"::")?.strip_suffix('"')?.strip_prefix(command)?;
    if quoted.contains('"') {
        return None;
    }
    let content = match quoted.strip_prefix(" name=") {
        Some(rest) => {
            let (name, value) = rest.split_once("::")?;
            format!("{name}={value}")
        }
        None => quoted.strip_prefix("::")?.to_owned(),
    };
    let indent = text[start..end].len() - text[start..end].trim_start().len();
    Some((start + indent..start + indent + line.len(), format!("echo \"{content}\" >> \"${file}\"")))
}
