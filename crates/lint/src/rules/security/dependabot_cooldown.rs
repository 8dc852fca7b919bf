use span::Severity;
use yaml::Node;

use crate::document::{Document, Kind};
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::FileSubject;
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/dependabot-cooldown",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:dependabot-cooldown"],
    summary: "Dependabot takes versions before others have had time to find what is wrong with them",
    page: page!("security/dependabot-cooldown"),
    checks: &[Check::File(check)],
};

/// Days, unless the configuration says others.
const DAYS: i64 = 7;

/// What Dependabot does by itself.
const DEFAULT: f64 = 3.0;

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    if subject.document.kind != Kind::Dependabot {
        return;
    }
    let options = subject.project.facts.options(RULE.id);
    let days = options.and_then(|options| options.get("days")?.as_integer()).unwrap_or(DAYS);
    let updates = subject.document.yaml.as_ref().and_then(|root| root.get("updates"));
    for update in updates.map(Node::items).unwrap_or_default() {
        update_block(subject.document, update, days, report);
    }
}

fn update_block(document: &Document, update: &Node, days: i64, report: &mut Report<'_>) {
    let cooldown = update.entry("cooldown");
    let said = cooldown.and_then(|(_, cooldown)| cooldown.get("default-days"));
    #[expect(clippy::cast_precision_loss, reason = "days are small")]
    if said.map_or(Some(DEFAULT), Node::as_number).is_none_or(|said| said >= days as f64) {
        return;
    }
    let ecosystem = update.get("package-ecosystem").and_then(Node::text).unwrap_or("these");
    // Updates come later then, those that somebody waits for too.
    let fix = Fix::unsafe_(format!("wait {days} days"));
    let (place, fixed) = match (said, cooldown) {
        (Some(said), _) => {
            let fixed = (!document.is_shared(said.span)).then(|| fix.replace(said.span, days.to_string()));
            (said.span, fixed)
        }
        (None, Some((key, cooldown))) => {
            (key.span, tree::set(document, fix, cooldown, "default-days", &days.to_string()))
        }
        (None, None) => {
            let first = update.entries().first();
            let place = first.map_or(update.span, |(key, value)| key.span.join(value.span));
            let fixed = first.filter(|_| !document.is_shared(update.span)).and_then(|(key, _)| {
                let indent = tree::indent(document, key.span)?;
                let text = format!("cooldown:\n{indent}  default-days: {days}\n{indent}");
                Some(fix.insert(key.span.file, key.span.start as usize, text))
            });
            (place, fixed)
        }
    };
    let finding = report.at(place, format!("new versions of {ecosystem} are proposed before they are {days} days old"));
    if said.is_some() {
        // Somebody has thought about it.
        finding.confidence(Confidence::Medium);
    }
    finding.help("most malicious releases are found and taken back within a few days: `cooldown: { default-days: 7 }`");
    finding.fixes.extend(fixed);
}
