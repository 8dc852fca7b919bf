//! What the steps of one level see: the job's own steps, or those of one composite action.

use std::sync::Arc;

use expr::{Object, Value};
use indexmap::IndexMap;

use super::blame::Blame;
use crate::result::TaskResult;

/// The state that steps read and that each finished step adds to.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The `env` context: workflow, job, and what steps put into `GITHUB_ENV`.
    pub(crate) env: IndexMap<String, String>,
    /// Directories put into `GITHUB_PATH`, the last one first in `PATH`.
    pub(crate) path: Vec<String>,
    /// What steps of this level added to `env` and `path`: a composite action hands it on to its caller.
    pub(crate) exported_env: IndexMap<String, String>,
    pub(crate) exported_path: Vec<String>,
    /// `env` of the steps around a composite action: what steps inside put into `GITHUB_ENV` does not change these here.
    pub(crate) overrides: IndexMap<String, String>,
    /// The `steps` context of this level.
    pub(crate) steps: Object,
    pub(crate) inputs: Value,
    pub(crate) github: Arc<Object>,
    /// The result of this level so far.
    pub(crate) status: TaskResult,
    /// Steps of a composite action look at the action's result, see no `secrets`, and take no `defaults.run`.
    pub(crate) composite: bool,
    /// How deep composite actions are nested.
    pub(crate) depth: usize,
    /// Ids of the composite steps around this level, each with `/`.
    pub(crate) scope: String,
    /// The repository that `$/` means here; the run's own when there is none.
    pub(crate) own_root: Option<std::path::PathBuf>,
    /// The first failure that counts at this level.
    pub(crate) blame: Blame,
}

impl Frame {
    /// Makes a finished step visible to those after it, unless it got its id from us: `steps` only knows ids of the file.
    pub(crate) fn record_step(
        &mut self,
        id: &str,
        outputs: &IndexMap<String, String>,
        outcome: TaskResult,
        conclusion: TaskResult,
    ) {
        if id.starts_with("__") {
            return;
        }
        let outputs: Object =
            outputs.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect();
        let mut entry = Object::new();
        entry.insert("outputs", Value::Object(Arc::new(outputs)));
        entry.insert("outcome", Value::string(outcome.as_str()));
        entry.insert("conclusion", Value::string(conclusion.as_str()));
        self.steps.insert(id, Value::Object(Arc::new(entry)));
    }

    /// Takes over what a step left in its command files.
    pub(crate) fn absorb(&mut self, env: &IndexMap<String, String>, path: &[String]) {
        for (name, value) in env {
            if !self.overrides.contains_key(name) {
                self.env.insert(name.clone(), value.clone());
            }
            self.exported_env.insert(name.clone(), value.clone());
        }
        for directory in path {
            for list in [&mut self.path, &mut self.exported_path] {
                list.retain(|known| known != directory);
                list.push(directory.clone());
            }
        }
    }

    /// Replaces entries of `github` for this level.
    pub(crate) fn set_github(&mut self, entries: impl IntoIterator<Item = (&'static str, Value)>) {
        let github = Arc::make_mut(&mut self.github);
        for (name, value) in entries {
            github.insert(name, value);
        }
    }
}
