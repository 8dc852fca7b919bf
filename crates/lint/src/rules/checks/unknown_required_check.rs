use span::Severity;

use super::produced::{place_of, produced, protections};
use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};

pub(super) static RULE: Rule = Rule {
    id: "checks/unknown-required-check",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a branch waits for a check that no workflow reports",
    page: page!("checks/unknown-required-check"),
    checks: &[Check::Project(check)],
};

fn check(project: &Project, report: &mut Report<'_>) {
    let produced = produced(project);
    if produced.is_empty() {
        return;
    }
    let certain = produced.iter().all(|check| check.name.is_some());
    let names: Vec<&str> = produced.iter().filter_map(|check| check.name).collect();
    for protection in protections(project) {
        for required in &protection.required_checks {
            if names.contains(&required.as_str()) {
                continue;
            }
            let Some(place) = place_of(project, required).or_else(|| Some(produced[0].workflow.on.span.at(0, 0)))
            else {
                continue;
            };
            let finding = report.at(
                place,
                format!(
                    "`{}` waits for the check `{required}`, which no job reports: it stays pending for ever",
                    protection.branch
                ),
            );
            if !certain {
                finding.confidence(Confidence::Medium);
            }
            let legs: Vec<&str> =
                names.iter().copied().filter(|name| name.starts_with(&format!("{required} ("))).collect();
            let last = required.rsplit(" / ").next().unwrap_or(required);
            if !legs.is_empty() {
                finding.help(format!("the job has a matrix, so its checks are {}", quoted(&legs)));
            } else if names.contains(&last) {
                finding.help(format!("the check is `{last}`: the workflow's name is not a part of it"));
            } else if let Some(near) = span::did_you_mean(required, names.iter().copied()) {
                finding.help(format!("there is `{near}`"));
            } else if let Some(job) = produced.iter().find(|check| &*check.job.id.value == required.as_str()) {
                let own: Vec<&str> = produced
                    .iter()
                    .filter(|other| other.job.span == job.job.span)
                    .filter_map(|check| check.name)
                    .collect();
                finding.help(format!("that is a job's id, and its check goes by its name: {}", quoted(&own)));
            }
        }
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
