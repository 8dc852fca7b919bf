//! A secret: where it is defined, which jobs see it, under which events. Its value is never part of this.

mod render;

pub use render::lines;

use std::sync::Arc;

use serde::Serialize;
use span::SourceMap;
use workflow::{CallSecrets, Job, JobKind, Program, Template, Workflow};

use crate::Place;
use crate::reads::{Read, reads_of_job, reads_of_step, reads_of_workflow};

#[derive(Clone, Debug, Serialize)]
pub struct SecretExplanation {
    pub name: String,
    pub sources: Vec<Source>,
    pub readers: Vec<Reader>,
    /// The server that was asked; none for what this machine has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Names that are alike, for one that is nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<String>,
    /// Workflow files that could not be read: whether they read the secret is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// A place that gives the secret its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// `trunkline.toml`, `command line`, `environment of this process`, `server`.
    pub kind: &'static str,
    /// The environment that it is for; none for all jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Where the value comes from: the name of a variable, a path, a command.
    pub how: String,
    pub state: SourceState,
    /// A source before it wins.
    pub overridden: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// There is something to read.
    There,
    Missing,
    /// Only running it would tell.
    NotAsked,
}

/// A job that reads the secret.
#[derive(Clone, Debug, Serialize)]
pub struct Reader {
    pub workflow: String,
    pub job: String,
    /// The environment that the job names, when it is a plain name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Steps that read it, and where; `(job)` for the job's own keys.
    pub places: Vec<ReadAt>,
    /// The calls that lead to it: `deploy → ./.github/workflows/deploy.yml as TOKEN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    pub gets: Gets,
    pub reason: String,
    /// Events of the workflow with which it is empty, whatever is defined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub empty_for: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadAt {
    pub what: String,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gets {
    Value,
    Nothing,
}

/// Explains a secret by the workflows with all that they call.
#[must_use]
pub fn explain(
    name: &str,
    sources: Vec<Source>,
    programs: &[Arc<Program>],
    files: &SourceMap,
    all: &[String],
) -> SecretExplanation {
    let mut readers = Vec::new();
    for program in programs {
        let mut walk = Walk { sources: &sources, files, events: events(&program.workflow), readers: &mut readers };
        walk.program(program, Some(name), &[], None);
    }
    let alike = if sources.is_empty() {
        span::did_you_mean(name, all.iter().map(String::as_str)).map(str::to_owned).into_iter().collect()
    } else {
        Vec::new()
    };
    SecretExplanation { name: name.to_owned(), sources, readers, alike, server: None, unread: Vec::new() }
}

/// Events that do not bring secrets at times.
fn events(workflow: &Workflow) -> Vec<String> {
    let names = workflow.on.events.iter().map(|event| event.name.value.as_ref());
    names.filter_map(|name| Some(format!("{name} {}", trigger::without_secrets(name)?))).collect()
}

struct Walk<'a> {
    sources: &'a [Source],
    files: &'a SourceMap,
    events: Vec<String>,
    readers: &'a mut Vec<Reader>,
}

/// Calls nest at most so deep.
const DEPTH: usize = 10;

