use expr::Term;
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/unredacted-secrets",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:unredacted-secrets"],
    summary: "a part is taken out of a secret, and logs show parts",
    page: page!("security/unredacted-secrets"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(part) = subject.expr.view() else { return };
    part.each(&mut |part| {
        let Term::Call(name, arguments) = part.term() else { return };
        let secret = arguments.first().and_then(|argument| argument.path());
        let secret = secret.filter(|path| path[0].eq_ignore_ascii_case("secrets"));
        if let Some(path) = secret.filter(|_| name.eq_ignore_ascii_case("fromJSON")) {
            report
                .at(
                    subject.place(part.range()),
                    format!("only the whole of `{}` is masked in logs, not what is taken out of it", path.join(".")),
                )
                .help("keep each value in a secret of its own");
        }
    });
}
