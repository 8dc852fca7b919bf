use span::Severity;
use std::collections::BTreeSet;

use super::produced::{produced, protections};
use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};

pub(super) static RULE: Rule = Rule {
    id: "checks/skipped-counts-as-success",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:gate-job-skipped-on-failure"],
    summary: "a required check succeeds when what it waits for fails",
    page: page!("checks/skipped-counts-as-success"),
    checks: &[Check::Project(check)],
};

fn check(project: &Project, report: &mut Report<'_>) {
    let produced = produced(project);
    let mut told: BTreeSet<u32> = BTreeSet::new();
    for protection in protections(project) {
        for required in &protection.required_checks {
            let Some(check) = produced.iter().find(|check| check.name == Some(required)) else { continue };
            let job = check.job;
            let decides = job
                .condition
                .as_ref()
                .is_some_and(|condition| condition.condition.expr().calls_any(&expr::STATUS_FUNCTIONS));
            // What it needs may be required too, and block by itself.
            let open: Vec<&str> = job
                .needs
                .iter()
                .filter(|need| {
                    let names: Vec<&str> = produced
                        .iter()
                        .filter(|other| {
                            other.workflow.file == check.workflow.file
                                && other.job.id.value.eq_ignore_ascii_case(&need.value)
                        })
                        .filter_map(|other| other.name)
                        .collect();
                    names.is_empty()
                        || !names.iter().all(|name| protection.required_checks.iter().any(|required| required == name))
                })
                .map(|need| &*need.value)
                .collect();
            if decides || open.is_empty() || !told.insert(job.id.span.start) {
                continue;
            }
            report
                .at(
                    job.id.span,
                    format!("when {} fails, `{required}` is skipped, and that counts as success", open.join(" or ")),
                )
                .help("say `if: always()` here, and fail in a step where a result in `needs` is not `success`");
        }
    }
}
