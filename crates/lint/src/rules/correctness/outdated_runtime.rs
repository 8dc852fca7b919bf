use span::Severity;
use workflow::Runs;

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ActionSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/outdated-runtime",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:action"],
    summary: "an action asks for a version of Node.js that runners no longer have",
    page: page!("correctness/outdated-runtime"),
    checks: &[Check::Action(check)],
};

fn check(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    let Runs::Node(runs) = &subject.action.runs else { return };
    let old = matches!(&*runs.using.value, "node12" | "node16");
    if !old && &*runs.using.value != "node20" {
        return;
    }
    let finding = report.at(runs.using.span, format!("runners have no `{}` any more", runs.using.value));
    finding
        .help("`node24` is what they have; check that the code runs on it")
        .fix(Fix::unsafe_("ask for `node24`").replace(runs.using.span, "node24"));
    if !old {
        finding.profile(Profile::Pedantic).severity(Severity::Info);
        finding.message = "runners take Node.js 24 in the place of `node20`, and warn in each run".to_owned();
    }
}
