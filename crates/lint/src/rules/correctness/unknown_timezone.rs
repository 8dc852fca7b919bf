use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unknown-timezone",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:events"],
    summary: "a schedule names a time zone that does not exist",
    page: page!("correctness/unknown-timezone"),
    checks: &[Check::Workflow(check)],
};

/// Every name of the IANA database, links included, one a line and in order.
const ZONES: &str = include_str!("../../../data/timezones.txt");

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let schedules = subject.workflow.on.events.iter().flat_map(|event| &event.schedules);
    for zone in schedules.filter_map(|schedule| schedule.timezone.as_ref()) {
        // What has not even the form of a name is told when the file is read.
        let formed = zone.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+/".contains(&byte));
        if !formed || ZONES.lines().any(|name| name == &*zone.value) {
            continue;
        }
        let finding = report.at(zone.span, format!("there is no time zone `{}`", zone.value));
        let city = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let meant = span::did_you_mean(&zone.value, ZONES.lines()).or_else(|| {
            ZONES
                .lines()
                .find(|name| name.eq_ignore_ascii_case(&zone.value) || city(name).eq_ignore_ascii_case(&zone.value))
        });
        finding.help(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "expected a name of the IANA database, such as `Europe/Berlin` or `UTC`".to_owned(),
        });
    }
}
