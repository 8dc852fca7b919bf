use expr::{Part, Term};
use span::Severity;
use workflow::{StepKind, TemplateKind};

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{ExpressionSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/obfuscation",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:obfuscation"],
    summary: "something is written in a way that hides what it is",
    page: page!("security/obfuscation"),
    checks: &[Check::Step(of_step), Check::Expression(of_expression)],
};

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let StepKind::Uses { uses, with } = &subject.step.kind else { return };
    if let Some(with) = with
        && matches!(with.kind, TemplateKind::Text(_))
    {
        report
            .at(with.span, "an expression in the place of all inputs hides what the action gets")
            .severity(Severity::Info);
    }
    if uses.value.starts_with(['.', '$']) || uses.value.starts_with("docker://") {
        return;
    }
    let Some((place, git_ref)) = uses.value.split_once('@') else { return };
    let parts: Vec<&str> = place.split('/').collect();
    if !parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return;
    }
    let finding = report
        .at(uses.span, format!("`{}` is a roundabout name of an action, which rules and reviewers miss", uses.value));
    if let Some(plain) = plain(&parts) {
        finding
            .help(format!("write `{plain}@{git_ref}`"))
            .fix(Fix::safe("write the plain name").replace(uses.span, format!("{plain}@{git_ref}")));
    }
}

/// The name without detours. `None` where they lead out of the repository.
fn plain(parts: &[&str]) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        match *part {
            "" | "." => {}
            ".." if kept.len() > 2 => {
                kept.pop();
            }
            ".." => return None,
            part => kept.push(part),
        }
    }
    (kept.len() >= 2).then(|| kept.join("/"))
}

fn of_expression(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(whole) = subject.expr.view() else { return };
    let is_fixed = is_written_out(whole);
    let mut constant: Option<Part<'_>> = None;
    whole.each(&mut |part| {
        if let Term::Index(_, index) = part.term()
            && !matches!(index.term(), Term::Wildcard)
            && !is_value(index)
        {
            report
                .at(subject.place(index.range()), "which entry this reads is only known when it runs")
                .severity(Severity::Info)
                .profile(Profile::Pedantic);
        }
        if constant.is_none() && (is_constant_call(part) || (!is_fixed && is_constant_operation(part))) {
            constant = Some(part);
        }
    });
    if constant.is_none() && subject.condition.is_none() && is_fixed {
        report
            .at(subject.place(whole.range()), format!("`{}` is always the same, and needs no expression", whole.text()))
            .severity(Severity::Info)
            .confidence(Confidence::Low);
    }
    if let Some(part) = constant {
        report
            .at(subject.place(part.range()), format!("`{}` is always the same, and can be written out", part.text()))
            .severity(Severity::Info)
            .confidence(if part == whole { Confidence::High } else { Confidence::Medium })
            .help("a value that is put together from constants is easily misread");
    }
}

/// A call that gives the same each time, other than the lists of JSON that the language has no other way to write.
fn is_constant_call(part: Part<'_>) -> bool {
    match part.term() {
        Term::Call(name, arguments) => {
            let pure = ["format", "join", "contains", "startsWith", "endsWith", "toJSON"];
            pure.iter().any(|pure| pure.eq_ignore_ascii_case(name))
                && !arguments.is_empty()
                && arguments.into_iter().all(is_value)
        }
        _ => false,
    }
}

/// An operator with constants on all sides, beside something that is none.
fn is_constant_operation(part: Part<'_>) -> bool {
    !matches!(part.term(), Term::Literal(_)) && is_written_out(part)
}

/// Whether constants alone decide it.
fn is_written_out(part: Part<'_>) -> bool {
    match part.term() {
        Term::Literal(_) => true,
        Term::Not(operand) => is_written_out(operand),
        Term::Compare(_, left, right) => is_written_out(left) && is_written_out(right),
        Term::And(operands) | Term::Or(operands) => operands.into_iter().all(is_written_out),
        _ => false,
    }
}

fn is_value(part: Part<'_>) -> bool {
    match part.term() {
        Term::Literal(_) => true,
        Term::Call(name, arguments) if name.eq_ignore_ascii_case("fromJSON") => arguments.into_iter().all(is_value),
        _ => is_constant_call(part) || is_constant_operation(part),
    }
}
