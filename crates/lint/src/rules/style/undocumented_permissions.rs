use span::Severity;
use workflow::{PermissionLevel, Permissions};

use crate::document::Document;
use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, WorkflowSubject};

pub(super) static RULE: Rule = Rule {
    id: "style/undocumented-permissions",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:undocumented-permissions"],
    summary: "nothing says what a permission is for",
    page: page!("style/undocumented-permissions"),
    checks: &[Check::Workflow(of_workflow), Check::Job(of_job)],
};

fn of_workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    check(subject.document, subject.workflow.permissions.as_ref(), report);
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    check(subject.document, subject.job.permissions.as_ref(), report);
}

fn check(document: &Document, permissions: Option<&Permissions>, report: &mut Report<'_>) {
    let Some(Permissions::Scopes(_, scopes)) = permissions else { return };
    for (scope, level) in scopes {
        let plain = &*scope.value == "contents" && level.value == PermissionLevel::Read;
        let line = document.line(scope.span.start);
        let explained = document
            .comments()
            .iter()
            .any(|comment| comment.line == line || (comment.own_line && comment.line + 1 == line));
        if !plain && !explained {
            report
                .at(scope.span, format!("nothing says what `{}: {}` is for", scope.value, level.value.as_str()))
                .help("write it in a comment on the line");
        }
    }
}
