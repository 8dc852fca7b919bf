//! `uses:` steps: find the action, give it its inputs, run it as what it is.

mod composite;
mod docker;
mod javascript;
mod load;
mod native;

use std::sync::{Arc, Mutex};

use actions::ActionKind;
use expr::Value;
use indexmap::IndexMap;
use workflow::{Action, Runs, Spanned, Template};

use super::frame::Frame;
use super::step::{Failure, Running};
use super::step_context::StepContext;
use crate::result::{Annotation, AnnotationLevel, TaskResult};

pub(crate) use composite::frame_inside;
pub(crate) use docker::run_docker_post;
pub(crate) use javascript::run_node_post;
pub(crate) use load::{Loaded, Loader};
pub(crate) use native::run_native_post;

/// Runs the `pre` script of a JavaScript action, or the first entrypoint of a Docker action.
pub(crate) async fn run_pre(
    running: &Running<'_>,
    uses: &Spanned<Arc<str>>,
    with: Option<&Template>,
    holds: impl Fn(Option<&workflow::Condition>) -> Result<bool, Failure>,
) -> Result<TaskResult, Failure> {
    let loaded =
        running.job.loader.load_until(running.job, uses, running.frame.own_root.as_deref(), &running.cancel).await?;
    let Some(action) = &loaded.action else {
        return Ok(TaskResult::Skipped);
    };
    let frame = action_frame(running.frame, &loaded);
    let inputs = || all_inputs(&running.context(), &frame, action, with);
    match &action.runs {
        Runs::Node(node) => javascript::run_pre(running, &frame, &loaded, node, inputs()?, holds).await,
        Runs::Docker(docker) => docker::run_pre(running, &frame, &loaded, docker, inputs()?, holds).await,
        Runs::Composite(_) => Ok(TaskResult::Skipped),
    }
}

/// A local action appears with the checkout, after the time for `pre` scripts; GitHub does not run its `pre` either. One
/// of `$/` is there from the start.
pub(crate) fn without_pre(uses: &Spanned<Arc<str>>) -> bool {
    ["./", "docker://"].iter().any(|local| uses.value.starts_with(local))
}

/// Composite actions may be nested so deep (the runner's `CompositeActionsMaxDepth`).
pub(crate) const MAX_DEPTH: usize = 9;

pub(crate) async fn run_action(
    running: &Running<'_>,
    uses: &Spanned<Arc<str>>,
    with: Option<&Template>,
) -> Result<TaskResult, Failure> {
    let loaded =
        running.job.loader.load_until(running.job, uses, running.frame.own_root.as_deref(), &running.cancel).await?;
    running.note_action(&uses.value, &loaded);
    let given = inputs_given(&running.context(), with)?;
    print_header(running, uses, &given);
    match &loaded.resolved.kind {
        ActionKind::Native(name) => native::run(running, name, &loaded, given).await,
        ActionKind::Image(_) | ActionKind::Dockerfile(_) => docker::run_bare(running, &loaded, given).await,
        ActionKind::Metadata(_) => {
            let Some(action) = &loaded.action else {
                return Err(Failure::new("action", format!("`{}` has no metadata", uses.value), Some(uses.span)));
            };
            warn_about_inputs(running, action, &given);
            let frame = action_frame(running.frame, &loaded);
            match &action.runs {
                Runs::Node(node) => {
                    if node.pre.is_some() && without_pre(uses) {
                        let text = format!("`pre` execution is not supported for local action from '{}'", uses.value);
                        warn(running, text);
                    }
                    let inputs = with_defaults(&running.context(), &frame, action, given)?;
                    javascript::run(running, &frame, &loaded, node, inputs).await
                }
                Runs::Composite(composite) => {
                    if running.frame.depth >= MAX_DEPTH {
                        let text = format!("composite actions are nested deeper than {MAX_DEPTH}");
                        return Err(Failure::new("action", text, Some(uses.span)));
                    }
                    let inputs = with_defaults(&running.context(), &frame, action, given)?;
                    composite::run(running, frame, &loaded, action, composite, inputs).await
                }
                Runs::Docker(docker) => {
                    if docker.pre_entrypoint.is_some() && without_pre(uses) {
                        let text = format!("`pre` execution is not supported for local action from '{}'", uses.value);
                        warn(running, text);
                    }
                    let inputs = with_defaults(&running.context(), &frame, action, given)?;
                    docker::run(running, &frame, &loaded, docker, inputs).await
                }
            }
        }
    }
}

