use expr::{Part, Term};
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/overprovisioned-secrets",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:overprovisioned-secrets"],
    summary: "an expression sends every secret to the job",
    page: page!("security/overprovisioned-secrets"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(part) = subject.expr.view() else { return };
    part.each(&mut |part| match part.term() {
        Term::Call(name, arguments)
            if name.eq_ignore_ascii_case("toJSON") && arguments.iter().any(|argument| is_secrets(*argument)) =>
        {
            report
                .at(subject.place(part.range()), "this is every secret of the repository at once")
                .help("name the secrets that the step needs");
        }
        Term::Index(container, index) if is_secrets(container) && index.literal().is_none() => {
            report
                .at(
                    subject.place(part.range()),
                    "a computed name brings every secret to the job, as nobody knows which it will be",
                )
                .help("name the secrets, or keep one of each kind in an environment of its own");
        }
        _ => {}
    });
}

fn is_secrets(part: Part<'_>) -> bool {
    matches!(part.term(), Term::Context(name) if name.eq_ignore_ascii_case("secrets"))
}
