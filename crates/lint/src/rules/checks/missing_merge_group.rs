use span::Severity;

use super::produced::{Produced, produced, protections};
use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};

pub(super) static RULE: Rule = Rule {
    id: "checks/missing-merge-group",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a merge queue waits for a check whose workflow does not run for it",
    page: page!("checks/missing-merge-group"),
    checks: &[Check::Project(check)],
};

fn check(project: &Project, report: &mut Report<'_>) {
    let produced = produced(project);
    for protection in protections(project).filter(|protection| protection.merge_queue) {
        for required in &protection.required_checks {
            let reporters: Vec<&Produced<'_>> = produced.iter().filter(|check| check.name == Some(required)).collect();
            let [first, ..] = &reporters[..] else { continue };
            if reporters.iter().any(|check| check.workflow.on.event("merge_group").is_some()) {
                continue;
            }
            report
                .at(
                    first.workflow.on.span,
                    format!(
                        "the queue of `{}` waits for `{required}`, and this does not run for `merge_group`",
                        protection.branch
                    ),
                )
                .related(first.job.id.span, "this job reports it")
                .help("add `merge_group:` to `on:`");
        }
    }
}
