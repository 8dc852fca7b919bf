//! The jobs of a workflow that runs, played through with the rules of this machine and repository.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Conclusion, JobFinished, JobPlanned, LegId, WorkflowIndex};
use engine::{Effect, Holder, Input, Run};
use explain::event::{Environment, JobFacts, Limits, Runner as Taken};
use trigger::{Event, Trust};
use workflow::Program;

use crate::project::Project;
use crate::run_command::{Platforms, Runner, reason, refused, rehearsal_facts};

/// What stands around the jobs.
pub(super) struct Around<'a> {
    pub(super) project: &'a Project,
    pub(super) event: &'a Event,
    pub(super) platforms: &'a Platforms,
    pub(super) trust: Trust,
    pub(super) vars: expr::Value,
}

/// Facts of every job, and the concurrency group of the whole workflow.
pub(super) fn play(
    around: &Around<'_>,
    program: &Arc<Program>,
    inputs: expr::Value,
) -> (Vec<JobFacts>, Option<String>) {
    let workflow = &program.workflow;
    let facts = rehearsal_facts(&around.project.facts, around.event, workflow, inputs, around.vars.clone());
    let mut run = Run::new(program.clone(), facts, engine::Selection::default());
    let mut jobs: BTreeMap<LegId, JobFacts> = BTreeMap::new();
    let mut group_of_all = None;
    crate::run_command::play(&mut run, &mut |effect| watch(around, &mut jobs, &mut group_of_all, effect));
    for one in jobs.values_mut().filter(|one| one.limits.is_none()) {
        // A job that is not started has no order to look at; the file has it all the same.
        let id = one.planned.job.split('#').next().unwrap_or_default();
        let job = workflow.job(id).filter(|_| one.ended.is_none());
        one.limits = job.and_then(|job| {
            let grant = workflow::effective_permissions(workflow, job, None, &workflow::Grant::restricted());
            Limits::of(workflow, job, &grant, around.trust, &around.project.sources)
        });
    }
    (jobs.into_values().collect(), group_of_all)
}

fn watch(
    around: &Around<'_>,
    jobs: &mut BTreeMap<LegId, JobFacts>,
    group_of_all: &mut Option<String>,
    effect: Effect,
) -> Option<Input> {
    let sources = &around.project.sources;
    match effect {
        Effect::Planned(planned) => {
            let planned = JobPlanned {
                leg: planned.leg,
                workflow: WorkflowIndex(0),
                job: planned.key,
                name: planned.name,
                needs: planned.needs,
                matrix: planned.matrix.map(|value| value.to_json()),
                condition: planned.condition.map(Box::new),
            };
            let facts = JobFacts { planned, ended: None, runner: None, environment: None, group: None, limits: None };
            jobs.insert(facts.planned.leg, facts);
        }
        Effect::Enter { holder: Holder::Leg(leg), group, .. } => {
            if let Some(job) = jobs.get_mut(&leg) {
                job.group = Some(group);
            }
        }
        Effect::Enter { holder: Holder::Workflow(0), group, .. } => *group_of_all = Some(group),
        Effect::Gate { leg, environment } => {
            let name = environment.name;
            let known = around.project.config.environments.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
            let refused = known.and_then(|(_, known)| refused(&name, &known.branches, &around.event.ref_name));
            let approval = known.is_some_and(|(_, known)| known.approval);
            if let Some(job) = jobs.get_mut(&leg) {
                job.environment = Some(Environment { name, refused: refused.clone(), approval });
            }
            // Refused as in a real run, so that what depends on it is skipped for that reason.
            return refused.map(|why| Input::Gate { leg, refused: Some(why) });
        }
        Effect::Start(order) => {
            let taken = match around.platforms.runner(&order.runs_on) {
                Runner::Here(place) => Some(place.text()),
                Runner::Elsewhere(_) => None,
            };
            let elsewhere = taken.is_none();
            if let Some(job) = jobs.get_mut(&order.leg) {
                job.runner = Some(Taken { labels: order.runs_on.clone(), place: taken });
                let own = &order.workflow.jobs[order.job];
                job.limits = Limits::of(&order.workflow, own, &order.grant, around.trust, sources);
            }
            if elsewhere {
                return Some(Input::Ended { leg: order.leg, conclusion: Conclusion::Skipped, outputs: Vec::new() });
            }
        }
        Effect::Finished { leg, conclusion, reason: why, .. } => {
            if let (Some(job), Some(why)) = (jobs.get_mut(&leg), why) {
                job.ended = Some(JobFinished {
                    leg,
                    conclusion,
                    reason: Some(reason(&why, sources)),
                    outputs: BTreeMap::new(),
                    first_error: None,
                    environment_url: None,
                });
            }
        }
        _ => {}
    }
    None
}
