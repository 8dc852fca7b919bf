use expr::{Part, Term, Value};
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;
use crate::worlds::World;

pub(super) static RULE: Rule = Rule {
    id: "correctness/constant-condition",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:if-cond"],
    summary: "a condition is the same whatever happens",
    page: page!("correctness/constant-condition"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(condition) = subject.condition else { return };
    let expr = condition.expr();
    let Some(root) = expr.view() else { return };
    // Text around `${{ }}` is told as that.
    if expr.range() == (0..expr.source().len()) && expr.source().contains("${{") {
        return;
    }
    let Some(truth) = World::unknown().truth(expr) else { return };
    if matches!(root.term(), Term::Call("always", _)) {
        return;
    }
    let finding = report.at(subject.span(), format!("this condition is always {truth}"));
    // `if: false` is how a job or step is switched off on purpose.
    if matches!(root.term(), Term::Literal(Value::Bool(_))) {
        finding.profile(Profile::Pedantic).severity(Severity::Info);
    } else if let Some(lone) = lone_string(root) {
        finding.help(format!(
            "`{}` stands alone and counts as true; repeat the comparison: `x == 'a' || x == 'b'`",
            lone.text()
        ));
    }
}

/// The constant text that decides an `||`.
fn lone_string(root: Part<'_>) -> Option<Part<'_>> {
    let Term::Or(operands) = root.term() else { return None };
    operands.into_iter().find(|operand| matches!(operand.literal(), Some(Value::String(text)) if !text.is_empty()))
}
