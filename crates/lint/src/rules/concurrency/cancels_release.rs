use span::Severity;
use std::borrow::Cow;
use workflow::{JobKind, StepKind};

use crate::finding::Confidence;
use crate::knowledge::publish;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::{JobSubject, Owner};

pub(super) static RULE: Rule = Rule {
    id: "concurrency/cancels-release",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &["jactionlint:concurrency-cancels-release"],
    summary: "a newer run stops one that is publishing, half-way",
    page: page!("concurrency/cancels-release"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let Some(concurrency) = subject.job.concurrency.as_ref().or(subject.workflow.concurrency.as_ref()) else { return };
    let Some(cancel) = concurrency.cancel_in_progress.as_ref() else { return };
    if cancel.source_text().as_deref().map(str::trim) != Some("true") {
        return;
    }
    // Runs of pull requests alone publish nothing.
    if subject.workflow.on.events.iter().all(|event| event.name.value.starts_with("pull_request")) {
        return;
    }
    let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
    let publishes = steps::flat(&job.steps).into_iter().find_map(|step| match &step.kind {
        StepKind::Uses { .. } => {
            let action = steps::action(step)?;
            let input = |name: &str| action.text(name).map(Cow::into_owned);
            publish::is_publisher(&action.uses, input).then_some((action.span, action.uses.name().to_owned()))
        }
        StepKind::Run { script, .. } => {
            let run = steps::run(step, owner)?;
            let (text, read) = (run.text(), run.commands_of_any());
            let command = read.commands.iter().find(|command| publish::published_by(command).is_some())?;
            Some((
                subject.document.place(script.span, command.range.clone()),
                format!("`{}`", &text[command.range.clone()]),
            ))
        }
        _ => None,
    });
    let Some((span, what)) = publishes else { return };
    // Each tag has a group of its own, in which nothing newer comes.
    let mut by_ref = false;
    concurrency.group.each_expression(&mut |template, _| {
        by_ref |= template.text().contains("github.ref") || template.text().contains("github.sha");
    });
    let only_tags = subject.workflow.on.events.iter().all(|event| {
        matches!(&*event.name.value, "release" | "workflow_dispatch")
            || (&*event.name.value == "push" && event.branches.is_none() && event.tags.is_some())
    });
    if by_ref && only_tags {
        return;
    }
    report
        .at(cancel.span, format!("a newer run cancels the job `{}` while it publishes", subject.job.id.value))
        .related(span, format!("{what} may be left half done"))
        .help("say `cancel-in-progress: false` for jobs that publish, or `${{ github.event_name == 'pull_request' }}`");
}
