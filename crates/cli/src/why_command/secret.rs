//! `why secret`: sources without their values, and the workflows that read it.

use std::collections::BTreeSet;
use std::sync::Arc;

use explain::secret::{Source, SourceState};

use super::arguments::SecretQuestion;
use super::show;
use crate::args::MachineArgs;
use crate::config::SecretSource;
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::project::Project;
use crate::record::RecordStore;
use crate::run_command::{link, resolver};
use crate::server_facts::ServerFacts;

pub(super) fn explain(question: &SecretQuestion) -> Result<(), Failure> {
    let (mut project, broken) = Project::look(&question.place)?;
    let dirs = Dirs::from_env()?;
    let resolver = resolver(&project, &MachineArgs::default(), &dirs)?;
    let mut programs = Vec::new();
    for workflow in project.workflows.clone() {
        // What cannot be linked is told by `lint`; here its own jobs are looked at alone.
        let program = link(&mut project, &workflow, &resolver).unwrap_or_else(|_| workflow::Program {
            workflow: workflow.clone(),
            origin: workflow::Origin::Run,
            callees: std::collections::HashMap::new(),
        });
        programs.push(Arc::new(program));
    }
    let (sources, known) = match question.server.facts(&project.repository)? {
        Some(server) if server.secrets.is_none() => {
            return Err(Failure::missing(server.closed.join("; "))
                .hint("who may write to the repository may list the names of its secrets"));
        }
        Some(server) => (on_server(&question.name, &server), all_on_server(&server)),
        None => (sources(&question.name, &project, &dirs), names(&project)),
    };
    let mut explanation = explain::secret::explain(&question.name, sources, &programs, &project.sources, &known);
    explanation.server.clone_from(&question.server.server);
    explanation.unread = broken.into_iter().map(|broken| broken.path).collect();
    if question.json {
        return show::print_json(&explanation);
    }
    show::print(|_| explain::secret::lines(&explanation));
    Ok(())
}

/// Every place that could give it, the one that wins first: an environment's own, the command line, `trunkline.toml`.
fn sources(name: &str, project: &Project, dirs: &Dirs) -> Vec<Source> {
    let mut all = Vec::new();
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    for (environment, known) in &project.config.environments {
        for (_, source) in known.secrets.iter().filter(|(other, _)| same(other)) {
            let (how, state) = state(source, project);
            all.push(Source {
                kind: "trunkline.toml",
                environment: Some(environment.clone()),
                how,
                state,
                overridden: false,
            });
        }
    }
    let given = given_last(name, project, dirs);
    if let Some(run) = given {
        let in_environment = std::env::var_os(name).is_some();
        let how = format!("--secret {name}, as in run {run}; without a value it is taken from the variable {name}");
        let state = if in_environment { SourceState::There } else { SourceState::NotAsked };
        all.push(Source { kind: "command line", environment: None, how, state, overridden: false });
    }
    for (_, source) in project.config.secrets.iter().filter(|(other, _)| same(other)) {
        let (how, state) = state(source, project);
        let overridden = given.is_some();
        all.push(Source { kind: "trunkline.toml", environment: None, how, state, overridden });
    }
    if same("GITHUB_TOKEN") {
        let state = if std::env::var_os("GITHUB_TOKEN").is_some() { SourceState::There } else { SourceState::Missing };
        let how = "the variable GITHUB_TOKEN; empty without it".to_owned();
        all.push(Source { kind: "environment of this process", environment: None, how, state, overridden: false });
    } else if given.is_none() && std::env::var_os(name).is_some() {
        let how = format!("the variable {name} is set, but a run takes it only with --secret {name}");
        all.push(Source {
            kind: "environment of this process",
            environment: None,
            how,
            state: SourceState::Missing,
            overridden: false,
        });
    }
    all
}

/// Every place on a server, the one that wins first.
fn on_server(name: &str, server: &ServerFacts) -> Vec<Source> {
    let has = |names: &BTreeSet<String>| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let source = |environment: Option<&String>, how: String, overridden| Source {
        kind: "server",
        environment: environment.cloned(),
        how,
        state: SourceState::There,
        overridden,
    };
    let ServerFacts { url, repository, .. } = server;
    let environments = server.environments.iter().filter(|(_, names)| has(&names.secrets));
    let mut all: Vec<Source> = environments
        .map(|(environment, _)| source(Some(environment), format!("{repository} on {url}"), false))
        .collect();
    let own = server.secrets.as_ref().is_some_and(has);
    if own {
        all.push(source(None, format!("{repository} on {url}"), false));
    }
    if has(&server.organization_secrets) {
        all.push(source(None, format!("the organisation of {repository} on {url}"), own));
    }
    all
}

fn all_on_server(server: &ServerFacts) -> Vec<String> {
    let environments = server.environments.values().flat_map(|names| &names.secrets);
    server.secrets.iter().flatten().chain(&server.organization_secrets).chain(environments).cloned().collect()
}

/// Where the value would come from, and whether there is something.
fn state(source: &SecretSource, project: &Project) -> (String, SourceState) {
    let found = |there: bool| if there { SourceState::There } else { SourceState::Missing };
    match source {
        SecretSource::Env(variable) => {
            (format!("the variable {variable}"), found(std::env::var_os(variable).is_some()))
        }
        SecretSource::File(path) => (format!("the file {path}"), found(project.top.join(path).is_file())),
        SecretSource::Command(command) => (format!("the command `{command}`"), SourceState::NotAsked),
    }
}

/// The newest run whose command line named the secret.
fn given_last(name: &str, project: &Project, dirs: &Dirs) -> Option<u64> {
    let store = RecordStore::open(dirs, &project.top).ok()?;
    let names = |run: &crate::record::StoredRun| {
        let given = run.meta.arguments.pointer("/values/secret").and_then(serde_json::Value::as_array)?;
        given
            .iter()
            .filter_map(serde_json::Value::as_str)
            .any(|one| one.eq_ignore_ascii_case(name))
            .then_some(run.number.0)
    };
    store.list(20).ok()?.iter().find_map(names)
}

fn names(project: &Project) -> Vec<String> {
    let config = &project.config;
    let environments = config.environments.values().flat_map(|environment| environment.secrets.keys());
    config.secrets.keys().chain(environments).cloned().collect()
}
