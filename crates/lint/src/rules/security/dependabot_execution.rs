use span::Severity;
use yaml::Node;

use crate::document::Kind;
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::FileSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/dependabot-execution",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:dependabot-execution"],
    summary: "Dependabot runs code of packages while it updates them",
    page: page!("security/dependabot-execution"),
    checks: &[Check::File(check)],
};

const KEY: &str = "insecure-external-code-execution";

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    if subject.document.kind != Kind::Dependabot {
        return;
    }
    let updates = subject.document.yaml.as_ref().and_then(|root| root.get("updates"));
    for update in updates.map(Node::items).unwrap_or_default() {
        let Some(value) = update.get(KEY).filter(|value| value.text() == Some("allow")) else { continue };
        let ecosystem = update.get("package-ecosystem").and_then(Node::text).unwrap_or("these");
        report
            .at(value.span, format!("packages of {ecosystem} run their own code while Dependabot looks at them, with its access to private registries"))
            .help(format!("leave `{KEY}` out, or say `deny`"))
            .fix(Fix::unsafe_("say `deny`").replace(value.span, "deny"));
    }
}