/// `with`, evaluated. Names are looked up without regard to case.
fn inputs_given(context: &StepContext<'_>, with: Option<&Template>) -> Result<IndexMap<String, String>, Failure> {
    let Some(with) = with else {
        return Ok(IndexMap::new());
    };
    let value = with.evaluate(context)?;
    let Value::Object(object) = &value else {
        let text = format!("`with` must be a mapping of inputs, not {}", value.kind());
        return Err(Failure::new("with", text, Some(with.span)));
    };
    Ok(object.iter().map(|(name, value)| (name.to_lowercase(), value.to_display_string().into_owned())).collect())
}

/// Adds the defaults that the action declares, evaluated in the action's own contexts.
fn with_defaults(
    context: &StepContext<'_>,
    frame: &Frame,
    action: &Action,
    given: IndexMap<String, String>,
) -> Result<IndexMap<String, String>, Failure> {
    let context = StepContext { frame, ..*context };
    let mut inputs = given;
    for input in &action.inputs {
        let name = input.name.value.to_lowercase();
        if inputs.contains_key(&name) {
            continue;
        }
        let default = input.default.as_ref().map(|default| default.evaluate(&context)).transpose()?;
        inputs.insert(name, default.map_or_else(String::new, |value| value.to_display_string().into_owned()));
    }
    Ok(inputs)
}

/// What `with` and the defaults say at this moment: pre, main and post each ask anew.
pub(crate) fn all_inputs(
    context: &StepContext<'_>,
    frame: &Frame,
    action: &Action,
    with: Option<&Template>,
) -> Result<IndexMap<String, String>, Failure> {
    with_defaults(context, frame, action, inputs_given(context, with)?)
}

fn warn_about_inputs(running: &Running<'_>, action: &Action, given: &IndexMap<String, String>) {
    let declared = |name: &str| action.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(name));
    for name in given.keys() {
        if let Some(message) = declared(name).and_then(|input| input.deprecation_message.as_ref()) {
            warn(running, format!("Input '{name}' has been deprecated with message: {message}"));
        }
    }
    let unexpected: Vec<&str> = given.keys().map(String::as_str).filter(|name| declared(name).is_none()).collect();
    if !unexpected.is_empty() {
        let valid: Vec<&str> = action.inputs.iter().map(|input| input.name.value.as_ref()).collect();
        let (unexpected, valid) = (unexpected.join("', '"), valid.join("', '"));
        warn(running, format!("Unexpected input(s) '{unexpected}', valid inputs are ['{valid}']"));
    }
    for input in action.inputs.iter().filter(|input| input.required && input.default.is_none()) {
        if !given.contains_key(&input.name.value.to_lowercase()) {
            warn(running, format!("Input required and not supplied: {}", input.name.value));
        }
    }
}

fn warn(running: &Running<'_>, text: String) {
    running.log.annotate(Annotation::new(AnnotationLevel::Warning, text));
}

/// The level's frame with `github.action_*` of this action.
pub(crate) fn action_frame(frame: &Frame, loaded: &Loaded) -> Frame {
    let mut frame = frame.clone();
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::string);
    frame.set_github([
        ("action_path", Value::string(loaded.inside.to_string_lossy().into_owned())),
        ("action_repository", text(loaded.resolved.repository.as_deref().or(Some("")))),
        ("action_ref", text(Some(&loaded.resolved.reference))),
    ]);
    frame
}

/// `INPUT_*` variables of an action's process.
pub(crate) fn input_variables(inputs: &IndexMap<String, String>) -> impl Iterator<Item = (String, String)> {
    // Letter by letter, as .NET does: `ß` stays what it is.
    let upper = |letter: char| {
        let mut capital = letter.to_uppercase();
        if capital.len() == 1 { capital.next().unwrap_or(letter) } else { letter }
    };
    inputs.iter().map(move |(name, value)| {
        let name: String = name.replace(' ', "_").chars().map(upper).collect();
        (format!("INPUT_{name}"), value.clone())
    })
}

/// What pre, main and post of one use of an action tell each other.
pub(crate) type SharedState = Arc<Mutex<IndexMap<String, String>>>;

fn print_header(running: &Running<'_>, uses: &Spanned<Arc<str>>, given: &IndexMap<String, String>) {
    let mut text = format!("##[group]Run {}\n", uses.value);
    if !given.is_empty() {
        text.push_str("with:\n");
    }
    for (name, value) in given {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    text.push_str("##[endgroup]");
    running.log.say(&text);
}
