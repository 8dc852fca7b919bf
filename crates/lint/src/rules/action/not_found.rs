use span::Severity;
use workflow::{JobKind, Runs, Step, StepKind};

use crate::finding::Confidence;
use crate::project::{Project, local_directory};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{action as action_step, flat};
use crate::subject::ActionSubject;
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "action/not-found",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:action"],
    summary: "a local action does not exist",
    page: page!("action/not-found"),
    checks: &[Check::Job(job), Check::Action(action)],
};

fn job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Steps(job) = &subject.job.kind {
        check(subject.project, &job.steps, report);
    }
}

fn action(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    if let Runs::Composite(runs) = &subject.action.runs {
        // `./` is a directory of the workspace, which only the caller knows.
        let own = flat(&runs.steps)
            .into_iter()
            .filter(|step| matches!(&step.kind, StepKind::Uses { uses, .. } if uses.value.starts_with("$/")));
        own.for_each(|step| look(subject.project, step, report));
    }
}

fn check(project: &Project, steps: &[Step], report: &mut Report<'_>) {
    let steps = flat(steps);
    // Another repository, or the same one elsewhere, has other directories.
    let elsewhere = steps.iter().filter_map(|step| action_step(step)).any(|step| {
        step.uses.is("actions/checkout")
            && (step.is_filled("repository") || step.is_filled("path") || step.is_filled("ref"))
            || step.uses.is("actions/download-artifact")
    });
    let made = steps.iter().any(|step| match &step.kind {
        StepKind::Run { script, .. } => {
            let text = script.source_text().unwrap_or_default();
            text.contains("clone") || text.contains("git ") || text.contains("action.y")
        }
        _ => false,
    });
    for step in steps {
        let same = matches!(&step.kind, StepKind::Uses { uses, .. } if uses.value.starts_with("$/"));
        if same || !(elsewhere || made) {
            look(project, step, report);
        }
    }
}

fn look(project: &Project, step: &Step, report: &mut Report<'_>) {
    let StepKind::Uses { uses, .. } = &step.kind else { return };
    let (Some(tree), Some(directory)) = (&project.facts.tree, local_directory(&uses.value)) else { return };
    let path = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    if ["action.yml", "action.yaml", "Dockerfile"].iter().any(|name| tree.has_file(&path(name))) {
        return;
    }
    if uses.value.ends_with(".yml") || uses.value.ends_with(".yaml") {
        report
            .at(uses.span, format!("a step uses an action, and `{}` is a file", uses.value))
            .help("an action is a directory with an `action.yml`; a reusable workflow is called by a job");
        return;
    }
    let finding = report
        .at(uses.span, format!("there is no action in `{}`", if directory.is_empty() { "." } else { &directory }));
    if tree.has_directory(&directory) {
        finding.help("the directory has no `action.yml`, `action.yaml` or `Dockerfile`");
    } else {
        let directories = tree
            .iter()
            .filter_map(|path| path.strip_suffix("/action.yml").or_else(|| path.strip_suffix("/action.yaml")));
        match span::did_you_mean(&directory, directories) {
            Some(meant) => finding.help(format!("did you mean `./{meant}`?")),
            None => finding.help("the path counts from the top of the repository"),
        };
    }
}
