use span::{Severity, Span};
use workflow::{JobKind, Runs, Step, StepKind};

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::flat;
use crate::subject::FileSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/invisible-characters",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:invisible-characters"],
    summary: "a character that nobody sees changes what the file says",
    page: page!("correctness/invisible-characters"),
    checks: &[Check::File(check)],
};

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    let text = subject.document.text();
    if text.is_ascii() {
        return;
    }
    let comments = subject.document.comments();
    let scripts = scripts(subject);
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
        let Some((name, turns)) = invisible(c) else { continue };
        // A byte order mark at the start is none of ours.
        if at == 0 && c == '\u{FEFF}' {
            continue;
        }
        let span = Span::new(subject.document.file, at, at + c.len_utf8());
        let before = comments.partition_point(|comment| comment.span.start <= span.start);
        let in_comment = before.checked_sub(1).is_some_and(|last| comments[last].span.contains(span));
        if in_comment && !turns {
            continue;
        }
        // People read names and descriptions; a shell reads this as a letter.
        let before = scripts.partition_point(|script| script.start <= span.start);
        let in_script = before.checked_sub(1).is_some_and(|last| scripts[last].contains(span));
        if c == '\u{A0}' && !in_script {
            continue;
        }
        let finding = report.at(span, format!("{name} (U+{:04X}) stands here", u32::from(c)));
        if turns {
            finding
                .severity(Severity::Error)
                .help("it turns the direction of the text after it, which then reads as something else");
        }
        let title = if c == '\u{A0}' { "put a blank in its place" } else { "take it out" };
        // Between the quotes of a script it may be what is looked for, or what is to be printed.
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let is_meant = in_script && text[line..at].contains(['"', '\'']);
        let fix = if is_meant { Fix::unsafe_(title) } else { Fix::safe(title) };
        finding.fix(fix.replace(span, if c == '\u{A0}' { " " } else { "" }));
    }
}

/// The scripts of all steps, in the order of the file.
fn scripts(subject: &FileSubject<'_>) -> Vec<Span> {
    let mut found = Vec::new();
    let mut add = |steps: &[Step]| {
        found.extend(flat(steps).into_iter().filter_map(|step| match &step.kind {
            StepKind::Run { script, .. } => Some(script.span),
            _ => None,
        }));
    };
    for job in subject.document.workflow.iter().flat_map(|workflow| &workflow.jobs) {
        if let JobKind::Steps(job) = &job.kind {
            add(&job.steps);
        }
    }
    if let Some(Runs::Composite(runs)) = subject.document.action.as_ref().map(|action| &action.runs) {
        add(&runs.steps);
    }
    found.sort_unstable_by_key(|span| (span.start, span.end));
    found
}

/// The name of a character without a shape, and whether it turns the direction of what follows.
fn invisible(c: char) -> Option<(&'static str, bool)> {
    Some(match c {
        '\u{A0}' => ("a no-break space", false),
        '\u{AD}' => ("a soft hyphen", false),
        '\u{200B}' => ("a zero-width space", false),
        '\u{2060}' => ("a word joiner", false),
        '\u{FEFF}' => ("a zero-width no-break space", false),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => ("a control of the direction of text", true),
        _ => return None,
    })
}
