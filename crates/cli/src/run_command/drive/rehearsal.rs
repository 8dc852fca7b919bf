//! Plays a run through without executing anything: every job is taken to succeed, without outputs.

use std::collections::HashMap;

use api::{Conclusion, Event, JobFinished, JobPlanned, LegId, WorkflowIndex};
use engine::{Effect, Input, Run};

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::project::Project;
use crate::run_command::plan::{self, Plan};
use crate::run_command::{preflight, values};

/// The jobs as they would be planned, in that order. Jobs that depend on another's outputs may end up different.
pub(crate) fn rehearse(
    project: &Project,
    event: &trigger::Event,
    plan: &Plan,
    args: &RunArgs,
) -> Result<Vec<Event>, Failure> {
    let inputs = preflight::dispatch_inputs(plan, event)?;
    let vars = expr::Value::from(values::variables(&args.values, &project.config)?);
    let mut events = Vec::new();
    let mut next = 0;
    for (index, program) in plan.programs.iter().enumerate() {
        let facts = super::request::facts(
            &project.facts,
            event,
            &program.workflow,
            inputs.get(&*program.workflow.path).cloned().unwrap_or_default(),
            vars.clone(),
        );
        let selection = engine::Selection {
            jobs: args.job.clone(),
            matrix: crate::run_command::matrix_filters(&args.matrix)?,
            known: HashMap::new(),
            first_leg: Some(LegId(next)),
        };
        let mut run = Run::new(program.clone(), facts, selection);
        play(&mut run, &mut |effect| {
            match effect {
                Effect::Planned(job) => events.push(Event::JobPlanned(JobPlanned {
                    leg: job.leg,
                    workflow: WorkflowIndex(u32::try_from(index).unwrap_or(u32::MAX)),
                    job: job.key,
                    name: job.name,
                    needs: job.needs,
                    matrix: job.matrix.map(|value| value.to_json()),
                    condition: job.condition.map(Box::new),
                })),
                Effect::Finished { leg, conclusion, reason: Some(why), .. } => {
                    events.push(Event::JobFinished(JobFinished {
                        leg,
                        conclusion,
                        reason: Some(plan::reason(&why, &project.sources)),
                        outputs: std::collections::BTreeMap::new(),
                        first_error: None,
                        environment_url: None,
                    }));
                }
                _ => {}
            }
            None
        });
        next = run.next_leg().0;
    }
    Ok(events)
}

/// Plays a run to its end: `watch` sees every effect and may answer it; what it leaves open goes well.
pub(crate) fn play(run: &mut Run, watch: &mut dyn FnMut(Effect) -> Option<Input>) {
    let mut inputs = vec![Input::Start];
    while let Some(input) = inputs.pop() {
        for effect in run.apply(input) {
            let answer = match &effect {
                Effect::Enter { holder, .. } => Some(Input::Entered(*holder)),
                Effect::Gate { leg, .. } => Some(Input::Gate { leg: *leg, refused: None }),
                Effect::Start(order) => {
                    Some(Input::Ended { leg: order.leg, conclusion: Conclusion::Success, outputs: Vec::new() })
                }
                _ => None,
            };
            inputs.extend(watch(effect).or(answer));
        }
    }
}
