//! The files of one repository with what is known about it. Everything is handed in: nothing here reads files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use span::FileId;
use workflow::{Action, ActionReference, JobKind, Runs, Step, StepKind, Workflow, WorkflowReference};

use crate::adopted::Adopted;
use crate::config::Config;
use crate::document::{Document, Kind};

/// The files that are linted, those that they refer to, and the facts.
#[derive(Debug, Default)]
pub struct Project {
    pub facts: Facts,
    documents: Vec<Document>,
    by_path: HashMap<Arc<str>, usize>,
    by_file: HashMap<FileId, usize>,
    /// Made when a rule first asks for them.
    pub(crate) check_names: OnceLock<Vec<CheckName>>,
}

/// The name of a check that a job of a workflow reports.
#[derive(Debug)]
pub(crate) struct CheckName {
    pub(crate) file: FileId,
    /// Its place in the workflow's list.
    pub(crate) job: usize,
    /// `None` where an expression decides that nobody can follow.
    pub(crate) name: Option<String>,
}

/// What is known beyond the files. Rules that need what is not known say nothing.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every file of the repository.
    pub tree: Option<Tree>,
    pub config: Config,
    /// What files of other linters say; `config` wins.
    pub adopted: Adopted,
    /// The names in the store of secrets and variables.
    pub store: Option<Store>,
    /// Rules about what has to be green before something may go in.
    pub protection: Vec<Protection>,
    /// `owner/name`, as on GitHub.
    pub repository: Option<String>,
    pub default_branch: Option<String>,
    /// The day of the check as `[year, month, day]`, for what ends at a date.
    pub today: Option<[u16; 3]>,
}

/// Paths from the project's top, with `/`, files only.
#[derive(Debug, Default, Clone)]
pub struct Tree {
    files: BTreeSet<Arc<str>>,
}

/// Names of secrets and variables; never values.
#[derive(Debug, Default, Clone)]
pub struct Store {
    pub secrets: BTreeSet<String>,
    pub vars: BTreeSet<String>,
    pub environments: BTreeMap<String, EnvironmentNames>,
    /// There are no other secrets, even if there is none.
    pub all_secrets: bool,
    /// The same for variables.
    pub all_vars: bool,
    /// Where the names come from, as a sentence; empty for those of `trunkline.toml`.
    pub place: String,
}

/// What an environment adds.
#[derive(Debug, Default, Clone)]
pub struct EnvironmentNames {
    pub secrets: BTreeSet<String>,
    pub vars: BTreeSet<String>,
}

/// A rule on branches.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Protection {
    /// A branch's name, or a pattern of them.
    pub branch: String,
    /// Names of the checks that have to succeed.
    pub required_checks: Vec<String>,
    /// Whether merges go through a queue.
    pub merge_queue: bool,
}

impl Facts {
    /// What the configuration says to a rule beyond on and off.
    pub(crate) fn options(&self, rule: &str) -> Option<&toml::Table> {
        self.config.options(rule).or_else(|| self.adopted.options(rule))
    }
}

impl Tree {
    pub fn new(files: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Tree {
        Tree { files: files.into_iter().map(Into::into).collect() }
    }

    pub fn has_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// Whether there is a file below `path`. The top is the empty path.
    pub fn has_directory(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let below = format!("{}/", path.trim_end_matches('/'));
        self.files
            .range::<str, _>((std::ops::Bound::Included(below.as_str()), std::ops::Bound::Unbounded))
            .next()
            .is_some_and(|file| file.starts_with(&below))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|path| &**path)
    }
}

impl Project {
    pub fn new(facts: Facts) -> Project {
        Project { facts, ..Project::default() }
    }

    /// Takes a file in. One of the same path replaces the one before.
    pub fn add(&mut self, document: Document) {
        self.documents.iter_mut().for_each(Document::forget);
        self.check_names = OnceLock::new();
        let index = match self.by_path.get(&document.path) {
            Some(index) => *index,
            None => self.documents.len(),
        };
        self.by_path.insert(Arc::clone(&document.path), index);
        self.by_file.insert(document.file, index);
        if index == self.documents.len() {
            self.documents.push(document);
        } else {
            self.documents[index] = document;
        }
    }

    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub fn document(&self, file: FileId) -> Option<&Document> {
        self.documents.get(*self.by_file.get(&file)?)
    }

