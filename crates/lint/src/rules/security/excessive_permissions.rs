use span::Severity;
use workflow::{JobKind, PermissionLevel, Permissions, Workflow};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, WorkflowSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/excessive-permissions",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:excessive-permissions"],
    summary: "a job gets a token that may do more than it has to",
    page: page!("security/excessive-permissions"),
    checks: &[Check::Workflow(of_workflow), Check::Job(of_job)],
};

fn of_workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let workflow = subject.workflow;
    let every_job = workflow.jobs.iter().all(|job| job.permissions.is_some());
    let only_called = is_only_called(workflow);
    let strict = workflow.jobs.len() == 1 || every_job || only_called;
    let profile = if strict { Profile::Pedantic } else { Profile::Default };
    match &workflow.permissions {
        Some(Permissions::Scopes(_, scopes)) => {
            for (scope, level) in scopes.iter().filter(|(_, level)| level.value == PermissionLevel::Write) {
                let finding = report.at(
                    scope.span.join(level.span),
                    format!("every job of the workflow gets `{}: write`", scope.value),
                );
                finding.profile(profile).help("say it in `permissions:` of the jobs that need it");
                if matches!(&*scope.value, "models" | "statuses") {
                    finding.severity(Severity::Info);
                }
            }
        }
        Some(all) => shorthand(all, report, profile),
        None => {
            let finding = report.at(
                subject.workflow.on.span.at(0, 0),
                "nothing says what the jobs' token may do: it gets the repository's default",
            );
            finding
                .confidence(Confidence::Medium)
                .profile(profile)
                .help("write `permissions: {}` here, and in each job what it needs");
        }
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    match &subject.job.permissions {
        Some(Permissions::Scopes(..)) => {}
        Some(all) => shorthand(all, report, Profile::Default),
        None if subject.workflow.permissions.is_none() => {
            let called = is_only_called(subject.workflow) && matches!(subject.job.kind, JobKind::Steps(_));
            let id = &subject.job.id;
            report
                .at(id.span, format!("nothing says what the token of the job `{}` may do", id.value))
                .confidence(Confidence::Medium)
                .profile(if called { Profile::Pedantic } else { Profile::Default })
                .help("write `permissions:` with what the job needs; `permissions: {}` if it needs nothing");
        }
        None => {}
    }
}

fn shorthand(permissions: &Permissions, report: &mut Report<'_>, profile: Profile) {
    match permissions {
        Permissions::WriteAll(span) => {
            report
                .at(*span, "`write-all` lets the token change everything in the repository")
                .severity(Severity::Error)
                .profile(profile)
                .help("name what is needed: `contents: read`, and what else");
        }
        Permissions::ReadAll(span) => {
            report
                .at(*span, "`read-all` lets the token read more than any job needs")
                .profile(profile)
                .help("name what is needed: `contents: read`, and what else");
        }
        Permissions::Scopes(..) => {}
    }
}

/// A reusable workflow gets what its callers give.
fn is_only_called(workflow: &Workflow) -> bool {
    workflow.on.events.len() == 1 && workflow.on.call().is_some()
}
