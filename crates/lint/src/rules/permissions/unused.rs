use span::Severity;
use std::collections::BTreeSet;
use workflow::{JobKind, PermissionLevel, Permissions, Step, StepKind};

use crate::finding::Confidence;
use crate::knowledge::needs;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::{JobSubject, Owner};

pub(super) static RULE: Rule = Rule {
    id: "permissions/unused",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &[],
    summary: "a job may write where nothing in it writes",
    page: page!("permissions/unused"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let Some(Permissions::Scopes(_, scopes)) = &subject.job.permissions else { return };
    let all = steps::flat(&job.steps);
    let Some(used) = used(subject, &all) else { return };
    let no_scripts = all.iter().all(|step| !matches!(step.kind, StepKind::Run { .. }));
    for (scope, level) in scopes.iter().filter(|(_, level)| level.value == PermissionLevel::Write) {
        if used.contains(&&*scope.value) {
            continue;
        }
        let finding = report.at(
            scope.span.join(level.span),
            format!("no step of the job `{}` does anything with `{}: write`", subject.job.id.value, scope.value),
        );
        if no_scripts {
            finding.confidence(Confidence::High);
        }
        finding.help(format!("take it away, or say `{}: read` if a step reads", scope.value));
    }
}

/// The scopes that the steps use. `None` where a step may use any.
fn used<'a>(subject: &JobSubject<'a>, all: &[&'a Step]) -> Option<BTreeSet<&'a str>> {
    let mut used = BTreeSet::new();
    for step in all {
        match &step.kind {
            StepKind::Run { script, .. } => of_script(subject, step, &script.source_text()?, &mut used)?,
            StepKind::Uses { .. } => {
                let action = steps::action(step)?;
                used.extend(needs::of_action(&action.uses)?.needs.iter().map(|need| need.scope));
                // What checkout leaves in the workspace lets a later push work.
                if action.uses.is("actions/checkout") && !action.says("persist-credentials", "false") {
                    used.insert("contents");
                }
            }
            _ => {}
        }
    }
    Some(used)
}

fn of_script(subject: &JobSubject<'_>, step: &Step, text: &str, used: &mut BTreeSet<&str>) -> Option<()> {
    let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
    let token = ["GITHUB_TOKEN", "GH_TOKEN", "github.token"];
    let mut env = String::new();
    let job = owner.steps_job().and_then(|job| job.env.as_ref());
    for template in step.env.iter().chain(job).chain(&subject.workflow.env) {
        template.each_expression(&mut |template, _| env.push_str(template.text()));
    }
    if token.iter().any(|token| text.contains(token) || env.contains(token)) {
        return None;
    }
    if needs::OIDC_MARKS.iter().any(|mark| text.contains(mark)) {
        used.insert("id-token");
    }
    let run = steps::run(step, owner)?;
    for command in &run.commands()?.commands {
        let words = command.inner_text();
        match words.first().copied().unwrap_or_default() {
            "git" => {
                used.insert("contents");
            }
            "" if command.words.is_empty() => {}
            name if PLAIN.contains(&name) => {}
            // Whatever it is, it could ask for an identity.
            _ => {
                used.insert("id-token");
            }
        }
    }
    Some(())
}

/// Commands that are known to ask for nothing.
const PLAIN: &[&str] = &[
    "echo",
    "printf",
    "cat",
    "ls",
    "mkdir",
    "cp",
    "mv",
    "rm",
    "cd",
    "test",
    "[",
    "[[",
    "export",
    "set",
    "sed",
    "grep",
    "awk",
    "jq",
    "tar",
    "zip",
    "unzip",
    "chmod",
    "find",
    "sort",
    "head",
    "tail",
    "exit",
    "true",
    "false",
    "sleep",
    "pwd",
    "date",
    "tee",
    "apt-get",
    "sha256sum",
    "pip",
    "pip3",
    "rustup",
];
