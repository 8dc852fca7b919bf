use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/unpinned-tools",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:unpinned-tools"],
    summary: "an action installs whatever version of a tool is newest",
    page: page!("security/unpinned-tools"),
    checks: &[Check::Step(check)],
};

/// Actions with the input that pins what they install; left out, the newest is taken.
const TOOLS: &[(&str, &str)] = &[
    ("1password/load-secrets-action", "version"),
    ("1password/load-secrets-action/configure", "version"),
    ("anchore/sbom-action/download-syft", "syft-version"),
    ("aquasecurity/setup-trivy", "version"),
    ("azure/setup-helm", "version"),
    ("goreleaser/goreleaser-action", "version"),
    ("golangci/golangci-lint-action", "version"),
    ("hashicorp/setup-terraform", "terraform_version"),
    ("ko-build/setup-ko", "version"),
    ("opentofu/setup-opentofu", "tofu_version"),
];

/// The first two are known to hand secrets to what they install, or to have served something else.
const DANGEROUS: &[&str] = &["1password/load-secrets-action", "aquasecurity/setup-trivy"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject).filter(|action| action.opaque().is_none()) else { return };
    // What never runs installs nothing.
    let never = subject.step.condition.as_ref().and_then(|one| one.condition.expr().view()?.literal());
    if matches!(never, Some(expr::Value::Bool(false))) {
        return;
    }
    let Some((name, input)) = TOOLS.iter().find(|(name, _)| action.uses.is(name)) else { return };
    let dangerous = DANGEROUS.contains(name);
    let finding = match action.text(input) {
        None => report.at(action.span, format!("without `{input}`, {name} installs whatever is newest")),
        Some(text) if text.trim() == "latest" => {
            report.at(action.place(input), format!("`latest` is whatever {name} finds"))
        }
        Some(text) if text.trim().starts_with("${{") && dangerous => {
            let finding = report.at(action.place(input), "whether an expression pins the version is not to be seen");
            finding.confidence(Confidence::Low);
            finding
        }
        Some(_) => return,
    };
    if !dangerous {
        finding.severity(Severity::Info).profile(Profile::Pedantic);
    }
    finding.help(format!("say which version: `{input}: 1.2.3`"));
}
