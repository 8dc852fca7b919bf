use span::Severity;
use workflow::{JobKind, Template, TemplateKey};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;
use crate::subject::StepSubject;
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/invalid-env-name",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:env-var"],
    summary: "the name of an environment variable cannot be set",
    page: page!("correctness/invalid-env-name"),
    checks: &[Check::Workflow(workflow), Check::Job(job), Check::Step(step)],
};

fn workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    check(subject.workflow.env.as_ref(), report);
}

fn job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    check(job.env.as_ref(), report);
    check(job.container.as_ref().and_then(|container| container.get("env")), report);
    for service in job.services.as_ref().map(Template::entries).unwrap_or_default() {
        check(service.value.get("env"), report);
    }
}

fn step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    check(subject.step.env.as_ref(), report);
}

fn check(env: Option<&Template>, report: &mut Report<'_>) {
    for entry in env.map(Template::entries).unwrap_or_default() {
        let TemplateKey::Literal(name) = &entry.key else { continue };
        if let Some(wrong) = name.chars().find(|c| matches!(c, '=' | '&' | '\0') || c.is_whitespace()) {
            report
                .at(entry.key_span, format!("no environment variable can be called `{name}`"))
                .help(format!("the name holds `{}`; use letters, digits and `_`", wrong.escape_default()));
        }
    }
}