impl Walk<'_> {
    /// `name` is what the secret is called in this workflow; none where it is not handed on.
    fn program(&mut self, program: &Program, name: Option<&str>, chain: &[String], lost: Option<&str>) {
        let workflow = &program.workflow;
        for job in &workflow.jobs {
            let Some(name) = name else { continue };
            let places = self.places(workflow, job, name);
            if !places.is_empty() {
                self.readers.push(self.reader(workflow, job, places, chain, lost));
            }
            if let (JobKind::Call(call), Some(callee), true) = (&job.kind, program.callee(job), chain.len() < DEPTH) {
                let here = format!("{} → {}", job.id.value, call.uses.value);
                match &call.secrets {
                    CallSecrets::Inherit(_) => self.program(callee, Some(name), &[chain, &[here]].concat(), lost),
                    CallSecrets::Map(pairs) => {
                        for (inner, template) in pairs {
                            if reads(template, name) {
                                let link = format!("{here} as {}", inner.value);
                                self.program(callee, Some(inner.value.as_ref()), &[chain, &[link]].concat(), lost);
                            }
                        }
                    }
                    // Not handed on: what reads it there gets nothing, and that is worth a word.
                    CallSecrets::None => {
                        let why = format!(
                            "the call in job `{}` hands no secrets on (`secrets: inherit` would)",
                            job.id.value
                        );
                        self.program(callee, Some(name), &[chain, &[here]].concat(), Some(&why));
                    }
                }
            }
        }
    }

    fn places(&self, workflow: &Workflow, job: &Job, name: &str) -> Vec<ReadAt> {
        let of = |what: &str, reads: Vec<Read>| -> Vec<ReadAt> {
            let own =
                reads.into_iter().filter(|read| read.of("secrets").is_some_and(|one| one.eq_ignore_ascii_case(name)));
            let mut places: Vec<ReadAt> =
                own.map(|read| ReadAt { what: what.to_owned(), place: Place::of(self.files, read.span) }).collect();
            places.dedup();
            places
        };
        let mut places = of("workflow", reads_of_workflow(workflow));
        places.extend(of("job", reads_of_job(job)));
        if let JobKind::Steps(steps) = &job.kind {
            for step in &steps.steps {
                let name = step
                    .name
                    .as_ref()
                    .and_then(Template::source_text)
                    .map_or_else(|| step.id.to_string(), std::borrow::Cow::into_owned);
                places.extend(of(&format!("step `{name}`"), reads_of_step(step)));
            }
        }
        places
    }

    fn reader(
        &self,
        workflow: &Workflow,
        job: &Job,
        places: Vec<ReadAt>,
        chain: &[String],
        lost: Option<&str>,
    ) -> Reader {
        let environment = match &job.kind {
            JobKind::Steps(steps) => steps.environment.as_ref().and_then(environment_name),
            JobKind::Call(_) => None,
        };
        let usable = |source: &&Source| source.state != SourceState::Missing;
        let own = self.sources.iter().filter(usable).find(|source| {
            source
                .environment
                .as_ref()
                .is_some_and(|known| environment.as_ref().is_some_and(|named| named.eq_ignore_ascii_case(known)))
        });
        let general =
            self.sources.iter().filter(usable).find(|source| source.environment.is_none() && !source.overridden);
        let (gets, reason) = match (lost, own.or(general)) {
            (Some(why), _) => (Gets::Nothing, why.to_owned()),
            (None, Some(source)) => (Gets::Value, format!("from {}", origin(source))),
            (None, None) => {
                let elsewhere: Vec<&str> = self.sources.iter().filter_map(|one| one.environment.as_deref()).collect();
                match elsewhere.as_slice() {
                    [] => (Gets::Nothing, "it is defined nowhere".to_owned()),
                    names => (
                        Gets::Nothing,
                        format!(
                            "it is only defined for the environment {}, which this job does not name",
                            names.join(", ")
                        ),
                    ),
                }
            }
        };
        Reader {
            workflow: workflow.path.to_string(),
            job: job.id.value.to_string(),
            environment,
            places,
            chain: chain.to_vec(),
            gets,
            reason,
            empty_for: self.events.clone(),
        }
    }
}

fn origin(source: &Source) -> String {
    match &source.environment {
        Some(environment) => format!("{}, environment {environment}", source.kind),
        None => source.kind.to_owned(),
    }
}

fn reads(template: &Template, name: &str) -> bool {
    let mut found = false;
    template.each_expression(&mut |template, _| {
        found |= template.expressions().flat_map(expr::Expr::references).any(|reference| {
            matches!(reference.path.as_slice(), [context, one, ..]
                if context.eq_ignore_ascii_case("secrets") && one.eq_ignore_ascii_case(name))
        });
    });
    found
}

/// A name without expressions.
fn environment_name(template: &Template) -> Option<String> {
    let plain = template.get("name").unwrap_or(template);
    plain.literal_str().map(str::to_owned)
}
