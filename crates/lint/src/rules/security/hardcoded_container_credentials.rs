use span::Severity;
use workflow::{JobKind, Template, TemplateKey};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/hardcoded-container-credentials",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:hardcoded-container-credentials", "actionlint:credentials"],
    summary: "a password of a registry stands in the file",
    page: page!("security/hardcoded-container-credentials"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    if let Some(container) = &job.container {
        password(container, "the container", report);
    }
    for service in job.services.iter().flat_map(Template::entries) {
        if let TemplateKey::Literal(name) = &service.key {
            password(&service.value, &format!("the service `{name}`"), report);
        }
    }
}

fn password(container: &Template, whose: &str, report: &mut Report<'_>) {
    let Some(password) = container.get("credentials").and_then(|credentials| credentials.get("password")) else {
        return;
    };
    if password.is_literal() && password.source_text().is_some_and(|text| !text.is_empty()) {
        report
            .at(password.span, format!("the password of {whose} is readable for all who can read the file"))
            .help("keep it in a secret: `${{ secrets.REGISTRY_PASSWORD }}`, and change it, as it is known now");
    }
}
