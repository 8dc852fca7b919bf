use span::Severity;
use workflow::PermissionLevel;

use crate::finding::Confidence;
use crate::knowledge::publish::{self, Registry};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{ActionStep, RunStep};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/use-trusted-publishing",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:use-trusted-publishing"],
    summary: "packages are published with a password where the registry takes the identity of the workflow",
    page: page!("security/use-trusted-publishing"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let Some(action) = ActionStep::of(subject) {
        of_action(&action, report);
    }
    let Some(run) = RunStep::of(subject) else { return };
    let text = run.text();
    if !["publish", "upload", "push"].iter().any(|word| text.contains(word)) {
        return;
    }
    // With an identity token the tools exchange it for a password of minutes.
    if has_identity(subject) {
        return;
    }
    for command in run.commands().iter().flat_map(|script| &script.commands) {
        let Some(registry) = publish::published_by(command) else { continue };
        let other = command.has_option(&[
            "--index-url",
            "--registry",
            "--repository-url",
            "--publish-url",
            "--source",
            "-Source",
            "-s",
            "--repository",
            "-r",
            "--host",
        ]);
        let finding = report.at(
            run.place(subject, command.range.clone()),
            format!("{} takes the identity of the workflow in the place of a password", registry.name()),
        );
        if other || !names_secret(subject) {
            finding.confidence(Confidence::Low);
        }
        finding.help(
            "set up trusted publishing there, and give the job `id-token: write`: there is no password to steal then",
        );
    }
}

fn of_action(action: &ActionStep<'_>, report: &mut Report<'_>) {
    let pypi = |name: &str| action.text(name).is_none_or(|url| url.is_empty() || url.contains("pypi"));
    let npm = action.text("registry-url").is_none_or(|url| url.contains("npmjs"));
    let gems = action.text("gem-server").is_none_or(|url| url.contains("rubygems"));
    let (input, registry) = if action.uses.is("pypa/gh-action-pypi-publish") && action.is_filled("password") {
        if !pypi("repository-url") || !pypi("repository_url") {
            return;
        }
        ("password", Registry::PyPi)
    } else if action.uses.is("rubygems/release-gem") && action.says("setup-trusted-publisher", "false") {
        ("setup-trusted-publisher", Registry::RubyGems)
    } else if action.uses.is("rubygems/configure-rubygems-credentials") && action.is_filled("api-token") && gems {
        ("api-token", Registry::RubyGems)
    } else if action.uses.is("actions/setup-node") && action.says("always-auth", "true") && npm {
        ("always-auth", Registry::Npm)
    } else {
        return;
    };
    report
        .at(action.span, format!("{} takes the identity of the workflow in the place of a password", registry.name()))
        .related(action.place(input), "this is not needed then")
        .help(
            "set up trusted publishing there, and give the job `id-token: write`: there is no password to steal then",
        );
}

fn has_identity(subject: &StepSubject<'_>) -> bool {
    let (Some(workflow), Some(job)) = (subject.owner.workflow(), subject.owner.job()) else { return false };
    let permissions = job.permissions.as_ref().or(workflow.permissions.as_ref());
    permissions.is_some_and(|permissions| permissions.level("id-token") == PermissionLevel::Write)
}

/// Whether the step gets a secret in its environment.
fn names_secret(subject: &StepSubject<'_>) -> bool {
    let mut found = false;
    let mut look = |template: &expr::Template| found |= template.text().contains("secrets.");
    let job = subject.owner.steps_job().and_then(|job| job.env.as_ref());
    for env in subject.step.env.iter().chain(job) {
        env.each_expression(&mut |template, _| look(template));
    }
    if let Some(RunStep { script, .. }) = RunStep::of(subject) {
        script.each_expression(&mut |template, _| look(template));
    }
    found
}
