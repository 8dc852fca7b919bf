use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/github-app",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:github-app"],
    summary: "the token of a GitHub App may do more, or lives longer, than the job needs",
    page: page!("security/github-app"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let app = ActionStep::of(subject).filter(|action| action.uses.is("actions/create-github-app-token"));
    let Some(action) = app.filter(|action| action.opaque().is_none()) else { return };
    let text = action.text("skip-token-revoke").unwrap_or_default();
    if text.trim().eq_ignore_ascii_case("true") || text.contains("${{") {
        let finding = report.at(
            action.place("skip-token-revoke"),
            "the token is valid for an hour after the job, as nothing revokes it",
        );
        if text.contains("${{") {
            finding.confidence(Confidence::Low);
        }
        finding.help("leave `skip-token-revoke` out");
    }
    let permissions: Vec<&str> =
        action.inputs().map(|(name, _)| name).filter(|name| name.starts_with("permission-")).collect();
    let of_organization = |name: &&str| {
        name.starts_with("permission-organization-")
            || name.contains("-for-organizations")
            || *name == "permission-members"
    };
    let only_organization = !permissions.is_empty() && permissions.iter().all(of_organization);
    if action.is_filled("owner") && !action.is_filled("repositories") && !only_organization {
        report
            .at(action.place("owner"), "the token reaches every repository of the owner on which the App is installed")
            .help("name the repositories: `repositories: one, two`");
    }
    if permissions.is_empty() {
        report
            .at(action.span, "the token has every permission that the App was given")
            .confidence(Confidence::Medium)
            .help("name what the job needs: `permission-contents: read`");
    }
}
