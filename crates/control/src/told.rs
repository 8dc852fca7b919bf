//! What a run was told at its start, kept with it in an envelope: whoever replays the run's inputs gets the same run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::Conclusion;
use engine::{Facts, KnownLeg, Mask, Selection};
use expr::{Object, Value};
use identity::Aad;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use workflow::Grant;

use crate::{Control, Error, Result};

/// Stands for the token of a job wherever an expression puts it; the job gets its own when a runner takes it.
pub(crate) const JOB_TOKEN: &str = "\u{e000}the token of the job\u{e000}";

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) github: Json,
    /// `inputs` of `workflow_dispatch`.
    pub(crate) inputs: Json,
    pub(crate) vars: Json,
    /// Without the job's token.
    pub(crate) secrets: BTreeMap<String, String>,
    /// The run's workflow file, then those it calls, by the names that they are called with.
    pub(crate) sources: Vec<Source>,
    /// The tree of the run's commit.
    pub(crate) tree: String,
    /// `trunkline.lock` of the repository.
    pub(crate) lock: Option<String>,
    /// The token reads only, whatever `permissions` says.
    pub(crate) read_only: bool,
    /// Where no `permissions` says anything the token may write, by the repository's settings.
    pub(crate) writes_by_default: bool,
    pub(crate) default_branch: String,
    /// Jobs whose result stands from the attempt before.
    pub(crate) known: Vec<Known>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) key: String,
    pub(crate) conclusion: Conclusion,
    pub(crate) outputs: Vec<(String, String)>,
}

impl Told {
    pub(crate) fn facts(&self) -> Facts {
        let mut secrets: Object =
            self.secrets.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect();
        secrets.insert("GITHUB_TOKEN", Value::string(JOB_TOKEN));
        let mut github = Value::from_json(&self.github);
        if let Value::Object(object) = &github {
            let mut object: Object = object.iter().map(|(key, value)| (key, value.clone())).collect();
            object.insert("token", Value::string(JOB_TOKEN));
            github = Value::from(object);
        }
        Facts {
            github,
            inputs: Value::from_json(&self.inputs),
            vars: Value::from_json(&self.vars),
            secrets: Value::from(secrets),
            mask: self.mask(),
            default_grant: self.writes_by_default.then(Grant::permissive),
        }
    }

    /// `secrets` of the run's own workflow.
    pub(crate) fn secrets_json(&self) -> Json {
        let own = self.secrets.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str())));
        own.chain([("GITHUB_TOKEN".to_owned(), Json::from(JOB_TOKEN))]).collect::<serde_json::Map<_, _>>().into()
    }

    /// Hides the run's secrets in what a reason quotes.
    pub(crate) fn mask(&self) -> Mask {
        let mut values: Vec<String> =
            self.secrets.values().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect();
        values.push(JOB_TOKEN.to_owned());
        // The longest first: one may be part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let values = Arc::new(values);
        Mask::new(move |text| values.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***")))
    }

    pub(crate) fn selection(&self) -> Selection {
        let known: HashMap<String, KnownLeg> = self
            .known
            .iter()
            .map(|one| (one.key.clone(), KnownLeg { conclusion: one.conclusion, outputs: one.outputs.clone() }))
            .collect();
        Selection { known, ..Selection::default() }
    }

    pub(crate) fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }
}

fn aad(run_id: i64, attempt: i64) -> Aad {
    Aad::new(&["run", &run_id.to_string(), &attempt.to_string()])
}

impl Control {
    pub(crate) fn seal_told(&self, run_id: i64, attempt: i64, told: &Told) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(told).map_err(|error| Error::broken("what a run is told", error))?;
        Ok(self.identity().seal(&text, &aad(run_id, attempt))?)
    }

    pub(crate) fn open_told(&self, run_id: i64, attempt: i64, sealed: &[u8]) -> Result<Told> {
        let text = self.identity().open(sealed, &aad(run_id, attempt))?;
        serde_json::from_slice(&text).map_err(|error| Error::broken("what a run was told", error))
    }
}
