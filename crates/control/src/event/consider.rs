//! Every workflow file for one event: the verdict, and what a run of it would be made of.

use std::collections::HashMap;
use std::sync::Arc;

use expr::{Object, Value};
use forge::git::GitError;
use serde_json::{Value as Json, json};
use span::{Diagnostic, SourceMap};
use store::events::Event as Row;
use store::repositories::Repository;
use trigger::{ChangedFiles, Runs, Settings, Verdict};
use workflow::{InputSource, Program, Workflow, coerce_inputs};

use super::facts::{Revision, revision};
use super::files::{self, File};
use super::{Occasion, changed, facts};
use crate::program::Linker;
use crate::told::Source;
use crate::{Control, Result};

/// A workflow file and its verdict.
pub(crate) struct Considered {
    pub(crate) path: String,
    /// As users call it.
    pub(super) name: String,
    pub(super) verdict: Verdict,
    pub(crate) sources: Arc<SourceMap>,
    /// `None` when the file cannot be read.
    pub(crate) workflow: Option<Arc<Workflow>>,
    /// For one that runs, or would if it were not filtered: itself and what it calls.
    pub(super) program: Option<(Arc<Program>, Vec<Source>)>,
    /// Why it cannot run although it is to.
    pub(super) problem: Option<api::Reason>,
    /// `inputs` of `workflow_dispatch`.
    pub(super) inputs: Value,
}

impl Considered {
    pub(super) fn runs(&self) -> &'static str {
        match self.verdict.runs {
            Runs::Yes => "yes",
            Runs::AwaitsApproval => "awaits_approval",
            Runs::No => "no",
            Runs::Undetermined => "undetermined",
        }
    }

    /// A run is made, at once or to be approved, or to be shown as failed.
    pub(super) fn has_run(&self, event: &str) -> bool {
        let broken_push = self.workflow.is_none() && event == "push" && self.verdict.gate == trigger::Gate::Valid;
        broken_push || self.verdict.starts() || self.verdict.runs == Runs::AwaitsApproval
    }

    pub(super) fn evidence(&self) -> Json {
        let steps: Vec<Json> = self
            .verdict
            .evidence
            .iter()
            .map(|step| {
                let place = crate::program::location(&self.sources, step.span);
                json!({ "line": place.line, "column": place.column, "pattern": step.pattern, "subject": step.subject,
                        "matched": step.matched })
            })
            .collect();
        json!({ "steps": steps, "omitted": self.verdict.evidence_omitted })
    }
}

