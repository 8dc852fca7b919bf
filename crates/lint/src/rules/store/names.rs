//! Names of secrets and variables against the store.

use workflow::{Job, JobKind, Template, Workflow};

use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::subject::ExpressionSubject;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Secret,
    Variable,
}

impl Kind {
    fn context(self) -> &'static str {
        match self {
            Kind::Secret => "secrets",
            Kind::Variable => "vars",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Variable => "variable",
        }
    }
}

/// Where a job's names come from beyond the repository's.
enum Environment<'a> {
    None,
    Named(&'a str),
    /// An expression chooses it.
    Any,
}

pub(super) fn check(subject: &ExpressionSubject<'_>, kind: Kind, report: &mut Report<'_>) {
    let known = known(subject.project, kind);
    // A list of variables that is empty says that there are none.
    let facts = &subject.project.facts;
    let none = match (&facts.store, kind) {
        (Some(store), Kind::Secret) => store.all_secrets,
        (Some(store), Kind::Variable) => store.all_vars || facts.adopted.vars.is_some(),
        (None, Kind::Secret) => false,
        (None, Kind::Variable) => facts.adopted.vars.is_some(),
    };
    if known.is_empty() && !none {
        return;
    }
    let Some(workflow) = subject.owner.workflow() else { return };
    for reference in subject.expr.references() {
        let [context, name, ..] = &reference.path[..] else { continue };
        if !context.eq_ignore_ascii_case(kind.context()) || &**name == "*" || is_given(workflow, kind, name) {
            continue;
        }
        let same = |other: &&str| other.eq_ignore_ascii_case(name);
        if known.iter().any(same) {
            continue;
        }
        let environment = subject.owner.job().map_or(Environment::None, environment);
        let place = subject.place(reference.range.clone());
        let of = |name: &str| of_environment(subject.project, kind, name);
        match environment {
            Environment::Named(environment) if of(environment).iter().any(same) => {}
            Environment::Any
                if every_environment(subject.project).iter().any(|environment| of(environment).iter().any(same)) => {}
            _ => {
                let finding = report.at(place, format!("there is no {} `{name}`: this is empty", kind.word()));
                let elsewhere: Vec<&str> = every_environment(subject.project)
                    .into_iter()
                    .filter(|environment| of(environment).iter().any(same))
                    .collect();
                if let Some(first) = elsewhere.first() {
                    finding.help(format!(
                        "it is one of the environment `{first}`: the job has to say `environment: {first}`"
                    ));
                } else if let Some(near) = span::did_you_mean(name, known.iter().copied()) {
                    finding.help(format!("there is `{near}`"));
                }
                // An expression may go on with something else where it is empty.
                if matches!(subject.expr.view().map(expr::Part::term), Some(expr::Term::Or(_)))
                    || subject.condition.is_some()
                {
                    finding.confidence(Confidence::Medium);
                }
                finding.help(match &facts.store {
                    Some(store) if !store.place.is_empty() => store.place.as_str(),
                    _ => "names are those of `trunkline.toml`: `[secrets]`, `[vars]`, `[environments]` and `[lint]`",
                });
            }
        }
    }
}

/// Every name of the repository itself.
fn known(project: &Project, kind: Kind) -> Vec<&str> {
    let facts = &project.facts;
    let (of_store, of_config) = match kind {
        Kind::Secret => (facts.store.as_ref().map(|store| &store.secrets), &facts.config.secrets),
        Kind::Variable => (facts.store.as_ref().map(|store| &store.vars), &facts.config.vars),
    };
    let adopted = facts.adopted.vars.iter().flatten().filter(|_| kind == Kind::Variable);
    of_store.into_iter().flatten().chain(of_config).chain(adopted).map(String::as_str).collect()
}

fn of_environment<'a>(project: &'a Project, kind: Kind, name: &str) -> Vec<&'a str> {
    let environments = project.facts.store.iter().flat_map(|store| &store.environments);
    let names = environments.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, names)| match kind {
        Kind::Secret => &names.secrets,
        Kind::Variable => &names.vars,
    });
    names.flatten().map(String::as_str).collect()
}

fn every_environment(project: &Project) -> Vec<&str> {
    project.facts.store.iter().flat_map(|store| store.environments.keys()).map(String::as_str).collect()
}

/// Secrets that every job has, and those that a reusable workflow is called with.
fn is_given(workflow: &Workflow, kind: Kind, name: &str) -> bool {
    if kind == Kind::Variable {
        return false;
    }
    let own = ["GITHUB_TOKEN", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"];
    let declared = workflow.on.call().into_iter().flat_map(|call| &call.secrets);
    own.iter().any(|own| own.eq_ignore_ascii_case(name))
        || declared.into_iter().any(|secret| secret.name.value.eq_ignore_ascii_case(name))
}

fn environment(job: &Job) -> Environment<'_> {
    let JobKind::Steps(steps) = &job.kind else { return Environment::None };
    let Some(environment) = &steps.environment else { return Environment::None };
    let name: &Template = environment.get("name").unwrap_or(environment);
    name.literal_str().map_or(Environment::Any, Environment::Named)
}