    pub fn at_path(&self, path: &str) -> Option<&Document> {
        self.documents.get(*self.by_path.get(path)?)
    }

    /// Every workflow that could be read, linted or not.
    pub fn workflows(&self) -> impl Iterator<Item = (&Document, &Workflow)> {
        self.documents.iter().filter_map(|document| Some((document, document.workflow.as_ref()?)))
    }

    /// What a step's `uses:` means, if it is an action of this repository that is known.
    pub fn local_action(&self, uses: &str) -> Option<(&Document, &Action)> {
        let directory = local_directory(uses)?;
        let document = action_paths(&directory).into_iter().find_map(|path| self.at_path(&path))?;
        Some((document, document.action.as_ref()?))
    }

    /// What a job's `uses:` means, if it is a workflow of this repository that is known.
    pub fn local_workflow(&self, uses: &str) -> Option<(&Document, &Workflow)> {
        let WorkflowReference::Local { path } = WorkflowReference::parse(uses).ok()? else {
            return None;
        };
        let document = self.at_path(&path)?;
        Some((document, document.workflow.as_ref()?))
    }

    /// Paths of files that the files here refer to and that are not here: the candidates for each, of which the first
    /// that exists is meant.
    pub fn wanted(&self) -> Vec<(Vec<String>, Kind)> {
        let mut wanted = Vec::new();
        for document in &self.documents {
            if let Some(workflow) = &document.workflow {
                for job in &workflow.jobs {
                    match &job.kind {
                        JobKind::Steps(job) => self.want_actions(&job.steps, &mut wanted),
                        JobKind::Call(call) => {
                            if let Ok(WorkflowReference::Local { path }) = WorkflowReference::parse(&call.uses.value) {
                                self.want(vec![path], Kind::Workflow, &mut wanted);
                            }
                        }
                    }
                }
            }
            if let Some(Action { runs: Runs::Composite(runs), .. }) = &document.action {
                self.want_actions(&runs.steps, &mut wanted);
            }
        }
        wanted
    }

    fn want_actions(&self, steps: &[Step], wanted: &mut Vec<(Vec<String>, Kind)>) {
        for step in steps {
            match &step.kind {
                StepKind::Uses { uses, .. } => {
                    if let Some(directory) = local_directory(&uses.value) {
                        self.want(action_paths(&directory).into(), Kind::Action, wanted);
                    }
                }
                StepKind::Parallel { steps } => self.want_actions(steps, wanted),
                _ => {}
            }
        }
    }

    fn want(&self, paths: Vec<String>, kind: Kind, wanted: &mut Vec<(Vec<String>, Kind)>) {
        let here = paths.iter().any(|path| self.by_path.contains_key(path.as_str()));
        if !here && !wanted.iter().any(|(other, _)| *other == paths) {
            wanted.push((paths, kind));
        }
    }
}

/// The directory of an action of the same repository, from its top. `None` for other actions and for paths that leave
/// the repository.
pub fn local_directory(uses: &str) -> Option<String> {
    let (ActionReference::Local { path } | ActionReference::SameRepository { path }) =
        ActionReference::parse(uses).ok()?
    else {
        return None;
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn action_paths(directory: &str) -> [String; 2] {
    ["action.yml", "action.yaml"]
        .map(|name| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_a_tree() {
        let tree = Tree::new(["src/a/b.rs", "src-c/d.rs", "README.md"]);
        for (path, expected) in [
            ("", true),
            ("src", true),
            ("src/a", true),
            ("src/a/", true),
            ("src/b", false),
            ("sr", false),
            ("README.md", false),
        ] {
            assert_eq!(tree.has_directory(path), expected, "{path}");
        }
        assert!(tree.has_file("README.md") && !tree.has_file("src"));
    }

    #[test]
    fn directories_of_local_actions() {
        for (uses, expected) in [
            ("./.github/actions/x", Some(".github/actions/x")),
            ("./", Some("")),
            ("./a/../b/", Some("b")),
            ("$/tools/x", Some("tools/x")),
            ("./../b", None),
            ("actions/checkout@v4", None),
            ("docker://alpine", None),
        ] {
            assert_eq!(local_directory(uses).as_deref(), expected, "{uses}");
        }
    }
}