impl Control {
    /// Asks git and the gates; changes nothing.
    pub(super) async fn consider(&self, mut row: Row, repository: Repository) -> Result<(Occasion, Vec<Considered>)> {
        let facts = row.facts();
        let git = self.forge().git(repository.id);
        let default = git.resolve(&format!("refs/heads/{}", repository.default_branch)).await?;
        if row.sha.is_empty() && row.name != "push" {
            row.sha = default.clone().unwrap_or_default();
        }
        let at = match revision(&row.name) {
            Revision::DefaultBranch => default.clone(),
            Revision::Event if row.sha.is_empty() => None,
            Revision::Event => Some(row.sha.clone()),
        };
        let mut event = facts::event(&row, &facts);
        let snapshots = self.snapshots();
        let at_files = match &at {
            Some(at) => Some(snapshots.of(repository.id, &git, at).await?),
            None => None,
        };
        let own = match (&at, row.sha.as_str()) {
            (_, "") => None,
            (Some(at), sha) if at == sha => at_files.clone(),
            (_, sha) => Some(snapshots.of(repository.id, &git, sha).await?),
        };
        let (tree, lock) = own.map(|own| (own.tree.clone(), own.lock.clone())).unwrap_or_default();
        if let Some(head) = facts.head_sha.as_deref().filter(|_| row.name == "pull_request") {
            event.head_message = match git.commit(head).await {
                Ok(commit) => Some(commit.message),
                Err(GitError::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            };
        }
        let files = at_files.map(|at| at.files.clone()).unwrap_or_default();
        let read: Vec<Read> = files.into_iter().map(Read::new).collect();
        let filters = read.iter().filter_map(|read| read.workflow.as_ref()?.on.event(&row.name));
        if filters.into_iter().any(|one| one.paths.is_some() || one.paths_ignore.is_some()) {
            event.changed = changed::files(&git, &row, &facts, &repository.default_branch).await?;
        } else {
            event.changed = ChangedFiles::Unknown("no workflow asks for them".to_owned());
        }
        let states: HashMap<String, String> = store::workflows::of_repo(&mut self.store().read(), repository.id)
            .await?
            .into_iter()
            .map(|workflow| (workflow.path, workflow.state))
            .collect();
        let on_default = self.on_default(&row, &repository, default.as_deref()).await?;
        let mut considered = Vec::new();
        for mut read in read {
            if facts.workflow.as_ref().is_some_and(|only| *only != read.file.path) {
                continue;
            }
            let disabled = disabled(&repository, states.get(&read.file.path).map(String::as_str));
            let settings = Settings {
                disabled,
                github_compat_300: repository.setting("github_compat", self.settings().github_compat),
                on_default_branch: on_default.as_ref().map(|paths| paths.contains(&read.file.path)),
                private_repository: repository.is_private(),
                private_fork_workflows: repository.setting("private_fork_workflows", false),
                ..Settings::github()
            };
            let verdict = match &read.workflow {
                Some(workflow) => trigger::verdict(workflow, &event, &settings),
                None => trigger::verdict_for_broken_file(&read.file.path, &event, &settings),
            };
            let (mut program, mut problem, mut inputs) = (None, None, Value::Null);
            if let Some(workflow) = read.workflow.clone() {
                let wanted = verdict.starts()
                    || verdict.runs == Runs::AwaitsApproval
                    || super::neutral::counts(&event, &verdict);
                if wanted {
                    let rev = at.as_deref().unwrap_or_default();
                    match self.link(&mut read.linker, &workflow, &read.file.text, &repository, rev).await? {
                        Ok((linked, sources)) => program = Some((Arc::new(linked), sources)),
                        Err(found) => problem = Some(invalid(&found, &read.linker.sources)),
                    }
                    match dispatch_inputs(&workflow, &event) {
                        Ok(values) => inputs = values,
                        Err(errors) => {
                            let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
                            problem.get_or_insert(api::Reason {
                                code: "inputs".into(),
                                reason: text.join("; "),
                                location: None,
                            });
                        }
                    }
                }
            } else {
                let refused = read.file.refused.clone();
                problem = Some(refused.map_or_else(
                    || invalid(&read.found, &read.linker.sources),
                    |reason| api::Reason { code: "invalid".to_owned(), reason, location: None },
                ));
            }
            considered.push(Considered {
                name: read.workflow.as_ref().map_or(read.file.path.clone(), |one| one.display_name().to_owned()),
                path: read.file.path,
                verdict,
                sources: Arc::new(read.linker.sources),
                workflow: read.workflow,
                program,
                problem,
                inputs,
            });
        }
        Ok((Occasion { row, facts, repository, event, tree, lock }, considered))
    }

    /// Paths of workflows on the default branch, for events whose file may come from elsewhere and must be there too.
    async fn on_default(
        &self,
        row: &Row,
        repository: &Repository,
        default: Option<&str>,
    ) -> Result<Option<Vec<String>>> {
        if row.name != "workflow_dispatch" {
            return Ok(None);
        }
        let Some(default) = default else { return Ok(Some(Vec::new())) };
        let git = self.forge().git(repository.id);
        let found = git.list(default, files::DIRECTORY).await.unwrap_or_default();
        Ok(Some(found.into_iter().map(|entry| entry.path).collect()))
    }
}

/// A file that was read.
struct Read {
    file: File,
    linker: Linker,
    workflow: Option<Arc<Workflow>>,
    found: Vec<Diagnostic>,
}

impl Read {
    fn new(file: File) -> Self {
        let mut linker = Linker::default();
        if file.refused.is_some() {
            return Self { file, linker, workflow: None, found: Vec::new() };
        }
        let (workflow, found) = linker.read(&file.path, &file.text);
        Self { file, linker, workflow: workflow.map(Arc::new), found }
    }
}

fn disabled(repository: &Repository, state: Option<&str>) -> Option<String> {
    if !repository.actions_enabled {
        return Some("workflows are off for this repository".to_owned());
    }
    if repository.archived {
        return Some("the repository is archived".to_owned());
    }
    match state {
        Some("disabled_manually") => Some("the workflow was disabled by hand".to_owned()),
        Some("disabled_inactivity") => Some("the workflow was disabled because the repository was inactive".to_owned()),
        _ => None,
    }
}

fn invalid(found: &[Diagnostic], sources: &SourceMap) -> api::Reason {
    let first = found.iter().find(|one| one.is_error());
    api::Reason {
        code: "invalid".to_owned(),
        reason: first.map_or_else(|| "the workflow file cannot be read".to_owned(), |one| one.message.clone()),
        location: first.and_then(|one| one.primary).map(|span| crate::program::location(sources, span)),
    }
}

struct NoContext;

impl expr::Context for NoContext {
    fn named(&self, _: &str) -> Option<Value> {
        None
    }
}

/// `inputs` for `workflow_dispatch`: defaults, types and choices of the workflow.
pub(crate) fn dispatch_inputs(workflow: &Workflow, event: &trigger::Event) -> Result<Value, Vec<workflow::InputError>> {
    if event.name != "workflow_dispatch" {
        return Ok(Value::Null);
    }
    let declared = workflow.on.event("workflow_dispatch").map(|event| event.inputs.as_slice()).unwrap_or_default();
    let given: Object =
        event.inputs.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect();
    coerce_inputs(declared, &given, InputSource::Dispatch, &NoContext)
}
