use span::Severity;
use span::Span;
use workflow::{Condition, JobKind, Step, StepKind};

use crate::document::Document;
use crate::finding::Confidence;
use crate::flow::{self, Place};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::{JobSubject, Owner};

pub(super) static RULE: Rule = Rule {
    id: "security/untrusted-checkout",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["jactionlint:untrusted-checkout"],
    summary: "a workflow with secrets checks out what strangers wrote, and runs it",
    page: page!("security/untrusted-checkout"),
    checks: &[Check::Job(check)],
};

/// Events that run with the repository's rights, whoever caused them.
const OPEN: &[&str] = &["pull_request_target", "workflow_run", "issue_comment"];

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let Some(event) = OPEN.iter().find_map(|name| subject.workflow.on.event(name)) else { return };
    let all = steps::flat(&job.steps);
    let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
    for (index, step) in all.iter().enumerate() {
        let Some((place, what)) = fetches(subject, owner, step) else { continue };
        // An environment asks a person, and a condition may.
        let guarded =
            job.environment.is_some() || is_guard(subject.job.condition.as_ref()) || is_guard(step.condition.as_ref());
        let apart = steps::action(step).is_some_and(|action| action.is_filled("path"));
        let runs = all[index + 1..].iter().find_map(|step| runs(subject.document, step, owner));
        let finding = report
            .at(place, format!("{what} is checked out in a workflow that `{}` starts with secrets", event.name.value));
        finding.related(event.name.span, "strangers cause this event, and the job gets the repository's rights");
        match runs {
            Some((span, command)) => {
                finding.related(span, format!("{command} runs what was checked out"));
                if guarded || apart {
                    finding.severity(Severity::Warning).confidence(Confidence::Medium);
                }
            }
            None => {
                finding.severity(Severity::Warning).confidence(if guarded {
                    Confidence::Low
                } else {
                    Confidence::Medium
                });
            }
        }
        finding.help("run it in a workflow of `pull_request`, and hand results over as an artifact that is only read");
    }
}

/// The place and a name of what strangers wrote, where a step fetches it.
fn fetches(subject: &JobSubject<'_>, owner: Owner<'_>, step: &Step) -> Option<(Span, String)> {
    if let Some(action) = steps::action(step).filter(|action| action.uses.is("actions/checkout")) {
        let place = Place { project: subject.project, document: subject.document, owner, step: Some(step) };
        return ["ref", "repository"].into_iter().find_map(|input| {
            let value = action.input(input)?;
            let text = action.text(input)?;
            let path = foreign(&text).map(str::to_owned).or_else(|| {
                let origin = flow::of_template(&place, value)?;
                foreign(&format!("{} ", origin.source)).map(|_| origin.source)
            })?;
            Some((value.span, format!("`{path}`")))
        });
    }
    let StepKind::Run { script, .. } = &step.kind else { return None };
    let text = script.source_text()?;
    let pulls = text.contains("gh pr checkout")
        || (text.contains("git fetch") && text.contains("pull/") && text.contains("git checkout"));
    pulls.then(|| (script.span, "a pull request".to_owned()))
}

/// The path of a commit, branch or repository that strangers choose.
fn foreign(text: &str) -> Option<&str> {
    const PATHS: &[&str] = &[
        "github.event.pull_request.head.sha",
        "github.event.pull_request.head.ref",
        "github.head_ref",
        "github.event.pull_request.head.repo.full_name",
        "github.event.pull_request.merge_commit_sha",
        "github.event.workflow_run.head_sha",
        "github.event.workflow_run.head_branch",
        "github.event.workflow_run.head_repository.full_name",
        "refs/pull/",
    ];
    PATHS.iter().copied().find(|path| text.contains(path))
}

/// Whether a condition asks who it is, or for a label that only members set.
fn is_guard(condition: Option<&Condition>) -> bool {
    let Some(condition) = condition else { return false };
    let text = condition.condition.expr().source();
    [
        "author_association",
        "label",
        "permission",
        "head.repo.full_name",
        "head_repository",
        "head.repo.fork",
        "github.actor",
        "user.login",
        "outputs.",
    ]
    .iter()
    .any(|guard| text.contains(guard))
}

/// The place and the name of a step that runs code of the workspace.
fn runs(document: &Document, step: &Step, owner: Owner<'_>) -> Option<(Span, String)> {
    match &step.kind {
        StepKind::Uses { uses, .. } if uses.value.starts_with("./") => Some((uses.span, "this action".to_owned())),
        StepKind::Run { script, .. } => {
            let run = steps::run(step, owner)?;
            let text = run.text();
            run.commands_of_any().commands.iter().find_map(|command| {
                let words = command.inner_text();
                let (name, rest) = words.split_first()?;
                let first = rest.iter().copied().find(|word| !word.starts_with('-')).unwrap_or_default();
                let own = command.inner().first().is_some_and(|word| {
                    word.text.starts_with("./") || word.text.starts_with(".\\") || word.text.ends_with(".sh")
                });
                let builds = match *name {
                    "make" | "cmake" | "mvn" | "gradle" | "npx" | "tox" | "nox" | "pytest" | "bazel" | "just"
                    | "rake" | "ant" | "msbuild" => true,
                    "npm" | "yarn" | "pnpm" | "bun" => first != "config" && first != "cache" && first != "view",
                    "pip" | "pip3" | "poetry" | "uv" | "pdm" => matches!(first, "install" | "run" | "sync" | "build"),
                    "cargo" => matches!(first, "build" | "test" | "run" | "check" | "clippy" | "bench" | "doc"),
                    "go" => matches!(first, "build" | "test" | "run" | "generate"),
                    "bundle" | "composer" | "dotnet" => matches!(first, "install" | "exec" | "build" | "test" | "run"),
                    "docker" => matches!(first, "build" | "buildx" | "compose"),
                    "bash" | "sh" | "python" | "python3" | "node" | "ruby" => {
                        first.contains('.') || first.contains('/')
                    }
                    _ => own,
                };
                let place = command.range.clone();
                (builds || own).then(|| (document.place(script.span, place.clone()), format!("`{}`", &text[place])))
            })
        }
        _ => None,
    }
}
