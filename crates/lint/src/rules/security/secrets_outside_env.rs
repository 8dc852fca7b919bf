use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/secrets-outside-env",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:secrets-outside-env"],
    summary: "a job without an environment uses a secret",
    page: page!("security/secrets-outside-env"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(workflow) = subject.owner.workflow() else { return };
    let Some(job) = subject.owner.steps_job() else { return };
    if workflow.on.call().is_some() || job.environment.is_some() {
        return;
    }
    let allowed = subject.project.facts.options(RULE.id).and_then(|options| options.get("allow")?.as_array());
    for reference in subject.expr.references() {
        let [context, name, ..] = &reference.path[..] else { continue };
        let allowed = allowed
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .any(|allowed| allowed.eq_ignore_ascii_case(name));
        if !context.eq_ignore_ascii_case("secrets") || name.eq_ignore_ascii_case("GITHUB_TOKEN") || allowed {
            continue;
        }
        report
            .at(
                subject.place(reference.range.clone()),
                format!("every job of every branch may use `{name}`, as no environment guards it"),
            )
            .help("keep it in an environment with its own rules, and say `environment:` in the job");
    }
}
