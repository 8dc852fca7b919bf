use span::Severity;
use workflow::{JobKind, StepKind, Template, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::is_hosted;
use crate::steps::RunStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/gh-without-token",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:gh-without-token"],
    summary: "`gh` is called without a token",
    page: page!("correctness/gh-without-token"),
    checks: &[Check::Step(check)],
};

const TOKENS: &[&str] = &["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
/// Commands that need none.
const LOCAL: &[&str] =
    &["alias", "auth", "completion", "config", "extension", "help", "version", "attestation", "browse"];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(run) = RunStep::of(subject) else { return };
    let (Some(workflow), Some(job)) = (subject.owner.workflow(), subject.owner.job()) else { return };
    let JobKind::Steps(steps) = &job.kind else { return };
    let text = run.text();
    if !text.contains("gh ") || !is_hosted(job) {
        return;
    }
    let envs = [workflow.env.as_ref(), steps.env.as_ref(), subject.step.env.as_ref()];
    if envs.into_iter().flatten().any(gives_token) || TOKENS.iter().any(|name| text.contains(name)) {
        return;
    }
    // A step before may have logged in, or left a token in the environment.
    let before = steps.steps.iter().take_while(|other| other.span != subject.step.span);
    let prepared = before.filter_map(|step| match &step.kind {
        StepKind::Run { script, .. } => script.source_text(),
        _ => None,
    });
    if prepared.into_iter().any(|script| script.contains("gh auth") || TOKENS.iter().any(|name| script.contains(name)))
    {
        return;
    }
    let Some(script) = run.commands() else { return };
    if script.commands.iter().any(|command| command.inner_text().starts_with(&["gh", "auth"])) {
        return;
    }
    for command in &script.commands {
        let words = command.inner();
        let (Some(name), Some(sub)) = (words.first().and_then(|word| word.literal()), words.get(1)) else { continue };
        if name != "gh" || sub.text.starts_with('-') || LOCAL.contains(&sub.text.as_str()) {
            continue;
        }
        report
            .at(run.place(subject, words[0].range.start..sub.range.end), format!("`gh {}` has no token", sub.text))
            .help("add `env: GH_TOKEN: ${{ github.token }}` to the step");
        return;
    }
}

/// Whether an `env:` has a token, or could have one.
fn gives_token(env: &Template) -> bool {
    match &env.kind {
        TemplateKind::Mapping(entries) => entries.iter().any(|entry| match &entry.key {
            workflow::TemplateKey::Literal(name) => TOKENS.contains(&&**name),
            _ => true,
        }),
        TemplateKind::Text(_) => true,
        _ => false,
    }
}
