use expr::{Part, Term};
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "expression/unsound-ternary",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["zizmor:unsound-ternary"],
    summary: "a choice of two values never takes the first, as that counts as false",
    page: page!("expression/unsound-ternary"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(part) = subject.expr.view() else { return };
    part.each(&mut |part| {
        let Term::Or(operands) = part.term() else { return };
        let last = operands.len() - 1;
        for operand in &operands[..last] {
            let Term::And(choices) = operand.term() else { continue };
            let Some(value) = choices.last().copied().filter(|value| is_false(*value)) else { continue };
            // `a && false || false` gives what it should in any case.
            if operands[last].text() == value.text() {
                continue;
            }
            let finding = report.at(
                subject.place(value.range()),
                format!("`{}` counts as false, so the value after `||` is taken in any case", value.text()),
            );
            finding
                .help("turn the choice around: `!condition && other || value`, or use `case(condition, value, other)`");
        }
    });
}

fn is_false(part: Part<'_>) -> bool {
    match part.term() {
        Term::Literal(value) => !value.truthy(),
        Term::Call(name, arguments) if name.eq_ignore_ascii_case("fromJSON") => {
            let text = arguments.first().and_then(|argument| argument.literal()?.as_str());
            matches!(text.map(str::trim), Some("false" | "null" | "0" | "\"\""))
        }
        _ => false,
    }
}
