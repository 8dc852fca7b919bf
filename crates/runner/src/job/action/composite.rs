//! Composite actions: a level of steps with its own `inputs` and `steps`.

use std::sync::Arc;

use expr::{Object, Value};
use indexmap::IndexMap;
use workflow::{Action, CompositeRuns};

use super::super::blame::Blame;
use super::super::frame::Frame;
use super::super::level::{Level, run_level};
use super::super::step::{Failure, Running};
use super::super::step_context::{StatusSource, StepContext};
use super::Loaded;
use crate::result::TaskResult;

/// What the action's steps see, to begin with.
pub(crate) fn frame_inside(
    frame: Frame,
    step: &str,
    loaded: &Loaded,
    inputs: IndexMap<String, String>,
    step_env: &IndexMap<String, String>,
) -> Frame {
    let declared = inputs.into_iter().map(|(name, value)| (name, Value::string(value)));
    let mut inner = Frame {
        inputs: Value::Object(Arc::new(declared.collect::<Object>())),
        steps: Object::new(),
        status: TaskResult::Success,
        composite: true,
        depth: frame.depth + 1,
        scope: format!("{}{step}/", frame.scope),
        own_root: loaded.root.clone().or_else(|| frame.own_root.clone()),
        exported_env: IndexMap::new(),
        exported_path: Vec::new(),
        blame: Blame::default(),
        ..frame
    };
    // The calling step's `env` counts inside, above whatever steps set.
    for map in [&mut inner.env, &mut inner.overrides] {
        map.extend(step_env.clone());
    }
    inner
}

pub(crate) async fn run(
    running: &Running<'_>,
    frame: Frame,
    loaded: &Loaded,
    action: &Action,
    composite: &CompositeRuns,
    inputs: IndexMap<String, String>,
) -> Result<TaskResult, Failure> {
    let mut inner = frame_inside(frame, &running.step.id, loaded, inputs, &running.step_env);
    let level = Level {
        steps: &composite.steps,
        shell: None,
        working_directory: None,
        parent: Some(running.index),
        cancel: &running.cancel,
        halt: &running.halt,
        job_status: Some(running.job_status),
        posts: running.level.posts,
    };
    run_level(running.job, &mut inner, level).await;
    running.blame().or(std::mem::take(&mut inner.blame));
    running.log.with_state(|state| {
        state.env.extend(std::mem::take(&mut inner.exported_env));
        std::mem::take(&mut inner.exported_path).into_iter().for_each(|directory| state.add_path(directory));
    });
    let context = StepContext {
        job: running.job,
        frame: &inner,
        step_env: None,
        source: StatusSource::Action,
        job_status: running.job.status(running.job_status),
    };
    // Outputs are worked out even when a step failed.
    for output in &action.outputs {
        if let Some(value) = &output.value {
            let value = value.evaluate(&context)?;
            let name = output.name.value.to_string();
            running.log.with_state(|state| state.outputs.insert(name, value.to_display_string().into_owned()));
        }
    }
    Ok(if running.cancel.is_cancelled() { TaskResult::Cancelled } else { inner.status })
}
