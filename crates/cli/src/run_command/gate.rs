//! Environments: who may deploy there, what secrets and variables they bring, and the question at the terminal.

mod question;

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal as _;

use api::{LegId, Reason};
use engine::Input;
use expr::{Object, Value};
use sandbox::{Limits, Network};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use trigger::{Pattern, Subject};

use self::question::{Question, ask_in_turn};
use super::place::{self, Platforms};
use super::start::Ready;
use super::values::read_secret;
use crate::config::Environment;
use crate::failure::Failure;
use crate::report::Reporter;

/// What came of an environment's rules.
pub(crate) struct Answer {
    workflow: usize,
    leg: LegId,
    refused: Option<String>,
}

impl Answer {
    pub(crate) fn into_input(self) -> (usize, Input) {
        (self.workflow, Input::Gate { leg: self.leg, refused: self.refused })
    }
}

/// An environment with its secrets at hand.
struct Known {
    approval: bool,
    branches: Vec<String>,
    vars: Object,
    secrets: Result<Object, String>,
}

pub(crate) struct Gates {
    pub(crate) platforms: Platforms,
    pub(crate) network: Network,
    pub(crate) limits: Limits,
    environments: HashMap<String, Known>,
    /// Lower-case names approved beforehand, or `all`.
    approved: HashSet<String>,
    ref_name: String,
    answers: UnboundedSender<Answer>,
    questions: UnboundedSender<Question>,
    withdrawn: CancellationToken,
}

impl Gates {
    pub(crate) fn new(
        ready: &Ready<'_>,
        reporter: Reporter,
        answers: UnboundedSender<Answer>,
    ) -> Result<Self, Failure> {
        let (questions, asked) = unbounded_channel();
        let withdrawn = CancellationToken::new();
        tokio::spawn(ask_in_turn(asked, reporter, answers.clone(), withdrawn.clone()));
        let config = &ready.project.config;
        let network =
            ready.args.machine.network.as_deref().or(config.run.network.as_ref().map(|one| one.get_ref().as_str()));
        Ok(Self {
            platforms: Platforms::collect(&ready.args.machine, config)?,
            network: if network == Some("none") { Network::Private } else { Network::Host },
            limits: place::limits(&ready.args.machine, config)?,
            environments: config
                .environments
                .iter()
                .map(|(name, environment)| (name.to_lowercase(), known(environment, ready)))
                .collect(),
            approved: ready.args.approve.iter().map(|name| name.to_lowercase()).collect(),
            ref_name: ready.event.ref_name.clone(),
            answers,
            questions,
            withdrawn,
        })
    }

    /// The user stopped the run: nothing is asked any more, and the terminal is free again.
    pub(crate) fn withdraw(&self) {
        self.withdrawn.cancel();
    }

    /// Every secret value of every environment, for masking from the start.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = String> {
        let environments = self.environments.values().filter_map(|known| known.secrets.as_ref().ok());
        environments
            .flat_map(|secrets| secrets.values().map(|value| value.to_display_string().into_owned()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Asks the rules. The answer comes as an [`Answer`]; a reason to wait is returned.
    pub(crate) fn ask(&self, workflow: usize, leg: LegId, name: &str) -> Option<Reason> {
        let answer = |refused| {
            // Without a receiver the run is over.
            let _ = self.answers.send(Answer { workflow, leg, refused });
        };
        let Some(environment) = self.environments.get(&name.to_lowercase()) else {
            answer(None);
            return None;
        };
        if let Some(refused) = refused(name, &environment.branches, &self.ref_name) {
            answer(Some(refused));
            return None;
        }
        if let Err(error) = &environment.secrets {
            answer(Some(error.clone()));
            return None;
        }
        let approved = self.approved.contains("all") || self.approved.contains(&name.to_lowercase());
        if !environment.approval || approved {
            answer(None);
            return None;
        }
        if !std::io::stdin().is_terminal() {
            answer(Some(format!(
                "the environment {name} asks for approval, and there is no terminal to ask at; --approve {name} gives it"
            )));
            return None;
        }
        let _ = self.questions.send(Question { workflow, leg, environment: name.to_owned() });
        let text = format!("waits for approval to deploy to {name}");
        Some(Reason { code: "approval".to_owned(), reason: text, location: None })
    }

    /// `vars` and `secrets` of a job: those of its environment win.
    pub(crate) fn values_of(&self, environment: Option<&str>, vars: &Value, secrets: &Value) -> (Value, Value) {
        let Some(known) = environment.and_then(|name| self.environments.get(&name.to_lowercase())) else {
            return (vars.clone(), secrets.clone());
        };
        let over = |base: &Value, own: &Object| {
            let mut all = base.as_object().cloned().unwrap_or_default();
            all.extend(own.iter().map(|(name, value)| (name, value.clone())));
            Value::from(all)
        };
        let none = Object::new();
        (over(vars, &known.vars), over(secrets, known.secrets.as_ref().unwrap_or(&none)))
    }
}

fn known(environment: &Environment, ready: &Ready<'_>) -> Known {
    let mut secrets = Object::new();
    let mut failed = None;
    let trusted = trigger::trust(&ready.event).secrets;
    for (name, source) in environment.secrets.iter().filter(|_| trusted) {
        match read_secret(name, source, &ready.project.top) {
            Ok(value) => {
                secrets.insert(name.as_str(), Value::string(value));
            }
            Err(error) => failed = failed.or(Some(error.to_string())),
        }
    }
    Known {
        approval: environment.approval,
        branches: environment.branches.clone(),
        vars: environment.vars.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect(),
        secrets: failed.map_or(Ok(secrets), Err),
    }
}

/// Why a ref may not deploy to an environment; none when it may.
pub(crate) fn refused(environment: &str, branches: &[String], ref_name: &str) -> Option<String> {
    (!allowed(branches, ref_name)).then(|| {
        let branches = branches.join(", ");
        format!("`{ref_name}` may not deploy to the environment {environment}: its branches are {branches}")
    })
}

/// Patterns of the ref dialect; none allow every branch.
fn allowed(patterns: &[String], branch: &str) -> bool {
    patterns.is_empty()
        || patterns
            .iter()
            .any(|pattern| Pattern::parse(pattern, Subject::Ref).is_ok_and(|pattern| pattern.matches(branch)))
}
