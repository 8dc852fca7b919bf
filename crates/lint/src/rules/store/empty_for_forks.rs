use expr::Term;
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "store/empty-for-forks",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &[],
    summary: "a secret is empty when the pull request comes from a fork or from Dependabot",
    page: page!("store/empty-for-forks"),
    checks: &[Check::Expression(check)],
};

/// Parts of conditions that ask where a change comes from, or whether there is a value.
const GUARDS: &[&str] = &[
    "github.event_name",
    "head.repo",
    "fork",
    "github.actor",
    "github.ref",
    "user.login",
    "env.",
    "outputs.",
    "github.repository",
];

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let (Some(workflow), Some(job)) = (subject.owner.workflow(), subject.owner.job()) else { return };
    let Some(event) = workflow.on.event("pull_request") else { return };
    let conditions = job.condition.iter().chain(subject.step.and_then(|step| step.condition.as_ref()));
    let guarded = conditions.into_iter().any(|condition| {
        let text = condition.condition.expr().source();
        GUARDS.iter().any(|guard| text.contains(guard))
    });
    // Something else takes its place, or the expression itself asks.
    let chosen = matches!(
        subject.expr.view().map(expr::Part::term),
        Some(Term::Or(_) | Term::And(_) | Term::Not(_) | Term::Compare(..))
    );
    if guarded || chosen {
        return;
    }
    for reference in subject.expr.references() {
        let [context, name, ..] = &reference.path[..] else { continue };
        if context.eq_ignore_ascii_case("secrets") && !name.eq_ignore_ascii_case("GITHUB_TOKEN") && &**name != "*" {
            report
                .at(subject.place(reference.range.clone()), format!("`{name}` is empty for pull requests from forks and from Dependabot"))
                .related(event.name.span, "runs for these too")
                .help("let the step run only where the secret is: `if: github.event.pull_request.head.repo.fork == false`");
        }
    }
}
