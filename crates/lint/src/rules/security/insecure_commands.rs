use span::Severity;
use workflow::{JobKind, Template, TemplateKind};

use crate::document::Document;
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject, WorkflowSubject};
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/insecure-commands",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:insecure-commands"],
    summary: "commands that were switched off for being unsafe are switched on again",
    page: page!("security/insecure-commands"),
    checks: &[Check::Workflow(of_workflow), Check::Job(of_job), Check::Step(of_step)],
};

const NAME: &str = "ACTIONS_ALLOW_UNSECURE_COMMANDS";

fn of_workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    check(subject.document, subject.workflow.env.as_ref(), report);
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Steps(job) = &subject.job.kind {
        check(subject.document, job.env.as_ref(), report);
    }
}

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    check(subject.document, subject.step.env.as_ref(), report);
}

fn check(document: &Document, env: Option<&Template>, report: &mut Report<'_>) {
    let Some(env) = env else { return };
    if matches!(env.kind, TemplateKind::Text(_)) {
        report
            .at(env.span, format!("nobody can see whether this sets {NAME}"))
            .confidence(Confidence::Low)
            .profile(Profile::Pedantic);
        return;
    }
    let Some(value) = env.get(NAME) else { return };
    if !value.source_text().is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) {
        return;
    }
    let finding =
        report.at(value.span, "this lets `::set-env` and `::add-path` in any output of a step change later steps");
    finding.help("write to $GITHUB_ENV and $GITHUB_PATH instead, and take this away");
    // Steps that still use the commands stop working.
    if let Some(place) =
        tree::mapping_at(document, env.span).and_then(|mapping| tree::entry_span(document, mapping, NAME))
    {
        finding.fix(Fix::unsafe_(format!("take {NAME} away")).remove(place));
    }
}
